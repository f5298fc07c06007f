//! The response of another server: read with tolerance for common deviations, and refused with the facts that help to
//! find the cause.

use std::borrow::Cow;

use http::{HeaderMap, Response, header};
use serde::de::DeserializeOwned;
use zeroize::Zeroize as _;

use super::excerpt::{excerpt, excerpt_of_prose, excerpt_of_url, peer_text};
use super::fault::Fault;
use super::form::Form;
use super::further::Further;
use super::members::{Member, RawMembers, fault};
use super::refusal::Refusal;
use super::request_error::{ErrorResponse, RequestError};
use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::Timestamp;

/// A response whose status is not judged yet.
pub(crate) struct ServerAnswer {
    /// The response. Its body is a text: bytes that are not UTF-8 are replaced, and a form is rewritten as JSON.
    response: Response<Vec<u8>>,
    media: Media,
    /// The reason why the body was not a text.
    not_text: Option<Fault>,
    retry_after: Option<u32>,
}

/// The media type of the body.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Media {
    Json,
    Form,
    Other,
}

impl ServerAnswer {
    /// Takes a response that is neither a redirect nor too long.
    pub(crate) fn new(answer: Answer<Fetch>) -> Result<Self, RequestError> {
        Self::received(answer, None)
    }

    /// The same for a request that was sent at this time, from which a date in `Retry-After` is counted.
    pub(crate) fn asked_at(answer: Answer<Fetch>, time: Timestamp) -> Result<Self, RequestError> {
        Self::received(answer, Some(time))
    }

    fn received(answer: Answer<Fetch>, asked_at: Option<Timestamp>) -> Result<Self, RequestError> {
        let response = answer?;
        let (media, retry_after) = (media(response.headers()), retry_after(response.headers(), asked_at));
        let mut answer = Self { response, media, not_text: None, retry_after };
        if answer.response.status().is_redirection() {
            return Err(answer.redirect());
        }
        if answer.response.body().len() > Fetch::MAX_RESPONSE_LEN {
            return Err(answer.unusable(Fault::TooLong));
        }
        // RFC 8259 §8.1: "JSON text [...] MUST be encoded using UTF-8".
        if let Err(error) = std::str::from_utf8(answer.response.body()) {
            answer.not_text = Some(error.error_len().map_or(Fault::Truncated, |_| Fault::NotJson));
            let text = String::from_utf8_lossy(answer.response.body()).into_owned();
            answer.replace_body(text);
        }
        if media == Media::Form {
            // A truncated form still parses, unlike a truncated JSON object, so only here the length is checked. If a
            // content coding was undone, the length is that of the coded body; a browser hides the coding but still
            // shows the length.
            let headers = answer.response.headers();
            let announced = header_text(headers, header::CONTENT_LENGTH).and_then(|text| text.trim().parse().ok());
            let is_short = announced.is_some_and(|announced: usize| announced > answer.response.body().len());
            if is_short && !headers.contains_key(header::CONTENT_ENCODING) {
                return Err(answer.unusable(Fault::Truncated));
            }
            let text = form_as_json(answer.text());
            answer.replace_body(text.unwrap_or_default());
        }
        Ok(answer)
    }

    /// Reads the JSON object of a successful response. Tolerated: any success status for 200; a missing media type,
    /// `text/plain`, or any kind of JSON; parameters of the media type; a byte order mark. An `error` in the object is
    /// a refusal whatever the status.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, RequestError> {
        self.read(self.not_text)
    }

    /// The same for a document, in which bytes that are not UTF-8 are tolerated, since they may be in a text for
    /// people.
    pub(crate) fn document<T: DeserializeOwned>(&self) -> Result<T, RequestError> {
        self.read(None)
    }

    /// Reads the JSON object of a successful response, unless this fault was found.
    fn read<T: DeserializeOwned>(&self, wrong: Option<Fault>) -> Result<T, RequestError> {
        let members = self.judged()?;
        if self.media != Media::Json {
            return Err(self.unusable(Fault::NotJson));
        }
        let read = || {
            members.map(drop)?;
            wrong.map_or(Ok(()), Err)?;
            serde_json::from_str(self.text()).map_err(fault)
        };
        read().map_err(|fault| self.unusable(fault))
    }

    /// Reads the members of a successful response. Tolerated in addition: a form in place of an object; members that
    /// cannot be read, as long as the object can.
    pub(crate) fn members(&self, of_any_type: bool) -> Result<RawMembers<'_>, RequestError> {
        let members = self.judged()?;
        if self.media == Media::Other && !of_any_type {
            return Err(self.unusable(Fault::NotJson));
        }
        members.map_err(|fault| self.unusable(self.not_text.unwrap_or(fault)))
    }

    /// Reads the JSON object of a response with a success status, even if it has an `error`.
    pub(crate) fn successful<T: DeserializeOwned>(&self) -> Option<T> {
        // Serde would accept an array for an object whose members have lost their names.
        let is_object = self.text().trim_start().starts_with('{');
        let is_sound = self.response.status().is_success() && self.media == Media::Json && self.not_text.is_none();
        if is_object && is_sound { serde_json::from_str(self.text()).ok() } else { None }
    }

    /// Checks that the server did what was asked.
    pub(crate) fn check(&self) -> Result<(), RequestError> {
        self.judged().map(drop)
    }

    /// Returns the members, if the server did what was asked. A refusal is read whatever the media type: the server may
    /// send it as a page for people, and its code still tells that a token is dead.
    fn judged(&self) -> Result<Result<RawMembers<'_>, Fault>, RequestError> {
        let status = self.response.status();
        let members = RawMembers::of(self.text());
        let refusal = members.as_ref().map(|members| Refusal::of(members, status.is_success())).unwrap_or_default();
        if let Some(error) = refusal.error {
            let known = ["error", "error_description", "error_uri"];
            let further = members.as_ref().map(|members| Further::than(&known, members)).unwrap_or_default();
            return Err(RequestError::Refused(ErrorResponse {
                status,
                error: peer_text(&error),
                error_description: refusal.error_description.as_deref().map(peer_text),
                error_uri: refusal.error_uri.as_deref().map(excerpt_of_url),
                retry_after: self.retry_after,
                further,
            }));
        }
        if !status.is_success() {
            let excerpt = refusal.error_description.as_deref().map(excerpt_of_prose);
            let excerpt = excerpt.unwrap_or_else(|| excerpt_of(&self.response));
            let (fault, retry_after) = (Fault::Status, self.retry_after);
            return Err(RequestError::Unusable { fault, status, excerpt, retry_after });
        }
        let is_ambiguous = |members: &RawMembers<'_>| matches!(members.get("error"), Member::Ambiguous);
        Ok(members.and_then(|members| if is_ambiguous(&members) { Err(Fault::Malformed) } else { Ok(members) }))
    }

    /// Returns the error for a response that cannot be used.
    pub(crate) fn unusable(&self, fault: Fault) -> RequestError {
        // A missing member may be one that could not be read.
        let is_reading = matches!(fault, Fault::Malformed | Fault::Missing(_));
        let fault = self.not_text.filter(|_| is_reading).unwrap_or(fault);
        let (excerpt, status) = (excerpt_of(&self.response), self.response.status());
        RequestError::Unusable { fault, status, excerpt, retry_after: self.retry_after }
    }

    fn redirect(&self) -> RequestError {
        let location = header_text(self.response.headers(), header::LOCATION).unwrap_or_default();
        let (fault, status) = (Fault::Redirect, self.response.status());
        RequestError::Unusable { fault, status, excerpt: excerpt_of_url(location), retry_after: None }
    }

    fn text(&self) -> &str {
        let body = std::str::from_utf8(self.response.body()).unwrap_or_default();
        body.strip_prefix('\u{FEFF}').unwrap_or(body)
    }

    fn replace_body(&mut self, text: String) {
        std::mem::replace(self.response.body_mut(), text.into_bytes()).zeroize();
    }
}

/// Wipes the response, which may hold tokens.
impl Drop for ServerAnswer {
    fn drop(&mut self) {
        self.response.body_mut().zeroize();
    }
}

fn excerpt_of(response: &Response<Vec<u8>>) -> String {
    excerpt(response.body())
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn media(headers: &HeaderMap) -> Media {
    let content_type = header_text(headers, header::CONTENT_TYPE).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        "" | "text/plain" => Media::Json,
        "application/x-www-form-urlencoded" => Media::Form,
        text if text.ends_with("/json") || text.ends_with("+json") => Media::Json,
        _ => Media::Other,
    }
}

/// Returns a JSON object with the content of a form. No copy of a token is left behind.
fn form_as_json(form: &str) -> Option<String> {
    let pairs = Form::new(form.as_bytes()).ok()?.pairs();
    // There is room for the longest possible result, so that the buffer does not grow.
    let mut json = Vec::with_capacity(12 * form.len() + 2);
    json.push(b'{');
    for (name, value) in pairs {
        json.extend((json.len() > 1).then_some(b','));
        serde_json::to_writer(&mut json, &name).ok()?;
        json.push(b':');
        serde_json::to_writer(&mut json, &value).ok()?;
        if let Some(Cow::Owned(mut decoded)) = value {
            decoded.zeroize();
        }
    }
    json.push(b'}');
    String::from_utf8(json).ok()
}

/// Returns the seconds after which to ask again. [RFC 9110 §10.2.3]: `Retry-After = HTTP-date / delay-seconds`. A date
/// counts from the response's own `Date`, which is of the same clock, or else from the time of the request.
///
/// [RFC 9110 §10.2.3]: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
fn retry_after(headers: &HeaderMap, asked_at: Option<Timestamp>) -> Option<u32> {
    let text = header_text(headers, header::RETRY_AFTER)?.trim();
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        // Past the end of the range, `as` saturates.
        return text.parse().ok().map(|seconds: f64| seconds.ceil() as u32);
    }
    let time = |text: &str| httpdate::parse_http_date(text.trim()).ok().map(Timestamp::from);
    let from = header_text(headers, header::DATE).and_then(time).or(asked_at)?;
    let seconds = time(text)?.0.saturating_sub(from.0);
    Some(u32::try_from(seconds).unwrap_or(u32::MAX))
}
