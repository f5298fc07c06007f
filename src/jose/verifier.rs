//! Verifying, which is a pure function.

use std::fmt;

use super::{Algorithm, PublicKey};

/// The mathematics of verifying: a backend of this crate's (features `rustcrypto` and `aws-lc-rs`), or the host's own.
/// It is a value in the configuration, as `Arc<dyn Verifier>`. No process-wide default exists.
///
/// An implementation computes and nothing else. Sizes, kinds of keys and allowed algorithms were checked before.
pub trait Verifier: Send + Sync + fmt::Debug {
    /// Tells if a signature of this message was made by the owner of the key.
    ///
    /// # Errors
    /// The signature is wrong, the key is none (a point that is not on its curve), or the backend does not have the
    /// algorithm.
    fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), WrongSignature>;

    /// Tells if the backend has an algorithm. By default, all of them.
    fn has(&self, _algorithm: Algorithm) -> bool {
        true
    }
}

/// The error for a signature that cannot be verified. The reason makes no difference to anybody who may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature is wrong")]
pub struct WrongSignature;
