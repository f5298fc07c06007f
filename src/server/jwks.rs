//! The server's public keys: the JWK Set ([RFC 7517 §5]) at `jwks_uri` ([RFC 8414 §2]).
//!
//! [RFC 7517 §5]: https://www.rfc-editor.org/rfc/rfc7517#section-5
//! [RFC 8414 §2]: https://www.rfc-editor.org/rfc/rfc8414#section-2

use http::{Request, Response, StatusCode};

use super::Server;
use super::cross_origin::CrossOrigin;
use super::section::Section;
use crate::jose::{Jwk, KeyRotation};
use crate::model::{Endpoint, Issuer, Metadata};
use crate::wire::{document, empty};

/// The configuration of the server's public keys.
///
/// They are rotated without a restart: give the host's next requests a [`Server`] whose configuration has the
/// [rotated](KeyRotation::rotated) keys.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JwksConfig {
    /// The URL of the set (`jwks_uri`).
    pub endpoint: Endpoint,
    /// The keys, all of which are published. They are public keys; what signs is the host's
    /// ([`Policy::sign`](crate::Policy::sign)).
    pub keys: KeyRotation<Jwk>,
}

impl JwksConfig {
    /// Publishes keys at `jwks` below the issuer.
    #[must_use]
    pub fn below(issuer: &Issuer, keys: KeyRotation<Jwk>) -> Self {
        Self::at(issuer.endpoint("jwks"), keys)
    }

    /// Publishes keys at this URL.
    #[must_use]
    pub fn at(endpoint: Endpoint, keys: KeyRotation<Jwk>) -> Self {
        Self { endpoint, keys }
    }
}

impl Section for JwksConfig {
    fn advertise(&self, metadata: &mut Metadata) {
        metadata.jwks_uri = Some(self.endpoint.clone());
    }
}

impl Server {
    /// Answers a request for the server's public keys: [RFC 7517 §5]. It needs no effect and contains nothing secret.
    /// Whoever fetches the set may keep it for five minutes, so publish a next key at least that long before it signs.
    ///
    /// [RFC 7517 §5]: https://www.rfc-editor.org/rfc/rfc7517#section-5
    pub fn jwks<B>(&self, request: &Request<B>) -> Response<Vec<u8>> {
        match &self.config.jwks {
            Some(section) => document(request, self.config.cross_origin == CrossOrigin::Any, &section.keys.jwk_set()),
            None => empty(StatusCode::NOT_FOUND),
        }
    }
}
