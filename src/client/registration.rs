//! The step from a registration to a client, which only the server of the registration allows.

use std::sync::Arc;

use super::Client;
use crate::model::{Issuer, Metadata};
use crate::wire::Registration;

/// The error for metadata of a server at which the client is not registered. Nothing was sent, and no client was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client is registered at {registered_at}, and this is {issuer}")]
#[non_exhaustive]
pub struct OtherIssuer {
    /// The issuer at which the client is registered.
    pub registered_at: Issuer,
    /// The issuer of the metadata.
    pub issuer: Issuer,
}

impl Registration {
    /// Makes the client, at the server at which it is registered. OAuth identifies a server by its issuer
    /// ([RFC 9700 §4.4.2]), and [RFC 8414 §3.3] makes sure that metadata belongs to the issuer that it names.
    ///
    /// # Errors
    /// The metadata is another server's. A client that a resource sent to another server is not registered there.
    ///
    /// [RFC 9700 §4.4.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.4.2
    /// [RFC 8414 §3.3]: https://www.rfc-editor.org/rfc/rfc8414#section-3.3
    pub fn at(&self, server: Metadata) -> Result<Client, OtherIssuer> {
        if self.is_at(&server) {
            Ok(Client { server, registration: self.clone(), dialect: Arc::default() })
        } else {
            Err(OtherIssuer { registered_at: self.issuer().clone(), issuer: server.issuer })
        }
    }
}
