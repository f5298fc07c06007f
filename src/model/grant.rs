//! The record of a grant: what a resource owner, or the client itself, authorized (RFC 6749 §1.3).

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::secret::decode;
use super::syntax::{SyntaxError, is_nqchar, name, text_form};
use super::{Acr, ClientId, Partition, Resources, Scope, Timestamp, Version};

name! {
    /// A resource owner, by the host's stable identifier (`sub`; RFC 7519 §4.1.2, RFC 7662 §2.2).
    Subject, "subject", 255, |text| !text.contains(char::is_control)
}

/// A grant, as it was opened. The record never changes: that it was revoked, or how long it is kept, the store says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Grant {
    /// The format of this record.
    pub version: Version,
    /// Its identifier.
    pub id: GrantId,
    /// The client that was authorized.
    pub client_id: ClientId,
    /// The resource owner; none where the client acts for itself (RFC 6749 §4.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// How it was authorized.
    pub grant_type: GrantType,
    /// What was authorized.
    pub scope: Scope,
    /// For which protected resources; empty: not restricted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource: Resources,
    /// When.
    pub issued_at: Timestamp,
    /// When the resource owner was authenticated, if the host said so: RFC 9470 §6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<Timestamp>,
    /// How the resource owner was authenticated, if the host said so: RFC 9470 §6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<Acr>,
}

/// The identifier of a grant: its partition and 128 random bits. Not a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GrantId([u8; 18]);

impl GrantId {
    /// An identifier that was kept as its 18 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 18]) -> Self {
        Self(bytes)
    }

    /// Reads an identifier as [`Display`](fmt::Display) writes it: 24 characters of base64url.
    ///
    /// # Errors
    /// The text is not one.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        decode(text).map(Self).ok_or(SyntaxError("grant id"))
    }

    /// Where the grant and all its credentials are kept.
    #[must_use]
    pub const fn partition(&self) -> Partition {
        let [a, b, ..] = self.0;
        Partition(u16::from_be_bytes([a, b]))
    }

    /// Its 18 bytes; the first two are the partition.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 18] {
        &self.0
    }
}

impl TryFrom<String> for GrantId {
    type Error = SyntaxError;
    fn try_from(text: String) -> Result<Self, SyntaxError> {
        Self::parse(&text)
    }
}

impl From<GrantId> for String {
    fn from(id: GrantId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GrantId({self})")
    }
}

/// A `grant_type`: RFC 6749 §4, and `implicit`, which RFC 7591 §2 names though it never reaches the token endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
#[non_exhaustive]
pub enum GrantType {
    /// RFC 6749 §4.1.
    AuthorizationCode,
    /// RFC 6749 §4.2. RFC 9700 §2.1.2: SHOULD NOT be used.
    Implicit,
    /// RFC 6749 §4.3. RFC 9700 §2.4: MUST NOT be used. Off until configuration and client both name it.
    Password,
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 6749 §6.
    RefreshToken,
    /// An absolute URI: RFC 6749 §4.5.
    Extension(Arc<str>),
}

impl GrantType {
    /// Reads a grant type.
    ///
    /// # Errors
    /// It is neither one of RFC 6749 nor an absolute URI (§4.5: "an absolute URI (defined by the authorization server)").
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        match text {
            "authorization_code" => Ok(Self::AuthorizationCode),
            "implicit" => Ok(Self::Implicit),
            "password" => Ok(Self::Password),
            "client_credentials" => Ok(Self::ClientCredentials),
            "refresh_token" => Ok(Self::RefreshToken),
            uri if uri.len() <= 255 && uri.bytes().all(is_nqchar) && url::Url::parse(uri).is_ok() => {
                Ok(Self::Extension(uri.into()))
            }
            _ => Err(SyntaxError("grant_type")),
        }
    }

    /// Its name in a request.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::Implicit => "implicit",
            Self::Password => "password",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
            Self::Extension(uri) => uri,
        }
    }
}

text_form!(GrantType, SyntaxError);
