//! Client metadata, checked before it becomes a record: [RFC 7591 §2].
//!
//! [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::RegistrationError;
use super::page::page;
use crate::model::members::Members;
use crate::model::{GrantType, PageUrl, RedirectUri, ResponseType, Scope, Secret};
use crate::record::{Client, DynamicRegistration, RegisteredAuthentication, SecretPresentation};
use crate::server::Config;
use crate::wire::is_invisible;

/// The most entries of a list, and the most texts in other languages.
const MAX_ENTRIES: usize = 32;
/// The greatest length of a name, a contact or a software identifier, in bytes.
const MAX_TEXT_LEN: usize = 256;

/// The limits for what a client asks for.
#[derive(Clone, Copy)]
pub(in crate::server) struct Limits<'a> {
    pub(in crate::server) config: &'a Config,
    pub(in crate::server) offer: Offer<'a>,
    /// The record before an update. What the client has, it may keep.
    pub(in crate::server) before: Option<&'a Client>,
}

/// What clients may have at most that say themselves what they are, as the section for such clients has it.
#[derive(Clone, Copy)]
pub(in crate::server) struct Offer<'a> {
    pub(in crate::server) scope: &'a Scope,
    pub(in crate::server) whole_scope: bool,
    pub(in crate::server) grant_types: &'a [GrantType],
    pub(in crate::server) authorization_details_types: &'a [String],
    pub(in crate::server) private_use_schemes: bool,
    pub(in crate::server) require_same_host: bool,
    /// True if the metadata is published, so that the client can have no secret.
    pub(in crate::server) is_published: bool,
}

/// The metadata that a client asks to be registered with, within the limits.
pub(in crate::server) struct ClientMetadata {
    redirect_uris: Vec<RedirectUri>,
    /// The place of the secret in a request; `None` for a public client.
    presented: Option<SecretPresentation>,
    grant_types: Vec<GrantType>,
    response_types: Vec<ResponseType>,
    scope: Scope,
    client_name: Option<String>,
    require_pushed_authorization_requests: bool,
    authorization_details_types: Vec<String>,
    /// The members that are for people. The rest of it is not set here.
    about: DynamicRegistration,
}

impl ClientMetadata {
    /// Reads and checks the metadata. [RFC 7591 §2]: "The authorization server MUST ignore any client metadata sent by
    /// the client that it does not understand".
    ///
    /// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
    pub(in crate::server) fn read(mut members: Members, limits: Limits<'_>) -> Result<Self, RegistrationError> {
        let from = &mut members;
        software_statement(from)?;
        let redirect_uris = limits.redirect_uris(from)?;
        let presented = if limits.offer.is_published { no_secret(from)? } else { presented(from)? };
        let (grant_types, response_types) = limits.types(from)?;
        // RFC 7591 §2: "clients using flows with redirection MUST register their redirection URI values."
        if redirect_uris.is_empty() && !response_types.is_empty() {
            return Err(RegistrationError::RedirectUris("is missing, and the client needs one"));
        }
        // RFC 6749 §4.4: "The client credentials grant type MUST only be used by confidential clients."
        if presented.is_none() && grant_types.contains(&GrantType::ClientCredentials) {
            let reason = "is \"none\", and client_credentials is for clients that have a secret";
            return Err(RegistrationError::member("token_endpoint_auth_method", reason));
        }
        let scope = limits.scope(from)?;
        let client_name = text(from, "client_name")?;
        let pushed = limits.pushed(from)?;
        let authorization_details_types = limits.authorization_details_types(from)?;
        let redirect_hosts: Vec<_> =
            redirect_uris.iter().filter_map(|uri| Some(PageUrl::parse(uri.as_str()).ok()?.host())).collect();
        let hosts = limits.offer.require_same_host.then_some(redirect_hosts.as_slice());
        let mut page_of = |name| text_of(from, name, PageUrl::MAX_LEN)?.map(|url| page(name, &url, hosts)).transpose();
        let [client_uri, logo_uri] = [page_of("client_uri")?, page_of("logo_uri")?];
        let [tos_uri, policy_uri] = [page_of("tos_uri")?, page_of("policy_uri")?];
        let contacts = list(from, "contacts")?.unwrap_or_default();
        contacts.iter().try_for_each(|contact| check("contacts", contact, MAX_TEXT_LEN))?;
        let (software_id, software_version) = (text(from, "software_id")?, text(from, "software_version")?);
        let (rest, _) = members.finish();
        // RFC 7591 §2: "The "jwks_uri" and "jwks" parameters MUST NOT both be present in the same request or response."
        if rest.contains_key("jwks") && rest.contains_key("jwks_uri") {
            return Err(RegistrationError::member("jwks", "must not stand beside jwks_uri"));
        }
        let localized = localized(&rest, hosts)?;
        let about = DynamicRegistration {
            client_uri,
            logo_uri,
            tos_uri,
            policy_uri,
            contacts,
            software_id,
            software_version,
            localized,
            ..DynamicRegistration::default()
        };
        Ok(Self {
            redirect_uris,
            presented,
            grant_types,
            response_types,
            scope,
            client_name,
            require_pushed_authorization_requests: pushed,
            authorization_details_types,
            about,
        })
    }

    /// Returns the record with this metadata in place of what it had. [RFC 7592 §2.2]: "Valid values of client metadata
    /// fields in this request MUST replace, not augment, the values previously associated with this client. Omitted
    /// fields MUST be treated as null or empty values by the server". The second value is a new secret, for a client
    /// that has none and needs one.
    ///
    /// [RFC 7592 §2.2]: https://www.rfc-editor.org/rfc/rfc7592#section-2.2
    pub(in crate::server) fn applied_to(
        self,
        client: Client,
        draw: impl FnOnce() -> Secret<'static>,
    ) -> (Client, Option<Secret<'static>>) {
        let (authentication, client_secret) = match (self.presented, client.authentication) {
            (None, _) => (RegisteredAuthentication::None, None),
            // RFC 7592 §2.2: "The client MUST NOT be allowed to overwrite its existing client secret with its own
            // chosen value."
            (Some(presented), RegisteredAuthentication::Secret { digest, previous, .. }) => {
                (RegisteredAuthentication::Secret { digest, previous, presented }, None)
            }
            (Some(presented), RegisteredAuthentication::Host { .. }) => {
                (RegisteredAuthentication::Host { presented }, None)
            }
            // RFC 7591 §3.2.1: "If issued, this MUST be unique for each "client_id"".
            (Some(presented), RegisteredAuthentication::None) => {
                let client_secret = draw();
                (RegisteredAuthentication::secret(client_secret.expose(), presented), Some(client_secret))
            }
        };
        let DynamicRegistration { access_token, issued_at, is_self_registered, .. } =
            client.registration.unwrap_or_default();
        let registration = DynamicRegistration { access_token, issued_at, is_self_registered, ..self.about };
        let registered = Client {
            client_name: self.client_name,
            authentication,
            redirect_uris: self.redirect_uris,
            grant_types: self.grant_types,
            response_types: self.response_types,
            scope: self.scope,
            require_pushed_authorization_requests: self.require_pushed_authorization_requests,
            authorization_details_types: self.authorization_details_types,
            registration: Some(registration),
            ..client
        };
        (registered, client_secret)
    }
}

impl Limits<'_> {
    /// Reads the redirect URIs, by the rules for those that an operator registers.
    fn redirect_uris(self, members: &mut Members) -> Result<Vec<RedirectUri>, RegistrationError> {
        let texts = list(members, "redirect_uris").map_err(|error| match error {
            RegistrationError::Member { reason, .. } => RegistrationError::RedirectUris(reason),
            error => error,
        })?;
        let parse = if self.offer.private_use_schemes { RedirectUri::parse_private_use } else { RedirectUri::parse };
        let before = self.before.map_or(&[][..], |client| &client.redirect_uris);
        let mut redirect_uris = Vec::new();
        for text in texts.unwrap_or_default() {
            let known = before.iter().find(|known| known.as_str() == text).cloned();
            // RFC 7591 §5: "registered redirection URI values MUST be one of: [...] A remote web site protected by TLS
            // [...] A web site hosted on the local machine using an HTTP URI [...] A non-HTTP application-specific
            // URL".
            let uri = known.map_or_else(|| parse(&text), Ok)?;
            if redirect_uris.contains(&uri) {
                return Err(RegistrationError::RedirectUris("has a URI twice"));
            }
            redirect_uris.push(uri);
        }
        Ok(redirect_uris)
    }

    /// Reads the grant types and the response types. Those that are not offered are left out: [RFC 7591 §2]: "The
    /// authorization server MAY reject any requested client metadata values by replacing requested values with suitable
    /// defaults".
    ///
    /// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
    fn types(self, members: &mut Members) -> Result<(Vec<GrantType>, Vec<ResponseType>), RegistrationError> {
        let grant_types = list(members, "grant_types")?;
        let response_types = list(members, "response_types")?;
        // RFC 7591 §2: "If omitted, the default behavior is that the client will use only the "authorization_code"
        // Grant Type."
        let asked = grant_types.map_or_else(
            || vec![GrantType::AuthorizationCode],
            |names| names.iter().filter_map(|name| GrantType::parse(name).ok()).collect(),
        );
        // RFC 7591 §2.1: "a server supporting these fields SHOULD take steps to ensure that a client cannot register
        // itself into an inconsistent state". Response types that are omitted are those of the grant types.
        if let Some(names) = response_types {
            let is_asked = |kind: ResponseType| names.iter().any(|name| name == kind.as_str());
            if PAIRS.iter().any(|(grant, kind)| asked.contains(grant) != is_asked(*kind)) {
                return Err(RegistrationError::Inconsistent);
            }
        }
        let mut grant_types = Vec::new();
        for grant_type in asked.into_iter().filter(|grant_type| self.offers(grant_type)) {
            if !grant_types.contains(&grant_type) {
                grant_types.push(grant_type);
            }
        }
        if grant_types.is_empty() {
            return Err(RegistrationError::member("grant_types", "has none that can be registered here"));
        }
        let kinds = PAIRS.iter().filter(|(grant, _)| grant_types.contains(grant)).map(|(_, kind)| *kind);
        let response_types = kinds.collect();
        Ok((grant_types, response_types))
    }

    /// Tells if a client may register for a grant type, and the server has it.
    fn offers(self, grant_type: &GrantType) -> bool {
        let is_within = |grant_types: &[GrantType]| grant_types.contains(grant_type);
        let may = is_within(self.offer.grant_types) || self.before.is_some_and(|client| is_within(&client.grant_types));
        let config = self.config;
        may && match grant_type {
            GrantType::Implicit => config.authorization.response_types.contains(&ResponseType::Token),
            _ => is_within(&config.token.grant_types),
        }
    }

    /// Reads the scope. [RFC 7591 §2]: "If omitted, an authorization server MAY register a client with a default set of
    /// scopes."
    ///
    /// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
    fn scope(self, members: &mut Members) -> Result<Scope, RegistrationError> {
        let everybodys = self.offer.scope;
        let Some(text) = text_of(members, "scope", Scope::MAX_LEN)? else { return Ok(everybodys.clone()) };
        let malformed = |_| RegistrationError::member("scope", "is not a list of scope values");
        let requested = self.config.parse_scope(&text).map_err(malformed)?;
        let greatest = self.before.map_or_else(|| everybodys.clone(), |client| everybodys.union(&client.scope));
        let within = self.config.granted_scope(&greatest, requested);
        let within = within.ok_or(RegistrationError::member("scope", "exceeds what a client may register for"))?;
        // RFC 7591 §3.2.1: "MAY [...] replace any of the client's requested metadata values".
        Ok(if self.offer.whole_scope { greatest } else { within })
    }

    /// Reads `require_pushed_authorization_requests`, where requests can be pushed: [RFC 9126 §6].
    ///
    /// [RFC 9126 §6]: https://www.rfc-editor.org/rfc/rfc9126#section-6
    fn pushed(self, members: &mut Members) -> Result<bool, RegistrationError> {
        let asked = take::<bool>(members, "require_pushed_authorization_requests")?;
        Ok(asked.unwrap_or_default() && self.config.par.is_some())
    }

    /// Reads `authorization_details_types`: [RFC 9396 §10]. Those that are not offered are left out.
    ///
    /// [RFC 9396 §10]: https://www.rfc-editor.org/rfc/rfc9396#section-10
    fn authorization_details_types(self, members: &mut Members) -> Result<Vec<String>, RegistrationError> {
        let mut types = list(members, "authorization_details_types")?.unwrap_or_default();
        types.sort_unstable();
        types.dedup();
        types.retain(|name| {
            let has = |types: &[String]| types.contains(name);
            let may = has(self.offer.authorization_details_types);
            let may = may || self.before.is_some_and(|client| has(&client.authorization_details_types));
            may && self.config.authorization_details.types().any(|known| known == name)
        });
        Ok(types)
    }
}

/// The grant types that come with a response type: [RFC 7591 §2.1].
///
/// [RFC 7591 §2.1]: https://www.rfc-editor.org/rfc/rfc7591#section-2.1
const PAIRS: [(GrantType, ResponseType); 2] =
    [(GrantType::AuthorizationCode, ResponseType::Code), (GrantType::Implicit, ResponseType::Token)];

/// The member that names the client authentication method.
const METHOD: &str = "token_endpoint_auth_method";

/// Reads `token_endpoint_auth_method`. [RFC 7591 §2]: "If unspecified or omitted, the default is
/// "client_secret_basic"".
///
/// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
fn presented(members: &mut Members) -> Result<Option<SecretPresentation>, RegistrationError> {
    match text(members, METHOD)?.as_deref() {
        Some("none") => Ok(None),
        None | Some("client_secret_basic") => Ok(Some(SecretPresentation::Basic)),
        Some("client_secret_post") => Ok(Some(SecretPresentation::Post)),
        Some(_) => Err(RegistrationError::member(METHOD, "is not supported here")),
    }
}

/// Reads `token_endpoint_auth_method` of published metadata. Omitted, it is `none`, since the default of registration
/// is a secret. [CIMD §4.1]: "the `token_endpoint_auth_method` property MUST NOT include `client_secret_post`,
/// `client_secret_basic`, `client_secret_jwt`, or any other method based around a shared symmetric secret."
///
/// [CIMD §4.1]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01#section-4.1
fn no_secret(members: &mut Members) -> Result<Option<SecretPresentation>, RegistrationError> {
    match text(members, METHOD)?.as_deref() {
        None | Some("none") => Ok(None),
        Some(_) => Err(RegistrationError::member(METHOD, "is not none, and nothing else is supported here")),
    }
}

/// Refuses a software statement: nobody's are trusted.
fn software_statement(members: &mut Members) -> Result<(), RegistrationError> {
    match take::<Value>(members, "software_statement")? {
        None => Ok(()),
        Some(Value::String(_)) => Err(RegistrationError::SoftwareStatement),
        Some(_) => Err(RegistrationError::SoftwareStatementMalformed),
    }
}

/// The members that may be there in several languages, by `#` and a language tag: [RFC 7591 §2.2].
///
/// [RFC 7591 §2.2]: https://www.rfc-editor.org/rfc/rfc7591#section-2.2
const LOCALIZED: [&str; 5] = ["client_name", "client_uri", "logo_uri", "tos_uri", "policy_uri"];

/// Reads the names and URLs in other languages.
fn localized(
    rest: &Map<String, Value>,
    hosts: Option<&[String]>,
) -> Result<BTreeMap<String, String>, RegistrationError> {
    let mut localized = BTreeMap::<String, String>::new();
    for (full, value) in rest {
        let Some((name, tag)) = full.split_once('#') else { continue };
        let Some(name) = LOCALIZED.into_iter().find(|known| *known == name) else { continue };
        if !is_language_tag(tag) || value.is_null() {
            continue;
        }
        let text = value.as_str().ok_or(RegistrationError::member(name, "is not a string in every language"))?;
        if name == "client_name" {
            check(name, text, MAX_TEXT_LEN)?;
        } else {
            page(name, text, hosts)?;
        }
        if localized.keys().any(|other| other.eq_ignore_ascii_case(full)) {
            return Err(RegistrationError::member(name, "is there twice in one language"));
        }
        localized.insert(full.clone(), text.to_owned());
        if localized.len() > MAX_ENTRIES {
            return Err(RegistrationError::member(name, "is there in too many languages"));
        }
    }
    Ok(localized)
}

/// Tells if the text has the form of a BCP 47 language tag.
fn is_language_tag(tag: &str) -> bool {
    let is_subtag =
        |subtag: &str| (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    tag.len() <= 35 && tag.split('-').all(is_subtag)
}

fn take<T: DeserializeOwned>(members: &mut Members, name: &'static str) -> Result<Option<T>, RegistrationError> {
    let taken = members.strict(name, serde_json::from_value);
    taken.map_err(|_| RegistrationError::member(name, "is not of its type"))
}

/// Takes a short text. An empty one counts as missing.
fn text(members: &mut Members, name: &'static str) -> Result<Option<String>, RegistrationError> {
    text_of(members, name, MAX_TEXT_LEN)
}

fn text_of(members: &mut Members, name: &'static str, max: usize) -> Result<Option<String>, RegistrationError> {
    let text = take::<String>(members, name)?.filter(|text| !text.is_empty());
    text.iter().try_for_each(|text| check(name, text, max))?;
    Ok(text)
}

/// Checks a text that people may be shown.
fn check(name: &'static str, text: &str, max: usize) -> Result<(), RegistrationError> {
    match text {
        text if text.len() > max => Err(RegistrationError::member(name, "is too long")),
        text if text.chars().any(is_invisible) => {
            Err(RegistrationError::member(name, "has characters that cannot be seen"))
        }
        _ => Ok(()),
    }
}

/// Takes a list of texts.
fn list(members: &mut Members, name: &'static str) -> Result<Option<Vec<String>>, RegistrationError> {
    match take::<Vec<String>>(members, name)? {
        Some(list) if list.len() > MAX_ENTRIES => Err(RegistrationError::member(name, "has too many entries")),
        list => Ok(list),
    }
}
