//! HTTP clients for grantor's machines, and the rules that keep their requests out of one's own network.
//!
//! A client of unknown servers, and above all one of the Model Context Protocol, asks wherever documents and challenges
//! lead. Whoever writes these could have it ask in its owner's own network: [RFC 9728 §7.7], "Server-Side Request
//! Forgery (SSRF)". [`Guard`] has the rules against that. `Reqwest` and `Ureq` keep them where it matters, at the
//! address that a connection goes to, since a name may lead to another address whenever it is looked up. The reference
//! host keeps them with hyper (its `documents/sending.rs`).
//!
//! [RFC 9728 §7.7]: https://www.rfc-editor.org/rfc/rfc9728#section-7.7

mod guard;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(feature = "ureq")]
mod ureq;

pub use self::guard::{Guard, Refused};
#[cfg(feature = "reqwest")]
pub use self::reqwest::Reqwest;
#[cfg(feature = "ureq")]
pub use self::ureq::Ureq;

/// The time that a server has for its whole response.
#[cfg(any(feature = "reqwest", feature = "ureq"))]
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);
