//! Authorization server metadata: [RFC 8414]. Derived from the configuration, so that what is advertised is what
//! exists.
//!
//! [RFC 8414]: https://www.rfc-editor.org/rfc/rfc8414

use http::{Request, Response};

use super::cross_origin::CrossOrigin;
use super::section::Section;
use super::{Config, Server};
use crate::model::{Metadata, split_at_path, well_known_path};
use crate::wire::document;

/// What the metadata document says for people, and whatever else a host wants to say there.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DocumentConfig {
    /// A page for developers.
    pub service_documentation: Option<String>,
    /// The languages of the host's pages, as BCP 47 language tags.
    pub ui_locales_supported: Vec<String>,
    /// A page on what a client may do with the data that it gets.
    pub op_policy_uri: Option<String>,
    /// The terms of service.
    pub op_tos_uri: Option<String>,
    /// Further members, by name. One that grantor writes itself is left out.
    pub members: serde_json::Map<String, serde_json::Value>,
}

impl Section for DocumentConfig {
    fn advertise(&self, metadata: &mut Metadata) {
        metadata.service_documentation.clone_from(&self.service_documentation);
        metadata.ui_locales_supported = Some(self.ui_locales_supported.clone()).filter(|locales| !locales.is_empty());
        metadata.op_policy_uri.clone_from(&self.op_policy_uri);
        metadata.op_tos_uri.clone_from(&self.op_tos_uri);
        metadata.members.extend(self.members.clone());
    }
}

impl Config {
    /// The metadata document: RFC 8414 §2.
    #[must_use]
    pub fn metadata(&self) -> Metadata {
        let mut metadata = Metadata::new(self.issuer.clone());
        self.sections().for_each(|section| section.advertise(&mut metadata));
        metadata.without_doubles()
    }

    /// The path at which the document is to be found on the issuer's host: RFC 8414 §3.1.
    #[must_use]
    pub fn metadata_path(&self) -> String {
        well_known_path(self.issuer.as_str(), "oauth-authorization-server")
    }

    /// The paths at which clients look for the document, that of RFC 8414 §3.1 first: there and, as OpenID Connect
    /// Discovery has it, behind the issuer's path; under the name of RFC 8414 and under OpenID Connect's (RFC 8414 §5);
    /// with a slash at the end and without. A host that serves it at each is found by all of them.
    ///
    /// No other issuer's document has its place at any of these, so where a server has several issuers, each has its
    /// own paths.
    #[must_use]
    pub fn metadata_paths(&self) -> Vec<String> {
        let (_, path) = split_at_path(self.issuer.as_str());
        let path = path.trim_end_matches('/');
        let names = ["oauth-authorization-server", "openid-configuration"];
        let places = names.iter().flat_map(|name| {
            let inserted = well_known_path(self.issuer.as_str(), name);
            let appended = (!path.is_empty()).then(|| format!("{path}/.well-known/{name}"));
            [Some(inserted), appended].into_iter().flatten()
        });
        places.flat_map(|place| [format!("{place}/"), place].into_iter().rev()).collect()
    }

    /// Returns whether the path of a request is one of [`metadata_paths`](Self::metadata_paths): for a host that has
    /// one handler for all paths.
    #[must_use]
    pub fn is_metadata_path(&self, path: &str) -> bool {
        self.metadata_paths().iter().any(|place| place == path)
    }
}

impl Server {
    /// Answers a request for the metadata document: RFC 8414 §3. There is nothing to read or write, and nothing secret.
    pub fn metadata<B>(&self, request: &Request<B>) -> Response<Vec<u8>> {
        document(request, self.config.cross_origin == CrossOrigin::Any, &self.config.metadata())
    }
}
