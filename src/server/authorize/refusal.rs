//! The value between an erroneous authorization request and the client's error response: [RFC 9700 §4.11.2],
//! [RFC 6749 §4.1.2.1].
//!
//! Time has passed since the [`Refusal`] was made, and the host has kept it meanwhile. The client and its redirect URI
//! are looked up and checked again.
//!
//! [RFC 9700 §4.11.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.11.2
//! [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1

use serde::{Deserialize, Serialize};

use super::error::AuthorizationError;
use super::identify::proven;
use super::recipient::Recipient;
use super::response::AuthorizationResponse;
use crate::effect::Answer;
use crate::model::{ErrorCode, Moment};
use crate::record::Version;
use crate::server::{Config, Server};
use crate::step::{Pause, Step, machine};
use crate::store::Lookup;

machine! {
    /// The machine that carries out a refusal.
    ///
    /// ```text
    /// respond ─▶ Lookup ─▶ redirect with an error │ page with an error
    /// ```
    ///
    /// The machine draws nothing from its moment.
    AuthorizeRefusal<'a> {
        Lookup = AuthorizeRefusalLookup<'a>,
        Reply = AuthorizationResponse,
    }
}

/// The error of an authorization request whose client and redirect URI are known. A plain value, as a
/// [`Prompt`](super::Prompt) is: keep it in the session, on the server's side, until the resource owner has logged in.
///
/// As [RFC 9700 §4.11.2] puts it: "The authorization server MUST always authenticate the user first and, with the
/// exception of the silent authentication use case, prompt the user for credentials when needed, before redirecting the
/// user." Otherwise anybody who can register a client could make the server send people anywhere, by a request that is
/// wrong on purpose.
///
/// [RFC 9700 §4.11.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.11.2
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "explore", derive(Clone))]
#[non_exhaustive]
#[must_use = "the client waits for the error"]
pub struct Refusal {
    /// The version of this value's format.
    pub version: Version<1>,
    /// The client that asks, which receives the error.
    #[serde(flatten)]
    pub recipient: Recipient,
    /// The `error` that the client will be told.
    pub error: ErrorCode,
    /// The `error_description` that the client will be told.
    pub error_description: String,
    /// True if the client asked for an answer without any page (`prompt=none`): respond at once, whether somebody is
    /// logged in or not.
    #[serde(default)]
    pub is_silent: bool,
    /// The exact reason, for the event of the refusal, which is made before the value is kept.
    #[serde(skip)]
    pub(in crate::server) reason: Option<AuthorizationError>,
}

impl Refusal {
    pub(super) fn new(recipient: Recipient, reason: AuthorizationError, is_silent: bool) -> Self {
        let (error, error_description) = (ErrorCode::specified(reason.code()), reason.description());
        Self { version: Version, recipient, error, error_description, is_silent, reason: Some(reason) }
    }

    /// Tells the client. Log the resource owner in first ([RFC 9700 §4.11.2]), unless the refusal
    /// [is silent](Self::is_silent). A server whose operator
    /// registers all clients need not fear clients that redirect people by errors, and may respond at once.
    ///
    /// [RFC 9700 §4.11.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.11.2
    ///
    /// `run` returns an [`AuthorizationResponse`].
    pub fn respond(self, server: &Server, _: Moment) -> Step<AuthorizeRefusal<'_>> {
        let lookup = Lookup::of_client(self.recipient.client_id.clone());
        Step::Lookup(AuthorizeRefusalLookup { lookup, config: &server.config, refusal: self })
    }
}

/// Waits for the client's record.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct AuthorizeRefusalLookup<'a> {
    lookup: Lookup,
    config: &'a Config,
    refusal: Refusal,
}

impl<'a> Pause<Lookup> for AuthorizeRefusalLookup<'a> {
    type Machine = AuthorizeRefusal<'a>;

    fn effect(&self) -> &Lookup {
        &self.lookup
    }

    fn resume(self, answer: Answer<Lookup>) -> Step<AuthorizeRefusal<'a>> {
        let Self { config, refusal: Refusal { recipient, error, error_description, .. }, .. } = self;
        Step::Done(match proven(answer, &recipient) {
            Ok(_) => recipient.tell(config, error, &error_description),
            Err(error) => AuthorizationResponse::page(Some(recipient.client_id), error),
        })
    }
}
