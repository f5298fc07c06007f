//! Client authentication: [RFC 6749 §2.3], [§3.2.1]. One method a file, in the words of RFC 7591 §2.
//!
//! [RFC 6749 §2.3]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3
//! [§3.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2.1

mod authenticate;
mod authenticated;
mod config;
mod presented;
mod secret;

pub use authenticate::{AuthenticateClientSecret, AuthenticateLookup, ClientEndpoint};
pub use authenticated::Authenticated;
pub use config::ClientAuthenticationConfig;
pub use presented::{ClientAuthentication, ClientAuthenticationMethod};
