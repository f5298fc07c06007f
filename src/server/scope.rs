//! What a request asks for, within what its client may ask for: scope ([RFC 6749 §3.3]) and protected resources ([RFC
//! 8707 §2]).
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
    /// What a request without `scope` asks for. Default: [`DefaultScope::Registered`].
    pub default: DefaultScope,
    /// What may be asked for, for the metadata document (`scopes_supported`). Default: nothing is named.
    pub supported: Scope,
    /// What becomes of scope values that the client may not ask for. Default: [`UnknownScope::Refuse`].
    pub unknown: UnknownScope,
    /// Whether white space may stand around the scope values of a request, and more than one space between two.
    /// Default: no: RFC 6749 §3.3 has one. Many clients put their scope together with a space too many.
    pub accept_white_space: bool,
}

/// What becomes of scope values that the client is not registered for or, at a refresh, that were not granted. RFC 6749
/// §3.3: "The authorization server MAY fully or partially ignore the scope requested by the client".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownScope {
    /// The request is refused: `invalid_scope`.
    #[default]
    Refuse,
    /// They are ignored, and the response says what was granted. Where nothing else was asked for, it is
    /// `invalid_scope` all the same. Clients that ask for what many servers have, `offline_access` or `openid`, are
    /// served so; one that made a mistake learns it only from the `scope` of the response.
    Ignore,
}

/// What a request without `scope` asks for. RFC 6749 §3.3: "the authorization server MUST either process the request
/// using a pre-defined default value or fail the request indicating an invalid scope."
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DefaultScope {
    /// Everything that the client is registered for.
    #[default]
    Registered,
    /// This much of what the client is registered for.
    Fixed(Scope),
    /// Nothing: it fails.
    None,
}

impl Section for ScopeConfig {
    fn advertise(&self, metadata: &mut Metadata) {
        metadata.scopes_supported = names(self.supported.tokens());
    }
}

impl Config {
    /// Returns the scope to grant, or `None` if the request's is malformed or exceeds the client's registration
    /// (`invalid_scope`, RFC 6749 §3.3).
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

    /// Returns what of a request's scope may be granted, or `None` if it exceeds what may be, or if nothing is left of
    /// it (`invalid_scope`, RFC 6749 §5.2: "exceeds the scope granted by the resource owner").
    pub(super) fn granted_scope(&self, granted: &Scope, requested: Scope) -> Option<Scope> {
        let scope = match self.scope.unknown {
            UnknownScope::Refuse => Some(requested).filter(|requested| requested.is_subset(granted))?,
            UnknownScope::Ignore => requested.intersection(granted),
        };
        Some(scope).filter(|scope| !scope.is_empty())
    }

    /// Returns the audience to grant, or `None` if the request names a resource that the client may not ask for
    /// (`invalid_target`, RFC 8707 §2).
    pub(super) fn audience(&self, client: &Client, requested: &[impl AsRef<str>]) -> Option<Audience> {
        match (&self.resources, &client.audience) {
            (offered, Audience::Any) => offered.narrowed(requested),
            // A client that is held to resources which this server does not offer can ask for none.
            (offered, Audience::Only(registered)) => {
                // They are written as the server has them, whoever asks.
                let both = offered.resources().iter().filter(|resource| registered.contains(resource)).cloned();
                Audience::only(both)?.narrowed(requested)
            }
        }
    }

    /// Returns the audience of a token, of what was granted, or `None` if the request names a resource that was not
    /// (`invalid_target`, RFC 8707 §2.2). A grant that is not restricted comes from before resource indicators were in
    /// use; once they are, its tokens are held to them.
    pub(super) fn granted_audience(
        &self,
        client: &Client,
        granted: &Audience,
        requested: &[impl AsRef<str>],
    ) -> Option<Audience> {
        if granted.is_any() { self.audience(client, requested) } else { granted.narrowed(requested) }
    }
}
