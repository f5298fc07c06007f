//! The JOSE Header: [RFC 7515 §4].
//!
//! [RFC 7515 §4]: https://www.rfc-editor.org/rfc/rfc7515#section-4

use serde_json::{Map, Value};

use super::jwk_set::KeyError;
use super::{Algorithm, Jwk, JwkError};
use crate::model::json::{self, JsonFault};

/// The most levels of arrays and objects in a header.
const MAX_DEPTH: usize = 8;

/// The header parameters that bring a key, or lead to one, and that nothing in OAuth asks for: [RFC 7515 §4.1.2],
/// [§4.1.5], [§4.1.6].
///
/// [RFC 7515 §4.1.2]: https://www.rfc-editor.org/rfc/rfc7515#section-4.1.2
/// [§4.1.5]: https://www.rfc-editor.org/rfc/rfc7515#section-4.1.5
/// [§4.1.6]: https://www.rfc-editor.org/rfc/rfc7515#section-4.1.6
const LEADS_TO_KEY: [&str; 3] = ["jku", "x5u", "x5c"];

/// The header of a signed text: [RFC 7515 §4]. It is what the signer says, and nothing in it is believed before the
/// signature is verified.
///
/// [RFC 7515 §4]: https://www.rfc-editor.org/rfc/rfc7515#section-4
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    algorithm: Algorithm,
    jwk: Option<Jwk>,
    members: Map<String, Value>,
}

/// An error in a signed text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwsError {
    /// The text is longer than [`Jws::MAX_LEN`](super::Jws::MAX_LEN).
    #[error("the signed text is too long")]
    TooLong,
    /// The text is not three parts in base64url, with periods between them: [RFC 7515 §7.1].
    ///
    /// [RFC 7515 §7.1]: https://www.rfc-editor.org/rfc/rfc7515#section-7.1
    #[error("the signed text is not three parts of base64url")]
    Malformed,
    /// The header is not a JSON object, or is nested too deep.
    #[error("the header is not a JSON object")]
    Header,
    /// A header parameter is repeated.
    #[error("a header parameter is repeated")]
    Repeated,
    /// A header parameter is missing or not of its kind.
    #[error("{0} in the header is missing or not of its kind")]
    Parameter(&'static str),
    /// The text is not signed at all: `alg` is `none` ([RFC 7518 §3.6]).
    ///
    /// [RFC 7518 §3.6]: https://www.rfc-editor.org/rfc/rfc7518#section-3.6
    #[error("the text is not signed")]
    Unsecured,
    /// The algorithm is none that grantor knows, such as one with a shared secret.
    #[error("the signature's algorithm is not supported")]
    UnknownAlgorithm,
    /// The algorithm is not among those that the verifier named.
    #[error("the signature's algorithm is not accepted here")]
    AlgorithmNotAccepted,
    /// The header has extensions that must be understood (`crit`). grantor understands none.
    #[error("the header has a critical extension")]
    Critical,
    /// The header brings a key or leads to one, where the verifier knows whose keys are good.
    #[error("the header has a key of its own: {0}")]
    KeyInHeader(&'static str),
    /// The key in the header, where one is due, is none.
    #[error("the key in the header is not taken: {0}")]
    EmbeddedKey(JwkError),
    /// The set has no key for the signature, or not just one.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The signature is wrong.
    #[error("the signature is wrong")]
    Signature,
}

impl Header {
    /// Reads a header.
    ///
    /// Unknown parameters are ignored, as [RFC 7515 §4] has it.
    ///
    /// [RFC 7515 §4]: https://www.rfc-editor.org/rfc/rfc7515#section-4
    pub(super) fn parse(text: &str, with_key: bool) -> Result<Self, JwsError> {
        // RFC 7515 §4: "The Header Parameter names within the JOSE Header MUST be unique".
        let members = json::strict_object(text, MAX_DEPTH).map_err(|fault| match fault {
            JsonFault::Repeated => JwsError::Repeated,
            JsonFault::Malformed | JsonFault::TooDeep => JwsError::Header,
        })?;
        // RFC 7515 §4.1.1: "This Header Parameter MUST be present and MUST be understood and processed by
        // implementations."
        let algorithm = match members.get("alg").and_then(Value::as_str) {
            None => return Err(JwsError::Parameter("alg")),
            Some("none") => return Err(JwsError::Unsecured),
            Some(name) => Algorithm::parse(name).map_err(|_| JwsError::UnknownAlgorithm)?,
        };
        // RFC 7515 §4.1.11: "If any of the listed extension Header Parameters are not understood and supported by the
        // recipient, then the JWS is invalid." None is, and an empty list is against the rule too.
        if members.contains_key("crit") {
            return Err(JwsError::Critical);
        }
        if let Some(name) = LEADS_TO_KEY.into_iter().find(|name| members.contains_key(*name)) {
            return Err(JwsError::KeyInHeader(name));
        }
        for name in ["kid", "typ", "cty"] {
            if members.get(name).is_some_and(|value| !value.is_string()) {
                return Err(JwsError::Parameter(name));
            }
        }
        let jwk = match members.get("jwk") {
            None if with_key => return Err(JwsError::Parameter("jwk")),
            None => None,
            Some(_) if !with_key => return Err(JwsError::KeyInHeader("jwk")),
            Some(Value::Object(key)) => Some(Jwk::of(key).map_err(JwsError::EmbeddedKey)?),
            Some(_) => return Err(JwsError::Parameter("jwk")),
        };
        Ok(Self { algorithm, jwk, members })
    }

    /// The algorithm (`alg`).
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The identifier of the signer's key (`kid`).
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.text("kid")
    }

    /// The type of the whole text (`typ`).
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.text("typ")
    }

    /// The signer's key (`jwk`), of a text that [has to bring it](super::Jws::parse_with_key).
    #[must_use]
    pub fn jwk(&self) -> Option<&Jwk> {
        self.jwk.as_ref()
    }

    /// Returns a parameter by its name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Tells if the type is this one. Both are media types, of which `application/` may be left out ([RFC 7515
    /// §4.1.9]), and which are compared without regard to case.
    ///
    /// [RFC 7515 §4.1.9]: https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9
    #[must_use]
    pub fn is_of_type(&self, name: &str) -> bool {
        self.typ().is_some_and(|typ| without_application(typ).eq_ignore_ascii_case(without_application(name)))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Value::as_str)
    }
}

fn without_application(media_type: &str) -> &str {
    const APPLICATION: &str = "application/";
    let is_application = media_type.get(..APPLICATION.len()).is_some_and(|it| it.eq_ignore_ascii_case(APPLICATION));
    match media_type.get(APPLICATION.len()..) {
        Some(rest) if is_application && !rest.contains('/') => rest,
        _ => media_type,
    }
}
