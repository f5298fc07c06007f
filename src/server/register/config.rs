//! The configuration of dynamic registration.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::metadata::Offer;
use crate::model::{ClientId, Digest, Endpoint, GrantType, Issuer, Metadata, Scope};
use crate::server::section::Section;

/// The section of a configuration for dynamic registration: who may register, and for what at most. What a client asks
/// for beyond that, it does not get, neither when it registers nor by an update.
///
/// Whoever can register a client can put any name on the consent page. Count the requests to the endpoint, by address,
/// and forget clients that nobody uses: [`PurgeClients`](crate::store::PurgeClients).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RegistrationConfig {
    /// The URL at which the host has mounted the endpoint: [`Server::register`](crate::Server::register). The client
    /// configuration endpoint of each client is below it, at its client identifier:
    /// [`Server::configure`](crate::Server::configure).
    pub endpoint: Endpoint,
    /// The parties that may register clients. Default: those that the host lets, [`Registrants::Host`].
    pub registrants: Registrants,
    /// The greatest scope that a client may register for, and the scope of a client that names none. Default: none.
    /// What is beyond it is refused or left out, as [`ScopeConfig::unknown`](crate::server::ScopeConfig::unknown) says.
    pub scope: Scope,
    /// True to register every client for the whole of [`scope`](Self::scope), whatever part of it the client asks for.
    /// [RFC 7591 §3.2.1]: "The authorization server MAY reject or replace any of the client's requested metadata values
    /// submitted during the registration and substitute them with suitable values." Default: false. Set it for clients
    /// of the Model Context Protocol: its SDKs register for the scope of the first challenge, and could otherwise never
    /// be granted more.
    ///
    /// [RFC 7591 §3.2.1]: https://www.rfc-editor.org/rfc/rfc7591#section-3.2.1
    pub whole_scope: bool,
    /// The grant types that a client may register for. Others are left out, and the response says which are left.
    /// Default: `authorization_code` and `refresh_token`. `client_credentials` gives a stranger tokens without
    /// anybody's consent, so it is for servers that know who registers.
    pub grant_types: Vec<GrantType>,
    /// The authorization details types that a client may register for ([RFC 9396 §10]), of those that the server has.
    /// Others are left out. Default: none.
    ///
    /// [RFC 9396 §10]: https://www.rfc-editor.org/rfc/rfc9396#section-10
    pub authorization_details_types: Vec<String>,
    /// True to accept private-use schemes without a period in `redirect_uris`:
    /// [`RedirectUri::parse_private_use`](crate::model::RedirectUri::parse_private_use). Default: false.
    pub private_use_schemes: bool,
    /// True to refuse a `logo_uri`, `tos_uri`, `client_uri` or `policy_uri` at another host than the redirect URIs.
    /// [RFC 7591 §5] has it that a server "SHOULD check to see if" these "have the same host and scheme as the those
    /// defined in the array of "redirect_uris"". Default: false, since a native application is not redirected to its
    /// publisher's host; people are told that nobody has checked the page.
    ///
    /// [RFC 7591 §5]: https://www.rfc-editor.org/rfc/rfc7591#section-5
    pub require_same_host: bool,
}

/// The parties that may register clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Registrants {
    /// Those that the host lets: [`Policy::registration`](crate::Policy::registration), which is asked about every
    /// registration and every update, and refuses by default.
    #[default]
    Host,
    /// Anybody. [RFC 7591 §3]: "the client registration endpoint SHOULD allow registration requests with no
    /// authorization (which is to say, with no initial access token in the request)."
    ///
    /// [RFC 7591 §3]: https://www.rfc-editor.org/rfc/rfc7591#section-3
    Anybody,
    /// Whoever has one of these initial access tokens ([RFC 7591 §3]), kept as digests.
    ///
    /// [RFC 7591 §3]: https://www.rfc-editor.org/rfc/rfc7591#section-3
    Tokens(Vec<Digest>),
}

impl RegistrationConfig {
    /// Creates the recommended section, for an endpoint at `register` below the issuer.
    #[must_use]
    pub fn below(issuer: &Issuer) -> Self {
        Self::at(issuer.endpoint("register"))
    }

    /// Creates the recommended section, for an endpoint at this URL.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            registrants: Registrants::default(),
            scope: Scope::EMPTY,
            whole_scope: false,
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            authorization_details_types: Vec::new(),
            private_use_schemes: false,
            require_same_host: false,
        }
    }

    pub(super) fn offer(&self) -> Offer<'_> {
        Offer {
            scope: &self.scope,
            whole_scope: self.whole_scope,
            grant_types: &self.grant_types,
            authorization_details_types: &self.authorization_details_types,
            private_use_schemes: self.private_use_schemes,
            require_same_host: self.require_same_host,
            is_published: false,
        }
    }

    /// Returns the URL of a client's configuration endpoint. [RFC 7592 §3]: "fully qualified URL of the client
    /// configuration endpoint".
    ///
    /// [RFC 7592 §3]: https://www.rfc-editor.org/rfc/rfc7592#section-3
    pub(super) fn client_uri(&self, client_id: &ClientId) -> String {
        // All but the unreserved characters of RFC 3986 §2.3 are encoded.
        const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
        let endpoint = self.endpoint.as_str();
        let (path, query) = endpoint.split_at_checked(endpoint.find('?').unwrap_or(endpoint.len())).unwrap_or_default();
        let client_id = utf8_percent_encode(client_id.as_str(), RESERVED);
        format!("{}/{client_id}{query}", path.trim_end_matches('/'))
    }
}

impl Section for RegistrationConfig {
    fn advertise(&self, metadata: &mut Metadata) {
        metadata.registration_endpoint = Some(self.endpoint.clone());
    }
}
