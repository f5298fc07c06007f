//! The keys of a server: the next, the current and the last.

use super::{Algorithm, Jwk, JwkSet, Signature, SigningError, SigningInput, SigningKey};

/// The keys of a server: those that sign now, those that will next, and those that did until lately. All of them are
/// published, so that whoever fetched the set a while ago knows the key of a token that is signed after the change, and
/// whoever fetches it now knows that of a token from before.
///
/// It is a value: [`rotated`](Self::rotated) gives the next one, and the host puts it in the place of the one before.
/// Publish a next key for as long as others keep the set, and keep the last one for as long as its tokens live.
///
/// `K` is a [`Jwk`] where a key service signs, or a [`SigningKey`] where this process does.
///
/// ```
/// # #[cfg(feature = "rustcrypto")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use grantor::jose::crypto::RustCrypto;
/// use grantor::jose::{Algorithm, KeyRotation, SigningKey};
///
/// let new = || SigningKey::generate(&RustCrypto::new(), Algorithm::Es256, &mut getrandom::SysRng);
/// let (first, second, third) = (new()??, new()??, new()??);
/// let id = |key: &SigningKey| key.jwk().key_id().map(str::to_owned);
/// let ids = [id(&first), id(&second)];
///
/// let keys = KeyRotation::new(first)?.with_next(second)?;
/// assert_eq!(keys.current(Algorithm::Es256).and_then(id), ids[0]);
/// let keys = keys.rotated(third)?;
/// assert_eq!(keys.current(Algorithm::Es256).and_then(id), ids[1]);
/// assert_eq!(keys.jwk_set().keys().len(), 3);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "rustcrypto"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
pub struct KeyRotation<K> {
    next: Vec<K>,
    current: Vec<K>,
    last: Vec<K>,
}

/// An error in the keys of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRotationError {
    /// A key has no `kid`, or does not say which algorithm it is for.
    #[error("a key has no identifier or no algorithm")]
    Unnamed,
    /// Two keys have the same `kid`.
    #[error("two keys have the same identifier")]
    SameKeyId,
    /// An algorithm has two keys of one stage.
    #[error("an algorithm has two keys of the same stage")]
    SameAlgorithm,
}

impl<K: AsRef<Jwk>> KeyRotation<K> {
    /// Begins with one key, which signs.
    ///
    /// # Errors
    /// The key has no `kid` or no `alg`.
    pub fn new(current: K) -> Result<Self, KeyRotationError> {
        Self { next: Vec::new(), current: Vec::new(), last: Vec::new() }.with_current(current)
    }

    /// Adds a key that signs, of another algorithm than those that there are.
    ///
    /// # Errors
    /// See [`KeyRotationError`].
    pub fn with_current(mut self, key: K) -> Result<Self, KeyRotationError> {
        self.current.push(key);
        self.checked()
    }

    /// Adds a key that is published and does not sign yet.
    ///
    /// # Errors
    /// See [`KeyRotationError`].
    pub fn with_next(mut self, key: K) -> Result<Self, KeyRotationError> {
        self.next.push(key);
        self.checked()
    }

    /// Adds a key that is published and signs no longer.
    ///
    /// # Errors
    /// See [`KeyRotationError`].
    pub fn with_last(mut self, key: K) -> Result<Self, KeyRotationError> {
        self.last.push(key);
        self.checked()
    }

    /// Moves the keys of one algorithm on: the next one signs, the current one is the last, and the one that was the
    /// last is gone. The given key is the next, or signs at once if no next one was published.
    ///
    /// # Errors
    /// See [`KeyRotationError`].
    pub fn rotated(mut self, key: K) -> Result<Self, KeyRotationError> {
        let algorithm = key.as_ref().algorithm();
        let is_other = |key: &K| key.as_ref().algorithm() != algorithm;
        self.last.retain(is_other);
        let (others, current) = std::mem::take(&mut self.current).into_iter().partition(is_other);
        self.current = others;
        self.last.extend(current);
        let (others, next): (_, Vec<K>) = std::mem::take(&mut self.next).into_iter().partition(is_other);
        self.next = others;
        if next.is_empty() {
            self.current.push(key);
        } else {
            self.current.extend(next);
            self.next.push(key);
        }
        self.checked()
    }

    fn checked(self) -> Result<Self, KeyRotationError> {
        let all: Vec<&Jwk> = self.all().collect();
        if all.iter().any(|key| key.key_id().is_none() || key.algorithm().is_none()) {
            return Err(KeyRotationError::Unnamed);
        }
        let repeats = |keys: &[&Jwk], same: fn(&Jwk, &Jwk) -> bool| {
            keys.iter().enumerate().any(|(at, key)| keys.iter().skip(at + 1).any(|other| same(key, other)))
        };
        if repeats(&all, |one, other| one.key_id() == other.key_id()) {
            return Err(KeyRotationError::SameKeyId);
        }
        for stage in [&self.next, &self.current, &self.last] {
            let keys: Vec<&Jwk> = stage.iter().map(AsRef::as_ref).collect();
            if repeats(&keys, |one, other| one.algorithm() == other.algorithm()) {
                return Err(KeyRotationError::SameAlgorithm);
            }
        }
        Ok(self)
    }

    /// The key that signs by an algorithm.
    #[must_use]
    pub fn current(&self, algorithm: Algorithm) -> Option<&K> {
        self.current.iter().find(|key| key.as_ref().algorithm() == Some(algorithm))
    }

    /// The algorithms by which keys sign, in the order in which they were added.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.current.iter().filter_map(|key| key.as_ref().algorithm())
    }

    /// The set to publish: the current keys, the next ones and the last.
    #[must_use]
    pub fn jwk_set(&self) -> JwkSet {
        JwkSet::new(self.all().cloned())
    }

    fn all(&self) -> impl Iterator<Item = &Jwk> {
        self.current.iter().chain(&self.next).chain(&self.last).map(AsRef::as_ref)
    }
}

impl KeyRotation<SigningKey> {
    /// The public parts alone, for a configuration.
    #[must_use]
    pub fn public(&self) -> KeyRotation<Jwk> {
        let public = |keys: &[SigningKey]| keys.iter().map(|key| key.jwk().clone()).collect();
        KeyRotation { next: public(&self.next), current: public(&self.current), last: public(&self.last) }
    }

    /// Signs a text with the key that it names. A key that has just become the last one still signs, for a text that
    /// was written before the change.
    ///
    /// # Errors
    /// The key that the text names is not here, or not any more, or its backend failed.
    pub fn sign(&self, input: &SigningInput) -> Result<Signature, SigningError> {
        let mut keys = self.current.iter().chain(&self.last);
        let key = keys.find(|key| key.jwk().key_id() == input.key_id()).ok_or(SigningError::UnknownKey)?;
        key.sign(input)
    }
}

impl AsRef<Jwk> for Jwk {
    fn as_ref(&self) -> &Jwk {
        self
    }
}
