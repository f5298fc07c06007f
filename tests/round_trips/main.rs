//! What is written is read as the same: by the other party, by a later release, or by the same one.
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
mod documents;
mod names;
mod requests;
mod responses;

use grantor::client::Client;
use grantor::{Answer, Fetch, HttpHost, Timestamp};
use http::{Request, Response};
use proptest::prelude::*;

use common::World;

/// So many cases of each property, and no file of those that failed.
pub fn cases() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) }
}

/// A client that knows the world's server by what that says of itself.
pub fn client_of(world: &World, client_id: &str) -> Client {
    common::public_client_at(world.server.config().metadata(), client_id)
}

/// The HTTP between a client and an endpoint.
pub fn reach(endpoint: impl Fn(&Request<Vec<u8>>) -> Response<Vec<u8>>) -> HttpHost<impl Fn(&Fetch) -> Answer<Fetch>> {
    HttpHost(move |fetch: &Fetch| Ok(endpoint(fetch.request())))
}

impl World {
    pub fn time(&self) -> Timestamp {
        Timestamp(self.now)
    }
}
