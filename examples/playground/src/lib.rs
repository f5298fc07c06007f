//! The playground: every flow, run against the very server that serves it, and drawn step by step.
//!
//! Its applications are [`grantor::client`]s that send their requests through the host's own router, its API is a
//! resource server on the same store, and its pages show the recorded steps. A host adds it in three steps:
//!
//! 1. [`Playground::new`] adds the API to the configuration, before the server is made from it; the host registers
//!    [`Playground::clients`].
//! 2. [`Playground::join`] adds the pages and the recording to the host's router.
//! 3. Handlers take a [`Recorder`] and wrap the host of their machine by [`Recorder::server`], so that effects are
//!    drawn too. The recorder of most requests records nothing.
//!
//! Pages are plain HTML; the host sets the headers that keep them safe. They link the host's own `/style.css`.
//!
//! | module | content |
//! |---|---|
//! | `flows`, `acts`, `deeds`, `devices`, `registration` | the flows and acts: a further flow is one more entry |
//! | `walk` | the flows that are walked in named steps |
//! | `away` | the requests with which a client sends the browser away |
//! | `clients`, `api` | the applications, and the API that they call |
//! | `visitors`, `runs` | the visitors, their runs, and the tokens of the applications |
//! | `trace`, `effects`, `message`, `record` | the recorded effects and messages, and the recording |
//! | `shorten`, `meaning` | the wording: secrets shortened, each parameter with a phrase |
//! | `diagram`, `pages` | the drawing |
//! | `stage`, `routes` | the routes, which tie it together |

mod acts;
mod api;
mod away;
mod clients;
mod deeds;
mod devices;
mod diagram;
mod effects;
mod flows;
mod form;
mod meaning;
mod message;
mod moment;
mod pages;
mod record;
mod registration;
mod routes;
mod runs;
mod shorten;
mod stage;
mod trace;
mod visitors;
mod walk;

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

/// The path to which the browser returns with a code.
const CALLBACK: &str = "/playground/callback";

/// The path to which the browser returns with a token.
const CALLBACK_IMPLICIT: &str = "/playground/callback/implicit";

/// The playground of a server.
#[derive(Debug)]
pub struct Playground {
    clients: Clients,
    visitors: Visitors,
    api: Api,
    /// The configuration of the server when the playground was made.
    config: Config,
}

/// The parts of the host's server that a playground uses.
pub struct Service {
    /// The endpoints that clients call, and the authorization endpoint, at the paths of the configuration. The requests
    /// of the playground's applications go here and not to a socket.
    pub endpoints: Router,
    /// The server's store, for the API.
    pub store: BoxedStore,
    /// The paths that a browser passes between the authorization endpoint and the redirect back.
    pub pages: Vec<String>,
    /// The function that logs the API's events.
    pub audit: fn(grantor::resource::Event),
}

impl Playground {
    /// Creates a playground for the server that will have this configuration. Its API is added to the protected
    /// resources, if the configuration names any.
    ///
    /// # Errors
    /// The configuration lacks an introspection endpoint, or the operating system has no randomness.
    pub fn new(config: &mut Config) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let origin = Url::parse(config.issuer.as_str())?.origin().ascii_serialization();
        let clients = Clients::new(&origin)?;
        let introspection = config.introspection.as_ref().ok_or("there is no introspection endpoint")?;
        let introspector = clients.introspector(introspection.endpoint.clone())?;
        let api = Api::new(&origin, introspector, config)?;
        api.offer(config);
        Ok(Self { clients, visitors: Visitors::new(&config.issuer), api, config: config.clone() })
    }

    /// Adds the API to the protected resources of a later configuration.
    pub fn configure(&self, config: &mut Config) {
        self.api.offer(config);
    }

    /// The records of its applications, to be registered at the server.
    ///
    /// # Errors
    /// None in practice: their ids are constants of this crate.
    pub fn clients(&self) -> Result<Vec<Arc<grantor::record::Client>>, Box<dyn Error + Send + Sync>> {
        self.clients.records(&self.api.audience())
    }

    /// Adds the playground's pages and its API to a host's routes, and records the requests of browsers on their way
    /// through a flow.
    pub fn join<S: Clone + Send + Sync + 'static>(self: &Arc<Self>, router: Router<S>, service: Service) -> Router<S> {
        let place = Arc::new(Place { playground: Arc::clone(self), service });
        let pages = routes::router(self).with_state(Arc::clone(&place));
        router.merge(pages).layer(from_fn_with_state(place, record::record))
    }

    /// Forgets browsers that were not seen for long.
    pub fn purge(&self, now: Timestamp) {
        self.visitors.purge(now);
    }

    fn resource(&self) -> &Resource {
        self.api.resource()
    }
}
