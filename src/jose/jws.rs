//! Signed texts in the compact form: [RFC 7515 §7.1], [§5.2].
//!
//! [RFC 7515 §7.1]: https://www.rfc-editor.org/rfc/rfc7515#section-7.1
//! [§5.2]: https://www.rfc-editor.org/rfc/rfc7515#section-5.2

use std::fmt;

use super::{Algorithm, Header, Jwk, JwkSet, JwsError, Verifier, base64url};

/// A signed text, taken apart and not yet verified: [RFC 7515 §7.1].
///
/// ```
/// use grantor::jose::{Algorithm, JwkSet, Jws, JwsError};
/// # use grantor::jose::{PublicKey, Verifier, WrongSignature};
/// # #[derive(Debug)]
/// # struct Backend;
/// # impl Verifier for Backend {
/// #     fn verify(&self, _: Algorithm, _: &PublicKey, _: &[u8], _: &[u8]) -> Result<(), WrongSignature> { Ok(()) }
/// # }
/// # fn verify(token: &str, keys: &JwkSet, backend: &Backend) -> Result<Vec<u8>, JwsError> {
/// let accepted = [Algorithm::Es256, Algorithm::Ed25519];
/// let verified = Jws::parse(token)?.verify(keys, &accepted, backend)?;
/// # Ok(verified.payload().to_vec())
/// # }
/// # assert_eq!(verify("e30", &JwkSet::default(), &Backend), Err(JwsError::Malformed));
/// ```
///
/// [RFC 7515 §7.1]: https://www.rfc-editor.org/rfc/rfc7515#section-7.1
pub struct Jws<'a> {
    header: Header,
    payload: Vec<u8>,
    /// The header and the payload as they were sent, which is what was signed.
    signing_input: &'a str,
    signature: Vec<u8>,
}

/// The header and the payload of a signed text, after its signature was verified. Nothing else makes one.
pub struct Verified {
    header: Header,
    payload: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// The greatest length of a signed text, in bytes.
    pub const MAX_LEN: usize = 16 * 1024;

    /// Takes a signed text apart. The verifier knows whose keys are good, so a header that brings one, or leads to one,
    /// is refused.
    ///
    /// # Errors
    /// See [`JwsError`].
    pub fn parse(text: &'a str) -> Result<Self, JwsError> {
        Self::read(text, false)
    }

    /// Takes a signed text apart that has to bring its key (`jwk`, [RFC 7515 §4.1.3]), as a proof of possession does.
    /// Such a signature proves that the signer has the key, and nothing else.
    ///
    /// # Errors
    /// See [`JwsError`].
    ///
    /// [RFC 7515 §4.1.3]: https://www.rfc-editor.org/rfc/rfc7515#section-4.1.3
    pub fn parse_with_key(text: &'a str) -> Result<Self, JwsError> {
        Self::read(text, true)
    }

    fn read(text: &'a str, with_key: bool) -> Result<Self, JwsError> {
        if text.len() > Self::MAX_LEN {
            return Err(JwsError::TooLong);
        }
        let (signing_input, signature) = text.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::Malformed)?;
        let [header, payload, signature] = [header, payload, signature].map(base64url::decode);
        let (Some(header), Some(payload), Some(signature)) = (header, payload, signature) else {
            return Err(JwsError::Malformed);
        };
        let header = std::str::from_utf8(&header).map_err(|_| JwsError::Header)?;
        Ok(Self { header: Header::parse(header, with_key)?, payload, signing_input, signature })
    }

    /// The header, of which nothing is believed yet.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload, of which nothing is believed yet: to find out whose keys to verify it with, and for nothing else.
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Verifies the signature with the one key of a set that is meant, by one of these algorithms. [RFC 8725 §3.1]:
    /// "Libraries MUST enable the caller to specify a supported set of algorithms and MUST NOT use any other algorithms
    /// when performing cryptographic operations."
    ///
    /// The header chooses among `accepted`, and the key among those that fit it. An RSA key that does not say which
    /// algorithm it is for fits both that there are, so name one of them, unless your signers really use both.
    ///
    /// # Errors
    /// See [`JwsError`].
    ///
    /// [RFC 8725 §3.1]: https://www.rfc-editor.org/rfc/rfc8725#section-3.1
    pub fn verify(self, keys: &JwkSet, accepted: &[Algorithm], verifier: &dyn Verifier) -> Result<Verified, JwsError> {
        self.accepted(accepted)?;
        let key = keys.find(self.header.key_id(), self.header.algorithm())?;
        self.verify_by(key, verifier)?;
        Ok(Verified { header: self.header, payload: self.payload })
    }

    /// Verifies the signature with the key that the text brings, and returns that key too.
    ///
    /// # Errors
    /// See [`JwsError`]. A text without a key, which was taken apart by [`parse`](Self::parse), is refused.
    pub fn verify_with_own_key(
        self,
        accepted: &[Algorithm],
        verifier: &dyn Verifier,
    ) -> Result<(Jwk, Verified), JwsError> {
        self.accepted(accepted)?;
        let key = self.header.jwk().ok_or(JwsError::Parameter("jwk"))?.clone();
        self.verify_by(&key, verifier)?;
        Ok((key, Verified { header: self.header, payload: self.payload }))
    }

    fn accepted(&self, accepted: &[Algorithm]) -> Result<(), JwsError> {
        let is_accepted = accepted.contains(&self.header.algorithm());
        if is_accepted { Ok(()) } else { Err(JwsError::AlgorithmNotAccepted) }
    }

    fn verify_by(&self, key: &Jwk, verifier: &dyn Verifier) -> Result<(), JwsError> {
        let algorithm = self.header.algorithm();
        // The key's kind and its own `alg` decide, and not the header alone.
        if !key.fits(algorithm) || self.signature.len() != key.key().signature_len() {
            return Err(JwsError::Signature);
        }
        let message = self.signing_input.as_bytes();
        verifier.verify(algorithm, key.key(), message, &self.signature).map_err(|_| JwsError::Signature)
    }
}

/// Leaves out the payload and the signature: whoever has them may have a token.
impl fmt::Debug for Jws<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jws").field("header", &self.header).finish_non_exhaustive()
    }
}

impl Verified {
    /// The header, which the signer vouches for.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload, which the signer vouches for.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }
}

/// Leaves out the payload, which may be about people.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("header", &self.header).finish_non_exhaustive()
    }
}
