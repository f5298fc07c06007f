//! What people see of their own: the applications that they allowed, each to be revoked, and a way to end everything.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use grantor::model::{ClientId, Subject};
use grantor::store::{AsyncGrantStore as _, AsyncStore as _, GrantsOf, Lookup};
use grantor::{Timestamp, Unavailable};

use crate::audit::{HostEvent, audit};
use crate::form::Form;
use crate::interaction::with_cookie;
use crate::moment::now;
use crate::pages::{self, Line};
use crate::session::Session;
use crate::web::{App, unavailable};

/// Where it is.
pub(crate) const PATH: &str = "/applications";

/// How many applications a page has.
const PAGE: usize = 20;

const FORGED: &str = "This form does not belong to your session, or the session has ended. Nothing was changed.";
const UNREADABLE: &str = "The request cannot be read.";
const NOT_ALL: &str = "You are logged out, but what you allowed could not be revoked now, or not all of it. \
                       Please log in and try again.";

/// `GET /applications`, and `?after=…` for those after a client. Whoever has not logged in does so first.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let now = now();
    let Ok(after) = query.get("after").map(|after| ClientId::parse(after)).transpose() else {
        return pages::message(StatusCode::BAD_REQUEST, UNREADABLE);
    };
    let session = |session: &mut Session| (session.person().cloned(), session.csrf().to_owned());
    let Some((login, csrf)) = app.sessions.with(&headers, now, session).and_then(|(login, csrf)| Some((login?, csrf)))
    else {
        let login = |session: &mut Session| pages::login(StatusCode::OK, None, session.csrf(), "", None);
        return with_cookie(app.sessions.visit(&headers, now, login));
    };
    match lines(&app, &login.user.subject, after.as_ref(), now).await {
        Ok(lines) => pages::applications(&login.user, &lines, lines.len() == PAGE, &csrf),
        Err(_) => unavailable(),
    }
}

/// One line per application, with the name that people know it by and what it still holds.
async fn lines(
    app: &App,
    subject: &Subject,
    after: Option<&ClientId>,
    now: Timestamp,
) -> Result<Vec<Line>, Unavailable> {
    let store = &app.host.store;
    let mut lines = Vec::new();
    for application in store.applications_async(subject, after, PAGE, now).await? {
        let found = store.lookup_async(&Lookup::of_client(application.client_id.clone())).await?;
        let client_name = found.client().and_then(|client| client.client_name.clone());
        lines.push(Line { application, client_name });
    }
    Ok(lines)
}

/// `POST /applications/revoke`. It may be sent again: what is revoked stays revoked.
pub(crate) async fn revoke(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    let (form, now) = (Form(&body), now());
    let Some(subject) = sender(&app, &headers, &form, now) else {
        return pages::message(StatusCode::FORBIDDEN, FORGED);
    };
    let Ok(client_id) = ClientId::parse(&form.get("client_id")) else {
        return pages::message(StatusCode::BAD_REQUEST, UNREADABLE);
    };
    match revoke_all(&app, GrantsOf::SubjectAndClient(subject, client_id), now).await {
        Ok(()) => pages::see_other(PATH),
        Err(_) => unavailable(),
    }
}

/// `POST /applications/log-out`. The sessions end first, so that none of them allows anything meanwhile.
pub(crate) async fn log_out(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    let now = now();
    let Some(subject) = sender(&app, &headers, &Form(&body), now) else {
        return pages::message(StatusCode::FORBIDDEN, FORGED);
    };
    app.sessions.log_out(&subject);
    audit(HostEvent::LoggedOut { subject: subject.clone() });
    match revoke_all(&app, GrantsOf::Subject(subject), now).await {
        Ok(()) => pages::see_other("/"),
        Err(_) => pages::message(StatusCode::SERVICE_UNAVAILABLE, NOT_ALL),
    }
}

/// Who sends a form, once it is known to come from a page of their session.
fn sender(app: &App, headers: &HeaderMap, form: &Form<'_>, now: Timestamp) -> Option<Subject> {
    let sender = |session: &mut Session| {
        let login = session.person().filter(|_| session.csrf_matches(&form.get("csrf")));
        login.map(|login| login.user.subject.clone())
    };
    app.sessions.with(headers, now, sender).flatten()
}

async fn revoke_all(app: &App, of: GrantsOf, now: Timestamp) -> Result<(), Unavailable> {
    let revoked = app.host.store.revoke_grants_async(&of, now).await;
    audit(HostEvent::grants_revoked(&of, &revoked));
    revoked.map(drop)
}
