//! The metadata document of a protected resource: RFC 9728 §2.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::members::{Members, Unreadable, without_doubles};
use super::{Endpoint, Issuer, Resource, issuer, split_at_path};

const SERVERS: &str = "authorization_servers";

/// What a protected resource says of itself. A resource server derives it from its configuration, a client reads it.
/// There may be more members than have a name here (RFC 9728 §2): see [`ResourceMetadata::members`].
///
/// A member that cannot be read is left out and [named](ResourceMetadata::unreadable), as in
/// [`Metadata`](super::Metadata). Without a sound `resource`, there is no metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Members")]
#[non_exhaustive]
pub struct ResourceMetadata {
    /// Compared, as a string, by whoever fetched this: RFC 9728 §3.3.
    pub resource: Resource,
    /// Whose tokens it takes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_servers: Vec<Issuer>,
    /// What may be asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes_supported: Option<Vec<String>>,
    /// Where a token may stand: `header`, `body`, `query` (RFC 6750 §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_methods_supported: Option<Vec<String>>,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
    /// A page for developers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_documentation: Option<String>,
    /// Every other member, as it is.
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
    /// A document that says nothing but whose it is.
    #[must_use]
    pub fn new(resource: Resource) -> Self {
        Self {
            resource,
            authorization_servers: Vec::new(),
            scopes_supported: None,
            bearer_methods_supported: None,
            resource_name: None,
            resource_documentation: None,
            members: Map::new(),
            unreadable: Unreadable::new(),
        }
    }

    /// The members of the document that were there and cannot be used, in whole or in part. For a log: they are not
    /// kept with the rest.
    #[must_use]
    pub fn unreadable(&self) -> &[&'static str] {
        &self.unreadable
    }

    /// Leaves out the authorization servers of which that is said, and names the member if there is one.
    pub(crate) fn leave_out(&mut self, is_unusable: impl Fn(&Issuer) -> bool) {
        let count = self.authorization_servers.len();
        self.authorization_servers.retain(|issuer| !is_unusable(issuer));
        let is_spoilt = self.authorization_servers.len() < count && !self.unreadable.contains(&SERVERS);
        self.unreadable.extend(is_spoilt.then_some(SERVERS));
    }

    /// Whether it names authorization servers, of which none can be used.
    pub(crate) fn has_no_usable_server(&self) -> bool {
        self.authorization_servers.is_empty() && self.unreadable.contains(&SERVERS)
    }

    /// The same document, whose further members do not repeat what it says already.
    pub(crate) fn without_doubles(mut self) -> Self {
        let members = std::mem::take(&mut self.members);
        self.members = without_doubles(members, &self);
        self
    }

    /// Where the document of a resource is to be found; none if that cannot be asked for safely: the resource is no
    /// https URL.
    #[must_use]
    pub fn url(resource: &Resource) -> Option<Endpoint> {
        let (origin, _) = split_at_path(resource.as_str());
        let origin = origin.split('?').next().unwrap_or_default();
        Endpoint::parse(&format!("{origin}{}", Self::path_and_query(resource))).ok()
    }

    /// The path, and the query if the resource has one, at which the document is to be found on the resource's host.
    /// RFC 9728 §3.1: "If the resource identifier value contains a path or query component, any terminating "/"
    /// following the host component MUST be removed before inserting "/.well-known/" and the well-known URI path suffix
    /// between the host component and the path and/or query components." Unlike that of RFC 8414 §3.1, it keeps a "/"
    /// at the end of a path.
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
