//! A client that registers itself, and keeps what it was told: RFC 7591, RFC 7592.

use grantor::client::{
    AuthorizationRequest, ClientMetadata, Fault, OtherAuthentication, Registered, Registration, Remedy, RequestError,
    register,
};
use grantor::model::{GrantType, Metadata, PageUrl, Secret};
use grantor::store::GrantStore;
use grantor::{Answer, Fetch, HttpHost, Timestamp};
use http::Response;
use serde_json::{Value, json};

use crate::canned::*;
use crate::common::registering::{Members, registering, with_tokens};
use crate::common::{CALLBACK, People, World, approval, metadata_of, redirect_uri, scope};

const NOW: Timestamp = Timestamp(1_000_000);

/// The network between the client and the world's server.
fn network(world: &World) -> HttpHost<impl Fn(&Fetch) -> Answer<Fetch>> {
    HttpHost(move |fetch: &Fetch| {
        let (request, server) = (fetch.request(), &world.server);
        Ok(match request.uri().path() {
            "/register" => server.register(request, world.moment()).run(world).into_http(),
            "/token" => {
                let host = grantor::Hosted { store: world, policy: People };
                server.token(request, world.moment()).run(&host).into_http()
            }
            _ => {
                let reply = server.configure(request, world.moment()).run(world);
                if let Some(grants) = reply.grants_to_end() {
                    world.store.revoke_grants(&grants, NOW).unwrap();
                }
                reply.into_http()
            }
        })
    })
}

fn printer() -> ClientMetadata {
    ClientMetadata::new()
        .client_name("Photo printer")
        .redirect_uri(&redirect_uri(CALLBACK))
        .grant_types(&[GrantType::AuthorizationCode, GrantType::RefreshToken])
        .scope(&scope("read"))
}

fn at(document: Value) -> Metadata {
    let mut members =
        json!({ "issuer": "https://server.example", "registration_endpoint": "https://server.example/register" });
    for (name, value) in document.as_object().unwrap() {
        members = members.set(name, value.clone());
    }
    serde_json::from_value(members).unwrap()
}

fn registered_by(response: Value) -> Result<Registered, RequestError> {
    answered(register(&at(json!({})), &printer(), None, moment_at(NOW)), &json_of(201, response))
}

fn json_of(status: u16, body: Value) -> Answer<Fetch> {
    crate::canned::json(status, body)
}

/// The response of RFC 7592 §3.
fn information() -> Value {
    json!({
        "registration_access_token": "reg-23410913-abewfq.123483",
        "registration_client_uri": "https://server.example/register/s6BhdRkqt3",
        "client_id": "s6BhdRkqt3",
        "client_secret": "cf136dc3c1fc93f31185e5885805d",
        "client_id_issued_at": 2_893_256_800_u64,
        "client_secret_expires_at": 2_893_276_800_u64,
        "client_name": "My Example Client",
        "client_name#ja-Jpan-JP": "\u{30AF}",
        "redirect_uris": ["https://client.example.org/callback", "https://client.example.org/callback2"],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "client_secret_basic"
    })
}

#[test]
fn a_client_registers_goes_on_with_the_code_flow_changes_its_name_and_leaves() {
    let world = registering();
    let (network, server) = (network(&world), metadata_of(&world));
    let registered = register(&server, &printer(), None, world.moment()).run(&network).unwrap();
    // The host keeps it and finds it by its issuer.
    let kept = serde_json::to_string(&registered).unwrap();
    let registered: Registered = serde_json::from_str(&kept).unwrap();
    assert_eq!((registered.issuer(), registered.is_managed()), (&server.issuer, true));
    assert_eq!(registered.client_id_issued_at(), Some(NOW));
    assert_eq!((registered.client_secret_expires_at(), registered.metadata().text("scope")), (None, Some("read")));

    let client = registered.registration().unwrap().at(server).unwrap();
    let request = AuthorizationRequest::new(redirect_uri(CALLBACK)).scope(scope("read"));
    let (url, pending) = client.begin(request, world.moment()).unwrap();
    let (_, query) = url.split_once('?').unwrap();
    let response = world.decide(world.ask(query), Some(approval()));
    let (_, answer) = response.location().split_once('?').unwrap();
    let tokens = client.callback(pending, answer).unwrap().start(world.moment()).run(&network).unwrap();
    assert!(tokens.refresh_token().is_some());

    let renamed = registered.metadata().clone().client_name("Poster printer").member("scope", Value::Null);
    let renamed = registered.update(&renamed, world.moment()).run(&network).unwrap();
    assert_eq!(renamed.metadata().text("client_name"), Some("Poster printer"));
    assert_eq!(renamed.metadata().text("scope"), Some("read write"), "the server's default");
    let secret = |it: &Registered| it.client_secret().unwrap().expose().to_owned();
    assert_eq!((secret(&renamed), renamed.client_id()), (secret(&registered), registered.client_id()));
    let read = renamed.read(world.moment()).run(&network).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::to_value(&renamed).unwrap());

    renamed.delete(world.moment()).run(&network).unwrap();
    let gone = renamed.read(world.moment()).run(&network).unwrap_err();
    assert_eq!(gone.code(), Some("invalid_token"));
    let refreshed = tokens.refresh(&client).unwrap().start(world.moment()).run(&network).unwrap_err();
    assert_eq!((refreshed.code(), refreshed.remedy()), (Some("invalid_client"), Remedy::MendClient));
}

#[test]
fn an_initial_access_token_is_sent_as_a_bearer_token() {
    let world = with_tokens();
    let (network, server) = (network(&world), metadata_of(&world));
    let token = Secret::new(crate::common::registering::INITIAL);
    assert!(register(&server, &printer(), Some(&token), world.moment()).run(&network).is_ok());
    let refused = register(&server, &printer(), None, world.moment()).run(&network).unwrap_err();
    assert_eq!(refused.code(), Some("invalid_token"));
    let unsendable = Secret::new("a\nb");
    let step = register(&server, &printer(), Some(&unsendable), world.moment());
    assert_eq!(step.run(&network).unwrap_err(), RequestError::Unsendable);
}

#[test]
fn a_request_is_what_the_rfc_prints() {
    let page = PageUrl::parse("https://client.example.org/#about").unwrap();
    let metadata =
        printer().public().client_uri(&page).logo_uri(&page).contact("a@example.org").contact("b@example.org");
    let metadata = metadata.software("4NRB1", "2.1").member("client_name#fr", "Imprimante");
    let request = sent(&register(&at(json!({})), &metadata, None, moment_at(NOW)));
    assert_eq!(
        (request.method().as_str(), request.uri().to_string().as_str()),
        ("POST", "https://server.example/register")
    );
    assert_eq!(request.headers()["content-type"], "application/json");
    assert!(!request.headers().contains_key("authorization"));
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    let expected = json!({
        "client_name": "Photo printer",
        "client_name#fr": "Imprimante",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "read",
        "token_endpoint_auth_method": "none",
        "client_uri": page.as_str(),
        "logo_uri": page.as_str(),
        "contacts": ["a@example.org", "b@example.org"],
        "software_id": "4NRB1",
        "software_version": "2.1",
    });
    assert_eq!(body, expected);
    let nowhere = Metadata::new("https://server.example".parse().unwrap());
    let error =
        answered(register(&nowhere, &metadata, None, moment_at(NOW)), &json_of(201, information())).unwrap_err();
    assert_eq!((error.remedy(), error), (Remedy::MendClient, RequestError::NoEndpoint("registration_endpoint")));
}

/// RFC 7592 §2.2: "The client MUST include its "client_id" field in the request".
#[test]
fn an_update_has_all_that_was_returned_and_nothing_that_must_not_be_in_it() {
    let registered = registered_by(information()).unwrap();
    let request = sent(&registered.update(registered.metadata(), moment_at(NOW)));
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    let forbidden =
        ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"];
    assert_eq!(body, forbidden.into_iter().fold(information(), Members::without));
    assert_eq!(request.headers()["authorization"], "Bearer reg-23410913-abewfq.123483");
    assert_eq!((request.method().as_str(), request.uri().path()), ("PUT", "/register/s6BhdRkqt3"));
    for (request, method) in
        [(sent(&registered.read(moment_at(NOW))), "GET"), (sent(&registered.delete(moment_at(NOW))), "DELETE")]
    {
        assert_eq!((request.method().as_str(), request.body().len()), (method, 0));
        assert!(!request.headers().contains_key("content-type"));
    }
}

/// RFC 7592 §2.1: "If the authorization server includes a new client secret and/or registration access token in its
/// response, the client MUST immediately discard its previous client secret and/or registration access token." "The
/// value of the "client_id" MUST NOT change from the initial registration response."
#[test]
fn what_the_server_gives_anew_replaces_what_was_before_and_the_rest_stays() {
    let registered = registered_by(information()).unwrap();
    let read = |body| answered(registered.read(moment_at(NOW)), &json_of(200, body));
    let kept = |it: &Registered| serde_json::to_value(it).unwrap();
    let rotated = information()
        .set("client_secret", json!("new secret"))
        .set("registration_access_token", json!("new token"))
        .set("client_secret_expires_at", json!(0))
        .set("registration_client_uri", json!("https://server.example/clients/s6BhdRkqt3"));
    let now = kept(&read(rotated.clone()).unwrap());
    for name in ["client_secret", "registration_access_token", "registration_client_uri"] {
        assert_eq!(now[name], rotated[name]);
    }
    assert_eq!(now.get("client_secret_expires_at"), None, "the new one does not expire");
    let sparse = ["client_secret", "registration_access_token", "registration_client_uri", "client_secret_expires_at"];
    let sparse = sparse.into_iter().fold(information(), Members::without).without("client_id_issued_at");
    assert_eq!(kept(&read(sparse).unwrap()), kept(&registered));
    let public = kept(&read(information().set("token_endpoint_auth_method", json!("none"))).unwrap());
    assert_eq!(public.get("client_secret"), None, "a public client has none, whatever the server says");
    let other = read(information().set("client_id", json!("another"))).unwrap_err();
    assert!(matches!(other, RequestError::Unusable { fault: Fault::Unreadable("client_id"), .. }), "{other:?}");
}

#[test]
fn a_registration_is_made_of_what_the_server_says() {
    let registration = |information| registered_by(information).unwrap().registration();
    let written = |registration: Registration| serde_json::to_value(registration).unwrap();
    let method = "token_endpoint_auth_method";
    for (name, secret) in [("client_secret_basic", true), ("client_secret_post", true), ("none", false)] {
        let registration = written(registration(information().set(method, json!(name))).unwrap());
        assert_eq!((&registration[method], registration.get("client_secret").is_some()), (&json!(name), secret));
        assert_eq!(registration["issuer"], "https://server.example");
    }
    let either = written(registration(information().without(method)).unwrap());
    assert_eq!((either.get(method), &either["client_secret"]), (None, &information()["client_secret"]));
    let nothing = written(registration(information().without(method).without("client_secret")).unwrap());
    assert_eq!(nothing[method], "none");
    for other in ["private_key_jwt", "tls_client_auth"] {
        for information in [information(), information().without("client_secret")] {
            let error: OtherAuthentication = registration(information.set(method, json!(other))).unwrap_err();
            assert!(error.to_string().contains(other));
        }
    }
    // What is kept can be read as the registration alone.
    let kept = serde_json::to_value(registered_by(information()).unwrap()).unwrap();
    let registration: Registration = serde_json::from_value(kept).unwrap();
    assert_eq!(registration.client_id().as_str(), "s6BhdRkqt3");
}

#[test]
fn responses_are_read_with_tolerance_and_secrets_without() {
    for lenient in [
        information().set("client_secret_expires_at", json!("0")).set("client_id_issued_at", json!("12")),
        information().set("client_secret_expires_at", json!(12.5)).set("client_id_issued_at", json!([])),
        information().set("client_secret", json!("")).set("token_endpoint_auth_method", json!("none")),
        information().set("client_name", json!(7)).set("registration_client_uri", json!(null)),
        information().set("issuer", json!("https://evil.example")),
    ] {
        let registered = registered_by(lenient.clone()).unwrap_or_else(|error| panic!("{lenient}: {error}"));
        assert_eq!(registered.issuer().as_str(), "https://server.example");
        let kept: Registered = serde_json::from_value(serde_json::to_value(&registered).unwrap()).unwrap();
        assert_eq!(kept.client_id(), registered.client_id());
    }
    for (name, value) in [
        ("client_id", json!(null)),
        ("client_id", json!("")),
        ("client_id", json!(7)),
        ("client_secret", json!(7)),
        ("client_secret", json!("a\nb")),
        ("registration_access_token", json!(["a"])),
        ("registration_access_token", json!("\u{e9}")),
    ] {
        let error = registered_by(information().set(name, value.clone())).unwrap_err();
        assert!(
            matches!(error, RequestError::Unusable { fault: Fault::Unreadable(_), .. }),
            "{name} {value}: {error:?}"
        );
        assert!(!error.to_string().contains("reg-23410913"), "{error}");
    }
    // RFC 7591 §3.2.2.
    for code in [
        "invalid_redirect_uri",
        "invalid_client_metadata",
        "invalid_software_statement",
        "unapproved_software_statement",
    ] {
        let step = register(&at(json!({})), &printer(), None, moment_at(NOW));
        let error = answered(step, &json_of(400, json!({ "error": code }))).unwrap_err();
        assert_eq!((error.code(), error.remedy()), (Some(code), Remedy::MendClient));
    }
}

/// The registration access token goes to the server that issued it, or to no one.
#[test]
fn the_registration_access_token_goes_to_no_less_protected_place() {
    for uri in [
        "http://server.example/register/1",
        "http://127.0.0.1/register/1",
        "https://user@server.example/register/1",
        "/register/1",
        "javascript:x",
        "https://server.example/register/1#a",
    ] {
        let registered = registered_by(information().set("registration_client_uri", json!(uri))).unwrap();
        assert!(!registered.is_managed(), "{uri}");
        let none = RequestError::NoEndpoint("registration_client_uri");
        assert_eq!(answered(registered.read(moment_at(NOW)), &json_of(200, information())).unwrap_err(), none);
        assert_eq!(answered(registered.delete(moment_at(NOW)), &Ok(Response::default())).unwrap_err(), none);
        let step = registered.update(registered.metadata(), moment_at(NOW));
        assert_eq!(answered(step, &json_of(200, information())).unwrap_err(), none);
    }
    let unmanaged = registered_by(information().without("registration_access_token")).unwrap();
    assert!(!unmanaged.is_managed());
}

#[test]
fn what_is_kept_shows_no_secret_to_a_log() {
    let registered = registered_by(information()).unwrap();
    let steps = format!("{:?} {:?}", registered, sent_debug(&registered));
    for secret in ["cf136dc3c1fc93f31185e5885805d", "reg-23410913-abewfq.123483"] {
        assert!(!steps.contains(secret), "{steps}");
    }
    assert!(steps.contains("My Example Client"));
}

fn sent_debug(registered: &Registered) -> String {
    match registered.update(registered.metadata(), moment_at(NOW)) {
        grantor::Step::Fetch(pause) => format!("{pause:?}"),
        _ => panic!("it sends"),
    }
}

/// A server that confirms nothing has not deleted the client.
#[test]
fn a_deletion_is_done_when_the_server_says_so() {
    let registered = registered_by(information()).unwrap();
    let delete = |answer| answered(registered.delete(moment_at(NOW)), &answer);
    assert_eq!(delete(Ok(Response::builder().status(204).body(Vec::new()).unwrap())), Ok(()));
    assert!(delete(json_of(403, json!({ "error": "access_denied" }))).is_err());
    assert!(delete(Ok(Response::builder().status(302).body(Vec::new()).unwrap())).is_err());
}
