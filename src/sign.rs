//! The effect of signing, which a key service answers, or keys of this process.

use crate::effect::{Answer, Effect, Unavailable};
use crate::jose::{KeyRotation, Signature, SigningError, SigningInput, SigningKey};

/// Sign these texts, none of which depends on another, and bring back a signature for each, in their order.
///
/// A machine asks for it before its commit, so that nothing is stored for a text that is never signed; what was signed
/// and not committed is never sent. The signatures have the form that [`Signature`] says.
///
/// Keys of this process answer at once:
///
/// ```
/// use grantor::jose::{KeyRotation, SigningKey};
/// use grantor::{Answer, Policy, Sign};
///
/// struct Keys(KeyRotation<SigningKey>);
///
/// impl Policy for Keys {
///     fn sign(&self, effect: &Sign) -> Answer<Sign> {
///         effect.by(&self.0)
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign(Vec<SigningInput>);

impl Sign {
    /// Asks for the signatures of these texts.
    #[must_use]
    pub fn new(inputs: impl IntoIterator<Item = SigningInput>) -> Self {
        Self(inputs.into_iter().collect())
    }

    /// The texts to sign, each of which names its key.
    #[must_use]
    pub fn inputs(&self) -> &[SigningInput] {
        &self.0
    }

    /// Answers with keys of this process.
    ///
    /// # Errors
    /// A key is not here, or its backend failed.
    pub fn by(&self, keys: &KeyRotation<SigningKey>) -> Answer<Self> {
        let signatures = self.0.iter().map(|input| keys.sign(input)).collect::<Result<_, _>>();
        signatures.map_err(Unavailable::new)
    }

    /// Appends the signatures to their texts: signed texts in the compact form.
    ///
    /// # Errors
    /// There are not as many signatures as texts, or one has the wrong length: the signer answered garbage.
    pub fn attach(self, signatures: &[Signature]) -> Result<Vec<String>, SigningError> {
        if self.0.len() != signatures.len() {
            return Err(SigningError::Count);
        }
        self.0.into_iter().zip(signatures).map(|(input, signature)| input.attach(signature)).collect()
    }

    pub(crate) fn unanswered(&self) -> Answer<Self> {
        Err(Unavailable::new("this host signs nothing"))
    }
}

impl Effect for Sign {
    type Answer = Vec<Signature>;
    const NAME: &'static str = "sign";
}
