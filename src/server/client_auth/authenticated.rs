//! The proof that a client was authenticated, which only this folder can make.

use std::sync::Arc;

use crate::record::Client;

/// Proof that a client was authenticated or, if it is public, identified.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct Authenticated(Arc<Client>);

impl Authenticated {
    pub(super) fn new(client: Arc<Client>) -> Self {
        Self(client)
    }

    pub(in crate::server) fn client(&self) -> &Arc<Client> {
        &self.0
    }

    pub(in crate::server) fn into_client(self) -> Arc<Client> {
        self.0
    }
}
