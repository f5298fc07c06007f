//! What a protected resource takes, and what it says of itself.

use std::iter::once;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::model::{Endpoint, Issuer, Resource, ResourceMetadata, Scope};

/// The configuration of a [`ResourceServer`](super::ResourceServer). [`Config::new`] gives the values that RFC 9700
/// recommends.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Which protected resource this is: tokens are to be for it (RFC 8707, RFC 9700 §2.3).
    pub resource: Resource,
    /// Other names under which tokens may be for it: those it had before, or, where another authorization server issues
    /// them, whatever that writes into `aud`. Default: none.
    pub other_audiences: Vec<String>,
    /// Whether a token is taken that is not restricted to any resource. Default: no.
    ///
    /// Such a token opens every resource that takes it, so each of them can use it at all others. RFC 9700 §2.3: "every
    /// resource server is obliged to verify, for every request, whether the access token sent with that request was
    /// meant to be used for that particular resource server." An authorization server restricts its tokens once it
    /// names its [`resources`](crate::server::Config::resources). Say yes where there is but one resource.
    pub accept_unrestricted: bool,
    /// Further values of `token_type` that introspection says of bearer tokens, in whatever case. Default: none;
    /// `Bearer` and the `access_token` of older servers need not be named. A token that is bound to a key (`cnf`) is
    /// refused whatever its type is called.
    pub other_token_types: Vec<String>,
    /// How long before its `nbf` an introspected token is taken, and how far in the future its `auth_time` may lie, for
    /// clocks that differ. RFC 7519 §4.1.5: "Implementers MAY provide for some small leeway, usually no more than a few
    /// minutes, to account for clock skew." Default: 5 seconds; whole seconds count. The authorization server has found
    /// such a token active by its own clock (RFC 7662 §4). `iat` is never a reason to refuse.
    pub nbf_leeway: Duration,
    /// How long after its `exp` an introspected token is taken, if the authorization server still says that it is
    /// active: RFC 7519 §4.1.4, likewise. Default: none; whole seconds count. Beyond `exp` nothing is taken from the
    /// cache (RFC 7662 §4), and a token in the store needs no leeway: it ends by the clock that looks at it.
    pub exp_leeway: Duration,
    /// Whether a token may stand in a form body: RFC 6750 §2.2. Default: no, and the body is not looked at. "SHOULD NOT
    /// be used except in application contexts where participating browsers do not have access to the "Authorization"
    /// request header field."
    pub token_in_body: bool,
    /// Whether a token may stand in the query: RFC 6750 §2.3. Default: no, and the query is not looked at. RFC 9700
    /// §4.3.2: clients "MUST NOT pass access tokens in a URI query parameter".
    pub token_in_query: bool,
    /// The `realm` of a challenge: RFC 6750 §3. Default: the resource. What is not printable ASCII is left out.
    pub realm: String,
    /// Where the host serves the metadata document, for challenges: RFC 9728 §5.1. Default: where RFC 9728 §3.1 has it,
    /// if the resource is an https URL. None: challenges do not name it.
    pub resource_metadata: Option<Endpoint>,
    /// Whose tokens are taken, for the metadata document. Default: none are named.
    pub authorization_servers: Vec<Issuer>,
    /// What may be asked for, for the metadata document. Default: nothing is named.
    pub scopes_supported: Scope,
    /// A name for people, for the metadata document. Default: none.
    pub resource_name: Option<String>,
    /// A page for developers, for the metadata document. Default: none.
    pub resource_documentation: Option<String>,
    /// Further members of the metadata document, by name. One that grantor writes itself is left out. Default: none.
    pub members: Map<String, Value>,
    /// Whether scripts of any origin may read the metadata document, whatever headers they send: clients that live in a
    /// browser have to (OAuth 2.1 §3.2). Default: yes. The resource's own responses are the application's.
    pub cross_origin_metadata: bool,
}

impl Config {
    /// The recommended configuration.
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
            resource_name: None,
            resource_documentation: None,
            members: Map::new(),
            cross_origin_metadata: true,
            resource,
        }
    }

    /// The path at which the metadata document is to be found on the resource's host: RFC 9728 §3.1. A resource that
    /// has a query has its document at this path with that query; where several differ in nothing else, the host's
    /// route tells them apart.
    #[must_use]
    pub fn metadata_path(&self) -> String {
        let place = ResourceMetadata::path_and_query(&self.resource);
        place.split('?').next().unwrap_or_default().to_owned()
    }

    /// Whether an introspected token of this type is shown as this one was: as a bearer token.
    pub(super) fn is_bearer_type(&self, token_type: &str) -> bool {
        let others = self.other_token_types.iter().map(String::as_str);
        // RFC 6749 §5.1: "Value is case insensitive."
        ["Bearer", "access_token"].into_iter().chain(others).any(|known| known.eq_ignore_ascii_case(token_type))
    }

    /// Whether a token is for this resource.
    pub(super) fn is_for<'a>(&self, audience: impl IntoIterator<Item = &'a str, IntoIter: Clone>) -> bool {
        let mut audience = audience.into_iter().peekable();
        if audience.peek().is_none() {
            return self.accept_unrestricted;
        }
        let names = || once(self.resource.as_str()).chain(self.other_audiences.iter().map(String::as_str));
        // Mostly a name is written as here, and need not be parsed.
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
