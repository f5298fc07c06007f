//! What a request asks for, within what its client may ask for: scope ([RFC 6749 §3.3]) and protected resources ([RFC
//! 8707 §2]).
//!
//! [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
//! [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2

use super::Config;
use super::section::{Section, names};
use crate::model::{Audience, Metadata, Scope};
use crate::record::Client;

/// The scope section of a configuration.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ScopeConfig {
    /// What a request without `scope` asks for. Default: [`DefaultScope::Registered`].
    pub default: DefaultScope,
    /// What may be asked for, for the metadata document (`scopes_supported`). Default: nothing is named.
    pub supported: Scope,
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
        match (requested, &self.scope.default) {
            (Some(requested), _) => Scope::parse(requested).ok().filter(|scope| scope.is_subset(&client.scope)),
            (None, DefaultScope::Registered) => Some(client.scope.clone()),
            (None, DefaultScope::Fixed(scope)) => {
                Some(scope.intersection(&client.scope)).filter(|kept| !kept.is_empty() || scope.is_empty())
            }
            (None, DefaultScope::None) => None,
        }
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
