//! Proof key for code exchange: [RFC 7636 §4].
//!
//! [RFC 7636 §4]: https://www.rfc-editor.org/rfc/rfc7636#section-4

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::secret::decode;
use super::syntax::{SyntaxError, is_unreserved, only};
use super::{Digest, Secret};

/// Tells if the text is a well-formed verifier or challenge: `code-verifier = code-challenge = 43*128unreserved`
/// ([RFC 7636 §4.1], [§4.2]).
///
/// [RFC 7636 §4.1]: https://www.rfc-editor.org/rfc/rfc7636#section-4.1
/// [§4.2]: https://www.rfc-editor.org/rfc/rfc7636#section-4.2
fn is_well_formed(text: &str) -> bool {
    (43..=128).contains(&text.len()) && only(text, is_unreserved)
}

/// A `code_verifier`: [RFC 7636 §4.1].
///
/// [RFC 7636 §4.1]: https://www.rfc-editor.org/rfc/rfc7636#section-4.1
#[derive(Clone, Debug)]
pub struct CodeVerifier<'a>(Secret<'a>);

impl<'a> CodeVerifier<'a> {
    /// Checks the syntax.
    ///
    /// # Errors
    /// The text is not 43 to 128 unreserved characters.
    pub fn parse(text: impl Into<Cow<'a, str>>) -> Result<Self, SyntaxError> {
        let text = text.into();
        if is_well_formed(&text) { Ok(Self(Secret::new(text))) } else { Err(SyntaxError("code_verifier")) }
    }

    /// Returns the challenge that this verifier answers: [RFC 7636 §4.2].
    ///
    /// [RFC 7636 §4.2]: https://www.rfc-editor.org/rfc/rfc7636#section-4.2
    #[must_use]
    pub fn challenge(&self, method: CodeChallengeMethod) -> CodeChallenge {
        CodeChallenge { method, digest: self.digest() }
    }

    pub(crate) fn digest(&self) -> Digest {
        self.0.digest()
    }
}

/// A `code_challenge_method`: [RFC 7636 §4.3].
///
/// [RFC 7636 §4.3]: https://www.rfc-editor.org/rfc/rfc7636#section-4.3
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CodeChallengeMethod {
    /// `S256`: the challenge is the verifier's SHA-256.
    S256,
    /// `plain`: the challenge is the verifier. Anybody who reads the authorization request can redeem the code, so this
    /// method is refused unless
    /// [`AuthorizationConfig::code_challenge_methods`](crate::server::AuthorizationConfig::code_challenge_methods)
    /// names it.
    #[serde(rename = "plain")]
    Plain,
}

impl CodeChallengeMethod {
    /// The value of `code_challenge_method` in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::S256 => "S256",
            Self::Plain => "plain",
        }
    }
}

/// A `code_challenge` with its method.
///
/// It is kept as the SHA-256 digest of the verifier that answers it. An `S256` challenge is this digest; a `plain` one,
/// which is the verifier itself and so a secret, is digested when it is read. A verifier is checked the same way for
/// both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeChallenge {
    method: CodeChallengeMethod,
    digest: Digest,
}

impl CodeChallenge {
    /// Reads a challenge as a request carries it.
    ///
    /// # Errors
    /// The text is not 43 to 128 unreserved characters or, for `S256`, not the base64url of 32 bytes, so that no
    /// verifier could ever match.
    pub fn parse(text: &str, method: CodeChallengeMethod) -> Result<Self, SyntaxError> {
        let digest = match method {
            _ if !is_well_formed(text) => None,
            CodeChallengeMethod::S256 => decode(text).map(Digest::from_bytes),
            CodeChallengeMethod::Plain => Some(Digest::of(text)),
        };
        digest.map(|digest| Self { method, digest }).ok_or(SyntaxError("code_challenge"))
    }

    /// The method of the challenge.
    #[must_use]
    pub fn method(&self) -> CodeChallengeMethod {
        self.method
    }

    /// The digest of the verifier. For `S256` it is the challenge that the request carried, decoded; a `plain`
    /// challenge cannot be restored from it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }
}
