//! RFC 9396: rich authorization requests.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

#[path = "../common/mod.rs"]
mod common;

mod client;
mod devices;
mod s2_parameter;
mod s3_authorization;
mod s6_token;
mod s9_resources;

use common::photos::PHOTOS;
use common::*;
use grantor::model::{AuthorizationDetail, AuthorizationDetails};
use grantor::record::Client;
use grantor::server::{AuthorizationDetailsType, Config, DetailMembers, InvalidDetail, MemberKind};
use serde_json::{Value, json};

pub const MAIL: &str = "https://api.example.com/mail";
const TYPES: [&str; 3] = ["payment_initiation", "account_information", "example_api"];

/// Accounts of a bank, whose actions are three.
#[derive(Debug)]
struct Accounts;

impl AuthorizationDetailsType for Accounts {
    fn check(&self, detail: &AuthorizationDetail) -> Result<(), InvalidDetail> {
        let members = DetailMembers::new().required("actions", MemberKind::List);
        members.optional("locations", MemberKind::List).optional("accounts", MemberKind::List).check(detail)?;
        let is_known = |action| ["list_accounts", "read_balances", "read_transactions"].contains(&action);
        if detail.actions().all(is_known) { Ok(()) } else { Err(InvalidDetail::new("\"no\" such action\n")) }
    }
}

/// The API of §6.1, in which "write" implies "read".
#[derive(Debug)]
struct ExampleApi;

impl AuthorizationDetailsType for ExampleApi {
    fn check(&self, detail: &AuthorizationDetail) -> Result<(), InvalidDetail> {
        DetailMembers::new().required("actions", MemberKind::List).check(detail)
    }

    fn covers(&self, granted: &AuthorizationDetail, asked: &AuthorizationDetail) -> bool {
        let writes = granted.actions().any(|action| action == "write");
        asked.actions().all(|asked| writes || granted.actions().any(|action| action == asked))
    }
}

fn types(config: &mut Config) {
    let payment = DetailMembers::new()
        .required("instructedAmount", MemberKind::Object)
        .required("creditorName", MemberKind::Text)
        .optional("creditorAccount", MemberKind::Object)
        .optional("remittanceInformationUnstructured", MemberKind::Text)
        .optional("actions", MemberKind::List)
        .optional("locations", MemberKind::List);
    config.authorization_details.add("payment_initiation", payment);
    config.authorization_details.add("account_information", Accounts);
    config.authorization_details.add("example_api", ExampleApi);
}

/// A server with three types, all of which its clients may ask for.
fn world() -> World {
    with_clients(World::new().with(types), |_| ())
}

fn with_clients(world: World, change: impl Fn(&mut Client)) -> World {
    [public("app"), confidential("web", SECRET)].into_iter().fold(world, |world, client| {
        world.with_client(client.with(|client| {
            client.authorization_details_types = TYPES.map(str::to_owned).into();
            change(client);
        }))
    })
}

/// The payment of the RFC's examples.
fn payment() -> Value {
    json!({
        "type": "payment_initiation",
        "actions": ["initiate", "status", "cancel"],
        "locations": ["https://example.com/payments"],
        "instructedAmount": { "currency": "EUR", "amount": "123.50" },
        "creditorName": "Merchant A",
        "creditorAccount": { "iban": "DE02100100109307118603" },
        "remittanceInformationUnstructured": "Ref Number Merchant",
    })
}

/// The accounts of the RFC's examples.
fn accounts(actions: &[&str]) -> Value {
    json!({ "type": "account_information", "actions": actions, "locations": ["https://example.com/accounts"] })
}

const ALL: [&str; 3] = ["list_accounts", "read_balances", "read_transactions"];

/// The combined request of §3.
fn combined() -> Value {
    json!([accounts(&ALL), payment()])
}

fn details(value: &Value) -> AuthorizationDetails {
    AuthorizationDetails::parse(&value.to_string()).unwrap()
}

/// A request with these details.
fn with(request: Params, details: &Value) -> Params {
    request.set("authorization_details", &details.to_string())
}

/// An authorization request for nothing but these details.
fn only_details(details: &Value) -> Params {
    with(authorize(), details).without("scope")
}

/// What a token response tells, and what the store knows of its token.
fn issued(world: &World, reply: &Reply) -> Value {
    assert_eq!(reply.status(), 200, "{reply:?}");
    let told = reply.member("authorization_details").map_or(json!([]), |json| serde_json::from_str(&json).unwrap());
    let presented = world.presented(&reply.access_token());
    let grantor::record::CredentialKind::AccessToken(token) = &presented.credential.kind else { panic!("no token") };
    assert_eq!(serde_json::to_value(&token.authorization_details).unwrap(), told);
    told
}
