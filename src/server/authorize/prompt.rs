//! What lies between the authorization request and the decision, and is kept by the host meanwhile.

use serde::{Deserialize, Serialize};

use super::recipient::Recipient;
use crate::model::{Key, Timestamp};
use crate::record::{Asked, Version};

/// A sound authorization request, waiting for the resource owner's decision. A plain value: keep it in the session, on
/// the server's side, while pages are shown, and take it out of there to decide. It is not `Clone`: one request is not
/// both approved and denied.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "explore", derive(Clone))]
#[non_exhaustive]
pub struct Prompt {
    /// The format of this value.
    pub version: Version<2>,
    /// Who gets the response: the client that asks.
    #[serde(flatten)]
    pub recipient: Recipient,
    /// The client's name for people.
    pub client_name: Option<String>,
    /// What the client asks for.
    #[serde(flatten)]
    pub asked: Asked,
    /// The pushed request that the decision spends, if this is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pushed: Option<Pushed>,
}

/// A pushed request, and until when it can be decided.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Pushed {
    pub(super) key: Key,
    pub(super) expires_at: Timestamp,
}
