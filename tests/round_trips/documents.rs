//! What a server or a protected resource says of itself, a client reads, and finds where it looks for it.

use std::fmt::Debug;

use grantor::client::{discover, discover_resource};
use grantor::model::{CodeChallengeMethod, Endpoint, GrantType, Issuer, Resource, ResponseType, Scope};
use grantor::resource::ResourceServer;
use grantor::server::{Config, IntrospectionConfig, RevocationConfig};
use grantor::{Answer, Fetch, HttpHost, Server, resource};
use http::{Request, Response};
use proptest::prelude::*;
use proptest::sample::subsequence;

use crate::cases;
use crate::names::*;

/// A host that has one document, at this path.
fn serve(
    path: String,
    document: impl Fn(&Request<Vec<u8>>) -> Response<Vec<u8>>,
) -> HttpHost<impl Fn(&Fetch) -> Answer<Fetch>> {
    let nothing = || Response::builder().status(404).body(Vec::new()).unwrap();
    HttpHost(move |fetch: &Fetch| {
        let request = fetch.request();
        Ok(if request.uri().path() == path { document(request) } else { nothing() })
    })
}

fn some_of<T: Clone + Debug + 'static, const N: usize>(all: [T; N]) -> impl Strategy<Value = Vec<T>> {
    subsequence(all.to_vec(), 0..=N)
}

prop_compose! {
    fn server_configs()(
        issuer in names::<Issuer>(issuers()),
        endpoints in prop::array::uniform4(prop::option::of(names::<Endpoint>(https_urls()))),
        grant_types in some_of([GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::Password]),
        response_types in some_of([ResponseType::Code, ResponseType::Token]),
        code_challenge_methods in some_of([CodeChallengeMethod::S256, CodeChallengeMethod::Plain]),
        acr_values_supported in prop::collection::vec(names(NQCHARS), 0..3),
    ) -> Config {
        let mut config = Config::new(issuer);
        let [authorization_endpoint, token_endpoint, introspection_endpoint, revocation_endpoint] = endpoints;
        config.authorization.endpoint = authorization_endpoint.unwrap_or(config.authorization.endpoint);
        config.token.endpoint = token_endpoint.unwrap_or(config.token.endpoint);
        config.introspection = introspection_endpoint.map(IntrospectionConfig::at);
        config.revocation = revocation_endpoint.map(RevocationConfig::at);
        config.token.grant_types = grant_types;
        config.authorization.response_types = response_types;
        config.authorization.code_challenge_methods = code_challenge_methods;
        config.authorization.acr_values_supported = acr_values_supported;
        config
    }
}

prop_compose! {
    fn resource_configs()(
        resource in names::<Resource>(https_urls()),
        // RFC 9728 §7.7: plain http would be a downgrade.
        authorization_servers in prop::collection::vec(names::<Issuer>(https_issuers()), 0..3),
        scopes_supported in prop_oneof![Just(Scope::EMPTY), names(scopes())],
        token_in_body in any::<bool>(),
        token_in_query in any::<bool>(),
        resource_name in any::<Option<String>>(),
        resource_documentation in prop::option::of(https_urls()),
    ) -> resource::Config {
        let mut config = resource::Config::new(resource);
        config.authorization_servers = authorization_servers;
        config.scopes_supported = scopes_supported;
        config.token_in_body = token_in_body;
        config.token_in_query = token_in_query;
        config.resource_name = resource_name;
        config.resource_documentation = resource_documentation;
        config
    }
}

proptest! {
    #![proptest_config(cases())]

    /// RFC 8414 §2, §3.1.
    #[test]
    fn the_client_reads_the_metadata_that_the_server_writes(config in server_configs()) {
        let server = Server::new(config.clone()).unwrap();
        let host = serve(config.metadata_path(), |request| server.metadata(request));
        prop_assert_eq!(discover(&config.issuer).run(&host).unwrap(), config.metadata());
    }

    /// RFC 9728 §2, §3.1.
    #[test]
    fn the_client_reads_the_metadata_that_the_resource_server_writes(config in resource_configs()) {
        let server = ResourceServer::new(config.clone());
        let host = serve(config.metadata_path(), |request| server.metadata(request));
        for place in [None, config.resource_metadata.as_ref()] {
            prop_assert_eq!(discover_resource(&config.resource, place).run(&host).unwrap(), config.metadata());
        }
    }
}
