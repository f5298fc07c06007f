//! Names are texts, in JSON too; and the texts that are names.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use grantor::model::{Acr, ClientId, Endpoint, GrantType, Issuer, RedirectUri, Resource, Scope, Subject};
use proptest::prelude::*;
use proptest::string::string_regex;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cases;

/// `*VSCHAR` of RFC 6749 appendix A.
pub const VSCHARS: &str = "[ -~]{1,40}";
/// `*NQCHAR` of RFC 6749 appendix A.
pub const NQCHARS: &str = r"[!#-\[\]-~]{1,8}";
/// What a resource owner may be called: anything without control characters.
pub const SUBJECT: &str = r"[^\p{Cc}]{1,60}";

const HOST: &str =
    r"([a-z][a-z0-9]{0,7}(\.[a-z]{2,5}){1,2}|192\.0\.2\.[1-9]|\[2001:db8::[1-9a-f]\])(:[1-9][0-9]{0,3})?";
const LOOPBACK: &str = r"(127\.0\.0\.1|\[::1\]|localhost)(:[1-9][0-9]{0,3})?";
/// RFC 3986 §3.3, §3.4.
const PATH: &str = r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2}){0,9}){0,3}";
const QUERY: &str = r"(\?([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-F]{2}){0,9})?";
const URN: &str = "urn:[a-z]{2,6}:[A-Za-z0-9._-]{1,9}";

fn texts(regex: &str) -> impl Strategy<Value = String> + use<> {
    string_regex(regex).unwrap()
}

pub fn https_urls() -> impl Strategy<Value = String> {
    texts(&format!("https://{HOST}{PATH}{QUERY}"))
}

pub fn endpoints() -> impl Strategy<Value = String> {
    prop_oneof![https_urls(), texts(&format!("http://{LOOPBACK}{PATH}{QUERY}"))]
}

pub fn https_issuers() -> impl Strategy<Value = String> {
    texts(&format!("https://{HOST}{PATH}"))
}

pub fn issuers() -> impl Strategy<Value = String> {
    prop_oneof![https_issuers(), texts(&format!("http://{LOOPBACK}{PATH}"))]
}

pub fn redirect_uris() -> impl Strategy<Value = String> {
    prop_oneof![endpoints(), texts(&format!(r"[a-z]{{2,5}}(\.[a-z]{{2,5}}){{1,2}}:/[a-z]{{1,8}}{QUERY}"))]
}

pub fn resources() -> impl Strategy<Value = String> {
    prop_oneof![https_urls(), texts(URN)]
}

pub fn scopes() -> impl Strategy<Value = String> {
    let tokens = prop::collection::hash_set(NQCHARS, 1..5);
    tokens.prop_map(|tokens| tokens.into_iter().collect::<Vec<_>>().join(" "))
}

fn grant_types() -> impl Strategy<Value = String> {
    let own = vec!["authorization_code", "implicit", "password", "client_credentials", "refresh_token"];
    prop_oneof![prop::sample::select(own).prop_map(str::to_owned), texts(URN), https_urls()]
}

/// The names that such texts are.
pub fn names<T: FromStr<Err: Debug> + Debug>(texts: impl Strategy<Value = String>) -> impl Strategy<Value = T> {
    texts.prop_map(|text| text.parse().unwrap())
}

/// If the text is such a name, it is written as it was and read as the same; if not, JSON does not have it either.
fn same<T>(text: &str) -> Result<bool, TestCaseError>
where
    T: FromStr + Display + Debug + PartialEq + Serialize + DeserializeOwned,
{
    let json = serde_json::to_string(text).unwrap();
    let parsed = text.parse::<T>().ok();
    let read = serde_json::from_str::<T>(&json).ok();
    prop_assert_eq!(&read, &parsed);
    if let Some(parsed) = &parsed {
        prop_assert_eq!(parsed.to_string(), text);
        prop_assert_eq!(serde_json::to_string(parsed).unwrap(), &*json);
    }
    Ok(parsed.is_some())
}

/// A test of names that are of this type, and one of texts that may be.
macro_rules! same {
    ($($test:ident: $name:ty, $texts:expr;)*) => {
        proptest! {
            #![proptest_config(cases())]
            $(
                #[test]
                fn $test(name in $texts) {
                    prop_assert!(same::<$name>(&name)?, "{name} is refused");
                }
            )*

            #[test]
            fn whatever_is_no_name_is_none_in_json_either(text in "([a-z]{2,8}:)?.{0,20}") {
                $(same::<$name>(&text)?;)*
            }
        }
    };
}

same! {
    an_acr_reads_as_it_was: Acr, NQCHARS;
    a_client_id_reads_as_it_was: ClientId, VSCHARS;
    an_endpoint_reads_as_it_was: Endpoint, endpoints();
    a_grant_type_reads_as_it_was: GrantType, grant_types();
    an_issuer_reads_as_it_was: Issuer, issuers();
    a_redirect_uri_reads_as_it_was: RedirectUri, redirect_uris();
    a_resource_reads_as_it_was: Resource, resources();
    a_scope_reads_as_it_was: Scope, scopes();
    a_subject_reads_as_it_was: Subject, SUBJECT;
}
