//! The configuration of a protected resource: the tokens that it accepts, and its metadata.

use std::iter::once;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::model::{Endpoint, Issuer, Resource, ResourceMetadata, Scope};

/// The configuration of a [`ResourceServer`](super::ResourceServer). [`Config::new`] gives the values that [RFC 9700]
/// recommends.
///
/// [RFC 9700]: https://www.rfc-editor.org/rfc/rfc9700
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The resource indicator of this resource, for which tokens must be issued ([RFC 8707], [RFC 9700 §2.3]).
    ///
    /// [RFC 8707]: https://www.rfc-editor.org/rfc/rfc8707
    /// [RFC 9700 §2.3]: https://www.rfc-editor.org/rfc/rfc9700#section-2.3
    pub resource: Resource,
    /// Other names that the audience of a token may have: earlier names of the resource or, if another authorization
    /// server issues the tokens, the value that it writes into `aud`. Default: none.
    pub other_audiences: Vec<String>,
    /// True to accept a token that is not restricted to any resource. Default: false.
    ///
    /// Such a token opens every resource that accepts it, so each of them can use it at all others. [RFC 9700 §2.3]:
    /// "every resource server is obliged to verify, for every request, whether the access token sent with that request
    /// was meant to be used for that particular resource server." An authorization server restricts its tokens once its
    /// [`resources`](crate::server::Config::resources) are configured. Set this to true only where there is a single
    /// resource.
    ///
    /// [RFC 9700 §2.3]: https://www.rfc-editor.org/rfc/rfc9700#section-2.3
    pub accept_unrestricted: bool,
    /// Further values of `token_type` that introspection reports for bearer tokens, in any case. Default: none;
    /// `Bearer` and the `access_token` of older servers need not be named. A token that is bound to a key (`cnf`) is
    /// refused whatever its type is called.
    pub other_token_types: Vec<String>,
    /// The tolerance for clocks that differ: an introspected token is accepted this long before its `nbf`, and its
    /// `auth_time` may lie this far in the future. [RFC 7519 §4.1.5]: "Implementers MAY provide for some small leeway,
    /// usually no more than a few minutes, to account for clock skew." Default: 5 seconds; whole seconds count. The
    /// authorization server has found such a token active by its own clock ([RFC 7662 §4]). `iat` is never a reason to
    /// refuse.
    ///
    /// [RFC 7519 §4.1.5]: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.5
    /// [RFC 7662 §4]: https://www.rfc-editor.org/rfc/rfc7662#section-4
    pub nbf_leeway: Duration,
    /// The time after its `exp` for which an introspected token is accepted, if the authorization server still reports
    /// it as active: [RFC 7519 §4.1.4]. Default: zero; whole seconds count. After `exp` the cache is not used
    /// ([RFC 7662 §4]). A token in the store needs no leeway, since it expires by the clock that checks it.
    ///
    /// [RFC 7519 §4.1.4]: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4
    /// [RFC 7662 §4]: https://www.rfc-editor.org/rfc/rfc7662#section-4
    pub exp_leeway: Duration,
    /// True to accept a token in a form body: [RFC 6750 §2.2]. Default: false, and the body is not read. "SHOULD NOT be
    /// used except in application contexts where participating browsers do not have access to the "Authorization"
    /// request header field."
    ///
    /// [RFC 6750 §2.2]: https://www.rfc-editor.org/rfc/rfc6750#section-2.2
    pub token_in_body: bool,
    /// True to accept a token in the query: [RFC 6750 §2.3]. Default: false, and the query is not read.
    /// [RFC 9700 §4.3.2]: clients "MUST NOT pass access tokens in a URI query parameter".
    ///
    /// [RFC 6750 §2.3]: https://www.rfc-editor.org/rfc/rfc6750#section-2.3
    /// [RFC 9700 §4.3.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.3.2
    pub token_in_query: bool,
    /// The `realm` of a challenge: [RFC 6750 §3]. Default: the resource. Characters that are not printable ASCII are
    /// left out.
    ///
    /// [RFC 6750 §3]: https://www.rfc-editor.org/rfc/rfc6750#section-3
    pub realm: String,
    /// The URL at which the host serves the metadata document, for challenges: [RFC 9728 §5.1]. Default: the URL of
    /// [RFC 9728 §3.1], if the resource is an https URL. With `None`, challenges do not name it.
    ///
    /// [RFC 9728 §5.1]: https://www.rfc-editor.org/rfc/rfc9728#section-5.1
    /// [RFC 9728 §3.1]: https://www.rfc-editor.org/rfc/rfc9728#section-3.1
    pub resource_metadata: Option<Endpoint>,
    /// The issuers whose tokens are accepted, for the metadata document. Default: none.
    pub authorization_servers: Vec<Issuer>,
    /// The scope values that a client may ask for, for the metadata document. Default: none.
    pub scopes_supported: Scope,
    /// The authorization details types that a client may ask for, for the metadata document ([RFC 9728 §2]). Default:
    /// none.
    ///
    /// [RFC 9728 §2]: https://www.rfc-editor.org/rfc/rfc9728#section-2
    pub authorization_details_types_supported: Vec<String>,
    /// A name for people, for the metadata document. Default: `None`.
    pub resource_name: Option<String>,
    /// The URL of a page for developers, for the metadata document. Default: `None`.
    pub resource_documentation: Option<String>,
    /// Further members of the metadata document, by name. A name that grantor itself writes is ignored. Default: none.
    pub members: Map<String, Value>,
    /// True to let scripts of any origin read the metadata document, whatever headers they send, as clients in a
    /// browser need ([OAuth 2.1 §3.2]). Default: true. The resource's own responses are the application's concern.
    ///
    /// [OAuth 2.1 §3.2]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-3.2
    pub cross_origin_metadata: bool,
}

impl Config {
    /// Creates the recommended configuration.
    #[must_use]
    pub fn new(resource: Resource) -> Self {
        Self {
            other_audiences: Vec::new(),
            accept_unrestricted: false,
            other_token_types: Vec::new(),
            nbf_leeway: Duration::from_secs(5),
            exp_leeway: Duration::ZERO,
            token_in_body: false,
            token_in_query: false,
            realm: resource.as_str().to_owned(),
            resource_metadata: ResourceMetadata::url(&resource),
            authorization_servers: Vec::new(),
            scopes_supported: Scope::EMPTY,
            authorization_details_types_supported: Vec::new(),
            resource_name: None,
            resource_documentation: None,
            members: Map::new(),
            cross_origin_metadata: true,
            resource,
        }
    }

    /// The path of the metadata document on the resource's host: [RFC 9728 §3.1]. If the resource has a query, its
    /// document is at this path with that query; where several resources differ only in the query, the host's route
    /// must tell them apart.
    ///
    /// [RFC 9728 §3.1]: https://www.rfc-editor.org/rfc/rfc9728#section-3.1
    #[must_use]
    pub fn metadata_path(&self) -> String {
        let place = ResourceMetadata::path_and_query(&self.resource);
        place.split('?').next().unwrap_or_default().to_owned()
    }

    /// Tells if introspected tokens of this type are presented as bearer tokens.
    pub(super) fn is_bearer_type(&self, token_type: &str) -> bool {
        let others = self.other_token_types.iter().map(String::as_str);
        // RFC 6749 §5.1: "Value is case insensitive."
        ["Bearer", "access_token"].into_iter().chain(others).any(|known| known.eq_ignore_ascii_case(token_type))
    }

    /// Tells if a token with this audience is for this resource.
    pub(super) fn is_for<'a>(&self, audience: impl IntoIterator<Item = &'a str, IntoIter: Clone>) -> bool {
        let mut audience = audience.into_iter().peekable();
        if audience.peek().is_none() {
            return self.accept_unrestricted;
        }
        let names = || once(self.resource.as_str()).chain(self.other_audiences.iter().map(String::as_str));
        // Most names are spelled as here, and need not be parsed.
        let is_same = |name: &str| names().any(|own| own == name);
        let is_equivalent = |name: &str| {
            Resource::parse(name)
                .is_ok_and(|named| names().any(|own| Resource::parse(own).is_ok_and(|own| own == named)))
        };
        audience.clone().any(is_same) || audience.any(is_equivalent)
    }
}

impl From<Resource> for Config {
    fn from(resource: Resource) -> Self {
        Self::new(resource)
    }
}
