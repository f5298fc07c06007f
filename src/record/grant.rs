//! The record of a grant: an authorization by a resource owner, or of the client itself ([RFC 6749 §1.3]).
//!
//! [RFC 6749 §1.3]: https://www.rfc-editor.org/rfc/rfc6749#section-1.3

use serde::{Deserialize, Serialize};

use super::Version;
use crate::model::{
    Audience, AuthenticationEvent, AuthorizationDetails, Claims, ClientId, GrantId, GrantType, Scope, Subject,
    Timestamp,
};

/// A grant, as it was opened. The record never changes. The store keeps beside it that it was revoked, and how long it
/// is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Grant {
    /// The version of this record's format.
    pub version: Version<3>,
    /// The grant's identifier.
    pub id: GrantId,
    /// The client that was authorized.
    pub client_id: ClientId,
    /// The resource owner; `None` if the client acts for itself ([RFC 6749 §4.4]).
    ///
    /// [RFC 6749 §4.4]: https://www.rfc-editor.org/rfc/rfc6749#section-4.4
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The grant type by which it was authorized.
    pub grant_type: GrantType,
    /// The scope that was authorized.
    pub scope: Scope,
    /// The protected resources that were authorized.
    #[serde(rename = "resource", default, skip_serializing_if = "Audience::is_any")]
    pub audience: Audience,
    /// The authorization details that were granted: [RFC 9396]. (Since version 3.)
    ///
    /// [RFC 9396]: https://www.rfc-editor.org/rfc/rfc9396
    #[serde(default, skip_serializing_if = "AuthorizationDetails::is_empty")]
    pub authorization_details: AuthorizationDetails,
    /// The time of the authorization.
    pub issued_at: Timestamp,
    /// The latest end of the grant, however often its tokens are refreshed. `None` means that it ends with its last
    /// credential. (Since version 2.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The authentication of the resource owner: [RFC 9470 §6]. (`amr` and `sid` since version 2.)
    ///
    /// [RFC 9470 §6]: https://www.rfc-editor.org/rfc/rfc9470#section-6
    #[serde(flatten)]
    pub authentication: AuthenticationEvent,
    /// The host's own data for the grant, for example the tenant that was picked on the consent page. grantor does not
    /// look at it. (Since version 2.)
    #[serde(default, deserialize_with = "crate::model::claims::stored", skip_serializing_if = "Claims::is_empty")]
    pub data: Claims,
}

impl Grant {
    /// Returns the earlier of a time and the grant's latest end.
    pub(crate) fn at_most(&self, end: Timestamp) -> Timestamp {
        self.expires_at.map_or(end, |latest| latest.min(end))
    }
}
