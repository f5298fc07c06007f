//! The thumbprint of a key: [RFC 7638 §3].
//!
//! [RFC 7638 §3]: https://www.rfc-editor.org/rfc/rfc7638#section-3

use super::{PublicKey, base64url};
use crate::model::Digest;

/// Computes the SHA-256 of the members that [RFC 7638 §3.2] and [RFC 8037 §2] require, in the order of their names and
/// without white space ([RFC 7638 §3.3]).
///
/// [RFC 7638 §3.2]: https://www.rfc-editor.org/rfc/rfc7638#section-3.2
/// [RFC 7638 §3.3]: https://www.rfc-editor.org/rfc/rfc7638#section-3.3
/// [RFC 8037 §2]: https://www.rfc-editor.org/rfc/rfc8037#section-2
pub(super) fn of(key: &PublicKey) -> Digest {
    // No value needs an escape: base64url has none of the characters that do.
    let text = match key {
        PublicKey::P256(point) => {
            let (x, y) = point.coordinates();
            let (x, y) = (base64url::encode(x), base64url::encode(y));
            format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
        }
        PublicKey::Ed25519(x) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, base64url::encode(x)),
        PublicKey::Rsa(key) => {
            let (e, n) = (base64url::encode(key.exponent()), base64url::encode(key.modulus()));
            format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
        }
    };
    Digest::of(&text)
}
