//! Authorization server metadata: [RFC 8414]. Derived from the configuration, so that it always describes the actual
//! behavior.
//!
//! [RFC 8414]: https://www.rfc-editor.org/rfc/rfc8414

use http::{Request, Response};

use super::cross_origin::CrossOrigin;
use super::section::Section;
use super::{Config, Server};
use crate::model::{Metadata, split_at_path, well_known_path};
use crate::wire::document;

/// The configuration of the members for people, and of further members.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DocumentConfig {
    /// The URL of a page for developers.
    pub service_documentation: Option<String>,
    /// The languages of the host's pages, as BCP 47 language tags.
    pub ui_locales_supported: Vec<String>,
    /// The URL of the policy on the use of the server's data by clients.
    pub op_policy_uri: Option<String>,
    /// The URL of the terms of service.
    pub op_tos_uri: Option<String>,
    /// Further members, by name. A name that grantor itself writes is ignored.
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
    /// Returns the metadata document: [RFC 8414 §2].
    ///
    /// [RFC 8414 §2]: https://www.rfc-editor.org/rfc/rfc8414#section-2
    #[must_use]
    pub fn metadata(&self) -> Metadata {
        let mut metadata = Metadata::new(self.issuer.clone());
        self.sections().for_each(|section| section.advertise(&mut metadata));
        metadata.without_doubles()
    }

    /// The path of the document on the issuer's host: [RFC 8414 §3.1].
    ///
    /// [RFC 8414 §3.1]: https://www.rfc-editor.org/rfc/rfc8414#section-3.1
    #[must_use]
    pub fn metadata_path(&self) -> String {
        well_known_path(self.issuer.as_str(), "oauth-authorization-server")
    }

    /// The paths at which clients look for the document, that of [RFC 8414 §3.1] first. Others have it behind the
    /// issuer's path, as in [OpenID Connect Discovery], or under OpenID Connect's name ([RFC 8414 §5]), or with a slash
    /// at the end. A host that serves the document at each of them is found by all clients.
    ///
    /// No other issuer's document belongs at any of these paths, so if a server has several issuers, each has its own.
    ///
    /// [RFC 8414 §3.1]: https://www.rfc-editor.org/rfc/rfc8414#section-3.1
    /// [OpenID Connect Discovery]: https://openid.net/specs/openid-connect-discovery-1_0.html
    /// [RFC 8414 §5]: https://www.rfc-editor.org/rfc/rfc8414#section-5
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

    /// True if the path of a request is one of [`metadata_paths`](Self::metadata_paths), for a host with one handler
    /// for all paths.
    #[must_use]
    pub fn is_metadata_path(&self, path: &str) -> bool {
        self.metadata_paths().iter().any(|place| place == path)
    }
}

impl Server {
    /// Answers a request for the metadata document: [RFC 8414 §3]. It needs no effect and contains nothing secret.
    ///
    /// [RFC 8414 §3]: https://www.rfc-editor.org/rfc/rfc8414#section-3
    pub fn metadata<B>(&self, request: &Request<B>) -> Response<Vec<u8>> {
        document(request, self.config.cross_origin == CrossOrigin::Any, &self.config.metadata())
    }
}
