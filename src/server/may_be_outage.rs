//! The errors of endpoints that may be an outage, which is an event of its own.

use super::device::{AuthorizeDeviceError, DevicePageError};
use super::error::EndpointError;
use super::par::PushError;
use super::register::RegistrationError;
use super::revoke::RevokeError;
use super::token::TokenError;
use crate::effect::Outage;

/// An error that may be an outage.
pub(super) trait MayBeOutage: Clone {
    fn outage(&self) -> Option<&Outage>;
}

/// Implements [`MayBeOutage`] for the errors that have a variant for those of every endpoint.
macro_rules! may_be_outage {
    ($($error:ident: $pattern:pat => $outage:ident;)*) => {$(
        impl MayBeOutage for $error {
            fn outage(&self) -> Option<&Outage> {
                match self {
                    $pattern => Some($outage),
                    _ => None,
                }
            }
        }
    )*};
}
may_be_outage! {
    EndpointError: Self::Unavailable(outage) => outage;
    TokenError: Self::Endpoint(EndpointError::Unavailable(outage)) => outage;
    RevokeError: Self::Endpoint(EndpointError::Unavailable(outage)) => outage;
    PushError: Self::Endpoint(EndpointError::Unavailable(outage)) => outage;
    RegistrationError: Self::Endpoint(EndpointError::Unavailable(outage)) => outage;
    AuthorizeDeviceError: Self::Endpoint(EndpointError::Unavailable(outage)) => outage;
    DevicePageError: Self::Unavailable(outage) => outage;
}
