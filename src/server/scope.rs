//! The scope ([RFC 6749 §3.3]) and the protected resources ([RFC 8707 §2]) of a request, within the client's
//! registration.
//!
//! [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
//! [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2

use super::Config;
use super::section::{Section, names};
use crate::model::{Audience, Metadata, Scope, ScopeError};
use crate::record::Client;

/// The scope section of a configuration.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ScopeConfig {
    /// The scope of a request without `scope`. Default: [`DefaultScope::Registered`].
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

impl Config {
    /// Returns the scope to grant, or `None` if the request's is malformed or exceeds the client's registration
    /// (`invalid_scope`, [RFC 6749 §3.3]).
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    pub(super) fn scope(&self, client: &Client, requested: Option<&str>) -> Option<Scope> {
        match (requested.filter(|requested| !requested.is_empty()), &self.scope.default) {
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
    pub(super) fn audience(&self, client: &Client, requested: &[impl AsRef<str>]) -> Option<Audience> {
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
    pub(super) fn granted_audience(
        &self,
        client: &Client,
        granted: &Audience,
        requested: &[impl AsRef<str>],
    ) -> Option<Audience> {
        if granted.is_any() { self.audience(client, requested) } else { granted.narrowed(requested) }
    }
}
