//! Dynamic client registration: [RFC 7591 §3]; and its management, [RFC 7592 §2].
//!
//! A client registers itself at one URL, and reads, changes and deletes its registration at another, which is its own.
//! The registration access token, which only the client has, opens that. All metadata is what the client says of
//! itself.
//!
//! [RFC 7591 §3]: https://www.rfc-editor.org/rfc/rfc7591#section-3
//! [RFC 7592 §2]: https://www.rfc-editor.org/rfc/rfc7592#section-2

mod config;
mod configure;
mod error;
mod information;
mod metadata;
mod page;
mod planned;
mod reply;
mod request;

pub use config::{Registrants, RegistrationConfig};
pub use configure::{Configure, ConfigureCommit, ConfigureLookup, ConfigureRegistration};
pub use error::RegistrationError;
pub use information::ClientInformation;
pub use reply::{ConfigureReply, Configured, RegisterReply};
pub use request::MAX_REGISTRATION_LEN;

use std::sync::Arc;

use http::{Method, Request};

pub(super) use self::metadata::{ClientMetadata, Limits, Offer};
pub(super) use self::page::is_public;
use self::request::members;
use super::cross_origin::Reader;
use super::error::EndpointError;
use super::{Config, Server};
use crate::consult::Registration;
use crate::effect::{Answer, Outage};
use crate::model::{ClientId, Digest, Moment, Secret};
use crate::record::{Client, DynamicRegistration};
use crate::step::{Pause, Step, machine};
use crate::store::{Commit, Outcome};
use crate::wire::bearer;

machine! {
    /// The machine of the registration endpoint. It reads nothing: what it writes is new.
    ///
    /// ```text
    /// request ─▶ [Registration] ─▶ Commit ─▶ reply
    /// ```
    ///
    /// The machine draws the client identifier, the registration access token and, for a confidential client, the
    /// client secret from its moment, in this order: 16, 32 and 32 bytes.
    Register {
        Registration = RegisterRegistration,
        Commit = RegisterCommit,
        Reply = RegisterReply,
    }
}

impl Server {
    /// Answers a request to the registration endpoint: [RFC 7591 §3.1]. `run` returns a [`RegisterReply`].
    ///
    /// [RFC 7591 §3.1]: https://www.rfc-editor.org/rfc/rfc7591#section-3.1
    pub fn register<B: AsRef<[u8]>>(&self, request: &Request<B>, moment: Moment) -> Step<Register> {
        let reader = self.config.cross_origin.reader(request);
        match plan(&self.config, request, moment) {
            Ok((planned, Some(question))) => {
                Step::Registration(RegisterRegistration { question, planned: Box::new(planned), reader })
            }
            Ok((planned, None)) => commit(planned, reader),
            Err(error) => refuse(reader, error),
        }
    }
}

/// Reads a request, and plans the record; the second value is the question to the host, if it is asked.
fn plan<B: AsRef<[u8]>>(
    config: &Config,
    request: &Request<B>,
    mut moment: Moment,
) -> Result<(ClientInformation, Option<Registration>), RegistrationError> {
    let section = config.registration.as_ref().ok_or(EndpointError::NotConfigured)?;
    config.cross_origin.check(request)?;
    if request.method() != Method::POST {
        return Err(RegistrationError::Method);
    }
    let initial_access_token = bearer(request.headers())?;
    let is_self_registered = match &section.registrants {
        Registrants::Anybody => true,
        Registrants::Host => initial_access_token.is_none(),
        // RFC 7591 §3: "it MAY accept an initial access token in the form of an OAuth 2.0 access token to limit
        // registration to only previously authorized parties."
        Registrants::Tokens(tokens) => {
            let presented = initial_access_token.as_ref().ok_or(RegistrationError::NoToken)?.digest();
            // All are compared, so that the time does not tell which one is near.
            if !tokens.iter().fold(false, |found, token| found | (*token == presented)) {
                return Err(RegistrationError::Token);
            }
            false
        }
    };
    let limits = Limits { config, offer: section.offer(), before: None };
    let metadata = ClientMetadata::read(members(request.headers(), request.body().as_ref())?, limits)?;

    // RFC 7591 §3.2.1: "It SHOULD NOT be currently valid for any other registered client".
    let client_id = ClientId::drawn(moment.draw());
    // RFC 7592 §5: "the registration access token MUST contain sufficient entropy to prevent a random guessing attack
    // of this token".
    let access_token = Secret::of_random(moment.draw());
    let registration = DynamicRegistration {
        access_token: Some(Digest::of(access_token.expose())),
        is_self_registered,
        ..DynamicRegistration::at(moment.now())
    };
    let client = Client { registration: Some(registration), ..Client::public(client_id) };
    let (client, client_secret) = metadata.applied_to(client, || Secret::of_random(moment.draw()));
    let client = Arc::new(client);
    let question = (section.registrants == Registrants::Host).then(|| Registration {
        client: Arc::clone(&client),
        before: None,
        initial_access_token: initial_access_token.map(Secret::into_static),
    });
    Ok((ClientInformation::new(section, client, client_secret, access_token), question))
}

fn refuse(reader: Reader, error: impl Into<RegistrationError>) -> Step<Register> {
    Step::Done(RegisterReply { outcome: Err(error.into()), reader })
}

fn commit(planned: ClientInformation, reader: Reader) -> Step<Register> {
    Step::Commit(RegisterCommit { commit: planned.commit(), planned: Box::new(planned), reader })
}

/// Waits for the host's word on the client.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct RegisterRegistration {
    question: Registration,
    planned: Box<ClientInformation>,
    reader: Reader,
}

impl Pause<Registration> for RegisterRegistration {
    type Machine = Register;

    fn effect(&self) -> &Registration {
        &self.question
    }

    fn resume(self, answer: Answer<Registration>) -> Step<Register> {
        match self.planned.under(answer) {
            Ok(planned) => commit(planned, self.reader),
            Err(error) => refuse(self.reader, error),
        }
    }
}

/// Waits for the outcome of the commit.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct RegisterCommit {
    commit: Commit,
    planned: Box<ClientInformation>,
    reader: Reader,
}

impl Pause<Commit> for RegisterCommit {
    type Machine = Register;

    fn effect(&self) -> &Commit {
        &self.commit
    }

    fn resume(self, answer: Answer<Commit>) -> Step<Register> {
        let Self { planned, reader, .. } = self;
        match answer {
            Ok(Outcome::Applied) => Step::Done(RegisterReply { outcome: Ok(*planned), reader }),
            // The random identifier exists already.
            Ok(Outcome::Conflict(_)) => refuse(reader, RegistrationError::Collision),
            Err(cause) => refuse(reader, EndpointError::Unavailable(Outage::of::<Commit>(cause))),
        }
    }
}
