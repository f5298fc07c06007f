//! The stage of an act: the server, and a recorded connection to it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use grantor::HttpHost;
use grantor::client::{Client, discover};
use grantor::model::{Issuer, Metadata};
use grantor::server::RefreshPolicy;

use crate::clients::Who;
use crate::record::{InProcess, record};
use crate::trace::{Lane, Recorder};
use crate::{Playground, Service, api};

/// The playground, and the server where it is.
pub(crate) struct Place {
    pub(crate) playground: Arc<Playground>,
    pub(crate) service: Service,
}

/// The server, the person at the browser, and the recorder.
pub(crate) struct Stage {
    pub(crate) place: Arc<Place>,
    router: Router,
    peer: SocketAddr,
    pub(crate) recorder: Recorder,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("playground", &self.playground).finish_non_exhaustive()
    }
}

impl Stage {
    /// Creates a stage for the person at this address.
    pub(crate) fn new(place: &Arc<Place>, peer: SocketAddr, recorder: Recorder) -> Self {
        let api = api::router(&place.playground).with_state(Arc::clone(place));
        let endpoints = place.service.endpoints.clone().merge(api);
        let router = endpoints.layer(from_fn_with_state(Arc::clone(place), record));
        Self { place: Arc::clone(place), router, peer, recorder }
    }

    /// The HTTP client of this lane.
    pub(crate) fn http(&self, lane: Lane) -> InProcess {
        InProcess { router: self.router.clone(), peer: self.peer, recorder: self.recorder.clone(), lane }
    }

    /// The same as a host of machines.
    pub(crate) fn host(&self, lane: Lane) -> HttpHost<InProcess> {
        self.http(lane).host()
    }

    /// Returns a client with the server's metadata. Reading it is not recorded each time; there is a flow that shows
    /// it.
    ///
    /// # Errors
    /// The error is a sentence.
    pub(crate) async fn client(&self, who: Who) -> Result<Client, String> {
        let metadata = self.metadata().await?;
        self.place.playground.clients.client(who, self.issuer().clone(), metadata)
    }

    /// Returns the server's metadata, without a record.
    ///
    /// # Errors
    /// The error is a sentence.
    pub(crate) async fn metadata(&self) -> Result<Metadata, String> {
        let unseen = InProcess { recorder: Recorder::default(), ..self.http(Lane::Client) };
        discover(self.issuer()).run_async(&unseen.host()).await.map_err(|error| error.to_string())
    }

    /// The issuer of the server.
    pub(crate) fn issuer(&self) -> &Issuer {
        &self.place.playground.config.issuer
    }

    /// The grace period of refresh tokens, in seconds.
    pub(crate) fn grace(&self) -> u64 {
        match self.place.playground.config.token.refresh {
            RefreshPolicy::Rotate { grace } | RefreshPolicy::RotatePublic { grace } => grace.as_secs(),
            RefreshPolicy::Reuse => 0,
        }
    }
}
