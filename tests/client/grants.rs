//! RFC 6749 §4.3 to §4.5 and §6 as the client sees them: each request to the byte, what comes of each response, and the
//! whole of it against grantor's own server.

use grantor::client::{Authentication, Client, Registration, TokenRequest, TokenSet};
use grantor::model::{GrantType, Secret};
use grantor::record::Client as Registered;
use grantor::{HttpHost, Timestamp};
use serde_json::{Value, json};

use crate::canned::*;
use crate::common::*;

const AT: Timestamp = Timestamp(NOW);

fn body(request: TokenRequest<'_>) -> String {
    String::from_utf8(sent(&request.start(crate::canned::moment_at(AT))).into_body()).unwrap()
}

fn tokens(request: TokenRequest<'_>, response: Value) -> TokenSet {
    answered(request.start(crate::canned::moment_at(AT)), &crate::canned::json(200, response)).unwrap()
}

fn refresh_token(tokens: &TokenSet) -> Option<&str> {
    tokens.refresh_token().map(Secret::expose)
}

fn web(world: &World) -> Client {
    confidential_client_at(metadata_of(world), "web", SECRET)
}

/// Each request as it leaves a confidential client, whose credentials are in the header.
#[test]
fn each_request_is_this_one_to_the_byte() {
    let client = confidential_client();
    let extension = GrantType::parse(ASSERTION).unwrap();
    let secret = |text: &'static str| Secret::new(text);
    #[rustfmt::skip]
    let table = [
        // §4.4.2
        (client.client_credentials(), "grant_type=client_credentials"),
        (client.client_credentials().scope(scope("read write")), "grant_type=client_credentials&scope=read+write"),
        // RFC 8707 §2.2
        (client.client_credentials().resource(resource("https://a.example/?x=y")).resource(resource("urn:b")),
            "grant_type=client_credentials&resource=https%3A%2F%2Fa.example%2F%3Fx%3Dy&resource=urn%3Ab"),
        (client.client_credentials().parameter("audience", "a b"), "grant_type=client_credentials&audience=a+b"),
        // §4.3.2
        (client.password("johndoe", &secret("A3ddj3w")), "grant_type=password&username=johndoe&password=A3ddj3w"),
        (client.password("jörg&", &secret("p=ä +%")), "grant_type=password&username=j%C3%B6rg%26&password=p%3D%C3%A4+%2B%25"),
        (client.password("johndoe", &secret("A3ddj3w")).scope(scope("read")),
            "grant_type=password&username=johndoe&password=A3ddj3w&scope=read"),
        // §6
        (client.refresh(&secret("tGzv3JOkF0XG5Qx2TlKWIA")), "grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA"),
        (client.refresh(&secret("a b+c")).scope(scope("read")), "grant_type=refresh_token&refresh_token=a+b%2Bc&scope=read"),
        // §4.5
        (client.extension(&extension).parameter("assertion", "PEFzc2VydGlv"),
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Asaml2-bearer&assertion=PEFzc2VydGlv"),
    ];
    for (request, expected) in table {
        assert_eq!(body(request), expected);
    }
}

/// RFC 6749 §5.1: "OPTIONAL, if identical to the scope requested by the client; otherwise, REQUIRED."
#[test]
fn scope_is_what_the_server_said_else_what_was_asked_for() {
    let client = confidential_client();
    for (asked, said, expected) in [
        (Some("read write"), json!("read"), Some("read")),
        (Some("read write"), Value::Null, Some("read write")),
        (None, json!("read"), Some("read")),
        (None, Value::Null, None),
    ] {
        for request in [client.client_credentials(), client.password("a", &Secret::new("b"))] {
            let request = asked.map_or(request.clone(), |asked| request.scope(scope(asked)));
            let tokens = tokens(request, json!({"access_token": "2Yotn", "scope": said}));
            assert_eq!(tokens.scope().map(|scope| scope.as_str()), expected);
        }
    }
}

/// RFC 6749 §3.2: "Parameters sent without a value MUST be treated as if they were omitted from the request." So the
/// empty scope is not sent, and what the token is good for is not known to be nothing.
#[test]
fn the_empty_scope_asks_for_the_servers_default() {
    let client = confidential_client();
    let nothing = grantor::model::Scope::EMPTY;
    assert_eq!(body(client.client_credentials().scope(nothing.clone())), "grant_type=client_credentials");
    assert_eq!(tokens(client.client_credentials().scope(nothing.clone()), json!({"access_token": "a"})).scope(), None);
    assert!(
        sent(&client.authorize_device().scope(nothing.clone()).start(crate::canned::moment_at(AT))).body().is_empty()
    );
    let request = grantor::client::AuthorizationRequest::new(redirect_uri(CALLBACK)).scope(nothing);
    let moment = grantor::Moment::new(AT, &mut Counter(0));
    assert!(!client.begin(request, moment).unwrap().0.contains("scope"));
}

#[test]
fn a_lifetime_counts_from_the_request() {
    let set = tokens(confidential_client().client_credentials(), json!({"access_token": "a", "expires_in": 3600}));
    assert_eq!(set.expires_at(), Some(Timestamp(NOW + 3600)));
    let endless = tokens(confidential_client().client_credentials(), json!({"access_token": "a"}));
    assert!(endless.expires_at().is_none() && !endless.needs_refresh(Timestamp(u64::MAX)));
}

#[test]
fn r64_a_token_is_opaque() {
    for token in ["2YotnFZFEjr1zCsicMWpAA", "a.b.c", " ", "\"quoted\\\"", "=~=", &"x".repeat(100_000)] {
        let set =
            tokens(confidential_client().client_credentials(), json!({"access_token": token, "refresh_token": token}));
        assert_eq!(set.access_token().expose(), token);
        assert_eq!(refresh_token(&set), Some(token));
    }
}

// §6 Refreshing an Access Token

/// "the client MUST discard the old refresh token and replace it with the new refresh token."
#[test]
fn r65_a_rotated_refresh_token_replaces_the_old_one_and_one_that_is_not_is_kept() {
    let client = confidential_client();
    for (said, expected) in [(json!("new"), "new"), (Value::Null, "old"), (json!(""), "old"), (json!("old"), "old")] {
        let set = tokens(client.refresh(&Secret::new("old")), json!({"access_token": "a", "refresh_token": said}));
        assert_eq!(refresh_token(&set), Some(expected));
        // And so on from there.
        let again = tokens(set.refresh(&client).unwrap(), json!({"access_token": "b"}));
        assert_eq!(refresh_token(&again), Some(expected));
    }
}

/// "if omitted is treated as equal to the scope originally granted by the resource owner".
#[test]
fn a_refreshed_set_keeps_its_scope_unless_the_server_says_otherwise() {
    let client = confidential_client();
    let first =
        tokens(client.client_credentials(), json!({"access_token": "a", "refresh_token": "r", "scope": "read write"}));
    assert_eq!(body(first.refresh(&client).unwrap()), "grant_type=refresh_token&refresh_token=r");
    let same = tokens(first.refresh(&client).unwrap(), json!({"access_token": "b"}));
    assert_eq!(same.scope(), Some(&scope("read write")));
    let narrowed = tokens(first.refresh(&client).unwrap(), json!({"access_token": "b", "scope": "read"}));
    assert_eq!(narrowed.scope(), Some(&scope("read")));
    let asked = tokens(first.refresh(&client).unwrap().scope(scope("write")), json!({"access_token": "b"}));
    assert_eq!(asked.scope(), Some(&scope("write")));
}

#[test]
fn without_a_refresh_token_there_is_nothing_to_refresh_with() {
    let client = confidential_client();
    assert!(tokens(client.client_credentials(), json!({"access_token": "a"})).refresh(&client).is_none());
}

/// Within 30 seconds of its end, or the last tenth of a life that is shorter than five minutes.
#[test]
fn a_token_is_worn_a_little_before_it_ends() {
    for (lifetime, leeway) in [(3600, 30), (300, 30), (299, 29), (100, 10), (10, 1), (9, 0), (1, 0), (0, 0)] {
        let set =
            tokens(confidential_client().client_credentials(), json!({"access_token": "a", "expires_in": lifetime}));
        let worn_from = NOW + lifetime - leeway;
        assert!(set.needs_refresh(Timestamp(worn_from)), "{lifetime}");
        assert!(lifetime == 0 || !set.needs_refresh(Timestamp(worn_from - 1)), "{lifetime}");
    }
    let eternal =
        tokens(confidential_client().client_credentials(), json!({"access_token": "a", "expires_in": u64::MAX}));
    assert!(!eternal.needs_refresh(AT));
}

// Against grantor's own server.

#[test]
fn every_grant_works_with_grantors_server() {
    let world = World::new().with_everything();
    let wire = HttpHost(Wire::to(&world));
    let client = web(&world);
    let assertion = "PEFzc2VydGlvbiBJc3N1ZUluc3RhbnQ9IjIwMTEtMDU";
    let requests = [
        client.client_credentials(),
        client.password("johndoe", &Secret::new("A3ddj3w")),
        client.extension(&GrantType::parse(ASSERTION).unwrap()).parameter("assertion", assertion),
    ];
    for request in requests {
        let set = request.scope(scope("read")).start(crate::canned::moment_at(AT)).run(&wire).unwrap();
        assert!(world.is_alive(set.access_token().expose()));
        assert_eq!((set.scope(), set.expires_at()), (Some(&scope("read")), Some(Timestamp(NOW + 600))));
    }
    let wrong = client.password("johndoe", &Secret::new("wrong")).start(crate::canned::moment_at(AT)).run(&wire);
    assert_eq!(wrong.unwrap_err().code(), Some("invalid_grant"));
}

/// A server that rotates, without grace, and one that does not: the client follows either.
#[test]
fn r65_refreshing_goes_on_and_on() {
    use grantor::server::RefreshPolicy;
    for policy in [RefreshPolicy::Rotate { grace: std::time::Duration::ZERO }, RefreshPolicy::Reuse] {
        let mut world = World::new().with_everything().with(|config| config.token.refresh = policy);
        let client = web(&world);
        let first = client.password("johndoe", &Secret::new("A3ddj3w"));
        let mut set = first.start(crate::canned::moment_at(AT)).run(&HttpHost(Wire::to(&world))).unwrap();
        for _ in 0..20 {
            world.now += 600;
            let request = set.refresh(&client).unwrap();
            set = request.start(world.moment()).run(&HttpHost(Wire::to(&world))).unwrap();
            assert!(world.is_alive(set.access_token().expose()));
            assert_eq!(set.scope(), Some(&scope("read write")));
        }
    }
}

/// What is written is what is read, whatever the characters: a loop with a seed, so that a failure comes again.
#[test]
fn a_server_reads_what_the_client_writes() {
    let mut random = Counter(42);
    for _ in 0..300 {
        let (id, secret) = (vschars(&mut random, 1, 40), vschars(&mut random, 1, 80));
        let registered = Registered::confidential(id.parse().unwrap(), &secret).with(|client| {
            client.grant_types = vec![GrantType::ClientCredentials];
            client.scope = scope("read");
        });
        let world = World::new().with_client(registered);
        let wire = HttpHost(Wire::to(&world));
        let server = metadata_of(&world);
        let secret = || Secret::new(secret.clone());
        let registration = Registration::confidential(server.issuer.clone(), id.parse().unwrap(), secret());
        let post = registration.clone().authenticated_by(Authentication::Post(secret()));
        for registration in [registration, post] {
            let client = registration.at(server.clone()).unwrap();
            let reply = client.client_credentials().scope(scope("read")).start(crate::canned::moment_at(AT)).run(&wire);
            assert!(reply.is_ok(), "{registration:?}: {reply:?}");
        }
    }
}

/// As many printable ASCII characters, those that need care more often than others.
fn vschars(random: &mut Counter, least: u64, most: u64) -> String {
    use rand_core::Rng as _;
    let length = least + random.next_u64() % (most - least);
    let character = |number: u64| match number % 3 {
        0 => char::from(b" %+&=:;\"\\/?#~"[(number / 3 % 13) as usize]),
        _ => char::from((0x20 + number / 3 % 0x5F) as u8),
    };
    (0..length).map(|_| character(random.next_u64() >> 8)).collect()
}

/// A password may be of any characters: RFC 6749 appendix A.16, `*UNICODECHARNOCRLF`.
#[test]
fn a_server_reads_the_password_that_the_client_writes() {
    struct Knows<'a>(&'a str, &'a str);
    impl grantor::Policy for Knows<'_> {
        fn password(&self, question: &grantor::consult::Password) -> grantor::Answer<grantor::consult::Password> {
            let is_right = question.username == self.0 && question.password.expose() == self.1;
            Ok(if is_right { grantor::consult::Owner::Subject(subject()) } else { grantor::consult::Owner::Refused })
        }
    }
    let world = World::new().with_everything();
    let client = web(&world);
    let mut random = Counter(43);
    for _ in 0..300 {
        let (username, password) = (unicode(&mut random), unicode(&mut random));
        let host = grantor::host::Hosted { store: &world, policy: Knows(&username, &password) };
        let http = HttpHost(|fetch: &grantor::Fetch| {
            Ok::<_, grantor::Unavailable>(world.server.token(fetch.request(), world.moment()).run(&host).into_http())
        });
        let reply =
            client.password(&username, &Secret::new(password.clone())).start(crate::canned::moment_at(AT)).run(&http);
        assert!(reply.is_ok(), "{username:?} {password:?}: {reply:?}");
    }
}

fn unicode(random: &mut Counter) -> String {
    use rand_core::Rng as _;
    let allowed = |c: &char| !matches!(c, '\0'..='\u{8}' | '\u{A}'..='\u{1F}' | '\u{7F}' | '\u{FFFD}');
    let mut character = || char::from_u32((random.next_u64() >> 8) as u32 % 0x3000).filter(allowed).unwrap_or('ß');
    (0..20).map(|_| character()).collect()
}
