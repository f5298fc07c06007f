//! Sealing of values that a browser carries for the host, and can neither read nor change. So visitors who have not
//! logged in cost no memory.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

const NONCE_LEN: usize = 24;

/// The purpose of a sealed value, which is good for no other.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// Proves that a form is of this host's making, for this browser and, after `Some`, this person.
    Form,
    /// A request that waits for a login.
    Login,
    /// A request that waits for a person's decision.
    Consent,
}

/// A key that seals and opens values.
pub struct Seal(XChaCha20Poly1305);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    /// Creates a seal with this key.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(&Key::from(key)))
    }

    /// Seals a value for a purpose, bound to these names.
    ///
    /// # Errors
    /// The operating system has no randomness.
    pub fn seal(&self, purpose: Purpose, bound_to: &[&str], value: &[u8]) -> Result<String, getrandom::Error> {
        let mut sealed = [0; NONCE_LEN].to_vec();
        getrandom::fill(&mut sealed)?;
        let nonce = nonce(&sealed).ok_or(getrandom::Error::UNEXPECTED)?;
        let payload = Payload { msg: value, aad: &context(purpose, bound_to) };
        // Encryption fails only for values of many gigabytes.
        let encrypted = self.0.encrypt(&nonce, payload).map_err(|_| getrandom::Error::UNEXPECTED)?;
        sealed.extend(encrypted);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens a value that was sealed for the same purpose and names.
    #[must_use]
    pub fn open(&self, purpose: Purpose, bound_to: &[&str], sealed: &str) -> Option<Vec<u8>> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (start, encrypted) = sealed.split_at_checked(NONCE_LEN)?;
        let payload = Payload { msg: encrypted, aad: &context(purpose, bound_to) };
        self.0.decrypt(&nonce(start)?, payload).ok()
    }
}

fn nonce(bytes: &[u8]) -> Option<XNonce> {
    XNonce::try_from(bytes).ok()
}

/// Joins the parts, each with its length before it, so that no two lists read alike.
fn context(purpose: Purpose, bound_to: &[&str]) -> Vec<u8> {
    let mut context = format!("{purpose:?}").into_bytes();
    for part in bound_to {
        context.extend(part.len().to_be_bytes());
        context.extend(part.as_bytes());
    }
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_for_its_purpose_and_whom_it_is_bound_to_alone() {
        let seal = Seal::new([1; 32]);
        let sealed = seal.seal(Purpose::Consent, &["ab", "c"], b"value").expect("randomness");
        assert_eq!(seal.open(Purpose::Consent, &["ab", "c"], &sealed).as_deref(), Some(&b"value"[..]));
        assert_eq!(seal.open(Purpose::Login, &["ab", "c"], &sealed), None);
        for bound_to in [&["a", "bc"][..], &["abc"], &["ab"], &["ab", "c", ""], &[]] {
            assert_eq!(seal.open(Purpose::Consent, bound_to, &sealed), None, "{bound_to:?}");
        }
        assert_eq!(Seal::new([2; 32]).open(Purpose::Consent, &["ab", "c"], &sealed), None);
    }

    #[test]
    fn whatever_is_changed_or_cut_does_not_open() {
        let seal = Seal::new([1; 32]);
        let sealed = seal.seal(Purpose::Login, &[], b"value").expect("randomness");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("text");
            assert_eq!(seal.open(Purpose::Login, &[], &changed), None, "{at}");
            assert_eq!(seal.open(Purpose::Login, &[], &sealed[..at]), None, "{at}");
        }
        for other in ["", "=", "é", &format!("{sealed}="), &format!("{sealed}AAAA")] {
            assert_eq!(seal.open(Purpose::Login, &[], other), None, "{other:?}");
        }
        assert_ne!(seal.seal(Purpose::Login, &[], b"value").expect("randomness"), sealed);
    }
}
