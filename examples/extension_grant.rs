//! A grant of your own, here token exchange: RFC 6749 §4.5, RFC 8693.
//!
//! An app has a token of a company's own login and wants one of the album's. Whether that token is good only the host
//! knows: its policy says so, and grantor does the rest.

mod common;

use common::{Demo, Error, alice, app};
use grantor::consult::{Extension, ExtensionGrant, ExtensionRefusal, ExtensionVerdict};
use grantor::model::{Claims, ErrorCode, GrantType};
use grantor::{Answer, Policy};
use http::StatusCode;
use serde_json::{Map, json};

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

struct CompanyLogin;

impl Policy for CompanyLogin {
    fn extension(&self, question: &Extension) -> Answer<Extension> {
        Ok(judge(question.parameter("subject_token"))?)
    }
}

/// Judges the company's token: a real host checks its signature. An error here is an outage, and no refusal.
fn judge(subject_token: Option<&str>) -> Result<ExtensionVerdict, Error> {
    let refusal = ExtensionRefusal::default(); // `invalid_grant`
    Ok(match subject_token {
        Some("alice-is-logged-in") => ExtensionVerdict::Grant(
            ExtensionGrant::of(alice()?)
                .with_refresh_token() // the app stays logged in
                .with_claims(Claims::new(Map::from_iter([("idp".to_owned(), json!("https://login.company.example"))]))?)
                .with_response_member("issued_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ),
        Some(_) => ExtensionVerdict::Refuse(refusal),
        None => {
            let refusal = refusal.with_error(ErrorCode::parse("invalid_request")?);
            ExtensionVerdict::Refuse(refusal.with_description("subject_token is missing"))
        }
    })
}

pub(crate) fn main() -> Result<(), Error> {
    // The server offers the grant type, and the app is registered for it.
    let token_exchange = GrantType::parse(TOKEN_EXCHANGE)?;
    let mut demo = Demo::with(|config| {
        config.token.grant_types.push(GrantType::parse(TOKEN_EXCHANGE)?);
        Ok(())
    })?;
    demo.policy = Box::new(CompanyLogin);
    let mut record = app("company-app")?;
    record.grant_types.push(token_exchange.clone());
    demo.register(record)?;

    let client = demo.client("company-app")?;
    let request = client.extension(&token_exchange).parameter("subject_token", "alice-is-logged-in");
    let request = request.parameter("subject_token_type", "urn:ietf:params:oauth:token-type:jwt");
    let tokens = request.start(demo.moment()).run(&demo.http())?;
    assert!(tokens.refresh_token().is_some());
    assert!(tokens.members().contains_key("issued_token_type"));
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);

    for (parameters, expected) in [(&[][..], "invalid_request"), (&[("subject_token", "wrong")], "invalid_grant")] {
        let request = client.extension(&token_exchange);
        let request = parameters.iter().fold(request, |request, (name, value)| request.parameter(name, value));
        let Err(error) = request.start(demo.moment()).run(&demo.http()) else { return Err("it was taken".into()) };
        assert_eq!(error.code(), Some(expected));
    }
    Ok(())
}
