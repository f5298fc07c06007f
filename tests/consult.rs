//! What the host is asked, and what becomes of its answers.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test tells its findings by panicking")]

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use grantor::consult::{
    Authenticity, ClientSecret, Extension, ExtensionGrant, ExtensionRefusal, ExtensionVerdict, Issuance, Owner,
    Password, Terms, Verdict,
};
use grantor::model::{Claims, ClientId, GrantType, Issuer, Key, RedirectUri, ResponseType, Scope, Subject};
use grantor::record::{Client, CredentialKind, RegisteredAuthentication, SecretPresentation};
use grantor::server::{Approval, AuthorizationRequest, AuthorizeReply, Config, TokenReply};
use grantor::store::{Lookup, MemoryStore, Store};
use grantor::{Answer, AsyncPolicy, Hosted, Moment, Policy, Server, Timestamp, Unavailable};
use http::{Request, StatusCode, header};

const NOW: Timestamp = Timestamp(1_000);
const ASSERTION: &str = "urn:example:assertion";

/// A host with an opinion on everything.
#[derive(Clone)]
struct Opinion {
    issuance: Answer<Issuance>,
}

impl Default for Opinion {
    fn default() -> Self {
        Self { issuance: Ok(Verdict::Issue(Terms::default())) }
    }
}

impl Policy for Opinion {
    fn client_secret(&self, question: &ClientSecret) -> Answer<ClientSecret> {
        match question.client_secret.expose() {
            "chosen by a human" => Ok(Authenticity::Genuine),
            "outage" => Err(Unavailable::new("no hasher")),
            _ => Ok(Authenticity::Refused),
        }
    }
    fn password(&self, question: &Password) -> Answer<Password> {
        let genuine = question.username == "alice" && question.password.expose() == "A3ddj3w";
        Ok(if genuine { Owner::Subject(Subject::parse("sub-1").unwrap()) } else { Owner::Refused })
    }
    fn extension(&self, question: &Extension) -> Answer<Extension> {
        assert_eq!(question.grant_type.as_str(), ASSERTION);
        assert!(
            question.parameters.iter().all(|(name, _)| name != "client_secret"),
            "the client's secret stays inside"
        );
        let assertion =
            question.parameters.iter().find(|(name, _)| name == "assertion").map(|(_, value)| value.expose());
        Ok(match assertion {
            Some("good") => ExtensionVerdict::Grant(ExtensionGrant::of(Subject::parse("sub-2").unwrap())),
            _ => ExtensionVerdict::Refuse(ExtensionRefusal::default()),
        })
    }
    fn issuance(&self, question: &Issuance) -> Answer<Issuance> {
        assert_eq!(question.access_token_lifetime, Duration::from_secs(600));
        self.issuance.clone()
    }
}

impl AsyncPolicy for Opinion {
    async fn client_secret_async(&self, question: &ClientSecret) -> Answer<ClientSecret> {
        Policy::client_secret(self, question)
    }
}

struct World {
    server: Server,
    host: Hosted<MemoryStore, Opinion>,
}

fn world(opinion: Opinion, consult_issuance: bool) -> World {
    let mut client = Client::confidential(ClientId::parse("service").unwrap(), "generated");
    let names = ["client_credentials", "password", ASSERTION, "refresh_token"];
    client.grant_types = names.map(|name| GrantType::parse(name).unwrap()).into();
    client.response_types = vec![ResponseType::Token];
    client.redirect_uris = vec![RedirectUri::parse("https://client.example/cb").unwrap()];
    client.scope = Scope::parse("read write").unwrap();
    let mut human = client.clone();
    human.client_id = ClientId::parse("human").unwrap();
    human.authentication = RegisteredAuthentication::Host { presented: SecretPresentation::Either };
    let mut config = Config::new(Issuer::parse("https://server.example").unwrap());
    config.token.grant_types.extend([GrantType::Password, GrantType::parse(ASSERTION).unwrap()]);
    config.authorization.response_types.push(ResponseType::Token);
    config.consult_issuance = consult_issuance;
    let store = MemoryStore::new().with_client(client).with_client(human);
    World { server: Server::new(config).unwrap(), host: Hosted { store, policy: opinion } }
}

fn moment() -> Moment {
    Moment::try_new(NOW, &mut getrandom::SysRng).unwrap()
}

fn form(body: &str) -> Request<String> {
    let form = Request::post("/token").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    form.body(body.to_owned()).unwrap()
}

impl World {
    fn token(&self, body: &str) -> TokenReply {
        self.server.token(&form(body), moment()).run(&self.host)
    }

    /// Where the browser is sent when alice approves an implicit request.
    fn implicit(&self) -> String {
        let mut request = AuthorizationRequest::new("service");
        request.response_type = Some("token".into());
        let AuthorizeReply::Ask(prompt) = self.server.authorization_request(request, moment()).run(&self.host) else {
            panic!("not asked")
        };
        let approval = Approval::by(Subject::parse("alice").unwrap());
        prompt.approve(&self.server, approval, moment()).run(&self.host).location().unwrap().to_owned()
    }
}

const SERVICE: &str = "grant_type=client_credentials&client_id=service&client_secret=generated";

fn narrowed(terms: Terms) -> World {
    world(Opinion { issuance: Ok(Verdict::Issue(terms)) }, true)
}

#[test]
fn the_host_narrows_scope_and_lifetime() {
    let terms = Terms {
        scope: Some(Scope::parse("write admin").unwrap()),
        access_token_lifetime: Some(Duration::from_secs(60)),
        ..Terms::default()
    };
    let reply = narrowed(terms).token(SERVICE);
    let response = reply.result().unwrap();
    assert_eq!((response.scope.as_str(), response.expires_in), ("write", 60));
}

#[test]
fn the_host_cannot_widen_scope_or_lifetime() {
    let terms = Terms {
        scope: Some(Scope::parse("read write admin").unwrap()),
        access_token_lifetime: Some(Duration::from_secs(100_000)),
        ..Terms::default()
    };
    let reply = narrowed(terms).token(&format!("{SERVICE}&scope=read"));
    let response = reply.result().unwrap();
    assert_eq!((response.scope.as_str(), response.expires_in), ("read", 600));
}

fn claims(pairs: &[(&str, &str)]) -> Claims {
    Claims::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()).unwrap()
}

#[test]
fn the_hosts_claims_are_kept_with_the_access_token() {
    let claims = claims(&[("tenant", "acme")]);
    let world = narrowed(Terms { claims: claims.clone(), ..Terms::default() });
    let reply = world.token(SERVICE);
    let key = Key::of(reply.result().unwrap().access_token.expose()).unwrap();
    let lookup = Lookup::of(key);
    let found = Store::lookup(&world.host.store, &lookup).unwrap();
    let CredentialKind::AccessToken(token) = &found.credential(key).unwrap().credential.kind else {
        panic!("no token")
    };
    assert_eq!(token.claims, claims);
}

#[test]
fn a_lifetime_of_no_whole_second_is_a_refusal() {
    for (millis, is_issued) in [(0, false), (999, false), (1000, true)] {
        let access_token_lifetime = Some(Duration::from_millis(millis));
        let reply = narrowed(Terms { access_token_lifetime, ..Terms::default() }).token(SERVICE);
        assert_eq!(reply.result().map_err(|error| error.code()).is_ok(), is_issued, "{millis}");
    }
}

#[test]
fn the_host_refuses_to_issue() {
    let world = world(Opinion { issuance: Ok(Verdict::Refuse) }, true);
    assert_eq!(world.token(SERVICE).result().unwrap_err().code(), "invalid_grant");
    assert_eq!(world.host.store.counts(), (0, 0));
}

#[test]
fn a_host_that_cannot_say_issues_nothing() {
    let world = world(Opinion { issuance: Err(Unavailable::new("policy engine down")) }, true);
    assert_eq!(world.token(SERVICE).into_http().status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.host.store.counts(), (0, 0));
}

#[test]
fn the_host_is_not_asked_unless_the_configuration_says_so() {
    let world = world(Opinion { issuance: Ok(Verdict::Refuse) }, false);
    assert!(world.token(SERVICE).result().is_ok());
    assert!(world.implicit().contains("access_token="));
}

#[test]
fn the_host_has_the_last_word_on_an_implicit_response_too() {
    let cases = [
        (Ok(Verdict::Refuse), "error=access_denied"),
        (Err(Unavailable::new("down")), "error=server_error"),
        (Ok(Verdict::Issue(Terms { scope: Some(Scope::parse("read").unwrap()), ..Terms::default() })), "scope=read&"),
    ];
    for (issuance, expected) in cases {
        let location = world(Opinion { issuance }, true).implicit();
        assert!(location.starts_with("https://client.example/cb#") && location.contains(expected), "{location}");
    }
}

#[test]
fn a_secret_that_a_person_chose_is_checked_by_the_host() {
    let world = world(Opinion::default(), false);
    let human = |secret: &str| world.token(&format!("grant_type=client_credentials&client_id=human{secret}"));
    assert!(human("&client_secret=chosen+by+a+human").result().is_ok());
    assert_eq!(human("&client_secret=guessed").result().unwrap_err().code(), "invalid_client");
    assert_eq!(human("").result().unwrap_err().code(), "invalid_client");
    assert_eq!(human("&client_secret=outage").into_http().status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[test]
fn passwords_and_assertions_are_the_hosts_to_judge() {
    let world = world(Opinion::default(), false);
    let client = "&client_id=service&client_secret=generated";
    let cases = [
        ("grant_type=password&username=alice&password=A3ddj3w".to_owned(), Ok(true)),
        ("grant_type=password&username=alice&password=wrong".to_owned(), Err("invalid_grant")),
        (format!("grant_type={ASSERTION}&assertion=good"), Ok(false)),
        (format!("grant_type={ASSERTION}&assertion=bad"), Err("invalid_grant")),
        (format!("grant_type={ASSERTION}&assertion=good&scope=admin"), Err("invalid_scope")),
    ];
    for (body, expected) in cases {
        let reply = world.token(&(body.clone() + client));
        let outcome = reply.result().map(|response| response.refresh_token.is_some()).map_err(|error| error.code());
        assert_eq!(outcome, expected, "{body}");
    }
}

#[test]
fn by_default_the_host_vouches_for_nobody_and_adds_nothing() {
    let World { server, host } = world(Opinion::default(), false);
    let client = "&client_id=service&client_secret=generated";
    for body in [
        format!("grant_type=password&username=alice&password=A3ddj3w{client}"),
        format!("grant_type={ASSERTION}&assertion=good{client}"),
        "grant_type=client_credentials&client_id=human&client_secret=chosen+by+a+human".to_owned(),
    ] {
        // The store alone, without the policy.
        assert!(server.token(&form(&body), moment()).run(&host.store).result().is_err(), "{body}");
    }
    let World { server, host } = world(Opinion::default(), true);
    let request = form(SERVICE);
    let blocking = server.token(&request, moment()).run(&host.store);
    // What has passed every check needs no host to be issued.
    for reply in [blocking, at_once(server.token(&request, moment()).run_async(&host.store))] {
        assert!(reply.result().is_ok());
    }
}

#[test]
fn a_pointer_to_a_policy_is_a_policy() {
    let World { server, host } = world(Opinion::default(), false);
    let policy: std::sync::Arc<dyn Policy + Send + Sync> = std::sync::Arc::new(host.policy);
    let host = Hosted { store: &host.store, policy };
    let request = form("grant_type=client_credentials&client_id=human&client_secret=chosen+by+a+human");
    assert!(server.token(&request, moment()).run(&host).result().is_ok());
}

/// RFC 6749 §10.10: "MUST be less than or equal to 2^(-128)".
#[test]
fn a_generated_secret_has_256_bits() {
    let [one, other] = [0, 1].map(|_| grantor::model::Secret::generate(&mut getrandom::SysRng).unwrap());
    assert_eq!((one.expose().len(), one.expose() == other.expose()), (43, false));
}

#[test]
fn an_async_host_is_asked_the_same() {
    let World { server, host } = world(Opinion::default(), false);
    let request = form("grant_type=client_credentials&client_id=human&client_secret=chosen+by+a+human");
    assert!(at_once(server.token(&request, moment()).run_async(&host)).result().is_ok());
}

/// The output of a future that waits for nothing.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("pending"),
    }
}

#[test]
fn a_scope_that_is_narrowed_to_nothing_is_refused() {
    let world = narrowed(Terms { scope: Some(Scope::parse("admin").unwrap()), ..Terms::default() });
    assert_eq!(world.token(&format!("{SERVICE}&scope=read")).result().unwrap_err().code(), "invalid_grant");
    assert_eq!(world.host.store.counts(), (0, 0));
}

#[test]
fn an_extension_grant_with_a_repeated_parameter_does_not_reach_the_host() {
    let world = world(Opinion::default(), false);
    let client = "&client_id=service&client_secret=generated";
    for (assertion, expected) in [
        ("assertion=good&assertion=bad", Err("invalid_request")),
        ("assertion=good&other=%FF", Err("invalid_request")),
        ("assertion=good&audience=a&audience=b", Ok(())),
    ] {
        let reply = world.token(&format!("grant_type={ASSERTION}&{assertion}{client}"));
        assert_eq!(reply.result().map(drop).map_err(|error| error.code()), expected, "{assertion}");
    }
}
