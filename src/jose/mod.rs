//! Signed texts and their keys: JWS ([RFC 7515]), JWT ([RFC 7519], [RFC 8725]), JWK ([RFC 7517], [RFC 7518], [RFC
//! 8037], [RFC 9864]) and thumbprints ([RFC 7638]).
//!
//! Nothing here computes a signature. Texts are taken apart, checked and put together; the mathematics is a backend's,
//! a value that the caller passes: one of [`crypto`], or its own [`Verifier`]. So this module is always here, and costs
//! nobody a dependency.
//!
//! The compact form is the only one, and the algorithms are a list: [`Algorithm`]. What has two meanings is refused:
//! repeated members, base64url with bits that stand for nothing, several keys of one name. So is what the signer has no
//! say in: the key (`jwk`, `jku`, `x5u`, `x5c`), unless a proof has to bring it, and extensions (`crit`).
//!
//! - [`Jws::parse`] and [`Jws::verify`], with a [`JwkSet`] and the algorithms that the caller accepts, give
//!   [`Verified`]; [`Verified::claims`], with what is [`Expected`], gives [`JwtClaims`].
//! - [`SigningInput`] is what a key service or a [`SigningKey`] signs, and [`KeyRotation`] says which key that is.
//!
//! [RFC 7515]: https://www.rfc-editor.org/rfc/rfc7515
//! [RFC 7517]: https://www.rfc-editor.org/rfc/rfc7517
//! [RFC 7518]: https://www.rfc-editor.org/rfc/rfc7518
//! [RFC 7519]: https://www.rfc-editor.org/rfc/rfc7519
//! [RFC 7638]: https://www.rfc-editor.org/rfc/rfc7638
//! [RFC 8037]: https://www.rfc-editor.org/rfc/rfc8037
//! [RFC 8725]: https://www.rfc-editor.org/rfc/rfc8725
//! [RFC 9864]: https://www.rfc-editor.org/rfc/rfc9864

mod algorithm;
mod base64url;
pub mod crypto;
mod der;
mod expected;
mod header;
mod jwk;
mod jwk_set;
mod jws;
mod jwt;
mod key_rotation;
mod private_key;
mod public_key;
mod signing_input;
mod signing_key;
mod thumbprint;
mod verifier;

pub use algorithm::{Algorithm, AlgorithmError};
pub use expected::{Expected, Typ};
pub use header::{Header, JwsError};
pub use jwk::{Jwk, JwkError};
pub use jwk_set::{JwkSet, KeyError};
pub use jws::{Jws, Verified};
pub use jwt::{JwtClaims, JwtError};
pub use key_rotation::{KeyRotation, KeyRotationError};
pub use private_key::{PrivateKey, PrivateKeyError, PrivateKeyForm};
pub use public_key::{P256Point, PublicKey, RsaKeyError, RsaPublicKey};
pub use signing_input::{Signature, SigningError, SigningInput};
pub use signing_key::{Backend, Signer, SigningKey};
pub use verifier::{Verifier, WrongSignature};
