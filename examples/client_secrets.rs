//! Client secrets: a new one beside the old one for a while, and one that only the host can check. RFC 6749 §2.3.1.

mod common;

use common::{Demo, Error, ISSUER};
use grantor::client::Registration;
use grantor::consult::{Authenticity, ClientSecret};
use grantor::model::{GrantType, Secret};
use grantor::record::{Client, RegisteredAuthentication, SecretPresentation};
use grantor::{Answer, Policy};

/// Checks a secret that a person chose. It could be guessed, so a host keeps a slow hash of it, argon2 say, and
/// verifies that in place of this comparison.
struct Chosen;

impl Policy for Chosen {
    fn client_secret(&self, question: &ClientSecret) -> Answer<ClientSecret> {
        // Check every reading, even when the first is right: the time must not tell which one was.
        let right = question.readings().filter(|secret| secret.expose() == "correct horse").count();
        Ok(if right > 0 { Authenticity::Genuine } else { Authenticity::Refused })
    }
}

pub(crate) fn main() -> Result<(), Error> {
    let mut demo = Demo::new()?;
    demo.policy = Box::new(Chosen);

    // Generated secrets: the record keeps the digests of the current one and, until it is retired, of the one before.
    let (first, second) = (Secret::generate(&mut getrandom::SysRng)?, Secret::generate(&mut getrandom::SysRng)?);
    let mut backup = Client::confidential("backup".parse()?, first.expose());
    backup.grant_types = vec![GrantType::ClientCredentials];
    demo.register(backup.clone())?;
    assert!(is_taken(&demo, "backup", &first)?);

    println!("— a new secret: the client moves on to it when it can");
    let backup = backup.rotate_secret(second.expose());
    demo.register(backup.clone())?;
    assert!(is_taken(&demo, "backup", &first)? && is_taken(&demo, "backup", &second)?);

    println!("— the old secret is retired");
    demo.register(backup.retire_secret())?;
    assert!(!is_taken(&demo, "backup", &first)? && is_taken(&demo, "backup", &second)?);

    println!("— a secret that the host checks");
    let mut legacy = Client::public("legacy".parse()?);
    legacy.authentication = RegisteredAuthentication::Host { presented: SecretPresentation::Either };
    legacy.grant_types = vec![GrantType::ClientCredentials];
    demo.register(legacy)?;
    assert!(is_taken(&demo, "legacy", &Secret::new("correct horse"))?);
    assert!(!is_taken(&demo, "legacy", &Secret::new("battery staple"))?);
    Ok(())
}

/// Whether the server issues a token for this secret.
fn is_taken(demo: &Demo, client_id: &str, secret: &Secret<'static>) -> Result<bool, Error> {
    let registration = Registration::confidential(ISSUER.parse()?, client_id.parse()?, secret.clone());
    let client = registration.at(demo.server.config().metadata())?;
    Ok(client.client_credentials().start(demo.moment()).run(&demo.http()).is_ok())
}
