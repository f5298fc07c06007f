//! The value between an authorization request and the decision, which the host keeps.

use serde::{Deserialize, Serialize};

use super::recipient::Recipient;
use crate::model::{Key, Timestamp, Transport, transport};
use crate::record::{Asked, Version};

/// A valid authorization request that waits for the resource owner's decision. A plain value: keep it in the session,
/// on the server's side, while pages are shown, and take it out of there to decide. It is not `Clone`, so that one
/// request is not both approved and denied. It has no end of its own, but for that of a pushed request, after which a
/// decision is refused. The cookie of the session is `Secure` if [`Issuer::is_https`](crate::model::Issuer::is_https).
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "explore", derive(Clone))]
#[non_exhaustive]
pub struct Prompt {
    /// The version of this value's format.
    pub version: Version<3>,
    /// The client that asks, which receives the response.
    #[serde(flatten)]
    pub recipient: Recipient,
    /// The client's name for people.
    pub client_name: Option<String>,
    /// True if nobody but the client itself vouches for its name: it registered itself ([RFC 7591 §5]). Say so where
    /// you show the name.
    ///
    /// [RFC 7591 §5]: https://www.rfc-editor.org/rfc/rfc7591#section-5
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub client_is_self_registered: bool,
    /// The terms that the client asks for.
    #[serde(flatten)]
    pub asked: Asked,
    /// The time at which the request came, to which the age of a login is compared.
    pub asked_at: Timestamp,
    /// True if the client authenticates, so that nobody else can redeem its code.
    #[serde(default)]
    pub(super) is_confidential: bool,
    /// The pushed request that the decision spends, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pushed: Option<Pushed>,
}

impl Prompt {
    /// The host of a client that is identified by a URL, in lower case; `None` for any other client. Show it to people:
    /// of all that a metadata document says, only this is proven. [CIMD §6.4]: "The authorization server
    /// SHOULD display the hostname of the `client_id` on the authorization interface, in addition to displaying the
    /// fetched client information if any."
    ///
    /// [CIMD §6.4]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01#section-6.4
    #[must_use]
    pub fn client_host(&self) -> Option<String> {
        self.recipient.client_id.host()
    }

    /// True if the response goes to a program on the resource owner's own machine, by http to a loopback host.
    /// Whichever program listens there gets it: any of them can say that it is this client.
    #[must_use]
    pub fn returns_to_own_machine(&self) -> bool {
        transport(self.recipient.redirect_uri.as_str()) == Transport::Loopback
    }
}

/// A pushed request, and the time until which it can be decided.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Pushed {
    pub(super) key: Key,
    pub(super) expires_at: Timestamp,
}
