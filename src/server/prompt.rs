//! What lies between the authorization request and the decision, and is kept by the host meanwhile.

use serde::{Deserialize, Serialize};

use crate::model::{Acr, ClientId, CodeChallenge, RedirectUri, Resources, ResponseType, Scope, Secret, Version};
use crate::wire::exposed;

/// A sound authorization request, waiting for the resource owner's decision. A plain value: keep it in the session, on the
/// server's side, while pages are shown, and take it out of there to decide. It is not `Clone`: one request is not both
/// approved and denied.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "explore", derive(Clone))]
#[non_exhaustive]
pub struct Prompt {
    /// The format of this value.
    pub version: Version,
    /// The client that asks.
    pub client_id: ClientId,
    /// Its name for people.
    pub client_name: Option<String>,
    /// Where the response will go.
    pub redirect_uri: RedirectUri,
    /// Whether the request named it.
    pub(super) redirect_uri_sent: bool,
    /// What will be issued.
    pub response_type: ResponseType,
    /// What the client asks for; what the resource owner may narrow.
    pub scope: Scope,
    /// For which protected resources.
    pub resource: Resources,
    /// How the resource owner is to be authenticated, the preferred way first; empty: any. Say what was done by
    /// [`Approval::with_acr`](super::Approval::with_acr); an approval that does not, or was another way, is answered with
    /// `unmet_authentication_requirements`: RFC 9470 §4, §5.
    #[serde(default)]
    pub acr_values: Vec<Acr>,
    /// How many seconds ago the resource owner may have been authenticated; log them in again if it is longer. Say when it was by
    /// [`Approval::authenticated_at`](super::Approval::authenticated_at): RFC 9470 §4, §5.
    #[serde(default)]
    pub max_age: Option<u64>,
    #[serde(default, with = "exposed::option")]
    pub(super) state: Option<Secret<'static>>,
    pub(super) code_challenge: Option<CodeChallenge>,
}
