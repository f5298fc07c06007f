//! The metadata document of a protected resource: [RFC 9728 §2].
//!
//! [RFC 9728 §2]: https://www.rfc-editor.org/rfc/rfc9728#section-2

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::members::{Members, Unreadable, without_doubles};
use super::{Endpoint, Issuer, Resource, issuer, split_at_path};

const SERVERS: &str = "authorization_servers";

/// The metadata of a protected resource. A resource server derives it from its configuration; a client reads it.
/// Members that have no field here ([RFC 9728 §2]) are in [`ResourceMetadata::members`].
///
/// An unreadable member is left out and [named](ResourceMetadata::unreadable), as in [`Metadata`](super::Metadata).
/// Without a valid `resource`, there is no metadata.
///
/// [RFC 9728 §2]: https://www.rfc-editor.org/rfc/rfc9728#section-2
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Members")]
#[non_exhaustive]
pub struct ResourceMetadata {
    /// The resource identifier. The code that fetched the document compares it: [RFC 9728 §3.3].
    ///
    /// [RFC 9728 §3.3]: https://www.rfc-editor.org/rfc/rfc9728#section-3.3
    pub resource: Resource,
    /// The issuers whose tokens the resource accepts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_servers: Vec<Issuer>,
    /// The scope values that a client may ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes_supported: Option<Vec<String>>,
    /// The authorization details types that a client may ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details_types_supported: Option<Vec<String>>,
    /// The places for a token in a request: `header`, `body`, `query` ([RFC 6750 §2]).
    ///
    /// [RFC 6750 §2]: https://www.rfc-editor.org/rfc/rfc6750#section-2
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_methods_supported: Option<Vec<String>>,
    /// The resource's name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
    /// The URL of a page for developers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_documentation: Option<String>,
    /// The other members, as they were sent.
    #[serde(flatten)]
    pub members: Map<String, Value>,
    #[serde(skip)]
    unreadable: Unreadable,
}

impl TryFrom<Members> for ResourceMetadata {
    type Error = serde_json::Error;

    fn try_from(mut members: Members) -> Result<Self, Self::Error> {
        let from = &mut members;
        let read = Self {
            authorization_servers: from.list_by(SERVERS, issuer::in_private_network).unwrap_or_default(),
            scopes_supported: from.list("scopes_supported"),
            authorization_details_types_supported: from.list("authorization_details_types_supported"),
            bearer_methods_supported: from.list("bearer_methods_supported"),
            resource_name: from.optional("resource_name", serde_json::from_value),
            resource_documentation: from.text("resource_documentation"),
            ..Self::new(from.required("resource", serde_json::from_value)?)
        };
        let (members, unreadable) = members.finish();
        Ok(Self { members, unreadable, ..read })
    }
}

impl ResourceMetadata {
    /// Creates a document with the resource identifier alone.
    #[must_use]
    pub fn new(resource: Resource) -> Self {
        Self {
            resource,
            authorization_servers: Vec::new(),
            scopes_supported: None,
            authorization_details_types_supported: None,
            bearer_methods_supported: None,
            resource_name: None,
            resource_documentation: None,
            members: Map::new(),
            unreadable: Unreadable::new(),
        }
    }

    /// The names of the members that cannot be used, in whole or in part. Meant for a log, and not serialized.
    #[must_use]
    pub fn unreadable(&self) -> &[&'static str] {
        &self.unreadable
    }

    /// Leaves out the authorization servers for which the predicate is true, and if there were any adds the member to
    /// the unreadable ones.
    pub(crate) fn leave_out(&mut self, is_unusable: impl Fn(&Issuer) -> bool) {
        let count = self.authorization_servers.len();
        self.authorization_servers.retain(|issuer| !is_unusable(issuer));
        let is_spoilt = self.authorization_servers.len() < count && !self.unreadable.contains(&SERVERS);
        self.unreadable.extend(is_spoilt.then_some(SERVERS));
    }

    /// Tells if the document names authorization servers, none of which can be used.
    pub(crate) fn has_no_usable_server(&self) -> bool {
        self.authorization_servers.is_empty() && self.unreadable.contains(&SERVERS)
    }

    /// Returns the same document, without further members that repeat a field.
    pub(crate) fn without_doubles(mut self) -> Self {
        let members = std::mem::take(&mut self.members);
        self.members = without_doubles(members, &self);
        self
    }

    /// Returns the URL of the document about a resource. `None` if it cannot be fetched safely, because the resource is
    /// not an https URL.
    #[must_use]
    pub fn url(resource: &Resource) -> Option<Endpoint> {
        let (origin, _) = split_at_path(resource.as_str());
        let origin = origin.split('?').next().unwrap_or_default();
        Endpoint::parse(&format!("{origin}{}", Self::path_and_query(resource))).ok()
    }

    /// Returns the path, and the query if the resource has one, of the document on the resource's host.
    /// [RFC 9728 §3.1]: "If the resource identifier value contains a path or query component, any terminating "/"
    /// following the host component MUST be removed before inserting "/.well-known/" and the well-known URI path suffix
    /// between the host component and the path and/or query components." Unlike the path of [RFC 8414 §3.1], this one
    /// keeps a "/" at the end.
    ///
    /// [RFC 9728 §3.1]: https://www.rfc-editor.org/rfc/rfc9728#section-3.1
    /// [RFC 8414 §3.1]: https://www.rfc-editor.org/rfc/rfc8414#section-3.1
    pub(crate) fn path_and_query(resource: &Resource) -> String {
        let (_, authority) = resource.as_str().split_once("://").unwrap_or_default();
        let rest = authority.find(['/', '?']).and_then(|at| authority.get(at..)).unwrap_or_default();
        let rest = match rest.strip_prefix('/') {
            Some(after) if after.is_empty() || after.starts_with('?') => after,
            _ => rest,
        };
        format!("/.well-known/oauth-protected-resource{rest}")
    }
}
