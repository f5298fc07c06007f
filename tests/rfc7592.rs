//! RFC 7592: OAuth 2.0 Dynamic Client Registration Management.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use std::sync::Mutex;

use common::registering::*;
use common::*;
use grantor::consult::{Registration, RegistrationRefusal, RegistrationVerdict};
use grantor::model::GrantType;
use grantor::record::{Client, RegisteredAuthentication};
use grantor::server::{Configured, Event, Registrants, RegistrationError};
use grantor::store::{Change, Commit, Store};
use grantor::{Hosted, Moment, Pause as _, Step, Timestamp};
use http::{Method, Request, header};
use serde_json::{Value, json};

fn client() -> (World, Managed) {
    let world = registering();
    let client = Managed::new(&world, metadata().set("grant_types", json!(["authorization_code", "refresh_token"])));
    (world, client)
}

const REDIRECT_URI: &str = "https://client.example.org/callback";

fn of_client(client: &Managed, request: Params) -> Params {
    request.set("client_id", &client.client_id).set("redirect_uri", REDIRECT_URI)
}

fn token(world: &World, client: &Managed, form: Params) -> Reply {
    let header = basic(&client.client_id, client.client_secret.as_ref().unwrap());
    world.token_by(&post_as(&header, form.without("client_id")))
}

/// The access token and the refresh token of a code flow.
fn tokens(world: &World, client: &Managed) -> (String, String) {
    let code = world.code(of_client(client, authorize()));
    token(world, client, of_client(client, exchange(&code))).tokens()
}

// §2 Client Configuration Endpoint

/// "If an authorization server does not support a particular method on the client configuration endpoint, it MUST
/// respond with the appropriate error code."
#[test]
fn the_endpoint_takes_three_methods() {
    let (world, client) = client();
    for method in [Method::POST, Method::PATCH, Method::HEAD, Method::OPTIONS] {
        let reply = configure(&world, &client.request(method, &Value::Null));
        assert_eq!((reply.status(), reply.header("allow")), (405, Some("GET, PUT, DELETE")));
    }
    let none = World::new();
    assert_eq!(configure(&none, &client.request(Method::GET, &Value::Null)).status(), 404);
}

/// "The client MUST use its registration access token in all calls to this endpoint as an OAuth 2.0 Bearer Token".
/// §2.1: "If the registration access token used to make this request is not valid, the server MUST respond with an
/// error as described in the OAuth Bearer Token Usage specification". §2.1: "If the client does not exist on this
/// server, the server MUST respond with HTTP 401 Unauthorized".
#[test]
fn only_the_clients_own_registration_access_token_opens_it() {
    let (world, client) = client();
    let other = Managed::new(&world, metadata());
    let secret = client.client_secret.clone().unwrap();
    let (access_token, _) = tokens(&world, &client);
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let request = |uri: &str, token: &str| {
            let client = Managed { uri: uri.to_owned(), token: token.to_owned(), ..client.clone() };
            client.request(method.clone(), &client.updated())
        };
        let unknown = format!("{REGISTER}/AAAAAAAAAAAAAAAAAAAAAA");
        for wrong in [
            request(&client.uri, "reg-23410913-abewfq.123483"),
            request(&client.uri, &other.token),
            request(&other.uri, &client.token),
            request(&client.uri, &secret),
            request(&client.uri, &access_token),
            request(&unknown, &client.token),
            request(&format!("{REGISTER}/"), &client.token),
            request(&format!("{REGISTER}/%FF"), &client.token),
            request(&format!("{REGISTER}/app"), &client.token),
            // The digest is not the token.
            request(&client.uri, &grantor::model::Digest::of(&client.token).to_string()),
        ] {
            let reply = configure(&world, &wrong);
            let challenge = reply.header("www-authenticate");
            assert_eq!((reply.status(), reply.error().as_str()), (401, "invalid_token"), "{wrong:?}");
            assert_eq!(challenge, Some("Bearer realm=\"registration\", error=\"invalid_token\""));
        }
        let mut without = request(&client.uri, "x");
        without.headers_mut().remove(header::AUTHORIZATION);
        let reply = configure(&world, &without);
        assert_eq!((reply.status(), reply.header("www-authenticate")), (401, Some("Bearer realm=\"registration\"")));
        let mut malformed = request(&client.uri, "x");
        malformed.headers_mut().insert(header::AUTHORIZATION, "Bearer a b".parse().unwrap());
        assert_eq!(configure(&world, &malformed).error(), "invalid_request");
    }
    assert_eq!(client.read(&world).status(), 200);
}

/// A client of the operator has no registration access token.
#[test]
fn a_client_of_the_operator_is_not_managed_here() {
    let (world, client) = client();
    for token in [&client.token, "", "A"] {
        let uri = format!("{REGISTER}/web");
        let request = Managed { uri, token: token.to_owned(), ..client.clone() }.request(Method::DELETE, &Value::Null);
        assert!(matches!(configure(&world, &request).status(), 400 | 401));
    }
    assert!(!record(&world, "web").disabled);
}

// §2.1 Client Read Request

/// "The value of the "client_id" MUST NOT change from the initial registration response."
#[test]
fn a_registration_is_read_as_it_was_made() {
    let (world, client) = client();
    let reply = client.read(&world);
    assert_eq!((reply.status(), reply.header("content-type")), (200, Some("application/json")));
    let expected = client.information.clone().without("client_secret");
    assert_eq!(Managed::of(&reply).information, expected);
}

/// "If the client does not have permission to read its record, the server MUST return an HTTP 403 Forbidden."
/// §2.2: "If the client is not allowed to update its records, the server MUST respond with HTTP 403 Forbidden." §2.3:
/// "If the client is not allowed to delete itself, the server MUST respond with HTTP 403 Forbidden."
#[test]
fn a_client_that_the_operator_switched_off_may_do_nothing() {
    let (world, client) = client();
    let put = |client: Client| {
        let outcome = Store::commit(&world.store, &Commit::of(Change::PutClient(client.into())));
        assert_eq!(outcome, Ok(grantor::store::Outcome::Applied));
    };
    put(client.record(&world).disable());
    for reply in [client.read(&world), client.update(&world, &client.updated()), client.delete(&world)] {
        assert_eq!((reply.status(), reply.error().as_str()), (403, "access_denied"));
    }
    put(client.record(&world).enable());
    assert_eq!(client.read(&world).status(), 200);
}

// §2.2 Client Update Request

/// "Valid values of client metadata fields in this request MUST replace, not augment, the values previously associated
/// with this client. Omitted fields MUST be treated as null or empty values by the server".
#[test]
fn an_update_replaces_everything() {
    let (world, client) = client();
    let before = client.record(&world);
    let metadata = client
        .updated()
        .without("logo_uri")
        .without("client_name#ja-Jpan-JP")
        .without("scope")
        .set("grant_types", Value::Null)
        .set("redirect_uris", json!(["https://client.example.org/alt"]))
        .set("client_name", json!("My New Example"))
        .set("client_name#fr", json!("Mon Nouvel Exemple"));
    let reply = client.update(&world, &metadata);
    assert_eq!((reply.status(), reply.header("content-type")), (200, Some("application/json")));
    let updated = Managed::of(&reply);
    let expected = client
        .information
        .clone()
        .without("client_secret")
        .without("logo_uri")
        .without("client_name#ja-Jpan-JP")
        .set("grant_types", json!(["authorization_code"]))
        .set("redirect_uris", json!(["https://client.example.org/alt"]))
        .set("client_name", json!("My New Example"))
        .set("client_name#fr", json!("Mon Nouvel Exemple"));
    assert_eq!(updated.information, expected);
    assert_eq!(updated.read(&world).body(), reply.body());
    let after = client.record(&world);
    assert_eq!((after.revision, &after.authentication), (1, &before.authentication));
    // The redirect URI of before is no longer one.
    assert!(world.answer(of_client(&client, authorize())).is_page());
    let alt = authorize().set("client_id", &client.client_id).set("redirect_uri", "https://client.example.org/alt");
    world.ask(alt);
}

/// What the operator has set stays.
#[test]
fn an_update_leaves_the_servers_own_policy() {
    let (world, client) = client();
    let mut record = client.record(&world);
    (record.require_pkce, record.grant_lifetime, record.revision) = (false, Some(60), 1);
    record.audience = only(&["https://photos.example"]);
    let _ = Store::commit(&world.store, &Commit::of(Change::PutClient(record.clone().into()))).unwrap();
    let wanted = client.updated().set("require_pkce", json!(true)).set("resource", json!(["https://mail.example"]));
    assert_eq!(client.update(&world, &wanted.set("grant_lifetime", json!(1))).status(), 200);
    let after = client.record(&world);
    assert_eq!((after.require_pkce, after.grant_lifetime, after.audience), (false, Some(60), record.audience));
}

/// "The updated client metadata fields request MUST NOT include the "registration_access_token",
/// "registration_client_uri", "client_secret_expires_at", or "client_id_issued_at" fields described in Section 3." "The
/// client MUST include its "client_id" field in the request, and it MUST be the same as its currently issued client
/// identifier." "If the client includes the "client_secret" field in the request, the value of this field MUST match
/// the currently issued client secret for that client."
#[test]
fn an_update_names_its_client_and_nothing_that_is_the_servers() {
    let (world, client) = client();
    let other = Managed::new(&world, metadata());
    let sound = client.updated();
    let cases = [
        sound.clone().set("registration_access_token", json!(client.token)),
        sound.clone().set("registration_client_uri", json!(client.uri)),
        sound.clone().set("client_secret_expires_at", json!(0)),
        sound.clone().set("client_id_issued_at", json!(NOW)),
        sound.clone().without("client_id"),
        sound.clone().set("client_id", json!(other.client_id)),
        sound.clone().set("client_id", json!(7)),
        sound.clone().set("client_secret", json!(other.client_secret)),
        sound.clone().set("client_secret", json!("chosen")),
        sound.clone().set("client_secret", json!("")),
        sound.clone().set("client_secret", json!(7)),
    ];
    let before = client.record(&world);
    for metadata in cases {
        let reply = client.update(&world, &metadata);
        assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_client_metadata"), "{metadata}");
    }
    assert_eq!(client.record(&world), before);
    for metadata in [sound.clone(), sound.without("client_secret")] {
        assert_eq!(client.update(&world, &metadata).status(), 200);
    }
}

/// "The client MUST NOT be allowed to overwrite its existing client secret with its own chosen value."
#[test]
fn a_secret_is_kept_dropped_or_drawn_anew_and_never_chosen() {
    let (world, client) = client();
    let method = "token_endpoint_auth_method";
    let post = client.update(&world, &client.updated().set(method, json!("client_secret_post")));
    assert_eq!((post.member("client_secret"), post.member(method).as_deref()), (None, Some("client_secret_post")));
    let code = world.code(of_client(&client, authorize()));
    let form = of_client(&client, exchange(&code)).set("client_secret", client.client_secret.as_ref().unwrap());
    assert_eq!(world.token(form).status(), 200, "the same secret, in another place");

    let public = client.update(&world, &client.updated().set(method, json!("none")));
    assert_eq!((public.member("client_secret"), public.member("client_secret_expires_at")), (None, None));
    assert_eq!(client.record(&world).authentication, RegisteredAuthentication::None);
    let with_a_secret = client.update(&world, &client.updated().set(method, json!("none")));
    assert_eq!(with_a_secret.error(), "invalid_client_metadata", "it has none any more");

    let again = client.updated().without("client_secret").without(method);
    let again = Managed::of(&client.update(&world, &again));
    let secret = again.client_secret.unwrap();
    assert!(Some(&secret) != client.client_secret.as_ref() && secret.len() == 43);
    assert_eq!(again.information["client_secret_expires_at"], 0);
}

/// What the metadata of a new client must not be, that of an update must not be either.
#[test]
fn an_update_is_checked_like_a_registration() {
    let (world, client) = client();
    for (name, value, code) in [
        ("redirect_uris", json!(["http://evil.example/"]), "invalid_redirect_uri"),
        ("redirect_uris", json!([]), "invalid_redirect_uri"),
        ("scope", json!("read admin"), "invalid_client_metadata"),
        ("grant_types", json!(["password"]), "invalid_client_metadata"),
        ("response_types", json!(["token"]), "invalid_client_metadata"),
        ("logo_uri", json!("https://10.0.0.1/"), "invalid_client_metadata"),
        ("software_statement", json!("a.b.c"), "unapproved_software_statement"),
    ] {
        let reply = client.update(&world, &client.updated().set(name, value));
        assert_eq!((reply.status(), reply.error().as_str()), (400, code), "{name}");
    }
    let mut form = client.request(Method::PUT, &client.updated());
    form.headers_mut().insert(header::CONTENT_TYPE, FORM.parse().unwrap());
    assert_eq!(configure(&world, &form).error(), "invalid_client_metadata");
    assert_eq!(client.record(&world).revision, 0);
}

/// What the host gave a client beyond what everybody gets, it keeps.
#[test]
fn a_client_keeps_what_it_has() {
    let (world, client) = client();
    let mut record = client.record(&world);
    record.revision = 1;
    record.scope = scope("read admin");
    record.redirect_uris.push(grantor::model::RedirectUri::parse_private_use("exampleapp://cb").unwrap());
    record.grant_types.push(GrantType::ClientCredentials);
    let _ = Store::commit(&world.store, &Commit::of(Change::PutClient(record.clone().into()))).unwrap();
    let read = Managed::of(&client.read(&world));
    assert_eq!(client.update(&world, &read.updated()).status(), 200);
    let after = client.record(&world);
    assert_eq!(
        (&after.scope, &after.redirect_uris, &after.grant_types),
        (&record.scope, &record.redirect_uris, &record.grant_types)
    );
    assert_eq!(client.update(&world, &read.updated().set("scope", json!("root"))).error(), "invalid_client_metadata");
}

#[test]
fn the_host_is_asked_about_an_update_and_sees_what_was_before() {
    let world = registering_by(Registrants::Host);
    let deciding = |decide| Hosted { store: &world, policy: Decides(Mutex::default(), decide) };
    let accepting = deciding(Registration::accepted);
    let reply = world.server.register(&request(metadata()), world.moment()).run(&accepting);
    let client = Managed::of(&Reply::of(reply.into_http()));
    let before = client.record(&world);
    let update = client.request(Method::PUT, &client.updated().set("client_name", json!("Other")));
    let refusing = deciding(|_| RegistrationVerdict::Refuse(RegistrationRefusal::default()));
    let refused = world.server.configure(&update, world.moment()).run(&refusing).into_http();
    assert_eq!((refused.status().as_u16(), client.record(&world)), (403, before.clone()));
    let reply = world.server.configure(&update, world.moment()).run(&accepting);
    assert!(matches!(reply.result(), Ok(Configured::Updated(_))));
    let questions = accepting.policy.0.lock().unwrap();
    let question = questions.last().unwrap();
    assert_eq!((question.before.as_deref(), &*question.client), (Some(&before), &client.record(&world)));
    assert_eq!(questions.len(), 2);
    drop(questions);
    // Nobody is asked about reading and deleting.
    for method in [Method::GET, Method::DELETE] {
        let request = client.request(method, &Value::Null);
        assert!(world.server.configure(&request, world.moment()).run(&refusing).result().is_ok());
    }
}

// §2.3 Client Delete Request

/// "A successful delete action will invalidate the "client_id", "client_secret", and "registration_access_token" for
/// this client". "If possible, the authorization server SHOULD immediately invalidate all existing authorization grants
/// and currently active access tokens, all refresh tokens, and all other tokens associated with this client." "If a
/// client has been successfully deprovisioned, the authorization server MUST respond with an HTTP 204 No Content
/// message."
#[test]
fn a_deleted_client_and_all_that_it_was_granted_have_ended() {
    let (world, client) = client();
    let other = Managed::new(&world, metadata().set("grant_types", json!(["authorization_code", "refresh_token"])));
    let (access_token, refresh_token) = tokens(&world, &client);
    let (of_another, _) = tokens(&world, &other);
    let code = world.code(of_client(&client, authorize()));
    let prompt = world.ask(of_client(&client, authorize()));
    let reply = client.delete(&world);
    assert_eq!((reply.status(), reply.body()), (204, ""));

    assert!(![&access_token, &refresh_token, &code].into_iter().any(|token| world.is_alive(token)));
    assert!(world.is_alive(&of_another));
    for form in [of_client(&client, exchange(&code)), refresh(&refresh_token)] {
        assert_eq!(token(&world, &client, form).error(), "invalid_client");
    }
    assert!(world.answer(of_client(&client, authorize())).is_page());
    assert!(world.decide(prompt, Some(approval())).is_page());
    let about = |token: &str| post(params(&[("token", token)]).of_web());
    let told = world.server.introspect(&about(&access_token), world.moment()).run(&world).into_http();
    assert_eq!(told.into_body(), br#"{"active":false}"#);
    // Its record is the tombstone of its identifier, and may go when its grants have gone.
    let record = client.record(&world);
    assert!(record.disabled && record.registration.as_ref().unwrap().access_token.is_none());
    assert_eq!(record.purgeable_since(), Some(Timestamp(NOW)));
}

/// §5: "If a client is deprovisioned from a server, any outstanding registration access token for that client MUST be
/// invalidated at the same time." §5: "The authorization server MUST treat all such requests as if the registration
/// access token was invalid by returning an HTTP 401 Unauthorized error".
#[test]
fn a_deleted_client_is_unknown_to_whoever_asks_for_it() {
    let (world, client) = client();
    assert_eq!(client.delete(&world).status(), 204);
    for reply in [client.read(&world), client.update(&world, &client.updated()), client.delete(&world)] {
        assert_eq!((reply.status(), reply.error().as_str()), (401, "invalid_token"));
    }
    // The same holds when an operator switches it on again by mistake: its token is gone.
    let enabled = client.record(&world).enable();
    let _ = Store::commit(&world.store, &Commit::of(Change::PutClient(enabled.into()))).unwrap();
    assert_eq!(client.read(&world).status(), 401);
}

/// The grants are named, so that the host revokes them before it answers.
#[test]
fn the_reply_to_a_deletion_names_the_grants_to_end() {
    let (world, client) = client();
    let run = |method| world.server.configure(&client.request(method, &client.updated()), world.moment()).run(&world);
    assert!(run(Method::GET).grants_to_end().is_none() && run(Method::PUT).grants_to_end().is_none());
    let reply = run(Method::DELETE);
    assert_eq!(reply.grants_to_end().unwrap().client_id().unwrap().as_str(), client.client_id);
    assert!(run(Method::DELETE).grants_to_end().is_none(), "it is refused");
}

// §3 Client Information Response

/// "REQUIRED. String containing the fully qualified URL of the client configuration endpoint for this client."
/// "REQUIRED. String containing the access token to be used at the client configuration endpoint to perform subsequent
/// operations upon the client registration."
#[test]
fn every_response_says_where_and_with_what_to_go_on() {
    let (world, client) = client();
    for reply in [client.read(&world), client.update(&world, &client.updated())] {
        let again = Managed::of(&reply);
        assert_eq!((&again.uri, &again.token), (&client.uri, &client.token));
    }
    let elsewhere = registering().with(|config| {
        let endpoint = "https://server.example.com/oauth/?op=register".parse().unwrap();
        config.registration.as_mut().unwrap().endpoint = endpoint;
    });
    let client = Managed::new(&elsewhere, metadata());
    assert_eq!(client.uri, format!("https://server.example.com/oauth/{}?op=register", client.client_id));
    assert_eq!(client.read(&elsewhere).status(), 200);
}

// §5 Security Considerations

/// A generator that draws the same byte for ever.
struct Fixed(u8);

impl rand_core::TryRng for Fixed {
    type Error = rand_core::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_ne_bytes([self.0; 4]))
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_ne_bytes([self.0; 8]))
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(self.0);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Fixed {}

/// "the registration access token MUST contain sufficient entropy to prevent a random guessing attack of this token".
#[test]
fn the_registration_access_token_is_drawn_from_the_moment() {
    let token = |byte: u8| {
        let world = registering();
        let moment = Moment::new(Timestamp(NOW), &mut Fixed(byte));
        let reply = world.server.register(&request(metadata()), moment).run(&world);
        reply.result().unwrap().registration_access_token.expose().to_owned()
    };
    assert_eq!((token(0), token(255)), ("A".repeat(43), format!("{}8", "_".repeat(42))));
}

#[test]
fn an_outage_changes_nothing_and_is_told() {
    let (world, client) = client();
    for (at, methods) in [(At::Lookup, &[Method::GET, Method::PUT, Method::DELETE][..]), (At::Commit, &[Method::PUT])] {
        let down = registering().without_clients().with_client(client.record(&world)).with_outage(at, None);
        for method in methods {
            let request = client.request(method.clone(), &client.updated());
            let reply = down.server.configure(&request, down.moment()).run(&down);
            assert!(reply.grants_to_end().is_none() && matches!(reply.event(), Event::Unavailable { .. }));
            let reply = reply.into_http();
            assert_eq!(reply.status(), 503, "{method} {at:?}");
        }
    }
}

#[test]
fn whoever_comes_too_late_reads_again() {
    let (world, client) = client();
    for method in [Method::PUT, Method::DELETE] {
        let request: Request<Vec<u8>> = client.request(method, &client.updated().without("logo_uri"));
        let Step::Lookup(pause) = world.server.configure(&request, world.moment()) else { panic!("it reads first") };
        let found = Store::lookup(&world.store, pause.effect());
        let Step::Commit(pause) = pause.resume(found) else { panic!("it writes") };
        assert_eq!(client.update(&world, &client.updated()).status(), 200);
        let outcome = Store::commit(&world.store, pause.effect());
        let Step::Done(reply) = pause.resume(outcome) else { panic!("it replies") };
        assert!(matches!(reply.result(), Err(RegistrationError::Changed)) && reply.grants_to_end().is_none());
        let reply = Reply::of(reply.into_http());
        assert_eq!((reply.status(), reply.error().as_str()), (409, "temporarily_unavailable"));
    }
    let record = client.record(&world);
    assert!(!record.disabled && record.registration.unwrap().logo_uri.is_some());
}

#[test]
fn events_say_what_became_of_a_registration() {
    let (world, client) = client();
    let event = |method| {
        let request = client.request(method, &client.updated());
        serde_json::to_value(world.server.configure(&request, world.moment()).run(&world).event()).unwrap()
    };
    for (method, name) in [
        (Method::GET, "registration_read"),
        (Method::PUT, "registration_updated"),
        (Method::DELETE, "registration_deleted"),
        (Method::DELETE, "registration_refused"),
    ] {
        let event = event(method);
        assert_eq!((&event["event"], &event["client_id"]), (&json!(name), &json!(client.client_id)));
        assert!(!event.to_string().contains(&client.token));
    }
}
