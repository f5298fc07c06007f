//! The configuration that a flow needs.

use grantor::model::{GrantType, ResponseMode, ResponseType};
use grantor::server::{Config, RefreshPolicy, Registrants, RegistrationConfig};

use crate::clients::PAYMENT;

/// A configuration that the server needs for a flow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    pub(super) is_met: fn(&Config) -> bool,
    /// The text that a person is shown if the server lacks it.
    pub(super) lack: &'static str,
}

pub(super) const NOTHING: Need = Need { is_met: |_| true, lack: "" };
pub(super) const CODE: Need = Need {
    is_met: |config| has_grant(config, &GrantType::AuthorizationCode) && responds(config, ResponseType::Code),
    lack: "This server's configuration has no authorization code grant.",
};
pub(super) const ROTATION: Need = Need {
    is_met: |config| {
        let rotates = !matches!(config.token.refresh, RefreshPolicy::Reuse);
        (CODE.is_met)(config) && rotates && has_grant(config, &GrantType::RefreshToken)
    },
    lack: "This server's configuration has no authorization code grant with refresh tokens that rotate.",
};
pub(super) const IMPLICIT: Need = Need {
    is_met: |config| responds(config, ResponseType::Token),
    lack: "This server's configuration has no implicit grant.",
};
pub(super) const CLIENT_CREDENTIALS: Need = Need {
    is_met: |config| has_grant(config, &GrantType::ClientCredentials),
    lack: "This server's configuration has no client credentials grant.",
};
pub(super) const PASSWORD: Need = Need {
    is_met: |config| has_grant(config, &GrantType::Password),
    lack: "This server's configuration has no password grant.",
};

pub(super) const FORM_POST: Need = Need {
    is_met: |config| (CODE.is_met)(config) && config.authorization.response_modes.contains(&ResponseMode::FormPost),
    lack: "This server's configuration has no authorization code grant with the response mode form_post.",
};
pub(super) const PUSHED: Need = Need {
    is_met: |config| (CODE.is_met)(config) && config.par.is_some(),
    lack: "This server's configuration takes no pushed authorization requests.",
};
pub(super) const RICH: Need = Need {
    is_met: |config| {
        let types = config.metadata().authorization_details_types_supported;
        (PUSHED.is_met)(config) && types.iter().flatten().any(|name| name == PAYMENT)
    },
    lack: "This server's configuration takes no pushed requests with the authorization details payment_initiation.",
};
pub(super) const REGISTRATION: Need = Need {
    is_met: |config| {
        let anybody = |section: &RegistrationConfig| matches!(section.registrants, Registrants::Anybody);
        (CODE.is_met)(config) && config.registration.as_ref().is_some_and(anybody)
    },
    lack: "This server's configuration does not let anybody register clients.",
};
pub(super) const DEVICE: Need = Need {
    is_met: |config| has_grant(config, &GrantType::DeviceCode) && config.device.is_some(),
    lack: "This server's configuration has no device authorization.",
};

fn has_grant(config: &Config, grant_type: &GrantType) -> bool {
    config.token.grant_types.contains(grant_type)
}

fn responds(config: &Config, response_type: ResponseType) -> bool {
    config.authorization.response_types.contains(&response_type)
}
