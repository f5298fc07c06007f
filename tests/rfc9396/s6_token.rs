//! RFC 9396 §6, §7: the token request narrows, the token response tells, and a consent page may fill something in.

use grantor::consult::{Issuance, Terms, Verdict};
use grantor::model::{AuthorizationDetails, GrantType};
use grantor::{Answer, Hosted, Policy};
use serde_json::{Value, json};

use crate::common::*;
use crate::{ALL, MAIL, PHOTOS, accounts, combined, details, issued, only_details, payment, with, world};

/// A code for these details, and its exchange.
fn exchanged(world: &World, details: &Value) -> Params {
    exchange(&world.code(only_details(details)))
}

// §6 Token Request

/// "The AS checks whether the underlying grant (in case of grant types `authorization_code`, `refresh_token`, etc.) or
/// the client's policy (in case of grant type `client_credentials`) allows the issuance of an access token with the
/// requested authorization details. Otherwise, the AS refuses the request with the error code
/// `invalid_authorization_details` (similar to `invalid_scope`)."
#[test]
fn a_token_request_narrows_what_was_granted() {
    let world = world();
    let reduced = json!([accounts(&["list_accounts"])]);
    let exchange = exchanged(&world, &combined());
    for wrong in [
        json!([accounts(&["list_accounts"]), accounts(&["list_accounts"])]),
        json!([payment(), payment()]),
        json!([{ "type": "example_api", "actions": ["read"] }]),
        // No type answers for another, however easily it is content.
        json!([{ "type": "example_api", "actions": ["status"] }]),
        json!([{ "type": "account_information", "actions": ["list_accounts"] }]),
        json!([{ "type": "unknown" }]),
    ] {
        let reply = world.token(with(exchange.clone(), &wrong));
        assert_eq!(reply.error(), "invalid_authorization_details", "{wrong}");
    }
    // No refusal has spent the code, and the narrow token has taken nothing from the grant.
    let reply = world.token(with(exchange, &reduced));
    assert_eq!(issued(&world, &reply), reduced);
    assert_eq!(world.presented(&reply.access_token()).grant.authorization_details, details(&combined()));
    let reply = world.token(with(refresh(&reply.tokens().1), &json!([payment()])));
    assert_eq!(issued(&world, &reply), json!([payment()]));
    let reply = world.token(with(refresh(&reply.tokens().1), &json!([])));
    assert_eq!(issued(&world, &reply), json!([]));
    let reply = world.token(refresh(&reply.tokens().1));
    assert_eq!(issued(&world, &reply), combined(), "the resource owner's authorization is unchanged");
    let mut more = payment();
    more["instructedAmount"]["amount"] = "12350".into();
    let refused = world.token(with(refresh(&reply.tokens().1), &json!([more])));
    assert_eq!(refused.error(), "invalid_authorization_details");
    assert_eq!(world.token(refresh(&reply.tokens().1)).status(), 200, "the refresh token is as good as before");
}

#[test]
fn a_grant_without_details_gives_none() {
    let world = world();
    let (_, refresh_token) = world.tokens();
    let asked = with(refresh(&refresh_token), &json!([payment()]));
    assert_eq!(world.token(asked).error(), "invalid_authorization_details");
    let asked = with(exchange(&world.code(authorize())), &json!([payment()]));
    assert_eq!(world.token(asked).error(), "invalid_authorization_details");
}

#[test]
fn every_grant_that_is_opened_at_the_token_endpoint_takes_them() {
    let world = world().with_everything();
    let assertion = params(&[("grant_type", ASSERTION), ("assertion", "PEFzc2VydGlvbiBJc3N1ZUluc3RhbnQ9")]);
    for form in [client_credentials(), password(), assertion.set("client_id", "app")] {
        let reply = world.token(with(form.clone(), &combined()));
        assert_eq!(issued(&world, &reply), combined(), "{form}");
        assert_eq!(world.presented(&reply.access_token()).grant.authorization_details, details(&combined()));
        let reply = world.token(with(form, &json!([{ "type": "unknown" }])));
        assert_eq!(reply.error(), "invalid_authorization_details");
    }
    // The implicit response has no place for them, but its token has them.
    let request = with(implicit(), &combined()).without("scope");
    let response = world.approve(request);
    let token = response.parameter("access_token").unwrap();
    let grantor::record::CredentialKind::AccessToken(token) = &world.presented(&token).credential.kind else {
        panic!()
    };
    assert_eq!(token.authorization_details, details(&combined()));
    assert!(!response.location().contains("authorization_details"));
    let world = world.with(|config| config.resources = only(&[PHOTOS, MAIL]));
    let at_mail = json!({ "type": "account_information", "actions": ALL, "locations": [MAIL] });
    let request = with(implicit(), &json!([at_mail, payment()])).set("resource", PHOTOS);
    let token = world.approve(request).parameter("access_token").unwrap();
    let grantor::record::CredentialKind::AccessToken(token) = &world.presented(&token).credential.kind else {
        panic!()
    };
    assert_eq!(token.authorization_details, details(&json!([payment()])), "it is for the photos");
}

/// §6.1: "An AS should not rely on simple object comparison in most cases": a type says what covers what.
#[test]
fn a_type_may_know_better_than_the_comparison() {
    let world = world();
    let api = |actions: &[&str]| json!([{ "type": "example_api", "actions": actions }]);
    let reply = world.token(with(exchanged(&world, &api(&["write"])), &api(&["read"])));
    assert_eq!(issued(&world, &reply), api(&["read"]));
    let refused = world.token(with(exchanged(&world, &api(&["read"])), &api(&["write"])));
    assert_eq!(refused.error(), "invalid_authorization_details");
    // The same comparison is there for a host that remembers consent.
    let section = &world.server.config().authorization_details;
    let covers = |granted: &Value, asked: &Value| section.cover(&details(granted), &details(asked));
    assert!(covers(&api(&["write"]), &api(&["read"])) && !covers(&api(&["read"]), &api(&["write"])));
    assert!(covers(&combined(), &json!([payment()])) && !covers(&json!([payment()]), &combined()));
    let unknown = json!([{ "type": "unknown" }]);
    assert!(!covers(&unknown, &unknown));
}

// §2.2, RFC 8707 §2.2: the locations

/// "This field can allow a client to specify a particular RS".
#[test]
fn a_token_for_a_resource_has_the_details_that_are_for_it() {
    let world = world().with(|config| config.resources = only(&[PHOTOS, MAIL]));
    let at = |locations: &[&str]| json!({ "type": "account_information", "actions": ["list_accounts"], "locations": locations });
    let below = format!("{PHOTOS}/2026?x=1");
    let beside = format!("{PHOTOS}2");
    let nowhere = json!({ "type": "account_information", "actions": ["read_balances"] });
    let all =
        json!([at(&[PHOTOS]), at(&[MAIL]), at(&[PHOTOS, MAIL]), at(&[&below]), at(&[&beside]), at(&["x"]), nowhere]);
    let for_photos = json!([all[0], all[2], all[3], all[4], all[5], all[6]]);
    let for_mail = json!([all[1], all[2], all[4], all[5], all[6]]);
    let reply = world.token(exchanged(&world, &all).set("resource", PHOTOS));
    assert_eq!(issued(&world, &reply), for_photos);
    let reply = world.token(refresh(&reply.tokens().1).set("resource", "https://API.example.com:443/mail"));
    assert_eq!(issued(&world, &reply), for_mail);
    let reply = world.token(refresh(&reply.tokens().1));
    assert_eq!(issued(&world, &reply), all);
    let refused = world.token(with(refresh(&reply.tokens().1), &json!([at(&[PHOTOS])])).set("resource", MAIL));
    assert_eq!(refused.error(), "invalid_authorization_details");
    // What a client asks for itself all goes into the one token.
    let request = with(client_credentials(), &json!([at(&[MAIL])]));
    assert_eq!(issued(&world, &world.token(request.clone())), json!([at(&[MAIL])]));
    assert_eq!(world.token(request.set("resource", PHOTOS)).error(), "invalid_authorization_details");
}

#[test]
fn scope_and_details_may_be_for_different_resources() {
    let world = world().with(|config| {
        config.resources = only(&[PHOTOS, MAIL]);
        config.scope.of_resource = [(resource(PHOTOS), scope("read")), (resource(MAIL), scope("write"))].into();
    });
    let at_mail = json!([{ "type": "account_information", "actions": ["list_accounts"], "locations": [MAIL] }]);
    let request = with(authorize().set("scope", "read"), &at_mail);
    assert_eq!(world.ask(&request).asked.audience, only(&[PHOTOS, MAIL]));
    let reply = world.token(exchange(&world.code(&request)).set("resource", MAIL));
    assert_eq!((reply.member("scope"), issued(&world, &reply)), (None, at_mail));
    let reply = world.token(refresh(&reply.tokens().1).set("resource", PHOTOS));
    assert_eq!((reply.member("scope").as_deref(), issued(&world, &reply)), (Some("read"), json!([])));
    // Scope values of several resources are refused with details too.
    let request = with(authorize().set("scope", "read write"), &json!([accounts(&ALL)]));
    assert_eq!(world.answer(&request).error(), "invalid_scope");
}

// §7 Token Response

/// "In addition to the token response parameters as defined in [RFC6749], the AS MUST also return the
/// `authorization_details` as granted by the resource owner and assigned to the respective access token."
#[test]
fn the_response_tells_what_the_token_is_good_for() {
    let world = world();
    let reply = world.token(exchanged(&world, &combined()));
    let body: Value = serde_json::from_str(reply.body()).unwrap();
    assert_eq!(body["authorization_details"], combined());
    assert_eq!(body.get("scope"), None);
    let without = world.token(exchange(&world.code(authorize())));
    assert!(!without.body().contains("authorization_details"), "{without:?}");
}

/// §7.1: "the AS could add this information to the respective authorization details object."
#[test]
fn the_consent_page_may_fill_something_in() {
    let world = world();
    let filled = json!([{
        "type": "account_information",
        "actions": ALL,
        "accounts": [{ "iban": "DE2310010010123456789" }, { "maskedPan": "123456xxxxxx1234" }],
    }]);
    let decide = |details: &Value| {
        let asked = json!([{ "type": "account_information", "actions": ALL, "accounts": [] }]);
        world.decide(world.ask(only_details(&asked)), Some(approval().enriched(crate::details(details))))
    };
    let code = decide(&filled).parameter("code").unwrap();
    let reply = world.token(exchange(&code));
    assert_eq!(issued(&world, &reply), filled);
    assert_eq!(issued(&world, &world.token(refresh(&reply.tokens().1))), filled);
    // It is of the types that were asked for, and conforms to them.
    for wrong in [json!([payment()]), json!([accounts(&["close"])]), json!([{ "type": "unknown" }])] {
        assert_eq!(decide(&wrong).parameter("error").as_deref(), Some("invalid_authorization_details"), "{wrong}");
    }
    assert_eq!(decide(&json!([])).parameter("error").as_deref(), Some("access_denied"));
}

/// The last word sees the details of the token, and of the grant.
#[test]
fn the_policy_sees_them() {
    struct Bank;
    impl Policy for Bank {
        fn issuance(&self, issuance: &Issuance) -> Answer<Issuance> {
            assert_eq!(issuance.grant.authorization_details, details(&combined()));
            let pays = issuance.authorization_details.iter().any(|it| it.detail_type() == "payment_initiation");
            let refreshes = issuance.grant_type == GrantType::RefreshToken;
            Ok(if pays && refreshes { Verdict::Refuse } else { Verdict::Issue(Terms::default()) })
        }
    }
    let world = world();
    let token = |form: Params| {
        let host = Hosted { store: &world, policy: Bank };
        Reply::of(world.server.token(&post(form), world.moment()).run(&host).into_http())
    };
    let (_, refresh_token) = token(exchanged(&world, &combined())).tokens();
    assert_eq!(token(refresh(&refresh_token)).error(), "invalid_grant");
    let only_accounts = with(refresh(&refresh_token), &json!([accounts(&ALL)]));
    assert_eq!(issued(&world, &token(only_accounts)), json!([accounts(&ALL)]));
}

/// A host cannot say otherwise, by a member of an extension grant's response.
#[test]
fn the_member_is_grantors() {
    use grantor::consult::{Extension, ExtensionGrant, ExtensionVerdict};
    struct Says;
    impl Policy for Says {
        fn extension(&self, _: &Extension) -> Answer<Extension> {
            let grant = ExtensionGrant::of(subject()).with_response_member("authorization_details", "anything");
            Ok(ExtensionVerdict::Grant(grant))
        }
    }
    let world = world().with_everything();
    let host = Hosted { store: &world, policy: Says };
    let form = params(&[("grant_type", ASSERTION), ("client_id", "app")]);
    let reply = Reply::of(world.server.token(&post(form), world.moment()).run(&host).into_http());
    assert_eq!((reply.status(), reply.member("authorization_details")), (200, None));
    assert!(AuthorizationDetails::default().is_empty());
}
