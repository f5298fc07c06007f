//! The examples run to their ends, where each asserts what came of it; and none is left out.
#![allow(clippy::unwrap_used, reason = "a test tells its findings by panicking")]
#![allow(clippy::duplicate_mod, reason = "each example has `common` as a module of its own")]

use std::collections::BTreeSet;
use std::path::Path;

/// Makes each example a module, and a test that calls its `main`.
macro_rules! examples {
    ($($(#[$needs:meta])? $path:literal $name:ident)*) => {
        $($(#[$needs])? #[path = $path] mod $name;)*

        mod runs {
            $($(#[$needs])? #[test] fn $name() { super::$name::main().unwrap(); })*
        }

        const EXAMPLES: &[&str] = &[$(stringify!($name)),*];
    };
}

examples! {
    "../examples/client_credentials.rs" client_credentials
    "../examples/client_id_metadata_document.rs" client_id_metadata_document
    "../examples/client_import.rs" client_import
    "../examples/client_secrets.rs" client_secrets
    "../examples/code_flow.rs" code_flow
    "../examples/custom_claims.rs" custom_claims
    "../examples/device_grant.rs" device_grant
    "../examples/events.rs" events
    "../examples/extension_grant.rs" extension_grant
    "../examples/form_post.rs" form_post
    "../examples/introspection.rs" introspection
    "../examples/leaving.rs" leaving
    "../examples/own_grants.rs" own_grants
    "../examples/own_store.rs" own_store
    "../examples/pushed_authorization_request.rs" pushed_authorization_request
    "../examples/refresh.rs" refresh
    "../examples/registration.rs" registration
    "../examples/remembered_consent.rs" remembered_consent
    "../examples/resource_discovery.rs" resource_discovery
    "../examples/resource_indicators.rs" resource_indicators
    "../examples/revocation.rs" revocation
    "../examples/rich_authorization_request.rs" rich_authorization_request
    "../examples/run_async.rs" run_async
    "../examples/scopes_by_resource.rs" scopes_by_resource
    "../examples/shared_tokens.rs" shared_tokens
    #[cfg(feature = "rustcrypto")] "../examples/signing_keys.rs" signing_keys
    "../examples/step_by_step.rs" step_by_step
    "../examples/step_up.rs" step_up
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples"))
}

/// The names of all that cargo takes for an example.
fn found() -> BTreeSet<String> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let rust = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_example_is_run_here() {
    assert_eq!(found(), EXAMPLES.iter().map(|name| (*name).to_owned()).collect());
}

#[test]
fn the_index_has_every_example_and_no_other() {
    let index = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let links = index.split("](").skip(1).filter_map(|rest| rest.split_once(')')?.0.strip_suffix(".rs"));
    let linked = links.filter(|name| !name.contains('/')).map(str::to_owned).collect();
    assert_eq!(found(), linked);
}
