//! OAuth 2 as pure state machines: authorization server, client and resource server.
//!
//! grantor holds the protocol and nothing else. It opens no socket, reads no clock, draws no randomness and keeps no
//! records; your application does, in whatever framework and on whatever database it likes. What crosses the line
//! between the two is small: a request comes in, a few typed *effects* go out and are answered, a response comes back.
//!
//! ```text
//!                    ┌────────────────────── grantor ──────────────────────┐
//! http::Request ───▶ │ parse ─▶ Lookup ─▶ decide ─▶ (ask) ─▶ Commit ─▶ word │ ───▶ http::Response
//!                    └─────────────┬───────────────────┬──────────┬────────┘
//!                                read              your policy  write, all or nothing
//!                                  └──────── your store ──────────┘
//! ```
//!
//! That is the [`server`]. A [`client`]'s machines have one effect, [`Fetch`]: an HTTP request as a value, which your
//! HTTP client sends. A [`resource`] server's have one too: `Lookup` where it shares the authorization server's store,
//! `Fetch` where it introspects.
//!
//! # In twenty lines
//!
//! ```
//! use grantor::model::{ClientId, GrantType, Issuer, Scope, Secret};
//! use grantor::record::Client;
//! use grantor::server::Config;
//! use grantor::store::MemoryStore;
//! use grantor::{Moment, Server};
//! use std::time::SystemTime;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let secret = Secret::generate(&mut getrandom::SysRng)?; // shown to the client's developer, once
//! let mut client = Client::confidential(ClientId::parse("backup")?, secret.expose());
//! client.grant_types = vec![GrantType::ClientCredentials];
//! client.scope = Scope::parse("photos.read")?;
//!
//! let server = Server::new(Config::new(Issuer::parse("https://photos.example")?))?;
//! let store = MemoryStore::new().with_client(client);
//!
//! let request = http::Request::post("/token")
//!     .header("content-type", "application/x-www-form-urlencoded")
//!     .body(format!("grant_type=client_credentials&client_id=backup&client_secret={}", secret.expose()))?;
//! let moment = Moment::try_new(SystemTime::now(), &mut getrandom::SysRng)?;
//! let response = server.token(&request, moment).run(&store).into_http();
//! assert_eq!(response.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! # The ideas
//!
//! - **A machine per endpoint.** [`Server::token`](server::Server::token) starts [`server::Token`],
//!   [`Server::authorize`](server::Server::authorize) starts [`server::Authorize`], a decided [`server::Prompt`] starts
//!   [`server::AuthorizeDecision`], and so on. Each returns a [`Step`]: paused at an effect, or done.
//! - **Two drivers.** [`Step::run`] with a blocking [`host::Host`], [`Step::run_async`] with a [`host::AsyncHost`]. The
//!   machines are the same; there is no second copy of a flow. You may also [drive by hand](step).
//! - **Two storage methods.** [`store::Store::lookup`] and [`store::Store::commit`]. Atomicity is the interface: a
//!   commit carries its preconditions and is applied whole or not at all. See [`store`], and `store::contract` for its
//!   tests.
//! - **One effect for the network.** [`Fetch`], answered by an [`Http`] or [`AsyncHttp`], which a closure or a few
//!   lines around any HTTP client are; [`HttpHost`] makes a host of it.
//! - **A store is a host.** To answer questions too (a password, an extension grant, a last word on what is issued),
//!   join it with a [`Policy`] in [`Hosted`].
//! - **Time and randomness are arguments**, in a [`Moment`].
//! - **The reply is complete.** [`server::TokenReply::into_http`] has the status, headers and body that the RFCs ask
//!   for, and [`server::TokenReply::event`] says what happened, for your audit log.
//!
//! # Where the rules are
//!
//! | what | specification | where |
//! |---|---|---|
//! | authorization request | RFC 6749 §4.1.1, §4.2.1; RFC 7636 §4.3 | [`server::Authorize`] |
//! | decision, authorization response | RFC 6749 §4.1.2, §4.2.2; RFC 9207 | [`server::AuthorizeDecision`] |
//! | token endpoint, each grant | RFC 6749 §4.1.3 to §6; RFC 7636 §4.6 | [`server::Token`] |
//! | introspection | RFC 7662 | [`server::Introspect`] |
//! | revocation | RFC 7009 | [`server::Revoke`] |
//! | metadata | RFC 8414 | [`server::Config::metadata`] |
//! | protected resources: tokens, challenges, metadata | RFC 6750; RFC 9470; RFC 9728; RFC 7662 §4 | [`resource`] |
//! | client: grants, discovery, revocation, introspection | RFC 6749 §4 to §6; RFC 8414, 8628, 9207 §2.4 | [`client`] |
//! | redirect URIs | OAuth 2.1 §2.3; RFC 8252 §7; RFC 9700 §2.1 | [`model::RedirectUri`] |
//! | pushed authorization requests | RFC 9126 | [`server::Push`] |
//! | what is stored, and how | | [`record`], [`store`] |
//!
//! # Secure as it comes
//!
//! [`server::Config::new`] is what RFC 9700 recommends: PKCE with S256 for every client, exact redirect URIs, `iss` in
//! every authorization response, codes for 60 seconds, access tokens for ten minutes, refresh tokens that rotate and
//! notice theft. Whatever weakens that has to be named, in the configuration or in a client's record, and its
//! documentation says what the RFC thinks of it. The store never sees a token: it keeps SHA-256 digests.
//!
//! What stays with the host: TLS, logging people in, consent pages that cannot be framed, and limits against guessing.
//! `examples/reference-host` shows all of it.
//!
//! # Features
//!
//! - `store-contract`: the storage contract as a test suite, for whoever writes a [`store::Store`].
//! - `explore`: paused machines can be cloned, for model checkers. Leave it off in production: it also makes
//!   [`Moment`] and [`server::Prompt`] cloneable.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
pub mod client;
pub mod consult;
pub mod effect;
mod fetch;
pub mod host;
pub mod model;
pub mod record;
pub mod resource;
pub mod server;
pub mod step;
pub mod store;
mod wire;

pub use address::is_public_address;
pub use effect::{Answer, Effect, Unavailable};
pub use fetch::{AsyncHttp, Fetch, Http};
pub use host::{AsyncPolicy, BoxedHost, DefaultPolicy, Hosted, HttpHost, Policy};
pub use model::{Moment, Timestamp};
pub use resource::ResourceServer;
pub use server::Server;
pub use step::{Machine, Pause, Step};
pub use wire::{AuthorizationHeaderError, BasicCredentials, FormError, MAX_FORM_LEN};

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
