//! The registration of a client that came to the registration endpoint: [RFC 7591 §2], [RFC 7592 §3].
//!
//! [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
//! [RFC 7592 §3]: https://www.rfc-editor.org/rfc/rfc7592#section-3

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Digest, PageUrl, Timestamp};

/// The registration of a client that came to the registration endpoint ([RFC 7591]): how it manages its record, and
/// what it says of itself to people. Nothing of the latter is proven; whoever shows it should say so.
///
/// [RFC 7591]: https://www.rfc-editor.org/rfc/rfc7591
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DynamicRegistration {
    /// The digest of the registration access token, by which the client reads, changes and deletes its record
    /// ([RFC 7592 §2]); `None` once the client was deleted by its own request. Its record stays, disabled, as the
    /// tombstone of its identifier.
    ///
    /// [RFC 7592 §2]: https://www.rfc-editor.org/rfc/rfc7592#section-2
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<Digest>,
    /// The time of the registration: `client_id_issued_at` of [RFC 7591 §3.2.1].
    ///
    /// [RFC 7591 §3.2.1]: https://www.rfc-editor.org/rfc/rfc7591#section-3.2.1
    pub issued_at: Timestamp,
    /// True if the client came without an initial access token, so that anybody may have registered it. Such a client
    /// gets no error by redirect: see
    /// [`AuthorizationPageError::Unsound`](crate::server::AuthorizationPageError::Unsound).
    #[serde(rename = "self_registered", default, skip_serializing_if = "std::ops::Not::not")]
    pub is_self_registered: bool,
    /// The URL of a page about the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<PageUrl>,
    /// The URL of the client's logo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<PageUrl>,
    /// The URL of the client's terms of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<PageUrl>,
    /// The URL of the client's privacy policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<PageUrl>,
    /// The ways to contact people who are responsible for the client, typically email addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// The identifier of the client's software, which all its instances have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    /// The version of the client's software.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
    /// The names and URLs in other languages, by the name of the member with its language tag: `client_name#ja-Jpan-JP`
    /// ([RFC 7591 §2.2]).
    ///
    /// [RFC 7591 §2.2]: https://www.rfc-editor.org/rfc/rfc7591#section-2.2
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub localized: BTreeMap<String, String>,
}

impl DynamicRegistration {
    /// Creates the registration of a client that registered itself at this time, without an access token to manage it.
    #[must_use]
    pub fn at(issued_at: Timestamp) -> Self {
        Self { issued_at, is_self_registered: true, ..Self::default() }
    }

    /// Returns a member in this language, as its BCP 47 tag names it: the client's name for `client_name` and `ja`,
    /// say. `None` if the client did not give one; then the member without a tag is for everybody. [RFC 7591 §2.2]:
    /// "implementations SHOULD interpret the language tag values supplied in a case insensitive manner".
    ///
    /// [RFC 7591 §2.2]: https://www.rfc-editor.org/rfc/rfc7591#section-2.2
    #[must_use]
    pub fn in_language(&self, member: &str, language: &str) -> Option<&str> {
        let is_meant = |name: &str| {
            let tag = name.strip_prefix(member).and_then(|rest| rest.strip_prefix('#'));
            tag.is_some_and(|tag| tag.eq_ignore_ascii_case(language))
        };
        self.localized.iter().find(|(name, _)| is_meant(name)).map(|(_, value)| value.as_str())
    }
}
