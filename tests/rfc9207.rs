//! RFC 9207, issuer identification in authorization responses, in the order of its sections.
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

use grantor::model::Issuer;

use common::*;

fn issued_by(issuer: &str) -> World {
    World::new().with_everything().with(|config| config.issuer = Issuer::parse(issuer).unwrap())
}

/// Every response that goes to a client: success and error, in the query and in the fragment.
fn responses(world: &World) -> Vec<Reply> {
    [authorize(), implicit()]
        .iter()
        .flat_map(|request| {
            let answered = [request.clone().set("scope", "admin"), request.clone().again("scope", "read")];
            [world.approve(request), world.deny(request)].into_iter().chain(answered.map(|wrong| world.answer(wrong)))
        })
        .collect()
}

// §2 Response Parameter iss

/// "Authorization servers supporting this specification MUST indicate their identity by including the iss parameter in
/// the response", "including error responses"; its value is the issuer identifier, to the byte.
/// RFC 9207 §2: "MUST indicate its identity by including the iss parameter".
#[test]
fn iss_is_in_every_response_and_is_the_issuer_to_the_byte() {
    for (issuer, encoded) in [
        ("https://honest.as.example", "https%3A%2F%2Fhonest.as.example"),
        // Issuers are compared as strings: none of these is tidied up.
        ("https://honest.as.example/", "https%3A%2F%2Fhonest.as.example%2F"),
        ("https://honest.as.example:443/a/../b", "https%3A%2F%2Fhonest.as.example%3A443%2Fa%2F..%2Fb"),
        ("https://Honest.AS.example/%7Etenant", "https%3A%2F%2FHonest.AS.example%2F%257Etenant"),
        ("https://honest.as.example/a+b&c=d~e", "https%3A%2F%2Fhonest.as.example%2Fa%2Bb%26c%3Dd%7Ee"),
        ("http://127.0.0.1:8080", "http%3A%2F%2F127.0.0.1%3A8080"),
    ] {
        for reply in responses(&issued_by(issuer)) {
            assert_eq!(reply.parameter("iss").as_deref(), Some(issuer));
            assert!(reply.location().ends_with(&format!("&iss={encoded}")), "{}", reply.location());
            assert_eq!(reply.location().matches("iss=").count(), 1);
        }
    }
}

#[test]
fn iss_stands_where_the_other_parameters_stand() {
    let world = World::new().with_everything();
    for (request, component) in [(authorize(), '?'), (implicit(), '#')] {
        for reply in [world.approve(&request), world.deny(&request)] {
            let (uri, parameters) = reply.location().split_once(component).unwrap();
            assert_eq!(uri, CALLBACK);
            assert!(parameters.contains("&iss=") && !parameters.contains(['?', '#']));
        }
    }
}

/// Whatever the client sends, or has in its redirect URI: it is the server that says who it is.
#[test]
fn a_request_cannot_choose_iss() {
    let reply = World::new().approve(authorize().again("iss", "https://evil.example"));
    assert_eq!(reply.parameter("iss").as_deref(), Some(ISSUER));
    let reply = World::new().approve(authorize().set("state", "&iss=https://evil.example"));
    assert_eq!(reply.parameter("iss").as_deref(), Some(ISSUER));
}

/// An outage is told with it too: a client that aborts for want of `iss` must not abort on an honest error.
#[test]
fn a_server_error_has_iss() {
    let reply = World::new().with_outage(At::Commit, None).approve(authorize());
    assert_eq!((reply.error().as_str(), reply.parameter("iss").as_deref()), ("server_error", Some(ISSUER)));
}

// §2: "The issuer identifier [...] is a URL that uses the "https" scheme without any query or fragment components."

#[test]
fn an_issuer_is_an_https_url_without_query_or_fragment() {
    for wrong in [
        "",
        "honest.as.example",
        "/issuer",
        "http://honest.as.example",
        "ftp://honest.as.example",
        "https://honest.as.example?",
        "https://honest.as.example?a=b",
        "https://honest.as.example#",
        "https://honest.as.example/#a",
        "https://user@honest.as.example",
        "https://user:password@honest.as.example",
        "https://honest.as.example/a b",
        "https://honest.as.example/\u{e9}",
        "https://honest.as.example\n",
        "http://127.0.0.1.evil.example",
        // A browser's parser finds a host here; RFC 3986 does not.
        "https:honest.as.example",
        "https:/honest.as.example",
        "https:///honest.as.example",
        r"https:\\honest.as.example",
        r"https://\honest.as.example",
        r"https://honest.as.example\@evil.example",
        "http:127.0.0.1",
    ] {
        assert!(Issuer::parse(wrong).is_err(), "{wrong:?}");
    }
}

// §3: that the metadata says so (`authorization_response_iss_parameter_supported`) stands in
// tests/rfc8414.rs.

// The client. §2.4 Validating the Issuer Identifier

mod client {
    use grantor::Moment;
    use grantor::client::{AuthorizationRequest, CallbackError};

    use super::*;

    /// What becomes of a response with these parameters, at a server that announces `iss` or does not.
    fn callback(is_announced: bool, response_type: &str, parameters: &str) -> Result<(), CallbackError> {
        let mut server = metadata_of(&World::new().with_everything());
        server.authorization_response_iss_parameter_supported = is_announced;
        let client = public_client_at(server, "app");
        let request = AuthorizationRequest::new(redirect_uri(CALLBACK));
        let moment = Moment::new(grantor::Timestamp(NOW), &mut Counter(0));
        if response_type == "code" {
            let (_, pending) = client.begin(request, moment).unwrap();
            let query = format!("code=x&state={}{parameters}", pending.state());
            client.callback(pending, &query).map(drop)
        } else {
            let (_, pending) = client.begin_implicit(request, moment).unwrap();
            let fragment = format!("access_token=x&state={}{parameters}", pending.state());
            client.callback_implicit(pending, &fragment, grantor::Timestamp(NOW)).map(drop)
        }
    }

    /// "decode the value from its "application/x-www-form-urlencoded" form [...] and compare the result to the issuer
    /// identifier", "using simple string comparison".
    #[test]
    fn iss_is_compared_as_a_string_after_decoding() {
        use CallbackError::{IssuerMismatch, IssuerMissing};
        for response_type in ["code", "token"] {
            for (parameters, announced, not_announced) in [
                ("&iss=https%3A%2F%2Fserver.example.com", Ok(()), Ok(())),
                ("&iss=https://server.example.com", Ok(()), Ok(())),
                // "clients MUST reject authorization responses without the iss parameter from authorization servers
                // that do support the parameter"; others may do without.
                ("", Err(IssuerMissing), Ok(())),
                ("&iss=", Err(IssuerMissing), Ok(())),
                // "If the value does not match the expected issuer identifier, clients MUST reject the authorization
                // response": also of a server that did not say it would send one.
                ("&iss=https://server.example.com/", Err(IssuerMismatch), Err(IssuerMismatch)),
                ("&iss=https://Server.example.com", Err(IssuerMismatch), Err(IssuerMismatch)),
                ("&iss=https://server.example.com:443", Err(IssuerMismatch), Err(IssuerMismatch)),
                ("&iss=https%253A%252F%252Fserver.example.com", Err(IssuerMismatch), Err(IssuerMismatch)),
                ("&iss=https://honest.as.example", Err(IssuerMismatch), Err(IssuerMismatch)),
                ("&iss=null", Err(IssuerMismatch), Err(IssuerMismatch)),
            ] {
                assert_eq!(callback(true, response_type, parameters), announced, "{response_type} {parameters}");
                assert_eq!(callback(false, response_type, parameters), not_announced, "{response_type} {parameters}");
            }
        }
    }

    /// "For error responses, clients MUST NOT assume that the error originates from the intended authorization server."
    /// Who it is from is checked before what it says.
    #[test]
    fn an_error_response_is_checked_too() {
        use CallbackError::{IssuerMismatch, IssuerMissing, Refused};
        let refused = callback(true, "code", "&error=access_denied&iss=https://server.example.com");
        assert!(matches!(refused, Err(Refused(response)) if response.error == "access_denied"));
        assert_eq!(callback(true, "code", "&error=access_denied&iss=https://evil.example"), Err(IssuerMismatch));
        assert_eq!(callback(true, "code", "&error=access_denied"), Err(IssuerMissing));
    }

    // §4 Security Considerations: "clients that interact with only one authorization server" need no `iss`; one that is
    // there is checked all the same. That a mix-up is stopped is played out in tests/client/mix_up.rs.

    /// Every issuer that a server may have comes back to the client as it went out.
    #[test]
    fn every_issuer_survives_the_way_through_the_browser() {
        for issuer in ["https://honest.as.example/", "https://as.example/a+b&c=d~e", "https://as.example/%7Etenant"] {
            let world = issued_by(issuer);
            let client = public_client_at(metadata_of(&world), "app");
            let request = AuthorizationRequest::new(redirect_uri(CALLBACK));
            let (url, pending) = client.begin(request, world.moment()).unwrap();
            let reply = world.approve(url.split_once('?').unwrap().1);
            let query = reply.location().split_once('?').unwrap().1;
            assert_eq!(client.callback(pending, query).map(drop), Ok(()), "{issuer}");
        }
    }
}
