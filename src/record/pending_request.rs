//! The record of a client's request that nobody has granted yet.

use serde::{Deserialize, Serialize};

use super::Version;
use crate::model::{
    Acr, Audience, AuthorizationDetails, ClientId, CodeChallenge, Key, LanguageTag, PromptValue, RedirectUri,
    ResponseMode, ResponseType, Scope, Secret, Timestamp, exposed,
};

/// An authorization request that waits for a resource owner: a pushed one ([RFC 9126 §2]), or a device's ([RFC 8628
/// §3.1]). It has a client but no grant: the commit that spends the request opens the grant, in the request's
/// partition.
///
/// The store keeps beside it that it was spent, by an approval or by a denial. The record itself changes only by the
/// next [`PutRequest`](crate::store::Change::PutRequest).
///
/// [RFC 8628 §3.1]: https://www.rfc-editor.org/rfc/rfc8628#section-3.1
/// [RFC 9126 §2]: https://www.rfc-editor.org/rfc/rfc9126#section-2
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PendingRequest {
    /// The version of this record's format.
    pub version: Version<2>,
    /// The number of changes of this record, from 0.
    pub revision: u32,
    /// The key by which the client's `request_uri` or device code finds the request. The plain text is not kept.
    pub key: Key,
    /// A second key, in the same partition: that of the [user code](crate::model::UserCode) that a person types in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_code: Option<Key>,
    /// The client that asked, authenticated as its registration requires.
    pub client_id: ClientId,
    /// The kind of request, with the fields that only this kind has.
    #[serde(flatten)]
    pub kind: PendingKind,
    /// The terms that the client asked for.
    #[serde(flatten)]
    pub asked: Asked,
    /// The time at which the request came in.
    pub issued_at: Timestamp,
    /// The time of expiry. Machines decide by it; a store may drop the record afterwards.
    pub expires_at: Timestamp,
}

impl PendingRequest {
    /// Returns the same request with the next revision.
    pub(crate) fn next(&self) -> Self {
        Self { revision: self.revision.saturating_add(1), ..self.clone() }
    }
}

/// The way in which a request came, with the fields that only such a request has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PendingKind {
    /// By the pushed authorization request endpoint: [RFC 9126 §2].
    ///
    /// [RFC 9126 §2]: https://www.rfc-editor.org/rfc/rfc9126#section-2
    Pushed(PushedRequest),
    /// By the device authorization endpoint: [RFC 8628 §3.1]. (Since version 2.)
    ///
    /// [RFC 8628 §3.1]: https://www.rfc-editor.org/rfc/rfc8628#section-3.1
    Device(DeviceRequest),
}

/// The fields of a pushed request that shape its response: [RFC 9126 §2.1].
///
/// [RFC 9126 §2.1]: https://www.rfc-editor.org/rfc/rfc9126#section-2.1
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PushedRequest {
    /// The redirect URI of the response.
    #[serde(deserialize_with = "crate::model::redirect_uri::stored::one")]
    pub redirect_uri: RedirectUri,
    /// True if the request named the redirect URI.
    pub redirect_uri_sent: bool,
    /// The response type: a code or a token.
    pub response_type: ResponseType,
    /// The response mode that the request named; `None` for the default of the response type. (Since version 2.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_mode: Option<ResponseMode>,
    /// The time until which the browser may come with the `request_uri`. A resource owner who is asked before that has
    /// until the record expires.
    pub present_until: Timestamp,
    /// The client's `state`, returned in the response byte for byte. Not a credential.
    #[serde(default, with = "exposed::option", skip_serializing_if = "Option::is_none")]
    pub state: Option<Secret<'static>>,
}

/// The fields of a device's request, which change while the device polls: [RFC 8628 §3.5].
///
/// [RFC 8628 §3.5]: https://www.rfc-editor.org/rfc/rfc8628#section-3.5
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeviceRequest {
    /// The seconds that the device must wait between two polls. Each `slow_down` adds five.
    pub interval: u64,
    /// The time of the last poll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polled_at: Option<Timestamp>,
    /// The place that the device asked from, in the host's words for the person: an address, a town, a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_from: Option<String>,
    /// True if the person denied. An approval is not here: it issues a code, under the request's own key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub denied: bool,
}

/// The terms of a valid request, on which the resource owner decides. Read once, and then kept whole in the prompt or
/// in a pushed request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Asked {
    /// The scope that the client asks for, and that the resource owner may narrow.
    pub scope: Scope,
    /// The protected resources that the client asks for.
    #[serde(rename = "resource", default, skip_serializing_if = "Audience::is_any")]
    pub audience: Audience,
    /// The authorization details that the client asks for, checked by the definition of their types, and that the
    /// resource owner may narrow: [RFC 9396 §3]. The consent page shows each of them. (Since version 2 of a pending
    /// request.)
    ///
    /// [RFC 9396 §3]: https://www.rfc-editor.org/rfc/rfc9396#section-3
    #[serde(default, skip_serializing_if = "AuthorizationDetails::is_empty")]
    pub authorization_details: AuthorizationDetails,
    /// The challenge that a code will be bound to: [RFC 7636 §4.3].
    ///
    /// [RFC 7636 §4.3]: https://www.rfc-editor.org/rfc/rfc7636#section-4.3
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<CodeChallenge>,
    /// The requested authentication context classes, the preferred one first; empty if any will do. Report the one that
    /// was used with [`Approval::with_acr`](crate::server::Approval::with_acr). An approval without it, or with another
    /// class, is answered with `unmet_authentication_requirements`: [RFC 9470 §4], [§5].
    ///
    /// [RFC 9470 §4]: https://www.rfc-editor.org/rfc/rfc9470#section-4
    /// [§5]: https://www.rfc-editor.org/rfc/rfc9470#section-5
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acr_values: Vec<Acr>,
    /// The greatest age of the resource owner's authentication, in seconds; log the owner in again if it is older.
    /// Report the time of the login with [`Approval::authenticated_at`](crate::server::Approval::authenticated_at):
    /// [RFC 9470 §4], [§5].
    ///
    /// [RFC 9470 §4]: https://www.rfc-editor.org/rfc/rfc9470#section-4
    /// [§5]: https://www.rfc-editor.org/rfc/rfc9470#section-5
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// The pages that the client wants to be shown, or none at all: [OpenID Connect Core 1.0 §3.1.2.1].
    /// [`Prompt::needs`](crate::server::Prompt::needs) says what follows from it. (Since version 2 of a pending
    /// request.)
    ///
    /// [OpenID Connect Core 1.0 §3.1.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompt: Vec<PromptValue>,
    /// The name by which the resource owner may log in, to be filled into the form. The client says it, and proves
    /// nothing. At most [`Asked::MAX_LOGIN_HINT_LEN`] bytes without control characters. (Since version 2 of a pending
    /// request.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    /// The languages for the pages, the preferred one first. (Since version 2 of a pending request.)
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ui_locales: Vec<LanguageTag>,
}

impl Asked {
    /// The greatest length of a `login_hint`, in bytes.
    pub const MAX_LOGIN_HINT_LEN: usize = 512;

    /// Asks for this scope, and nothing else.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            audience: Audience::Any,
            authorization_details: AuthorizationDetails::default(),
            code_challenge: None,
            acr_values: Vec::new(),
            max_age: None,
            prompt: Vec::new(),
            login_hint: None,
            ui_locales: Vec::new(),
        }
    }
}
