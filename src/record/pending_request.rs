//! The record of what a client asked for and nobody has granted yet.

use serde::{Deserialize, Serialize};

use super::Version;
use crate::model::{
    Acr, Audience, ClientId, CodeChallenge, Key, RedirectUri, ResponseType, Scope, Secret, Timestamp, exposed,
};

/// An authorization request that waits for a resource owner: today one that was pushed (RFC 9126 §2). It has a client
/// and no grant: the grant that grows out of it is opened in its partition, by the commit that spends it.
///
/// That it was spent, by an approval or by a denial, the store says beside it. The record itself changes only by the
/// next [`PutRequest`](crate::store::Change::PutRequest).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PendingRequest {
    /// The format of this record.
    pub version: Version<1>,
    /// Counts the changes of this record, from 0.
    pub revision: u32,
    /// What its client finds it by. The plain text is not kept.
    pub key: Key,
    /// What people find it by, where they have to type something: a second key, in the same partition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_code: Option<Key>,
    /// The client that asked, authenticated as it is registered.
    pub client_id: ClientId,
    /// How it came, and what only such a request has.
    #[serde(flatten)]
    pub kind: PendingKind,
    /// What was asked for.
    #[serde(flatten)]
    pub asked: Asked,
    /// When it came.
    pub issued_at: Timestamp,
    /// When it ends. Machines decide by this; a store may drop the record afterwards.
    pub expires_at: Timestamp,
}

/// How a request came, and what only such a request has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PendingKind {
    /// By the pushed authorization request endpoint: RFC 9126 §2.
    Pushed(PushedRequest),
}

/// What a pushed request says of its response: RFC 9126 §2.1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PushedRequest {
    /// Where the response will go.
    #[serde(deserialize_with = "crate::model::redirect_uri::stored::one")]
    pub redirect_uri: RedirectUri,
    /// Whether the request named it.
    pub redirect_uri_sent: bool,
    /// What will be issued.
    pub response_type: ResponseType,
    /// Until when the browser may come with its `request_uri`. A resource owner who is asked by then has until the
    /// record expires.
    pub present_until: Timestamp,
    /// Comes back in the response, to the byte. It is the client's own, and nothing to log in with.
    #[serde(default, with = "exposed::option", skip_serializing_if = "Option::is_none")]
    pub state: Option<Secret<'static>>,
}

/// What of a sound request the resource owner decides on. It is made once, kept in the prompt or in a pushed request,
/// and carried whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Asked {
    /// What the client asks for; what the resource owner may narrow.
    pub scope: Scope,
    /// For which protected resources.
    #[serde(rename = "resource", default, skip_serializing_if = "Audience::is_any")]
    pub audience: Audience,
    /// The challenge that a code will be bound to: RFC 7636 §4.3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<CodeChallenge>,
    /// How the resource owner is to be authenticated, the preferred way first; empty: in any way. Say what was done by
    /// [`Approval::with_acr`](crate::server::Approval::with_acr); an approval that does not, or was another way, is
    /// answered with `unmet_authentication_requirements`: RFC 9470 §4, §5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acr_values: Vec<Acr>,
    /// How many seconds ago the resource owner may have been authenticated; log them in again if it is longer. Say when
    /// it was by [`Approval::authenticated_at`](crate::server::Approval::authenticated_at): RFC 9470 §4, §5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
}

impl Asked {
    /// Asks for this scope, and nothing else.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self { scope, audience: Audience::Any, code_challenge: None, acr_values: Vec::new(), max_age: None }
    }
}
