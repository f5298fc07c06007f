//! The pages: plain HTML without script, and the headers that keep them safe.

use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use grantor::model::{LanguageTag, Resource};
use grantor::record::Asked;
use grantor::server::{Config, DevicePrompt, Prompt};
use grantor::store::Application;
use serde::Deserialize;

use crate::base::own;
use crate::demo::Guide;
use crate::details;
use crate::moment::date;
use crate::pending::{Pending, Waiting};
use crate::sentences::{self, Sentences};
use crate::users::User;

/// The content security policy of all pages: they load nothing but our style sheet, and cannot be framed.
const POLICY: &str = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'";

#[derive(Template)]
#[template(path = "login.html")]
struct Login<'a> {
    client: Option<&'a str>,
    username: &'a str,
    csrf: &'a str,
    request: &'a str,
    error: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    client: &'a str,
    client_id: &'a str,
    is_self_registered: bool,
    client_host: Option<String>,
    returns_to_own_machine: bool,
    user: &'a str,
    scope: Vec<Value<'a>>,
    details: Vec<details::Line>,
    resource: &'a [Resource],
    returns_to: Option<&'a str>,
    device: Option<&'a DevicePrompt>,
    csrf: &'a str,
    request: &'a str,
}

/// A scope value: its sentence, if it has one, and the resources among those of the request that it belongs to.
struct Value<'a> {
    name: &'a str,
    told: Option<sentences::Told<'a>>,
    belongs_to: Vec<&'a str>,
}

/// The words of the consent page.
pub(crate) struct Words<'a> {
    pub(crate) config: &'a Config,
    pub(crate) sentences: &'a Sentences,
    /// The languages of the person, the best one first.
    pub(crate) locales: Vec<String>,
}

/// The parts of a request that a person decides on: one that came by redirect, or that of a device.
pub(crate) struct Consent<'a> {
    client: &'a str,
    client_id: &'a str,
    is_self_registered: bool,
    client_host: Option<String>,
    returns_to_own_machine: bool,
    asked: &'a Asked,
    returns_to: Option<&'a str>,
    device: Option<&'a DevicePrompt>,
}

impl<'a> Consent<'a> {
    /// Returns these parts; `None` if there is nothing to decide.
    pub(crate) fn of(waiting: &'a Waiting) -> Option<Self> {
        let (client, asked) = (waiting.client_name(), waiting.asked()?);
        match waiting {
            Waiting::Prompt(prompt) => Some(Self {
                client,
                client_id: prompt.recipient.client_id.as_str(),
                is_self_registered: prompt.client_is_self_registered,
                client_host: prompt.client_host(),
                returns_to_own_machine: prompt.returns_to_own_machine(),
                asked,
                returns_to: Some(prompt.recipient.redirect_uri.as_str()),
                device: None,
            }),
            Waiting::Device(prompt, _) => Some(Self {
                client,
                client_id: prompt.client_id.as_str(),
                is_self_registered: prompt.client_is_self_registered,
                client_host: prompt.client_host(),
                returns_to_own_machine: false,
                asked,
                returns_to: None,
                device: Some(prompt),
            }),
            Waiting::Refusal(_) => None,
        }
    }

    /// Returns the languages that the client asks for.
    pub(crate) fn ui_locales(&self) -> &[LanguageTag] {
        &self.asked.ui_locales
    }
}

#[derive(Template)]
#[template(path = "device.html")]
struct Device<'a> {
    user_code: &'a str,
    csrf: &'a str,
    error: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "device_decided.html")]
struct DeviceDecided {
    is_approved: bool,
}

#[derive(Template)]
#[template(path = "applications.html")]
struct Applications<'a> {
    user: &'a str,
    lines: &'a [Line],
    goes_on: bool,
    csrf: &'a str,
}

/// An application that somebody allowed.
pub(crate) struct Line {
    pub(crate) application: Application,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    text: &'a str,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    guide: Option<&'a Guide>,
    devices: bool,
    playground: bool,
}

#[derive(Template)]
#[template(path = "demo_callback.html")]
struct DemoCallback<'a> {
    answer: &'a DemoAnswer,
    exchange: Option<String>,
}

/// The parameters of an authorization response, as the demo shows them.
#[derive(Debug, Deserialize)]
pub struct DemoAnswer {
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    state: Option<String>,
    iss: Option<String>,
}

/// The login page, for a client or for one's own pages; with a message after a failure.
pub(crate) fn login(
    status: StatusCode,
    pending: Option<&Pending>,
    csrf: &str,
    request: &str,
    error: Option<&str>,
) -> Response {
    let client = pending.map(|pending| pending.waiting.client_name());
    let username = pending.map(|pending| pending.waiting.login_hint()).unwrap_or_default();
    leads_away(render(status, &Login { client, username, csrf, request, error }))
}

/// The consent page.
pub(crate) fn consent(consent: &Consent<'_>, words: &Words<'_>, csrf: &str, request: &str, user: &User) -> Response {
    let Consent { client, client_id, is_self_registered, returns_to_own_machine, .. } = *consent;
    let Consent { asked, returns_to, device, .. } = *consent;
    let resources = asked.audience.resources();
    let value = |name| {
        let owners = resources.iter().filter(|resource| words.config.scope_of(resource).contains(name));
        let belongs_to = owners.map(Resource::as_str).collect();
        Value { name, told: words.sentences.tell(name, &words.locales), belongs_to }
    };
    let page = ConsentPage {
        client,
        client_id,
        is_self_registered,
        client_host: consent.client_host.clone(),
        returns_to_own_machine,
        user: &user.name,
        scope: asked.scope.tokens().map(value).collect(),
        details: details::lines(&asked.authorization_details),
        resource: resources,
        returns_to,
        device,
        csrf,
        request,
    };
    let page = render(StatusCode::OK, &page);
    if returns_to.is_some() { leads_away(page) } else { page }
}

/// The page where people type in what a device shows; with a message after a failure.
pub(crate) fn device(status: StatusCode, csrf: &str, user_code: &str, error: Option<&str>) -> Response {
    render(status, &Device { user_code, csrf, error })
}

/// The page after a decision about a device. RFC 8628 §3.3: "the server instructs the user to return to their device."
pub(crate) fn device_decided(is_approved: bool) -> Response {
    render(StatusCode::OK, &DeviceDecided { is_approved })
}

/// Leaves out the policy for forms, for a page whose form may lead to a client. Browsers apply `form-action` to every
/// redirect after a form, and the host cannot know where a client redirects its user next.
fn leads_away(mut page: Response) -> Response {
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    page
}

/// The page of the applications that somebody allowed, with a link to the next page if there may be one.
pub(crate) fn applications(user: &User, lines: &[Line], goes_on: bool, csrf: &str) -> Response {
    render(StatusCode::OK, &Applications { user: &user.name, lines, goes_on, csrf })
}

/// A page with one message.
pub(crate) fn message(status: StatusCode, text: &str) -> Response {
    render(status, &Message { text })
}

/// The page at `/`.
pub(crate) fn home(guide: Option<&Guide>, devices: bool, playground: bool) -> Response {
    render(StatusCode::OK, &Home { guide, devices, playground })
}

/// The page that the demo client would have.
pub(crate) fn demo_callback(answer: &DemoAnswer, guide: &Guide) -> Response {
    let exchange = answer.code.as_deref().map(|code| guide.exchange(code));
    render(StatusCode::OK, &DemoCallback { answer, exchange })
}

/// `GET /style.css`
pub(crate) async fn style() -> Response {
    let content_type = HeaderValue::from_static("text/css; charset=utf-8");
    ([(header::CONTENT_TYPE, content_type)], include_str!("../static/style.css")).into_response()
}

/// A redirect that is followed with GET, so that the password of a form goes no further (RFC 9700 §4.12).
pub(crate) fn see_other(location: &str) -> Response {
    match HeaderValue::try_from(location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => message(StatusCode::BAD_REQUEST, "The request cannot be read."),
    }
}

/// Encodes text for a query.
pub(crate) fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Adds the headers of every response. RFC 9700 §4.16: a page in a frame could be clicked on unseen.
pub(crate) fn safe_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    default_header(headers, header::CONTENT_SECURITY_POLICY, content_security_policy());
    default_header(headers, header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    default_header(headers, header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    default_header(headers, header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    default_header(headers, header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn default_header(headers: &mut HeaderMap, name: header::HeaderName, value: HeaderValue) {
    headers.entry(name).or_insert(value);
}

/// The policy of a page whose forms lead nowhere else.
fn content_security_policy() -> HeaderValue {
    HeaderValue::try_from(format!("{POLICY}; form-action 'self'"))
        .unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

impl Line {
    fn name(&self) -> &str {
        self.application.client_name.as_deref().unwrap_or(self.client_id())
    }

    fn client_id(&self) -> &str {
        self.application.client_id.as_str()
    }

    /// Describes the credentials that the application still holds.
    fn holds(&self) -> String {
        let Application { access_tokens, refresh_tokens, expires_at, .. } = self.application;
        // A store may report this for any later time.
        let until = match i64::try_from(expires_at.0) {
            Ok(i64::MAX) | Err(_) => "without end".to_owned(),
            Ok(_) => format!("until {}", date(expires_at)),
        };
        let [access_tokens, refresh_tokens] =
            [counted(access_tokens, "access token"), counted(refresh_tokens, "refresh token")];
        format!("{access_tokens} and {refresh_tokens}, {until}")
    }
}

fn counted(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// Returns a client's name for people.
pub(crate) fn client_name(prompt: &Prompt) -> &str {
    prompt.client_name.as_deref().unwrap_or(prompt.recipient.client_id.as_str())
}

pub(crate) fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
