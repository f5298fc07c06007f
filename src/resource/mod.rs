//! The resource server: [RFC 6749 §1.1], [RFC 6750].
//!
//! | task | machine | starts with | `run` returns |
//! |---|---|---|---|
//! | check a token in the shared store | [`CheckByStore`] | [`ResourceServer::check`] | [`CheckReply`] |
//! | by introspection | [`CheckByIntrospection`] | [`ResourceServer::check_by_introspection`] | [`CheckReply`] |
//! | metadata: [RFC 9728] | none, since it is a document | [`ResourceServer::metadata`] | a response |
//!
//! Both machines read the token from the request in the same way, make the same checks, and end in the same
//! [`CheckReply`]: [`Access`], or a [`Refusal`] with the challenge that the RFCs ask for. Neither can write.
//!
//! A token is accepted only if it is for this resource ([RFC 9700 §2.3]). Name the resource in the authorization
//! server's [`resources`](crate::server::Config::resources) or, if it is the only one, set
//! [`accept_unrestricted`](Config::accept_unrestricted).
//!
//! ```
//! use grantor::model::{Resource, Scope};
//! use grantor::resource::{Requirement, ResourceServer};
//! use grantor::store::MemoryStore;
//! use std::time::SystemTime;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let store = MemoryStore::new();
//! let photos = ResourceServer::new(Resource::parse("https://api.example/photos")?);
//! let reading = Requirement::scope(Scope::parse("photos.read")?);
//!
//! let request = http::Request::get("/photos/1").body("")?;
//! let reply = photos.check(&request, &reading, SystemTime::now()).run(&store);
//! let response = match reply.into_result() {
//!     Ok(access) => http::Response::new(format!("photos of {:?}", access.subject()).into_bytes()),
//!     Err(refusal) => refusal.into_http(),
//! };
//! assert_eq!(response.status(), 401);
//! # Ok(())
//! # }
//! ```
//!
//! [RFC 6749 §1.1]: https://www.rfc-editor.org/rfc/rfc6749#section-1.1
//! [RFC 6750]: https://www.rfc-editor.org/rfc/rfc6750
//! [RFC 9728]: https://www.rfc-editor.org/rfc/rfc9728
//! [RFC 9700 §2.3]: https://www.rfc-editor.org/rfc/rfc9700#section-2.3

mod access;
mod bearer;
mod cache;
mod challenge;
mod check;
mod check_by_introspection;
mod check_by_store;
mod config;
mod error;
mod event;
mod incoming;
mod metadata;
mod refusal;
mod requirement;

pub use access::Access;
pub use cache::Cache;
pub use check::CheckReply;
pub use check_by_introspection::{CheckByIntrospection, CheckByIntrospectionFetch, Introspector};
pub use check_by_store::{CheckByStore, CheckByStoreLookup};
pub use config::Config;
pub use error::AccessError;
pub use event::Event;
pub use incoming::Incoming;
pub use refusal::Refusal;
pub use requirement::Requirement;

pub use crate::wire::{Authentication, Registration, RequestError};

/// A resource server, or one of its protected resources: the configuration from which every request's machine starts.
/// It holds no state.
#[derive(Clone, Debug)]
pub struct ResourceServer {
    config: Config,
}

impl ResourceServer {
    /// Creates a resource server with this configuration, or with the recommended one for a
    /// [`Resource`](crate::model::Resource).
    #[must_use]
    pub fn new(config: impl Into<Config>) -> Self {
        Self { config: config.into() }
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}
