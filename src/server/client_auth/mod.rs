//! Client authentication: [RFC 6749 §2.3], [§3.2.1]. One file for each method, by the terms of [RFC 7591 §2].
//!
//! [RFC 6749 §2.3]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3
//! [§3.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2.1
//! [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2

mod authenticate;
mod authenticated;
mod config;
mod document;
mod presented;
mod secret;

pub use authenticate::{AuthenticateClientSecret, AuthenticateLookup, ClientEndpoint};
pub use authenticated::Authenticated;
pub use config::ClientAuthenticationConfig;
pub use document::AuthenticateFetch;
pub(super) use document::{by_document, by_name};
pub use presented::{ClientAuthentication, ClientAuthenticationMethod};
