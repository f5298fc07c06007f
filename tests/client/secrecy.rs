//! Nothing of the client's prints a secret, and what is made to be kept comes back as it was.

use grantor::client::{
    Authentication, AuthorizationRequest, Client, Device, Fresh, Pending, PendingImplicit, Polled, SharedTokens,
    TokenSet,
};
use grantor::model::Secret;
use grantor::{Moment, Pause as _, Step, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::canned::*;
use crate::common::{CALLBACK, Counter, redirect_uri, resource, scope};

const NOW: Timestamp = Timestamp(1_000_000);

fn request() -> AuthorizationRequest {
    AuthorizationRequest::new(redirect_uri(CALLBACK)).scope(scope("read write")).resource(resource("urn:example:a"))
}

fn moment() -> Moment {
    Moment::new(NOW, &mut Counter(3))
}

fn pending() -> Pending {
    confidential_client().begin(request(), moment()).unwrap().1
}

/// A client of a server that takes pushed requests.
fn pushing() -> Client {
    let mut server = metadata();
    server.pushed_authorization_request_endpoint = "https://server.example/par".parse().ok();
    confidential_at(server)
}

fn pending_implicit() -> PendingImplicit {
    confidential_client().begin_implicit(request(), moment()).unwrap().1
}

fn device() -> Device {
    let body = json!({
        "device_code": "s3cr3t", "user_code": "WDJB-MJHT", "verification_uri": "https://a.example/d",
        "verification_uri_complete": "https://a.example/d?c=1", "expires_in": 60, "interval": 7,
    });
    answered(
        confidential_client().authorize_device().scope(scope("read")).start(crate::canned::moment_at(NOW)),
        &crate::canned::json(200, body),
    )
    .unwrap()
}

fn token_set() -> TokenSet {
    let body = json!({"access_token": "s3cr3t", "refresh_token": "s3cr3t-too", "expires_in": 60, "scope": "read"});
    answered(
        confidential_client().client_credentials().start(crate::canned::moment_at(NOW)),
        &crate::canned::json(200, body),
    )
    .unwrap()
}

/// The `Debug` of a pause and of what it waits for.
fn paused<M: grantor::Machine>(step: &Step<M>) -> String
where
    M::Fetch: std::fmt::Debug,
{
    match step {
        Step::Fetch(pause) => format!("{pause:?} {:?}", pause.effect()),
        _ => panic!("nothing is sent"),
    }
}

#[test]
fn no_debug_output_shows_a_secret() {
    let basic = confidential_client();
    let post = client_by(Authentication::Post(Secret::new(CLIENT_SECRET)));
    let token = Secret::new("s3cr3t");
    let shared = SharedTokens::new(token_set());
    let later = Timestamp(NOW.0 + 100);
    let mut shown = Vec::new();
    for client in [&basic, &post, &public_client()] {
        let pending = pending();
        let query = format!("code=s3cr3t&iss=https://server.example&state={}", pending.state());
        let exchange = client.callback(pending, &query).unwrap();
        let password = client.password("johndoe", &token);
        let refresh = client.refresh(&token).parameter("assertion", "s3cr3t");
        shown.push(format!(
            "{client:?} {client:#?} {exchange:?} {password:?} {refresh:?} {:?}",
            client.authorize_device()
        ));
        shown.push(paused(&exchange.start(crate::canned::moment_at(NOW))));
        shown.push(paused(&password.start(crate::canned::moment_at(NOW))));
        shown.push(paused(&refresh.start(crate::canned::moment_at(NOW))));
        shown.push(paused(&client.authorize_device().start(crate::canned::moment_at(NOW))));
        shown.push(paused(&client.poll(&device(), crate::canned::moment_at(Timestamp(NOW.0 + 7)))));
        shown.push(paused(&client.revoke(&token, None, crate::canned::moment_at(grantor::Timestamp(0)))));
        shown.push(paused(&client.introspect(&token, None, crate::canned::moment_at(grantor::Timestamp(0)))));
    }
    shown.push(paused(&pushing().push(request(), moment())));
    shown.push(format!("{:?} {:?} {:?} {:?}", request(), pending(), pending_implicit(), device()));
    shown.push(format!("{:?} {:?}", token_set(), token_set().authorization()));
    shown.push(format!("{:?} {:?}", Polled::Tokens(token_set()), Polled::Pending(device())));
    shown.push(format!("{shared:?}"));
    let turn = shared.fresh(later);
    let wait = shared.fresh(later);
    assert!(matches!((&turn, &wait), (Fresh::Refresh(_), Fresh::Wait(_))));
    shown.push(format!("{turn:?} {wait:?} {:?}", Fresh::Ready(std::sync::Arc::new(token_set()))));

    let kept = serde_json::to_value(pending()).unwrap();
    let basic_header = "czZCaGRSa3F0MzpnWDFmQmF0M2JW";
    let secrets = [
        "s3cr3t",
        CLIENT_SECRET,
        basic_header,
        kept["code_verifier"].as_str().unwrap(),
        kept["state"].as_str().unwrap(),
    ];
    for (text, secret) in shown.iter().flat_map(|text| secrets.iter().map(move |secret| (text, secret))) {
        assert!(!text.contains(*secret), "{secret} is in {text}");
    }
}

#[test]
fn the_debug_output_of_a_request_names_its_parameters() {
    let client = public_client();
    let request = client.refresh(&Secret::new("s3cr3t")).parameter("assertion", "s3cr3t");
    assert!(format!("{request:?}").contains(r#"["grant_type", "refresh_token", "assertion"]"#), "{request:?}");
}

/// Written, read and written again, it is the same; what a later version adds is passed over.
fn comes_back<T: Serialize + DeserializeOwned>(value: &T) -> Value {
    let text = serde_json::to_string(value).unwrap();
    let read: T = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    let mut record = serde_json::to_value(value).unwrap();
    record["added_later"] = json!({"a": [1]});
    assert!(serde_json::from_value::<T>(record.clone()).is_ok());
    record.as_object_mut().unwrap().remove("added_later");
    record
}

#[test]
fn what_is_made_to_be_kept_comes_back() {
    let names = |record: &Value| record.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(names(&comes_back(&pending())), "begun_at code_verifier issuer redirect_uri resource scope state");
    assert_eq!(names(&comes_back(&pending_implicit())), "begun_at issuer redirect_uri resource scope state");
    assert_eq!(
        names(&comes_back(&device())),
        "device_code expires_at interval issuer poll_at scope user_code verification_uri verification_uri_complete"
    );
    assert_eq!(
        names(&comes_back(&token_set())),
        "access_token by_client_credentials expires_at issuer refresh_token requested_at scope"
    );
}

/// A session that came back works as the one that was kept.
#[test]
fn a_kept_attempt_is_finished() {
    let client = confidential_client();
    let kept = serde_json::to_string(&pending()).unwrap();
    let pending: Pending = serde_json::from_str(&kept).unwrap();
    let query = format!("code=x&iss=https://server.example&state={}", pending.state());
    assert!(client.callback(pending, &query).is_ok());
    let kept = serde_json::to_string(&device()).unwrap();
    let device: Device = serde_json::from_str(&kept).unwrap();
    assert!(matches!(client.poll(&device, crate::canned::moment_at(Timestamp(NOW.0 + 7))), Step::Fetch(_)));
}

/// A record that was tampered with does not read, or does not get past the checks.
#[test]
fn a_kept_record_is_checked_when_it_is_read() {
    let record = serde_json::to_value(token_set()).unwrap();
    for (name, wrong) in [
        ("issuer", Value::Null),
        ("access_token", json!("a\r\nX-Evil: 1")),
        ("access_token", json!("")),
        ("access_token", Value::Null),
        ("refresh_token", json!("\u{e9}")),
        ("scope", json!("a\"b")),
        ("expires_at", json!(-1)),
    ] {
        let mut record = record.clone();
        record[name] = wrong;
        assert!(serde_json::from_value::<TokenSet>(record).is_err(), "{name}");
    }
    let mut record = serde_json::to_value(pending()).unwrap();
    record["state"] = json!("");
    assert!(serde_json::from_value::<Pending>(record).is_err());
}
