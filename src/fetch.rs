//! The effect of sending an HTTP request, which is a plain value.

use std::fmt;

use http::{Request, Response};
use zeroize::Zeroize as _;

use crate::effect::{Answer, Effect, Unavailable};

/// Send this request and bring back the response, whatever its status.
///
/// Four things are the host's part:
///
/// - It checks the server's TLS certificate. [OAuth 2.1 §1.5]: "TLS certificates MUST be checked".
/// - It follows no redirect: the request may carry credentials. The machine refuses a redirect, and its error says
///   where it led.
/// - It stops reading one byte after [`Fetch::MAX_RESPONSE_LEN`], so that the machine can tell a body that is too long.
/// - It keeps requests away from internal addresses. URLs come from metadata documents and challenges, and in the Model
///   Context Protocol from strangers; a client of unknown servers must block internal addresses ([RFC 9728 §7.7],
///   "Server-Side Request Forgery"). The machines refuse plain http except to a loopback host, and accept a loopback
///   host only if a document on that host names it. Only the host can see the address behind an `https` name: it
///   connects to no address for which [`is_public_address`](crate::is_public_address) is false, checks the address of
///   the connection itself and not that of an earlier lookup, and follows no proxy into its own network.
///
/// A request that got no response, for whatever reason, is [`Unavailable`].
///
/// A request whose URL is a stranger's word says so itself, and how it is to be answered: its [`rule`](Fetch::rule).
///
/// # Adding headers
///
/// Some servers want a header of their own. Add it where you send the request, to a copy:
///
/// ```
/// use grantor::{Answer, Fetch, HttpHost};
/// use http::HeaderValue;
/// # fn send(fetch: &Fetch) -> Answer<Fetch> { Ok(http::Response::new(Vec::new())) }
///
/// let http = HttpHost(|fetch: &Fetch| {
///     let mut fetch = fetch.clone();
///     let headers = fetch.request_mut().headers_mut();
///     headers.insert("user-agent", HeaderValue::from_static("photo-printer/1.0"));
///     headers.insert("notion-version", HeaderValue::from_static("2026-03-11"));
///     send(&fetch)
/// });
/// ```
///
/// To add a parameter, use the [client](crate::client::Client::with_parameter).
///
/// # Machines of your own
///
/// For a request that no machine of this crate makes, use [`Fetch::new`] in a machine of your own, which the same hosts
/// drive. This one asks for a server's keys:
///
/// ```
/// use grantor::step::{Absent, Machine, Pause, Step};
/// use grantor::{Answer, Fetch, HttpHost, Unavailable};
///
/// /// The machine that gets a document. It has one effect.
/// struct Keys;
///
/// impl Machine for Keys {
///     type Lookup = Absent<Self>;
///     type ClientSecret = Absent<Self>;
///     type Password = Absent<Self>;
///     type Extension = Absent<Self>;
///     type Issuance = Absent<Self>;
///     type Registration = Absent<Self>;
///     type Fetch = KeysFetch;
///     type Sign = Absent<Self>;
///     type Commit = Absent<Self>;
///     type Reply = Result<Vec<u8>, Unavailable>;
/// }
///
/// struct KeysFetch(Fetch);
///
/// impl Pause<Fetch> for KeysFetch {
///     type Machine = Keys;
///
///     fn effect(&self) -> &Fetch {
///         &self.0
///     }
///
///     fn resume(self, answer: Answer<Fetch>) -> Step<Keys> {
///         Step::Done(answer.map(|response| response.into_body()))
///     }
/// }
///
/// fn keys(uri: &str) -> Result<Step<Keys>, http::Error> {
///     Ok(Step::Fetch(KeysFetch(Fetch::new(http::Request::get(uri).body(Vec::new())?))))
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let http = HttpHost(|_: &Fetch| -> Answer<Fetch> { Ok(http::Response::new(br#"{"keys":[]}"#.to_vec())) });
/// assert_eq!(keys("https://server.example/jwks")?.run(&http)?, br#"{"keys":[]}"#);
/// # Ok(())
/// # }
/// ```
///
/// [OAuth 2.1 §1.5]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-1.5
/// [RFC 9728 §7.7]: https://www.rfc-editor.org/rfc/rfc9728#section-7.7
#[derive(Clone)]
pub struct Fetch {
    request: Request<Vec<u8>>,
    rule: FetchRule,
}

/// The rule by which a [`Fetch`] is answered, beside the host's part of every one. The host keeps it where it opens the
/// connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchRule {
    /// The greatest length of the response's body, in bytes. The host stops reading one byte after it.
    pub max_response_len: usize,
    /// True if the host must not connect to an address for which [`is_public_address`](crate::is_public_address) is
    /// false: the URL came from whoever sent the request. False leaves the addresses to the host.
    pub public_addresses_only: bool,
    /// The answers that the host may give from its cache.
    pub from_cache: FromCache,
}

/// The answers to a [`Fetch`] that may come from the host's cache: [RFC 9111].
///
/// [RFC 9111]: https://www.rfc-editor.org/rfc/rfc9111
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FromCache {
    /// No answer: the request is sent.
    Nothing,
    /// A response that is fresh: [RFC 9111 §4.2].
    ///
    /// [RFC 9111 §4.2]: https://www.rfc-editor.org/rfc/rfc9111#section-4.2
    Fresh,
    /// A response that is fresh; or the last good one, however old, if the server cannot be reached or answers 500,
    /// 502, 503 or 504.
    LastGood,
}

impl Fetch {
    /// The greatest length of a response body, in bytes.
    pub const MAX_RESPONSE_LEN: usize = 256 * 1024;

    /// Creates the effect of sending this request, whose URI is absolute.
    #[must_use]
    pub fn new(request: Request<Vec<u8>>) -> Self {
        let max_response_len = Self::MAX_RESPONSE_LEN;
        let rule = FetchRule { max_response_len, public_addresses_only: false, from_cache: FromCache::Nothing };
        Self { request, rule }
    }

    /// Creates the effect of sending this request, to be answered by this rule.
    pub(crate) fn by(rule: FetchRule, request: Request<Vec<u8>>) -> Self {
        Self { request, rule }
    }

    /// The rule by which the request is answered.
    #[must_use]
    pub fn rule(&self) -> FetchRule {
        self.rule
    }

    pub(crate) fn unanswered(&self) -> Answer<Self> {
        Err(Unavailable::new(format!("this host has no HTTP client for {}", self.request.uri())))
    }

    /// The request to send. Its URI is absolute.
    #[must_use]
    pub fn request(&self) -> &Request<Vec<u8>> {
        &self.request
    }

    /// The request, to be edited. The body may hold a secret, and is wiped when the effect is dropped.
    #[must_use]
    pub fn request_mut(&mut self) -> &mut Request<Vec<u8>> {
        &mut self.request
    }
}

impl Effect for Fetch {
    type Answer = Response<Vec<u8>>;
    const NAME: &'static str = "fetch";
}

/// Leaves out the body and the headers, which may hold a secret.
impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fetch({} {})", self.request.method(), self.request.uri())
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.request.body_mut().zeroize();
    }
}

/// An HTTP client, blocking. A closure is one.
///
/// ```
/// use grantor::{Answer, Fetch, HttpHost, Unavailable};
/// fn offline(fetch: &Fetch) -> Answer<Fetch> {
///     Err(Unavailable::new(format!("no network for {}", fetch.request().uri())))
/// }
/// let http = HttpHost(offline);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a blocking `Http`",
    note = "an `AsyncHttp` is driven by `run_async(..).await` in place of `run(..)`"
)]
pub trait Http {
    /// Sends a request. See [`Fetch`] for the duties of an implementation.
    ///
    /// # Errors
    /// There was no response.
    fn fetch(&self, fetch: &Fetch) -> Answer<Fetch>;
}

/// An HTTP client, asynchronous.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `AsyncHttp`",
    note = "a blocking `Http` is driven by `run(..)` in place of `run_async(..).await`"
)]
pub trait AsyncHttp {
    /// Sends a request. See [`Fetch`] for the duties of an implementation.
    ///
    /// # Errors
    /// There was no response.
    fn fetch_async(&self, fetch: &Fetch) -> impl Future<Output = Answer<Fetch>> + Send;
}

impl<F: Fn(&Fetch) -> Answer<Fetch> + ?Sized> Http for F {
    fn fetch(&self, fetch: &Fetch) -> Answer<Fetch> {
        self(fetch)
    }
}
