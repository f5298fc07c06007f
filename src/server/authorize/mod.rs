//! The authorization endpoint: [RFC 6749 §3.1], [RFC 9126 §4].
//!
//! This machine cannot write. It ends in a [`Prompt`], which the host keeps while the resource owner logs in and
//! decides; [`Prompt::approve`] and [`Prompt::deny`] start the second half of the endpoint, [`AuthorizeDecision`]. If
//! the request is erroneous, it ends in a [`Refusal`], which the host keeps while the resource owner logs in;
//! [`Refusal::respond`] starts [`AuthorizeRefusal`].
//!
//! [RFC 6749 §3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1
//! [RFC 9126 §4]: https://www.rfc-editor.org/rfc/rfc9126#section-4

mod approval;
mod config;
mod decision;
mod error;
mod event;
mod identify;
mod interaction;
mod prompt;
mod recipient;
mod refusal;
mod request;
mod response;

pub use approval::Approval;
pub(in crate::server) use approval::granted;
pub use config::AuthorizationConfig;
pub use decision::{
    AuthorizeDecided, AuthorizeDecision, AuthorizeDecisionCommit, AuthorizeDecisionIssuance, AuthorizeDecisionLookup,
};
pub use error::{AuthorizationError, AuthorizationPageError};
pub(in crate::server) use identify::identify;
pub use identify::{AuthorizationClient, AuthorizeFetch};
pub use interaction::Interaction;
pub use prompt::Prompt;
pub use recipient::Recipient;
pub use refusal::{AuthorizeRefusal, AuthorizeRefusalLookup, Refusal};
pub use request::AuthorizationRequest;
pub use response::AuthorizationResponse;

use std::sync::Arc;

use http::{Method, Request};

use self::interaction::is_silent;
use self::prompt::Pushed;
use self::request::{choose_redirect_uri, permit};
use super::par::request_uri_key;
use super::{Config, Server};
use crate::effect::Answer;
use crate::model::{ClientId, Key, Moment, Timestamp};
use crate::record::{Asked, Client, PendingKind, Version};
use crate::step::{Pause, Step, machine};
use crate::store::{Found, Lookup, RequestKey};
use crate::wire::{Form, FormError, form_body};

machine! {
    /// The machine of the authorization endpoint. It has no `Commit`: nothing is written before the resource owner
    /// decides.
    ///
    /// ```text
    /// request ─▶ Lookup ─▶ [Fetch] ─▶ Ask(Prompt) │ Refuse(Refusal) │ page with an error
    /// ```
    ///
    /// The machine draws nothing from its moment.
    Authorize<'a> {
        Lookup = AuthorizeLookup<'a>,
        Fetch = AuthorizeFetch<'a, AuthorizeRequest<'a>>,
        Reply = AuthorizeReply,
    }
}

/// The result of an authorization request.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is a reply, moved once")]
#[must_use = "the resource owner is to be asked, or a response to be sent"]
pub enum AuthorizeReply {
    /// The request is valid: log the resource owner in and ask. [`Prompt::needs`] says what is still to be asked, and
    /// [`Prompt::is_silent`] if no page may be shown.
    Ask(Prompt),
    /// The request is erroneous, and the client is to be told: log the resource owner in, then respond; at once if the
    /// refusal [is silent](Refusal::is_silent).
    Refuse(Refusal),
    /// The request is erroneous, and there is no proven client to tell: show this page.
    Respond(AuthorizationResponse),
}

impl AuthorizeReply {
    /// True if a person who is not logged in has to do that first: redirect to the login page, and from there back to
    /// this very request. So it is for a decision; and for an error too, lest a stranger's link lead through it to
    /// anywhere ([RFC 9700 §4.11.2]). A client that wants no page (`prompt=none`) is answered at once.
    ///
    /// [RFC 9700 §4.11.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.11.2
    #[must_use]
    pub fn needs_login(&self) -> bool {
        match self {
            Self::Ask(prompt) => !prompt.is_silent(),
            Self::Refuse(refusal) => !refusal.is_silent,
            Self::Respond(_) => false,
        }
    }
}

impl Server {
    /// Answers a request to the authorization endpoint: GET or POST ([RFC 6749 §3.1]). `run` returns an
    /// [`AuthorizeReply`].
    ///
    /// [RFC 6749 §3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1
    pub fn authorize<'a, B: AsRef<[u8]>>(&'a self, request: &'a Request<B>, moment: Moment) -> Step<Authorize<'a>> {
        match parameters(request) {
            Ok((request, fault)) => self.look_up(request, fault, &moment),
            Err(error) => page(None, error),
        }
    }

    /// Answers an authorization request whose parameters are already read.
    ///
    /// `run` returns an [`AuthorizeReply`].
    pub fn authorization_request<'a>(
        &'a self,
        request: AuthorizationRequest<'a>,
        moment: Moment,
    ) -> Step<Authorize<'a>> {
        self.look_up(request, None, &moment)
    }

    fn look_up<'a>(
        &'a self,
        request: AuthorizationRequest<'a>,
        fault: Option<FormError>,
        moment: &Moment,
    ) -> Step<Authorize<'a>> {
        let Some(client_id) = &request.client_id else { return page(None, AuthorizationPageError::ClientIdMissing) };
        let Ok(client_id) = ClientId::parse(client_id) else {
            return page(None, AuthorizationPageError::UnknownClient);
        };
        let lookup = Lookup::of_client(client_id.clone());
        // If nothing can be pushed, `request_uri` is ignored like any unknown parameter.
        let (lookup, came) = match request.request_uri.as_deref().filter(|_| self.config.par.is_some()) {
            None => (lookup, Came::AsIs(request, fault)),
            Some(request_uri) => match request_uri_key(request_uri) {
                None => return page(Some(client_id), AuthorizationPageError::RequestUriUnknown),
                Some(key) => (lookup.with_request(RequestKey::Key(key)), Came::Pushed(key)),
            },
        };
        let coming = AuthorizeRequest { config: &self.config, now: moment.now(), came };
        Step::Lookup(AuthorizeLookup { lookup, client_id, coming })
    }
}

fn parameters<B: AsRef<[u8]>>(
    request: &Request<B>,
) -> Result<(AuthorizationRequest<'_>, Option<FormError>), AuthorizationPageError> {
    let form = match *request.method() {
        // RFC 6749 §3.1: "The authorization server MUST support the use of the HTTP "GET" method [...] and MAY support
        // the use of the "POST" method as well."
        Method::GET | Method::HEAD => Form::new(request.uri().query().unwrap_or_default().as_bytes())?,
        Method::POST => form_body(request.headers(), request.body().as_ref())?,
        _ => return Err(AuthorizationPageError::Method),
    };
    Ok(AuthorizationRequest::read(form)?)
}

fn page<'a>(client_id: Option<ClientId>, error: AuthorizationPageError) -> Step<Authorize<'a>> {
    Step::Done(AuthorizeReply::Respond(AuthorizationResponse::page(client_id, error)))
}

/// The way in which a request came.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(clippy::large_enum_variant, reason = "states are stored inline")]
enum Came<'a> {
    /// In the query or the body, with the error in its form.
    AsIs(AuthorizationRequest<'a>, Option<FormError>),
    /// By the pushed authorization request endpoint, under this key.
    Pushed(Key),
}

/// Waits for the client's record, and for a pushed request.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct AuthorizeLookup<'a> {
    lookup: Lookup,
    client_id: ClientId,
    coming: AuthorizeRequest<'a>,
}

/// A request whose client is being identified.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct AuthorizeRequest<'a> {
    config: &'a Config,
    now: Timestamp,
    came: Came<'a>,
}

impl<'a> Pause<Lookup> for AuthorizeLookup<'a> {
    type Machine = Authorize<'a>;

    fn effect(&self) -> &Lookup {
        &self.lookup
    }

    fn resume(self, answer: Answer<Lookup>) -> Step<Authorize<'a>> {
        let Self { client_id, coming, .. } = self;
        // RFC 6749 §4.1.2.1: "If the request fails due to a missing, invalid, or mismatching redirection URI, or if the
        // client identifier is missing or invalid, the authorization server SHOULD inform the resource owner of the
        // error and MUST NOT automatically redirect the user-agent to the invalid redirection URI."
        identify(coming.config, client_id, answer, coming)
    }
}

impl<'a> AuthorizationClient<'a> for AuthorizeRequest<'a> {
    type Machine = Authorize<'a>;

    fn unidentified(self, client_id: ClientId, error: AuthorizationPageError) -> Step<Authorize<'a>> {
        page(Some(client_id), error)
    }

    fn identified(self, client: Arc<Client>, found: &Found) -> Step<Authorize<'a>> {
        let Self { config, now, came } = self;
        let asked = match came {
            Came::AsIs(request, fault) => request.recipient(config, &client).map(|recipient| -> Read {
                let check = || {
                    // RFC 9126 §4: "the authorization server will refuse, using the invalid_request error code, to
                    // process any request to the authorization endpoint that does not have a request_uri parameter
                    // with a value obtained from the PAR endpoint."
                    if must_be_pushed(config, &client) {
                        return Err(AuthorizationError::NotPushed);
                    }
                    request.check(config, &client, &recipient)
                };
                let checked = fault.map_or_else(check, |fault| Err(fault.into()));
                Read { recipient, checked, pushed: None, is_silent: request.is_silent() }
            }),
            Came::Pushed(key) => pushed(config, &client, found, key, now),
        };
        // Once there is a recipient, errors go to the client.
        Step::Done(match asked {
            Err(error) => AuthorizeReply::Respond(AuthorizationResponse::page(Some(client.client_id.clone()), error)),
            // RFC 9700 §4.11.2: "The authorization server SHOULD only automatically redirect the user agent if it
            // trusts the redirect URI."
            Ok(Read { checked: Err(error), .. }) if client.is_self_registered() => {
                let error = AuthorizationPageError::Unsound(error);
                AuthorizeReply::Respond(AuthorizationResponse::page(Some(client.client_id.clone()), error))
            }
            Ok(Read { recipient, checked: Err(error), is_silent, .. }) => {
                AuthorizeReply::Refuse(Refusal::new(recipient, error, is_silent))
            }
            Ok(Read { recipient, checked: Ok(asked), pushed, .. }) => AuthorizeReply::Ask(Prompt {
                version: Version,
                recipient,
                client_name: client.client_name.clone(),
                client_is_self_registered: client.is_self_registered(),
                asked,
                asked_at: now,
                is_confidential: client.is_confidential(),
                pushed,
            }),
        })
    }
}

/// A request that was read.
struct Read {
    /// The recipient of the response.
    recipient: Recipient,
    /// The terms, or the error.
    checked: Result<Asked, AuthorizationError>,
    /// The pushed request, if it is one.
    pushed: Option<Pushed>,
    /// True if the request asks for an answer without any page.
    is_silent: bool,
}

/// Checks a pushed request. [RFC 9126 §4]: "The authorization server MUST validate authorization requests arising from
/// a pushed request as it would any other authorization request." Of the browser's request, only `client_id` counts.
///
/// [RFC 9126 §4]: https://www.rfc-editor.org/rfc/rfc9126#section-4
fn pushed(
    config: &Config,
    client: &Client,
    found: &Found,
    key: Key,
    now: Timestamp,
) -> Result<Read, AuthorizationPageError> {
    let presented = found.request(RequestKey::Key(key)).ok_or(AuthorizationPageError::RequestUriUnknown)?;
    let PendingKind::Pushed(pushed) = &presented.request.kind else {
        return Err(AuthorizationPageError::RequestUriUnknown);
    };
    // RFC 9126 §2.2: "The request_uri value MUST be bound to the client that posted the authorization request."
    let is_own = presented.request.client_id == client.client_id;
    // RFC 9126 §4: "Since parts of the authorization request content [...] are unique to a particular authorization
    // request, the client MUST only use a request_uri value once." Loading the page again before the decision is the
    // same use. RFC 9126 §4: "An expired request_uri MUST be rejected as invalid."
    if !is_own || !presented.is_alive(now) || pushed.present_until.is_past(now) {
        return Err(AuthorizationPageError::RequestUriUnknown);
    }
    choose_redirect_uri(client, Some(pushed.redirect_uri.as_str()))?;
    let asked = &presented.request.asked;
    let recipient = Recipient::of(presented.request.client_id.clone(), pushed);
    let checked = permit(config, client, &recipient, asked.code_challenge).map(|()| asked.clone());
    let pushed = Pushed { key, expires_at: presented.request.expires_at };
    Ok(Read { recipient, checked, pushed: Some(pushed), is_silent: is_silent(asked) })
}

/// Tells if the client may send its requests only by the pushed authorization request endpoint: [RFC 9126 §5], [§6].
///
/// [RFC 9126 §5]: https://www.rfc-editor.org/rfc/rfc9126#section-5
/// [§6]: https://www.rfc-editor.org/rfc/rfc9126#section-6
fn must_be_pushed(config: &Config, client: &Client) -> bool {
    let by_server = config.par.as_ref().is_some_and(|par| par.require_pushed_authorization_requests);
    by_server || client.require_pushed_authorization_requests
}
