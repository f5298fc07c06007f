//! Each tolerance that the docs of `grantor::client` name, and the strictness beside it.

use grantor::client::{TokenSet, discover};
use grantor::model::Issuer;
use grantor::{Answer, Fetch, HttpHost, Timestamp};

use crate::canned::*;

const NOW: Timestamp = Timestamp(1_000_000);
const TOKEN: &str = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA"}"#;

fn token(answer: &Answer<Fetch>) -> Option<TokenSet> {
    answered(confidential_client().client_credentials().start(crate::canned::moment_at(NOW)), answer).ok()
}

fn expires_in(answer: &str) -> Option<u64> {
    let body = format!(r#"{{"access_token":"2YotnFZFEjr1zCsicMWpAA","expires_in":{answer}}}"#);
    Some(token(&json(200, body)).unwrap().expires_at()?.0 - NOW.0)
}

#[test]
fn expires_in_may_be_a_string_or_have_a_fraction() {
    let cases = [
        ("3600", Some(3600)),
        ("\"3600\"", Some(3600)),
        ("\" 3600 \"", Some(3600)),
        ("3599.9", Some(3599)),
        ("3.6e3", Some(3600)),
        ("0", Some(0)),
        ("1e300", Some(u64::MAX - NOW.0)),
        ("18446744073709551616", Some(u64::MAX - NOW.0)),
        ("null", None),
        ("\"an hour\"", None),
        ("\"-1\"", None),
        ("-0.5", None),
    ];
    for (text, seconds) in cases {
        assert_eq!(expires_in(text), seconds, "{text}");
    }
}

/// RFC 6749 §5.1 of `expires_in`: "If omitted, the authorization server SHOULD provide the expiration time via other
/// means". A token that was issued is not thrown away for what is said about it: the refresh token that it came for may
/// be spent.
#[test]
fn what_is_said_about_a_token_may_be_unreadable() {
    let cases: [(&str, &[&str]); _] = [
        (r#""expires_in":"soon""#, &["expires_in"]),
        (r#""expires_in":"""#, &["expires_in"]),
        (r#""expires_in":-1"#, &["expires_in"]),
        (r#""expires_in":true"#, &["expires_in"]),
        (r#""expires_in":[3600]"#, &["expires_in"]),
        (r#""scope":1"#, &["scope"]),
        (r#""scope":"a\"b""#, &["scope"]),
        (r#""scope":["a",1]"#, &["scope"]),
        (r#""scope":"\u00e9","expires_in":{}"#, &["expires_in", "scope"]),
        (r#""scope":["a",{"b":[]}]"#, &["scope"]),
        (r#""token_type":1"#, &["token_type"]),
        (r#""token_type":["Bearer"]"#, &["token_type"]),
        (r#""scope":"a","scope":"b""#, &["scope"]),
        (r#""expires_in":1,"expires_in":2"#, &["expires_in"]),
        // What is said twice in the same words is said.
        (
            r#""scope":"read","scope":"read","expires_in":60,"expires_in":60,"token_type":"Bearer","token_type":"Bearer""#,
            &[],
        ),
        // What nobody reads.
        (r#""name":"Andr\ud8e9","x":1,"x":2,"y":{"z":1,"z":2}"#, &[]),
        (r#""error_description":7,"error_uri":7,"error_uri":8"#, &[]),
        (r#""refresh_token":"tGzv3JOkF0","refresh_token":"tGzv3JOkF0""#, &[]),
        (r#""scope":null,"expires_in":null"#, &[]),
        (r#""scope":"read","expires_in":60"#, &[]),
    ];
    for (members, unreadable) in cases {
        let refresh_token = if members.contains("refresh_token") { "" } else { r#""refresh_token":"tGzv3JOkF0","# };
        let body = format!(r#"{{"access_token":"2YotnFZFEjr1zCsicMWpAA",{refresh_token}{members}}}"#);
        let client = confidential_client();
        let request = client.client_credentials().scope("read".parse().unwrap());
        let tokens = answered(request.start(crate::canned::moment_at(NOW)), &json(200, body)).unwrap();
        assert_eq!(tokens.unreadable(), unreadable, "{members}");
        assert_eq!(tokens.refresh_token().unwrap().expose(), "tGzv3JOkF0");
        // A lifetime that is not known is none; a scope that is not known is not the one that was asked for.
        assert_eq!(tokens.expires_at().is_some(), members.contains(":60"));
        assert_eq!(tokens.scope().is_some(), !unreadable.contains(&"scope"), "{members}");
        let kept: TokenSet = serde_json::from_str(&serde_json::to_string(&tokens).unwrap()).unwrap();
        assert_eq!((kept.scope(), kept.expires_at()), (tokens.scope(), tokens.expires_at()));
    }
}

#[test]
fn token_type_may_be_in_any_case_or_missing_but_not_another() {
    for (member, is_taken) in [
        (r#","token_type":"Bearer""#, true),
        (r#","token_type":"bearer""#, true),
        (r#","token_type":"BEARER""#, true),
        (r#","token_type":null"#, true),
        ("", true),
        (r#","token_type":"bearer ""#, false),
        (r#","token_type":"N_A""#, false),
    ] {
        let body = format!(r#"{{"access_token":"2YotnFZFEjr1zCsicMWpAA"{member}}}"#);
        assert_eq!(token(&json(200, body)).is_some(), is_taken, "{member}");
    }
}

#[test]
fn scope_may_be_an_array_or_have_many_spaces() {
    for (scope, expected) in [
        (r#""read write""#, Some("read write")),
        (r#"" read   write ""#, Some("read write")),
        (r#"["read","write"]"#, Some("read write")),
        (r#"["read write"]"#, Some("read write")),
        (r#""""#, Some("")),
        ("[]", Some("")),
        ("null", None),
    ] {
        let body = format!(r#"{{"access_token":"2YotnFZFEjr1zCsicMWpAA","scope":{scope}}}"#);
        let tokens = token(&json(200, body)).unwrap();
        assert_eq!(tokens.scope().map(|scope| scope.as_str()), expected, "{scope}");
    }
}

#[test]
fn an_optional_member_may_be_null_and_a_refresh_token_empty() {
    let body = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":null,"expires_in":null,"refresh_token":null,
        "scope":null,"error":null}"#;
    let tokens = token(&json(200, body)).unwrap();
    assert!(tokens.refresh_token().is_none() && tokens.expires_at().is_none() && tokens.scope().is_none());
    let body = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","refresh_token":"","error":""}"#;
    assert!(token(&json(200, body)).unwrap().refresh_token().is_none());
}

/// Each member that a server may omit from its metadata, it may make null.
#[test]
fn a_member_of_the_metadata_may_be_null() {
    let full = serde_json::to_value(metadata()).unwrap();
    let issuer = Issuer::parse("https://server.example").unwrap();
    for name in full.as_object().unwrap().keys().filter(|name| *name != "issuer") {
        let mut document = full.clone();
        document[name] = serde_json::Value::Null;
        let mut without = full.clone();
        without.as_object_mut().unwrap().remove(name);
        let read =
            |document| answered(discover(&issuer), &json(200, document)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(read(document), read(without), "{name}");
    }
}

#[test]
fn a_member_of_a_resources_metadata_may_be_null() {
    use grantor::client::discover_resource;
    let photos = crate::common::resource("https://api.example");
    let full = serde_json::json!({
        "resource": "https://api.example", "authorization_servers": null, "scopes_supported": null,
        "bearer_methods_supported": null, "resource_name": null, "resource_documentation": null,
    });
    let bare = grantor::model::ResourceMetadata::new(photos.clone());
    assert_eq!(answered(discover_resource(&photos, None), &json(200, full)).unwrap(), bare);
}

#[test]
fn any_success_will_do() {
    for status in [200, 201, 202, 203, 206, 299] {
        assert!(token(&json(status, TOKEN)).is_some(), "{status}");
    }
    for status in [199, 300, 304, 400, 500] {
        assert!(token(&json(status, TOKEN)).is_none(), "{status}");
    }
}

#[test]
fn the_media_type_may_be_any_json_or_none() {
    let with_type = |media_type| token(&response(200, media_type, TOKEN)).is_some();
    for media_type in [
        "application/json",
        "application/json;charset=UTF-8",
        "APPLICATION/JSON ; charset=\"utf-8\"; x=y",
        "text/json",
        "text/plain",
        "text/plain; charset=iso-8859-1",
        "application/vnd.oauth+json",
        "",
    ] {
        assert!(with_type(media_type), "{media_type}");
    }
    for media_type in
        ["text/html", "application/jwt", "application/token-introspection+jwt", "application/xjson", "*/*"]
    {
        assert!(!with_type(media_type), "{media_type}");
    }
    assert!(token(&Ok(http::Response::new(TOKEN.into()))).is_some());
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    assert!(token(&json(200, format!("\u{FEFF}{TOKEN}"))).is_some());
    assert!(token(&json(200, format!("\u{FEFF}\u{FEFF}{TOKEN}"))).is_none());
    let refused = answered(
        confidential_client().client_credentials().start(crate::canned::moment_at(NOW)),
        &json(400, "\u{FEFF}{\"error\":\"no\"}"),
    );
    assert_eq!(refused.unwrap_err().code(), Some("no"));
}

#[test]
fn r64_unknown_members_are_ignored() {
    // RFC 6749 §5.1: "The client MUST ignore unrecognized value names in the response."
    let body = r#"{"x":{"y":[1,2]},"access_token":"2YotnFZFEjr1zCsicMWpAA","id_token":"a.b.c","x":1}"#;
    assert!(token(&json(200, body)).is_some());
}

/// A browser that undid a coding hides `Content-Encoding` from other origins, and shows the `Content-Length` of what
/// was coded. A JSON object that was cut short is none; what is left of a form is a form.
#[test]
fn the_length_counts_where_the_end_does_not_show() {
    let lengths = ["1000", "1", "nonsense"];
    for length in lengths {
        assert!(token(&with_header(json(200, TOKEN), "content-length", length)).is_some(), "{length}");
    }
    for end in 1..TOKEN.len() {
        assert!(token(&with_header(json(200, &TOKEN[..end]), "content-length", "43")).is_none(), "{end}");
    }
    let form = response(200, "application/x-www-form-urlencoded", "access_token=2YotnFZFEjr1zCsicMWpAA");
    for (length, is_whole) in lengths.into_iter().zip([false, true, true]) {
        let answer = with_header(form.clone(), "content-length", length);
        assert_eq!(token(&answer).is_some(), is_whole, "{length}");
        assert!(token(&with_header(answer, "content-encoding", "gzip")).is_some());
    }
}

#[test]
fn the_device_endpoint_may_use_the_words_of_before_the_rfc() {
    let ask = |members: &str| {
        let body = format!(r#"{{"device_code":"Gmt","user_code":"WDJB","expires_in":"1800",{members}}}"#);
        answered(confidential_client().authorize_device().start(crate::canned::moment_at(NOW)), &json(200, body)).ok()
    };
    let device = ask(r#""verification_url":"https://a.example/device","interval":"7""#).unwrap();
    assert_eq!(device.verification_uri(), "https://a.example/device");
    assert_eq!((device.expires_at().0, device.poll_at().0), (NOW.0 + 1800, NOW.0 + 7));
    let device = ask(r#""verification_uri":"https://new.example/","verification_url":"https://old.example/""#).unwrap();
    assert_eq!(device.verification_uri(), "https://new.example/");
    assert!(ask(r#""verification_url":"javascript:alert(1)""#).is_none());
}

#[test]
fn the_metadata_may_lie_at_openid_connects_place() {
    let issuer = Issuer::parse("https://server.example").unwrap();
    let http = HttpHost(|fetch: &Fetch| match fetch.request().uri().path() {
        "/.well-known/openid-configuration" => json(200, serde_json::to_string(&metadata()).unwrap()),
        _ => json(404, ""),
    });
    assert_eq!(discover(&issuer).run(&http).unwrap(), metadata());
}
