//! RFC 9396 §3, §5, §10: the authorization request, its errors, and who may ask for which types.

use grantor::Timestamp;
use grantor::model::{AuthenticationEvent, AuthorizationDetails};
use grantor::server::{AuthorizeReply, DefaultScope, DetailsError, Event, Interaction, ParConfig};
use serde_json::{Value, json};

use crate::common::*;
use crate::{ALL, MAIL, PHOTOS, accounts, combined, details, issued, only_details, payment, with, with_clients, world};

// §3 Authorization Request

#[test]
fn the_resource_owner_is_asked_for_each_of_them() {
    let prompt = world().ask(with(authorize(), &combined()));
    assert_eq!(prompt.asked.authorization_details, details(&combined()));
    assert_eq!(prompt.asked.scope, scope("read write"));
    // They wait with the prompt in the session.
    let kept: grantor::server::Prompt = serde_json::from_str(&serde_json::to_string(&prompt).unwrap()).unwrap();
    assert_eq!(kept.asked.authorization_details, details(&combined()));
    assert!(!format!("{kept:?}").contains("Merchant"));
    // An older prompt has none.
    let mut older = serde_json::to_value(&prompt).unwrap();
    older.as_object_mut().unwrap().remove("authorization_details");
    let older: grantor::server::Prompt = serde_json::from_value(older).unwrap();
    assert!(older.asked.authorization_details.is_empty());
}

#[test]
fn the_request_as_the_rfc_prints_it_is_understood() {
    let world = world().with_client(public("s6BhdRkqt3").with(|client| {
        client.redirect_uris = vec![redirect_uri("https://client.example.org/cb")];
        client.authorization_details_types = vec!["account_information".to_owned(), "payment_initiation".to_owned()];
    }));
    let request = as_printed(
        "GET /authorize?response_type=code
           &client_id=s6BhdRkqt3
           &state=af0ifjsldkj
           &redirect_uri=https%3A%2F%2Fclient.example.org%2Fcb
           &code_challenge_method=S256
           &code_challenge=K2-ltc83acc4h0c9w6ESC_rEMTJ3bwc-uCHaoeK1t8U
           &authorization_details=%5B%7B%22type%22%3A%22account%5Finformation%22%2C%22actions%22%3A%5B%22list%5Faccounts%22%2C%22read%5Fbalances%22%2C%22read%5Ftransactions%22%5D%2C%22locations%22%3A%5B%22https%3A%2F%2Fexample%2Ecom%2Faccounts%22%5D%7D%2C%7B%22type%22%3A%22payment%5Finitiation%22%2C%22actions%22%3A%5B%22initiate%22%2C%22status%22%2C%22cancel%22%5D%2C%22locations%22%3A%5B%22https%3A%2F%2Fexample%2Ecom%2Fpayments%22%5D%2C%22instructedAmount%22%3A%7B%22currency%22%3A%22EUR%22%2C%22amount%22%3A%22123%2E50%22%7D%2C%22creditorName%22%3A%22Merchant%20A%22%2C%22creditorAccount%22%3A%7B%22iban%22%3A%22DE02100100109307118603%22%7D%2C%22remittanceInformationUnstructured%22%3A%22Ref%20Number%20Merchant%22%7D%5D HTTP/1.1",
    );
    match world.authorize_by(&request) {
        AuthorizeReply::Ask(prompt) => assert_eq!(prompt.asked.authorization_details, details(&combined())),
        refused => panic!("{:?}", refused.event()),
    }
}

/// §3: the parameter "can be used to specify authorization requirements in all places where the `scope` parameter is
/// used", a pushed request among them (§11.4), which nothing in the browser's request changes.
#[test]
fn a_pushed_request_carries_them_to_the_prompt() {
    let world = world().with(|config| config.par = Some(ParConfig::at(ISSUER.parse().unwrap())));
    let pushed = world.server.push(&post(only_details(&combined())), world.moment()).run(&world);
    let request_uri = pushed.result().unwrap().request_uri.expose().to_owned();
    let query = params(&[("client_id", "app"), ("request_uri", &request_uri)]);
    let prompt = world.ask(with(query, &json!([accounts(&ALL)])));
    assert_eq!(prompt.asked.authorization_details, details(&combined()));
    let code = world.decide(prompt, Some(approval())).parameter("code").unwrap();
    assert_eq!(issued(&world, &world.token(exchange(&code))), combined());
    for (wrong, error) in [(json!([{ "type": "unknown" }]), "invalid_authorization_details"), (json!([]), "")] {
        let reply = Reply::of(world.server.push(&post(only_details(&wrong)), world.moment()).run(&world).into_http());
        assert_eq!(reply.member("error").unwrap_or_default(), error);
    }
}

/// "The user may also grant a subset of the requested authorization details."
#[test]
fn the_resource_owner_grants_some_of_them() {
    let world = world();
    let all = json!([accounts(&ALL), payment(), accounts(&["list_accounts"])]);
    let granted = |approved: AuthorizationDetails| {
        let approval = approval().narrowed_to_details(approved);
        let decided = world.decide(world.ask(with(authorize(), &all)), Some(approval));
        let reply = world.token(exchange(&decided.parameter("code").unwrap()));
        assert_eq!(reply.member("scope").unwrap(), "read write");
        issued(&world, &reply)
    };
    let asked = details(&all);
    assert_eq!(granted(asked.clone()), all);
    assert_eq!(granted(asked.at(&[1])), json!([payment()]));
    assert_eq!(granted(AuthorizationDetails::default()), json!([]));
    // A part of one, if its type can tell.
    let part = json!([accounts(&["read_balances"])]);
    assert_eq!(granted(details(&part)), part);
    // Whatever a form sent, no more than was asked for.
    let mut other = payment();
    other["creditorName"] = "Merchant B".into();
    let more = json!([payment(), payment(), other, accounts(&["read_balances", "close"]), { "type": "unknown" }]);
    assert_eq!(granted(details(&more)), json!([payment()]));
}

/// §6.1: "When comparing a new request to an existing request, an AS can use the same processing techniques as used in
/// granting the request in the first place to determine if a resource owner needs to authorize the request."
#[test]
fn consent_that_is_remembered_covers_no_more_than_was_granted() {
    let world = world();
    let granted = |details: &Value| {
        let reply = world.token(exchange(&world.code(with(authorize(), details))));
        world.presented(&reply.access_token()).grant
    };
    let asks = |details: &Value, granted: &grantor::record::Grant| {
        let login = AuthenticationEvent::at(Timestamp(NOW));
        world.ask(with(authorize(), details)).needs(Some(&login), [granted])
    };
    let (all, plain) = (granted(&combined()), granted(&json!([])));
    assert_eq!(asks(&combined(), &all), None);
    assert_eq!(asks(&json!([accounts(&["read_balances"])]), &all), None);
    assert_eq!(asks(&json!([]), &all), None);
    let mut more = payment();
    more["instructedAmount"]["amount"] = "12350".into();
    for (asked, granted) in [
        (json!([more]), &all),
        (json!([payment(), payment()]), &all),
        (json!([payment()]), &plain),
        (json!([{ "type": "example_api", "actions": ["read"] }]), &all),
    ] {
        assert_eq!(asks(&asked, granted), Some(Interaction::Consent), "{asked}");
    }
}

#[test]
fn granting_nothing_of_it_is_a_denial() {
    let world = world();
    let nothing = || approval().narrowed_to_details(AuthorizationDetails::default());
    let denied = world.decide(world.ask(only_details(&combined())), Some(nothing()));
    assert_eq!(denied.parameter("error").as_deref(), Some("access_denied"));
    let denied = world.decide(world.ask(with(authorize(), &combined())), Some(nothing().narrowed_to(scope("x"))));
    assert_eq!(denied.parameter("error").as_deref(), Some("access_denied"));
    // Details without the scope, and the scope without details.
    let both = with(authorize(), &combined());
    let decided = world.decide(world.ask(&both), Some(approval().narrowed_to(scope("x"))));
    let reply = world.token(exchange(&decided.parameter("code").unwrap()));
    assert_eq!((reply.member("scope"), issued(&world, &reply)), (None, combined()));
    let decided = world.decide(world.ask(&both), Some(nothing()));
    let reply = world.token(exchange(&decided.parameter("code").unwrap()));
    assert_eq!((reply.member("scope").as_deref(), issued(&world, &reply)), (Some("read write"), json!([])));
}

// §3.1 Relationship to the "scope" Parameter

/// "The AS MUST process both sets of requirements in combination with each other for the given authorization request."
#[test]
fn a_request_for_details_alone_asks_for_no_scope() {
    for default in [DefaultScope::Registered, DefaultScope::Fixed(scope("read")), DefaultScope::None] {
        let world = world().with(|config| config.scope.default = default);
        assert!(world.ask(only_details(&combined())).asked.scope.is_empty());
        assert_eq!(world.ask(with(authorize(), &combined())).asked.scope, scope("read write"));
        let reply = world.token(with(client_credentials(), &json!([payment()])));
        assert_eq!((reply.member("scope"), issued(&world, &reply)), (None, json!([payment()])));
    }
    // An empty list asks for nothing, and is as none at all.
    let world = world();
    assert_eq!(world.ask(only_details(&json!([]))).asked.scope, scope("read write"));
}

// §3.2 Relationship to the "resource" Parameter

/// "The `resource` parameter does not have any impact on the way the AS processes the `authorization_details`
/// authorization request parameter."
#[test]
fn the_resource_of_a_request_leaves_them_as_they_are() {
    let world = world().with(|config| config.resources = only(&[PHOTOS, MAIL]));
    let at_mail = json!([{ "type": "account_information", "actions": ["list_accounts"], "locations": [MAIL] }]);
    let request = only_details(&at_mail).set("resource", PHOTOS);
    let prompt = world.ask(&request);
    assert_eq!(
        (prompt.asked.authorization_details.clone(), prompt.asked.audience.clone()),
        (details(&at_mail), only(&[PHOTOS]))
    );
    // But a token for the photos says nothing about mail.
    let code = world.decide(prompt, Some(approval())).parameter("code").unwrap();
    assert_eq!(issued(&world, &world.token(exchange(&code))), json!([]));
    // A client that may ask nothing of a resource asks for no details there either.
    let world = with_clients(world, |client| client.audience = only(&[PHOTOS]));
    assert_eq!(world.answer(only_details(&at_mail)).error(), "invalid_authorization_details");
}

// §5 Authorization Error Response

/// "The AS MUST refuse to process any unknown authorization details type or authorization details not conforming to the
/// respective type definition. The AS MUST abort processing and respond with an error
/// `invalid_authorization_details` to the client if any of the following are true".
#[test]
fn what_does_not_conform_to_its_type_is_refused() {
    let changed = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
        let mut payment = payment();
        change(payment.as_object_mut().unwrap());
        payment
    };
    let cases = [
        // "contains an unknown authorization details type value"
        json!({ "type": "unknown" }),
        json!({ "type": "Payment_initiation" }),
        // "is an object of known type but containing unknown fields"
        changed(&|payment| drop(payment.insert("creditor".to_owned(), json!("x")))),
        changed(&|payment| drop(payment.insert("identifier".to_owned(), json!("x")))),
        // "contains fields of the wrong type for the authorization details type"
        changed(&|payment| drop(payment.insert("creditorName".to_owned(), json!(1)))),
        changed(&|payment| drop(payment.insert("instructedAmount".to_owned(), json!(null)))),
        changed(&|payment| drop(payment.insert("actions".to_owned(), json!("initiate")))),
        // "contains fields with invalid values for the authorization details type"
        accounts(&["close"]),
        // "is missing required fields for the authorization details type"
        changed(&|payment| drop(payment.remove("creditorName"))),
        changed(&|payment| drop(payment.remove("type"))),
    ];
    let world = world();
    for case in cases {
        let all = json!([accounts(&ALL), case]);
        let reply = world.answer(only_details(&all));
        assert_eq!(reply.error(), "invalid_authorization_details", "{case}");
        assert!(reply.location().starts_with(CALLBACK) && reply.parameter("state").as_deref() == Some("xyz"));
        // §8: "The Token Error Response MUST conform to the rules given in" §5.
        let reply = world.token(with(client_credentials(), &all));
        assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_authorization_details"), "{case}");
        assert!(!reply.body().contains("close") && !reply.body().contains("Merchant"), "{reply:?}");
    }
    for text in ["x", "[1]", "{}", r#"[{"type":"payment_initiation","type":"account_information"}]"#] {
        let reply = world.answer(authorize().set("authorization_details", text));
        assert_eq!(reply.error(), "invalid_authorization_details", "{text}");
        let reply = world.token(client_credentials().set("authorization_details", text));
        assert_eq!(reply.error(), "invalid_authorization_details", "{text}");
    }
    // The parameter itself is held to the rules of all parameters.
    let twice = only_details(&combined()).again("authorization_details", "[]");
    assert_eq!(world.answer(twice).error(), "invalid_request");
    let twice = with(client_credentials(), &json!([payment()])).again("authorization_details", "[]");
    assert_eq!(world.token(twice).error(), "invalid_request");
}

#[test]
fn the_reason_is_in_the_event_and_helps_the_developer() {
    let world = world();
    let AuthorizeReply::Refuse(refusal) = world.authorize(only_details(&json!([accounts(&["close"])]))) else {
        panic!("it was not refused")
    };
    assert_eq!(refusal.error_description, "no such action", "without what an error_description may not have");
    let event = AuthorizeReply::Refuse(refusal).event();
    let told = serde_json::to_value(&event).unwrap();
    assert_eq!(told["reason"]["error"], "invalid_authorization_details", "{told}");
    assert!(matches!(event, Event::AuthorizationRefused { .. }));
    for (error, text) in [
        (DetailsError::UnknownType, "not known"),
        (DetailsError::TypeOfOthers, "the client may not ask"),
        (DetailsError::Exceeding, "exceed"),
        (DetailsError::Location, "locations"),
    ] {
        assert!(error.to_string().contains(text), "{error}");
    }
}

/// Who was asked for which types, and got which, is in the log; for what, is not.
#[test]
fn events_name_the_types_and_no_more() {
    let world = world();
    let all = json!([accounts(&ALL), accounts(&ALL), payment()]);
    let reply = world.authorize(only_details(&all));
    let asked = serde_json::to_value(reply.event()).unwrap();
    assert_eq!(asked["authorization_details_types"], json!(["account_information", "payment_initiation"]));
    let AuthorizeReply::Ask(prompt) = reply else { panic!("not asked") };
    let approved = approval().narrowed_to_details(details(&json!([payment()])));
    let response = prompt.approve(&world.server, approved, world.moment()).run(&world);
    let authorized = serde_json::to_value(response.event()).unwrap();
    assert_eq!(authorized["authorization_details_types"], json!(["payment_initiation"]));
    let code = Reply::of(response.into_http()).parameter("code").unwrap();
    let issued = serde_json::to_value(world.event(exchange(&code))).unwrap();
    assert_eq!(issued["authorization_details_types"], json!(["payment_initiation"]));
    assert!(![asked, authorized, issued].iter().any(|event| event.to_string().contains("Merchant")));
    let plain = serde_json::to_value(world.event(client_credentials())).unwrap();
    assert_eq!(plain.get("authorization_details_types"), None);
}

// §10 Metadata

/// "Clients MAY indicate the authorization details types they will use when requesting authorization with the client
/// registration metadata parameter `authorization_details_types`": here they may ask for no other.
#[test]
fn a_client_asks_for_its_own_types_alone() {
    let world = with_clients(world(), |client| client.authorization_details_types = vec!["payment_initiation".into()]);
    assert_eq!(world.ask(only_details(&json!([payment()]))).asked.authorization_details.len(), 1);
    assert_eq!(world.answer(only_details(&combined())).error(), "invalid_authorization_details");
    let reply = world.token(with(client_credentials(), &combined()));
    assert_eq!(reply.error(), "invalid_authorization_details");
    let world = with_clients(world, |client| client.authorization_details_types.clear());
    assert_eq!(world.answer(only_details(&json!([payment()]))).error(), "invalid_authorization_details");
}

#[test]
fn the_types_are_advertised() {
    let types = json!(["account_information", "example_api", "payment_initiation"]);
    let document = serde_json::to_value(metadata_of(&world())).unwrap();
    assert_eq!(document["authorization_details_types_supported"], types);
    let read: grantor::model::Metadata = serde_json::from_value(document).unwrap();
    assert_eq!(read.authorization_details_types_supported.unwrap().len(), 3);
    let none = serde_json::to_value(metadata_of(&World::new())).unwrap();
    assert_eq!(none.get("authorization_details_types_supported"), None);
}

/// RFC 6749 §3.1: "The authorization server MUST ignore unrecognized request parameters."
#[test]
fn a_server_without_types_does_not_know_the_parameter() {
    let world = with_clients(World::new(), |_| ());
    for text in ["x", "[]", &combined().to_string()] {
        let prompt = world.ask(authorize().set("authorization_details", text));
        assert!(prompt.asked.authorization_details.is_empty());
        let reply = world.token(client_credentials().set("authorization_details", text));
        assert_eq!((reply.status(), reply.member("authorization_details")), (200, None));
    }
}

#[test]
fn what_is_not_offered_any_more_is_not_granted_any_more() {
    let before = world();
    let prompt = || before.ask(with(authorize(), &combined()));
    let (first, second, third) = (prompt(), prompt(), prompt());
    let after = with_clients(before, |client| client.authorization_details_types = vec!["account_information".into()]);
    let code = after.decide(first, Some(approval())).parameter("code").unwrap();
    let reply = after.token(exchange(&code));
    assert_eq!(issued(&after, &reply), json!([accounts(&ALL)]));
    // It comes back with the client's registration, for new grants and not for this one.
    let after = with_clients(after, |_| ());
    assert_eq!(issued(&after, &after.token(refresh(&reply.tokens().1))), json!([accounts(&ALL)]));
    let code = after.decide(second, Some(approval())).parameter("code").unwrap();
    let reply = after.token(exchange(&code));
    assert_eq!(issued(&after, &reply), combined());
    // A server that has no types any more issues none.
    let off = after.with(|config| config.authorization_details = Default::default());
    assert_eq!(issued(&off, &off.token(refresh(&reply.tokens().1))), json!([]));
    let code = off.decide(third, Some(approval())).parameter("code").unwrap();
    assert_eq!(issued(&off, &off.token(exchange(&code))), json!([]));
}
