//! The record of a credential: an authorization code, an access token or a refresh token.

use serde::{Deserialize, Serialize};

use super::Version;
use crate::model::{
    Audience, AuthorizationDetails, Claims, CodeChallenge, GrantId, Key, RedirectUri, Scope, Timestamp,
};

/// A credential, as it was issued. The record changes only by [`Change::Replace`](crate::store::Change::Replace). The
/// store keeps beside it that it was spent, or that its grant was revoked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Credential {
    /// The version of this record's format.
    pub version: Version<2>,
    /// The number of changes of this record, from 0.
    pub revision: u32,
    /// The key by which the credential is found. The plain text is not kept.
    pub key: Key,
    /// The grant that the credential stands for.
    pub grant: GrantId,
    /// The kind of credential.
    #[serde(flatten)]
    pub kind: CredentialKind,
    /// The scope of the credential; for a refresh token, the most that a refresh may ask for.
    pub scope: Scope,
    /// The protected resources that the credential is good for.
    #[serde(rename = "resource", default, skip_serializing_if = "Audience::is_any")]
    pub audience: Audience,
    /// The time of issue.
    pub issued_at: Timestamp,
    /// The time of expiry. Machines decide by it; a store may drop the record afterwards.
    pub expires_at: Timestamp,
}

/// The kind of a credential, with the fields that only this kind has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum CredentialKind {
    /// An authorization code: [RFC 6749 §1.3.1]. The device code of an approved request ([RFC 8628 §3.5]) is one too,
    /// under the same key as its request; the grant's `grant_type` tells the two apart.
    ///
    /// [RFC 6749 §1.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-1.3.1
    /// [RFC 8628 §3.5]: https://www.rfc-editor.org/rfc/rfc8628#section-3.5
    AuthorizationCode(AuthorizationCode),
    /// An access token: [RFC 6749 §1.4].
    ///
    /// [RFC 6749 §1.4]: https://www.rfc-editor.org/rfc/rfc6749#section-1.4
    AccessToken(AccessToken),
    /// A refresh token: [RFC 6749 §1.5].
    ///
    /// [RFC 6749 §1.5]: https://www.rfc-editor.org/rfc/rfc6749#section-1.5
    RefreshToken,
}

/// The fields that only an authorization code has.
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

/// The fields that only an access token has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccessToken {
    /// The claims that the host added.
    #[serde(default, deserialize_with = "crate::model::claims::stored", skip_serializing_if = "Claims::is_empty")]
    pub claims: Claims,
    /// The authorization details of the token, which are at most its grant's: [RFC 9396 §7]. (Since version 2.)
    ///
    /// [RFC 9396 §7]: https://www.rfc-editor.org/rfc/rfc9396#section-7
    #[serde(default, skip_serializing_if = "AuthorizationDetails::is_empty")]
    pub authorization_details: AuthorizationDetails,
}

/// Tells if a member of [RFC 7662 §2.2], [RFC 9396 §9.2] or [RFC 9470 §6.2] is for grantor to fill in. The host's
/// claims must not contradict what grantor knows.
///
/// [RFC 7662 §2.2]: https://www.rfc-editor.org/rfc/rfc7662#section-2.2
/// [RFC 9396 §9.2]: https://www.rfc-editor.org/rfc/rfc9396#section-9.2
/// [RFC 9470 §6.2]: https://www.rfc-editor.org/rfc/rfc9470#section-6.2
pub(crate) fn is_registered_claim(name: &str) -> bool {
    const REGISTERED: [&str; 13] = [
        "active",
        "iss",
        "client_id",
        "sub",
        "scope",
        "aud",
        "iat",
        "exp",
        "nbf",
        "token_type",
        "acr",
        "auth_time",
        "authorization_details",
    ];
    REGISTERED.contains(&name)
}
