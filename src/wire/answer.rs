//! What another server answered: read with the tolerance that the world asks for, refused with what one needs to know.

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

/// A server's answer, for which nothing but a failure speaks yet.
pub(crate) struct ServerAnswer {
    /// Its body is text: what is not UTF-8 was replaced, and a form was written as JSON.
    response: Response<Vec<u8>>,
    media: Media,
    /// Why the body was no text.
    not_text: Option<Fault>,
    retry_after: Option<u32>,
}

/// What the body is said to be.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Media {
    Json,
    Form,
    Other,
}

impl ServerAnswer {
    /// Takes an answer that is neither a redirect nor too long.
    pub(crate) fn new(answer: Answer<Fetch>) -> Result<Self, RequestError> {
        Self::received(answer, None)
    }

    /// The same, of a request that was sent at this time, by which a date in `Retry-After` says something.
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
            // What is left of a form that was cut short is a form; what is left of a JSON object is none, so only here
            // the length counts. Where a coding was undone, the length was another's; a browser hides that there was
            // one, and shows the length.
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

    /// The JSON object of a successful response. Tolerated: any status of success for 200; `error` with such a status,
    /// which is a refusal all the same; a media type that is missing, `text/plain`, or of any JSON; parameters of the
    /// media type; a byte order mark.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, RequestError> {
        self.read(self.not_text)
    }

    /// The same of a document, in which a byte that is no UTF-8 is one that nobody can read, and no more: it may stand
    /// in a text for people.
    pub(crate) fn document<T: DeserializeOwned>(&self) -> Result<T, RequestError> {
        self.read(None)
    }

    /// The JSON object of a successful response in which nothing else is wrong.
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

    /// The members of a successful response. Tolerated beside the same: an object in the form of a form; members that
    /// cannot be read, as long as the object can.
    pub(crate) fn members(&self, of_any_type: bool) -> Result<RawMembers<'_>, RequestError> {
        let members = self.judged()?;
        if self.media == Media::Other && !of_any_type {
            return Err(self.unusable(Fault::NotJson));
        }
        members.map_err(|fault| self.unusable(self.not_text.unwrap_or(fault)))
    }

    /// The JSON object of a response with a status of success, whatever `error` is in it.
    pub(crate) fn successful<T: DeserializeOwned>(&self) -> Option<T> {
        // Serde would take an array for an object whose members have lost their names.
        let is_object = self.text().trim_start().starts_with('{');
        let is_sound = self.response.status().is_success() && self.media == Media::Json && self.not_text.is_none();
        if is_object && is_sound { serde_json::from_str(self.text()).ok() } else { None }
    }

    /// Whether the server did what was asked, whatever it says beside that.
    pub(crate) fn check(&self) -> Result<(), RequestError> {
        self.judged().map(drop)
    }

    /// What there is to read, if the server did what was asked. Why it did not is read whatever the media type: it may
    /// be that of a page for people, and the code that a token is dead all the same.
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

    /// The error for a response that is not what it should be.
    pub(crate) fn unusable(&self, fault: Fault) -> RequestError {
        // What is not there may be what was not to be read.
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

/// A response may hold tokens.
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

/// The JSON object that says what a form says. No copy of a token is left behind.
fn form_as_json(form: &str) -> Option<String> {
    let pairs = Form::new(form.as_bytes()).ok()?.pairs();
    // Room for the longest that there may be, so that it does not grow.
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

/// In how many seconds to ask again. RFC 9110 §10.2.3: `Retry-After = HTTP-date / delay-seconds`. A date counts from
/// the response's own `Date`, whose clock is the same, or else from when the request was sent.
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
