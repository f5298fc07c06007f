//! The endpoints that clients call: token, introspection, revocation, pushed authorization requests, registration and
//! device authorization.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response, header};
use axum::routing::any;
use grantor::server::{
    AskedFrom, AuthorizeDeviceError, ClientError, EndpointError, Event, PresentedIn, PushError, RevokeError, TokenError,
};
use playground::Recorder;

use crate::address::Address;
use crate::audit::{HostEvent, audit, count};
use crate::base::Base;
use crate::guesses::Wait;
use crate::log;
use crate::moment::moment;
use crate::pages;
use crate::registration;
use crate::web::{App, unavailable};

/// An endpoint that clients call, with any method: grantor refuses those that it does not accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientEndpoint {
    /// The token endpoint: RFC 6749 §3.2.
    Token,
    /// The introspection endpoint: RFC 7662.
    Introspection,
    /// The revocation endpoint: RFC 7009.
    Revocation,
    /// The pushed authorization request endpoint: RFC 9126. It exists if the configuration says so.
    Push,
    /// The registration endpoint: RFC 7591.
    Registration,
    /// The configuration endpoint of a client: RFC 7592.
    Configuration,
    /// The device authorization endpoint: RFC 8628.
    DeviceAuthorization,
}

impl ClientEndpoint {
    const ALL: [(&str, Self); 6] = [
        ("/token", Self::Token),
        ("/introspect", Self::Introspection),
        ("/revoke", Self::Revocation),
        ("/par", Self::Push),
        ("/register", Self::Registration),
        ("/device_authorization", Self::DeviceAuthorization),
    ];

    /// Returns the endpoint at a path below the issuer's.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        let is_of_client = || path.strip_prefix("/register/").is_some_and(|id| !id.is_empty() && !id.contains('/'));
        let named = Self::ALL.into_iter().find(|(at, _)| *at == path).map(|(_, endpoint)| endpoint);
        named.or_else(|| is_of_client().then_some(Self::Configuration))
    }

    /// Answers a request. It may be a guess at a client's secret, so a sender that has failed too often is told to
    /// wait.
    pub(crate) async fn answer(
        self,
        app: &App,
        mut request: Request<Bytes>,
        address: Address,
        recorder: &Recorder,
    ) -> Response<Body> {
        if self == Self::DeviceAuthorization {
            // The person will see it beside the question.
            request.extensions_mut().insert(AskedFrom::new(&address.0.to_canonical().to_string()));
        }
        let (request, from) = (&request, address.network());
        match self {
            Self::Registration => return registration::register(app, request, from, recorder).await,
            Self::Configuration => return registration::configure(app, request, recorder).await,
            Self::Token | Self::Introspection | Self::Revocation | Self::Push | Self::DeviceAuthorization => {}
        }
        let guess = match app.client_guesses.begin(request, from).await {
            Ok(guess) => guess,
            Err(wait) => return too_many(wait),
        };
        let Ok(moment) = moment() else { return pages::safe_headers(unavailable()) };
        let (response, outcome) = match self {
            Self::Token => {
                let host = app.host_for(from);
                let reply = app.server().token(request, moment).run_async(&recorder.server(&host, "Token")).await;
                match reply.event() {
                    // These are too many for the log.
                    Event::Polled { .. } => count("polled"),
                    event => audit(event),
                }
                let outcome = reply.result().map(drop).map_err(|error| match error {
                    TokenError::Endpoint(error) => of_client(error),
                    _ => None,
                });
                (reply.into_http(), outcome)
            }
            Self::Introspection => {
                let host = recorder.server(&app.host, "Introspect");
                let reply = app.server().introspect(request, moment).run_async(&host).await;
                match reply.result() {
                    // These are too many for the log.
                    Ok(_) if !log::introspections() => count("introspected"),
                    _ => audit(reply.event()),
                }
                let outcome = reply.result().map(drop).map_err(of_client);
                (reply.into_http(), outcome)
            }
            Self::Revocation | Self::Registration | Self::Configuration => {
                let host = recorder.server(&app.host, "Revoke");
                let reply = app.server().revoke(request, moment).run_async(&host).await;
                audit(reply.event());
                let outcome = reply.result().map_err(|error| match error {
                    RevokeError::Endpoint(error) => of_client(error),
                    _ => None,
                });
                (reply.into_http(), outcome)
            }
            Self::Push => {
                let host = app.host_for_clients();
                let host = recorder.server(&host, "Push");
                let reply = app.server().push(request, moment).run_async(&host).await;
                audit(reply.event());
                let outcome = reply.result().map(drop).map_err(|error| match error {
                    PushError::Endpoint(error) => of_client(error),
                    _ => None,
                });
                (reply.into_http(), outcome)
            }
            Self::DeviceAuthorization => {
                let host = app.host_for_clients();
                let host = recorder.server(&host, "AuthorizeDevice");
                let reply = app.server().authorize_device(request, moment).run_async(&host).await;
                audit(reply.event());
                let outcome = reply.result().map(drop).map_err(|error| match error {
                    AuthorizeDeviceError::Endpoint(error) => of_client(error),
                    _ => None,
                });
                (reply.into_http(), outcome)
            }
        };
        match guess.end(outcome).await {
            Ok(()) => safe(response.map(Body::from)),
            Err(wait) => too_many(wait),
        }
    }
}

/// Returns the same endpoints as routes, for callers within this process.
pub(crate) fn router(base: &Base) -> Router<Arc<App>> {
    let answer = |endpoint: ClientEndpoint| {
        async move |State(app): State<Arc<App>>, recorder: Recorder, address: Address, parts: Parts, body: Bytes| {
            endpoint.answer(&app, Request::from_parts(parts, body), address, &recorder).await
        }
    };
    let of_client = format!("{}/{{client_id}}", base.route("/register"));
    ClientEndpoint::ALL
        .into_iter()
        .fold(Router::new(), |router, (path, endpoint)| router.route(&base.route(path), any(answer(endpoint))))
        .route(&of_client, any(answer(ClientEndpoint::Configuration)))
}

/// Returns the client error, if the refusal is due to the client's credentials.
fn of_client(error: &EndpointError) -> Option<ClientError> {
    match error {
        EndpointError::Client(error) => Some(*error),
        _ => None,
    }
}

pub(crate) fn too_many(Wait { client_id, seconds }: Wait) -> Response<Body> {
    audit(HostEvent::Throttled { client_id, seconds });
    let retry_after = u32::try_from(seconds).unwrap_or(u32::MAX);
    safe(EndpointError::TooManyRequests { retry_after }.into_http(PresentedIn::Body).map(Body::from))
}

/// Adds the one header for safe pages that matters for JSON: no browser may take it for anything else.
pub(crate) fn safe(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
