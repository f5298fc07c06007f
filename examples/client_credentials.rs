//! A service that acts for itself: RFC 6749 §4.4.

mod common;

use common::{Demo, Error, ISSUER};
use grantor::client::Registration;
use grantor::model::{GrantType, Secret};
use grantor::record;
use http::StatusCode;

pub(crate) fn main() -> Result<(), Error> {
    let demo = Demo::new()?;

    // At the server: the record keeps the digest of a secret that was drawn at random, and is shown once.
    let secret = Secret::generate(&mut getrandom::SysRng)?;
    let mut record = record::Client::confidential("backup".parse()?, secret.expose());
    record.grant_types = vec![GrantType::ClientCredentials];
    record.scope = "photos.read".parse()?;
    demo.register(record)?;

    // At the client: no browser, no refresh token; when the access token has ended, it asks again.
    let registration = Registration::confidential(ISSUER.parse()?, "backup".parse()?, secret);
    let client = registration.at(demo.server.config().metadata())?;
    let request = client.client_credentials().scope("photos.read".parse()?);
    let tokens = request.start(demo.moment()).run(&demo.http())?;
    assert!(tokens.refresh_token().is_none());
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);

    println!("— somebody guesses the secret");
    let registration = Registration::confidential(ISSUER.parse()?, "backup".parse()?, Secret::new("a guess"));
    let client = registration.at(demo.server.config().metadata())?;
    let Err(error) = client.client_credentials().start(demo.moment()).run(&demo.http()) else {
        return Err("it was taken".into());
    };
    assert_eq!(error.code(), Some("invalid_client"));
    Ok(())
}
