//! Servers that do not say it as RFC 6749 has it: errors in shapes of their own, prose that cannot be read beside a
//! code that can, tokens in forms. What is for people never hides what decides.

use grantor::client::{AuthorizationRequest, CallbackError, Device, Polled, RequestError, TokenSet};
use grantor::{Answer, Fetch, Timestamp};

use crate::canned::{self, *};
use crate::common::*;

fn token(answer: &Answer<Fetch>) -> Result<TokenSet, RequestError> {
    answered(confidential_client().client_credentials().start(canned::moment_at(Timestamp(NOW))), answer)
}

fn device() -> Device {
    let answer = r#"{"device_code":"d","user_code":"ABCD","verification_uri":"https://a.example","expires_in":1800}"#;
    let answer = canned::json(200, answer);
    answered(confidential_client().authorize_device().start(canned::moment_at(Timestamp(NOW))), &answer).unwrap()
}

fn poll(answer: &Answer<Fetch>) -> Result<Polled, RequestError> {
    answered(confidential_client().poll(&device(), canned::moment_at(Timestamp(NOW + 5))), answer)
}

// RFC 6749 §5.2: "error_description" and "error_uri" are OPTIONAL.

#[test]
fn prose_in_a_body_does_not_hide_the_code() {
    let prose: [&[u8]; _] = [
        br#""error_description":"Acc\u00e8s refus\u00e9""#,
        b"\"error_description\":\"Acc\xE8s refus\xE9\"",
        b"\"error_uri\":\"\xFF\"",
        b"\"x\xFF\":\"\xFE\"",
        br#""error_description":"a","error_description":"b""#,
        br#""error_uri":"https://a.example","error_uri":7"#,
        br#""error_description":"\ud800""#,
        br#""error_description":{"de":["nein"]}"#,
        br#""error_uri":false,"error_description":null"#,
        br#""error_description":1e999,"x":1,"x":2"#,
    ];
    for text in prose {
        for [before, after] in [["{", r#","error":"invalid_grant"}"#], [r#"{"error":"invalid_grant","#, "}"]] {
            let body = [before.as_bytes(), text, after.as_bytes()].concat();
            for media_type in
                ["application/json", "application/json; charset=ISO-8859-1", "text/html", "application/xml"]
            {
                let error = token(&response(400, media_type, body.clone())).unwrap_err();
                assert_eq!(error.code(), Some("invalid_grant"), "{}", String::from_utf8_lossy(&body));
            }
        }
    }
    let deep = format!(r#"{{"x":{}{},"error":"invalid_grant"}}"#, "[".repeat(1000), "]".repeat(1000));
    assert_eq!(token(&canned::json(400, deep)).unwrap_err().code(), Some("invalid_grant"));
    // What decides is not guessed.
    for code in [r#""error":"a_b","error":"c_d""#, r#""error":7"#, r#""error":["a_b"]"#] {
        assert_eq!(token(&canned::json(400, format!("{{{code}}}"))).unwrap_err().code(), None, "{code}");
    }
}

// RFC 6749 §4.1.2.1, §4.2.2.1.

#[test]
fn prose_in_a_callback_does_not_hide_the_code() {
    let client = public_client();
    let request = || AuthorizationRequest::new(redirect_uri(CALLBACK));
    let moment = || canned::moment_at(Timestamp(NOW));
    let prose = [
        "error_description=Acc%E8s+refus%E9",
        "error_description=a&error_description=b",
        "error_uri=%FF",
        "error_uri=https://a.example&error_uri=https://b.example",
        "error_description=%ED%A0%80&error_uri=",
        "error_description=%D0%97%D0%B0",
        "%FF=%FF&scope=a&scope=b&code=%FF&code=x",
        "error_description=%E9&error_description=%E9&error_uri=%E9",
    ];
    for text in prose {
        let (_, pending) = client.begin(request(), moment()).unwrap();
        let query = format!("error=access_denied&{text}&iss=https://server.example&state={}", pending.state());
        let refused = client.callback(pending, &query).unwrap_err();
        assert!(matches!(&refused, CallbackError::Refused(it) if it.error == "access_denied"), "{text}: {refused:?}");
        let (_, pending) = client.begin_implicit(request(), moment()).unwrap();
        let fragment = format!("{text}&state={}&error=access_denied&iss=https://server.example", pending.state());
        let refused = client.callback_implicit(pending, &fragment, Timestamp(NOW)).unwrap_err();
        assert!(matches!(&refused, CallbackError::Refused(it) if it.error == "access_denied"), "{text}: {refused:?}");
    }
    // What decides is not guessed.
    for (text, what) in [("error=a&error=b", "error"), ("error=%FF", "error"), ("code=a&code=b", "code")] {
        let (_, pending) = client.begin(request(), moment()).unwrap();
        let query = format!("{text}&iss=https://server.example&state={}", pending.state());
        assert!(matches!(client.callback(pending, &query), Err(CallbackError::Form(_))), "{what}");
    }
}

#[test]
fn a_token_in_a_fragment_is_not_lost_for_what_is_said_about_it() {
    let client = public_client();
    let cases: [(&str, &[&str]); _] = [
        ("expires_in=1&expires_in=2", &["expires_in"]),
        ("expires_in=%FF", &["expires_in"]),
        ("scope=%E9", &["scope"]),
        ("scope=a&scope=b&expires_in=soon", &["expires_in", "scope"]),
        ("name=%E9&name=x", &[]),
    ];
    for (text, unreadable) in cases {
        let request = AuthorizationRequest::new(redirect_uri(CALLBACK)).scope(scope("read"));
        let (_, pending) = client.begin_implicit(request, canned::moment_at(Timestamp(NOW))).unwrap();
        let state = pending.state();
        // A location's hash begins with its sign.
        let fragment = format!("#access_token=2Yotn&token_type=bearer&{text}&iss=https://server.example&state={state}");
        let tokens = client.callback_implicit(pending, &fragment, Timestamp(NOW)).unwrap();
        assert_eq!(tokens.unreadable(), unreadable, "{text}");
        assert_eq!(tokens.scope().is_some(), !unreadable.contains(&"scope"));
    }
}

#[test]
fn a_query_may_have_its_question_mark() {
    let client = public_client();
    for mark in ["", "?"] {
        let request = AuthorizationRequest::new(redirect_uri(CALLBACK));
        let (_, pending) = client.begin(request, canned::moment_at(Timestamp(NOW))).unwrap();
        let query = format!("{mark}code=abc&iss=https://server.example&state={}", pending.state());
        assert!(client.callback(pending, &query).is_ok(), "{mark}");
    }
}

// Errors in other shapes.

/// The status and body; the code that comes through, and a text of it.
#[rustfmt::skip]
const SHAPES: [(u16, &str, Option<&str>, &str); 28] = [
    // Facebook, Google, OpenAI
    (400, r#"{"error":{"message":"This authorization code has been used.","type":"OAuthException","code":100,"fbtrace_id":"ASQD20TV65c"}}"#, Some("OAuthException"), "This authorization code has been used."),
    (400, r#"{"error":{"code":400,"message":"Request contains an invalid argument.","status":"INVALID_ARGUMENT"}}"#, Some("INVALID_ARGUMENT"), "Request contains an invalid argument."),
    (401, r#"{"error":{"message":"Your refresh token has already been used.","type":"invalid_request_error","param":null,"code":"refresh_token_reused"}}"#, Some("refresh_token_reused"), "has already been used"),
    (400, r#"{"error":{"code":17,"message":"no such thing"}}"#, Some("17"), "no such thing"),
    (400, r#"{"type":"error","error":{"type":"invalid_grant","message":"it is over"}}"#, Some("invalid_grant"), "it is over"),
    (400, r#"{"error":{"errorId":"INVALID_REFRESH_TOKEN","localizedMessage":"c'est fini"}}"#, Some("invalid_refresh_token"), "c'est fini"),
    // Fitbit
    (400, r#"{"errors":[{"errorType":"invalid_grant","message":"Refresh token invalid: say it again"}],"success":false}"#, Some("invalid_grant"), "say it again"),
    // Twitch
    (400, r#"{"status":400,"message":"Invalid refresh token"}"#, Some("invalid_refresh_token"), "Invalid refresh token"),
    (400, r#"{"error":"Bad Request","status":400,"message":"Invalid refresh token"}"#, Some("invalid_refresh_token"), "Invalid refresh token"),
    (400, r#"{"status":400,"message":"missing client id"}"#, None, "missing client id"),
    (403, r#"{"status":403,"message":"invalid client secret"}"#, Some("invalid_client_secret"), "invalid client secret"),
    // HubSpot
    (400, r#"{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token","correlationId":"d6f"}"#, Some("bad_refresh_token"), "missing or invalid refresh token"),
    // WeChat
    (200, r#"{"errcode":40029,"errmsg":"invalid code"}"#, Some("40029"), "invalid code"),
    (200, r#"{"errcode":"40029","errmsg":"invalid code"}"#, Some("40029"), "invalid code"),
    // A framework
    (404, r#"{"timestamp":"2026-01-01","status":404,"error":"Not Found","message":"No static resource token.","path":"/token"}"#, Some("Not Found"), "No static resource token."),
    (401, r#"{"message":"Unauthorized","error":401}"#, None, "401"),
    (422, r#"{"detail":"Field required: client_id"}"#, None, "Field required: client_id"),
    (401, r#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"The client is not known."}"#, None, "The client is not known."),
    (401, r#"{"code":401,"message":"You are not known here"}"#, Some("401"), "You are not known here"),
    // A firewall, which knows nothing of tokens
    (403, r#"{"message":"Access Denied"}"#, None, "Access Denied"),
    (403, r#"{"error":"Forbidden","error_description":"access denied"}"#, Some("Forbidden"), "access denied"),
    // GitHub and Slack, with status 200
    (200, r#"{"error":"bad_verification_code","error_description":"The code passed is incorrect or expired."}"#, Some("bad_verification_code"), "incorrect or expired"),
    (200, r#"{"ok":false,"error":"invalid_code"}"#, Some("invalid_code"), "invalid_code"),
    // Nobody's, with nothing to show
    (400, r#"{"error":{"message":"s3cr3t"}}"#, None, r#"{"error":{"message":"…"}}"#),
    (400, r#"{"message":"s3cr3t"}"#, None, r#"{"message":"…"}"#),
    (400, r#"{"code":"s3cr3t"}"#, None, r#"{"code":"…"}"#),
    (400, r#"{"errors":["s3cr3t"]}"#, None, r#"{"errors":["…"]}"#),
    (400, r#"{"status":"s3cr3t","reason":{"x":"s3cr3t"}}"#, None, r#""status":"…""#),
];

#[test]
fn what_a_server_says_in_its_own_shape_comes_through() {
    for (status, body, code, text) in SHAPES {
        for media_type in ["application/json", "text/plain", "text/html; charset=utf-8"] {
            let error = token(&response(status, media_type, body)).unwrap_err();
            assert_eq!(error.code(), code, "{body}");
            assert!(error.to_string().contains(text), "{body}: {error}");
            assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error}");
        }
    }
}

/// What may be a token is left out, wherever it stands.
#[test]
fn a_secret_in_a_shape_of_its_own_is_left_out() {
    let secret = "tGzv3JOkF0XG5Qx2TlKWIA";
    let shapes = [
        r#"{"error":{"message":"no such token: S","type":"S","code":"S"}}"#,
        r#"{"errors":[{"errorType":"S","message":"S is over"}]}"#,
        r#"{"status":400,"message":"S is not known"}"#,
        r#"{"status":"S","message":"S"}"#,
        r#"{"errcode":"S","errmsg":"S it is"}"#,
        r#"{"error":"Bad Request","message":"it was S"}"#,
        "error=S&error_description=S+S",
    ];
    for shape in shapes {
        for media_type in ["application/json", "application/x-www-form-urlencoded", "text/html"] {
            for status in [200, 400] {
                let error = token(&response(status, media_type, shape.replace('S', secret))).unwrap_err();
                assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
            }
        }
    }
}

/// A success is none for what it says beside its tokens.
#[test]
fn a_success_with_words_of_failure_in_it_is_one() {
    for further in [
        r#""error":0,"errcode":0"#,
        r#""error":"","errmsg":"ok","errcode":0"#,
        r#""error":null,"message":"Invalid refresh token""#,
        r#""error":{},"errors":[],"status":"ok","code":200"#,
        r#""error":false,"type":"invalid_grant","msg":"slow_down""#,
        r#""errcode":40029"#,
        r#""errors":[{"code":"deprecated_scope","message":"one of them"}]"#,
    ] {
        let body = format!(r#"{{"access_token":"x",{further}}}"#);
        assert!(token(&canned::json(200, body)).is_ok(), "{further}");
    }
}

// RFC 8628 §3.5.

#[test]
fn a_poll_understands_what_large_providers_say() {
    let pending = [
        (400, r#"{"error":"authorization_pending"}"#),
        (200, r#"{"error":"authorization_pending","error_description":"still pending","error_uri":"https://x"}"#),
        (400, r#"{"status":400,"message":"authorization_pending"}"#),
        (400, r#"{"error":"Bad Request","status":400,"message":"authorization_pending"}"#),
        (428, r#"{"error":{"code":"authorization_pending","message":"wait"}}"#),
        (400, r#"{"errors":[{"errorType":"authorization_pending"}]}"#),
        (400, r#"{"message":"Authorization pending"}"#),
        (400, r#"{"error_code":"AUTHORIZATION_PENDING"}"#),
    ];
    for (status, body) in pending {
        for media_type in ["application/json", "text/html"] {
            let polled = poll(&response(status, media_type, body));
            assert!(matches!(polled, Ok(Polled::Pending(ref device)) if device.poll_at().0 == NOW + 10), "{body}");
        }
    }
    let form = "application/x-www-form-urlencoded";
    assert!(matches!(poll(&response(200, form, "error=authorization_pending&interval=5")), Ok(Polled::Pending(_))));
    let polled = poll(&canned::json(400, r#"{"status":400,"message":"slow down"}"#));
    assert!(matches!(polled, Ok(Polled::Pending(device)) if device.poll_at().0 == NOW + 15));
    for body in [r#"{"error":"authorization_declined"}"#, r#"{"error":{"code":"access_denied"}}"#] {
        assert!(matches!(poll(&canned::json(400, body)), Ok(Polled::Denied)), "{body}");
    }
    assert!(matches!(poll(&canned::json(400, r#"{"message":"expired_token"}"#)), Ok(Polled::Expired)));
    let error = poll(&canned::json(400, r#"{"status":400,"message":"invalid device code"}"#)).unwrap_err();
    assert!(error.to_string().contains("invalid device code"));
}

/// RFC 9110 §10.2.3, whatever else is said.
#[test]
fn a_poll_heeds_when_it_is_to_be_repeated() {
    for (status, code, interval) in
        [(400, "authorization_pending", 120), (400, "slow_down", 120), (429, "too_fast", 120)]
    {
        let answer = canned::json(status, format!(r#"{{"error":"{code}"}}"#));
        let (Polled::Pending(device) | Polled::Retry(device, _)) =
            poll(&with_header(answer, "retry-after", "120")).unwrap()
        else {
            panic!("{code}")
        };
        assert_eq!(device.poll_at().0, NOW + 5 + interval, "{code}");
    }
    // A server that is out of order may say so in OAuth's words.
    assert!(matches!(poll(&canned::json(503, r#"{"error":"server_error"}"#)), Ok(Polled::Retry(..))));
}

/// RFC 8628 §3.2: "verification_uri_complete" and "interval" are OPTIONAL.
#[test]
fn a_device_goes_on_without_what_it_does_not_need() {
    let with = |members: &str| {
        let body = format!(
            r#"{{"device_code":"d","user_code":"W","verification_uri":"https://a.example","expires_in":60,{members}}}"#
        );
        let client = confidential_client();
        answered(client.authorize_device().start(canned::moment_at(Timestamp(NOW))), &canned::json(200, body)).unwrap()
    };
    for members in [
        r#""interval":-5"#,
        r#""interval":"often""#,
        r#""interval":[5]"#,
        r#""interval":5,"interval":7"#,
        r#""verification_uri_complete":"""#,
        r#""verification_uri_complete":false"#,
        r#""verification_url":7,"message":{"de":"bitte"},"message":1"#,
    ] {
        let device = with(members);
        assert_eq!(device.poll_at().0, NOW + 5, "{members}");
        assert_eq!(device.verification_uri_complete(), None);
    }
}

// Tokens in a form.

#[test]
fn a_form_is_read_where_the_server_says_that_it_is_one() {
    let form = |media_type, body: &str| token(&response(200, media_type, body));
    let github =
        "access_token=gho_16C7e42F292c6912E7710c838347Ae178B4a&scope=repo%2Cgist&token_type=bearer&expires_in=60";
    let tokens = form("application/x-www-form-urlencoded; charset=utf-8", github).unwrap();
    assert_eq!(tokens.authorization(), "Bearer gho_16C7e42F292c6912E7710c838347Ae178B4a");
    assert_eq!((tokens.scope().unwrap().as_str(), tokens.expires_at()), ("repo,gist", Some(Timestamp(NOW + 60))));
    let refused = form("application/x-www-form-urlencoded", "error=bad_verification_code&error_description=no+%E9");
    assert_eq!(refused.unwrap_err().code(), Some("bad_verification_code"));
    for media_type in ["application/json", "text/plain", "text/html", ""] {
        assert!(form(media_type, github).is_err(), "{media_type}");
    }
    for body in
        ["access_token=a&access_token=b", "access_token=%FF", "access_token", "access_token=a&token_type=mac", ""]
    {
        assert!(form("application/x-www-form-urlencoded", body).is_err(), "{body}");
    }
}
