//! A server's error response: as in [RFC 6749 §5.2], or in the formats that large providers use in its place.
//!
//! | server | format |
//! |---|---|
//! | [RFC 6749 §5.2] | `{"error":CODE,"error_description":TEXT,"error_uri":URI}` |
//! | Facebook, Google, OpenAI | `{"error":{"code":CODE,"type":CODE,"status":CODE,"message":TEXT}}` |
//! | Fitbit | `{"errors":[{"errorType":CODE,"message":TEXT}]}` |
//! | Twitch | `{"status":400,"message":TEXT}`, where the text is the code |
//! | HubSpot | `{"status":CODE,"message":TEXT}` |
//! | WeChat | `{"errcode":NUMBER,"errmsg":TEXT}`, with status 200 |
//!
//! [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2

use serde::Deserialize as _;
use serde_json::Value;
use serde_json::value::RawValue;

use super::lenient;
use super::members::{Member, RawMembers};
use super::request_error::{Remedy, known_code};

/// The content of an error response, as it was sent. No part of it is cleaned for display yet.
#[derive(Default)]
pub(super) struct Refusal {
    pub(super) error: Option<String>,
    pub(super) error_description: Option<String>,
    pub(super) error_uri: Option<String>,
}

/// The members in which an error that is an object has its code, the most exact first.
const NESTED_CODES: [&str; 6] = ["code", "errorType", "error_type", "type", "status", "errorId"];
/// The members in which a failure without `error` has its code.
const CODES: [&str; 3] = ["errcode", "error_code", "errorCode"];
/// The members whose value is a code only if it is a known one, or a number: `code` may also be the credential that was
/// presented.
const OTHER_CODES: [&str; 3] = ["code", "status", "type"];
/// The members that hold a text for people.
const TEXTS: [&str; 9] = [
    "error_description",
    "message",
    "errmsg",
    "error_message",
    "errorMessage",
    "msg",
    "detail",
    "reason",
    "localizedMessage",
];

impl Refusal {
    /// Reads the error response, of a success status or any other.
    pub(super) fn of(members: &RawMembers<'_>, is_success: bool) -> Self {
        let error_uri = text(members, "error_uri");
        if let Some(error) = text(members, "error") {
            // The error of a web framework has the status text as its code: `Bad Request`.
            let code = if error.contains('_') { None } else { told(members) };
            let error = Some(code.unwrap_or(error));
            return Self { error_description: description(members), error, error_uri };
        }
        // A message beside a token is a warning.
        let is_token = is_success && !matches!(members.get("access_token"), Member::Absent);
        let errors = || if is_token { None } else { first(members, "errors") };
        let nested = members.object("error").or_else(errors);
        if let Some(nested) = nested {
            let error = known(&nested, &NESTED_CODES).or_else(|| told(&nested));
            let error = error.or_else(|| word(&nested, &NESTED_CODES)).or_else(|| number(&nested, &["code"]));
            return Self { error_description: description(&nested), error, error_uri };
        }
        if !is_success {
            let error = known(members, &CODES).or_else(|| known(members, &OTHER_CODES)).or_else(|| told(members));
            let error = error.or_else(|| word(members, &CODES)).or_else(|| number(members, &CODES));
            let error = error.or_else(|| number(members, &["code"]));
            return Self { error_description: description(members), error, error_uri };
        }
        let errcode = word(members, &["errcode"]).or_else(|| number(members, &["errcode"]));
        match errcode.filter(|_| !is_token) {
            Some(errcode) => Self { error_description: description(members), error: Some(errcode), error_uri },
            None => Self::default(),
        }
    }
}

/// Returns a text that is not empty.
fn text(members: &RawMembers<'_>, name: &str) -> Option<String> {
    members.read(name, lenient::text).ok().flatten()
}

/// Returns the first text for people. A single word is skipped, since it may be a secret.
fn description(members: &RawMembers<'_>) -> Option<String> {
    let is_prose = |name: &str, text: &str| name == "error_description" || text.trim().contains(' ');
    TEXTS.into_iter().find_map(|name| text(members, name).filter(|text| is_prose(name, text)))
}

/// Returns the first known code in these members, as OAuth writes it.
fn known(members: &RawMembers<'_>, names: &[&str]) -> Option<String> {
    let known = |name: &&str| text(members, name).and_then(|text| known_code(text.trim()));
    names.iter().find_map(known).map(|(code, _)| code.to_owned())
}

/// Returns the known code in a text for people. A text for the end of a token counts only if it mentions one: firewalls
/// say `Access denied` too.
fn told(members: &RawMembers<'_>) -> Option<String> {
    let told = |text: &str| {
        let (code, remedy) = known_code(text)?;
        let is_told = code == text || remedy != Some(Remedy::AskOwner) || code.contains("refresh_token");
        (is_told || code == "invalid_grant").then(|| code.to_owned())
    };
    TEXTS.into_iter().find_map(|name| text(members, name).and_then(|text| told(text.trim())))
}

/// Returns the first word in these members.
fn word(members: &RawMembers<'_>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text(members, name).filter(|text| text != "0" && !text.contains(['/', ':'])))
}

/// Returns the first number in these members that is not zero.
fn number(members: &RawMembers<'_>, names: &[&str]) -> Option<String> {
    let number = |name: &&str| match members.read(name, |json| Value::deserialize(json).map(Some)) {
        Ok(Some(Value::Number(number))) if number.as_i64() != Some(0) => Some(number.to_string()),
        _ => None,
    };
    names.iter().find_map(number)
}

/// Returns the first object of an array.
fn first<'a>(members: &RawMembers<'a>, name: &str) -> Option<RawMembers<'a>> {
    let Member::Value(value) = members.get(name) else { return None };
    let all: Vec<&'a RawValue> = serde_json::from_str(value.get()).ok()?;
    all.first().and_then(|first| RawMembers::of(first.get()).ok())
}
