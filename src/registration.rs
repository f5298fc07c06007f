//! The question to the host if a client may register itself, and as what: [RFC 7591 §5].
//!
//! [RFC 7591 §5]: https://www.rfc-editor.org/rfc/rfc7591#section-5

use std::fmt;
use std::sync::Arc;

use crate::effect::{Answer, Effect};
use crate::model::{ErrorCode, Secret};
use crate::record::Client;

/// Asks if a client may register itself, or change its registration, with this record. Asked if the configuration says
/// so ([`Registrants::Host`](crate::server::Registrants::Host)); every rule of the endpoint has been checked by then.
///
/// [RFC 7591 §5]: "An authorization server MUST consider the full registration request, including the software
/// statement, initial access token, and JSON client metadata values, when deciding whether to honor a given
/// registration request." All metadata is the client's own word: whoever registers may use the name and the logo of
/// somebody else.
///
/// [RFC 7591 §5]: https://www.rfc-editor.org/rfc/rfc7591#section-5
#[derive(Clone)]
#[non_exhaustive]
pub struct Registration {
    /// The record as it would be stored. What it says of itself beside the protocol is in
    /// [`Client::registration`](crate::record::Client::registration).
    pub client: Arc<Client>,
    /// The record as it is stored now; `None` for a client that is new.
    pub before: Option<Arc<Client>>,
    /// The initial access token in the request, if any: [RFC 7591 §3]. An update has none.
    ///
    /// [RFC 7591 §3]: https://www.rfc-editor.org/rfc/rfc7591#section-3
    pub initial_access_token: Option<Secret<'static>>,
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("client", &self.client)
            .field("before", &self.before)
            .field("has_initial_access_token", &self.initial_access_token.is_some())
            .finish()
    }
}

/// The answer to a [`Registration`].
#[derive(Clone, Debug, PartialEq)]
pub enum RegistrationVerdict {
    /// Register the client with this record: that of the question, or one that the host has changed. The host may give
    /// more than the configuration lets everybody have, or less: a scope, a
    /// [`grant_lifetime`](field@crate::record::Client::grant_lifetime), `disabled` until somebody has looked at it. The
    /// identifier, the revision, the client's authentication and its registration access token stay those of the
    /// question.
    Register(Arc<Client>),
    /// The initial access token is missing or not good: 401.
    Unauthorized,
    /// The client is refused.
    Refuse(RegistrationRefusal),
}

impl Effect for Registration {
    type Answer = RegistrationVerdict;
    const NAME: &'static str = "registration";
}

impl Registration {
    /// Returns the verdict that registers the client as it asks.
    #[must_use]
    pub fn accepted(&self) -> RegistrationVerdict {
        RegistrationVerdict::Register(Arc::clone(&self.client))
    }

    pub(crate) fn unanswered(&self) -> Answer<Self> {
        Ok(RegistrationVerdict::Refuse(RegistrationRefusal::default()))
    }
}

/// The refusal of a registration: 403 with `access_denied`, unless another error code is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistrationRefusal {
    /// The `error` of [RFC 7591 §3.2.2], sent with 400; `None` means `access_denied`.
    ///
    /// [RFC 7591 §3.2.2]: https://www.rfc-editor.org/rfc/rfc7591#section-3.2.2
    pub error: Option<ErrorCode>,
    /// The `error_description`, for the client's developer.
    pub description: Option<String>,
}

impl RegistrationRefusal {
    /// Refuses with this error code, say `invalid_redirect_uri` for a host that is on a list.
    #[must_use]
    pub fn with_error(self, error: ErrorCode) -> Self {
        Self { error: Some(error), ..self }
    }

    /// Adds an explanation for the client's developer. Characters that [RFC 6749 §5.2] does not allow are left out.
    ///
    /// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    #[must_use]
    pub fn with_description(self, description: &str) -> Self {
        Self { description: Some(description.to_owned()), ..self }
    }
}
