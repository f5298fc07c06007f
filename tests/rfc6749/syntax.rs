//! Appendix A: character sets. Appendix B: `application/x-www-form-urlencoded`.

use grantor::model::{ClientId, Endpoint, Scope};

use crate::common::*;

/// Every code point that a set of appendix A draws its borders between, and those next to the borders.
const PROBES: [char; 24] = [
    '\0',
    '\u{8}',
    '\t',
    '\n',
    '\u{b}',
    '\r',
    '\u{1f}',
    ' ',
    '!',
    '"',
    '#',
    '[',
    '\\',
    ']',
    '~',
    '\u{7f}',
    '\u{80}',
    '\u{9f}',
    '\u{e9}',
    '\u{d7ff}',
    '\u{e000}',
    '\u{fffc}',
    '\u{ffff}',
    '\u{10000}',
];

fn is_vschar(c: char) -> bool {
    ('\u{20}'..='\u{7e}').contains(&c)
}

fn is_nqchar(c: char) -> bool {
    matches!(c, '\u{21}' | '\u{23}'..='\u{5b}' | '\u{5d}'..='\u{7e}')
}

/// `UNICODECHARNOCRLF = %x09 / %x20-7E / %x80-D7FF / %xE000-FFFD / %x10000-10FFFF`
fn is_unicode_no_crlf(c: char) -> bool {
    matches!(c, '\t' | '\u{20}'..='\u{7e}' | '\u{80}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

// A.1, A.2

#[test]
fn client_id_is_vschar() {
    for c in PROBES {
        let id = format!("a{c}b");
        assert_eq!(ClientId::parse(&id).is_ok(), is_vschar(c), "{c:?}");
        if is_vschar(c) {
            let world = World::new().with_client(confidential(&id, SECRET)).with_client(public("app"));
            assert_eq!(world.token(client_credentials().set("client_id", &id)).status(), 200, "{c:?}");
        } else {
            assert!(World::new().answer(authorize().set("client_id", &id)).is_page(), "{c:?}");
            let reply = World::new().token(client_credentials().set("client_id", &id));
            assert_eq!(reply.error(), "invalid_client", "{c:?}");
        }
    }
    assert!(ClientId::parse("").is_err());
    assert!(ClientId::parse(&"x".repeat(ClientId::MAX_LEN)).is_ok());
    assert!(ClientId::parse(&"x".repeat(ClientId::MAX_LEN + 1)).is_err());
}

#[test]
fn client_secret_is_vschar() {
    for c in PROBES {
        // The client's record has such a secret; what counts is that the request may not.
        let secret = format!("a{c}b");
        let world = World::new().with_client(confidential("web", &secret));
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let header = world.token_by(&post_as(&basic("web", &encoded), "grant_type=client_credentials"));
        let body = world.token(client_credentials().set("client_secret", &secret));
        let (in_header, in_body) = if is_vschar(c) { (200, 200) } else { (401, 400) };
        assert_eq!((header.status(), body.status()), (in_header, in_body), "{c:?}");
    }
}

// A.4

#[test]
fn scope_tokens_are_nqchar() {
    for c in PROBES {
        let token = format!("a{c}b");
        let expected = is_nqchar(c) || c == ' ';
        assert_eq!(Scope::parse(&token).is_ok(), expected, "{c:?}");
        let client = |id: &str| public(id).with(|client| client.scope = scope("a b a!b a#b a[b a]b a~b"));
        let world = World::new().with_client(client("app"));
        let request = authorize().set("scope", &token);
        match expected {
            true => assert_eq!(world.ask(&request).asked.scope.as_str(), token, "{c:?}"),
            false => assert_eq!(world.answer(&request).error(), "invalid_scope", "{c:?}"),
        }
    }
    for wrong in [" ", " a", "a ", "a  b"] {
        assert!(Scope::parse(wrong).is_err(), "{wrong:?}");
    }
    let long = |length: usize| "x".repeat(length);
    assert!(Scope::parse(&long(Scope::MAX_LEN)).is_ok());
    assert_eq!(World::new().answer(authorize().set("scope", &long(Scope::MAX_LEN + 1))).error(), "invalid_scope");
    assert_eq!(
        World::new().token(client_credentials().set("scope", &long(Scope::MAX_LEN + 1))).error(),
        "invalid_scope"
    );
}

// A.5

#[test]
fn state_is_vschar() {
    let world = World::new();
    for c in PROBES {
        let state = format!("a{c}b");
        let request = authorize().set("state", &state);
        if is_vschar(c) {
            assert_eq!(world.approve(&request).parameter("state"), Some(state), "{c:?}");
        } else {
            // What is not a state does not come back, and nothing comes back without it.
            assert!(world.answer(&request).is_page(), "{c:?}");
        }
    }
}

// A.11, A.17: what is issued is `1*VSCHAR`, whatever is presented.

#[test]
fn codes_and_tokens_are_vschar() {
    let world = World::new();
    let code = world.code(authorize());
    let (access_token, refresh_token) = world.token(exchange(&code)).tokens();
    for issued in [code, access_token, refresh_token] {
        assert!(!issued.is_empty() && issued.chars().all(is_vschar));
    }
}

// A.15, A.16

#[test]
fn username_and_password_are_unicode_without_line_breaks() {
    let world = World::new().with_everything();
    for c in PROBES {
        for name in ["username", "password"] {
            let reply = world.token(password().set(name, &format!("a{c}b")));
            // Such a person is not known; but may be asked for.
            let expected = if is_unicode_no_crlf(c) { "invalid_grant" } else { "invalid_request" };
            assert_eq!((reply.status(), reply.error().as_str()), (400, expected), "{name} with {c:?}");
        }
    }
}

// Appendix B

/// "the value consisting of the six Unicode code points" of the appendix, both ways.
#[test]
fn the_encoding_example_of_the_rfc_is_read_and_written() {
    use grantor::consult::{Owner, Password};
    struct Expecting(&'static str);
    impl grantor::Policy for Expecting {
        fn password(&self, question: &Password) -> grantor::Answer<Password> {
            let genuine = question.username == self.0 && question.password.expose() == self.0;
            Ok(if genuine { Owner::Subject(subject()) } else { Owner::Refused })
        }
    }
    let (plain, encoded) = (" %&+\u{a3}\u{20ac}", "+%25%26%2B%C2%A3%E2%82%AC");
    let world = World::new().with_everything();
    let request = post(format!("grant_type=password&client_id=app&username={encoded}&password={encoded}"));
    let host = grantor::host::Hosted { store: &world.store, policy: Expecting(plain) };
    let reply = world.server.token(&request, world.moment()).run(&host);
    assert_eq!(Reply::of(reply.into_http()).status(), 200);

    // Written: the four of them that a state may have.
    let reply = world.approve(format!("{}&state=+%25%26%2B", authorize().without("state")));
    assert!(reply.location().contains("&state=+%25%26%2B&"), "{}", reply.location());
    assert_eq!(reply.parameter("state").unwrap(), " %&+");
}

/// RFC 6749 §3.1, §3.2: "The endpoint URI MUST NOT include a fragment component." It may have a query.
/// RFC 6749 §3.1: "the authorization server MUST require the use of TLS".
/// RFC 6749 §3.2: "MUST require the use of TLS [...] when sending requests to the token endpoint".
#[test]
fn an_endpoint_uses_tls_and_has_no_fragment() {
    for taken in ["https://server.example/token", "https://server.example/token?tenant=acme", "http://[::1]:8080/token"]
    {
        assert!(Endpoint::parse(taken).is_ok(), "{taken}");
    }
    for refused in ["https://server.example/token#", "https://server.example/token#a", "http://server.example/token"] {
        assert!(Endpoint::parse(refused).is_err(), "{refused}");
    }
}
