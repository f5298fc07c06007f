//! Backends: the mathematics of signatures, by libraries that others keep. Each is a feature, and neither is on by
//! default; the host may bring its own, by [`Verifier`](super::Verifier) and [`Backend`](super::Backend).
//!
//! | | `rustcrypto` | `aws-lc-rs` |
//! |---|---|---|
//! | ES256, Ed25519 | verify, sign | verify, sign |
//! | PS256, RS256 | verify; sign [by name](RustCrypto::despite_rustsec_2023_0071) | verify, sign |
//! | what a build needs | Rust alone | a C compiler |
//!
//! The links of this page lead somewhere where both features are on.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(feature = "rustcrypto")]
mod rustcrypto;

#[cfg(feature = "aws-lc-rs")]
#[cfg_attr(docsrs, doc(cfg(feature = "aws-lc-rs")))]
pub use aws_lc::AwsLc;
#[cfg(feature = "rustcrypto")]
#[cfg_attr(docsrs, doc(cfg(feature = "rustcrypto")))]
pub use rustcrypto::RustCrypto;
