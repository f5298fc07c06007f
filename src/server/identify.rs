//! The way in that every endpoint for clients has: one lookup, which brings the client and what it presents, and, for a
//! secret that only the host can check, one question.

use super::client_auth::{Authenticated, Checked, Claim, ClientCredentials, ClientError};
use crate::consult::{Authenticity, ClientSecret};
use crate::model::{ClientId, Key};
use crate::step::{Answer, Machine, Pause, Step, Unavailable};
use crate::store::{Found, Lookup};

/// What an endpoint makes of a request once its client is known, or is known not to be.
pub trait Endpoint: Sized + Send + Sync {
    /// The endpoint's machine.
    type Machine: Machine;

    /// Wraps the pause in the step of its machine that asks the host.
    fn ask_host(pause: CheckSecret<Self>) -> Step<Self::Machine>;

    /// The client is who it says.
    fn authenticated(self, client: Authenticated, found: &Found) -> Step<Self::Machine>;

    /// It is not.
    fn refused(self, client_id: ClientId, error: ClientError) -> Step<Self::Machine>;

    /// Nobody can say.
    fn unavailable(self, client_id: ClientId, effect: &'static str, unavailable: Unavailable) -> Step<Self::Machine>;
}

/// Waits for the client and for what it presents.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "it holds what was presented")]
pub struct Identify<'a, E> {
    lookup: Lookup,
    client_id: ClientId,
    claim: Claim<'a>,
    endpoint: E,
}

impl<'a, E: Endpoint> Identify<'a, E> {
    pub(super) fn new(client: ClientCredentials<'a>, presented: Option<Key>, endpoint: E) -> Self {
        let (client_id, claim) = client.into_claim();
        let lookup = Lookup { client: Some(client_id.clone()), credentials: presented.into_iter().collect() };
        Self { lookup, client_id, claim, endpoint }
    }
}

impl<E: Endpoint> Pause<Lookup> for Identify<'_, E> {
    type Machine = E::Machine;

    fn effect(&self) -> &Lookup {
        &self.lookup
    }

    fn resume(self, answer: Answer<Lookup>) -> Step<E::Machine> {
        let Self { client_id, claim, endpoint, .. } = self;
        match answer {
            Err(unavailable) => endpoint.unavailable(client_id, "lookup", unavailable),
            Ok(mut found) => match claim.check(found.take_client(&client_id)) {
                Ok(Checked::Authenticated(client)) => endpoint.authenticated(client, &found),
                Ok(Checked::AskHost(question)) => E::ask_host(CheckSecret { question, found, endpoint }),
                Err(error) => endpoint.refused(client_id, error),
            },
        }
    }
}

/// Waits for the host to check the client's secret.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "it holds what was presented")]
pub struct CheckSecret<E> {
    question: ClientSecret,
    found: Found,
    endpoint: E,
}

impl<E: Endpoint> Pause<ClientSecret> for CheckSecret<E> {
    type Machine = E::Machine;

    fn effect(&self) -> &ClientSecret {
        &self.question
    }

    fn resume(self, answer: Result<Authenticity, Unavailable>) -> Step<E::Machine> {
        let Self { question, found, endpoint } = self;
        match answer {
            Err(unavailable) => endpoint.unavailable(question.client.client_id.clone(), "client secret", unavailable),
            Ok(answer) => match Authenticated::by_host(&question, answer) {
                Ok(client) => endpoint.authenticated(client, &found),
                Err(error) => endpoint.refused(question.client.client_id.clone(), error),
            },
        }
    }
}
