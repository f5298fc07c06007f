//! What a server or a protected resource says of itself, a client reads, and finds where it looks for it.

use std::fmt::Debug;

use grantor::client::{discover, discover_resource};
use grantor::model::{CodeChallengeMethod, Endpoint, GrantType, Issuer, Resource, ResponseType, Scope};
use grantor::resource::ResourceServer;
use grantor::server::Config;
use grantor::{Answer, Fetch, HttpOnly, Server, resource};
use http::{Request, Response};
use proptest::prelude::*;
use proptest::sample::subsequence;

use crate::cases;
use crate::names::*;

/// A host that has one document, at this path.
fn serve(
    path: String,
    document: impl Fn(&Request<Vec<u8>>) -> Response<Vec<u8>>,
) -> HttpOnly<impl Fn(&Fetch) -> Answer<Fetch>> {
    let nothing = || Response::builder().status(404).body(Vec::new()).unwrap();
    HttpOnly(move |fetch: &Fetch| {
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
        config.endpoints.authorization_endpoint = authorization_endpoint;
        config.endpoints.token_endpoint = token_endpoint;
        config.endpoints.introspection_endpoint = introspection_endpoint;
        config.endpoints.revocation_endpoint = revocation_endpoint;
        config.grant_types = grant_types;
        config.response_types = response_types;
        config.code_challenge_methods = code_challenge_methods;
        config.acr_values_supported = acr_values_supported;
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
        let server = Server::new(config.clone());
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
