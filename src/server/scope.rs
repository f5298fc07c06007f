//! The scope ([RFC 6749 §3.3]) and the protected resources ([RFC 8707 §2]) of a request, within the client's
//! registration, and the resources that each scope value belongs to ([RFC 9068 §3]).
//!
//! [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
//! [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
//! [RFC 9068 §3]: https://www.rfc-editor.org/rfc/rfc9068#section-3

use std::collections::BTreeMap;

use super::Config;
use super::authorization_details::DetailsError;
use super::section::{ConfigError, Section, names};
use crate::model::{Audience, AuthorizationDetails, Metadata, Resource, Scope, ScopeError};
use crate::record::{Asked, Client};

/// The scope section of a configuration.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ScopeConfig {
    /// The scope of a request without `scope`. Default: [`DefaultScope::Registered`]. A request that has authorization
    /// details and no `scope` asks for these alone: its scope is empty.
    pub default: DefaultScope,
    /// The scope values for the metadata document (`scopes_supported`). Default: none.
    pub supported: Scope,
    /// The treatment of scope values that the client may not ask for. Default: [`UnknownScope::Refuse`].
    pub unknown: UnknownScope,
    /// True to accept white space around the scope values of a request, and more than one space between two. Default:
    /// false, since [RFC 6749 §3.3] has exactly one. Many clients assemble their scope with a space too many.
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    pub accept_white_space: bool,
    /// The scope values that belong to each protected resource. Default: none, and every token carries its whole scope,
    /// whatever resources it is for.
    ///
    /// A token carries the values of its own resources, whether it was asked for at the authorization endpoint, at the
    /// token endpoint or by a refresh token, and by the client itself too. A request that names a value of another
    /// resource is refused (`invalid_scope`), or loses it if [`unknown`](Self::unknown) says so; a value that is there
    /// by default, or was granted for several resources, is left out of tokens that are not for its resource
    /// ([RFC 8707 §2.2]). If nothing is left, the error is `invalid_scope`.
    ///
    /// A value may belong to several resources. One that belongs to none, such as `profile` or `offline_access`, goes
    /// with every token. Each resource must be one of [`Config::resources`].
    ///
    /// [RFC 8707 §2.2]: https://www.rfc-editor.org/rfc/rfc8707#section-2.2
    pub of_resource: BTreeMap<Resource, Scope>,
    /// The treatment of a request without `resource` whose scope values belong to different resources. Default:
    /// [`SeveralResources::Refuse`].
    pub several_resources: SeveralResources,
}

/// The treatment of a request that names no resource, with scope values of several ([`ScopeConfig::of_resource`]). The
/// resources of such a request are inferred from its scope: [RFC 9068 §3].
///
/// [RFC 9068 §3]: https://www.rfc-editor.org/rfc/rfc9068#section-3
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SeveralResources {
    /// Refuses the request: `invalid_scope`. A client that means several resources names them.
    #[default]
    Refuse,
    /// Takes all of the resources. Against the recommendation of [RFC 9068 §3], for clients that cannot send
    /// `resource`: such a client holds tokens that each of the resources could use at the others.
    ///
    /// [RFC 9068 §3]: https://www.rfc-editor.org/rfc/rfc9068#section-3
    Infer,
}

/// The treatment of scope values that the client is not registered for or, at a refresh, that were not granted.
/// [RFC 6749 §3.3]: "The authorization server MAY fully or partially ignore the scope requested by the client".
///
/// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownScope {
    /// Refuses the request: `invalid_scope`.
    #[default]
    Refuse,
    /// Ignores the values; the response says which scope was granted. If no other value was requested, the error is
    /// `invalid_scope` all the same. This serves clients that request values known from many servers, `offline_access`
    /// or `openid`; a client that made a mistake learns it only from the `scope` of the response.
    Ignore,
}

/// The scope of a request without `scope`. [RFC 6749 §3.3]: "the authorization server MUST either process the request
/// using a pre-defined default value or fail the request indicating an invalid scope."
///
/// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DefaultScope {
    /// The whole scope that the client is registered for.
    #[default]
    Registered,
    /// The part of this scope that the client is registered for.
    Fixed(Scope),
    /// No scope: the request fails.
    None,
}

impl Section for ScopeConfig {
    fn advertise(&self, metadata: &mut Metadata) {
        metadata.scopes_supported = names(self.supported.tokens());
    }
}

/// The terms of a request, as they were sent.
pub(super) struct Requested<'r, R> {
    pub(super) scope: Option<&'r str>,
    pub(super) resource: &'r [R],
    pub(super) authorization_details: Option<&'r str>,
}

/// The terms of a grant or of a token.
#[derive(Clone, Debug)]
pub(super) struct Granted {
    pub(super) scope: Scope,
    pub(super) audience: Audience,
    pub(super) authorization_details: AuthorizationDetails,
}

/// The part of a request that cannot be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// The scope: `invalid_scope`.
    Scope,
    /// A resource: `invalid_target`.
    Target,
    /// The authorization details: `invalid_authorization_details`.
    Details(DetailsError),
}

impl From<DetailsError> for Excess {
    fn from(error: DetailsError) -> Self {
        Self::Details(error)
    }
}

impl Granted {
    /// True if there is neither a scope nor an authorization detail.
    pub(super) fn is_empty(&self) -> bool {
        self.scope.is_empty() && self.authorization_details.is_empty()
    }
}

impl Config {
    /// Returns the terms to grant.
    ///
    /// # Errors
    /// The scope is malformed, or exceeds the client's registration or the resources ([RFC 6749 §3.3]); or the client
    /// may not ask for a resource ([RFC 8707 §2]) or for the authorization details ([RFC 9396 §5]).
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    /// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
    /// [RFC 9396 §5]: https://www.rfc-editor.org/rfc/rfc9396#section-5
    pub(super) fn terms<R: AsRef<str>>(
        &self,
        client: &Client,
        requested: &Requested<'_, R>,
    ) -> Result<Granted, Excess> {
        let Requested { scope, resource, authorization_details } = *requested;
        let all = self.audience(client, &[""; 0]);
        let authorization_details = self.asked_details(client, authorization_details, all.as_ref())?;
        let asked = scope.filter(|scope| !scope.is_empty());
        // A request for authorization details alone asks for no scope, and not for the default one.
        let is_of_details = asked.is_none() && !authorization_details.is_empty();
        let scope = if is_of_details { Some(Scope::EMPTY) } else { self.scope(client, asked) };
        let scope = scope.ok_or(Excess::Scope)?;
        let audience = self.audience(client, resource).ok_or(Excess::Target)?;
        let scope = self.scope_at(&audience, scope, asked.is_some(), !authorization_details.is_empty())?;
        // RFC 9068 §3: "If a "scope" parameter is present in the request, the authorization server SHOULD use it to
        // infer the value of the default resource indicator to be used in the "aud" claim."
        if resource.is_empty() && asked.is_some() {
            let inferred = self.inferred(&scope, &audience).ok_or(Excess::Scope)?;
            // Authorization details may be for other resources than the scope.
            let audience = if authorization_details.is_empty() { inferred } else { audience };
            return Ok(Granted { scope, audience, authorization_details });
        }
        Ok(Granted { scope, audience, authorization_details })
    }

    /// Returns the part of the terms that were asked for that may still be granted, now that the configuration and the
    /// client's registration may have changed; `None` if the audience may not. A requested restriction does not
    /// disappear.
    pub(super) fn still(&self, client: &Client, asked: &Asked) -> Option<Granted> {
        let Asked { scope, audience, authorization_details, .. } = asked;
        let is_restricted = !audience.is_any();
        let audience = self.audience(client, audience.resources()).filter(|now| !is_restricted || !now.is_any())?;
        let scope = self.carried(&audience, &scope.intersection(&client.scope));
        Some(Granted { scope, audience, authorization_details: self.offered_details(client, authorization_details) })
    }

    /// Returns the terms of a token within those of its grant: [RFC 6749 §6], [RFC 8707 §2.2], [RFC 9396 §6].
    ///
    /// # Errors
    /// The request exceeds the grant, or nothing of its scope is left for the resources.
    ///
    /// [RFC 6749 §6]: https://www.rfc-editor.org/rfc/rfc6749#section-6
    /// [RFC 8707 §2.2]: https://www.rfc-editor.org/rfc/rfc8707#section-2.2
    /// [RFC 9396 §6]: https://www.rfc-editor.org/rfc/rfc9396#section-6
    pub(super) fn within<R: AsRef<str>>(
        &self,
        client: &Client,
        (granted, audience, details): (&Scope, &Audience, &AuthorizationDetails),
        scope: Option<Scope>,
        requested: &Requested<'_, R>,
    ) -> Result<Granted, Excess> {
        let is_asked = scope.is_some();
        let scope = match scope {
            None => granted.clone(),
            Some(scope) => self.granted_scope(granted, scope).ok_or(Excess::Scope)?,
        };
        let audience = self.granted_audience(client, audience, requested.resource).ok_or(Excess::Target)?;
        let details = self.granted_details(client, details, requested.authorization_details, &audience)?;
        let scope = self.scope_at(&audience, scope, is_asked, !details.is_empty())?;
        Ok(Granted { scope, audience, authorization_details: details })
    }

    /// Returns the scope values that belong to a resource, for its own metadata document ([RFC 9728 §2]):
    /// [`scopes_supported`](crate::resource::Config::scopes_supported).
    ///
    /// [RFC 9728 §2]: https://www.rfc-editor.org/rfc/rfc9728#section-2
    #[must_use]
    pub fn scope_of(&self, resource: &Resource) -> Scope {
        self.scope.of_resource.get(resource).cloned().unwrap_or_default()
    }

    /// Checks that scope values belong to resources that tokens can be for.
    pub(super) fn check_scope_of_resources(&self) -> Result<(), ConfigError> {
        let offered = self.resources.resources();
        let is_known = self.scope.of_resource.keys().all(|resource| offered.contains(resource));
        if is_known { Ok(()) } else { Err(ConfigError::UnknownResource("scope.of_resource")) }
    }

    /// Returns the scope values that tokens for these resources carry: the resources' own, and those that belong to no
    /// resource.
    fn carried(&self, audience: &Audience, scope: &Scope) -> Scope {
        let all = &self.scope.of_resource;
        let is_owned = |value: &str| all.values().any(|own| own.contains(value));
        scope.filtered(|value| self.belongs(value, audience) || !is_owned(value))
    }

    /// Tells if a scope value belongs to one of these resources.
    fn belongs(&self, value: &str, audience: &Audience) -> bool {
        let mut own = self.scope.of_resource.iter().filter(|(resource, _)| audience.includes(resource));
        own.any(|(_, scope)| scope.contains(value))
    }

    /// Returns the part of a request's scope that tokens for these resources carry. [RFC 8707 §2.2]: "To the extent
    /// possible, when issuing access tokens, the authorization server should downscope the scope value associated with
    /// an access token to the value the respective resource is able to process and needs to know."
    ///
    /// [RFC 8707 §2.2]: https://www.rfc-editor.org/rfc/rfc8707#section-2.2
    fn scope_at(&self, audience: &Audience, scope: Scope, is_asked: bool, has_details: bool) -> Result<Scope, Excess> {
        let carried = self.carried(audience, &scope);
        let is_refused = is_asked && self.scope.unknown == UnknownScope::Refuse && !scope.is_subset(&carried);
        // A token without a scope could not tell that it was narrowed: RFC 6749 §5.1 has no way to write an empty one.
        // Authorization details tell what it is good for.
        let is_lost = carried.is_empty() && !scope.is_empty() && !has_details;
        if is_refused || is_lost { Err(Excess::Scope) } else { Ok(carried) }
    }

    /// Infers the resources of a request that names none, among these, from its scope: those to which each value
    /// belongs that belongs to any; `None` if there are none (`invalid_scope`).
    fn inferred(&self, scope: &Scope, audience: &Audience) -> Option<Audience> {
        let own = || scope.tokens().filter(|value| self.belongs(value, audience));
        if own().next().is_none() {
            return Some(audience.clone());
        }
        let of = |resource: &Resource| self.scope.of_resource.get(resource).unwrap_or(&Scope::EMPTY);
        let resources = || audience.resources().iter().cloned();
        let of_all = Audience::only(resources().filter(|resource| own().all(|value| of(resource).contains(value))));
        of_all.or_else(|| match self.scope.several_resources {
            // RFC 9068 §3: "If the values in the "scope" parameter refer to different default resource indicator
            // values, the authorization server SHOULD reject the request with "invalid_scope"".
            SeveralResources::Refuse => None,
            SeveralResources::Infer => {
                Audience::only(resources().filter(|resource| own().any(|value| of(resource).contains(value))))
            }
        })
    }

    /// Returns the scope to grant, or `None` if the request's is malformed or exceeds the client's registration
    /// (`invalid_scope`, [RFC 6749 §3.3]).
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    fn scope(&self, client: &Client, requested: Option<&str>) -> Option<Scope> {
        match (requested, &self.scope.default) {
            (Some(requested), _) => self.granted_scope(&client.scope, self.parse_scope(requested).ok()?),
            (None, DefaultScope::Registered) => Some(client.scope.clone()),
            (None, DefaultScope::Fixed(scope)) => {
                Some(scope.intersection(&client.scope)).filter(|kept| !kept.is_empty() || scope.is_empty())
            }
            (None, DefaultScope::None) => None,
        }
    }

    /// Reads the `scope` of a request.
    pub(super) fn parse_scope(&self, requested: &str) -> Result<Scope, ScopeError> {
        if self.scope.accept_white_space { Scope::parse_with_white_space(requested) } else { Scope::parse(requested) }
    }

    /// Returns the part of a request's scope that may be granted, or `None` if it exceeds the grant, or if no part is
    /// left (`invalid_scope`, [RFC 6749 §5.2]: "exceeds the scope granted by the resource owner").
    ///
    /// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    pub(super) fn granted_scope(&self, granted: &Scope, requested: Scope) -> Option<Scope> {
        let scope = match self.scope.unknown {
            UnknownScope::Refuse => Some(requested).filter(|requested| requested.is_subset(granted))?,
            UnknownScope::Ignore => requested.intersection(granted),
        };
        Some(scope).filter(|scope| !scope.is_empty())
    }

    /// Returns the audience to grant, or `None` if the request names a resource that the client may not ask for
    /// (`invalid_target`, [RFC 8707 §2]).
    ///
    /// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
    fn audience(&self, client: &Client, requested: &[impl AsRef<str>]) -> Option<Audience> {
        match (&self.resources, &client.audience) {
            (offered, Audience::Any) => offered.narrowed(requested),
            // A client that is limited to resources that this server does not offer can ask for none.
            (offered, Audience::Only(registered)) => {
                // The resources keep the server's spelling, whichever the client uses.
                let both = offered.resources().iter().filter(|resource| registered.contains(resource)).cloned();
                Audience::only(both)?.narrowed(requested)
            }
        }
    }

    /// Returns the audience of a token within the grant's, or `None` if the request names a resource that was not
    /// granted (`invalid_target`, [RFC 8707 §2.2]). An unrestricted grant dates from before resource indicators were in
    /// use; once they are, its tokens are restricted too.
    ///
    /// [RFC 8707 §2.2]: https://www.rfc-editor.org/rfc/rfc8707#section-2.2
    fn granted_audience(&self, client: &Client, granted: &Audience, requested: &[impl AsRef<str>]) -> Option<Audience> {
        if granted.is_any() { self.audience(client, requested) } else { granted.narrowed(requested) }
    }
}
