//! The playground: every flow, run against this very server, and drawn step by step.
//!
//! Its applications are [`grantor::client`]s that send their requests through the host's own router, its API is a resource
//! server on the same store, and its pages show what was recorded on the way:
//!
//! | module | what |
//! |---|---|
//! | `flows`, `acts`, `deeds` | what can be tried: a further flow is one more entry |
//! | `clients`, `api` | the applications, and the API that they call |
//! | `runs` | what a browser has tried, and what its applications hold |
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
mod meaning;
mod message;
mod pages;
mod record;
mod routes;
mod runs;
mod shorten;
mod stage;
mod trace;

use grantor::Timestamp;
use grantor::model::Resource;
use grantor::server::Config;
use url::Url;

use self::api::Api;
use self::clients::Clients;
use self::runs::Runs;
use crate::config::Settings;

pub(crate) use record::record;
pub(crate) use routes::router;
pub(crate) use trace::Recorder;

/// Where the browser comes back to with a code.
const CALLBACK: &str = "/playground/callback";

/// Where the browser comes back to with a token.
const CALLBACK_IMPLICIT: &str = "/playground/callback/implicit";

/// The playground of a server.
#[derive(Debug)]
pub struct Playground {
    clients: Clients,
    runs: Runs,
    api: Api,
}

impl Playground {
    /// A playground for this server. Its clients are added to the settings, and its API to the protected resources, if the
    /// configuration names any.
    ///
    /// # Errors
    /// A client or a user of the settings has the name of one of its clients, or there is no randomness.
    pub fn new(settings: &mut Settings, config: &mut Config) -> Result<Self, Box<dyn std::error::Error>> {
        let origin = Url::parse(config.issuer.as_str())?.origin().ascii_serialization();
        let clients = Clients::new(&origin)?;
        let introspection = config.introspection.as_ref().ok_or("there is no introspection endpoint")?;
        let introspector = clients.introspector(introspection.endpoint.clone())?;
        let api = Api::new(&origin, introspector, config)?;
        for record in clients.records(&api.audience())? {
            settings.add(record)?;
        }
        Ok(Self { clients, runs: Runs::new(config.issuer.is_https()), api })
    }

    /// Forgets the browsers that were not seen for long.
    pub fn purge(&self, now: Timestamp) {
        self.runs.purge(now);
    }

    fn resource(&self) -> &Resource {
        self.api.resource()
    }

    fn clients(&self) -> &Clients {
        &self.clients
    }
}
