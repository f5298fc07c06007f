//! The reference host from outside: the program itself on a port of its own.
//!
//! Tests that show a requirement of `requirements.md` begin with its number.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test tells its findings by panicking"
)]

mod administration;
mod applications;
mod client;
mod command_line;
mod connections;
mod durability;
mod endpoints;
mod log;
mod metrics;
mod playground;
mod process;
mod reload;
mod requirements;
mod sessions;
mod signals;
mod tls;
