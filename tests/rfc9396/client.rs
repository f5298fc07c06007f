//! RFC 9396 as the client sees it: what it sends, and what it learns of its tokens.

use grantor::client::{AuthorizationRequest, TokenSet};
use grantor::model::AuthorizationDetails;
use grantor::server::ParConfig;
use grantor::{Answer, Fetch, HttpHost, Timestamp, Unavailable};
use serde_json::{Value, json};

use crate::common::*;
use crate::{ALL, accounts, combined, details, payment, world};

fn app(world: &World) -> grantor::client::Client {
    public_client_at(metadata_of(world), "app")
}

/// The resource owner approves what the client asks for.
fn log_in(world: &World, request: AuthorizationRequest) -> TokenSet {
    let client = app(world);
    let (url, pending) = client.begin(request, world.moment()).unwrap();
    let response = world.approve(url.split_once('?').unwrap().1);
    let query = response.location().split_once('?').unwrap().1.to_owned();
    client.callback(pending, &query).unwrap().start(world.moment()).run(&HttpHost(Wire::to(world))).unwrap()
}

fn request() -> AuthorizationRequest {
    AuthorizationRequest::new(redirect_uri(CALLBACK)).authorization_details(details(&combined()))
}

#[test]
fn the_client_asks_and_is_told() {
    let world = world();
    let tokens = log_in(&world, request());
    assert_eq!(*tokens.authorization_details(), details(&combined()));
    assert!(tokens.scope().is_none() && tokens.members().is_empty() && tokens.unreadable().is_empty());
    let plain = log_in(&world, AuthorizationRequest::new(redirect_uri(CALLBACK)).scope(scope("read")));
    assert!(plain.authorization_details().is_empty());
    // They are kept with the tokens.
    let kept: TokenSet = serde_json::from_str(&serde_json::to_string(&tokens).unwrap()).unwrap();
    assert_eq!(kept.authorization_details(), tokens.authorization_details());
    assert!(!format!("{kept:?}").contains("Merchant"));
}

/// §12: "If the integrity of the authorization_details is a concern, clients MUST protect authorization_details against
/// tampering and swapping." Whoever does not is told what came of it: what was granted, not what was asked for.
#[test]
fn what_was_changed_on_the_way_shows_in_the_response() {
    let world = world();
    let client = app(&world);
    let (url, pending) = client.begin(request(), world.moment()).unwrap();
    let query = url.split_once('?').unwrap().1.replace("123.50", "12350");
    let response = world.approve(query);
    let query = response.location().split_once('?').unwrap().1.to_owned();
    let request = client.callback(pending, &query).unwrap();
    let tokens = request.start(world.moment()).run(&HttpHost(Wire::to(&world))).unwrap();
    assert_ne!(*tokens.authorization_details(), details(&combined()));
}

#[test]
fn a_refresh_may_ask_for_less_and_the_next_one_has_all_again() {
    let world = world();
    let (client, wire) = (app(&world), HttpHost(Wire::to(&world)));
    let tokens = log_in(&world, request());
    let less = details(&json!([accounts(&["list_accounts"])]));
    let narrow = tokens.refresh(&client).unwrap().authorization_details(less.clone());
    let narrow = narrow.start(world.moment()).run(&wire).unwrap();
    assert_eq!(*narrow.authorization_details(), less);
    let none = narrow.refresh(&client).unwrap().authorization_details(AuthorizationDetails::default());
    let none = none.start(world.moment()).run(&wire).unwrap();
    assert!(none.authorization_details().is_empty());
    let whole = none.refresh(&client).unwrap().start(world.moment()).run(&wire).unwrap();
    assert_eq!(*whole.authorization_details(), details(&combined()));
    let more = details(&json!([{ "type": "example_api", "actions": ["read"] }]));
    let refused = whole.refresh(&client).unwrap().authorization_details(more).start(world.moment()).run(&wire);
    assert_eq!(refused.unwrap_err().code(), Some("invalid_authorization_details"));
}

#[test]
fn client_credentials_are_renewed_with_the_same_details() {
    let world = world();
    let client = confidential_client_at(metadata_of(&world), "web", SECRET);
    let wire = HttpHost(Wire::to(&world));
    let asked = details(&json!([payment()]));
    let request = client.client_credentials().authorization_details(asked.clone());
    let tokens = request.start(world.moment()).run(&wire).unwrap();
    assert!(tokens.is_renewable() && *tokens.authorization_details() == asked);
    let kept: TokenSet = serde_json::from_str(&serde_json::to_string(&tokens).unwrap()).unwrap();
    let renewed = kept.renew(&client).unwrap().start(world.moment()).run(&wire).unwrap();
    assert_eq!(*renewed.authorization_details(), asked);
}

/// §12: pushed (RFC 9126), they are out of the browser's reach.
#[test]
fn the_client_pushes_them() {
    let world = world().with(|config| config.par = Some(ParConfig::below(&config.issuer)));
    let client = app(&world);
    let http = |fetch: &Fetch| -> Answer<Fetch> {
        Ok::<_, Unavailable>(world.server.push(fetch.request(), world.moment()).run(&world).into_http())
    };
    let pushed = client.push(request(), world.moment()).run(&HttpHost(http)).unwrap();
    assert!(!pushed.url.contains("authorization_details"), "{}", pushed.url);
    let response = world.approve(pushed.url.split_once('?').unwrap().1);
    let query = response.location().split_once('?').unwrap().1.to_owned();
    let request = client.callback(pushed.pending, &query).unwrap();
    let tokens = request.start(world.moment()).run(&HttpHost(Wire::to(&world))).unwrap();
    assert_eq!(*tokens.authorization_details(), details(&combined()));
}

/// §3: "device authorization requests as specified in" RFC 8628 carry them too.
#[test]
fn a_device_asks_for_them() {
    let mut server = metadata_of(&world());
    server.device_authorization_endpoint = Some("https://server.example.com/device".parse().unwrap());
    let client = public_client_at(server, "app");
    let request = client.authorize_device().authorization_details(details(&json!([payment()])));
    let grantor::Step::Fetch(pause) = request.start(at_moment(Timestamp(NOW))) else { panic!("nothing is sent") };
    let body = grantor::Pause::effect(&pause).request().body().clone();
    let sent = form_urlencoded::parse(&body).find(|(name, _)| name == "authorization_details").unwrap().1.into_owned();
    assert_eq!(sent.parse::<AuthorizationDetails>().unwrap(), details(&json!([payment()])));
}

/// What servers send that grantor's types do not take is left to the host, and named.
#[test]
fn details_that_cannot_be_read_do_not_spoil_the_tokens() {
    let client = app(&world());
    let tokens = |said: &str| {
        let body = format!(r#"{{"access_token":"2Yotn","token_type":"Bearer","authorization_details":{said}}}"#);
        let http = |_: &Fetch| -> Answer<Fetch> {
            let response = http::Response::builder().header("content-type", "application/json");
            Ok::<_, Unavailable>(response.body(body.clone().into_bytes()).unwrap())
        };
        let request = client.refresh(&grantor::model::Secret::new("r"));
        request.start(at_moment(Timestamp(NOW))).run(&HttpHost(http)).unwrap()
    };
    assert_eq!(*tokens(&combined().to_string()).authorization_details(), details(&combined()));
    assert!(tokens("null").unreadable().is_empty());
    let single = json!({ "type": "patient_record", "actions": ALL }).to_string();
    for said in [&single, "1", r#"[{"actions":["read"]}]"#, &format!(r#"[{{"type":"t","a":"{}"}}]"#, "x".repeat(9000))]
    {
        let tokens = tokens(said);
        assert_eq!(tokens.unreadable(), ["authorization_details"], "{said}");
        assert!(tokens.authorization_details().is_empty());
        let kept = tokens.members().get("authorization_details");
        assert_eq!(kept, Some(&serde_json::from_str::<Value>(said).unwrap()));
    }
    let doubled = tokens(r#"[{"type":"t"}],"authorization_details":[{"type":"u"}]"#);
    assert_eq!(doubled.unreadable(), ["authorization_details"]);
    assert!(doubled.authorization_details().is_empty() && doubled.members().is_empty());
}
