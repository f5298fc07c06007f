//! Invariant 7: no plaintext secret appears in a `Commit`, an `Event`, a `Debug` output or an error.

use std::cell::RefCell;
use std::time::Duration;

use grantor::consult::{Extension, Password};
use grantor::model::{CodeChallengeMethod, Digest, GrantId, GrantType, Scope, Secret};
use grantor::server::{
    AuthorizationRequest, AuthorizeReply, ClientAuthentication, ClientAuthenticationMethod, RefreshPolicy, TokenRequest,
};
use grantor::store::{Commit, Found, Lookup, MemoryStore, Outcome, Store};
use grantor::{Pause as _, Server, Step, Unavailable};
use http::header;

use crate::fixture::*;

/// Writes down what the store is shown.
struct Transcript<'a>(&'a MemoryStore, RefCell<String>);

impl Store for Transcript<'_> {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        let found = Store::lookup(self.0, lookup)?;
        self.1.borrow_mut().push_str(&format!("{lookup:?} {found:?}"));
        Ok(found)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        for change in commit.changes() {
            self.1.borrow_mut().push_str(&format!("{change:?}"));
            if let grantor::store::Change::Issue(credential) = change {
                self.1.borrow_mut().push_str(&serde_json::to_string(credential).unwrap());
            }
        }
        Store::commit(self.0, commit)
    }
}

#[test]
fn r93_neither_store_nor_event_nor_debug_output_is_shown_a_secret() {
    let world = World::new(RefreshPolicy::Rotate { grace: Duration::ZERO });
    let transcript = Transcript(&world.store, RefCell::default());
    let code = world.code();
    let mut shown = String::new();
    let mut secrets = vec![code.clone(), VERIFIER.to_owned(), SECRET.to_owned()];

    let reply = world.token_on(&transcript, &exchange(&code));
    let (access, refresh_token) = tokens(&reply);
    shown += &format!("{reply:?} {:?}", reply.event());
    secrets.extend([access, refresh_token.clone()]);

    let reply = world.token_on(&transcript, &refresh(&refresh_token));
    let (access, refresh_token) = tokens(&reply);
    shown += &format!("{reply:?}");
    secrets.extend([access, refresh_token]);

    for body in [
        format!("grant_type=client_credentials&client_id=confidential&client_secret={SECRET}"),
        format!("grant_type=client_credentials&client_id=confidential&client_secret={SECRET}wrong"),
        exchange(&code),
        format!("grant_type=password&username=alice&password={SECRET}&client_id=public"),
    ] {
        let reply = world.token_on(&transcript, &body);
        shown += &format!("{reply:?} {:?} {:?}", reply.event(), reply.result());
    }
    shown += &transcript.1.borrow();
    for secret in secrets {
        assert!(!shown.contains(&secret), "{secret} is in {shown}");
    }
}

#[test]
fn requests_and_questions_print_no_secret() {
    let world = World::new(RefreshPolicy::Reuse);
    let body = format!("grant_type=password&username=alice&password={SECRET}&client_id=public");
    let request = form(&body);
    let Step::Lookup(pause) = world.server.token(&request, world.moment()) else { panic!("no lookup") };
    let answer = Store::lookup(&world.store, pause.effect());
    let Step::Password(pause) = pause.resume(answer) else { panic!("no question") };
    let question: &Password = pause.effect();
    assert_eq!(question.password.expose(), SECRET);
    assert!(!format!("{question:?}").contains(SECRET));

    let body = format!("grant_type={ASSERTION}&assertion={SECRET}&client_id=public");
    let request = form(&body);
    let Step::Lookup(extension) = world.server.token(&request, world.moment()) else { panic!("no lookup") };
    let answer = Store::lookup(&world.store, extension.effect());
    let Step::Extension(extension) = extension.resume(answer) else { panic!("no question") };
    let extension: &Extension = extension.effect();
    assert!(extension.parameters.iter().any(|(_, value)| value.expose() == SECRET));
    assert!(!format!("{extension:?}").contains(SECRET));

    let method = ClientAuthenticationMethod::ClientSecretPost(Secret::new(SECRET));
    let client = ClientAuthentication::new(question.client.client_id.clone(), method);
    let typed = TokenRequest::new(client, &GrantType::RefreshToken).parameter("refresh_token", SECRET);
    assert!(!format!("{typed:?}").contains(SECRET));

    let mut asking = AuthorizationRequest::new("public");
    asking.state = Some(SECRET.into());
    asking.code_challenge = Some(VERIFIER.into());
    let shown = format!("{asking:?}");
    assert!(shown.contains("public") && !shown.contains(SECRET) && !shown.contains(VERIFIER), "{shown}");

    asking.response_type = Some("code".into());
    asking.code_challenge_method = Some("plain".into());
    let mut config = world.server.config().clone();
    config.authorization.code_challenge_methods.push(CodeChallengeMethod::Plain);
    let server = Server::new(config).unwrap();
    let AuthorizeReply::Ask(prompt) = server.authorization_request(asking, world.moment()).run(&world.store) else {
        panic!("refused")
    };
    let shown = format!("{prompt:?}");
    assert!(shown.contains("public") && !shown.contains(SECRET) && !shown.contains(VERIFIER), "{shown}");
    assert!(serde_json::to_string(&prompt).unwrap().contains(SECRET), "it is kept for the response");
}

#[test]
fn what_hides_a_secret_says_what_it_is() {
    let moment = World::new(RefreshPolicy::Reuse).moment();
    let cases = [
        (format!("{:?}", Secret::new(SECRET)), "[redacted]".to_owned()),
        (format!("{moment:?}"), format!("Moment {{ now: {:?}, entropy: \"[redacted]\" }}", moment.now())),
        (format!("{:?}", Digest::of("token")), format!("Digest({})", Digest::of("token"))),
        (format!("{:?}", GrantId::from_bytes([0; 18])), format!("GrantId({})", "A".repeat(24))),
        (format!("{:?}", Scope::parse("read write").unwrap()), "Scope(\"read write\")".to_owned()),
    ];
    for (shown, expected) in cases {
        assert_eq!(shown, expected);
    }
}

#[test]
fn a_plain_code_challenge_is_stored_as_a_digest() {
    use grantor::model::{CodeChallenge, CodeChallengeMethod};
    let challenge = CodeChallenge::parse(VERIFIER, CodeChallengeMethod::Plain).unwrap();
    assert!(!serde_json::to_string(&challenge).unwrap().contains(VERIFIER));
}

#[test]
fn a_replayed_authorization_response_prints_no_code() {
    let world = World::new(RefreshPolicy::Reuse);
    let approval = grantor::server::Approval::by(grantor::model::Subject::parse("alice").unwrap());
    let response = world.prompt("token").approve(&world.server, approval, world.moment()).run(&world.store);
    let token = parameter(response.location().unwrap(), "access_token");
    assert!(!format!("{response:?}").contains(&token));
    assert!(response.into_http().headers()[header::LOCATION].to_str().unwrap().contains(&token));
}
