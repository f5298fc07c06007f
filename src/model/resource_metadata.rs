//! The metadata document of a protected resource: RFC 9728 §2.

use serde::{Deserialize, Serialize};

use super::{Endpoint, Issuer, Resource, split_at_path};

/// What a protected resource says of itself. A resource server derives it from its configuration, a client reads it.
/// There may be more members than are named here (RFC 9728 §2); they are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResourceMetadata {
    /// Compared, as a string, by whoever fetched this: RFC 9728 §3.3.
    pub resource: Resource,
    /// Whose tokens it takes.
    #[serde(
        default,
        deserialize_with = "super::issuer::all_in_private_network",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub authorization_servers: Vec<Issuer>,
    /// What may be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes_supported: Option<Vec<String>>,
    /// Where a token may stand: `header`, `body`, `query` (RFC 6750 §2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer_methods_supported: Option<Vec<String>>,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
    /// A page for developers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_documentation: Option<String>,
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
        }
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
