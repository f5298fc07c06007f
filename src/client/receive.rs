//! The way from a refused request to tokens, through as many documents as it takes.
//!
//! ```text
//! 401, 403 ─▶ resource's metadata ─▶ server's metadata ─┬─▶ refresh ─────────────────────────────▶ Again
//!                                                       └─▶ (registration) ─┬─▶ tokens, unattended ─▶ Again
//!                                                                           └─▶ authorization request ─▶ Ask
//! ```

use std::fmt;

use http::{HeaderMap, StatusCode};
use url::Url;

use super::Client;
use super::challenge::Challenge;
use super::discover::{Discover, DiscoverError, DiscoverFetch, discover};
use super::discover_resource::{
    DiscoverResource, DiscoverResourceError, DiscoverResourceFetch, discover_resource_matching,
};
use super::profile::{ActingBy, Profile};
use super::protected::{Arrive, ArriveFetch, Next, PendingSignIn, Protected, ProtectedError, Refused, arrive};
use super::register::{Register, RegisterFetch, register};
use super::token_set::TokenSet;
use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::{ClientId, Endpoint, Issuer, Metadata, Moment, Resource, ResourceMetadata, Scope};
use crate::step::{Pause, Step, machine};
use crate::wire::{Registration, Remedy, RequestError};

machine! {
    /// The machine that answers a response of a protected resource.
    Receive {
        Fetch = ReceiveFetch,
        Reply = Result<Next, ProtectedError>,
    }
}

/// Waits for a document, a registration or tokens.
#[cfg_attr(feature = "explore", derive(Clone))]
pub struct ReceiveFetch {
    way: Box<Way>,
    at: At,
}

/// Leaves out the tokens and secrets on the way.
impl fmt::Debug for ReceiveFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceiveFetch({:?})", self.effect())
    }
}

/// The answer that is waited for.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(clippy::large_enum_variant, reason = "states are stored inline")]
enum At {
    Resource(DiscoverResourceFetch),
    Server(DiscoverFetch),
    Refresh(ArriveFetch, Metadata),
    Registration(RegisterFetch, Metadata),
    Tokens(ArriveFetch),
}

/// The values that go along.
#[cfg_attr(feature = "explore", derive(Clone))]
struct Way {
    protected: Protected,
    profile: Profile,
    challenge: Box<Challenge>,
    moment: Moment,
    /// The metadata of the resource, once it is there.
    metadata: Option<ResourceMetadata>,
}

impl Protected {
    /// Reads a response of the resource, whatever it is, and starts whatever it takes to be answered otherwise. A 401,
    /// or a 403 with `insufficient_scope`, leads through the challenge ([RFC 9728 §5.1]), the resource's metadata and
    /// the server's to a refresh, to a registration, to tokens or to a request that a person has to answer. The
    /// resource is looked at again each time, so that one that has moved to another server is followed there, with
    /// nothing that came from the server before.
    ///
    /// `run` returns the [`Next`] step, or a [`ProtectedError`].
    ///
    /// [RFC 9728 §5.1]: https://www.rfc-editor.org/rfc/rfc9728#section-5.1
    pub fn received(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        profile: &Profile,
        moment: Moment,
    ) -> Step<Receive> {
        let challenge = match self.refused(status, headers) {
            Refused::No => return Step::Done(Ok(Next::Pass)),
            Refused::Enough => return Step::Done(Ok(Next::GiveUp)),
            Refused::By(challenge) => challenge,
        };
        let place = challenge.resource_metadata.clone();
        let step = discover_resource_matching(&self.resource, place.as_ref(), profile.resource_match);
        let way = Way { protected: self.clone(), profile: profile.clone(), challenge, moment, metadata: None };
        Box::new(way).resource(step)
    }
}

fn done(error: impl Into<ProtectedError>) -> Step<Receive> {
    Step::Done(Err(error.into()))
}

impl Way {
    fn wait(self: Box<Self>, at: At) -> Step<Receive> {
        Step::Fetch(ReceiveFetch { way: self, at })
    }

    fn resource(mut self: Box<Self>, step: Step<DiscoverResource>) -> Step<Receive> {
        let found = match step {
            Step::Fetch(pause) => return self.wait(At::Resource(pause)),
            Step::Done(found) => found,
        };
        match found {
            Ok(metadata) => {
                let Some(issuer) = self.choose(&metadata).cloned() else { return done(ProtectedError::NoServer) };
                self.metadata = Some(metadata);
                self.server(discover(&issuer))
            }
            Err(DiscoverResourceError::Request(error)) if self.profile.takes_origin && is_absent(&error) => {
                match origin(&self.protected.resource) {
                    Some(issuer) => self.server(discover(&issuer)),
                    None => done(ProtectedError::NoServer),
                }
            }
            Err(error) => done(error),
        }
    }

    /// Chooses the server of the tokens that are held, else one at which the client is registered, else the first.
    fn choose<'a>(&self, metadata: &'a ResourceMetadata) -> Option<&'a Issuer> {
        let servers = &metadata.authorization_servers;
        let held = self.protected.tokens.iter().map(|tokens| tokens.issuer());
        let mut known = held.chain(self.protected.registrations.iter().map(Registration::issuer));
        known.find_map(|known| servers.iter().find(|server| *server == known)).or(servers.first())
    }

    fn server(self: Box<Self>, step: Step<Discover>) -> Step<Receive> {
        let found = match step {
            Step::Fetch(pause) => return self.wait(At::Server(pause)),
            Step::Done(found) => found,
        };
        match found {
            Ok(server) => self.renew(server),
            // Only a resource without metadata comes here, and only if the profile allows its origin.
            Err(DiscoverError::Request(error)) if self.metadata.is_none() && is_absent(&error) => {
                match endpoints_at_origin(&self.protected.resource) {
                    Some(server) => self.renew(server),
                    None => done(DiscoverError::from(error)),
                }
            }
            Err(error) => done(error),
        }
    }

    /// Refreshes the tokens that were refused, if they are of this server. More scope, or another login, no refresh
    /// brings, and a second one in a row brings no more than the first.
    fn renew(mut self: Box<Self>, server: Metadata) -> Step<Receive> {
        let asks_for_more = ["insufficient_scope", "insufficient_user_authentication"];
        let is_more = self.challenge.error.as_deref().is_some_and(|error| asks_for_more.contains(&error));
        let is_old = !is_more && self.protected.refusals <= 1;
        let Some(registration) = self.registration(&server.issuer) else { return self.register(server) };
        let client = match self.client(&registration, server.clone()) {
            Ok(client) => client,
            Err(error) => return done(error),
        };
        let tokens = self.protected.tokens.as_ref().filter(|tokens| is_old && *tokens.issuer() == server.issuer);
        match tokens.and_then(|tokens| tokens.refresh(&client)) {
            Some(request) => {
                let (step, requested) = (request.start(self.moment.another()), self.protected.requested.clone());
                self.refreshed(arrive(step, registration, requested), server)
            }
            None => self.ask(registration, server),
        }
    }

    fn refreshed(self: Box<Self>, step: Step<Arrive>, server: Metadata) -> Step<Receive> {
        match step {
            Step::Fetch(pause) => self.wait(At::Refresh(pause, server)),
            Step::Done(Ok(granted)) => Step::Done(Ok(Next::Again(granted))),
            // The server may be in order again in a moment, and the refresh token still good.
            Step::Done(Err(error)) if error.remedy() == Remedy::Wait => done(error),
            Step::Done(Err(_)) => self.register(server),
        }
    }

    /// Finds the registration for the server, or makes one.
    fn register(mut self: Box<Self>, server: Metadata) -> Step<Receive> {
        if let Some(registration) = self.registration(&server.issuer) {
            return self.ask(registration, server);
        }
        let takes = server.client_id_metadata_document_supported && !self.profile.needs_secret();
        if let Some(document) = self.profile.document.clone().filter(|_| takes) {
            return self.ask(Registration::public(server.issuer.clone(), document), server);
        }
        if server.registration_endpoint.is_none() {
            return done(ProtectedError::NotRegistered(server.issuer));
        }
        let metadata = self.profile.metadata_at(&server);
        let step = register(&server, &metadata, None, self.moment.another());
        self.registered(step, server)
    }

    fn registered(self: Box<Self>, step: Step<Register>, server: Metadata) -> Step<Receive> {
        let registered = match step {
            Step::Fetch(pause) => return self.wait(At::Registration(pause, server)),
            Step::Done(registered) => registered,
        };
        match registered.map(|registered| registered.registration()) {
            Ok(Ok(registration)) => self.ask(registration, server),
            Ok(Err(error)) => done(error),
            Err(error) => done(error),
        }
    }

    /// Asks for tokens: the server, if the client acts for itself, or a person.
    fn ask(mut self: Box<Self>, registration: Registration, server: Metadata) -> Step<Receive> {
        let client = match self.client(&registration, server.clone()) {
            Ok(client) => client,
            Err(error) => return done(error),
        };
        let requested = self.scope(&server);
        let resource = self.metadata.as_ref().map_or(&self.protected.resource, |metadata| &metadata.resource).clone();
        let request = match &self.profile.acting_by {
            ActingBy::Person => return self.ask_person(&client, registration, requested, resource),
            ActingBy::ClientCredentials => client.client_credentials(),
            ActingBy::Extension(grant_type, parameters) => {
                let request = client.extension(grant_type);
                parameters.iter().fold(request, |request, (name, value)| request.parameter(name, value))
            }
        };
        let request = if requested.is_empty() { request } else { request.scope(requested.clone()) };
        let step = request.resource(resource).start(self.moment.another());
        self.arrived(arrive(step, registration, requested))
    }

    fn arrived(self: Box<Self>, step: Step<Arrive>) -> Step<Receive> {
        match step {
            Step::Fetch(pause) => self.wait(At::Tokens(pause)),
            Step::Done(granted) => Step::Done(granted.map(Next::Again).map_err(ProtectedError::from)),
        }
    }

    fn ask_person(
        self: Box<Self>,
        client: &Client,
        registration: Registration,
        requested: Scope,
        resource: Resource,
    ) -> Step<Receive> {
        let mut request = self.profile.request().resource(resource);
        if !requested.is_empty() {
            request = request.scope(requested.clone());
        }
        // RFC 9470 §4: what the challenge asks of the login goes into the request.
        let max_age = self.challenge.max_age.map(|seconds| seconds.to_string());
        for (name, value) in [("acr_values", &self.challenge.acr_values), ("max_age", &max_age)] {
            if let Some(value) = value {
                request = request.parameter(name, value);
            }
        }
        let server = client.server().clone();
        let asked = client.begin(request, self.moment).map(|(url, pending)| {
            let pending = PendingSignIn { pending, server, registration, requested };
            Next::Ask { url, pending }
        });
        Step::Done(asked.map_err(ProtectedError::from))
    }

    /// The scope to ask for: that of the challenge, else that of the resource's metadata, with what was asked for and
    /// granted before.
    fn scope(&self, server: &Metadata) -> Scope {
        // A value that is none spoils none of the others.
        let parse = |tokens: &[String]| {
            let tokens = tokens.iter().filter_map(|token| Scope::parse(token).ok());
            tokens.fold(Scope::EMPTY, |scope, token| scope.union(&token))
        };
        let supported = self.metadata.as_ref().and_then(|metadata| metadata.scopes_supported.as_deref());
        let needed = match (&self.challenge.scope, supported) {
            (Some(scope), _) => scope.clone(),
            (None, Some(supported)) => parse(supported),
            (None, None) => Scope::EMPTY,
        };
        let offline = server.scopes_supported.iter().flatten().filter(|token| *token == "offline_access").take(1);
        let offline: Vec<_> = offline.filter(|_| self.profile.is_offline).cloned().collect();
        // What was granted may be more than what was asked for, and is not given up for more. At another server nothing
        // was granted, and what it offers beside the resource's values, it says itself.
        let tokens = self.protected.tokens.as_ref().filter(|tokens| *tokens.issuer() == server.issuer);
        let granted = tokens.and_then(TokenSet::scope).cloned().unwrap_or_default();
        let requested = self.protected.requested.filtered(|token| token != "offline_access" || tokens.is_some());
        needed.union(&parse(&offline)).union(&requested).union(&granted)
    }

    /// Finds the registration that is held for a server, unless it is by a metadata document that has another URL by
    /// now.
    fn registration(&self, issuer: &Issuer) -> Option<Registration> {
        let document = self.profile.document.as_ref();
        let is_old = |client_id: &ClientId| {
            document.is_some_and(|document| document != client_id) && client_id.as_str().starts_with("https://")
        };
        let mut registrations = self.protected.registrations.iter();
        registrations.find(|it| it.issuer() == issuer && !is_old(it.client_id())).cloned()
    }

    fn client(&self, registration: &Registration, server: Metadata) -> Result<Client, ProtectedError> {
        Ok(registration.at(server)?.with_pkce(self.profile.pkce))
    }
}

/// Tells if a document is not there, which says more than that it could not be had, or cannot be used.
fn is_absent(error: &RequestError) -> bool {
    let status = match error {
        RequestError::Refused(refused) => refused.status,
        RequestError::Unusable { status, .. } => *status,
        _ => return false,
    };
    status == StatusCode::NOT_FOUND
}

/// Returns the origin of a resource as an issuer.
fn origin(resource: &Resource) -> Option<Issuer> {
    let origin = Url::parse(resource.as_str()).ok()?.origin().ascii_serialization();
    Issuer::parse(&origin).ok()
}

/// Returns the metadata that stands for a server without a document.
fn endpoints_at_origin(resource: &Resource) -> Option<Metadata> {
    let issuer = origin(resource)?;
    let endpoint = |path| Endpoint::parse(&format!("{}/{path}", issuer.as_str())).ok();
    let mut metadata = Metadata::new(issuer.clone());
    metadata.authorization_endpoint = endpoint("authorize");
    metadata.token_endpoint = endpoint("token");
    metadata.registration_endpoint = endpoint("register");
    metadata.code_challenge_methods_supported = Some(vec!["S256".to_owned()]);
    Some(metadata)
}

impl Pause<Fetch> for ReceiveFetch {
    type Machine = Receive;

    fn effect(&self) -> &Fetch {
        match &self.at {
            At::Resource(pause) => pause.effect(),
            At::Server(pause) => pause.effect(),
            At::Refresh(pause, _) | At::Tokens(pause) => pause.effect(),
            At::Registration(pause, _) => pause.effect(),
        }
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<Receive> {
        let Self { way, at } = self;
        match at {
            At::Resource(pause) => way.resource(pause.resume(answer)),
            At::Server(pause) => way.server(pause.resume(answer)),
            At::Refresh(pause, server) => way.refreshed(pause.resume(answer), server),
            At::Registration(pause, server) => way.registered(pause.resume(answer), server),
            At::Tokens(pause) => way.arrived(pause.resume(answer)),
        }
    }
}
