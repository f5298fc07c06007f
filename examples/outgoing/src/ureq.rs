//! ureq as grantor's HTTP client, without an async runtime.

use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::Arc;

use grantor::{Answer, Fetch, Http, Unavailable};
use http::{Request, Response, Uri};
use ureq::Agent;
use ureq::config::Config;
// ureq reserves the right to change these two in a minor release.
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use crate::{Guard, TIMEOUT};

/// ureq, which sends what the machines ask for, within the rules of a [`Guard`].
#[derive(Clone)]
pub struct Ureq {
    guard: Guard,
    agent: Agent,
    /// The agent for requests that are under the strict rules anyway.
    strict: Agent,
}

impl Ureq {
    /// Creates a client. TLS is on, and certificates are checked: that is ureq's default, and nothing here turns it
    /// off.
    #[must_use]
    pub fn new(guard: Guard) -> Self {
        Self::over(guard, DefaultResolver::default())
    }

    /// Creates a client that resolves names in another way.
    #[must_use]
    pub fn over(guard: Guard, names: impl Resolver) -> Self {
        let names: Arc<dyn Resolver> = Arc::new(names);
        let agent = |guard| {
            let config = Agent::config_builder()
                // A request may carry credentials, which are for nobody that the server points to.
                .max_redirects(0)
                // A proxy would look the name up itself.
                .proxy(None)
                // An error response says what is wrong, and grantor reads it.
                .http_status_as_error(false)
                .timeout_global(Some(TIMEOUT))
                .build();
            Agent::with_parts(config, DefaultConnector::default(), Guarded { guard, names: Arc::clone(&names) })
        };
        Self { guard, agent: agent(guard), strict: agent(Guard::new()) }
    }

    /// The agent, for requests of one's own. Nobody checks whether their URLs are `https`.
    #[must_use]
    pub fn agent(&self) -> &Agent {
        &self.agent
    }
}

impl Http for Ureq {
    fn fetch(&self, fetch: &Fetch) -> Answer<Fetch> {
        let (rule, guard) = (fetch.rule(), self.guard.under(fetch.rule()));
        guard.check_url(fetch.request().uri()).map_err(Unavailable::new)?;
        let agent = if guard == self.guard { &self.agent } else { &self.strict };
        // The body may hold a secret. It is borrowed: one copy is enough.
        let mut request = Request::new(fetch.request().body().as_slice());
        *request.method_mut() = fetch.request().method().clone();
        *request.uri_mut() = fetch.request().uri().clone();
        *request.headers_mut() = fetch.request().headers().clone();
        let (head, body) = agent.run(request).map_err(Unavailable::new)?.into_parts();
        // Whatever the server sends, no more than this is kept. The one byte more tells grantor that it was too much.
        let mut kept = Vec::new();
        let most = rule.max_response_len as u64 + 1;
        body.into_reader().take(most).read_to_end(&mut kept).map_err(Unavailable::new)?;
        Ok(Response::from_parts(head, kept))
    }
}

/// A resolver that gives no address which must not be connected to.
#[derive(Debug)]
struct Guarded {
    guard: Guard,
    names: Arc<dyn Resolver>,
}

impl Resolver for Guarded {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let addresses = self.names.resolve(uri, config, timeout)?;
        let host = uri.host().unwrap_or_default();
        let checked = self.guard.check_addresses(host, addresses.iter().map(SocketAddr::ip));
        checked.map_err(|refused| ureq::Error::Other(Box::new(refused)))?;
        Ok(addresses)
    }
}
