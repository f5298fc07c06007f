//! The page where people type in the code that a device shows: RFC 8628 §3.3.
//!
//! A code that came with the link of a QR code stands in the field already, and the person confirms it. Then they log
//! in and decide as always, in this browser and in no other.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use grantor::model::Digest;
use grantor::server::{DeviceDecisionReply, DevicePageError, VerifyUserCodeReply};
use playground::Recorder;

use crate::address::{Address, Network};
use crate::audit::{HostEvent, audit};
use crate::form::Form;
use crate::interaction::{self, with_cookie};
use crate::moment::{moment, now};
use crate::pages;
use crate::pending::Waiting;
use crate::session::Visit;
use crate::throttle::{Attempt, Throttle};
use crate::web::{App, not_found, unavailable};

/// The path of the page.
pub(crate) const PATH: &str = "/device";

/// The number of wrong codes that a browser may send before it has to wait. RFC 8628 §5.1 counts with five.
const FREE_FAILURES: u32 = 5;

/// The number of wrong codes that may come from an address, where more people than one may be.
const FREE_FAILURES_AT_AN_ADDRESS: u32 = 20;

/// The longest text that is read as a user code.
const MAX_LEN: usize = 64;

const OTHER_PAGE: &str = "This page was not the one that you opened last. Please try again.";

/// A count of wrong user codes, by browser and by address. RFC 8628 §5.1: "it is recommended that the server rate-limit
/// user code attempts."
#[derive(Debug)]
pub struct UserCodeGuesses {
    here: Throttle<Digest>,
    at_the_address: Throttle<Network>,
}

impl Default for UserCodeGuesses {
    fn default() -> Self {
        Self { here: Throttle::new(FREE_FAILURES), at_the_address: Throttle::new(FREE_FAILURES_AT_AN_ADDRESS) }
    }
}

impl UserCodeGuesses {
    /// Begins an attempt in both counts.
    ///
    /// # Errors
    /// Too many have failed: no code is looked up for this many seconds.
    async fn begin(&self, browser: &str, from: Network) -> Result<(Attempt<Digest>, Attempt<Network>), u64> {
        let at_the_address = self.at_the_address.begin(from, None).await?;
        match self.here.begin(Digest::of(browser), None).await {
            Ok(here) => Ok((here, at_the_address)),
            Err(seconds) => {
                at_the_address.withdraw();
                Err(seconds)
            }
        }
    }
}

/// `GET /device`, and `?user_code=…` with a code to be confirmed.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    if app.server().config().device.is_none() {
        return not_found().await;
    }
    let Ok(mut visit) = app.visit(&headers, now()).await else { return unavailable() };
    let user_code = query.get("user_code").map(|typed| shortened(typed)).unwrap_or_default();
    page(&app, &mut visit, StatusCode::OK, user_code, None)
}

fn shortened(typed: &str) -> &str {
    typed.char_indices().nth(MAX_LEN).and_then(|(end, _)| typed.get(..end)).unwrap_or(typed)
}

/// Returns the page, with a code in its field and an error, if there is one.
fn page(app: &App, visit: &mut Visit, status: StatusCode, user_code: &str, error: Option<&str>) -> Response {
    match app.sessions.login_form(visit) {
        Ok((csrf, cookie)) => with_cookie(pages::device(status, &csrf, user_code, error), cookie),
        Err(_) => unavailable(),
    }
}

/// `POST /device`.
pub(crate) async fn enter(
    State(app): State<Arc<App>>,
    address: Address,
    recorder: Recorder,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if app.server().config().device.is_none() {
        return not_found().await;
    }
    let Ok(moment) = moment() else { return unavailable() };
    let Ok(mut visit) = app.visit(&headers, moment.now()).await else { return unavailable() };
    let form = Form(&body);
    let typed = form.get("user_code");
    let user_code = shortened(&typed);
    // Without the cookie this may be a form on another site, which would have somebody approve a device of its choice.
    let browser = visit.browser.clone().filter(|_| app.sessions.is_login_form_of(&visit, &form.get("csrf")));
    let Some(browser) = browser else {
        return page(&app, &mut visit, StatusCode::FORBIDDEN, user_code, Some(OTHER_PAGE));
    };
    let (here, at_the_address) = match app.user_code_guesses.begin(&browser, address.network()).await {
        Ok(attempts) => attempts,
        Err(seconds) => {
            audit(HostEvent::Throttled { client_id: None, seconds });
            let told = format!("There were too many wrong codes. Please wait {seconds} seconds and try again.");
            let mut page = page(&app, &mut visit, StatusCode::TOO_MANY_REQUESTS, user_code, Some(&told));
            page.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            return page;
        }
    };
    let host = app.host_for_clients();
    let host = recorder.server(&host, "VerifyUserCode");
    let reply = app.server().verify_user_code(user_code, moment).run_async(&host).await;
    audit(reply.event());
    match reply {
        VerifyUserCodeReply::Ask(prompt) => {
            // One right code says nothing about the guesses of others at this address, nor about one's own.
            here.withdraw();
            at_the_address.withdraw();
            interaction::ask(&app, &recorder, &headers, Waiting::Device(prompt, browser)).await
        }
        VerifyUserCodeReply::Refuse(error) => {
            if !error.is_guess() {
                here.withdraw();
                at_the_address.withdraw();
            }
            page(&app, &mut visit, error.status(), user_code, Some(&told(&error)))
        }
    }
}

/// Returns the page after a decision.
pub(crate) fn decided(reply: &DeviceDecisionReply) -> Response {
    match reply.is_approved() {
        Ok(is_approved) => pages::device_decided(is_approved),
        Err(error) => pages::message(error.status(), &told(error)),
    }
}

fn told(error: &DevicePageError) -> String {
    let text = error.description();
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}
