//! From a registration to a client: only at the server at which it was made.

use std::sync::Arc;

use super::Client;
use crate::model::{Issuer, Metadata};
use crate::wire::Registration;

/// The metadata is that of another server than the one at which the client is registered. Nothing was sent, and no
/// client was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client is registered at {registered_at}, and this is {issuer}")]
#[non_exhaustive]
pub struct OtherIssuer {
    /// Where the client is registered.
    pub registered_at: Issuer,
    /// Whose the metadata is.
    pub issuer: Issuer,
}

impl Registration {
    /// The client, at the server at which it is registered. OAuth knows a server by its issuer: RFC 9700 §4.4.2, and
    /// RFC 8414 §3.3 makes sure that metadata is that of the issuer which it names.
    ///
    /// # Errors
    /// The metadata is another server's. A client that was sent there by a resource is not registered there.
    pub fn at(&self, server: Metadata) -> Result<Client, OtherIssuer> {
        if self.is_at(&server) {
            Ok(Client { server, registration: self.clone(), dialect: Arc::default() })
        } else {
            Err(OtherIssuer { registered_at: self.issuer().clone(), issuer: server.issuer })
        }
    }
}
