//! The tokens for one protected resource: [RFC 9728 §5], and the authorization of the Model Context Protocol.
//!
//! ```text
//! response ─▶ received ─▶ Fetch ─▶ …: Pass, Again with what was granted, Ask, or GiveUp
//! browser ── query ─▶ PendingSignIn::callback ─▶ Fetch ─▶ Granted ─▶ arrived
//! ```
//!
//! [RFC 9728 §5]: https://www.rfc-editor.org/rfc/rfc9728#section-5

use http::{HeaderMap, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use super::authorize::{BeginError, Pending};
use super::callback::CallbackError;
use super::challenge::Challenge;
use super::discover::DiscoverError;
use super::discover_resource::DiscoverResourceError;
use super::registered::OtherAuthentication;
use super::registration::OtherIssuer;
use super::token::{Exchange, ExchangeFetch};
use super::token_set::TokenSet;
use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::{Issuer, Metadata, Moment, Resource, Scope};
use crate::step::{Pause, Step, machine};
use crate::wire::{Registration, RequestError};

/// The number of refusals in a row after which a resource is given up: the Model Context Protocol asks for a limit.
pub(super) const MAX_REFUSALS: u32 = 3;

/// A protected resource, and what a client holds for it: registrations, each for its issuer alone, and tokens. A serde
/// value for the host to keep, with its secrets in plain text.
///
/// It is for one task. Tasks that call the same resource at once share a [`SharedProtected`](super::SharedProtected),
/// so that one of them refreshes, and one person is asked once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Protected {
    pub(super) resource: Resource,
    #[serde(default)]
    pub(super) registrations: Vec<Registration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tokens: Option<TokenSet>,
    /// The scope that was asked for last. A step-up asks for more, and not for something else.
    #[serde(default)]
    pub(super) requested: Scope,
    /// The number of refusals in a row.
    #[serde(skip)]
    pub(super) refusals: u32,
}

/// The way on after a response of a protected resource.
#[derive(Debug)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "it is made once for a response, and moved once")]
pub enum Next {
    /// The response is not about authorization: it is the caller's.
    Pass,
    /// There are other tokens, without anybody being asked. Hand them over with [`Protected::arrived`], and send the
    /// request again.
    Again(Granted),
    /// A person has to be asked. Tell [`Protected::asked`], send the browser to the URL, and keep the rest in its
    /// session until it comes back: it has the client's secret, if there is one.
    Ask {
        /// The URL of the authorization request.
        url: String,
        /// The values that the callback needs.
        pending: PendingSignIn,
    },
    /// The resource refused often enough, whatever token it was shown. The response is the caller's. The next refusal
    /// counts as the first again, for a person who tries once more.
    GiveUp,
}

/// The values that were granted for a resource.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[must_use = "it is for `Protected::arrived`"]
pub struct Granted {
    pub(super) registration: Registration,
    pub(super) tokens: TokenSet,
    pub(super) requested: Scope,
}

/// An authorization request for a resource, waiting for its callback: see [`Pending`]. It knows the server, the
/// registration and the resource, so the callback needs no client.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "explore", derive(Clone))]
#[must_use = "the callback needs it"]
pub struct PendingSignIn {
    pub(super) pending: Pending,
    pub(super) server: Metadata,
    pub(super) registration: Registration,
    pub(super) requested: Scope,
}

/// The client cannot come by tokens for the resource.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProtectedError {
    /// The metadata of the resource could not be had.
    #[error("the resource's metadata: {0}")]
    Resource(#[from] DiscoverResourceError),
    /// The metadata of the authorization server could not be had.
    #[error("the authorization server's metadata: {0}")]
    Server(#[from] DiscoverError),
    /// The resource names no authorization server.
    #[error("the resource names no authorization server")]
    NoServer,
    /// The client is not registered at this server, which offers no way to register that the client has.
    #[error("the client is not registered at {0}")]
    NotRegistered(Issuer),
    /// The registration is for another authentication than this crate has.
    #[error(transparent)]
    Authentication(#[from] OtherAuthentication),
    /// The registration belongs to another server.
    #[error(transparent)]
    OtherIssuer(#[from] OtherIssuer),
    /// The authorization request cannot be made.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// The server was asked to register the client or for tokens, and did not do it.
    #[error(transparent)]
    Request(#[from] RequestError),
}

machine! {
    /// The machine that comes by tokens after a callback.
    Arrive {
        Fetch = ArriveFetch,
        Reply = Result<Granted, RequestError>,
    }
}

/// Waits for a token response.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct ArriveFetch {
    exchange: ExchangeFetch,
    registration: Registration,
    requested: Scope,
}

impl Protected {
    /// Creates the value of a resource for which nothing is held yet. `resource` is the one that the client means to
    /// call, as a person wrote it or a configuration has it.
    #[must_use]
    pub fn new(resource: Resource) -> Self {
        Self { resource, registrations: Vec::new(), tokens: None, requested: Scope::EMPTY, refusals: 0 }
    }

    /// Returns the same value with a registration that is held already. It is used at its own issuer alone, whichever
    /// server the resource names.
    #[must_use]
    pub fn with_registration(mut self, registration: Registration) -> Self {
        self.keep(registration);
        self
    }

    /// The value of the header `Authorization` for the next request; `None` before anything was granted.
    #[must_use]
    pub fn authorization(&self) -> Option<HeaderValue> {
        self.tokens.as_ref().map(TokenSet::authorization)
    }

    /// The tokens that are held.
    #[must_use]
    pub fn tokens(&self) -> Option<&TokenSet> {
        self.tokens.as_ref()
    }

    /// Keeps the registration with which a person is asked, so that the next request registers no other client if this
    /// one is given up.
    pub fn asked(&mut self, pending: &PendingSignIn) {
        self.keep(pending.registration.clone());
    }

    /// Takes over the values that were granted. A refresh or a callback that was overtaken by another task's changes
    /// nothing for the worse: the last one counts.
    pub fn arrived(&mut self, granted: Granted) {
        self.keep(granted.registration);
        self.tokens = Some(granted.tokens);
        self.requested = granted.requested;
    }

    fn keep(&mut self, registration: Registration) {
        self.registrations.retain(|other| other.issuer() != registration.issuer());
        self.registrations.push(registration);
    }

    /// Returns the challenge of a response that asks for another token.
    pub(super) fn challenge(&self, status: StatusCode, headers: &HeaderMap) -> Option<Challenge> {
        let challenge = Challenge::of_resource(&self.resource, headers).unwrap_or_default();
        let is_about_scope = challenge.error.as_deref() == Some("insufficient_scope");
        let is_refusal = status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN && is_about_scope;
        is_refusal.then_some(challenge)
    }

    /// Judges a response, and counts a refusal.
    pub(super) fn refused(&mut self, status: StatusCode, headers: &HeaderMap) -> Refused {
        let Some(challenge) = self.challenge(status, headers) else {
            self.refusals = 0;
            return Refused::No;
        };
        if self.refusals >= MAX_REFUSALS {
            self.refusals = 0;
            return Refused::Enough;
        }
        self.refusals = self.refusals.saturating_add(1);
        Refused::By(Box::new(challenge))
    }

    /// Returns the same value after this number of refusals in a row.
    pub(super) fn after_refusals(&self, refusals: u32) -> Self {
        Self { refusals, ..self.clone() }
    }
}

/// A judgement on a response.
pub(super) enum Refused {
    No,
    By(Box<Challenge>),
    Enough,
}

impl PendingSignIn {
    /// The `state` of the request. A session with several pending requests finds the right one by it.
    #[must_use]
    pub fn state(&self) -> &str {
        self.pending.state()
    }

    /// Checks an authorization response, as [`Client::callback`](super::Client::callback) does, and starts the token
    /// request.
    ///
    /// `run` returns the [`Granted`] values, or a [`RequestError`].
    ///
    /// # Errors
    /// The response does not answer this request, or it refuses. Nothing was sent.
    pub fn callback(self, query: &str, moment: Moment) -> Result<Step<Arrive>, CallbackError> {
        let Self { pending, server, registration, requested } = self;
        let client = registration.at(server).map_err(|_| CallbackError::OtherServer)?;
        let step = client.callback(pending, query)?.start(moment);
        Ok(arrive(step, registration, requested))
    }
}

pub(super) fn arrive(step: Step<Exchange>, registration: Registration, requested: Scope) -> Step<Arrive> {
    match step {
        Step::Fetch(exchange) => Step::Fetch(ArriveFetch { exchange, registration, requested }),
        Step::Done(tokens) => Step::Done(tokens.map(|tokens| Granted { registration, tokens, requested })),
    }
}

impl Pause<Fetch> for ArriveFetch {
    type Machine = Arrive;

    fn effect(&self) -> &Fetch {
        self.exchange.effect()
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<Arrive> {
        arrive(self.exchange.resume(answer), self.registration, self.requested)
    }
}
