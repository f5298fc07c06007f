//! The client: [RFC 6749 §1.1]. It mirrors the [`server`](crate::server).
//!
//! ```text
//! browser ◀── URL ── begin                                       the authorization request, RFC 6749 §4.1.1
//!         or push ─▶ Fetch ─▶ Pushed                         with a URL that refers to the request, RFC 9126
//! browser ── query ─▶ callback ─▶ Fetch ─▶ TokenSet              the response, and the token request, §4.1.2 to §4.1.4
//!         or form ──▶ callback_form_post
//! ```
//!
//! A [`Client`] holds its registration and the metadata of its authorization server. It sends nothing itself: its
//! machines ask their host to [`Fetch`](crate::Fetch), which any HTTP client can do. It is made from a
//! [`Registration`], which is good at one server only, and that server's metadata.
//!
//! | what | machine | starts with | `run` returns |
//! |---|---|---|---|
//! | metadata | [`Discover`] | [`discover`](fn@discover) | [`Metadata`] |
//! | of a resource | [`DiscoverResource`] | [`discover_resource`](fn@discover_resource) | [`ResourceMetadata`] |
//! | authorization code, PKCE | [`Exchange`] | [`Client::begin`], then [`Client::callback`] | [`TokenSet`] |
//! | the request for a code, pushed | [`Push`] | [`Client::push`], in place of [`Client::begin`] | [`Pushed`] |
//! | implicit | none: nothing is sent | [`Client::begin_implicit`], then [`Client::callback_implicit`] | [`TokenSet`] |
//! | client credentials | [`Exchange`] | [`Client::client_credentials`], also in [`SharedTokens`] | [`TokenSet`] |
//! | password | [`Exchange`] | [`Client::password`] | [`TokenSet`] |
//! | refresh | [`Exchange`] | [`TokenSet::refresh`], [`Client::refresh`], or [`SharedTokens`] | [`TokenSet`] |
//! | extension grants | [`Exchange`] | [`Client::extension`] | [`TokenSet`] |
//! | device | [`AuthorizeDevice`] | [`Client::authorize_device`] | [`Device`] |
//! | device, while the person decides | [`Poll`] | [`Client::poll`] | [`Polled`] |
//! | revocation | [`Revoke`] | [`TokenSet::revoke`], [`Client::revoke`] | `()` |
//! | from a refused request to tokens, all of it | [`Receive`] | [`Protected::received`] | [`Next`] |
//! | the same for many tasks | [`Receive`] | [`SharedProtected::call`], then [`Call::received`] | [`Next`] |
//! | after a person was asked | [`Arrive`] | [`PendingSignIn::callback`], then [`Protected::arrived`] | [`Granted`] |
//! | registration | [`Register`] | [`register`](fn@register) | [`Registered`] |
//! | registration, read or updated | [`Register`] | [`Registered::read`], [`Registered::update`] | [`Registered`] |
//! | registration, deleted | [`Deregister`] | [`Registered::delete`] | `()` |
//! | introspection | [`Introspect`] | [`Client::introspect`] | [`Introspection`], or `None` if the token is inactive |
//!
//! Each machine ends in a `Result`; this is what is `Ok`.
//!
//! # An example
//!
//! ```
//! use grantor::client::{Registration, discover};
//! use grantor::model::{ClientId, Issuer, Scope, Secret};
//! use grantor::{Fetch, HttpHost, Moment, Unavailable};
//! # fn respond(fetch: &Fetch) -> Result<http::Response<Vec<u8>>, Unavailable> {
//! #     let body = if fetch.request().uri().path().starts_with("/.well-known") {
//! #         r#"{"issuer":"https://server.example","token_endpoint":"https://server.example/token"}"#
//! #     } else {
//! #         r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":3600}"#
//! #     };
//! #     Ok(http::Response::new(body.into()))
//! # }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let http = HttpHost(respond); // any HTTP client: see the examples for `reqwest` and `ureq`
//! let issuer = Issuer::parse("https://server.example")?;
//! let secret = Secret::new("7Fjfp0ZBr1KtDRbnfVdmIw");
//! let registration = Registration::confidential(issuer.clone(), ClientId::parse("backup")?, secret);
//! let client = registration.at(discover(&issuer).run(&http)?)?;
//!
//! let moment = Moment::try_new(std::time::SystemTime::now(), &mut getrandom::SysRng)?;
//! let tokens = client.client_credentials().scope(Scope::parse("photos.read")?).start(moment).run(&http)?;
//! assert_eq!(tokens.authorization(), "Bearer 2YotnFZFEjr1zCsicMWpAA");
//! # Ok(())
//! # }
//! ```
//!
//! # Refused by a resource server
//!
//! [`Protected`] takes the whole way for a client that knows only the resource, as in the Model Context Protocol: show
//! it each response, and it says how to go on. Tasks that call the same resource share a [`SharedProtected`]. Each step
//! can be had alone too.
//!
//! [`Challenge::of`] reads the challenge of a resource server. From there, [`discover_resource`](fn@discover_resource)
//! finds the issuers whose tokens the resource accepts, [`discover`](fn@discover) fetches the metadata of one, and the
//! [`Registration`] that you hold for that issuer makes the client. The operator of the resource chose that server. If
//! you have no registration there, [`register`](fn@register) makes one where the server lets it; otherwise there is no
//! client, and no token that was issued elsewhere is shown to it. If a token was good and is no longer
//! (`invalid_token`), [`SharedTokens::refused`] has it refreshed, once for all tasks that share it.
//!
//! # Tolerance
//!
//! Servers differ, and a client meets many. Each of the following is understood, and covered by a test:
//!
//! - a metadata document at OpenID Connect's place, if [RFC 8414]'s place has none of this issuer, and one of a
//!   resource at the root of its host;
//! - in metadata and introspection, optional members that cannot be read; empty texts for URLs; booleans as strings;
//!   numbers for `sub`, `client_id`, `username` and `jti`. See [`Metadata::unreadable`],
//!   [`unreadable`](crate::model::ResourceMetadata::unreadable) of a resource, and [`Introspection::unreadable`];
//! - `"active": false` beside an `error`;
//! - in challenges, texts that are not ASCII, single quotes, missing commas, more than one space in `scope`, parameters
//!   spread over several challenges: see [`Challenge::of`];
//! - `expires_in` and `interval` as a string, or with a fraction;
//! - `token_type` in any case, or missing;
//! - `scope` as an array, or with more than one space between tokens; `scopes` in place of `scope`;
//! - members that are unreadable or repeated, beside a readable access token: the token was issued, and
//!   [`TokenSet::unreadable`] lists the members; a byte that is not UTF-8 in a member that nobody reads;
//! - an optional member that is null; an empty `refresh_token` or `error`;
//! - an error response with status 200, of a device authorization or any other; one of any media type; one whose
//!   `error_description` or `error_uri` is not a text, is repeated, or is not UTF-8;
//! - the error formats of large providers that differ from [RFC 6749 §5.2]: `{"error":{"type":…,"message":…}}`,
//!   `{"errors":[{"errorType":…}]}`, `{"status":400,"message":…}`, `{"errcode":…,"errmsg":…}`;
//! - any success status in place of 200;
//! - a media type with parameters, a missing one, `text/plain`, or another kind of JSON; a form that is labelled as
//!   one; a byte order mark;
//! - `verification_url` for `verification_uri`; `authorization_declined` for `access_denied`; an `interval` or a
//!   `verification_uri_complete` that cannot be read;
//! - `Retry-After` in seconds or as a date.
//!
//! None of this weakens a check. Responses that redirect, are too long or cut short, are not a JSON object, or lack or
//! repeat a required member are refused, with a [`RequestError`] that keeps the status and an excerpt.
//! [`RequestError::remedy`] tells what can be done.
//!
//! # Settings for one server
//!
//! A deviation that could be mistaken for something else is accepted only if the client was configured for it:
//!
//! | the server | the client |
//! |---|---|
//! | says `token_type` `bot` or `BearerToken` | [`Client::with_token_type`], [`TokenRequest::token_type`] |
//! | says `expires_in` 0 for "never", or nothing, or a wrong value | [`Client::with_lifetime`] |
//! | writes `scope` with commas | [`Client::with_commas_in_scope`] |
//! | sends JSON as `text/html` | [`Client::with_any_media_type`] |
//! | has a person's tokens in `authed_user` | [`Client::with_tokens_in`] |
//! | wants a parameter in every request | [`Client::with_parameter`] |
//! | wants a header | [`Fetch::request_mut`](crate::Fetch::request_mut) |
//! | fails on PKCE, or must support it | [`Client::with_pkce`] |
//! | says anything else in its own words | [`Client::with_response_hook`] |
//!
//! [`ResourceMetadata`]: crate::model::ResourceMetadata
//! [RFC 6749 §1.1]: https://www.rfc-editor.org/rfc/rfc6749#section-1.1
//! [RFC 8414]: https://www.rfc-editor.org/rfc/rfc8414
//! [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2

mod authorize;
mod callback;
mod challenge;
mod client_metadata;
mod device;
mod dialect;
mod discover;
mod discover_resource;
mod introspect;
mod knowing;
mod par;
mod parameters;
mod profile;
mod protected;
mod receive;
mod register;
mod registered;
mod registration;
mod revoke;
mod shared_protected;
mod shared_tokens;
mod token;
mod token_set;
mod turn;
mod wakers;

use std::sync::Arc;

use crate::model::{ClientId, Endpoint, Metadata};
use crate::wire::{Identity, PostForm};
use dialect::Dialect;

pub use crate::wire::{Authentication, ErrorResponse, Fault, Introspection, Registration, Remedy, RequestError};
pub use authorize::{AuthorizationRequest, BeginError, Pending, PendingImplicit};
pub use callback::{AuthorizationErrorResponse, CallbackError};
pub use challenge::Challenge;
pub use client_metadata::ClientMetadata;
pub use device::{AuthorizeDevice, AuthorizeDeviceFetch, Device, DeviceRequest, Poll, PollFetch, Polled};
pub use dialect::{Lifetime, Pkce};
pub use discover::{Discover, DiscoverError, DiscoverFetch, discover};
pub use discover_resource::{
    DiscoverResource, DiscoverResourceError, DiscoverResourceFetch, ResourceMatch, discover_resource,
    discover_resource_matching,
};
pub use introspect::{Introspect, IntrospectFetch};
pub use par::{Push, PushError, PushFetch, Pushed};
pub use profile::{ActingBy, Profile};
pub use protected::{Arrive, ArriveFetch, Granted, Next, PendingSignIn, Protected, ProtectedError};
pub use receive::{Receive, ReceiveFetch};
pub use register::{Deregister, DeregisterFetch, Register, RegisterFetch, register};
pub use registered::{OtherAuthentication, Registered};
pub use registration::OtherIssuer;
pub use revoke::{Revoke, RevokeFetch, TokenTypeHint};
pub use shared_protected::{Call, Received, SharedProtected, SignInTurn, SignInWait};
pub use shared_tokens::{Fresh, SharedTokens};
pub use token::{Exchange, ExchangeFetch, TokenRequest};
pub use token_set::TokenSet;
pub use turn::{RefreshError, Turn, Wait};

/// A client of one authorization server, at which it is registered; made by [`Registration::at`]. It holds no state.
#[derive(Clone, Debug)]
pub struct Client {
    server: Metadata,
    registration: Registration,
    dialect: Arc<Dialect>,
}

impl Client {
    /// The metadata of the client's authorization server.
    #[must_use]
    pub fn server(&self) -> &Metadata {
        &self.server
    }

    /// The client's identifier at its authorization server.
    #[must_use]
    pub fn client_id(&self) -> &ClientId {
        self.registration.client_id()
    }

    /// Returns the client's credentials in the form that an endpoint with these authentication methods accepts.
    fn identity(&self, methods: Option<&Vec<String>>) -> Identity {
        self.registration.identity(&self.server, methods)
    }

    /// Returns the request that posts this form, with the client's own parameters, to an endpoint with these
    /// authentication methods.
    fn post(
        &self,
        mut form: PostForm,
        endpoint: &Endpoint,
        methods: Option<&Vec<String>>,
    ) -> Result<crate::Fetch, RequestError> {
        form.append_form(&self.dialect.parameters);
        form.post(endpoint, &self.identity(methods))
    }

    fn token_endpoint(&self) -> Result<&Endpoint, RequestError> {
        self.server.token_endpoint.as_ref().ok_or(RequestError::NoEndpoint("token_endpoint"))
    }
}
