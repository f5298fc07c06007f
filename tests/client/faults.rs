//! Whatever a server answers, each machine ends in the documented error, and no error shows a secret.

use grantor::client::{
    AuthorizationRequest, Client, DiscoverError, DiscoverResourceError, Polled, RequestError, discover,
    discover_resource,
};
use grantor::model::{GrantType, Issuer, Secret};
use grantor::{Answer, Fetch, Moment, Timestamp, Unavailable};

use crate::canned::*;
use crate::common::{ASSERTION, CALLBACK, Counter, redirect_uri, resource};

/// A machine given an answer: what it ends in, as `Debug` has it, or the error.
type Run = fn(&Answer<Fetch>) -> Result<String, RequestError>;

const NOW: Timestamp = Timestamp(1_000_000);

/// Every machine whose reply is in the response.
const READERS: [(&str, Run); 10] = [
    ("discover", |answer| match answered(discover(&Issuer::parse("https://server.example").unwrap()), answer) {
        Ok(metadata) => Ok(format!("{metadata:?}")),
        Err(DiscoverError::Request(error)) => Err(error),
        Err(other) => Ok(other.to_string()),
    }),
    ("authorization_code", |answer| {
        let client = confidential_client();
        let moment = Moment::new(NOW, &mut Counter(0));
        let (_, pending) = client.begin(AuthorizationRequest::new(redirect_uri(CALLBACK)), moment).unwrap();
        let query = format!("code=SplxlOBe&iss=https://server.example&state={}", pending.state());
        let request = client.callback(pending, &query).unwrap();
        shown(answered(request.start(crate::canned::moment_at(NOW)), answer))
    }),
    ("client_credentials", |answer| {
        shown(answered(confidential_client().client_credentials().start(crate::canned::moment_at(NOW)), answer))
    }),
    ("password", |answer| {
        shown(answered(
            confidential_client().password("johndoe", &secret()).start(crate::canned::moment_at(NOW)),
            answer,
        ))
    }),
    ("refresh_token", |answer| {
        shown(answered(confidential_client().refresh(&secret()).start(crate::canned::moment_at(NOW)), answer))
    }),
    ("extension", |answer| {
        let grant_type = GrantType::parse(ASSERTION).unwrap();
        shown(answered(confidential_client().extension(&grant_type).start(crate::canned::moment_at(NOW)), answer))
    }),
    ("poll", |answer| {
        match answered(
            confidential_client().poll(&device(&confidential_client()), crate::canned::moment_at(Timestamp(NOW.0 + 5))),
            answer,
        ) {
            Ok(Polled::Retry(_, error)) => Err(error),
            other => shown(other),
        }
    }),
    ("authorize_device", |answer| {
        shown(answered(confidential_client().authorize_device().start(crate::canned::moment_at(NOW)), answer))
    }),
    ("introspect", |answer| {
        shown(answered(
            confidential_client().introspect(&secret(), None, crate::canned::moment_at(grantor::Timestamp(0))),
            answer,
        ))
    }),
    ("discover_resource", |answer| match answered(discover_resource(&resource("https://api.example"), None), answer) {
        Ok(metadata) => Ok(format!("{metadata:?}")),
        Err(DiscoverResourceError::Request(error)) => Err(error),
        Err(other) => Ok(other.to_string()),
    }),
];

/// The machines of the table that end in a token set.
const TOKEN_MACHINES: std::ops::RangeInclusive<usize> = 1..=6;

const REVOKE: Run = |answer| {
    shown(answered(
        confidential_client().revoke(&secret(), None, crate::canned::moment_at(grantor::Timestamp(0))),
        answer,
    ))
};

fn shown<T: std::fmt::Debug>(reply: Result<T, RequestError>) -> Result<String, RequestError> {
    reply.map(|value| format!("{value:?}"))
}

fn secret() -> Secret<'static> {
    Secret::new("s3cr3t")
}

fn device(client: &Client) -> grantor::client::Device {
    let answer = json(
        200,
        r#"{"device_code":"s3cr3t","user_code":"WDJB","verification_uri":"https://server.example/d","expires_in":60}"#,
    );
    answered(client.authorize_device().start(crate::canned::moment_at(NOW)), &answer).unwrap()
}

/// The kind of an outcome, in a few words. On the way, nothing of it may show a secret.
fn kind(reply: &Result<String, RequestError>) -> String {
    let everything = match reply {
        Ok(text) => text.clone(),
        Err(error) => format!("{error} {error:?} {error:#?}"),
    };
    for secret in ["s3cr3t", "2YotnFZFEjr1zCsicMWpAA", "tGzv3JOkF0", CLIENT_SECRET] {
        assert!(!everything.contains(secret), "{everything}");
    }
    assert!(!everything.contains(|c: char| c.is_control() && c != '\n'), "{everything:?}");
    assert!(everything.len() < 8_000, "{everything}");
    match reply {
        Ok(_) => "ok".to_owned(),
        Err(RequestError::Unavailable(_)) => "unavailable".to_owned(),
        Err(RequestError::Refused(refusal)) => format!("{} {}", refusal.error, refusal.status.as_u16()),
        Err(RequestError::Unusable { fault, status, .. }) => format!("{fault:?} {}", status.as_u16()),
        Err(other) => format!("{other:?}"),
    }
}

fn html(status: u16) -> Answer<Fetch> {
    response(status, "text/html", "<html><title>Oops</title><input value=\"s3cr3t\">2YotnFZFEjr1zCsicMWpAA</html>")
}

fn to(status: u16, location: &'static str) -> Answer<Fetch> {
    with_header(json(status, r#"{"access_token":"s3cr3t"}"#), "location", location)
}

#[test]
fn a_response_that_cannot_be_used_ends_in_its_error() {
    let token = r#"{"access_token":"s3cr3t","token_type":"Bearer"}"#;
    let oversized = format!("{token}{}", " ".repeat(Fetch::MAX_RESPONSE_LEN));
    #[rustfmt::skip]
    let table = [
        // The answer; what every machine makes of it that reads the response; what revocation does, which reads the
        // status.
        ("a redirect",             to(302, "https://evil.example/?code=s3cr3t"),                 "Redirect 302",        "Redirect 302"),
        ("one that repeats",       to(307, "https://evil.example/"),                             "Redirect 307",        "Redirect 307"),
        ("one to nowhere",         json(300, "{}"),                                              "Redirect 300",        "Redirect 300"),
        ("not modified",           json(304, ""),                                                "Redirect 304",        "Redirect 304"),
        ("oversized",              json(200, oversized),                                         "TooLong 200",         "TooLong 200"),
        ("cut short",              json(200, r#"{"access_token":"s3cr3t","tok"#),                "Truncated 200",       "ok"),
        ("cut within the secret",  json(200, r#"{"access_token":"s3cr3t"#),                      "Truncated 200",       "ok"),
        ("less than announced",    with_header(json(200, r#"{"access_token":"#), "content-length", "1000"), "Truncated 200", "ok"),
        ("a page",                 html(200),                                                    "NotJson 200",         "ok"),
        ("a page of a proxy",      html(502),                                                    "Status 502",          "Status 502"),
        ("a page that says no",    html(400),                                                    "Status 400",          "Status 400"),
        ("empty",                  json(200, ""),                                                "Truncated 200",       "ok"),
        ("no content",             json(204, ""),                                                "Truncated 204",       "ok"),
        ("spaces",                 json(200, " \r\n"),                                           "Truncated 200",       "ok"),
        ("a form",                 json(200, "access_token=s3cr3t&token_type=bearer"),           "NotJson 200",         "ok"),
        ("more than one value",    json(200, format!("{token}{token}")),                         "NotJson 200",         "ok"),
        ("an array",               json(200, r#"["s3cr3t","Bearer",3600,"s3cr3t"]"#),            "Malformed 200",       "ok"),
        ("null",                   json(200, "null"),                                            "Malformed 200",       "ok"),
        ("a string",               json(200, r#""s3cr3t""#),                                     "Malformed 200",       "ok"),
        ("a number",               json(200, "5"),                                               "Malformed 200",       "ok"),
        ("not UTF-8",              response(200, "application/json", b"{\"access_token\":\"\xFF\xFEs3cr3t\"}"), "NotJson 200", "ok"),
        ("cut within a character", response(200, "application/json", b"{\"access_token\":\"s3cr3t\xE2\x82"), "Truncated 200", "ok"),
        ("UTF-16",                 response(200, "application/json", b"\xFF\xFE{\0}\0"),         "NotJson 200",         "ok"),
        ("a JWT",                  response(200, "application/jwt", "eyJhbGciOiJub25lIn0.2YotnFZFEjr1zCsicMWpAA."), "NotJson 200", "ok"),
        ("JSON as another thing",  response(200, "text/html", token),                            "NotJson 200",         "ok"),
        ("500 without a body",     json(500, ""),                                                "Status 500",          "Status 500"),
        ("503",                    with_header(html(503), "retry-after", "120"),                 "Status 503",          "Status 503"),
        ("429",                    with_header(json(429, "{}"), "retry-after", "120"),           "Status 429",          "Status 429"),
        ("a token that failed",    json(400, token),                                             "Status 400",          "Status 400"),
        ("401",                    json(401, r#"{"error":"invalid_client"}"#),                   "invalid_client 401",  "invalid_client 401"),
        ("400",                    json(400, r#"{"error":"invalid_request"}"#),                  "invalid_request 400", "invalid_request 400"),
        ("503 in OAuth's words",   json(503, r#"{"error":"temporarily_unavailable"}"#),          "temporarily_unavailable 503", "temporarily_unavailable 503"),
        ("no and yes at once",     json(200, r#"{"error":"no","access_token":"s3cr3t","active":true}"#), "no 200",      "no 200"),
        ("an array that says no",  json(400, r#"["invalid_grant"]"#),                            "Status 400",          "Status 400"),
        ("no, twice",              json(400, r#"{"error":"a","error":"b"}"#),                    "Status 400",          "Status 400"),
        ("no, twice, as yes",      json(200, r#"{"error":"a","error":"b","access_token":"s3cr3t"}"#), "Malformed 200",  "ok"),
        ("a text that is none",    json(400, r#"{"error":"no","error_description":["s3cr3t"],"error_uri":7}"#), "no 400", "no 400"),
        ("a code that is none",    json(400, r#"{"error":{"message":"s3cr3t"}}"#),               "Status 400",          "Status 400"),
        ("an empty code",          json(400, r#"{"error":"","access_token":"s3cr3t"}"#),         "Status 400",          "Status 400"),
        ("a text with controls",   json(400, r#"{"error":"n\u001b[31mo\n","error_description":"a\u0000b\r\nc"}"#), "n[31mo 400", "n[31mo 400"),
        ("a huge text",            json(400, format!(r#"{{"error":"no","error_description":"{}"}}"#, "é".repeat(100_000))), "no 400", "no 400"),
        ("no response",            Err(Unavailable::new("connection refused")),                  "unavailable",         "unavailable"),
    ];
    for (name, answer, read, revoked) in table {
        for (machine, run) in READERS {
            assert_eq!(kind(&run(&answer)), read, "{name}, {machine}");
        }
        assert_eq!(kind(&REVOKE(&answer)), revoked, "{name}, revoke");
    }
}

#[test]
fn a_member_that_is_not_as_it_should_be_ends_in_its_error() {
    #[rustfmt::skip]
    let table: [(std::ops::RangeInclusive<usize>, &str, &[&str]); _] = [
        (TOKEN_MACHINES, r#"Missing("access_token") 200"#, &[
            "{}",
            r#"{"token_type":"Bearer","refresh_token":"s3cr3t"}"#,
            r#"{"access_token":"","token_type":"Bearer"}"#,
            r#"{"access_token":null,"token_type":"Bearer"}"#,
            r#"{"Access_Token":"s3cr3t","token_type":"Bearer"}"#,
            r#"{"error":{"message":"s3cr3t"}}"#,
        ]),
        (TOKEN_MACHINES, "TokenType 200", &[
            r#"{"access_token":"s3cr3t","token_type":"mac"}"#,
            r#"{"access_token":"s3cr3t","token_type":"DPoP"}"#,
            r#"{"access_token":"s3cr3t","token_type":""}"#,
            r#"{"access_token":"s3cr3t","token_type":"Bearer","token_type":"DPoP"}"#,
        ]),
        (TOKEN_MACHINES, "Malformed 200", &[
            r#"{"access_token":["s3cr3t"]}"#,
            r#"{"access_token":{"s":"s3cr3t"}}"#,
            r#"{"access_token":true}"#,
            r#"{"access_token":"s3cr3t\n"}"#,
            r#"{"access_token":"s3cr3t\u00e9"}"#,
            r#"{"access_token":"s3cr3t","access_token":"s3cr3t"}"#,
        ]),
        (0..=0, r#"Missing("issuer") 200"#, &["{}", r#"{"issuer":null}"#]),
        (0..=0, "Malformed 200", &[
            r#"{"issuer":1}"#,
            r#"{"issuer":"https://server.example","issuer":"https://server.example"}"#,
        ]),
        (0..=0, r#"Unreadable("token_endpoint") 200"#, &[
            r#"{"issuer":"https://server.example","token_endpoint":"http://server.example/token"}"#,
            r#"{"issuer":"https://server.example","token_endpoint":"http://127.0.0.1/token"}"#,
            r#"{"issuer":"https://server.example","token_endpoint":"/token"}"#,
            r#"{"issuer":"https://server.example","token_endpoint":"https://a.example","token_endpoint":"https://b.example"}"#,
            r#"{"issuer":"https://server.example","token_endpoint":false}"#,
            r#"{"issuer":"https://server.example","token_endpoint":["https://server.example/token"]}"#,
        ]),
        (7..=7, r#"Missing("expires_in") 200"#, &[
            "{}",
            r#"{"device_code":"s3cr3t","user_code":"W","verification_uri":"https://server.example"}"#,
        ]),
        (7..=7, r#"Missing("device_code") 200"#, &[r#"{"expires_in":60,"user_code":"W","verification_uri":"https://a.example"}"#]),
        (7..=7, r#"Missing("user_code") 200"#, &[r#"{"expires_in":60,"device_code":"s3cr3t","verification_uri":"https://a.example"}"#]),
        (7..=7, r#"Missing("verification_uri") 200"#, &[r#"{"expires_in":60,"device_code":"s3cr3t","user_code":"W"}"#]),
        (7..=7, "Malformed 200", &[
            r#"{"expires_in":60,"device_code":"s3cr3t","user_code":"","verification_uri":"https://a.example"}"#,
            r#"{"expires_in":60,"device_code":"s3cr3t","user_code":"W\u001b[2J","verification_uri":"https://a.example"}"#,
            r#"{"expires_in":60,"device_code":"s3cr3t\n","user_code":"W","verification_uri":"https://a.example"}"#,
            r#"{"expires_in":60,"device_code":"s3cr3t","user_code":"W","verification_uri":"javascript:alert(1)"}"#,
            r#"{"expires_in":60,"device_code":"s3cr3t","user_code":"W","verification_uri":"file:///etc/passwd"}"#,
            r#"{"expires_in":60,"device_code":"s3cr3t","user_code":"W","verification_uri":"a.example"}"#,
            r#"{"expires_in":60,"device_code":"s3cr3t","user_code":"W","verification_uri":"https://a.example","verification_uri_complete":"javascript:1"}"#,
            r#"{"expires_in":60,"device_code":"s3cr3t","user_code":"W","user_code":"X","verification_uri":"https://a.example"}"#,
        ]),
        (9..=9, r#"Missing("resource") 200"#, &["{}", r#"{"resource":null}"#]),
        (9..=9, "Malformed 200", &[
            r#"{"resource":7}"#,
            r#"{"resource":"https://api.example","resource":"https://api.example"}"#,
        ]),
        (9..=9, r#"Unreadable("resource") 200"#, &[
            r#"{"resource":"/photos"}"#,
            r#"{"resource":"https://api.example#s3cr3t"}"#,
        ]),
        // Where it names servers, a client goes to no other.
        (9..=9, r#"Unreadable("authorization_servers") 200"#, &[
            r#"{"resource":"https://api.example","authorization_servers":"https://server.example"}"#,
            r#"{"resource":"https://api.example","authorization_servers":["http://server.example"]}"#,
            r#"{"resource":"https://api.example","authorization_servers":["http://localhost",7,null]}"#,
        ]),
        (8..=8, r#"Missing("active") 200"#, &["{}", r#"{"active":null}"#, r#"{"scope":"s3cr3t"}"#]),
        (8..=8, "Malformed 200", &[
            r#"{"active":"true"}"#,
            r#"{"active":1}"#,
            r#"{"active":false,"active":true}"#,
            r#"{"active":true,"exp":"s3cr3t"}"#,
            r#"{"active":true,"aud":7}"#,
            r#"{"active":true,"nbf":[]}"#,
            r#"{"active":true,"scope":7}"#,
            r#"{"active":true,"token_type":7}"#,
            // RFC 8259 §4: "When the names within an object are not unique, the behavior [...] is unpredictable."
            r#"{"active":true,"sub":"a","sub":"b"}"#,
            r#"{"active":true,"tenant":"a","tenant":"b"}"#,
            r#"{"active":true,"tenant":"a","t\u0065nant":"a"}"#,
        ]),
    ];
    for (machines, expected, bodies) in table {
        for ((machine, run), body) in
            READERS[machines].iter().flat_map(|run| bodies.iter().map(move |body| (run, body)))
        {
            assert_eq!(kind(&run(&json(200, body))), expected, "{machine}: {body}");
        }
    }
}

#[test]
fn what_is_just_short_enough_is_read() {
    let mut body = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA"}"#.to_owned();
    body.push_str(&" ".repeat(Fetch::MAX_RESPONSE_LEN - body.len()));
    assert!(
        answered(confidential_client().client_credentials().start(crate::canned::moment_at(NOW)), &json(200, body))
            .is_ok()
    );
}

#[test]
fn an_error_says_when_to_ask_again() {
    let cases = [
        (with_header(html(503), "retry-after", "120"), Some(120)),
        (with_header(json(429, r#"{"error":"slow"}"#), "retry-after", " 7 "), Some(7)),
        (with_header(html(503), "retry-after", "-1"), None),
        (Err(Unavailable::new("full").with_retry_after(9)), Some(9)),
        (html(503), None),
    ];
    for (answer, seconds) in cases {
        let error = answered(confidential_client().client_credentials().start(crate::canned::moment_at(NOW)), &answer)
            .unwrap_err();
        assert_eq!(error.retry_after(), seconds, "{error}");
    }
}

#[test]
fn an_error_says_what_came_back() {
    let cases = [
        (
            html(502),
            "the response is a failure (status 502 Bad Gateway): <html><title>Oops</title><input value=\"…\">…</html>",
        ),
        (
            to(302, "https://login.microsoftonline.example/common/login?code=s3cr3t"),
            "the response is a redirect (status 302 Found): https://login.microsoftonline.example/common/login?code=…",
        ),
        (to(307, "/other/place"), "the response is a redirect (status 307 Temporary Redirect): /other/place"),
        (
            json(200, r#"{"token":"s3cr3t","expires_in":60}"#),
            r#"the response has no access_token (status 200 OK): {"token":"…","expires_in":60}"#,
        ),
        (
            json(400, r#"{"error":"invalid_grant","error_description":"too late","error_uri":"https://e.example/1"}"#),
            "the server refused: invalid_grant: too late (https://e.example/1)",
        ),
        (Err(Unavailable::new("connection refused")), "unavailable: connection refused"),
    ];
    for (answer, text) in cases {
        let error = answered(confidential_client().client_credentials().start(crate::canned::moment_at(NOW)), &answer)
            .unwrap_err();
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn the_texts_of_an_error_are_bounded_and_printable() {
    let long = "é".repeat(100_000);
    let body = serde_json::json!({"error": "n\u{202e}o\n", "error_description": long, "error_uri": "a\u{1b}b\r\nc"});
    match answered(confidential_client().client_credentials().start(crate::canned::moment_at(NOW)), &json(400, body)) {
        Err(RequestError::Refused(refusal)) => {
            assert_eq!(refusal.error, "no");
            assert_eq!(refusal.error_description.unwrap(), "é".repeat(500));
            assert_eq!(refusal.error_uri.unwrap(), "a b c");
        }
        other => panic!("{other:?}"),
    }
}

/// Some servers repeat what they were sent.
#[test]
fn a_token_in_the_text_of_an_error_is_left_out() {
    let token = "tGzv3JOkF0XG5Qx2TlKWIA";
    let body = serde_json::json!({
        "error": "unmet_authentication_requirements",
        "error_description": format!("no such refresh token: {token}, or not yours"),
        "error_uri": format!("https://e.example/why?token={token}"),
    });
    let error =
        answered(confidential_client().client_credentials().start(crate::canned::moment_at(NOW)), &json(400, body))
            .unwrap_err();
    let told = "the server refused: unmet_authentication_requirements: no such refresh token: …, or not yours";
    assert_eq!(error.to_string(), format!("{told} (https://e.example/why?token=…)"));
    assert!(!format!("{error:?}").contains(token));
}

#[test]
fn without_an_endpoint_nothing_is_sent() {
    let nowhere = || public_at(grantor::model::Metadata::new(metadata().issuer));
    let asked = |_: &Fetch| -> Answer<Fetch> { panic!("something was sent") };
    let http = grantor::HttpHost(asked);
    let name = |error: RequestError| match error {
        RequestError::NoEndpoint(name) => name,
        other => panic!("{other}"),
    };
    let client = nowhere();
    assert_eq!(
        name(client.client_credentials().start(crate::canned::moment_at(NOW)).run(&http).unwrap_err()),
        "token_endpoint"
    );
    assert_eq!(
        name(client.authorize_device().start(crate::canned::moment_at(NOW)).run(&http).unwrap_err()),
        "device_authorization_endpoint"
    );
    assert_eq!(
        name(client.revoke(&secret(), None, crate::canned::moment_at(grantor::Timestamp(0))).run(&http).unwrap_err()),
        "revocation_endpoint"
    );
    assert_eq!(
        name(
            client.introspect(&secret(), None, crate::canned::moment_at(grantor::Timestamp(0))).run(&http).unwrap_err()
        ),
        "introspection_endpoint"
    );
    let waiting = device(&confidential_client());
    assert_eq!(
        name(client.poll(&waiting, crate::canned::moment_at(Timestamp(NOW.0 + 5))).run(&http).unwrap_err()),
        "token_endpoint"
    );
}

/// Sound responses with a few bytes changed, cut or doubled, from a loop with a seed: none of it makes a machine panic,
/// and no error shows a whole token.
#[test]
fn whatever_the_bytes_nothing_panics_and_no_token_shows() {
    use rand_core::Rng as _;
    let samples = [
        r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":3600,"scope":["a","b"]}"#,
        r#"{"device_code":"2YotnFZFEjr1zCsicMWpAA","user_code":"W","verification_uri":"https://a.example","expires_in":60}"#,
        r#"{"error":"invalid_grant","error_description":"\u00e9 too late","x":"2YotnFZFEjr1zCsicMWpAA"}"#,
        r#"{"active":true,"sub":"2YotnFZFEjr1zCsicMWpAA","exp":"7","aud":["x"]}"#,
        r#"{"issuer":"https://server.example","token_endpoint":"https://server.example/2YotnFZFEjr1zCsicMWpAA"}"#,
        "access_token=2YotnFZFEjr1zCsicMWpAA&token_type=bearer",
        "<a href='https://a.example/?access_token=2YotnFZFEjr1zCsicMWpAA'>here</a>",
    ];
    let mut random = Counter(7);
    let mut draw = |below: usize| (random.next_u64() >> 16) as usize % below;
    for round in 0..1000 {
        let mut body = samples[round % samples.len()].as_bytes().to_vec();
        for _ in 0..1 + draw(3) {
            let at = draw(body.len().max(1)).min(body.len());
            match draw(4) {
                0 => body.truncate(at.max(1)),
                1 => body.insert(at, b"\"\\{}[],:=&\x00\xFF "[draw(13)]),
                2 => body.extend_from_within(at..),
                _ => body[at.min(draw(8))] = draw(256) as u8,
            }
        }
        let answer = response([200, 200, 400, 503][draw(4)], "application/json", body);
        for (machine, run) in READERS {
            if let Err(error) = run(&answer) {
                let shown = format!("{error} {error:?}");
                assert!(!shown.contains("2YotnFZFEjr1zCsicMWpAA"), "{machine}: {shown}");
            }
        }
    }
}
