//! RFC 6749, the OAuth 2.0 authorization framework, in the order of its sections.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

#[path = "../common/mod.rs"]
mod common;

mod s2_clients;
mod s3_3_scope;
mod s3_endpoints;
mod s4_1_authorization_code;
mod s4_2_implicit;
mod s4_3_password;
mod s4_4_client_credentials;
mod s4_5_extension;
mod s5_issuing;
mod s6_refreshing;
mod syntax;
