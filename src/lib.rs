//! grantor is a sans-IO OAuth 2 library: authorization server, client and resource server, as pure state machines.
//!
//! It holds the protocol and nothing else. It opens no socket, reads no clock, draws no randomness and keeps no
//! records; your application does, in whatever framework and on whatever database it likes. What crosses the line
//! between the two is small: a request comes in, a few typed *effects* go out and are answered, a response comes back.
//!
//! ```text
//!              ┌────────────────────── grantor ───────────────────────┐
//! request ───▶ │ parse ─▶ Lookup ─▶ decide ─▶ (ask) ─▶ Commit ─▶ word │ ───▶ response
//!              └────────────┬──────────────────┬─────────┬────────────┘
//!                         read             your policy  write, all or nothing
//!                           └───────── your store ───────┘
//! ```
//!
//! # An example
//!
//! A whole authorization server, and one request to it:
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
//! // Shown to the client's developer, once.
//! let secret = Secret::generate(&mut getrandom::SysRng)?;
//! let mut client = Client::confidential(ClientId::parse("backup")?, secret.expose());
//! client.grant_types = vec![GrantType::ClientCredentials];
//! client.scope = Scope::parse("photos.read")?;
//!
//! let server = Server::new(Config::new(Issuer::parse("https://photos.example")?))?;
//! let store = MemoryStore::new().with_client(client);
//!
//! let form = "grant_type=client_credentials&client_id=backup&client_secret=";
//! let request = http::Request::post("/token")
//!     .header("content-type", "application/x-www-form-urlencoded")
//!     .body(format!("{form}{}", secret.expose()))?;
//! let moment = Moment::try_new(SystemTime::now(), &mut getrandom::SysRng)?;
//! let response = server.token(&request, moment).run(&store).into_http();
//! assert_eq!(response.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! # The main types
//!
//! - [`Server`] is the authorization server, made of a [`server::Config`]. Each endpoint is a method that takes an
//!   `http::Request`: [`authorize`](Server::authorize), [`token`](Server::token), [`introspect`](Server::introspect),
//!   [`revoke`](Server::revoke), [`push`](Server::push). A sound authorization request ends in a [`server::Prompt`],
//!   which your consent page approves or denies.
//! - [`client::Client`] is a client of one authorization server. It is made of a [`client::Registration`] and of what
//!   [`client::discover`](fn@client::discover) finds out. It ends in a [`client::TokenSet`], which many tasks share as
//!   [`client::SharedTokens`].
//! - [`ResourceServer`] checks the token of a request against a [`resource::Requirement`], and gives
//!   [`resource::Access`] or the refusal to send.
//! - [`Step`] is what all of these methods return: a machine, paused at an effect or done. [`Step::run`] drives it with
//!   a blocking [`host::Host`], [`Step::run_async`] with a [`host::AsyncHost`]. There is no second copy of a flow. You
//!   may also [drive by hand](step).
//! - [`store::Store`] and [`store::AsyncStore`] are what you implement for your database: two methods,
//!   [`lookup`](store::Store::lookup) and [`commit`](store::Store::commit). Each shows a whole store to start from. A
//!   store is a host.
//! - [`Policy`] and [`AsyncPolicy`] are what only you know: a password, an extension grant, the last word on what is
//!   issued. Joined with a store by [`Hosted`], a policy is a host too.
//! - [`Fetch`] is the one effect for the network, answered by an [`Http`] or [`AsyncHttp`], which a closure or a few
//!   lines around any HTTP client are. [`HttpHost`] makes a host of it.
//! - [`Sign`] is the effect of signing, answered by keys of this process or by a key service. No endpoint asks for it
//!   yet.
//! - [`Moment`] is the time and the randomness of a request. Both are arguments: [`Moment::try_new`] takes a generator
//!   that can fail, such as the operating system's, [`Moment::new`] one that cannot, such as `rand::rng()`.
//! - A reply such as [`server::TokenReply`] is complete: [`into_http`](server::TokenReply::into_http) has the status,
//!   headers and body that the RFCs ask for, and [`event`](server::TokenReply::event) says what happened, for your
//!   audit log.
//!
//! # Where the rules are
//!
//! | what | specification | where |
//! |---|---|---|
//! | authorization request | [RFC 6749 §4.1.1], [§4.2.1]; [RFC 7636 §4.3] | [`server::Authorize`] |
//! | decision, authorization response | [RFC 6749 §4.1.2], [§4.2.2]; [RFC 9207] | [`server::AuthorizeDecision`] |
//! | `prompt`, remembered consent | [OpenID Connect Core 1.0 §3.1.2.1]; [RFC 8252 §8.6] | [`server::Interaction`] |
//! | response modes | [Multiple Response Types §2.1]; [Form Post §2] | [`model::ResponseMode`], [`server::FormPost`] |
//! | token endpoint, each grant | [RFC 6749 §4.1.3] to [§6]; [RFC 7636 §4.6] | [`server::Token`] |
//! | pushed authorization requests | [RFC 9126] | [`server::Push`] |
//! | rich authorization requests | [RFC 9396] | [`server::AuthorizationDetailsConfig`] |
//! | registration | [RFC 7591]; [RFC 7592] | [`server::Register`], [`server::Configure`] |
//! | client ID metadata documents | [CIMD] | [`server::ClientIdMetadataDocumentConfig`] |
//! | devices: codes, page, decision | [RFC 8628] | [`server::AuthorizeDevice`] |
//! | introspection | [RFC 7662] | [`server::Introspect`] |
//! | revocation | [RFC 7009] | [`server::Revoke`] |
//! | metadata | [RFC 8414] | [`server::Config::metadata`] |
//! | protected resources: tokens and challenges | [RFC 6750]; [RFC 7662 §4]; [RFC 9470] | [`resource`] |
//! | protected resources: metadata | [RFC 9728] | [`ResourceServer::metadata`] |
//! | the client: registration | [RFC 7591]; [RFC 7592] | [`client::register`](fn@client::register) |
//! | the client: grants | [RFC 6749 §4] to [§6]; [RFC 8628]; [RFC 9126] | [`client`] |
//! | the client: discovery, and the response | [RFC 8414]; [RFC 9728]; [RFC 9207 §2.4] | [`client`] |
//! | redirect URIs | [OAuth 2.1 §2.3]; [RFC 8252 §7]; [RFC 9700 §2.1] | [`model::RedirectUri`] |
//! | signed texts, claims, keys | [RFC 7515]; [RFC 7517]; [RFC 7519]; [RFC 8725] | [`jose`] |
//! | the server's public keys | [RFC 7517 §5] | [`Server::jwks`] |
//! | what is stored, and how | | [`record`], [`store`] |
//!
//! # Supported, and not
//!
//! | | server | client | resource server |
//! |---|---|---|---|
//! | authorization code with PKCE, refresh, client credentials, extension grants | yes | yes | |
//! | implicit, password | off by default | yes | |
//! | bearer tokens, introspection, resource indicators, step-up | yes | yes | yes |
//! | `prompt`, `login_hint`, `ui_locales`, remembered consent | yes | yes | |
//! | metadata, revocation, `iss`, response modes with `form_post` | yes | yes | |
//! | protected resource metadata | | yes | yes |
//! | devices | yes | yes | |
//! | pushed authorization requests | yes | yes | |
//! | rich authorization requests | yes | yes | yes |
//! | registration, with reading, changing and deleting it | off by default | yes | |
//! | client ID metadata documents | off by default | yes | |
//! | JWT access tokens, `private_key_jwt`, DPoP | planned | planned | planned |
//! | OpenID Connect | planned | planned | |
//!
//! The [roadmap](_documentation::roadmap) says in which order, and what will never be here.
//!
//! What stays with the host: TLS, logging people in, consent pages that cannot be framed, sessions (with cookies that
//! are `Secure` if [`model::Issuer::is_https`]), limits against guessing, and a [`PurgeClock`](store::PurgeClock) that
//! calls [`store::Purge`] now and then.
//! `examples/reference-host` in the repository shows all of it.
//!
//! # Secure by default
//!
//! [`server::Config::new`] is what [RFC 9700] recommends: PKCE with S256 for every client, exact redirect URIs, `iss`
//! in every authorization response, codes for 60 seconds, access tokens for ten minutes, refresh tokens that rotate and
//! notice theft. Whatever weakens that has to be named, in the configuration or in a client's record, and its
//! documentation says what the RFC thinks of it. The store never sees a token: it keeps SHA-256 digests.
//!
//! # Installing
//!
//! ```toml
//! [dependencies]
//! grantor = "0.1"
//! http = "1"
//! # or another cryptographic generator:
//! getrandom = { version = "0.4", features = ["sys_rng"] }
//! ```
//!
//! The minimum supported Rust is 1.88.
//!
//! # Features
//!
//! None is on by default, and none changes what the others do.
//!
//! - `store-contract`: the storage contract as a test suite, [`store::contract`], for whoever writes a store. Turn it
//!   on in `[dev-dependencies]`.
//! - `sql`: a store in SQL but for the connection, [`store::sql`].
//! - `rustcrypto` and `aws-lc-rs`: backends for signatures, [`jose::crypto`]. Without either there is no cryptography
//!   beyond SHA-256.
//! - `pem`: private keys in PEM, which both backends turn on, for a host that brings its own.
//! - `explore`: paused machines can be cloned, for model checkers. Leave it off in production: it also makes [`Moment`]
//!   and [`server::Prompt`] cloneable.
//!
//! # Longer pages
//!
//! - [A store in SQL](_documentation::store_in_sql): tables, statements, and what to do when something fails.
//! - [Recipes](_documentation::recipes): odd providers, CORS, proxies, audit logs, several instances, claims, rotation.
//! - [Which flow is yours](_documentation::flows), and where its tokens may live.
//! - [Design](_documentation::design): why it is built like this. [Growing](_documentation::growing): what comes where.
//! - [Security](_documentation::security): what is promised, what is the host's, how to report a flaw.
//! - [Comparison](_documentation::compare) with other libraries and servers, and how to move from oxide-auth.
//! - [Roadmap](_documentation::roadmap), [changelog](_documentation::changelog), and how to
//!   [contribute](_documentation::contributing).
//!
//! [CIMD]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01
//! [RFC 6749 §4]: https://www.rfc-editor.org/rfc/rfc6749#section-4
//! [RFC 6749 §4.1.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1
//! [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
//! [RFC 6749 §4.1.3]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3
//! [§4.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.1
//! [§4.2.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2
//! [§6]: https://www.rfc-editor.org/rfc/rfc6749#section-6
//! [RFC 6750]: https://www.rfc-editor.org/rfc/rfc6750
//! [RFC 7009]: https://www.rfc-editor.org/rfc/rfc7009
//! [RFC 7515]: https://www.rfc-editor.org/rfc/rfc7515
//! [RFC 7517]: https://www.rfc-editor.org/rfc/rfc7517
//! [RFC 7517 §5]: https://www.rfc-editor.org/rfc/rfc7517#section-5
//! [RFC 7519]: https://www.rfc-editor.org/rfc/rfc7519
//! [RFC 7591]: https://www.rfc-editor.org/rfc/rfc7591
//! [RFC 7592]: https://www.rfc-editor.org/rfc/rfc7592
//! [RFC 7636 §4.3]: https://www.rfc-editor.org/rfc/rfc7636#section-4.3
//! [RFC 7636 §4.6]: https://www.rfc-editor.org/rfc/rfc7636#section-4.6
//! [RFC 7662]: https://www.rfc-editor.org/rfc/rfc7662
//! [RFC 7662 §4]: https://www.rfc-editor.org/rfc/rfc7662#section-4
//! [RFC 8252 §7]: https://www.rfc-editor.org/rfc/rfc8252#section-7
//! [RFC 8414]: https://www.rfc-editor.org/rfc/rfc8414
//! [RFC 8628]: https://www.rfc-editor.org/rfc/rfc8628
//! [RFC 8725]: https://www.rfc-editor.org/rfc/rfc8725
//! [RFC 9126]: https://www.rfc-editor.org/rfc/rfc9126
//! [RFC 9207]: https://www.rfc-editor.org/rfc/rfc9207
//! [RFC 9207 §2.4]: https://www.rfc-editor.org/rfc/rfc9207#section-2.4
//! [RFC 9396]: https://www.rfc-editor.org/rfc/rfc9396
//! [RFC 9470]: https://www.rfc-editor.org/rfc/rfc9470
//! [RFC 9700]: https://www.rfc-editor.org/rfc/rfc9700
//! [RFC 9700 §2.1]: https://www.rfc-editor.org/rfc/rfc9700#section-2.1
//! [RFC 9728]: https://www.rfc-editor.org/rfc/rfc9728
//! [OpenID Connect Core 1.0 §3.1.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
//! [RFC 8252 §8.6]: https://www.rfc-editor.org/rfc/rfc8252#section-8.6
//! [Multiple Response Types §2.1]: https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#ResponseModes
//! [Form Post §2]: https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html#FormPostResponseMode
//! [OAuth 2.1 §2.3]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-2.3

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(doc, doctest))]
#[path = "documentation.rs"]
pub mod _documentation;
mod address;
pub mod client;
pub mod consult;
pub mod effect;
mod fetch;
pub mod host;
pub mod jose;
pub mod model;
pub mod record;
mod registration;
pub mod resource;
pub mod server;
mod sign;
pub mod step;
pub mod store;
mod wire;

pub use address::is_public_address;
pub use effect::{Answer, Effect, Unavailable};
pub use fetch::{AsyncHttp, Fetch, FetchRule, FromCache, Http};
pub use host::{AsyncPolicy, BoxedHost, DefaultPolicy, Hosted, HttpHost, Policy};
pub use model::{Moment, Timestamp};
pub use resource::ResourceServer;
pub use server::Server;
pub use sign::Sign;
pub use step::{Machine, Pause, Step};
pub use wire::{AuthorizationHeaderError, BasicCredentials, FormError, MAX_FORM_LEN};
