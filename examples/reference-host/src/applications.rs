//! The pages on which people see and revoke the applications that they allowed, and can end everything.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use grantor::model::{ClientId, Digest, Subject};
use grantor::store::{AsyncGrantStore as _, GrantsOf};
use grantor::{Timestamp, Unavailable};

use crate::audit::{HostEvent, audit};
use crate::base::own;
use crate::exchange::Exchange;
use crate::form::Form;
use crate::interaction::{login_page, with_cookie};
use crate::moment::now;
use crate::pages::{self, Line};
use crate::press::Pressed;
use crate::session::Visit;
use crate::web::{App, unavailable};

/// The path of these pages.
pub(crate) const PATH: &str = "/applications";

/// The number of applications on a page.
const PAGE: usize = 20;

const FORGED: &str = "This form does not belong to your session, or the session has ended. Nothing was changed.";
const UNREADABLE: &str = "The request cannot be read.";
const NOT_ALL: &str = "You are logged out, but what you allowed could not be revoked now, or not all of it. \
                       Please log in and try again.";

/// `GET /applications`, and `?after=…` for those after a client. Asks for a login first if need be.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let now = now();
    let Ok(after) = query.get("after").map(|after| ClientId::parse(after)).transpose() else {
        return pages::message(StatusCode::BAD_REQUEST, UNREADABLE);
    };
    let Ok(mut visit) = app.visit(&headers, now).await else { return unavailable() };
    let Some(login) = visit.login.clone() else {
        return login_page(&app, &mut visit, None, now, StatusCode::OK, None);
    };
    let applications = app.host.store.applications_async(&login.user.subject, after.as_ref(), PAGE, now).await;
    let Ok(applications) = applications else { return unavailable() };
    let lines: Vec<_> = applications.into_iter().map(|application| Line { application }).collect();
    let Ok((csrf, cookie)) = app.sessions.form(&mut visit, &login) else { return unavailable() };
    with_cookie(pages::applications(&login.user, &lines, lines.len() == PAGE, &csrf), cookie)
}

/// `POST /applications/revoke`. Repeating it does no harm: revoked grants stay revoked.
pub(crate) async fn revoke(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    let (form, now) = (Form(&body), now());
    let Ok(visit) = app.visit(&headers, now).await else { return unavailable() };
    let Some(subject) = sender(&app, &visit, &form) else {
        return pages::message(StatusCode::FORBIDDEN, FORGED);
    };
    let Ok(client_id) = ClientId::parse(&form.get("client_id")) else {
        return pages::message(StatusCode::BAD_REQUEST, UNREADABLE);
    };
    // The work is completed even if the browser drops the connection, for a second press, say.
    let work = async move { revoke_all(&app, GrantsOf::SubjectAndClient(subject, client_id), now).await };
    match tokio::spawn(Exchange::carry(work)).await {
        Ok(Ok(())) => pages::see_other(&own(PATH)),
        Ok(Err(_)) | Err(_) => unavailable(),
    }
}

/// `POST /applications/log-out`. The sessions end first, so that no application can be allowed meanwhile.
pub(crate) async fn log_out(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    let now = now();
    let Ok(visit) = app.visit(&headers, now).await else { return unavailable() };
    let Some(key) = app.sessions.key(&headers) else { return pages::see_other(&own("/")) };
    let button = Digest::of("log out");
    let pressed = match &visit.login {
        // The session has ended, by the first press or otherwise: there is nothing left to do.
        None => match app.log_outs.again(key, key, button).await {
            None | Some(Pressed::Before) => return pages::see_other(&own("/")),
            Some(pressed) => pressed,
        },
        Some(_) => {
            let Some(subject) = sender(&app, &visit, &Form(&body)) else {
                return pages::message(StatusCode::FORBIDDEN, FORGED);
            };
            let work = {
                let app = Arc::clone(&app);
                async move { log_out_everywhere(&app, subject, now).await }
            };
            app.log_outs.press(key, key, button, work, |outcome| !matches!(outcome, LoggedOut::Not)).await
        }
    };
    match pressed {
        Pressed::Outcome(LoggedOut::Everywhere) | Pressed::Before => pages::see_other(&own("/")),
        Pressed::Outcome(LoggedOut::NotRevoked) => pages::message(StatusCode::SERVICE_UNAVAILABLE, NOT_ALL),
        Pressed::Outcome(LoggedOut::Not) | Pressed::Broken => unavailable(),
    }
}

/// The progress of a log-out.
#[derive(Clone, Copy, Debug)]
pub enum LoggedOut {
    /// The sessions have ended, and everything is revoked.
    Everywhere,
    /// The sessions have ended.
    NotRevoked,
    /// Nothing has ended.
    Not,
}

async fn log_out_everywhere(app: &App, subject: Subject, now: Timestamp) -> LoggedOut {
    if app.sessions.log_out(&subject).await.is_err() {
        return LoggedOut::Not;
    }
    audit(HostEvent::LoggedOut { subject: subject.clone() });
    match revoke_all(app, GrantsOf::Subject(subject), now).await {
        Ok(()) => LoggedOut::Everywhere,
        Err(_) => LoggedOut::NotRevoked,
    }
}

/// Returns the sender of a form, once it is known to come from a page of theirs.
fn sender(app: &App, visit: &Visit, form: &Form<'_>) -> Option<Subject> {
    app.sessions.sender(visit, &form.get("csrf")).map(|login| login.user.subject.clone())
}

async fn revoke_all(app: &App, of: GrantsOf, now: Timestamp) -> Result<(), Unavailable> {
    let revoked = app.host.store.revoke_grants_async(&of, now).await;
    audit(HostEvent::grants_revoked(&of, &revoked));
    revoked.map(drop)
}
