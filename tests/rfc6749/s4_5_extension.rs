//! §4.5: extension grants, which the host judges.

use std::sync::Mutex;

use grantor::consult::{Extension, ExtensionGrant, ExtensionRefusal, ExtensionVerdict, Issuance, Terms, Verdict};
use grantor::model::{Acr, AuthenticationEvent, Claims, ErrorCode, GrantType, Subject};
use grantor::record::CredentialKind;
use grantor::{Answer, Hosted, Policy, Timestamp};
use serde_json::{Value, json};

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

/// A host that answers this, and remembers what it was asked.
struct Judge {
    verdict: ExtensionVerdict,
    terms: Terms,
    asked: Mutex<Vec<Extension>>,
}

impl Policy for Judge {
    fn extension(&self, question: &Extension) -> Answer<Extension> {
        self.asked.lock().unwrap().push(question.clone());
        Ok(self.verdict.clone())
    }
    fn issuance(&self, _: &Issuance) -> Answer<Issuance> {
        Ok(Verdict::Issue(self.terms.clone()))
    }
}

fn judge(verdict: ExtensionVerdict) -> Judge {
    Judge { verdict, terms: Terms::default(), asked: Mutex::default() }
}

fn grant(grant: ExtensionGrant) -> Judge {
    judge(ExtensionVerdict::Grant(grant))
}

fn alice() -> ExtensionGrant {
    ExtensionGrant::of(Subject::parse("alice").unwrap())
}

fn claims(value: Value) -> Claims {
    let Value::Object(members) = value else { panic!("an object") };
    Claims::new(members).unwrap()
}

fn request() -> Params {
    params(&[("grant_type", ASSERTION), ("assertion", "PEFzc2VydGlvbg")]).of_web()
}

fn token(world: &World, judge: &Judge) -> Reply {
    let host = Hosted { store: world, policy: judge };
    Reply::of(world.server.token(&post(request()), world.moment()).run(&host).into_http())
}

#[test]
fn the_host_is_shown_the_parameters_but_no_secret_of_the_client() {
    let (world, judge) = (World::new().with_everything(), grant(alice()));
    assert_eq!(token(&world, &judge).status(), 200);
    let asked = judge.asked.into_inner().unwrap();
    let names: Vec<_> = asked[0].parameters.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["grant_type", "assertion"]);
    assert_eq!((asked[0].parameter("assertion"), asked[0].parameter("none")), (Some("PEFzc2VydGlvbg"), None));
}

/// RFC 7521 §4.1 advises against a refresh token; RFC 8693 §2.2.1 leaves it to the server.
#[test]
fn a_refresh_token_is_issued_if_the_host_says_so_and_server_and_client_use_them() {
    let mut world = World::new().with_everything();
    assert_eq!(token(&world, &grant(alice())).member("refresh_token"), None);
    let reply = token(&world, &grant(alice().with_refresh_token()));
    let (_, refresh_token) = reply.tokens();
    let refreshed = world.token(refresh(&refresh_token).of_web());
    assert_eq!(world.presented(&refreshed.access_token()).grant.subject.as_ref().unwrap().as_str(), "alice");
    world = world.with(|config| config.token.grant_types.retain(|it| it.as_str() != "refresh_token"));
    assert_eq!(token(&world, &grant(alice().with_refresh_token())).member("refresh_token"), None);
}

#[test]
fn a_grant_may_be_the_clients_own() {
    let world = World::new().with_everything();
    let access_token = token(&world, &grant(ExtensionGrant::of_client())).access_token();
    assert_eq!(world.presented(&access_token).grant.subject, None);
}

#[test]
fn what_the_assertion_says_is_kept_with_token_and_grant() {
    let world = World::new().with_everything();
    let authentication = AuthenticationEvent::at(Timestamp(NOW - 60)).with_acr(Acr::parse("phr").unwrap());
    let data = claims(json!({ "tenant": "acme" }));
    let granted = alice().authenticated(authentication.clone()).with_data(data.clone());
    let judge = Judge {
        terms: Terms { claims: claims(json!({ "plan": "free", "seat": 7 })), ..Terms::default() },
        ..grant(granted.with_claims(claims(json!({ "plan": "paid", "team": "red" }))))
    };
    let presented = world.presented(&token(&world, &judge).access_token());
    assert_eq!((&presented.grant.authentication, &presented.grant.data), (&authentication, &data));
    let CredentialKind::AccessToken(token) = &presented.credential.kind else { panic!("not an access token") };
    // The last word is the last.
    assert_eq!(token.claims, claims(json!({ "plan": "free", "team": "red", "seat": 7 })));
}

/// RFC 8693 §2.2.1: `issued_token_type` is REQUIRED.
#[test]
fn the_response_has_the_members_of_the_grant_and_none_of_them_twice() {
    let world = World::new().with_everything();
    let granted = alice()
        .with_response_member("issued_token_type", "urn:ietf:params:oauth:token-type:access_token")
        .with_response_member("issued_token_type", "urn:example:second")
        .with_response_member("access_token", "forged")
        .with_response_member("scope", "admin")
        .with_response_member("token_type", "N_A")
        .with_response_member("expires_in", 7)
        .with_response_member("refresh_token", "forged");
    let reply = token(&world, &grant(granted));
    assert_eq!(reply.member("issued_token_type").unwrap(), "urn:ietf:params:oauth:token-type:access_token");
    assert!(!reply.body().contains("forged") && !reply.body().contains("second"), "{}", reply.body());
    let says = ["scope", "token_type", "expires_in"].map(|name| reply.member(name).unwrap());
    assert_eq!(says, ["read write", "Bearer", "600"]);
    assert!(world.is_alive(&reply.access_token()));
    for name in ["access_token", "token_type", "expires_in", "scope", "issued_token_type"] {
        assert_eq!(reply.body().matches(&format!("\"{name}\":")).count(), 1, "{name}");
    }
}

/// RFC 6749 §5.2: an extension has error codes of its own (§8.5), and texts of printable ASCII without quotes.
#[test]
fn a_refusal_has_the_hosts_code_and_text() {
    let world = World::new().with_everything();
    let refusal = ExtensionRefusal::default;
    let invalid_target = || ErrorCode::parse("invalid_target").unwrap();
    let cases = [
        (refusal(), "invalid_grant", "the host refused the extension grant"),
        (refusal().with_error(invalid_target()), "invalid_target", "the host refused the extension grant"),
        (refusal().with_description("no \"such\" user\n"), "invalid_grant", "no such user"),
        (refusal().with_error(invalid_target()).with_description("wrong äudience"), "invalid_target", "wrong udience"),
        (refusal().with_description("äöü"), "invalid_grant", "the host refused the extension grant"),
    ];
    for (refusal, error, description) in cases {
        let reply = token(&world, &judge(ExtensionVerdict::Refuse(refusal)));
        assert_eq!((reply.status(), reply.error().as_str()), (400, error));
        assert_eq!(reply.member("error_description").as_deref(), Some(description));
    }
    assert!(ErrorCode::parse("no\"code").is_err() && ErrorCode::parse("").is_err());
}
