//! RFC 7636, proof key for code exchange, in the order of its sections.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use grantor::model::{CodeChallenge, CodeChallengeMethod, CodeVerifier};
use grantor::record::Client;

use common::*;

/// The unreserved characters of RFC 3986 §2.3, all 66.
const UNRESERVED: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

/// A server that takes `plain` too.
fn with_plain() -> World {
    World::new().with(|config| config.authorization.code_challenge_methods.push(CodeChallengeMethod::Plain))
}

fn plain(challenge: &str) -> Params {
    authorize().set("code_challenge", challenge).set("code_challenge_method", "plain")
}

fn pkce_is_optional(client: &mut Client) {
    client.require_pkce = false;
}

// §4.1 Client Creates a Code Verifier: `code-verifier = 43*128unreserved`

#[test]
fn a_code_verifier_is_43_to_128_unreserved_characters() {
    let world = World::new();
    let code = world.code(authorize());
    let x = |length: usize| "x".repeat(length);
    for (verifier, error) in [
        (x(42), "invalid_request"),
        (x(43), "invalid_grant"),
        (x(128), "invalid_grant"),
        (x(129), "invalid_request"),
        (format!("{UNRESERVED}{UNRESERVED}").chars().take(128).collect(), "invalid_grant"),
    ] {
        assert_eq!(world.token(exchange(&code).set("code_verifier", &verifier)).error(), error, "{verifier}");
    }
    for c in "+/= !@\"\\%:;,\u{e9}\n\0".chars() {
        let verifier = format!("{}{c}", x(60));
        assert!(CodeVerifier::parse(verifier.as_str()).is_err(), "{c:?}");
        let reply = world.token(exchange(&code).set("code_verifier", &verifier));
        assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_request"), "{c:?}");
    }
    assert_eq!(world.token(exchange(&code)).status(), 200);
}

// §4.2 Client Creates the Code Challenge; appendix B: the example for S256

#[test]
fn r24_pkce_with_s256_is_supported() {
    let octets = [
        116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191,
        240, 91, 88, 5, 88, 83, 132, 141, 121,
    ];
    let hash = [
        19, 211, 30, 150, 26, 26, 216, 236, 47, 22, 177, 12, 76, 152, 46, 8, 118, 168, 120, 173, 109, 241, 68, 86, 110,
        225, 137, 74, 203, 112, 249, 195,
    ];
    // The appendix, step by step.
    use base64::Engine as _;
    assert_eq!(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(octets), VERIFIER);
    let challenge = CodeVerifier::parse(VERIFIER).unwrap().challenge(CodeChallengeMethod::S256);
    assert_eq!(challenge.digest().as_bytes(), &hash);
    assert_eq!(challenge.digest().to_string(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    assert_eq!(CodeChallenge::parse(CHALLENGE, CodeChallengeMethod::S256), Ok(challenge));
    // And over the wire.
    let world = World::new();
    let code = world.code(authorize());
    assert_eq!(world.token(exchange(&code)).status(), 200);
}

// §4.3 Client Sends the Code Challenge with the Authorization Request

/// "code_challenge_method OPTIONAL, defaults to "plain" if not present in the request."
#[test]
fn an_omitted_method_is_plain() {
    let request = authorize().without("code_challenge_method").set("code_challenge", VERIFIER);
    assert_eq!(World::new().answer(&request).error(), "invalid_request");
    let world = with_plain();
    assert_eq!(world.token(exchange(&world.code(&request))).status(), 200);
    // It is not guessed: what looks like an S256 challenge is compared as it is.
    let code = world.code(request.set("code_challenge", CHALLENGE));
    assert_eq!(world.token(exchange(&code)).error(), "invalid_grant");
    assert_eq!(world.token(exchange(&code).set("code_verifier", CHALLENGE)).status(), 200);
}

#[test]
fn a_malformed_challenge_is_an_invalid_request() {
    let world = with_plain();
    let long = "x".repeat(129);
    for challenge in ["x", &CHALLENGE[..42], &format!("{CHALLENGE}="), &format!("{}+", &CHALLENGE[..42]), &long] {
        for method in ["S256", "plain"] {
            let request = authorize().set("code_challenge", challenge).set("code_challenge_method", method);
            assert_eq!(world.answer(request).error(), "invalid_request", "{method} {challenge}");
        }
    }
    // No SHA-256 digest is that long, so no verifier could ever match.
    assert_eq!(world.answer(authorize().set("code_challenge", &format!("{CHALLENGE}A"))).error(), "invalid_request");
    // Half of it is an attempt to switch it off (RFC 9700 §4.8.2), even where it is optional.
    let world = World::new().with_client(public("app").with(pkce_is_optional));
    assert_eq!(world.answer(authorize().without("code_challenge")).error(), "invalid_request");
}

// §4.4 Server Returns the Code

/// "The server MUST NOT include the "code_challenge" value in client requests in a form that other entities can
/// extract."
#[test]
fn r29_the_challenge_is_not_in_any_response() {
    let world = with_plain();
    for request in [authorize(), plain(VERIFIER)] {
        let approved = world.approve(&request);
        let code = approved.parameter("code").unwrap();
        for reply in [
            approved,
            world.deny(&request),
            world.answer(request.clone().set("scope", "admin")),
            world.answer(request.clone().again("code_challenge", CHALLENGE)),
            world.token(exchange(&code).without("code_verifier")),
            world.token(exchange(&code).set("code_verifier", &"x".repeat(43))),
            world.token(exchange(&code)),
            world.token(exchange(&code)),
        ] {
            let shown = format!("{:?} {}", reply.headers(), reply.body());
            assert!(!shown.contains(CHALLENGE) && !shown.contains(VERIFIER), "{shown}");
        }
    }
}

// §4.4.1 Error Response

/// RFC 9700 §2.1.1: "Public clients MUST use PKCE".
/// RFC 7636 §4.4.1: "If the server requires Proof Key for Code Exchange (PKCE) by OAuth public clients".
#[test]
fn r25_a_public_client_without_a_challenge_is_rejected() {
    let bare = authorize().without("code_challenge").without("code_challenge_method");
    // So is any other, unless its record says otherwise.
    for client_id in ["app", "web"] {
        let reply = World::new().answer(bare.clone().set("client_id", client_id));
        assert_eq!((reply.status(), reply.error().as_str()), (303, "invalid_request"), "{client_id}");
        // "SHOULD explain the nature of error, e.g., code challenge required."
        assert!(reply.parameter("error_description").unwrap().starts_with("code_challenge is missing"));
    }
    let world = World::new().with_client(confidential("web", SECRET).with(pkce_is_optional));
    let code = world.code(bare.set("client_id", "web"));
    assert_eq!(world.token(exchange(&code).of_web().without("code_verifier")).status(), 200);
}

/// RFC 7636 §4.4.1: "does not support the requested transformation".
#[test]
fn r26_an_unsupported_challenge_method_is_an_invalid_request() {
    for method in ["plain", "s256", "S512", "none", "S256 plain"] {
        let reply = World::new().answer(authorize().set("code_challenge_method", method));
        assert_eq!((reply.status(), reply.error().as_str()), (303, "invalid_request"), "{method}");
        assert!(reply.parameter("error_description").unwrap().contains("code_challenge_method"));
    }
    assert_eq!(with_plain().answer(authorize().set("code_challenge_method", "PLAIN")).error(), "invalid_request");
    let only_plain =
        World::new().with(|config| config.authorization.code_challenge_methods = vec![CodeChallengeMethod::Plain]);
    assert_eq!(only_plain.answer(authorize()).error(), "invalid_request");
}

// §4.5, §4.6 Server Verifies code_verifier before Returning the Tokens

/// "If the values are not equal, an error response indicating "invalid_grant" [...] MUST be returned."
#[test]
fn r27_a_missing_or_wrong_verifier_is_rejected() {
    let world = with_plain();
    for request in [authorize(), plain(VERIFIER), authorize().set("client_id", "web")] {
        let code = world.code(&request);
        let form =
            if request.to_string().contains("client_id=web") { exchange(&code).of_web() } else { exchange(&code) };
        let wrong = [
            VERIFIER.to_lowercase(),
            VERIFIER.replace('d', "e"),
            format!("{VERIFIER}x"),
            // Whoever saw the challenge has not seen the verifier.
            CHALLENGE.to_owned(),
        ];
        for verifier in wrong {
            let reply = world.token(form.clone().set("code_verifier", &verifier));
            assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_grant"), "{verifier}");
        }
        for missing in [form.clone().without("code_verifier"), form.clone().set("code_verifier", "")] {
            let reply = world.token(missing);
            assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_grant"));
        }
        // Trying did not spend the code.
        assert_eq!(world.token(form).status(), 200);
    }
}

/// "The "code_challenge_method" is bound to the Authorization Code when the Authorization Code is issued."
/// RFC 7636 §4.4: "MUST associate the "code_challenge" and "code_challenge_method" values with the authorization code".
#[test]
fn the_method_is_bound_to_the_code() {
    let world = with_plain();
    let code = world.code(plain(VERIFIER));
    // The token request has no say in it.
    let form = exchange(&code).set("code_challenge_method", "S256").set("code_verifier", CHALLENGE);
    assert_eq!(world.token(form).error(), "invalid_grant");
    assert_eq!(world.token(exchange(&code)).status(), 200);
}
