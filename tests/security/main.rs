//! The invariants of SECURITY.md, each with tests that fail when it is broken.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]
#![allow(clippy::duplicate_mod, reason = "the fixture is for tests without `common` too, and has its own counter")]

mod cancellation;
mod clocks;
#[path = "../common/mod.rs"]
mod common;
mod details;
mod determinism;
mod devices;
mod documents;
mod faulty_store;
mod fixture;
mod form_post;
mod outage;
mod purge;
mod races;
mod registration;
mod replay;
mod request_uri;
mod revocation;
mod secrecy;
mod silent;
