//! Dynamic registration: [RFC 7591 §3.1]; and its management: [RFC 7592 §2].
//!
//! ```text
//! register ─▶ Fetch ─▶ Registered: keep it ─▶ registration ─▶ at(metadata) ─▶ Client
//! read, update ─▶ Fetch ─▶ Registered: keep it in place of the one before
//! delete ─▶ Fetch ─▶ ()
//! ```
//!
//! [RFC 7591 §3.1]: https://www.rfc-editor.org/rfc/rfc7591#section-3.1
//! [RFC 7592 §2]: https://www.rfc-editor.org/rfc/rfc7592#section-2

use http::Method;
use serde_json::Value;

use super::client_metadata::ClientMetadata;
use super::registered::Registered;
use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::{Issuer, Metadata, Moment, Secret, Timestamp};
use crate::step::{Pause, Step, machine};
use crate::wire::{RequestError, ServerAnswer, json_request};

machine! {
    /// The machine that registers a client, or reads or updates its registration.
    Register {
        Fetch = RegisterFetch,
        Reply = Result<Registered, RequestError>,
    }
}

machine! {
    /// The machine that deletes a registration.
    Deregister {
        Fetch = DeregisterFetch,
        Reply = Result<(), RequestError>,
    }
}

/// Registers a client at this server: [RFC 7591 §3.1]. The initial access token is for servers that give one to those
/// who may register. No randomness is drawn from the moment yet.
///
/// The registration is good at this server only. Keep one for each issuer, and register no second time while it is
/// good. The server may replace what was asked for: [`Registered::metadata`] says what was registered. Of the errors,
/// `invalid_redirect_uri` and `invalid_client_metadata` say that it has to be asked for otherwise.
///
/// [RFC 7591 §3.1]: https://www.rfc-editor.org/rfc/rfc7591#section-3.1
///
/// `run` returns the [`Registered`] client, or a [`RequestError`].
#[must_use = "a machine does nothing until it is driven to its reply"]
pub fn register(
    server: &Metadata,
    metadata: &ClientMetadata,
    initial_access_token: Option<&Secret<'_>>,
    moment: Moment,
) -> Step<Register> {
    let endpoint = server.registration_endpoint.as_ref().ok_or(RequestError::NoEndpoint("registration_endpoint"));
    let fetch = endpoint.and_then(|endpoint| {
        json_request(Method::POST, endpoint.as_str(), initial_access_token, Some(metadata.members()))
    });
    wait(fetch, server.issuer.clone(), None, &moment)
}

impl Registered {
    /// Reads the registration as it is now: [RFC 7592 §2.1].
    ///
    /// [RFC 7592 §2.1]: https://www.rfc-editor.org/rfc/rfc7592#section-2.1
    ///
    /// `run` returns the [`Registered`] client, to be kept in place of this one, or a [`RequestError`].
    pub fn read(&self, moment: Moment) -> Step<Register> {
        let fetch =
            self.management().and_then(|(uri, access_token)| json_request(Method::GET, uri, Some(access_token), None));
        wait(fetch, self.issuer().clone(), Some(self.clone()), &moment)
    }

    /// Replaces the registered metadata with this: [RFC 7592 §2.2]. What is not in it is removed, so begin with
    /// [`metadata`](Self::metadata).
    ///
    /// [RFC 7592 §2.2]: https://www.rfc-editor.org/rfc/rfc7592#section-2.2
    ///
    /// `run` returns the [`Registered`] client, to be kept in place of this one, or a [`RequestError`].
    pub fn update(&self, metadata: &ClientMetadata, moment: Moment) -> Step<Register> {
        let mut members = metadata.members().clone();
        // RFC 7592 §2.2: "The client MUST include its "client_id" field in the request".
        members.insert("client_id".to_owned(), self.client_id().as_str().into());
        if let Some(client_secret) = self.client_secret() {
            members.insert("client_secret".to_owned(), Value::from(client_secret.expose()));
        }
        let fetch = self
            .management()
            .and_then(|(uri, access_token)| json_request(Method::PUT, uri, Some(access_token), Some(&members)));
        wait(fetch, self.issuer().clone(), Some(self.clone()), &moment)
    }

    /// Deletes the registration, and with it all that was granted to the client: [RFC 7592 §2.3].
    ///
    /// [RFC 7592 §2.3]: https://www.rfc-editor.org/rfc/rfc7592#section-2.3
    ///
    /// `run` returns `()`, or a [`RequestError`].
    pub fn delete(&self, moment: Moment) -> Step<Deregister> {
        let fetch = self
            .management()
            .and_then(|(uri, access_token)| json_request(Method::DELETE, uri, Some(access_token), None));
        match fetch {
            Ok(fetch) => Step::Fetch(DeregisterFetch { fetch, asked_at: moment.now() }),
            Err(error) => Step::Done(Err(error)),
        }
    }
}

fn wait(
    fetch: Result<Fetch, RequestError>,
    issuer: Issuer,
    before: Option<Registered>,
    moment: &Moment,
) -> Step<Register> {
    match fetch {
        Ok(fetch) => Step::Fetch(RegisterFetch { fetch, issuer, before: before.map(Box::new), asked_at: moment.now() }),
        Err(error) => Step::Done(Err(error)),
    }
}

/// Waits for a client information response.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct RegisterFetch {
    fetch: Fetch,
    issuer: Issuer,
    before: Option<Box<Registered>>,
    asked_at: Timestamp,
}

impl Pause<Fetch> for RegisterFetch {
    type Machine = Register;

    fn effect(&self) -> &Fetch {
        &self.fetch
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<Register> {
        let Self { issuer, before, asked_at, .. } = self;
        let answer = ServerAnswer::asked_at(answer, asked_at);
        Step::Done(answer.and_then(|answer| Registered::of(&answer, issuer, before.as_deref())))
    }
}

/// Waits for the confirmation of a deletion.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct DeregisterFetch {
    fetch: Fetch,
    asked_at: Timestamp,
}

impl Pause<Fetch> for DeregisterFetch {
    type Machine = Deregister;

    fn effect(&self) -> &Fetch {
        &self.fetch
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<Deregister> {
        Step::Done(ServerAnswer::asked_at(answer, self.asked_at).and_then(|answer| answer.check()))
    }
}
