//! §4.5: extension grants.

use grantor::model::GrantType;

use crate::common::*;

const REQUEST: &str = "
    POST /token HTTP/1.1
    Host: server.example.com
    Content-Type: application/x-www-form-urlencoded

    grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Asaml2-
    bearer&assertion=PEFzc2VydGlvbiBJc3N1ZUluc3RhbnQ9IjIwMTEtMDU
    [...omitted for brevity...]aG5TdGF0ZW1lbnQ-PC9Bc3NlcnRpb24-";

/// The RFC's client does not say who it is; ours must.
#[test]
fn the_example_of_the_rfc_runs_as_printed_once_its_client_is_known() {
    let world = World::of_the_rfc();
    assert_eq!(world.token_by(&as_printed(REQUEST)).error(), "invalid_client");
    let known = "Host: server.example.com\n    Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW";
    let reply = world.token_by(&as_printed(&REQUEST.replace("Host: server.example.com", known)));
    let grant = world.presented(&reply.access_token()).grant;
    assert_eq!((grant.grant_type.as_str(), &grant.subject), (ASSERTION, &Some(subject())));
    // RFC 7521 §4.1: a fresh assertion takes the place of a refresh token.
    assert_eq!(reply.member("refresh_token"), None);
}

#[test]
fn an_assertion_that_the_host_refuses_is_an_invalid_grant() {
    let world = World::new().with_everything();
    for assertion in ["", "PEZvcmdlZA"] {
        let form = params(&[("grant_type", ASSERTION), ("assertion", assertion)]).of_web();
        assert_eq!(world.token(form).error(), "invalid_grant", "{assertion}");
    }
}

/// "using an absolute URI (defined by the authorization server)".
#[test]
fn a_grant_type_is_known_or_unsupported() {
    let world = World::new().with_everything();
    for unknown in
        ["urn:example:other", "https://example.com/grant", "PASSWORD", "saml2-bearer", "authorization_code ", "/x"]
    {
        let reply = world.token(client_credentials().set("grant_type", unknown));
        assert_eq!((reply.status(), reply.error().as_str()), (400, "unsupported_grant_type"), "{unknown}");
    }
    assert!(GrantType::parse("saml2-bearer").is_err());
    assert!(matches!(GrantType::parse(ASSERTION), Ok(GrantType::Extension(_))));
}

#[test]
fn an_extension_is_off_until_server_and_client_both_name_it() {
    let form = params(&[("grant_type", ASSERTION), ("assertion", "PEFzc2VydGlvbiBJc3N1ZUluc3RhbnQ9")]).of_web();
    assert_eq!(World::new().token(&form).error(), "unsupported_grant_type");
    let client =
        confidential("web", SECRET).with(|client| client.grant_types.retain(|grant| grant.as_str() != ASSERTION));
    assert_eq!(World::new().with_everything().with_client(client).token(&form).error(), "unauthorized_client");
    assert_eq!(World::new().with_everything().token(&form).status(), 200);
}
