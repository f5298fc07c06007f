//! The record of one thing that can be presented: an authorization code, an access token, a refresh token.

use serde::{Deserialize, Serialize};

use super::Version;
use crate::model::{Audience, Claims, CodeChallenge, GrantId, Key, RedirectUri, Scope, Timestamp};

/// A credential, as it was issued. The record changes only by [`Change::Replace`](crate::store::Change::Replace); that
/// it was spent, or that its grant was revoked, the store says beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Credential {
    /// The format of this record.
    pub version: Version<1>,
    /// Counts the changes of this record, from 0.
    pub revision: u32,
    /// What it is found by. The plain text is not kept.
    pub key: Key,
    /// The grant that it stands for.
    pub grant: GrantId,
    /// What it is.
    #[serde(flatten)]
    pub kind: CredentialKind,
    /// What it is good for; for a refresh token, the most that it may be refreshed to.
    pub scope: Scope,
    /// The protected resources that it is good for.
    #[serde(rename = "resource", default, skip_serializing_if = "Audience::is_any")]
    pub audience: Audience,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends. Machines decide by this; a store may drop the record afterwards.
    pub expires_at: Timestamp,
}

/// What a credential is, and what only its kind has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum CredentialKind {
    /// RFC 6749 §1.3.1.
    AuthorizationCode(AuthorizationCode),
    /// RFC 6749 §1.4.
    AccessToken(AccessToken),
    /// RFC 6749 §1.5.
    RefreshToken,
}

/// What only an authorization code has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuthorizationCode {
    /// The `redirect_uri` of the authorization request, if it had one: the token request must repeat it.
    #[serde(
        default,
        deserialize_with = "crate::model::redirect_uri::stored::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub redirect_uri: Option<RedirectUri>,
    /// The challenge of the authorization request, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<CodeChallenge>,
}

/// What only an access token has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccessToken {
    /// What the host added.
    #[serde(default, deserialize_with = "crate::model::claims::stored", skip_serializing_if = "Claims::is_empty")]
    pub claims: Claims,
}

/// Whether a member of RFC 7662 §2.2 or RFC 9470 §6.2 is grantor's to fill in. What the host added must not speak for
/// what grantor knows.
pub(crate) fn is_registered_claim(name: &str) -> bool {
    const REGISTERED: [&str; 12] =
        ["active", "iss", "client_id", "sub", "scope", "aud", "iat", "exp", "nbf", "token_type", "acr", "auth_time"];
    REGISTERED.contains(&name)
}
