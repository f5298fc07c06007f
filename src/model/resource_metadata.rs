//! The metadata document of a protected resource: RFC 9728 §2.

use serde::{Deserialize, Serialize};

use super::{Issuer, Resource};

/// What a protected resource says of itself. A resource server derives it from its configuration, a client reads it. There may
/// be more members than are named here (RFC 9728 §2); they are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResourceMetadata {
    /// Compared, as a string, by whoever fetched this: RFC 9728 §3.3.
    pub resource: Resource,
    /// Whose tokens it takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
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
}
