//! Challenges as resource servers write them: RFC 9110 §11.6.1, RFC 6750 §3, RFC 9728 §5.1, and how servers really do
//! it.

use grantor::client::Challenge;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue};

use crate::common::resource;

fn headers(fields: &[&[u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for field in fields {
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_bytes(field).unwrap());
    }
    headers
}

fn of(fields: &[&str]) -> Option<Challenge> {
    Challenge::of(&headers(&fields.iter().map(|field| field.as_bytes()).collect::<Vec<_>>()))
}

fn error(challenge: &Option<Challenge>) -> Option<&str> {
    challenge.as_ref()?.error.as_deref()
}

fn scope(challenge: &Option<Challenge>) -> Option<&str> {
    Some(challenge.as_ref()?.scope.as_ref()?.as_str())
}

fn place(challenge: &Option<Challenge>) -> Option<&str> {
    Some(challenge.as_ref()?.resource_metadata.as_ref()?.as_str())
}

const M: &str = "https://a.example/m";

#[test]
fn the_bearer_challenge_is_found_among_others() {
    let found: &[&[&str]] = &[
        &[r#"Bearer realm="example", error="invalid_token""#],
        &["bearer error=invalid_token"],
        &["Bearer  ERROR = \"invalid_token\" ,, x=y"],
        &[r#"Basic realm="a, Bearer error=\"no\"", Bearer error="invalid_token", Digest error="other""#],
        &["Negotiate YWJj/+==", r#"Bearer error="invalid\_token""#],
        &["Negotiate YWJj, Bearer error=invalid_token"],
        &["NTLM", "Negotiate", "Basic realm=\"a\"", "BEARER error=invalid_token"],
        &[r#"DPoP algs="ES256", error="use_dpop_nonce", Bearer error="invalid_token""#],
        &["(junk) Bearer error=invalid_token"],
    ];
    for fields in found {
        assert_eq!(error(&of(fields)), Some("invalid_token"), "{fields:?}");
        assert!(of(fields).unwrap().scheme.eq_ignore_ascii_case("bearer"), "{fields:?}");
    }
    let none: &[&[&str]] = &[
        &[],
        &[""],
        &["Basic realm=x"],
        &["Basic realm=x, Digest scope=\"a\", error=invalid_token"],
        &["error=invalid_token"],
        &["\"Bearer\""],
        &["é"],
    ];
    for fields in none {
        assert_eq!(of(fields), None, "{fields:?}");
    }
    assert_eq!(of(&["Bearer error=\"unterm\\"]).unwrap().error.as_deref(), Some("unterm"));
    let bare = of(&["Bearer"]).unwrap();
    assert_eq!((bare.scheme.as_str(), bare.error, bare.parameters.len()), ("Bearer", None, 0));
}

/// RFC 9110 §5.5, §5.6.4: `quoted-pair`, `qdtext` and with them `obs-text`. What is there for people hides nothing.
/// RFC 9110 §5.5: "a recipient SHOULD treat [...] as opaque data".
#[test]
fn prose_hides_nothing() {
    let prose: [(&[u8], &str); 5] = [
        ("el token no es válido".as_bytes(), "el token no es válido"),
        (b"acc\xE8s refus\xE9", "accès refusé"),
        (b"\xFF\xFE\x80", "ÿþ"),
        ("\u{202E}turned\u{E0041}".as_bytes(), "turned"),
        (br#"say \"hi, Bearer error=no\""#, r#"say "hi, Bearer error=no""#),
    ];
    for (text, shown) in prose {
        for scheme in ["", "Basic realm=\"x\", "] {
            let field = [
                scheme.as_bytes(),
                b"Bearer error_description=\"",
                text,
                b"\", error=\"insufficient_scope\", scope=\"a b\", resource_metadata=\"https://a.example/m\"",
            ]
            .concat();
            let challenge = Challenge::of(&headers(&[&field]));
            assert_eq!((error(&challenge), scope(&challenge)), (Some("insufficient_scope"), Some("a b")), "{shown}");
            assert_eq!(place(&challenge), Some(M), "{shown}");
            assert_eq!(challenge.unwrap().error_description.as_deref(), Some(shown));
        }
        // In the realm of a scheme that is nobody's concern, too.
        let field = [b"Basic realm=\"".as_slice(), text, b"\", Bearer error=invalid_token"].concat();
        assert_eq!(error(&Challenge::of(&headers(&[&field]))), Some("invalid_token"));
    }
    let long = format!("Bearer error_description=\"{}\", error=invalid_token", "a ".repeat(20_000));
    assert_eq!(error(&of(&[&long])), Some("invalid_token"));
}

/// RFC 9728 §5.1: "This parameter MAY also be used in WWW-Authenticate responses using [...] schemes other than
/// "Bearer"", and a server may have several challenges, in one field or in more. A parameter may occur once (RFC 9110
/// §11.2), and occurs twice.
/// RFC 9110 §11.2: "MUST only occur once per challenge".
#[test]
fn several_challenges_are_read_together() {
    let dpop = format!(r#"DPoP algs="ES256", resource_metadata="{M}""#);
    let found: &[(&[&str], &str)] = &[
        (&[&dpop], "DPoP"),
        (&[&dpop, "Bearer"], "Bearer"),
        (&[&format!("{dpop}, Bearer")], "Bearer"),
        (&[&format!("Bearer, {dpop}")], "Bearer"),
        (&["Bearer", &format!("Bearer resource_metadata=\"{M}\"")], "Bearer"),
        (&["Bearer realm=\"a\"", &format!("Bearer realm=\"b\", resource_metadata=\"{M}\"")], "Bearer"),
        (&["Bearer resource_metadata=\"/relative\"", &dpop], "Bearer"),
        (&[&format!("PrivateToken challenge=\"x\", resource_metadata={M}"), "Basic realm=x"], "PrivateToken"),
        (
            &[&format!(r#"Bearer resource_metadata="https://a.example/first", error=x, resource_metadata="{M}""#)],
            "Bearer",
        ),
        (&[&format!(r#"Bearer resource_metadata="{M}", resource_metadata="/relative""#)], "Bearer"),
    ];
    for (fields, scheme) in found {
        let challenge = of(fields);
        assert_eq!(place(&challenge), Some(M), "{fields:?}");
        let challenge = challenge.unwrap();
        assert_eq!((challenge.scheme.as_str(), challenge.unreadable()), (*scheme, [].as_slice()), "{fields:?}");
    }
    assert_eq!(error(&of(&[r#"DPoP error="invalid_token", algs="ES256""#])), Some("invalid_token"));

    // What is said about a proof says nothing about a bearer token; what is asked for is asked of both.
    let both = of(&[r#"DPoP error="invalid_dpop_proof", algs="ES256", scope="a", max_age=5, Bearer realm="x""#]);
    assert_eq!((error(&both), scope(&both)), (None, Some("a")));
    let both = both.unwrap();
    assert_eq!((both.max_age, both.parameters.len(), both.realm.as_deref()), (None, 0, Some("x")));
    // The first has precedence.
    let two = of(&[r#"Bearer error="invalid_token", x="1""#, r#"Bearer error="other", scope="a", x="2", y="3""#]);
    assert_eq!((error(&two), scope(&two)), (Some("invalid_token"), Some("a")));
    assert!(two.unwrap().parameters.into_iter().eq([("x".into(), "1".into()), ("y".into(), "3".into())]));
}

#[test]
fn the_scope_may_have_more_spaces_and_keeps_its_commas() {
    for (text, expected) in [
        ("a b", Some("a b")),
        ("a  b", Some("a b")),
        (" a\tb ", Some("a b")),
        ("a,b  c", Some("a,b c")),
        ("repository:samalba/my-app:pull,push", Some("repository:samalba/my-app:pull,push")),
        ("", Some("")),
        ("a \u{e9}", None),
        ("a \\\\ b", None),
    ] {
        let challenge = of(&[&format!("Bearer error=\"insufficient_scope\", scope=\"{text}\"")]);
        assert_eq!((error(&challenge), scope(&challenge)), (Some("insufficient_scope"), expected), "{text}");
        let unreadable: &[&str] = if expected.is_some() { &[] } else { &["scope"] };
        assert_eq!(challenge.unwrap().unreadable(), unreadable, "{text}");
    }
}

/// Docker's `service`, Azure's `claims`, and whatever else a server says.
#[test]
fn what_has_no_name_here_is_kept_as_it_is() {
    let docker =
        of(&[r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="a:b:pull,push""#]);
    let docker = docker.unwrap();
    assert_eq!(docker.realm.as_deref(), Some("https://auth.docker.io/token"));
    assert_eq!(docker.parameters["service"], "registry.docker.io");
    let azure = of(&[
        r#"Bearer realm="", Error="insufficient_claims", Claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==", error_uri="https://a.example/why""#,
    ]);
    let azure = azure.unwrap();
    assert_eq!(azure.parameters["claims"], "eyJhY2Nlc3NfdG9rZW4iOnt9fQ==");
    assert_eq!((azure.realm.as_deref(), azure.error_uri.as_deref()), (Some(""), Some("https://a.example/why")));
    let stepped = of(&[r#"Bearer error="insufficient_user_authentication", acr_values="x y", max_age="5""#]).unwrap();
    assert_eq!((stepped.max_age, stepped.acr_values.as_deref()), (Some(5), Some("x y")));
}

/// Not of the grammar, and meant in one way only.
#[test]
fn what_can_only_be_meant_in_one_way_is_read() {
    for field in [
        "Bearer, error=\"invalid_token\", resource_metadata=\"https://a.example/m\"",
        "Bearer error = \"invalid_token\" , resource_metadata = \"https://a.example/m\"",
        "Bearer resource_metadata='https://a.example/m', error='invalid_token'",
        "Bearer error='invalid_token' resource_metadata='https://a.example/m'",
        "Bearer realm=\"mcp\" error=\"invalid_token\" resource_metadata=\"https://a.example/m\"",
        "Bearer realm=mcp error=invalid_token resource_metadata=https://a.example/m",
        "Bearer error=invalid_token\tresource_metadata = https://a.example/m",
        "Bearer error=invalid_token, resource_metadata=https://a.example/m, x",
        "Bearer error=\"invalid_token\", error_description=\"expired, resource_metadata=https://a.example/m",
        "Bearer error=\"invalid_token\"; resource_metadata=\"https://a.example/m\"",
        "Bearer error_description=The token is no good, error=invalid_token, resource_metadata=https://a.example/m",
        "Bearer error=\"invalid_token\" \"junk, error=x\" (junk), resource_metadata=\"https://a.example/m\"",
    ] {
        let challenge = of(&[field]);
        assert_eq!((error(&challenge), place(&challenge)), (Some("invalid_token"), Some(M)), "{field}");
    }
    // An apostrophe is a character of a token, and of a text.
    assert_eq!(
        of(&["Bearer error_description=the token isn't good, x=y"]).unwrap().error_description.unwrap(),
        "the token isn't good"
    );
    assert_eq!(of(&["Bearer x='a, y=z"]).unwrap().parameters["x"], "'a");
    assert_eq!(of(&["Bearer x='a'b, y=z"]).unwrap().parameters["x"], "'a'b");
    assert_eq!(scope(&of(&["Bearer scope=a b, error=x"])), Some("a b"));
    assert_eq!(
        place(&of(&["Bearer resource_metadata=https://a.example/m?a=b&c=d error=x"])),
        Some("https://a.example/m?a=b&c=d")
    );
}

// RFC 3986 §5

#[test]
fn a_relative_place_is_resolved_at_its_resource() {
    let api = resource("https://api.example/v1/mcp?x=y");
    let at = |reference: &str| {
        let field = format!("Bearer error=\"invalid_token\", resource_metadata=\"{reference}\"");
        let headers = headers(&[field.as_bytes()]);
        let alone = Challenge::of(&headers).unwrap();
        (Challenge::of_resource(&api, &headers).unwrap(), alone)
    };
    for (reference, url) in [
        ("/.well-known/oauth-protected-resource", "https://api.example/.well-known/oauth-protected-resource"),
        ("metadata", "https://api.example/v1/metadata"),
        ("../metadata?a=b", "https://api.example/metadata?a=b"),
        ("//other.example/m", "https://other.example/m"),
    ] {
        let (challenge, alone) = at(reference);
        assert_eq!(challenge.resource_metadata.as_ref().unwrap().as_str(), url);
        assert!(challenge.unreadable().is_empty());
        // Whoever does not say where it comes from is told that something was there.
        assert_eq!((alone.resource_metadata.as_ref(), alone.unreadable()), (None, ["resource_metadata"].as_slice()));
        assert_eq!(alone.error.as_deref(), Some("invalid_token"));
    }
    assert_eq!(at(M).0.resource_metadata, at(M).1.resource_metadata);
    for bad in
        ["javascript:alert(1)", "http://api.example/m", "https:metadata", "/m#fragment", "https://u@a.example", "urn:x"]
    {
        let (challenge, alone) = at(bad);
        assert_eq!(
            (challenge.resource_metadata.as_ref(), challenge.unreadable()),
            (None, ["resource_metadata"].as_slice()),
            "{bad}"
        );
        assert_eq!(alone.resource_metadata, None, "{bad}");
    }
    let unread = of(&["Bearer max_age=soon, resource_metadata=\"/x\", scope=\"\u{e9}\""]).unwrap();
    assert_eq!(unread.unreadable(), ["max_age", "resource_metadata", "scope"]);
}

/// Whatever a server sends, there is an end to what is kept of it and to the time that it takes.
#[test]
fn a_challenge_is_bounded() {
    let many: String = (0..100_000).map(|number| format!("p{number}=v ")).collect();
    let challenge = of(&[&format!("Bearer error=invalid_token, {many}")]).unwrap();
    assert_eq!((challenge.error.as_deref(), challenge.parameters.len()), (Some("invalid_token"), 63));
    let claims = |length| format!("Bearer claims=\"{}\", error=invalid_token", "a".repeat(length));
    assert_eq!(of(&[&claims(8192)]).unwrap().parameters["claims"].len(), 8192);
    let challenge = of(&[&claims(8193)]).unwrap();
    assert_eq!((challenge.error.as_deref(), challenge.parameters.len()), (Some("invalid_token"), 0));
    let schemes = format!("{}Bearer", "Basic, ".repeat(16));
    assert_eq!(of(&[&schemes]), None);
    assert!(of(&[&schemes["Basic, ".len()..]]).is_some());
    let spaces = " ".repeat(200_000);
    for field in [
        format!("Bearer x=a{spaces}b{spaces}=c"),
        "Bearer x=".to_owned() + &"a ".repeat(200_000),
        "Bearer x=".to_owned() + &"'".repeat(200_000),
        "\"".repeat(200_001),
    ] {
        let _ = of(&[&field]);
    }
}
