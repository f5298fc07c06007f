//! The value between a user code and the decision, which the host keeps: [RFC 8628 §3.3].
//!
//! [RFC 8628 §3.3]: https://www.rfc-editor.org/rfc/rfc8628#section-3.3

use serde::{Deserialize, Serialize};

use crate::model::{ClientId, Key, Timestamp, UserCode};
use crate::record::{Asked, Version};
use crate::wire::is_invisible;

/// A device's request that waits for the decision of the person who entered its user code. A plain value, as a
/// [`Prompt`](crate::server::Prompt) is: keep it in their session, on the server's side, while pages are shown, and
/// take it out of there to decide. Whoever has this value may decide, so nobody else's session may get it. It is not
/// `Clone`, so that one request is not both approved and denied.
///
/// [RFC 8628 §5.4] names what the page owes the person: that a *device* asks, which one, and "to confirm that the
/// device is in their possession".
///
/// [RFC 8628 §5.4]: https://www.rfc-editor.org/rfc/rfc8628#section-5.4
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "explore", derive(Clone))]
#[non_exhaustive]
pub struct DevicePrompt {
    /// The version of this value's format.
    pub version: Version<1>,
    /// The client that asks.
    pub client_id: ClientId,
    /// The client's name for people.
    pub client_name: Option<String>,
    /// True if nobody but the client itself vouches for its name: it registered itself ([RFC 7591 §5]). Say so where
    /// you show the name.
    ///
    /// [RFC 7591 §5]: https://www.rfc-editor.org/rfc/rfc7591#section-5
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub client_is_self_registered: bool,
    /// The user code, to be shown beside the question. [RFC 8628 §3.3.1]: "The server SHOULD display the "user_code" to
    /// the user and ask them to verify that it matches the "user_code" being displayed on the device".
    ///
    /// [RFC 8628 §3.3.1]: https://www.rfc-editor.org/rfc/rfc8628#section-3.3.1
    pub user_code: UserCode,
    /// The terms that the client asks for.
    #[serde(flatten)]
    pub asked: Asked,
    /// The time at which the device asked.
    pub issued_at: Timestamp,
    /// The place that the device asked from, if the host gave it ([`AskedFrom`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_from: Option<String>,
    /// The time until which the request can be decided.
    pub expires_at: Timestamp,
    /// The key of the device code. The user code alone would do no more once another device may have it.
    pub(super) key: Key,
}

impl DevicePrompt {
    /// The host of a client that is identified by a URL, in lower case; `None` for any other client. Show it to people
    /// as [`Prompt::client_host`](crate::server::Prompt::client_host) says.
    #[must_use]
    pub fn client_host(&self) -> Option<String> {
        self.client_id.host()
    }
}

/// The place that a device asks from, in words that a person understands: an address, a town, the model that the device
/// names. A host that knows it puts it into the extensions of the request to the device authorization endpoint;
/// [`DevicePrompt::asked_from`] has it. [RFC 8628 §5.4]: "The authorization server SHOULD display information about the
/// device so that the user could notice if a software client was attempting to impersonate a hardware device."
///
/// ```
/// use grantor::server::AskedFrom;
/// let mut request = http::Request::post("/device_authorization").body("client_id=tv").unwrap();
/// request.extensions_mut().insert(AskedFrom::new("192.0.2.7, near Oslo"));
/// ```
///
/// [RFC 8628 §5.4]: https://www.rfc-editor.org/rfc/rfc8628#section-5.4
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedFrom(String);

impl AskedFrom {
    /// The most characters that are kept.
    pub const MAX_CHARS: usize = 200;

    /// Keeps the visible characters of a text, no more than [`MAX_CHARS`](Self::MAX_CHARS).
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.chars().filter(|character| !is_invisible(*character)).take(Self::MAX_CHARS).collect())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
