//! The client configuration endpoint: [RFC 7592 §2].
//!
//! [RFC 7592 §2]: https://www.rfc-editor.org/rfc/rfc7592#section-2

use std::marker::PhantomData;
use std::sync::Arc;

use http::{HeaderMap, Method, Request};

use super::config::{Registrants, RegistrationConfig};
use super::error::RegistrationError;
use super::information::ClientInformation;
use super::metadata::{ClientMetadata, Limits};
use super::reply::{ConfigureReply, Configured};
use super::request::{client_of, members};
use crate::consult::Registration;
use crate::effect::{Answer, Outage};
use crate::model::members::Members;
use crate::model::{ClientId, Moment, Secret};
use crate::record::{Client, RegisteredAuthentication};
use crate::server::cross_origin::Reader;
use crate::server::error::EndpointError;
use crate::server::{Config, Server};
use crate::step::{Pause, Step, machine};
use crate::store::{Change, Commit, Found, Lookup, Outcome};
use crate::wire::bearer;

machine! {
    /// The machine of the client configuration endpoint.
    ///
    /// ```text
    /// GET    ─▶ Lookup ─▶ reply
    /// PUT    ─▶ Lookup ─▶ [Registration] ─▶ Commit ─▶ reply
    /// DELETE ─▶ Lookup ─▶ Commit ─▶ reply
    /// ```
    ///
    /// The machine draws a client secret from its moment if an update makes a public client confidential.
    Configure<'a> {
        Lookup = ConfigureLookup<'a>,
        Registration = ConfigureRegistration<'a>,
        Commit = ConfigureCommit<'a>,
        Reply = ConfigureReply,
    }
}

impl Server {
    /// Answers a request to the client configuration endpoint of a client: GET ([RFC 7592 §2.1]), PUT ([§2.2]) or
    /// DELETE ([§2.3]). The client's identifier is the last segment of the request's path. `run` returns a
    /// [`ConfigureReply`], whose [`grants_to_end`](ConfigureReply::grants_to_end) the host revokes.
    ///
    /// [RFC 7592 §2.1]: https://www.rfc-editor.org/rfc/rfc7592#section-2.1
    /// [§2.2]: https://www.rfc-editor.org/rfc/rfc7592#section-2.2
    /// [§2.3]: https://www.rfc-editor.org/rfc/rfc7592#section-2.3
    pub fn configure<'a, B: AsRef<[u8]>>(&'a self, request: &'a Request<B>, moment: Moment) -> Step<Configure<'a>> {
        let reader = self.config.cross_origin.reader(request);
        match read(&self.config, request) {
            Ok((client_id, access_token, operation, section)) => {
                let endpoint =
                    ConfigureEndpoint { config: &self.config, section, operation, access_token, reader, moment };
                Step::Lookup(ConfigureLookup { lookup: Lookup::of_client(client_id), endpoint })
            }
            Err(error) => refuse(reader, None, error),
        }
    }
}

type Read<'a> = (ClientId, Secret<'a>, Operation<'a>, &'a RegistrationConfig);

fn read<'a, B: AsRef<[u8]>>(config: &'a Config, request: &'a Request<B>) -> Result<Read<'a>, RegistrationError> {
    let section = config.registration.as_ref().ok_or(EndpointError::NotConfigured)?;
    config.cross_origin.check(request)?;
    let operation = match *request.method() {
        Method::GET => Operation::Read,
        Method::PUT => Operation::Update { headers: request.headers(), body: request.body().as_ref() },
        Method::DELETE => Operation::Delete,
        _ => return Err(RegistrationError::Method),
    };
    // RFC 7592 §2: "The client MUST use its registration access token in all calls to this endpoint as an OAuth 2.0
    // Bearer Token".
    let access_token = bearer(request.headers())?.ok_or(RegistrationError::NoToken)?;
    let client_id = client_of(request.uri().path()).ok_or(RegistrationError::Token)?;
    Ok((client_id, access_token, operation, section))
}

fn refuse<'a>(reader: Reader, client_id: Option<ClientId>, error: impl Into<RegistrationError>) -> Step<Configure<'a>> {
    Step::Done(ConfigureReply { outcome: Err((client_id, error.into())), reader })
}

/// The operation that the request asks for, by its method.
#[derive(Clone, Copy)]
enum Operation<'a> {
    Read,
    Update { headers: &'a HeaderMap, body: &'a [u8] },
    Delete,
}

/// The request, until the client is known.
#[cfg_attr(feature = "explore", derive(Clone))]
struct ConfigureEndpoint<'a> {
    config: &'a Config,
    section: &'a RegistrationConfig,
    operation: Operation<'a>,
    access_token: Secret<'a>,
    reader: Reader,
    moment: Moment,
}

/// Waits for the client's record.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct ConfigureLookup<'a> {
    lookup: Lookup,
    endpoint: ConfigureEndpoint<'a>,
}

impl<'a> Pause<Lookup> for ConfigureLookup<'a> {
    type Machine = Configure<'a>;

    fn effect(&self) -> &Lookup {
        &self.lookup
    }

    fn resume(self, answer: Answer<Lookup>) -> Step<Configure<'a>> {
        let Self { lookup, endpoint } = self;
        let (reader, client_id) = (endpoint.reader, lookup.client.clone());
        match endpoint.proven(&lookup, answer).and_then(|client| endpoint.act(client)) {
            Ok(step) => step,
            Err(error) => refuse(reader, client_id, error),
        }
    }
}

impl<'a> ConfigureEndpoint<'a> {
    /// Returns the client, if the registration access token is its own.
    fn proven(&self, lookup: &Lookup, answer: Answer<Lookup>) -> Result<Arc<Client>, RegistrationError> {
        let found: Result<Found, _> = answer.map_err(|cause| EndpointError::Unavailable(Outage::of::<Lookup>(cause)));
        let client = lookup.client.as_ref().zip(Some(found?)).and_then(|(id, mut found)| found.take_client(id));
        // RFC 7592 §5: "If a client is deprovisioned from a server, any outstanding registration access token for that
        // client MUST be invalidated at the same time." RFC 7592 §5: "The authorization server MUST treat all such
        // requests as if the registration access token was invalid by returning an HTTP 401 Unauthorized error".
        let expected =
            |client: &Client| client.registration.as_ref().and_then(|registration| registration.access_token);
        let presented = self.access_token.digest();
        let client = client.filter(|client| expected(client).is_some_and(|expected| expected == presented));
        let client = client.ok_or(RegistrationError::Token)?;
        if client.disabled { Err(RegistrationError::Disabled) } else { Ok(client) }
    }

    fn act(self, client: Arc<Client>) -> Result<Step<Configure<'a>>, RegistrationError> {
        let Self { config, section, operation, access_token, reader, mut moment } = self;
        let access_token = access_token.into_static();
        match operation {
            Operation::Read => {
                let information = ClientInformation::new(section, client, None, access_token);
                Ok(Step::Done(ConfigureReply { outcome: Ok(Configured::Read(information)), reader }))
            }
            Operation::Update { headers, body } => {
                let mut members = members(headers, body)?;
                own(&mut members, &client)?;
                let limits = Limits { config, offer: section.offer(), before: Some(&*client) };
                let metadata = ClientMetadata::read(members, limits)?;
                let (updated, client_secret) =
                    metadata.applied_to((*client).clone(), || Secret::of_random(moment.draw()));
                let planned = ClientInformation::new(section, Arc::new(updated.revised()), client_secret, access_token);
                Ok(match section.registrants {
                    Registrants::Host => {
                        let after = Arc::clone(&planned.client);
                        let question = Registration { client: after, before: Some(client), initial_access_token: None };
                        Step::Registration(ConfigureRegistration {
                            question,
                            planned: Box::new(planned),
                            reader,
                            server: PhantomData,
                        })
                    }
                    _ => update(planned, reader),
                })
            }
            // RFC 7592 §2.3: "A successful delete action will invalidate the "client_id", "client_secret", and
            // "registration_access_token" for this client". The record stays as the tombstone of the identifier, whose
            // tokens are still told apart from those of another client.
            Operation::Delete => {
                let client_id = client.client_id.clone();
                let deleted = Arc::new((*client).clone().deregistered());
                let commit = Commit::of(Change::PutClient(deleted));
                let then = Configured::Deleted(client_id.clone());
                Ok(Step::Commit(ConfigureCommit {
                    commit,
                    client_id,
                    then: Box::new(then),
                    reader,
                    server: PhantomData,
                }))
            }
        }
    }
}

/// Checks that an update is the client's own.
fn own(members: &mut Members, client: &Client) -> Result<(), RegistrationError> {
    // RFC 7592 §2.2: "The updated client metadata fields request MUST NOT include the "registration_access_token",
    // "registration_client_uri", "client_secret_expires_at", or "client_id_issued_at" fields described in Section 3."
    const FORBIDDEN: [&str; 4] =
        ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"];
    let text = |members: &mut Members, name| {
        let text = members.strict(name, serde_json::from_value::<String>);
        text.map_err(|_| RegistrationError::member(name, "is not a string"))
    };
    if let Some(name) = FORBIDDEN.into_iter().find(|name| members.has(name)) {
        return Err(RegistrationError::member(name, "must not be in an update"));
    }
    // RFC 7592 §2.2: "The client MUST include its "client_id" field in the request, and it MUST be the same as its
    // currently issued client identifier."
    if text(members, "client_id")?.as_deref() != Some(client.client_id.as_str()) {
        return Err(RegistrationError::member("client_id", "is missing, or another client's"));
    }
    // RFC 7592 §2.2: "If the client includes the "client_secret" field in the request, the value of this field MUST
    // match the currently issued client secret for that client."
    let is_own = |secret: &Secret<'_>| match &client.authentication {
        RegisteredAuthentication::Secret { digest, .. } => *digest == secret.digest(),
        RegisteredAuthentication::None | RegisteredAuthentication::Host { .. } => false,
    };
    match text(members, "client_secret")?.map(Secret::new) {
        Some(secret) if !is_own(&secret) => Err(RegistrationError::member("client_secret", "is not the client's")),
        _ => Ok(()),
    }
}

fn update<'a>(planned: ClientInformation, reader: Reader) -> Step<Configure<'a>> {
    let commit = planned.commit();
    let client_id = planned.client.client_id.clone();
    let then = Box::new(Configured::Updated(planned));
    Step::Commit(ConfigureCommit { commit, client_id, then, reader, server: PhantomData })
}

/// Waits for the host's word on an update.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct ConfigureRegistration<'a> {
    question: Registration,
    planned: Box<ClientInformation>,
    reader: Reader,
    server: PhantomData<&'a Config>,
}

impl<'a> Pause<Registration> for ConfigureRegistration<'a> {
    type Machine = Configure<'a>;

    fn effect(&self) -> &Registration {
        &self.question
    }

    fn resume(self, answer: Answer<Registration>) -> Step<Configure<'a>> {
        let Self { question, planned, reader, .. } = self;
        match planned.under(answer) {
            Ok(planned) => update(planned, reader),
            Err(error) => refuse(reader, Some(question.client.client_id.clone()), error),
        }
    }
}

/// Waits for the outcome of the commit.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct ConfigureCommit<'a> {
    commit: Commit,
    client_id: ClientId,
    then: Box<Configured>,
    reader: Reader,
    server: PhantomData<&'a Config>,
}

impl<'a> Pause<Commit> for ConfigureCommit<'a> {
    type Machine = Configure<'a>;

    fn effect(&self) -> &Commit {
        &self.commit
    }

    fn resume(self, answer: Answer<Commit>) -> Step<Configure<'a>> {
        let Self { client_id, then, reader, .. } = self;
        match answer {
            Ok(Outcome::Applied) => Step::Done(ConfigureReply { outcome: Ok(*then), reader }),
            // Another request of the client, or the operator, was quicker.
            Ok(Outcome::Conflict(_)) => refuse(reader, Some(client_id), RegistrationError::Changed),
            Err(cause) => refuse(reader, Some(client_id), EndpointError::Unavailable(Outage::of::<Commit>(cause))),
        }
    }
}
