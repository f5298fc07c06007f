//! Rich authorization requests: [RFC 9396].
//!
//! A type is defined by the host: [`AuthorizationDetailsType`]. grantor reads the JSON, sees to it that each object is
//! of a type that the server has and the client may ask for, and has the definition check it; it shows the objects to
//! the resource owner by the [`Prompt`](super::Prompt), keeps those that were approved with the grant, and narrows them
//! for each token.
//!
//! [RFC 9396]: https://www.rfc-editor.org/rfc/rfc9396

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::Config;
use super::section::{Section, names};
use crate::model::{
    Audience, AuthorizationDetail, AuthorizationDetails, AuthorizationDetailsError, Metadata, Resource,
};
use crate::record::Client;

/// The section of a configuration for rich authorization requests. Default: no types, so that `authorization_details`
/// is not in use and is ignored, as any parameter that a server does not know.
///
/// ```
/// use grantor::model::Issuer;
/// use grantor::server::{Config, DetailMembers, MemberKind};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut config = Config::new(Issuer::parse("https://as.example.com")?);
/// config.authorization_details.add(
///     "payment_initiation",
///     DetailMembers::new()
///         .required("instructedAmount", MemberKind::Object)
///         .required("creditorName", MemberKind::Text)
///         .optional("actions", MemberKind::List),
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AuthorizationDetailsConfig {
    types: BTreeMap<String, Arc<dyn AuthorizationDetailsType>>,
}

/// The definition of an authorization details type, by the host. A pure function of the object: who may do what with
/// whose account is for the consent page, and for [`Policy::issuance`](crate::Policy::issuance).
pub trait AuthorizationDetailsType: fmt::Debug + Send + Sync {
    /// Checks an object of this type. [RFC 9396 §5]: "The AS MUST refuse to process any unknown authorization details
    /// type or authorization details not conforming to the respective type definition": one with unknown fields, with
    /// fields of the wrong type or with invalid values, or without a required field.
    ///
    /// The fields that are common to all types have their kinds already ([`AuthorizationDetail::new`]), but their
    /// values are the type's own.
    ///
    /// # Errors
    /// The object does not conform; the request is refused (`invalid_authorization_details`).
    ///
    /// [RFC 9396 §5]: https://www.rfc-editor.org/rfc/rfc9396#section-5
    fn check(&self, detail: &AuthorizationDetail) -> Result<(), InvalidDetail>;

    /// Tells if an object that was granted allows another of this type that is asked for, for a token
    /// ([RFC 9396 §6.1]) or by a new request. Default: [`AuthorizationDetail::covers`], which is conservative.
    ///
    /// [RFC 9396 §6.1]: https://www.rfc-editor.org/rfc/rfc9396#section-6.1
    fn covers(&self, granted: &AuthorizationDetail, asked: &AuthorizationDetail) -> bool {
        granted.covers(asked)
    }
}

/// The reason why an object does not conform to its type, in words for the client's developer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidDetail(String);

impl InvalidDetail {
    /// Creates a reason. It must not repeat what the request says. Characters that [RFC 6749 §5.2] does not allow are
    /// left out.
    ///
    /// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    #[must_use]
    pub fn new(reason: &str) -> Self {
        let is_allowed = |character: &char| matches!(character, ' '..='~') && !matches!(character, '"' | '\\');
        let reason: String = reason.chars().filter(is_allowed).collect();
        Self(if reason.is_empty() { NOT_CONFORMING.to_owned() } else { reason })
    }
}

const NOT_CONFORMING: &str = "an authorization detail does not conform to its type";

/// An error in the authorization details of a request: `invalid_authorization_details`, [RFC 9396 §5].
///
/// [RFC 9396 §5]: https://www.rfc-editor.org/rfc/rfc9396#section-5
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DetailsError {
    /// They cannot be read.
    #[error("{0}")]
    Malformed(#[from] AuthorizationDetailsError),
    /// The server has no such type.
    #[error("the type of an authorization detail is not known")]
    UnknownType,
    /// The client is not registered for the type.
    #[error("the client may not ask for authorization details of this type")]
    TypeOfOthers,
    /// An object does not conform to the definition of its type.
    #[error("{0}")]
    NotConforming(#[from] InvalidDetail),
    /// An object is for protected resources that the client may not ask for, or that the token is not for.
    #[error("the locations of an authorization detail are not among the resources of the request")]
    Location,
    /// More is asked for than was granted: [RFC 9396 §6].
    ///
    /// [RFC 9396 §6]: https://www.rfc-editor.org/rfc/rfc9396#section-6
    #[error("the authorization details exceed what was granted")]
    Exceeding,
}

impl AuthorizationDetailsConfig {
    /// Adds a type, or replaces its definition.
    pub fn add(&mut self, name: &str, definition: impl AuthorizationDetailsType + 'static) {
        self.types.insert(name.to_owned(), Arc::new(definition));
    }

    /// The names of the types.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
    }

    /// Tells if everything that is asked for was granted, object by object and by the definitions of the types: for a
    /// host that remembers consent. Each granted object allows one of those that are asked for. An object of a type
    /// that the server does not have is not covered.
    #[must_use]
    pub fn cover(&self, granted: &AuthorizationDetails, asked: &AuthorizationDetails) -> bool {
        granted.cover_by(asked, |granted, asked| {
            self.types.get(asked.detail_type()).is_some_and(|definition| definition.covers(granted, asked))
        })
    }

    /// Returns those of the approved objects that were asked for, or are within one that was.
    pub(super) fn within(&self, approved: &AuthorizationDetails, asked: &AuthorizationDetails) -> AuthorizationDetails {
        let mut kept = AuthorizationDetails::default();
        for detail in approved.iter() {
            kept = kept.and(detail).filter(|more| self.cover(asked, more)).unwrap_or(kept);
        }
        kept
    }

    /// Tells if `authorization_details` is in use.
    pub(super) fn is_used(&self) -> bool {
        !self.types.is_empty()
    }

    /// Tells if the client may be granted an object of this type.
    fn offers(&self, client: &Client, detail: &AuthorizationDetail) -> bool {
        let name = detail.detail_type();
        self.types.contains_key(name) && client.authorization_details_types.iter().any(|own| own == name)
    }

    /// Reads the parameter, and checks each object. [RFC 9396 §5]: "The AS MUST refuse to process any unknown
    /// authorization details type or authorization details not conforming to the respective type definition. The AS
    /// MUST abort processing and respond with an error `invalid_authorization_details` to the client".
    ///
    /// [RFC 9396 §5]: https://www.rfc-editor.org/rfc/rfc9396#section-5
    fn read(&self, client: &Client, requested: &str) -> Result<AuthorizationDetails, DetailsError> {
        let details = AuthorizationDetails::parse(requested)?;
        self.check_all(client, &details)?;
        Ok(details)
    }

    fn check_all(&self, client: &Client, details: &AuthorizationDetails) -> Result<(), DetailsError> {
        for detail in details.iter() {
            let definition = self.types.get(detail.detail_type()).ok_or(DetailsError::UnknownType)?;
            if !self.offers(client, detail) {
                return Err(DetailsError::TypeOfOthers);
            }
            definition.check(detail)?;
        }
        Ok(())
    }
}

impl Section for AuthorizationDetailsConfig {
    fn advertise(&self, metadata: &mut Metadata) {
        metadata.authorization_details_types_supported = names(self.types());
    }
}

impl Config {
    /// Returns the authorization details that a request asks for. They are independent of its `resource`
    /// ([RFC 9396 §3.2]), but not for resources that the client may ask nothing of: `all`.
    ///
    /// [RFC 9396 §3.2]: https://www.rfc-editor.org/rfc/rfc9396#section-3.2
    pub(super) fn asked_details(
        &self,
        client: &Client,
        requested: Option<&str>,
        all: Option<&Audience>,
    ) -> Result<AuthorizationDetails, DetailsError> {
        let Some(requested) = requested.filter(|_| self.authorization_details.is_used()) else {
            return Ok(AuthorizationDetails::default());
        };
        let details = self.authorization_details.read(client, requested)?;
        if all.is_some_and(|all| details.iter().any(|detail| !self.is_for(detail, all.resources()))) {
            return Err(DetailsError::Location);
        }
        Ok(details)
    }

    /// Returns those of the authorization details that the client may still be granted.
    pub(super) fn offered_details(&self, client: &Client, details: &AuthorizationDetails) -> AuthorizationDetails {
        details.filtered(|detail| self.authorization_details.offers(client, detail))
    }

    /// Checks details that the host has put in the place of those that were asked for: [RFC 9396 §7.1].
    ///
    /// [RFC 9396 §7.1]: https://www.rfc-editor.org/rfc/rfc9396#section-7.1
    pub(super) fn enriched_details(
        &self,
        client: &Client,
        asked: &AuthorizationDetails,
        enriched: AuthorizationDetails,
    ) -> Result<AuthorizationDetails, DetailsError> {
        self.authorization_details.check_all(client, &enriched)?;
        let is_asked = |name| asked.iter().any(|asked| asked.detail_type() == name);
        if enriched.iter().all(|detail| is_asked(detail.detail_type())) {
            Ok(enriched)
        } else {
            Err(DetailsError::Exceeding)
        }
    }

    /// Returns the authorization details of a token within those of its grant: [RFC 9396 §6]. Without the parameter,
    /// all of those that are for the resources of the token.
    ///
    /// [RFC 9396 §6]: https://www.rfc-editor.org/rfc/rfc9396#section-6
    pub(super) fn granted_details(
        &self,
        client: &Client,
        granted: &AuthorizationDetails,
        requested: Option<&str>,
        audience: &Audience,
    ) -> Result<AuthorizationDetails, DetailsError> {
        let granted = self.details_at(&self.offered_details(client, granted), audience.resources());
        let Some(requested) = requested.filter(|_| self.authorization_details.is_used()) else { return Ok(granted) };
        let asked = self.authorization_details.read(client, requested)?;
        if asked.iter().any(|detail| !self.is_for(detail, audience.resources())) {
            return Err(DetailsError::Location);
        }
        // RFC 9396 §6: "The AS checks whether the underlying grant [...] allows the issuance of an access token with
        // the requested authorization details. Otherwise, the AS refuses the request with the error code
        // `invalid_authorization_details`".
        if self.authorization_details.cover(&granted, &asked) { Ok(asked) } else { Err(DetailsError::Exceeding) }
    }

    /// Leaves out the objects that are for other resources of the server than these.
    pub(super) fn details_at(&self, details: &AuthorizationDetails, resources: &[Resource]) -> AuthorizationDetails {
        details.filtered(|detail| self.is_for(detail, resources))
    }

    /// Tells if an object may be used at one of these resources. A location that is at none of the server's resources
    /// says nothing about that, and an object without a location is for all of them. [RFC 9396 §12]:
    /// `locations` serves "to unambiguously assign permissions to RSs".
    ///
    /// [RFC 9396 §12]: https://www.rfc-editor.org/rfc/rfc9396#section-12
    fn is_for(&self, detail: &AuthorizationDetail, resources: &[Resource]) -> bool {
        let is_at = |location: &str, resources: &[Resource]| resources.iter().any(|at| at.includes(location));
        let is_elsewhere = |location: &str| is_at(location, self.resources.resources()) && !is_at(location, resources);
        detail.locations().next().is_none() || !detail.locations().all(is_elsewhere)
    }
}

/// The kind of a member's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberKind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list, of whatever.
    List,
    /// An object, with whatever members.
    Object,
    /// Any value.
    Any,
}

/// A definition of a type by the names of its members and the kinds of their values. Other members are refused. A type
/// whose values need a closer look implements [`AuthorizationDetailsType`] itself.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct DetailMembers {
    members: BTreeMap<String, (MemberKind, bool)>,
}

impl DetailMembers {
    /// Creates the definition of a type that has no members but `type`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a member that every object of the type has.
    pub fn required(self, name: &str, kind: MemberKind) -> Self {
        self.with(name, kind, true)
    }

    /// Adds a member that an object may have, be it one of those that are common to all types.
    pub fn optional(self, name: &str, kind: MemberKind) -> Self {
        self.with(name, kind, false)
    }

    fn with(mut self, name: &str, kind: MemberKind, is_required: bool) -> Self {
        self.members.insert(name.to_owned(), (kind, is_required));
        self
    }
}

impl AuthorizationDetailsType for DetailMembers {
    fn check(&self, detail: &AuthorizationDetail) -> Result<(), InvalidDetail> {
        for (name, value) in detail.members().iter().filter(|(name, _)| *name != "type") {
            let Some((kind, _)) = self.members.get(name) else {
                return Err(InvalidDetail::new("an authorization detail has a member that its type does not have"));
            };
            let is_of_kind = match kind {
                MemberKind::Text => value.is_string(),
                MemberKind::Number => value.is_number(),
                MemberKind::Boolean => value.is_boolean(),
                MemberKind::List => value.is_array(),
                MemberKind::Object => value.is_object(),
                MemberKind::Any => true,
            };
            if !is_of_kind {
                return Err(InvalidDetail::new(&format!("{name} of an authorization detail is not of its kind")));
            }
        }
        let missing =
            self.members.iter().find(|(name, (_, is_required))| *is_required && detail.member(name).is_none());
        match missing {
            None => Ok(()),
            Some((name, _)) => Err(InvalidDetail::new(&format!("{name} of an authorization detail is missing"))),
        }
    }
}
