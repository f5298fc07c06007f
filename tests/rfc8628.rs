//! RFC 8628, the device authorization grant, in the order of its sections, as the client sees it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

#[path = "common/canned.rs"]
mod canned;

use canned::*;
use grantor::client::{Authentication, Client, Device, Polled, RequestError};
use grantor::model::{Resource, Scope, Secret};
use grantor::{Answer, Fetch, HttpHost, Step, Timestamp, Unavailable};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp(1_000_000);

fn at(seconds: u64) -> Timestamp {
    Timestamp(NOW.0 + seconds)
}

/// The example of §3.2.
fn example() -> Value {
    json!({
        "device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS",
        "user_code": "WDJB-MJHT",
        "verification_uri": "https://example.com/device",
        "verification_uri_complete": "https://example.com/device?user_code=WDJB-MJHT",
        "expires_in": 1800,
        "interval": 5
    })
}

fn device_of(response: Value) -> Result<Device, RequestError> {
    answered(public_client().authorize_device().start(canned::moment_at(NOW)), &canned::json(200, response))
}

fn device() -> Device {
    device_of(example()).unwrap()
}

fn error(code: &str) -> Answer<Fetch> {
    canned::json(400, json!({ "error": code }))
}

fn poll(device: &Device, now: Timestamp, answer: &Answer<Fetch>) -> Result<Polled, RequestError> {
    answered(public_client().poll(device, canned::moment_at(now)), answer)
}

fn still_pending(polled: Result<Polled, RequestError>) -> Device {
    match polled {
        Ok(Polled::Pending(device)) => device,
        other => panic!("{other:?}"),
    }
}

// §3.1 Device Authorization Request

#[test]
fn the_request_is_that_of_the_rfc() {
    let client = public_client();
    let request = client.authorize_device().scope(Scope::parse("example_scope other").unwrap());
    let request = request.resource(Resource::parse("https://api.example/").unwrap()).parameter("acr_values", "mfa");
    assert_eq!(
        written(&sent(&request.start(canned::moment_at(NOW)))),
        "POST https://server.example/device\naccept: application/json\n\
         content-type: application/x-www-form-urlencoded\n\n\
         resource=https%3A%2F%2Fapi.example%2F&acr_values=mfa&scope=example_scope+other&client_id=s6BhdRkqt3"
    );
}

/// "The client authentication requirements of Section 3.2.1 of [RFC6749] apply to requests on this endpoint".
#[test]
fn a_confidential_client_authenticates() {
    let basic = sent(&confidential_client().authorize_device().start(canned::moment_at(NOW)));
    assert_eq!(basic.headers()["authorization"], "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW");
    assert!(basic.body().is_empty());
    let post = client_by(Authentication::Post(Secret::new(CLIENT_SECRET)));
    assert_eq!(
        sent(&post.authorize_device().start(canned::moment_at(NOW))).body(),
        b"client_id=s6BhdRkqt3&client_secret=gX1fBat3bV"
    );
}

// §3.2 Device Authorization Response

#[test]
fn the_response_is_read() {
    let device = device();
    assert_eq!(device.user_code(), "WDJB-MJHT");
    assert_eq!(device.verification_uri(), "https://example.com/device");
    assert_eq!(device.verification_uri_complete(), Some("https://example.com/device?user_code=WDJB-MJHT"));
    assert_eq!((device.expires_at(), device.poll_at()), (at(1800), at(5)));
}

/// "If no value is provided, clients MUST use 5 as the default."
#[test]
fn the_interval_is_5_seconds_if_none_is_given_and_never_none_at_all() {
    for (interval, first) in [(Value::Null, 5), (json!(10), 10), (json!("10"), 10), (json!(2.5), 2), (json!(0), 1)] {
        let mut response = example();
        response["interval"] = interval;
        assert_eq!(device_of(response).unwrap().poll_at(), at(first));
    }
    let mut response = example();
    response.as_object_mut().unwrap().remove("interval");
    assert_eq!(device_of(response).unwrap().poll_at(), at(5));
}

// §3.3.1: "verification_uri_complete" is optional. What is shown is a page, and text.

#[test]
fn what_is_shown_to_a_person_is_a_page_and_text() {
    let with = |name: &str, value: &str| {
        let mut response = example();
        response[name] = json!(value);
        device_of(response)
    };
    assert!(with("verification_uri", "http://192.168.0.1/device").is_ok());
    assert!(with("user_code", "Pfad-\u{e4}\u{4e2d}").is_ok());
    for (name, value) in [
        ("verification_uri", "javascript:alert(1)"),
        ("verification_uri", "data:text/html,x"),
        ("verification_uri", "https:"),
        ("verification_uri", "https://a.example/\u{1b}]0;x\u{7}"),
        ("verification_uri_complete", "file:///etc/passwd"),
        ("user_code", "\u{1b}[2J"),
        ("user_code", "A\nB"),
        ("user_code", "\u{9b}2J"),
        ("user_code", "WDJB\u{200b}MJHT"),
        ("user_code", "\u{202e}THJM-BJDW"),
        ("user_code", "WDJB\u{e0041}"),
        ("verification_uri", "https://a.example/\u{2066}x"),
    ] {
        assert!(with(name, value).is_err(), "{name} {value:?}");
    }
}

// §3.4 Device Access Token Request

#[test]
fn the_token_request_is_that_of_the_rfc() {
    assert_eq!(
        written(&sent(&public_client().poll(&device(), canned::moment_at(at(5))))),
        "POST https://server.example/token\naccept: application/json\n\
         content-type: application/x-www-form-urlencoded\n\n\
         grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code\
         &device_code=GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS&client_id=s6BhdRkqt3"
    );
    assert!(
        sent(&confidential_client().poll(&device(), canned::moment_at(at(5)))).headers().contains_key("authorization")
    );
}

// §3.5 Device Access Token Response

/// "Before each new request, the client MUST wait at least the number of seconds specified by the "interval" parameter
/// of the device authorization response".
#[test]
fn nothing_is_sent_before_its_time() {
    for now in [at(0), at(4)] {
        let Step::Done(reply) = public_client().poll(&device(), canned::moment_at(now)) else {
            panic!("sent at {now}")
        };
        assert_eq!(still_pending(reply).poll_at(), at(5));
    }
    assert!(matches!(public_client().poll(&device(), canned::moment_at(at(5))), Step::Fetch(_)));
}

#[test]
fn while_the_person_thinks_it_goes_on_at_the_same_interval() {
    let mut device = device();
    for round in 1..=5 {
        device = still_pending(poll(&device, at(5 * round), &error("authorization_pending")));
        assert_eq!(device.poll_at(), at(5 * round + 5));
    }
    assert_eq!(device.expires_at(), at(1800));
}

/// "the interval MUST be increased by 5 seconds for this and all subsequent requests".
#[test]
fn slow_down_adds_5_seconds_now_and_later() {
    let device = still_pending(poll(&device(), at(5), &error("slow_down")));
    assert_eq!(device.poll_at(), at(15));
    let device = still_pending(poll(&device, at(15), &error("authorization_pending")));
    assert_eq!(device.poll_at(), at(25));
    let device = still_pending(poll(&device, at(25), &error("slow_down")));
    assert_eq!(device.poll_at(), at(40));
    // What was kept over a restart goes on from there.
    let kept: Device = serde_json::from_str(&serde_json::to_string(&device).unwrap()).unwrap();
    assert_eq!(still_pending(poll(&kept, at(40), &error("authorization_pending"))).poll_at(), at(55));
}

#[test]
fn the_end_is_told() {
    assert!(matches!(poll(&device(), at(5), &error("access_denied")), Ok(Polled::Denied)));
    assert!(matches!(poll(&device(), at(5), &error("expired_token")), Ok(Polled::Expired)));
    // Some servers say it with status 200, or 403.
    for status in [200, 403, 428] {
        let denied = canned::json(status, json!({"error": "access_denied"}));
        assert!(matches!(poll(&device(), at(5), &denied), Ok(Polled::Denied)));
        let waits = canned::json(status, json!({"error": "authorization_pending"}));
        assert_eq!(still_pending(poll(&device(), at(5), &waits)).poll_at(), at(10));
    }
}

#[test]
fn once_the_codes_have_ended_nothing_is_sent() {
    for now in [at(1800), at(1801), Timestamp(u64::MAX)] {
        assert!(
            matches!(public_client().poll(&device(), canned::moment_at(now)), Step::Done(Ok(Polled::Expired))),
            "{now}"
        );
    }
    assert!(matches!(public_client().poll(&device(), canned::moment_at(at(1799))), Step::Fetch(_)));
}

/// "If the client receives an error response with any other error code, it MUST stop polling and SHOULD react
/// accordingly".
#[test]
fn any_other_error_is_final() {
    for code in ["invalid_grant", "invalid_client", "unauthorized_client", "Slow_Down", "temporarily_unavailable"] {
        assert_eq!(poll(&device(), at(5), &error(code)).unwrap_err().code(), Some(code));
    }
    for answer in
        [canned::json(400, "{}"), canned::json(200, "{}"), response(200, "text/html", "<p>"), canned::json(302, "")]
    {
        assert!(poll(&device(), at(5), &answer).is_err());
    }
}

/// "On encountering a connection timeout, clients MUST unilaterally reduce their polling frequency before retrying. The
/// use of an exponential backoff algorithm to achieve this, such as doubling the polling interval on each such
/// connection timeout, is RECOMMENDED."
#[test]
fn on_a_timeout_it_goes_on_more_slowly() {
    for answer in [
        Err(Unavailable::new("timeout")),
        canned::json(500, ""),
        response(502, "text/html", "<p>"),
        canned::json(429, ""),
    ] {
        let mut device = device();
        for (now, next) in [(5, 15), (15, 35), (35, 75)] {
            let Ok(Polled::Retry(slower, _)) = poll(&device, at(now), &answer) else { panic!("no retry") };
            assert_eq!(slower.poll_at(), at(next));
            device = slower;
        }
    }
}

/// RFC 9110 §10.2.3: a server that says when it will be back is not asked before.
#[test]
fn retry_after_is_heeded() {
    let answers = [
        with_header(canned::json(503, ""), "retry-after", "120"),
        with_header(canned::json(429, ""), "retry-after", "120"),
        Err(Unavailable::new("full").with_retry_after(120)),
    ];
    for answer in answers {
        let Ok(Polled::Retry(device, _)) = poll(&device(), at(5), &answer) else { panic!("no retry") };
        assert_eq!(device.poll_at(), at(125));
        // Only this once: then it is the interval again.
        assert_eq!(still_pending(poll(&device, at(125), &error("authorization_pending"))).poll_at(), at(135));
    }
    let soon = with_header(canned::json(503, ""), "retry-after", "1");
    let Ok(Polled::Retry(device, _)) = poll(&device(), at(5), &soon) else { panic!("no retry") };
    assert_eq!(device.poll_at(), at(15));
}

#[test]
fn the_tokens_are_those_of_rfc_6749() {
    let body = json!({"access_token": "2Yotn", "token_type": "bearer", "expires_in": 3600, "refresh_token": "tGzv3"});
    let scope = Scope::parse("read").unwrap();
    let request = public_client();
    let request = request.authorize_device().scope(scope.clone());
    let device = answered(request.start(canned::moment_at(NOW)), &canned::json(200, example())).unwrap();
    let Ok(Polled::Tokens(tokens)) = poll(&device, at(7), &canned::json(200, body)) else { panic!("no tokens") };
    assert_eq!(tokens.authorization(), "Bearer 2Yotn");
    assert_eq!((tokens.scope(), tokens.expires_at()), (Some(&scope), Some(at(3607))));
}

/// The whole of it: a person who takes a while, at a server that counts.
#[test]
fn a_patient_client_is_never_too_quick() {
    let times = std::cell::RefCell::new(Vec::<u64>::new());
    let clock = std::cell::Cell::new(0);
    let http = HttpHost(|_: &Fetch| -> Answer<Fetch> {
        times.borrow_mut().push(clock.get());
        match times.borrow().len() {
            1 => error("authorization_pending"),
            2 => error("slow_down"),
            3 => Err(Unavailable::new("timeout")),
            4 => error("authorization_pending"),
            _ => canned::json(200, r#"{"access_token":"2Yotn","token_type":"Bearer"}"#),
        }
    });
    let (client, mut waiting): (Client, _) = (public_client(), device());
    let tokens = loop {
        match client.poll(&waiting, canned::moment_at(at(clock.get()))).run(&http).unwrap() {
            Polled::Pending(device) | Polled::Retry(device, _) => waiting = device,
            Polled::Tokens(tokens) => break tokens,
            other => panic!("{other:?}"),
        }
        clock.set(clock.get() + 1);
    };
    assert_eq!(tokens.authorization(), "Bearer 2Yotn");
    assert_eq!(times.into_inner(), [5, 10, 20, 40, 60]);
}

// §4 Discovery Metadata

#[test]
fn without_an_endpoint_there_is_no_grant() {
    let mut server = metadata();
    server.device_authorization_endpoint = None;
    let client = public_at(server);
    let Step::Done(Err(RequestError::NoEndpoint(name))) = client.authorize_device().start(canned::moment_at(NOW))
    else {
        panic!("sent")
    };
    assert_eq!(name, "device_authorization_endpoint");
}
