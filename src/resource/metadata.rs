//! Protected resource metadata: [RFC 9728]. Derived from the configuration, so that it always describes the actual
//! behavior.
//!
//! [RFC 9728]: https://www.rfc-editor.org/rfc/rfc9728

use http::{Request, Response};

use super::{Config, ResourceServer};
use crate::model::ResourceMetadata;
use crate::wire::document;

impl Config {
    /// Returns the metadata document: [RFC 9728 §2].
    ///
    /// [RFC 9728 §2]: https://www.rfc-editor.org/rfc/rfc9728#section-2
    #[must_use]
    pub fn metadata(&self) -> ResourceMetadata {
        let methods = [(true, "header"), (self.token_in_body, "body"), (self.token_in_query, "query")];
        let methods = methods.into_iter().filter(|(is_taken, _)| *is_taken).map(|(_, method)| method.to_owned());
        // RFC 9728 §3.2: "Parameters with zero values MUST be omitted from the response."
        let scopes: Vec<_> = self.scopes_supported.tokens().map(str::to_owned).collect();
        let mut metadata = ResourceMetadata::new(self.resource.clone());
        metadata.authorization_servers.clone_from(&self.authorization_servers);
        metadata.scopes_supported = Some(scopes).filter(|scopes| !scopes.is_empty());
        let types = self.authorization_details_types_supported.clone();
        metadata.authorization_details_types_supported = Some(types).filter(|types| !types.is_empty());
        metadata.bearer_methods_supported = Some(methods.collect());
        metadata.resource_name.clone_from(&self.resource_name);
        metadata.resource_documentation.clone_from(&self.resource_documentation);
        metadata.members.clone_from(&self.members);
        metadata.without_doubles()
    }
}

impl ResourceServer {
    /// Answers a request for the metadata document: [RFC 9728 §3]. It needs no effect and contains nothing secret.
    ///
    /// [RFC 9728 §3]: https://www.rfc-editor.org/rfc/rfc9728#section-3
    pub fn metadata<B>(&self, request: &Request<B>) -> Response<Vec<u8>> {
        document(request, self.config.cross_origin_metadata, &self.config.metadata())
    }
}
