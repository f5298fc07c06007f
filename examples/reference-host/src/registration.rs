//! Clients that register themselves: the registration endpoint (RFC 7591), and each client's configuration endpoint
//! (RFC 7592).

use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use grantor::server::RegistrationError;
use grantor::store::AsyncGrantStore as _;
use playground::Recorder;

use crate::address::Network;
use crate::audit::{HostEvent, audit};
use crate::endpoints::{safe, too_many};
use crate::guesses::Wait;
use crate::moment::{moment, now};
use crate::pages;
use crate::web::{App, unavailable};

/// The number of registrations of one network that cause no wait. They are forgiven after a quarter of an hour.
pub const FREE_REGISTRATIONS: u32 = 20;

/// Answers a request to the registration endpoint. A network that registers too many clients, or sends too many that
/// cannot be registered, is told to wait.
pub(crate) async fn register(
    app: &App,
    request: &Request<Bytes>,
    from: Network,
    recorder: &Recorder,
) -> Response<Body> {
    let attempt = match app.registrations.begin(from, None).await {
        Ok(attempt) => attempt,
        Err(seconds) => return too_many(Wait { client_id: None, seconds }),
    };
    let Ok(moment) = moment() else { return pages::safe_headers(unavailable()) };
    let host = recorder.server(&app.host, "Register");
    let reply = app.server().register(request, moment).run_async(&host).await;
    audit(reply.event());
    match reply.result() {
        // Nothing was registered or judged: a preflight, an outage, an endpoint that is not there.
        Err(RegistrationError::Endpoint(_)) => attempt.withdraw(),
        _ => drop(attempt),
    }
    safe(reply.into_http().map(Body::from))
}

/// Answers a request to a client configuration endpoint. What a deleted client was granted is revoked before it is
/// told.
pub(crate) async fn configure(app: &App, request: &Request<Bytes>, recorder: &Recorder) -> Response<Body> {
    let Ok(moment) = moment() else { return pages::safe_headers(unavailable()) };
    let host = recorder.server(&app.host, "Configure");
    let server = app.server();
    let reply = server.configure(request, moment).run_async(&host).await;
    audit(reply.event());
    if let Some(grants) = reply.grants_to_end() {
        let revoked = app.host.store.revoke_grants_async(&grants, now()).await;
        audit(HostEvent::grants_revoked(&grants, &revoked));
        if revoked.is_err() {
            return pages::safe_headers(unavailable());
        }
    }
    safe(reply.into_http().map(Body::from))
}
