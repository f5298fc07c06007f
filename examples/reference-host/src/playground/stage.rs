//! What an act plays on: the server, and a line to it that is recorded.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use grantor::HttpHost;
use grantor::client::{Client, discover};
use grantor::model::{Issuer, Resource};
use grantor::server::RefreshPolicy;

use super::clients::{Clients, Who};
use super::record::{InProcess, record};
use super::trace::{Lane, Recorder};
use super::{Playground, api};
use crate::web::{App, endpoints};

/// The server, and whose acts are recorded where.
#[derive(Debug)]
pub(crate) struct Stage {
    app: Arc<App>,
    router: Router,
    peer: SocketAddr,
    pub(crate) recorder: Recorder,
}

impl Stage {
    /// A stage for whoever sits at this address.
    pub(crate) fn new(app: &Arc<App>, peer: SocketAddr, recorder: Recorder) -> Self {
        let api = app.playground.as_ref().map(api::router).unwrap_or_default();
        let router = endpoints(app).merge(api).layer(from_fn_with_state(Arc::clone(app), record));
        Self { app: Arc::clone(app), router: router.with_state(Arc::clone(app)), peer, recorder }
    }

    /// The HTTP client of whoever stands here.
    pub(crate) fn http(&self, lane: Lane) -> InProcess {
        InProcess { router: self.router.clone(), peer: self.peer, recorder: self.recorder.clone(), lane }
    }

    /// The same as the host of a machine.
    pub(crate) fn host(&self, lane: Lane) -> HttpHost<InProcess> {
        self.http(lane).host()
    }

    /// A client that has read the server's metadata. That is not recorded again and again; there is a flow that shows it.
    ///
    /// # Errors
    /// In a sentence.
    pub(crate) async fn client(&self, who: Who) -> Result<Client, String> {
        let unseen = InProcess { recorder: Recorder::default(), ..self.http(Lane::Client) };
        let metadata = discover(self.issuer()).run_async(&unseen.host()).await.map_err(|error| error.to_string())?;
        self.clients().ok_or("The playground is off.")?.client(who, self.issuer().clone(), metadata)
    }

    /// The API.
    pub(crate) fn resource(&self) -> Option<&Resource> {
        self.app.playground.as_ref().map(Playground::resource)
    }

    /// Who the server is.
    pub(crate) fn issuer(&self) -> &Issuer {
        &self.app.server.config().issuer
    }

    /// For how many seconds a refresh token that was used is let pass.
    pub(crate) fn grace(&self) -> u64 {
        match self.app.server.config().token.refresh {
            RefreshPolicy::Rotate { grace } | RefreshPolicy::RotatePublic { grace } => grace.as_secs(),
            RefreshPolicy::Reuse => 0,
        }
    }

    fn clients(&self) -> Option<&Clients> {
        self.app.playground.as_ref().map(Playground::clients)
    }
}
