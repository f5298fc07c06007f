//! Authorization details (RFC 9396): the types of this host, and the words of the consent page for them.
//!
//! A type is known by its name. Two are defined here, after the examples of the RFC; one of another name may have any
//! members, which the consent page shows one by one, and is meant for trying out.

use grantor::model::{AuthorizationDetail, AuthorizationDetails};
use grantor::server::{AuthorizationDetailsConfig, AuthorizationDetailsType, DetailMembers, InvalidDetail, MemberKind};
use serde_json::Value;

/// Adds a type by its name.
pub(crate) fn add(config: &mut AuthorizationDetailsConfig, name: &str) {
    match name {
        "payment_initiation" => config.add(name, Payment),
        "account_information" => config.add(name, Accounts),
        _ => config.add(name, Unknown),
    }
}

/// One payment: `payment_initiation`, RFC 9396 §2.
#[derive(Debug)]
struct Payment;

impl AuthorizationDetailsType for Payment {
    fn check(&self, detail: &AuthorizationDetail) -> Result<(), InvalidDetail> {
        DetailMembers::new()
            .required("instructedAmount", MemberKind::Object)
            .required("creditorName", MemberKind::Text)
            .optional("creditorAccount", MemberKind::Object)
            .optional("remittanceInformationUnstructured", MemberKind::Text)
            .optional("actions", MemberKind::List)
            .optional("locations", MemberKind::List)
            .check(detail)?;
        if !detail.actions().all(|action| ["initiate", "status", "cancel"].contains(&action)) {
            return Err(InvalidDetail::new("actions of a payment are initiate, status and cancel"));
        }
        match amount(detail) {
            Some((amount, currency)) if is_amount(amount) && is_currency(currency) => Ok(()),
            _ => Err(InvalidDetail::new("instructedAmount is a currency and a positive decimal amount, as texts")),
        }
    }
}

/// The accounts of a person: `account_information`, RFC 9396 §3.
#[derive(Debug)]
struct Accounts;

impl AuthorizationDetailsType for Accounts {
    fn check(&self, detail: &AuthorizationDetail) -> Result<(), InvalidDetail> {
        let members = DetailMembers::new().required("actions", MemberKind::List);
        members.optional("locations", MemberKind::List).check(detail)?;
        let is_known = |action| ["list_accounts", "read_balances", "read_transactions"].contains(&action);
        if detail.actions().next().is_some() && detail.actions().all(is_known) {
            return Ok(());
        }
        Err(InvalidDetail::new("actions are some of list_accounts, read_balances and read_transactions"))
    }
}

/// A type that only the configuration names.
#[derive(Debug)]
struct Unknown;

impl AuthorizationDetailsType for Unknown {
    fn check(&self, _: &AuthorizationDetail) -> Result<(), InvalidDetail> {
        Ok(())
    }
}

/// The amount and the currency of a payment. An amount that has other members is none.
fn amount(detail: &AuthorizationDetail) -> Option<(&str, &str)> {
    let amount = detail.member("instructedAmount")?.as_object().filter(|amount| amount.len() == 2)?;
    Some((amount.get("amount")?.as_str()?, amount.get("currency")?.as_str()?))
}

/// Tells if a text is a positive decimal number.
fn is_amount(text: &str) -> bool {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 18 && is_number(whole) && is_number(part) && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
}

fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Tells if an approval of such objects may stand for a later one. A payment is made once, and nobody knows what the
/// types mean that only the configuration names: people are asked about them each time.
pub(crate) fn may_be_remembered(details: &AuthorizationDetails) -> bool {
    details.iter().all(|detail| detail.detail_type() == "account_information")
}

/// An object, as the consent page shows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The position of the object, which is the value of its box.
    pub(crate) position: usize,
    /// The headline: for a type that is defined here, a sentence.
    pub(crate) title: String,
    /// All of its members but the type, so that nothing is approved that was not seen.
    pub(crate) members: Vec<(String, String)>,
}

/// Returns the objects of a request as the consent page shows them.
pub(crate) fn lines(details: &AuthorizationDetails) -> Vec<Line> {
    let line = |(position, detail): (usize, &AuthorizationDetail)| {
        let members = detail.members().iter().filter(|(name, _)| *name != "type");
        let members = members.map(|(name, value)| (name.clone(), shown(value))).collect();
        Line { position, title: title(detail), members }
    };
    details.iter().enumerate().map(line).collect()
}

fn title(detail: &AuthorizationDetail) -> String {
    let name = detail.member("creditorName").and_then(Value::as_str);
    match (detail.detail_type(), amount(detail), name) {
        ("payment_initiation", Some((amount, currency)), Some(name)) => format!("Pay {amount} {currency} to {name}"),
        ("account_information", ..) => "Read your accounts".to_owned(),
        (other, ..) => other.to_owned(),
    }
}

/// Shows a value: texts without quotation marks, a list of them with commas, all else as JSON.
fn shown(value: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if !values.is_empty() => {
            let texts: Option<Vec<_>> = values.iter().map(text).collect();
            texts.map_or_else(|| value.to_string(), |texts| texts.join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use grantor::model::Issuer;
    use grantor::server::Config;
    use serde_json::json;

    use super::*;

    fn payment(amount: &str) -> Value {
        json!({
            "type": "payment_initiation",
            "instructedAmount": { "amount": amount, "currency": "EUR" },
            "creditorName": "Merchant A",
            "actions": ["initiate", "status"],
        })
    }

    fn is_sound(detail: &Value) -> bool {
        let details: AuthorizationDetails = serde_json::from_value(json!([detail])).expect("it is read");
        match details[0].detail_type() {
            "payment_initiation" => Payment.check(&details[0]).is_ok(),
            "account_information" => Accounts.check(&details[0]).is_ok(),
            _ => Unknown.check(&details[0]).is_ok(),
        }
    }

    #[test]
    fn types_are_held_to_their_definitions() {
        for amount in ["123.50", "1", "0.01", "999999999999999.99"] {
            assert!(is_sound(&payment(amount)), "{amount}");
        }
        for amount in
            ["", "0", "0.00", "-1", "+1", "1.", ".5", "1e3", "1,50", "1.2.3", "\u{661}", "9999999999999999.99"]
        {
            assert!(!is_sound(&payment(amount)), "{amount}");
        }
        let mut other = payment("1");
        for (name, value) in [
            ("instructedAmount", json!({ "amount": "1", "currency": "EUR", "and": "1000" })),
            ("instructedAmount", json!({ "amount": "1", "currency": "eur" })),
            ("actions", json!(["refund"])),
            ("note", json!("x")),
        ] {
            other[name] = value;
            assert!(!is_sound(&other), "{other}");
            other = payment("1");
        }
        let accounts = |actions: &[&str]| is_sound(&json!({ "type": "account_information", "actions": actions }));
        assert!(accounts(&["read_balances"]) && !accounts(&[]) && !accounts(&["close"]));
        let mut config = Config::new(Issuer::parse("https://as.example").expect("an issuer"));
        for name in ["payment_initiation", "mine"] {
            add(&mut config.authorization_details, name);
        }
        assert!(config.authorization_details.types().eq(["mine", "payment_initiation"]));
    }

    #[test]
    fn the_page_shows_everything() {
        let details =
            json!([payment("12.00"), { "type": "mine", "n": [1], "o": { "a": null }, "empty": [], "text": "t" }]);
        let lines = lines(&serde_json::from_value(details).expect("it is read"));
        assert_eq!(lines[0].title, "Pay 12.00 EUR to Merchant A");
        let members = |line: &Line| -> Vec<String> {
            line.members.iter().map(|(name, value)| format!("{name}: {value}")).collect()
        };
        assert_eq!(
            members(&lines[0]),
            [
                "actions: initiate, status",
                "creditorName: Merchant A",
                r#"instructedAmount: {"amount":"12.00","currency":"EUR"}"#,
            ]
        );
        assert_eq!((lines[1].position, lines[1].title.as_str()), (1, "mine"));
        assert_eq!(members(&lines[1]), ["empty: []", "n: [1]", r#"o: {"a":null}"#, "text: t"]);
    }
}
