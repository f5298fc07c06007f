//! `#[serde(with = "exposed")]` writes a secret, in plain text, into a record that a client's host keeps. [`Secret`]
//! itself is not `Serialize`, so that each place that writes a secret says so.

use serde::de::{Deserialize as _, Deserializer, Error as _};
use serde::ser::{Serialize as _, Serializer};

use super::{Secret, is_vschar, only};

pub(crate) fn serialize<S: Serializer>(secret: &Secret<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret<'static>, D::Error> {
    let secret = Secret::new(String::deserialize(deserializer)?);
    if is_visible(&secret) { Ok(secret) } else { Err(D::Error::custom("not visible ASCII characters")) }
}

/// Tells if the text is `1*VSCHAR`, as codes, tokens and secrets are ([RFC 6749 appendix A]). Such a text fits into a
/// header too.
///
/// [RFC 6749 appendix A]: https://www.rfc-editor.org/rfc/rfc6749#appendix-A
pub(crate) fn is_visible(secret: &Secret<'_>) -> bool {
    !secret.expose().is_empty() && only(secret.expose(), is_vschar)
}

/// The same for an optional secret.
pub(crate) mod option {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(secret: &Option<Secret<'_>>, serializer: S) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Secret::expose).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret<'static>>, D::Error> {
        let secret = Option::<String>::deserialize(deserializer)?.map(Secret::new);
        let is_good = secret.as_ref().is_none_or(is_visible);
        if is_good { Ok(secret) } else { Err(D::Error::custom("not visible ASCII characters")) }
    }
}
