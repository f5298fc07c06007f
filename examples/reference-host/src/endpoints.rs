//! The endpoints that clients call: token, introspection and revocation.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::any;
use grantor::FormError;
use grantor::server::{ClientAuthentication, ClientError, EndpointError, PresentedIn, RevokeError, TokenError};
use playground::Recorder;

use crate::address::{Address, Network};
use crate::audit::{HostEvent, audit, count};
use crate::base::Base;
use crate::guesses::Guess;
use crate::log;
use crate::moment::moment;
use crate::web::{App, unavailable};

/// An endpoint that clients call. Whatever the method: grantor knows which it takes, and words the refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientEndpoint {
    /// RFC 6749 §3.2.
    Token,
    /// RFC 7662.
    Introspection,
    /// RFC 7009.
    Revocation,
}

impl ClientEndpoint {
    const ALL: [(&str, Self); 3] =
        [("/token", Self::Token), ("/introspect", Self::Introspection), ("/revoke", Self::Revocation)];

    /// The endpoint at a path below the issuer's.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(at, _)| *at == path).map(|(_, endpoint)| endpoint)
    }

    /// Answers a request. It may be a guess at a client's secret: whoever has failed too often is told to wait.
    pub(crate) async fn answer(
        self,
        app: &App,
        request: &Request<Bytes>,
        from: Network,
        recorder: &Recorder,
    ) -> Response<Body> {
        let is_familiar = app.client_guesses.is_familiar(request.headers(), from);
        let guess = match is_familiar {
            true => None,
            false => match begin(app, request, from).await {
                Ok(guess) => guess,
                Err(wait) => return wait,
            },
        };
        let Ok(moment) = moment() else { return unavailable() };
        let (response, outcome) = match self {
            Self::Token => {
                let host = app.host_for(from);
                let reply = app.server().token(request, moment).run_async(&recorder.server(&host, "Token")).await;
                audit(reply.event());
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
                    // There are many of them.
                    Ok(_) if !log::introspections() => count("introspected"),
                    _ => audit(reply.event()),
                }
                let outcome = reply.result().map(drop).map_err(of_client);
                (reply.into_http(), outcome)
            }
            Self::Revocation => {
                let host = recorder.server(&app.host, "Revoke");
                let reply = app.server().revoke(request, moment).run_async(&host).await;
                audit(reply.event());
                let outcome = reply.result().map_err(|error| match error {
                    RevokeError::Endpoint(error) => of_client(error),
                    _ => None,
                });
                (reply.into_http(), outcome)
            }
        };
        let ended = match guess {
            // What was right before may be wrong by now. Then it counts after all.
            None if is_familiar && outcome.is_err() => {
                app.client_guesses.learn(request.headers(), from, false);
                match begin(app, request, from).await {
                    Ok(Some(guess)) => end(guess, outcome).await,
                    Ok(None) => Ok(()),
                    Err(wait) => Err(wait),
                }
            }
            None => Ok(()),
            Some(guess) => {
                app.client_guesses.learn(request.headers(), from, outcome.is_ok());
                end(guess, outcome).await
            }
        };
        match ended {
            Ok(()) => safe(response.map(Body::from)),
            Err(wait) => wait,
        }
    }
}

/// The same as routes, for whoever calls them within this process.
pub(crate) fn router(base: &Base) -> Router<Arc<App>> {
    let answer = |endpoint: ClientEndpoint| {
        async move |State(app): State<Arc<App>>,
                    recorder: Recorder,
                    address: Address,
                    parts: Parts,
                    body: Result<Bytes, BytesRejection>| match body {
            Ok(body) => endpoint.answer(&app, &Request::from_parts(parts, body), address.network(), &recorder).await,
            Err(rejection) => refused(rejection),
        }
    };
    ClientEndpoint::ALL
        .into_iter()
        .fold(Router::new(), |router, (path, endpoint)| router.route(&base.route(path), any(answer(endpoint))))
}

/// Because of what the client presented, if that is why.
fn of_client(error: &EndpointError) -> Option<ClientError> {
    match error {
        EndpointError::Client(error) => Some(*error),
        _ => None,
    }
}

/// Begins with the secret that a request presents; `None` if it presents none.
async fn begin(app: &App, request: &Request<Bytes>, from: Network) -> Result<Option<Guess>, Response<Body>> {
    let Ok(presented) = ClientAuthentication::of(request) else { return Ok(None) };
    let begun = app.client_guesses.begin(&presented, from).await;
    begun.map_err(|seconds| too_many(Some(&presented), seconds))
}

/// Tells how it ended. Whoever makes clients up may have to wait then.
async fn end(guess: Guess, outcome: Result<(), Option<ClientError>>) -> Result<(), Response<Body>> {
    match outcome {
        Ok(()) => {
            guess.succeeded();
            Ok(())
        }
        Err(because_of) => guess.refused(because_of).await.map_err(|seconds| too_many(None, seconds)),
    }
}

fn too_many(presented: Option<&ClientAuthentication<'_>>, seconds: u64) -> Response<Body> {
    audit(HostEvent::Throttled { client_id: presented.map(|presented| presented.client_id.clone()), seconds });
    let retry_after = u32::try_from(seconds).unwrap_or(u32::MAX);
    safe(EndpointError::TooManyRequests { retry_after }.into_http(PresentedIn::Body).map(Body::from))
}

/// What axum refused in grantor's place, in OAuth's words.
fn refused(rejection: BytesRejection) -> Response<Body> {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            safe(EndpointError::from(FormError::TooLong).into_http(PresentedIn::Body).map(Body::from))
        }
        _ => rejection.into_response(),
    }
}

/// Of the headers that keep pages safe, the one that says something about JSON: no browser is to take it for anything else.
fn safe(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
