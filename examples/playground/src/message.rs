//! HTTP messages as steps: their parameters, each with a phrase, and their text with shortened secrets.

use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use grantor::client::Challenge;
use serde_json::{Map, Value};

use crate::CALLBACK;
use crate::meaning::{Place, meaning};
use crate::shorten;
use crate::trace::{Detail, Kind, Lane, Sender, Step};

/// The most parameters of a message that are shown, since a stranger may have written it.
const MAX_DETAILS: usize = 40;
const MAX_MESSAGE: usize = 8 * 1024;

/// The headers that are shown.
const SHOWN: [HeaderName; 10] = [
    header::AUTHORIZATION,
    header::WWW_AUTHENTICATE,
    header::LOCATION,
    header::CONTENT_TYPE,
    header::ACCEPT,
    header::CACHE_CONTROL,
    header::RETRY_AFTER,
    header::ALLOW,
    header::COOKIE,
    header::SET_COOKIE,
];

/// Describes a request as a step.
pub(crate) fn request(
    sender: Sender,
    to: Lane,
    (method, uri, headers): (&Method, &Uri, &HeaderMap),
    body: &[u8],
) -> Step {
    let mut details = header_details(Place::Request, headers);
    details.extend(form_details(Place::Request, uri.query().unwrap_or_default()));
    if is(headers, "application/x-www-form-urlencoded") {
        let place = match sender.lane {
            // The answer of the authorization server, which the browser posts.
            Lane::Browser if uri.path() == CALLBACK => Place::Redirect,
            Lane::Browser => Place::Form,
            _ => Place::Request,
        };
        details.extend(form_details(place, &String::from_utf8_lossy(body)));
    }
    if let Some(Value::Object(members)) = json(headers, body) {
        details.extend(member_details(Place::Request, members));
    }
    details.truncate(MAX_DETAILS);
    let fetch = if sender.by_fetch { "Fetch: " } else { "" };
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let first = format!("{method} {} HTTP/1.1", shorten::location(target));
    Step {
        from: sender.lane,
        to,
        kind: Kind::Request,
        label: format!("{fetch}{method} {}", shorten::bounded(uri.path())),
        details,
        message: Some(text(first, headers, body)),
    }
}

/// Describes what a client draws for the request with this form, before it sends it.
pub(crate) fn drawn(form: &[u8]) -> Step {
    let form = String::from_utf8_lossy(form);
    let kept = detail(Place::Request, "code_verifier", "…".to_owned());
    let kept = Detail { meaning: "stays with the client until the end", ..kept };
    let sent = form_details(Place::Request, &form).filter(|sent| matches!(&*sent.name, "code_challenge" | "state"));
    let details = [kept].into_iter().chain(sent).collect();
    let label = "Draws the secrets of this transaction".to_owned();
    Step { from: Lane::Client, to: Lane::Client, kind: Kind::Alone, label, details, message: None }
}

/// Describes a response as a step.
pub(crate) fn response(from: Lane, to: Lane, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Step {
    let mut details = header_details(Place::Response, headers);
    let mut label = status.to_string();
    if let Some(location) = headers.get(header::LOCATION).and_then(|value| value.to_str().ok()) {
        let (target, parameters) = location.split_once(['?', '#']).unwrap_or((location, ""));
        label = format!("{label}, to {}", shorten::bounded(path(target)));
        // A redirect to the authorization server carries the client's request.
        let is_request = parameters.contains("response_type=") || parameters.contains("request_uri=");
        let place = if is_request { Place::Request } else { Place::Redirect };
        details.extend(form_details(place, parameters));
    } else if let Some(Value::Object(members)) = json(headers, body) {
        details.extend(member_details(Place::Response, members));
    } else if let Some(title) = title(headers, body) {
        label = format!("{label}, the page “{title}”");
    }
    details.truncate(MAX_DETAILS);
    let message = Some(text(format!("HTTP/1.1 {status}"), headers, body));
    Step { from, to, kind: Kind::Response, label, details, message }
}

fn detail(place: Place, name: &str, value: String) -> Detail {
    Detail { name: shorten::bounded(name), value, meaning: meaning(place, name) }
}

fn form_details(place: Place, form: &str) -> impl Iterator<Item = Detail> {
    form_urlencoded::parse(form.as_bytes())
        .filter(|(_, value)| !value.is_empty())
        .map(move |(name, value)| detail(place, &name, shorten::parameter(&name, &value)))
}

fn member_details(place: Place, members: Map<String, Value>) -> impl Iterator<Item = Detail> {
    members.into_iter().map(move |(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        detail(place, &name, shorten::bounded(&value))
    })
}

/// The headers that OAuth gives a meaning.
fn header_details(place: Place, headers: &HeaderMap) -> Vec<Detail> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let value = value.map(|value| header_value(&header::AUTHORIZATION, value));
    let authorization = value.map(|value| detail(place, "authorization", value));
    authorization.into_iter().chain(Challenge::of(headers).into_iter().flat_map(challenge_details)).collect()
}

fn challenge_details(challenge: Challenge) -> Vec<Detail> {
    let Challenge { error, error_description, scope, resource_metadata, .. } = challenge;
    let parameters = [
        ("www-authenticate", Some("Bearer".to_owned())),
        ("error", error),
        ("error_description", error_description),
        ("scope", scope.map(|scope| scope.to_string())),
        ("resource_metadata", resource_metadata.map(|place| place.as_str().to_owned())),
    ];
    let present = parameters.into_iter().filter_map(|(name, value)| value.map(|value| (name, value)));
    present.map(|(name, value)| detail(Place::Challenge, name, shorten::bounded(&value))).collect()
}

fn header_value(name: &HeaderName, value: &str) -> String {
    match *name {
        header::AUTHORIZATION => match value.split_once(' ') {
            // The secret, in base64 with the client's id before it.
            Some(("Basic", _)) => "Basic ••••••".to_owned(),
            Some((scheme, token)) => format!("{} {}", shorten::bounded(scheme), shorten::secret(token)),
            None => "…".to_owned(),
        },
        header::COOKIE => value.split(';').map(cookie).collect::<Vec<_>>().join("; "),
        header::SET_COOKIE => cookie(value),
        header::LOCATION => shorten::location(value),
        _ => value.chars().take(400).collect(),
    }
}

/// Shows a cookie's name, and its attributes if it is being set.
fn cookie(text: &str) -> String {
    let (pair, attributes) = text.split_once(';').map_or((text, ""), |(pair, rest)| (pair, rest));
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let separator = if attributes.is_empty() { "" } else { ";" };
    format!("{}={}{separator}{}", name.trim(), shorten::secret(value), shorten::bounded(attributes))
}

/// Shows a message as it is on the wire, except that secrets are shortened and a form is broken into lines.
fn text(first: String, headers: &HeaderMap, body: &[u8]) -> String {
    let mut text = first;
    for name in &SHOWN {
        for value in headers.get_all(name) {
            text.push_str(&format!("\n{name}: {}", header_value(name, value.to_str().unwrap_or_default())));
        }
    }
    let body = if is(headers, "application/x-www-form-urlencoded") {
        shorten::form(&String::from_utf8_lossy(body))
    } else if let Some(value) = json(headers, body) {
        serde_json::to_string_pretty(&value).unwrap_or_default()
    } else if let Some(title) = title(headers, body) {
        format!("(a page for a person: {title})")
    } else {
        return cut(text);
    };
    cut(format!("{text}\n\n{body}"))
}

/// Cuts a message to the length that is shown.
fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_MESSAGE) {
        text.truncate(end);
        text.push('…');
    }
    text.shrink_to_fit();
    text
}

fn is(headers: &HeaderMap, kind: &str) -> bool {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| value.starts_with(kind))
}

fn json(headers: &HeaderMap, body: &[u8]) -> Option<Value> {
    is(headers, "application/json").then(|| serde_json::from_slice(body).ok().map(shorten::json)).flatten()
}

fn title(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    if !is(headers, "text/html") {
        return None;
    }
    let page = std::str::from_utf8(body).ok()?;
    let (_, rest) = page.split_once("<title>")?;
    rest.split_once("</title>").map(|(title, _)| shorten::bounded(title))
}

/// Returns the path of an address.
fn path(target: &str) -> &str {
    let rest = target.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
    rest.unwrap_or(target)
}
