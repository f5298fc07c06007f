//! The configuration of the device authorization endpoint.

use std::time::Duration;

use crate::model::{Endpoint, Issuer, Metadata};
use crate::server::section::{ConfigError, Section, lifetime};

/// The section of a configuration for devices. The grant itself is named in
/// [`TokenConfig::grant_types`](crate::server::TokenConfig::grant_types):
///
/// ```
/// use grantor::model::{GrantType, Issuer};
/// use grantor::server::{Config, DeviceConfig, Server};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut config = Config::new(Issuer::parse("https://as.example")?);
/// config.device = Some(DeviceConfig::below(&config.issuer));
/// config.token.grant_types.push(GrantType::DeviceCode);
/// let server = Server::new(config)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeviceConfig {
    /// The URL at which the host has mounted the endpoint.
    pub endpoint: Endpoint,
    /// The URL of the host's page where people type in the user code. [RFC 8628 §3.2]: "The URI should be short and
    /// easy to remember as end users will be asked to manually type it into their user agent."
    ///
    /// [RFC 8628 §3.2]: https://www.rfc-editor.org/rfc/rfc8628#section-3.2
    pub verification_uri: Endpoint,
    /// True to send `verification_uri_complete` too, which a device may show as a QR code: [RFC 8628 §3.3.1]. Default:
    /// true. It spares people the typing, and so the moment in which they look at the code; the page has to ask for
    /// that all the more ([RFC 8628 §5.4]).
    ///
    /// [RFC 8628 §3.3.1]: https://www.rfc-editor.org/rfc/rfc8628#section-3.3.1
    /// [RFC 8628 §5.4]: https://www.rfc-editor.org/rfc/rfc8628#section-5.4
    pub complete: bool,
    /// The lifetime of device code and user code, in whole seconds, in which the person also logs in and decides.
    /// Default: 10 minutes; at most 15. [RFC 8628 §5.4]: long enough "to be useable", but "sufficiently short to limit
    /// the usability of a code obtained for phishing."
    ///
    /// [RFC 8628 §5.4]: https://www.rfc-editor.org/rfc/rfc8628#section-5.4
    pub lifetime: Duration,
    /// The time between two polls, in whole seconds. Default: 5 seconds.
    pub interval: Duration,
}

/// The longest life of a user code.
const MAX_LIFETIME: Duration = Duration::from_secs(15 * 60);

impl DeviceConfig {
    /// Creates the recommended section, for an endpoint `device_authorization` and a page `device` below the issuer.
    #[must_use]
    pub fn below(issuer: &Issuer) -> Self {
        Self::at(issuer.endpoint("device_authorization"), issuer.endpoint("device"))
    }

    /// Creates the recommended section, for an endpoint and a page at these URLs.
    #[must_use]
    pub fn at(endpoint: Endpoint, verification_uri: Endpoint) -> Self {
        let (lifetime, interval) = (Duration::from_secs(10 * 60), Duration::from_secs(5));
        Self { endpoint, verification_uri, complete: true, lifetime, interval }
    }
}

impl Section for DeviceConfig {
    fn check(&self) -> Result<(), ConfigError> {
        lifetime("device.lifetime", self.lifetime)?;
        if self.lifetime > MAX_LIFETIME {
            return Err(ConfigError::BeyondQuarterHour("device.lifetime"));
        }
        lifetime("device.interval", self.interval)
    }

    fn advertise(&self, metadata: &mut Metadata) {
        metadata.device_authorization_endpoint = Some(self.endpoint.clone());
    }
}
