//! reqwest as grantor's HTTP client.

use std::net::SocketAddr;
use std::sync::Arc;

use grantor::{AsyncHttp, Fetch, Unavailable};
use http::Response;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;
use rustls::crypto::ring;
use tokio::net::lookup_host;

use crate::{Guard, TIMEOUT};

/// reqwest, which sends what the machines ask for, within the rules of a [`Guard`].
#[derive(Clone, Debug)]
pub struct Reqwest {
    guard: Guard,
    client: reqwest::Client,
    /// The client for requests that are under the strict rules anyway: a resolver knows no more of a request than its
    /// name.
    strict: reqwest::Client,
}

impl Reqwest {
    /// Creates a client. TLS is on, and certificates are checked: that is reqwest's default, and nothing here turns it
    /// off.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(guard: Guard) -> Result<Self, reqwest::Error> {
        Self::over(guard, System)
    }

    /// Creates a client that resolves names in another way.
    ///
    /// # Errors
    /// See [`new`](Self::new).
    pub fn over(guard: Guard, names: impl Resolve + 'static) -> Result<Self, reqwest::Error> {
        // Not needed with reqwest's feature "rustls", which brings a provider of its own. One that is there stays.
        let _ = ring::default_provider().install_default();
        let names: Arc<dyn Resolve> = Arc::new(names);
        let client = |guard| {
            reqwest::Client::builder()
                // A request may carry credentials, which are for nobody that the server points to.
                .redirect(redirect::Policy::none())
                // A proxy would look the name up itself.
                .no_proxy()
                .dns_resolver(Guarded { guard, names: Arc::clone(&names) })
                .timeout(TIMEOUT)
                .build()
        };
        Ok(Self { guard, client: client(guard)?, strict: client(Guard::new())? })
    }

    /// The client, for requests of one's own. Nobody checks their URLs.
    #[must_use]
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }
}

impl AsyncHttp for Reqwest {
    async fn fetch_async(&self, fetch: &Fetch) -> Result<Response<Vec<u8>>, Unavailable> {
        let (rule, guard) = (fetch.rule(), self.guard.under(fetch.rule()));
        guard.check_url(fetch.request().uri()).map_err(Unavailable::new)?;
        let client = if guard == self.guard { &self.client } else { &self.strict };
        let request = fetch.request().clone().try_into().map_err(Unavailable::new)?;
        let mut incoming = client.execute(request).await.map_err(Unavailable::new)?;
        let mut response = Response::new(Vec::new());
        *response.status_mut() = incoming.status();
        *response.headers_mut() = std::mem::take(incoming.headers_mut());
        // Whatever the server sends, no more than this is kept. The one byte more tells grantor that it was too much.
        let body = response.body_mut();
        while body.len() <= rule.max_response_len {
            let Some(chunk) = incoming.chunk().await.map_err(Unavailable::new)? else { break };
            body.extend_from_slice(&chunk);
        }
        body.truncate(rule.max_response_len + 1);
        Ok(response)
    }
}

/// The names as the operating system resolves them.
struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // reqwest replaces the port.
            let addresses: Vec<_> = lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// A resolver that gives no address which must not be connected to.
struct Guarded {
    guard: Guard,
    names: Arc<dyn Resolve>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, host) = (self.guard, name.as_str().to_owned());
        let found = self.names.resolve(name);
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = found.await?.collect();
            guard.check_addresses(&host, addresses.iter().map(SocketAddr::ip))?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
