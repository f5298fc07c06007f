//! Client metadata: [RFC 7591 §2].
//!
//! [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::{ClientId, GrantType, PageUrl, RedirectUri, ResponseType, Scope};

/// Client metadata, as a client sends it and a server returns it: [RFC 7591 §2]. A member without a method is set by
/// [`member`](Self::member), also one in another language (`client_name#ja`). What is omitted has the default of the
/// RFC: the authorization code grant, and a secret in the `Authorization` header.
///
/// ```
/// use grantor::client::ClientMetadata;
/// use grantor::model::{RedirectUri, Scope};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let metadata = ClientMetadata::new()
///     .client_name("Photo printer")
///     .redirect_uri(&RedirectUri::parse("https://printer.example/callback")?)
///     .scope(&Scope::parse("photos.read")?)
///     .public();
/// # Ok(())
/// # }
/// ```
///
/// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientMetadata(Map<String, Value>);

impl ClientMetadata {
    /// Creates metadata without a member.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn of(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// Sets a member. `null` asks for its removal in an update.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Returns the metadata document of a client whose identifier is this URL, to be published there as JSON ([CIMD]):
    /// the same metadata, of a public client, with its `client_id`. Such a client registers nowhere; at a server whose
    /// metadata has
    /// [`client_id_metadata_document_supported`](crate::model::Metadata::client_id_metadata_document_supported) it is
    /// [`Registration::public`](crate::client::Registration::public) with the URL.
    ///
    /// [CIMD]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01
    #[must_use]
    pub fn document_at(self, client_id: &ClientId) -> Self {
        self.public().member("client_id", client_id.as_str())
    }

    /// Adds an entry to a member that is a list.
    fn entry(mut self, name: &str, entry: &str) -> Self {
        match self.0.get_mut(name) {
            Some(Value::Array(list)) => list.push(entry.into()),
            _ => drop(self.0.insert(name.to_owned(), Value::Array(vec![entry.into()]))),
        }
        self
    }

    /// Adds a redirect URI.
    #[must_use]
    pub fn redirect_uri(self, redirect_uri: &RedirectUri) -> Self {
        self.entry("redirect_uris", redirect_uri.as_str())
    }

    /// Sets the grant types, and the response types that go with them ([RFC 7591 §2.1]).
    ///
    /// [RFC 7591 §2.1]: https://www.rfc-editor.org/rfc/rfc7591#section-2.1
    #[must_use]
    pub fn grant_types(self, grant_types: &[GrantType]) -> Self {
        let pairs = [(GrantType::AuthorizationCode, ResponseType::Code), (GrantType::Implicit, ResponseType::Token)];
        let kinds = pairs.iter().filter(|(grant, _)| grant_types.contains(grant)).map(|(_, kind)| kind.as_str());
        let kinds: Vec<_> = kinds.collect();
        let names: Vec<_> = grant_types.iter().map(GrantType::as_str).collect();
        self.member("grant_types", names).member("response_types", kinds)
    }

    /// Sets the authentication method, by the name that it has in [RFC 7591 §2].
    ///
    /// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
    #[must_use]
    pub fn token_endpoint_auth_method(self, method: &str) -> Self {
        self.member("token_endpoint_auth_method", method)
    }

    /// Asks for a public client, which has no secret.
    #[must_use]
    pub fn public(self) -> Self {
        self.token_endpoint_auth_method("none")
    }

    /// Sets the greatest scope that the client can ask for.
    #[must_use]
    pub fn scope(self, scope: &Scope) -> Self {
        self.member("scope", scope.as_str())
    }

    /// Sets the client's name for people.
    #[must_use]
    pub fn client_name(self, client_name: &str) -> Self {
        self.member("client_name", client_name)
    }

    /// Sets the URL of a page about the client.
    #[must_use]
    pub fn client_uri(self, client_uri: &PageUrl) -> Self {
        self.member("client_uri", client_uri.as_str())
    }

    /// Sets the URL of the client's logo.
    #[must_use]
    pub fn logo_uri(self, logo_uri: &PageUrl) -> Self {
        self.member("logo_uri", logo_uri.as_str())
    }

    /// Adds a way to contact people who are responsible for the client.
    #[must_use]
    pub fn contact(self, contact: &str) -> Self {
        self.entry("contacts", contact)
    }

    /// Sets the identifier of the client's software, which all its instances have, and its version.
    #[must_use]
    pub fn software(self, software_id: &str, software_version: &str) -> Self {
        self.member("software_id", software_id).member("software_version", software_version)
    }

    /// Returns a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Returns a member that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// All members, by name.
    #[must_use]
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }
}
