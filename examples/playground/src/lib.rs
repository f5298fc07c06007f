//! The playground: every flow, run against the very server that serves it, and drawn step by step.
//!
//! Its applications are [`grantor::client`]s that send their requests through the host's own router, its API is a
//! resource server on the same store, and its pages show what was recorded on the way. A host takes it in by three
//! steps:
//!
//! 1. [`Playground::new`] adds the API to the configuration, before the server is made of it; the host registers
//!    [`Playground::clients`].
//! 2. [`Playground::join`] lays the pages and the recording over the host's router.
//! 3. Handlers take a [`Recorder`] and wrap the host of their machine by [`Recorder::server`], so that effects are
//!    drawn too. Most requests have none that records, and then nothing is written down.
//!
//! Pages are plain HTML; the host sets the headers that keep them safe. They link the host's own `/style.css`.
//!
//! | module | what |
//! |---|---|
//! | `flows`, `acts`, `deeds` | what can be tried: a further flow is one more entry |
//! | `clients`, `api` | the applications, and the API that they call |
//! | `visitors`, `runs` | who is here, what each has tried, and what the applications hold |
//! | `trace`, `effects`, `message`, `record` | what is written down: effects, messages, and where they are caught |
//! | `shorten`, `meaning` | how: no secret whole, each parameter with a phrase |
//! | `diagram`, `pages` | how it is drawn |
//! | `stage`, `routes` | what ties it together |

mod acts;
mod api;
mod clients;
mod deeds;
mod diagram;
mod effects;
mod flows;
mod form;
mod meaning;
mod message;
mod moment;
mod pages;
mod record;
mod routes;
mod runs;
mod shorten;
mod stage;
mod trace;
mod visitors;

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use grantor::Timestamp;
use grantor::model::Resource;
use grantor::server::Config;
use grantor::store::BoxedStore;
use url::Url;

use crate::api::Api;
use crate::clients::Clients;
use crate::stage::Place;
use crate::visitors::Visitors;

pub use crate::effects::Traced;
pub use crate::trace::Recorder;

/// Where the browser comes back to with a code.
const CALLBACK: &str = "/playground/callback";

/// Where the browser comes back to with a token.
const CALLBACK_IMPLICIT: &str = "/playground/callback/implicit";

/// The playground of a server.
#[derive(Debug)]
pub struct Playground {
    clients: Clients,
    visitors: Visitors,
    api: Api,
    /// What the server was configured for when the playground was made.
    config: Config,
}

/// The server that a playground plays on, as its host has it.
pub struct Service {
    /// The endpoints that clients call, below the paths of the configuration. What the playground's applications send
    /// goes here and to no socket.
    pub endpoints: Router,
    /// The server's store, for the API.
    pub store: BoxedStore,
    /// The paths that a browser comes through between the authorization endpoint and the redirect back.
    pub pages: Vec<String>,
    /// Where the API's events go.
    pub audit: fn(grantor::resource::Event),
}

impl Playground {
    /// A playground for the server that will have this configuration. Its API is added to the protected resources, if
    /// the configuration names any.
    ///
    /// # Errors
    /// The configuration lacks an introspection endpoint, or there is no randomness.
    pub fn new(config: &mut Config) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let origin = Url::parse(config.issuer.as_str())?.origin().ascii_serialization();
        let clients = Clients::new(&origin)?;
        let introspection = config.introspection.as_ref().ok_or("there is no introspection endpoint")?;
        let introspector = clients.introspector(introspection.endpoint.clone())?;
        let api = Api::new(&origin, introspector, config)?;
        api.offer(config);
        Ok(Self { clients, visitors: Visitors::new(&config.issuer), api, config: config.clone() })
    }

    /// Adds the API to the protected resources of a configuration that follows the first.
    pub fn configure(&self, config: &mut Config) {
        self.api.offer(config);
    }

    /// The records of its applications, to be registered at the server.
    ///
    /// # Errors
    /// None that can happen: their ids are written in this crate.
    pub fn clients(&self) -> Result<Vec<Arc<grantor::record::Client>>, Box<dyn Error + Send + Sync>> {
        self.clients.records(&self.api.audience())
    }

    /// Adds the playground's pages and its API to a host's routes, and records the requests of whoever walks through a
    /// flow.
    pub fn join<S: Clone + Send + Sync + 'static>(self: &Arc<Self>, router: Router<S>, service: Service) -> Router<S> {
        let place = Arc::new(Place { playground: Arc::clone(self), service });
        let pages = routes::router(self).with_state(Arc::clone(&place));
        router.merge(pages).layer(from_fn_with_state(place, record::record))
    }

    /// Forgets the browsers that were not seen for long.
    pub fn purge(&self, now: Timestamp) {
        self.visitors.purge(now);
    }

    fn resource(&self) -> &Resource {
        self.api.resource()
    }
}
