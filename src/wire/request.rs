//! Requests to another server: for a document, or, to an authorization server's endpoints for clients, forms with the
//! client's authentication ([RFC 6749 §2.3.1], [§3.2.1]).
//!
//! [RFC 6749 §2.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
//! [§3.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2.1

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Uri};
use serde_json::{Map, Value};
use url::form_urlencoded;
use zeroize::Zeroize as _;

use super::request_error::RequestError;
use super::urlencode::append;
use crate::fetch::Fetch;
use crate::model::{ClientId, Endpoint, Secret};

/// Returns the request for a JSON document.
pub(crate) fn get(url: &str) -> Result<Fetch, RequestError> {
    let mut request = Request::new(Vec::new());
    *request.uri_mut() = Uri::try_from(url).map_err(|_| RequestError::Unsendable)?;
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    Ok(Fetch::new(request))
}

/// Returns a request with a JSON object as its body, if there is one, and a bearer token, if there is one
/// ([RFC 6750 §2.1]).
///
/// [RFC 6750 §2.1]: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
pub(crate) fn json_request(
    method: Method,
    url: &str,
    access_token: Option<&Secret<'_>>,
    body: Option<&Map<String, Value>>,
) -> Result<Fetch, RequestError> {
    let mut fetch = get(url)?;
    let request = fetch.request_mut();
    *request.method_mut() = method;
    if let Some(access_token) = access_token {
        let mut header = format!("Bearer {}", access_token.expose());
        let value = HeaderValue::from_str(&header);
        header.zeroize();
        let mut value = value.map_err(|_| RequestError::Unsendable)?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    if let Some(body) = body {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = serde_json::to_vec(body).map_err(|_| RequestError::Unsendable)?;
    }
    Ok(fetch)
}

/// The sender of a request, and its proof.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The client that sends the request.
    pub(crate) client_id: ClientId,
    /// The proof that the client sends.
    pub(crate) authentication: Authentication,
}

/// The authentication of a client: [RFC 6749 §2.3.1], with the names of [RFC 7591 §2].
///
/// [RFC 6749 §2.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
/// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Authentication {
    /// `none`: a public client, which sends its `client_id` and no proof.
    None,
    /// `client_secret_basic`: the secret in the `Authorization` header.
    Basic(Secret<'static>),
    /// `client_secret_post`: the secret in the body. [RFC 6749 §2.3.1]: "NOT RECOMMENDED and SHOULD be limited to
    /// clients unable to directly utilize the HTTP Basic authentication scheme".
    ///
    /// [RFC 6749 §2.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
    Post(Secret<'static>),
}

/// The parameters of a request, encoded; wiped when dropped.
#[derive(Clone, Default)]
pub(crate) struct PostForm(String);

impl PostForm {
    pub(crate) fn new() -> Self {
        // There is room for most requests, so that growing does not leave a part of a secret behind.
        Self(String::with_capacity(1024))
    }

    pub(crate) fn append(&mut self, name: &str, value: &str) {
        self.make_room(3 * (name.len() + value.len()) + 2);
        let text = std::mem::take(&mut self.0);
        self.0 = append(text, 0, [(name, value)]);
    }

    /// Appends the parameters of another form.
    pub(crate) fn append_form(&mut self, other: &Self) {
        if !other.0.is_empty() {
            self.make_room(other.0.len() + 1);
            self.0.push_str(if self.0.is_empty() { "" } else { "&" });
            self.0.push_str(&other.0);
        }
    }

    /// Grows without leaving a copy behind.
    fn make_room(&mut self, further: usize) {
        let needed = self.0.len() + further;
        if needed > self.0.capacity() {
            let grown = String::with_capacity(2 * needed);
            let mut outgrown = std::mem::replace(&mut self.0, grown);
            self.0.push_str(&outgrown);
            outgrown.zeroize();
        }
    }

    pub(crate) fn append_optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.append(name, value);
        }
    }

    /// Returns the request that posts the form, with the sender's credentials. Both copies of the parameters are wiped
    /// when dropped.
    pub(crate) fn post(mut self, endpoint: &Endpoint, sender: &Identity) -> Result<Fetch, RequestError> {
        let mut request = Request::new(Vec::new());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::try_from(endpoint.as_str()).map_err(|_| RequestError::Unsendable)?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        match &sender.authentication {
            Authentication::Basic(secret) => {
                let basic = basic(&sender.client_id, secret).ok_or(RequestError::Unsendable)?;
                headers.insert(AUTHORIZATION, basic);
            }
            // RFC 6749 §3.2.1: "an unauthenticated client MUST send its "client_id" to prevent itself from
            // inadvertently accepting a code intended for a client with a different "client_id"."
            Authentication::None => self.append("client_id", sender.client_id.as_str()),
            Authentication::Post(secret) => {
                self.append("client_id", sender.client_id.as_str());
                self.append("client_secret", secret.expose());
            }
        }
        *request.body_mut() = std::mem::take(&mut self.0).into_bytes();
        Ok(Fetch::new(request))
    }
}

impl fmt::Debug for PostForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = form_urlencoded::parse(self.0.as_bytes()).map(|(name, _)| name.into_owned()).collect();
        f.debug_tuple("PostForm").field(&names).finish()
    }
}

impl Drop for PostForm {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Returns the `Authorization` header. [RFC 6749 §2.3.1]: "The client identifier is encoded using the
/// "application/x-www-form-urlencoded" encoding algorithm per Appendix B, and the encoded value is used as the
/// username; the client password is encoded using the same algorithm and used as the password."
///
/// [RFC 6749 §2.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
fn basic(client_id: &ClientId, client_secret: &Secret<'_>) -> Option<HeaderValue> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let mut credentials = format!("{}:{}", encode(client_id.as_str()), encode(client_secret.expose()));
    let mut header = format!("Basic {}", STANDARD.encode(&credentials));
    credentials.zeroize();
    let value = HeaderValue::from_str(&header).ok();
    header.zeroize();
    value.map(|mut value| {
        value.set_sensitive(true);
        value
    })
}
