//! The record of a grant: what a resource owner, or the client itself, authorized (RFC 6749 §1.3).

use serde::{Deserialize, Serialize};

use super::Version;
use crate::model::{Audience, AuthenticationEvent, Claims, ClientId, GrantId, GrantType, Scope, Subject, Timestamp};

/// A grant, as it was opened. The record never changes: that it was revoked, or how long it is kept, the store says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Grant {
    /// The format of this record.
    pub version: Version<2>,
    /// Its identifier.
    pub id: GrantId,
    /// The client that was authorized.
    pub client_id: ClientId,
    /// The resource owner; `None` where the client acts for itself (RFC 6749 §4.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// How it was authorized.
    pub grant_type: GrantType,
    /// What was authorized.
    pub scope: Scope,
    /// For which protected resources.
    #[serde(rename = "resource", default, skip_serializing_if = "Audience::is_any")]
    pub audience: Audience,
    /// When.
    pub issued_at: Timestamp,
    /// When it ends at the latest, however often its tokens are refreshed. `None`: when its last credential does.
    /// (Since version 2.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How and when the resource owner was authenticated: RFC 9470 §6. (`amr` and `sid` since version 2.)
    #[serde(flatten)]
    pub authentication: AuthenticationEvent,
    /// The host's own: whatever it chose to remember with the grant, say a tenant that was picked on the consent page.
    /// grantor does not look at it. (Since version 2.)
    #[serde(default, deserialize_with = "crate::model::claims::stored", skip_serializing_if = "Claims::is_empty")]
    pub data: Claims,
}

impl Grant {
    /// The earlier of a time and its latest end.
    pub(crate) fn at_most(&self, end: Timestamp) -> Timestamp {
        self.expires_at.map_or(end, |latest| latest.min(end))
    }
}
