//! What a server offers, and for how long.

use std::time::Duration;

use super::Endpoints;
use crate::model::{Acr, Client, CodeChallengeMethod, GrantType, Issuer, Resource, Resources, ResponseType, Scope};

/// The configuration of a [`Server`](super::Server). [`Config::new`] gives the values that RFC 9700 recommends.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Who this server is: `iss` in every authorization response (RFC 9207 §2).
    pub issuer: Issuer,
    /// Where the endpoints are, for the metadata document (RFC 8414). Default: [`Endpoints::below`] the issuer.
    pub endpoints: Endpoints,
    /// The grant types that the token endpoint takes. Default: `authorization_code`, `refresh_token`, `client_credentials`.
    ///
    /// `password` exists for migrations. RFC 9700 §2.4: "The resource owner password credentials grant [...] MUST NOT
    /// be used."
    pub grant_types: Vec<GrantType>,
    /// The response types that the authorization endpoint takes. Default: `code`.
    ///
    /// `token`, the implicit grant, exists for migrations. RFC 9700 §2.1.2: clients "SHOULD NOT use the implicit grant".
    pub response_types: Vec<ResponseType>,
    /// The transformations that a code challenge may use. Default: `S256`. RFC 7636 §7.2 says what `plain` gives away.
    pub code_challenge_methods: Vec<CodeChallengeMethod>,
    /// How long an authorization code lives; as all times here, in whole seconds. Default: 60 seconds. RFC 6749 §4.1.2: "A maximum
    /// authorization code lifetime of 10 minutes is RECOMMENDED."
    pub code_lifetime: Duration,
    /// How long an access token lives. Default: 10 minutes. RFC 6750 §5.3: "Token servers
    /// SHOULD issue short-lived (one hour or less) bearer tokens".
    pub access_token_lifetime: Duration,
    /// How long a refresh token lives from its issue. One that rotates is issued anew at each use, so this is how long it lives
    /// unused; one that is reused ends then, used or not. Default: 14 days. RFC 9700 §4.14.2: "Refresh tokens SHOULD expire if the client
    /// has been inactive for some time".
    pub refresh_token_lifetime: Duration,
    /// What becomes of a refresh token that is used. Default: it rotates, with a grace of 30 seconds.
    pub refresh: RefreshPolicy,
    /// What a request without `scope` asks for: RFC 6749 §3.3. Default: [`DefaultScope::Registered`].
    pub default_scope: DefaultScope,
    /// The protected resources that tokens can be restricted to (RFC 8707). Default: none, and `resource` is ignored.
    pub resources: Resources,
    /// The ways to authenticate a resource owner that the host knows, for the metadata document (RFC 9470 §7). Default: none are named.
    pub acr_values_supported: Vec<Acr>,
    /// Whether the host has the last word on what is issued: [`Policy::issuance`](crate::Policy::issuance). Default: no.
    pub consult_issuance: bool,
}

/// What becomes of a refresh token that is used: RFC 6749 §6, RFC 9700 §4.14.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshPolicy {
    /// Each refresh spends the token and issues a new one. A spent one that is presented again within `grace` of its first
    /// use is taken for a retry, or for the loser of a race, and is answered with tokens of its own; later, it is taken for
    /// theft, and the grant is revoked.
    ///
    /// The grace is a trade: a thief who is as quick as that gets tokens too, which rotate beside the client's. The
    /// [`Event`](crate::Event) of each such reply says `within_grace`.
    Rotate {
        /// How long a spent token may be presented again; whole seconds. Zero: not at all.
        grace: Duration,
    },
    /// As `Rotate` for public clients; confidential ones keep their refresh token.
    RotatePublic {
        /// As in `Rotate`.
        grace: Duration,
    },
    /// A refresh token stays good until it expires. RFC 9700 §2.2.2 allows this only for tokens that are bound to the
    /// client: "Refresh tokens for public clients MUST be sender-constrained or use refresh token rotation".
    Reuse,
}

impl RefreshPolicy {
    /// The grace within which this client's refresh tokens rotate; none if they do not.
    pub(super) fn rotation(self, client: &Client) -> Option<Duration> {
        match self {
            Self::Rotate { grace } => Some(grace),
            Self::RotatePublic { grace } if !client.is_confidential() => Some(grace),
            Self::RotatePublic { .. } | Self::Reuse => None,
        }
    }
}

/// What a request without `scope` asks for. RFC 6749 §3.3: "the authorization server MUST either process the request using
/// a pre-defined default value or fail the request indicating an invalid scope."
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefaultScope {
    /// Everything that the client is registered for.
    Registered,
    /// This much of what the client is registered for.
    Fixed(Scope),
    /// Nothing: it fails.
    None,
}

impl Config {
    /// The recommended configuration.
    #[must_use]
    pub fn new(issuer: Issuer) -> Self {
        Self {
            endpoints: Endpoints::below(&issuer),
            issuer,
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials],
            response_types: vec![ResponseType::Code],
            code_challenge_methods: vec![CodeChallengeMethod::S256],
            code_lifetime: Duration::from_secs(60),
            access_token_lifetime: Duration::from_secs(10 * 60),
            refresh_token_lifetime: Duration::from_secs(14 * 24 * 60 * 60),
            refresh: RefreshPolicy::Rotate { grace: Duration::from_secs(30) },
            default_scope: DefaultScope::Registered,
            resources: Resources::new(),
            acr_values_supported: Vec::new(),
            consult_issuance: false,
        }
    }

    /// What a request asks for, within what the client may ask for; none is `invalid_scope` (RFC 6749 §3.3).
    pub(super) fn scope(&self, client: &Client, requested: Option<Scope>) -> Option<Scope> {
        match (requested, &self.default_scope) {
            (Some(scope), _) => scope.is_subset(&client.scope).then_some(scope),
            (None, DefaultScope::Registered) => Some(client.scope.clone()),
            (None, DefaultScope::Fixed(scope)) => {
                Some(scope.intersection(&client.scope)).filter(|kept| !kept.is_empty() || scope.is_empty())
            }
            (None, DefaultScope::None) => None,
        }
    }

    /// The resources that a request asks tokens for, of those that were granted; none is `invalid_target` (RFC 8707 §2.2). A grant that is
    /// not restricted comes from before resource indicators were in use; once they are, its tokens are held to them.
    pub(super) fn granted_resource(
        &self,
        client: &Client,
        granted: &[Resource],
        requested: &[impl AsRef<str>],
    ) -> Option<Resources> {
        if granted.is_empty() { self.resource(client, requested) } else { narrow(granted, requested) }
    }

    /// The resources that a request asks tokens for; none is `invalid_target` (RFC 8707 §2).
    pub(super) fn resource(&self, client: &Client, requested: &[impl AsRef<str>]) -> Option<Resources> {
        // Resource indicators are not in use: they are ignored, like any unknown parameter.
        if self.resources.is_empty() && client.resource.is_empty() {
            return Some(Resources::new());
        }
        let registered = if client.resource.is_empty() { &self.resources } else { &client.resource };
        let offered: Vec<_> = registered.iter().filter(|resource| self.resources.contains(resource)).cloned().collect();
        // What is left of a restriction must never be none, for none means unrestricted.
        if offered.is_empty() { None } else { narrow(&offered, requested) }
    }
}

/// The requested ones of these resources, all of them where none is requested; none if one is not among them.
fn narrow(offered: &[Resource], requested: &[impl AsRef<str>]) -> Option<Resources> {
    if requested.is_empty() {
        return Some(offered.to_vec());
    }
    let is_offered = |text: &str| offered.iter().any(|resource| resource.as_str() == text);
    let is_requested = |resource: &&Resource| requested.iter().any(|text| text.as_ref() == resource.as_str());
    let all_offered = requested.iter().all(|text| is_offered(text.as_ref()));
    all_offered.then(|| offered.iter().filter(is_requested).cloned().collect())
}
