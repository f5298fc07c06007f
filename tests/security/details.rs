//! Authorization details (RFC 9396) as an attack: more than was granted, what is read in two ways, what is too much,
//! and what nobody else should read.

use grantor::Server;
use grantor::model::{AuthorizationDetails, Subject};
use grantor::server::{Approval, AuthorizeReply, DetailMembers, MemberKind, RefreshPolicy};
use http::Request;
use serde_json::{Value, json};

use crate::fixture::*;

const IBAN: &str = "DE02100100109307118603";

/// A world in which payments can be asked for.
fn world() -> World {
    let mut world = World::new(RefreshPolicy::Reuse);
    let mut config = world.server.config().clone();
    let payment = DetailMembers::new().required("amount", MemberKind::Text).required("to", MemberKind::Text);
    config.authorization_details.add("payment", payment.optional("actions", MemberKind::List));
    config.authorization_details.add("account", DetailMembers::new().required("to", MemberKind::Text));
    world.server = Server::new(config).unwrap();
    for mut client in clients() {
        client.authorization_details_types = vec!["payment".to_owned(), "account".to_owned()];
        world.store = std::mem::take(&mut world.store).with_client(client);
    }
    world
}

fn payment(amount: &str) -> Value {
    json!({ "type": "payment", "actions": ["initiate", "status"], "amount": amount, "to": IBAN })
}

fn encoded(details: &Value) -> String {
    form_urlencoded::byte_serialize(details.to_string().as_bytes()).collect()
}

fn authorize(world: &World, details: &str) -> AuthorizeReply {
    let challenge = grantor::model::CodeVerifier::parse(VERIFIER).unwrap();
    let challenge = challenge.challenge(grantor::model::CodeChallengeMethod::S256).digest();
    let request = Request::get(format!(
        "/authorize?response_type=code&client_id=public&code_challenge={challenge}&code_challenge_method=S256\
         &authorization_details={details}"
    ));
    world.server.authorize(&request.body("").unwrap(), world.moment()).run(&world.store)
}

/// A code for these details.
fn code(world: &World, details: &Value) -> String {
    let AuthorizeReply::Ask(prompt) = authorize(world, &encoded(details)) else { panic!("not asked") };
    let approval = Approval::by(Subject::parse("alice").unwrap());
    let response = prompt.approve(&world.server, approval, world.moment()).run(&world.store);
    parameter(response.location().unwrap(), "code")
}

/// The details of the token that a request is answered with, or the error.
fn issued(world: &World, body: &str) -> Result<AuthorizationDetails, String> {
    let reply = world.token(body);
    reply.result().map(|response| response.authorization_details.clone()).map_err(|error| error.code().to_owned())
}

/// A token carries at most what a person approved, at the code, at each refresh, and after a narrow one.
#[test]
fn nothing_that_was_not_granted_is_gained_at_the_token_endpoint() {
    let world = world();
    let granted = json!([payment("1.00")]);
    let attempts = [
        json!([payment("1000.00")]),
        json!([payment("1.00"), payment("1.00")]),
        json!([payment("1.00"), payment("1000.00")]),
        json!([{ "type": "payment", "amount": "1.00", "to": IBAN }]),
        json!([{ "type": "payment", "actions": [], "amount": "1.00", "to": IBAN }]),
        json!([{ "type": "payment", "actions": ["initiate", "refund"], "amount": "1.00", "to": IBAN }]),
        json!([{ "type": "payment", "actions": ["initiate"], "amount": "1.00", "to": "XX" }]),
        json!([{ "type": "account", "to": IBAN }]),
    ];
    let code = code(&world, &granted);
    for attempt in &attempts {
        let body = format!("{}&authorization_details={}", exchange(&code), encoded(attempt));
        assert_eq!(issued(&world, &body), Err("invalid_authorization_details".to_owned()), "{attempt}");
    }
    let (_, refresh_token) = tokens(&world.token(&exchange(&code)));
    for before in ["", "&authorization_details=%5B%5D"] {
        assert!(issued(&world, &(refresh(&refresh_token) + before)).is_ok());
        for attempt in &attempts {
            let body = format!("{}&authorization_details={}", refresh(&refresh_token), encoded(attempt));
            assert_eq!(issued(&world, &body), Err("invalid_authorization_details".to_owned()), "{attempt}");
        }
    }
    assert_eq!(issued(&world, &refresh(&refresh_token)).unwrap().to_string(), granted.to_string());
}

/// An object of one type is never taken for one of another, however it is dressed up.
#[test]
fn no_type_is_taken_for_another() {
    let world = world();
    for text in [
        r#"[{"type":"payment","type":"account","to":"x"}]"#,
        r#"[{"type":"account","\u0074ype":"payment","to":"x","amount":"1"}]"#,
        r#"[{"type":["payment"],"to":"x","amount":"1"}]"#,
        r#"[{"type":{"type":"payment"},"to":"x","amount":"1"}]"#,
        r#"[{"type":"payment ","to":"x","amount":"1"}]"#,
        r#"[{"type":"PAYMENT","to":"x","amount":"1"}]"#,
        r#"[{"type":"payment\u0000","to":"x","amount":"1"}]"#,
        r#"[{"type":"account","to":"x","amount":"1"}]"#,
        r#"{"type":"account","to":"x"}"#,
        r#"[[{"type":"account","to":"x"}]]"#,
        r#""[{\"type\":\"account\",\"to\":\"x\"}]""#,
    ] {
        let details: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let AuthorizeReply::Refuse(refusal) = authorize(&world, &details) else { panic!("{text} was not refused") };
        assert_eq!(refusal.error.as_str(), "invalid_authorization_details", "{text}");
    }
}

/// What is huge, deep or many is refused in words, before it costs anything.
#[test]
fn too_much_is_refused() {
    let world = world();
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let objects = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    let huge = [
        deep(4000),
        deep(20_000),
        format!(r#"[{{"type":"payment","to":"x","amount":{}}}]"#, deep(3000)),
        format!(r#"[{{"type":"payment","to":"x","amount":{}}}]"#, objects(1000)),
        format!(r#"[{{"type":"payment","to":"x","amount":"{}"}}]"#, "9".repeat(40_000)),
        format!("[{}]", vec![payment("1").to_string(); 33].join(",")),
        format!("[{}1]", "1,".repeat(4000)),
        "[".repeat(8192),
        format!(r#"[{{"type":"payment","to":"x","amount":"1","actions":[{}"x"]}}]"#, r#""x","#.repeat(2500)),
    ];
    for text in huge {
        let details: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let client = format!("grant_type=client_credentials&client_id=confidential&client_secret={SECRET}");
        let expected = if details.len() > 60_000 { "invalid_request" } else { "invalid_authorization_details" };
        let found = issued(&world, &format!("{client}&authorization_details={details}"));
        assert_eq!(found, Err(expected.to_owned()), "{} bytes: {}", text.len(), &text[..60]);
    }
}

/// Whoever reads the log, an error or a debugger's output reads nothing of people's payments.
#[test]
fn they_are_in_no_event_error_or_debug_output() {
    let world = world();
    let AuthorizeReply::Ask(prompt) = authorize(&world, &encoded(&json!([payment("1.00")]))) else {
        panic!("not asked")
    };
    let mut shown = vec![format!("{prompt:?}")];
    shown.push(serde_json::to_string(&AuthorizeReply::Ask(prompt).event()).unwrap());
    let reply = world.token(&exchange(&code(&world, &json!([payment("1.00")]))));
    let grant = grantor::model::Key::of(reply.result().unwrap().access_token.expose()).unwrap();
    let lookup = grantor::store::Lookup::of(grant);
    let found = grantor::store::Store::lookup(&world.store, &lookup).unwrap();
    shown.push(format!("{found:?}"));
    shown.push(serde_json::to_string(&reply.event()).unwrap());
    shown.push(format!("{reply:?}"));
    let wrong = format!(r#"[{{"type":"payment","to":"{IBAN}","{IBAN}":1}}]"#);
    let wrong: String = form_urlencoded::byte_serialize(wrong.as_bytes()).collect();
    let AuthorizeReply::Refuse(refusal) = authorize(&world, &wrong) else { panic!("not refused") };
    shown.push(format!("{refusal:?} {}", refusal.error_description));
    shown.push(serde_json::to_string(&AuthorizeReply::Refuse(refusal).event()).unwrap());
    for text in shown {
        assert!(!text.contains(IBAN) && !text.contains("1.00"), "{text}");
    }
}
