//! How a resource owner was authenticated: RFC 9470, with the words of OpenID Connect Core.

use super::SyntaxError;
use super::syntax::{is_nqchar, name, only};

name! {
    /// An authentication context class reference: a name, agreed between the authorization server and its protected resources, of
    /// a way to authenticate a resource owner. RFC 9470 §3 puts several into one string, separated by spaces, and that into quotes;
    /// so it has neither.
    Acr, "acr", 255, |text| only(text, is_nqchar)
}

impl Acr {
    /// The names in an `acr_values`, "in order of preference" (RFC 9470 §3).
    ///
    /// # Errors
    /// One of them is not a name, or they are more than 16.
    pub fn parse_values(text: &str) -> Result<Vec<Self>, SyntaxError> {
        let names = || text.split(' ').filter(|name| !name.is_empty());
        if names().nth(16).is_some() { Err(SyntaxError("acr_values")) } else { names().map(Self::parse).collect() }
    }
}
