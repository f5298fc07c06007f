//! The resource owner's approval, and what it grants of a request: [RFC 6749 §3.3], [RFC 9396 §3].
//!
//! [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
//! [RFC 9396 §3]: https://www.rfc-editor.org/rfc/rfc9396#section-3

use std::sync::Arc;

use super::error::AuthorizationError;
use crate::model::{
    Acr, Amr, AuthenticationEvent, AuthorizationDetails, Claims, GrantType, Moment, Partition, Scope, SessionId,
    Subject, Timestamp,
};
use crate::record::{Asked, Client, Grant};
use crate::server::Config;
use crate::server::issue::NewGrant;
use crate::server::scope::Granted;

/// The resource owner's approval.
#[derive(Clone, Debug)]
pub struct Approval {
    subject: Subject,
    scope: Option<Scope>,
    details: Approved,
    pub(super) authentication: AuthenticationEvent,
    data: Claims,
}

/// The authorization details that the resource owner approves.
#[derive(Clone, Debug)]
enum Approved {
    /// All that were asked for.
    All,
    /// Those among them that are, or are within, one of these.
    Only(AuthorizationDetails),
    /// These in their place.
    Enriched(AuthorizationDetails),
}

impl Approval {
    /// Approves, on behalf of this resource owner, everything that was asked for. Log the owner in first
    /// ([RFC 9700 §4.11.2]).
    ///
    /// [RFC 9700 §4.11.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.11.2
    #[must_use]
    pub fn by(subject: Subject) -> Self {
        Self {
            subject,
            scope: None,
            details: Approved::All,
            authentication: AuthenticationEvent::default(),
            data: Claims::default(),
        }
    }

    /// Grants only these of the requested scope tokens. Others are ignored, whatever a form sent; if none remain, the
    /// request is denied.
    #[must_use]
    pub fn narrowed_to(self, scope: Scope) -> Self {
        Self { scope: Some(scope), ..self }
    }

    /// Grants only these of the requested authorization details ([RFC 9396 §3]): mostly
    /// [`at`](AuthorizationDetails::at) some positions. An object may also be narrower than the requested one, as far
    /// as its type can [tell](crate::server::AuthorizationDetailsType::covers). Others are ignored, whatever a form
    /// sent; if neither an object nor a scope remains, the request is denied.
    ///
    /// [RFC 9396 §3]: https://www.rfc-editor.org/rfc/rfc9396#section-3
    #[must_use]
    pub fn narrowed_to_details(self, details: AuthorizationDetails) -> Self {
        Self { details: Approved::Only(details), ..self }
    }

    /// Grants these authorization details in the place of the requested ones, for types in which the consent page fills
    /// something in, such as the accounts that the resource owner picked: [RFC 9396 §7.1]. They are the host's word,
    /// which only it can judge; they must be of types that were asked for, and conform to their definitions.
    ///
    /// [RFC 9396 §7.1]: https://www.rfc-editor.org/rfc/rfc9396#section-7.1
    #[must_use]
    pub fn enriched(self, details: AuthorizationDetails) -> Self {
        Self { details: Approved::Enriched(details), ..self }
    }

    /// Sets the time of the resource owner's login, not of the click on "allow". Protected resources that ask for a
    /// recent login (`max_age`; [RFC 9470 §6]) learn it, for as long as the grant lives.
    ///
    /// [RFC 9470 §6]: https://www.rfc-editor.org/rfc/rfc9470#section-6
    #[must_use]
    pub fn authenticated_at(self, auth_time: Timestamp) -> Self {
        let authentication = AuthenticationEvent { auth_time: Some(auth_time), ..self.authentication };
        Self { authentication, ..self }
    }

    /// Sets the authentication context class, which protected resources may ask for (`acr_values`; [RFC 9470 §6]).
    ///
    /// [RFC 9470 §6]: https://www.rfc-editor.org/rfc/rfc9470#section-6
    #[must_use]
    pub fn with_acr(self, acr: Acr) -> Self {
        Self { authentication: self.authentication.with_acr(acr), ..self }
    }

    /// Sets the methods by which the resource owner was authenticated: [RFC 8176].
    ///
    /// [RFC 8176]: https://www.rfc-editor.org/rfc/rfc8176
    #[must_use]
    pub fn with_amr(self, amr: impl IntoIterator<Item = Amr>) -> Self {
        Self { authentication: self.authentication.with_amr(amr), ..self }
    }

    /// Sets the resource owner's session at the host.
    #[must_use]
    pub fn in_session(self, sid: SessionId) -> Self {
        Self { authentication: self.authentication.with_sid(sid), ..self }
    }

    /// Keeps the host's own data with the grant, for example the tenant that was picked on the consent page. Every
    /// [`Issuance`](crate::consult::Issuance) of the grant contains it, for claims and for the last word.
    #[must_use]
    pub fn with_data(self, data: Claims) -> Self {
        Self { data, ..self }
    }

    /// Opens the grant, in the partition of the stored request that led to it, if there is one.
    pub(in crate::server) fn open(
        self,
        config: &Config,
        client: &Client,
        grant_type: GrantType,
        granted: Granted,
        partition: Option<Partition>,
        moment: &mut Moment,
    ) -> Arc<Grant> {
        let Self { subject, authentication, data, .. } = self;
        let subject = Some(subject);
        let grant = NewGrant { client, grant_type, subject, granted, authentication, data, partition };
        grant.open(config, moment)
    }
}

/// Returns the part of the request that is granted.
pub(in crate::server) fn granted(
    config: &Config,
    client: &Client,
    asked: &Asked,
    approval: &Approval,
) -> Result<Granted, AuthorizationError> {
    let offered = config.still(client, asked).ok_or(AuthorizationError::InvalidTarget)?;
    let Granted { scope, audience, authorization_details: details } = offered;
    let scope = approval.scope.as_ref().map_or_else(|| scope.clone(), |approved| scope.intersection(approved));
    let authorization_details = match &approval.details {
        Approved::All => details,
        Approved::Only(approved) => config.authorization_details.within(approved, &details),
        Approved::Enriched(enriched) => config.enriched_details(client, &details, enriched.clone())?,
    };
    let granted = Granted { scope, audience, authorization_details };
    // Granting an empty part of a request is a denial.
    let asks_for_nothing = asked.scope.is_empty() && asked.authorization_details.is_empty();
    if granted.is_empty() && !asks_for_nothing { Err(AuthorizationError::AccessDenied) } else { Ok(granted) }
}
