//! A machine of any kind, held at a pause: what it asks, and what it becomes when it is answered.

use std::fmt;
use std::sync::Arc;

use grantor::consult::{Authenticity, ExtensionVerdict, Owner, RegistrationVerdict, Verdict};
use grantor::jose::Signature;
use grantor::record::Client;
use grantor::resource::CheckByStore;
use grantor::server::{
    Authorize, AuthorizeDecision, AuthorizeDevice, AuthorizeRefusal, AuthorizeReply, Configure, DeviceDecision,
    Introspect, Push, Register, Revoke, Token, VerifyUserCode, VerifyUserCodeReply,
};
use grantor::store::{Commit, Found, Lookup, Outcome};
use grantor::{Machine, Pause, Sign, Step, Unavailable};
use http::Response;
use serde::Serialize;

use crate::scene::REQUEST_URI;

/// What a machine asks.
#[allow(clippy::large_enum_variant, reason = "one at a time")]
#[derive(Debug, PartialEq)]
pub enum Asks {
    Lookup(Lookup),
    Commit(Commit),
    ClientSecret,
    Password,
    Extension,
    Issuance,
    Registration(Arc<Client>),
    Fetch,
    Sign(Sign),
}

/// What it is told.
#[derive(Clone, Debug)]
pub enum Told {
    Found(Found),
    Outcome(Outcome),
    ClientSecret(Authenticity),
    Owner(Owner),
    Extension(ExtensionVerdict),
    Verdict(Verdict),
    Registration(RegistrationVerdict),
    Fetched(Response<Vec<u8>>),
    Signed(Vec<Signature>),
    Outage,
    /// The store is down, and says more than it should.
    OutageBecause(String),
}

/// Where it stands after that.
pub enum Next {
    Paused(Box<dyn Paused>),
    Done(Observed),
}

/// What can be seen of a reply.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    pub status: u16,
    /// The codes and tokens in it.
    pub secrets: Vec<String>,
    /// The `error`, if it is one.
    pub error: Option<String>,
    /// Whether it says that a token is good.
    pub active: bool,
    /// What the audit log learns, by its name.
    pub event: String,
    /// What reply and event say of themselves.
    pub debug: String,
    pub body: Vec<u8>,
    pub location: Option<String>,
}

pub trait Paused: Send {
    fn fork(&self) -> Box<dyn Paused>;
    /// The pause's type, without its path.
    fn name(&self) -> String;
    fn asks(&self) -> Asks;
    /// What the effect says of itself.
    fn debug(&self) -> String;
    fn tell(self: Box<Self>, told: Told) -> Next;
}

/// A machine whose reply can be looked at.
pub trait Observe: Machine {
    fn observe(reply: Self::Reply) -> Observed;
}

struct Held<M: Machine>(Step<M>);

pub fn hold<M>(step: Step<M>) -> Next
where
    M: Observe<Reply: fmt::Debug> + 'static,
    M::Lookup: Clone,
    M::ClientSecret: Clone,
    M::Password: Clone,
    M::Extension: Clone,
    M::Issuance: Clone,
    M::Registration: Clone,
    M::Fetch: Clone,
    M::Sign: Clone,
    M::Commit: Clone,
{
    match step {
        Step::Done(reply) => {
            let debug = format!("{reply:?}");
            let observed = M::observe(reply);
            Next::Done(Observed { debug: debug + &observed.debug, ..observed })
        }
        step => Next::Paused(Box::new(Held(step))),
    }
}

/// What is the same at every pause, beside which stands what its answer is told as.
macro_rules! at_every_pause {
    ($($pause:ident: $told:ident,)*) => {
        fn fork(&self) -> Box<dyn Paused> {
            Box::new(Self(match &self.0 {
                $(Step::$pause(pause) => Step::$pause(pause.clone()),)*
                Step::Done(_) => unreachable!("what is done is not held"),
            }))
        }

        fn name(&self) -> String {
            match &self.0 {
                $(Step::$pause(pause) => type_of(pause),)*
                Step::Done(_) => unreachable!("what is done is not held"),
            }
        }

        fn debug(&self) -> String {
            match &self.0 {
                $(Step::$pause(pause) => format!("{:?}", pause.effect()),)*
                Step::Done(_) => unreachable!("what is done is not held"),
            }
        }

        fn tell(self: Box<Self>, told: Told) -> Next {
            hold(match (self.0, told) {
                $((Step::$pause(pause), Told::$told(answer)) => pause.resume(Ok(answer)),
                (Step::$pause(pause), Told::OutageBecause(cause)) => pause.resume(Err(Unavailable::new(cause))),
                (Step::$pause(pause), _) => pause.resume(Err(Unavailable::new("explored"))),)*
                (Step::Done(_), _) => unreachable!("what is done is not held"),
            })
        }
    };
}

impl<M> Paused for Held<M>
where
    M: Observe<Reply: fmt::Debug> + 'static,
    M::Lookup: Clone,
    M::ClientSecret: Clone,
    M::Password: Clone,
    M::Extension: Clone,
    M::Issuance: Clone,
    M::Registration: Clone,
    M::Fetch: Clone,
    M::Sign: Clone,
    M::Commit: Clone,
{
    at_every_pause! {
        Lookup: Found,
        Commit: Outcome,
        ClientSecret: ClientSecret,
        Password: Owner,
        Extension: Extension,
        Issuance: Verdict,
        Registration: Registration,
        Fetch: Fetched,
        Sign: Signed,
    }

    fn asks(&self) -> Asks {
        match &self.0 {
            Step::Lookup(pause) => Asks::Lookup(pause.effect().clone()),
            Step::Commit(pause) => Asks::Commit(pause.effect().clone()),
            Step::ClientSecret(_) => Asks::ClientSecret,
            Step::Password(_) => Asks::Password,
            Step::Extension(_) => Asks::Extension,
            Step::Issuance(_) => Asks::Issuance,
            Step::Registration(pause) => Asks::Registration(Arc::clone(&pause.effect().client)),
            Step::Fetch(_) => Asks::Fetch,
            Step::Sign(pause) => Asks::Sign(pause.effect().clone()),
            Step::Done(_) => unreachable!("what is done is not held"),
        }
    }
}

/// A type's name without path and arguments.
fn type_of<T>(_: &T) -> String {
    let name = std::any::type_name::<T>().split('<').next().unwrap_or_default();
    name.rsplit("::").next().unwrap_or(name).to_owned()
}

fn observe(response: Response<Vec<u8>>, secrets: Vec<String>, event: &impl fmt::Debug) -> Observed {
    let json = serde_json::from_slice::<serde_json::Value>(response.body()).unwrap_or_default();
    let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
    let in_location = location
        .as_deref()
        .and_then(|location| location.split_once("error="))
        .map(|(_, rest)| rest.split('&').next().unwrap_or_default().to_owned());
    let debug = format!("{event:?}");
    Observed {
        status: response.status().as_u16(),
        secrets,
        error: json["error"].as_str().map(str::to_owned).or(in_location),
        active: json["active"].as_bool().unwrap_or(false),
        event: debug.split([' ', '{', '(']).next().unwrap_or_default().to_owned(),
        debug,
        location,
        body: response.into_body(),
    }
}

impl Observe for Token<'_> {
    fn observe(reply: Self::Reply) -> Observed {
        let secrets = reply.result().ok().map(|response| {
            let refresh_token = response.refresh_token.iter().map(|token| token.expose().to_owned());
            std::iter::once(response.access_token.expose().to_owned()).chain(refresh_token).collect()
        });
        let event = reply.event();
        observe(reply.into_http(), secrets.unwrap_or_default(), &event)
    }
}

impl Observe for AuthorizeDecision<'_> {
    fn observe(reply: Self::Reply) -> Observed {
        let event = reply.event();
        let location = reply.location().unwrap_or_default().to_owned();
        let pairs = form_urlencoded::parse(location.split_once(['?', '#']).map_or("", |(_, rest)| rest).as_bytes());
        let secrets = pairs.filter(|(name, _)| matches!(&**name, "code" | "access_token"));
        let secrets = secrets.map(|(_, value)| value.into_owned()).collect();
        observe(reply.into_http(), secrets, &event)
    }
}

impl Observe for AuthorizeRefusal<'_> {
    fn observe(reply: Self::Reply) -> Observed {
        let event = reply.event();
        observe(reply.into_http(), Vec::new(), &event)
    }
}

impl Observe for Authorize<'_> {
    fn observe(reply: Self::Reply) -> Observed {
        let event = reply.event();
        match reply {
            AuthorizeReply::Respond(response) => observe(response.into_http(), Vec::new(), &event),
            // The error that the client will be told, as if it were told now.
            AuthorizeReply::Refuse(refusal) => {
                let error = Some(refusal.error.as_str().to_owned());
                let refusal = serde_json::to_vec(&refusal).unwrap();
                Observed { error, ..observe(Response::new(refusal), Vec::new(), &event) }
            }
            // What is asked for is what can be seen.
            AuthorizeReply::Ask(prompt) => {
                Observed { active: true, ..observe(Response::new(shown(&prompt)), Vec::new(), &event) }
            }
        }
    }
}

impl Observe for Push<'_> {
    fn observe(reply: Self::Reply) -> Observed {
        let secrets = reply.result().map(|response| {
            let token = response.request_uri.expose().strip_prefix(REQUEST_URI).unwrap();
            vec![token.to_owned()]
        });
        let secrets = secrets.unwrap_or_default();
        let event = reply.event();
        observe(reply.into_http(), secrets, &event)
    }
}

impl Observe for AuthorizeDevice<'_> {
    fn observe(reply: Self::Reply) -> Observed {
        let secrets = reply.result().map(|response| vec![response.device_code.expose().to_owned()]);
        let secrets = secrets.unwrap_or_default();
        let event = reply.event();
        observe(reply.into_http(), secrets, &event)
    }
}

impl Observe for VerifyUserCode<'_> {
    fn observe(reply: Self::Reply) -> Observed {
        let event = reply.event();
        match reply {
            VerifyUserCodeReply::Ask(prompt) => {
                Observed { active: true, ..observe(Response::new(shown(&prompt)), Vec::new(), &event) }
            }
            VerifyUserCodeReply::Refuse(error) => {
                let (status, code) = (error.status().as_u16(), Some(error.code().to_owned()));
                Observed { status, error: code, ..observe(Response::new(Vec::new()), Vec::new(), &event) }
            }
        }
    }
}

/// What a person is asked, without what they bring: the code of a device, and the time at which they come.
pub fn shown(prompt: &impl Serialize) -> Vec<u8> {
    let mut prompt = serde_json::to_value(prompt).unwrap();
    let members = prompt.as_object_mut().unwrap();
    members.retain(|name, _| name != "user_code" && name != "asked_at");
    serde_json::to_vec(&prompt).unwrap()
}

impl Observe for DeviceDecision<'_> {
    fn observe(reply: Self::Reply) -> Observed {
        let event = reply.event();
        let error = match reply.is_approved() {
            Ok(true) => None,
            Ok(false) => Some("access_denied".to_owned()),
            Err(error) => Some(error.code().to_owned()),
        };
        Observed { error, ..observe(reply.into_http(), Vec::new(), &event) }
    }
}

impl Observe for Introspect<'_> {
    fn observe(reply: Self::Reply) -> Observed {
        let event = reply.event();
        observe(reply.into_http(), Vec::new(), &event)
    }
}

impl Observe for Revoke<'_> {
    fn observe(reply: Self::Reply) -> Observed {
        let event = reply.event();
        observe(reply.into_http(), Vec::new(), &event)
    }
}

impl Observe for Register {
    fn observe(reply: Self::Reply) -> Observed {
        let event = reply.event();
        observe(reply.into_http(), Vec::new(), &event).without_information()
    }
}

impl Observe for Configure<'_> {
    fn observe(reply: Self::Reply) -> Observed {
        let event = reply.event();
        observe(reply.into_http(), Vec::new(), &event).without_information()
    }
}

impl Observed {
    /// A client is told its own registration, with the token that it presented.
    fn without_information(self) -> Self {
        let active = matches!(self.status, 200 | 201);
        let body = if active { Vec::new() } else { self.body };
        Self { active, body, ..self }
    }
}

impl Observe for CheckByStore<'_> {
    fn observe(reply: Self::Reply) -> Observed {
        let event = reply.event();
        let reply = reply.into_result();
        let active = reply.is_ok();
        let response = reply.map_or_else(|refusal| refusal.into_http(), |_| Response::new(Vec::new()));
        Observed { active, ..observe(response, Vec::new(), &event) }
    }
}
