//! What a server says of a failure: in the words of RFC 6749 §5.2, or in the shapes that large providers have in their
//! place.
//!
//! | who | shape |
//! |---|---|
//! | RFC 6749 §5.2 | `{"error":CODE,"error_description":TEXT,"error_uri":URI}` |
//! | Facebook, Google, OpenAI | `{"error":{"code":CODE,"type":CODE,"status":CODE,"message":TEXT}}` |
//! | Fitbit | `{"errors":[{"errorType":CODE,"message":TEXT}]}` |
//! | Twitch | `{"status":400,"message":TEXT}`, where the text is the code |
//! | HubSpot | `{"status":CODE,"message":TEXT}` |
//! | WeChat | `{"errcode":NUMBER,"errmsg":TEXT}`, with status 200 |

use serde::Deserialize as _;
use serde_json::Value;
use serde_json::value::RawValue;

use super::lenient;
use super::members::{Member, RawMembers};
use super::request_error::{Remedy, known_code};

/// What was said, as it was said. Nothing of it is fit to be shown yet.
#[derive(Default)]
pub(super) struct Refusal {
    pub(super) error: Option<String>,
    pub(super) error_description: Option<String>,
    pub(super) error_uri: Option<String>,
}

/// Where an error that is an object has its code, the most exact first.
const NESTED_CODES: [&str; 6] = ["code", "errorType", "error_type", "type", "status", "errorId"];
/// Where a failure that has no `error` has its code.
const CODES: [&str; 3] = ["errcode", "error_code", "errorCode"];
/// Where a code may stand that is none unless it is a known one, or a number: `code` may be what was presented.
const OTHER_CODES: [&str; 3] = ["code", "status", "type"];
/// Where there is a text for people.
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
    /// What is said by a response with a status of success, or by one without.
    pub(super) fn of(members: &RawMembers<'_>, is_success: bool) -> Self {
        let error_uri = text(members, "error_uri");
        if let Some(error) = text(members, "error") {
            // A framework's own error has its status for a code: `Bad Request`.
            let code = if error.contains('_') { None } else { told(members) };
            let error = Some(code.unwrap_or(error));
            return Self { error_description: description(members), error, error_uri };
        }
        // What comes beside a token is a warning.
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

/// A text that is not empty.
fn text(members: &RawMembers<'_>, name: &str) -> Option<String> {
    members.read(name, lenient::text).ok().flatten()
}

/// The first text for people. One that may be anything is passed over: a single word, which may be a secret.
fn description(members: &RawMembers<'_>) -> Option<String> {
    let is_prose = |name: &str, text: &str| name == "error_description" || text.trim().contains(' ');
    TEXTS.into_iter().find_map(|name| text(members, name).filter(|text| is_prose(name, text)))
}

/// The first code in these places whose meaning is known, as OAuth writes it.
fn known(members: &RawMembers<'_>, names: &[&str]) -> Option<String> {
    let known = |name: &&str| text(members, name).and_then(|text| known_code(text.trim()));
    names.iter().find_map(known).map(|(code, _)| code.to_owned())
}

/// A code whose meaning is known, in a text for people. In their own words the end of a token is told only where they
/// speak of that: `Access denied` is what a firewall says, too.
fn told(members: &RawMembers<'_>) -> Option<String> {
    let told = |text: &str| {
        let (code, remedy) = known_code(text)?;
        let is_told = code == text || remedy != Some(Remedy::AskOwner) || code.contains("refresh_token");
        (is_told || code == "invalid_grant").then(|| code.to_owned())
    };
    TEXTS.into_iter().find_map(|name| text(members, name).and_then(|text| told(text.trim())))
}

/// The first word in these places.
fn word(members: &RawMembers<'_>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text(members, name).filter(|text| text != "0" && !text.contains(['/', ':'])))
}

/// The first number in these places that is not zero.
fn number(members: &RawMembers<'_>, names: &[&str]) -> Option<String> {
    let number = |name: &&str| match members.read(name, |json| Value::deserialize(json).map(Some)) {
        Ok(Some(Value::Number(number))) if number.as_i64() != Some(0) => Some(number.to_string()),
        _ => None,
    };
    names.iter().find_map(number)
}

/// The first object of an array.
fn first<'a>(members: &RawMembers<'a>, name: &str) -> Option<RawMembers<'a>> {
    let Member::Value(value) = members.get(name) else { return None };
    let all: Vec<&'a RawValue> = serde_json::from_str(value.get()).ok()?;
    all.first().and_then(|first| RawMembers::of(first.get()).ok())
}
