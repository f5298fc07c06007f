//! The reference host from outside: the program itself on a port of its own.
//!
//! Tests that show a requirement of `docs/requirements.md` begin with its number.

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
mod consent;
mod devices;
mod documents;
mod durability;
mod endpoints;
mod guessing;
mod log;
mod metrics;
mod path;
mod playground;
mod pressing;
mod process;
mod prompting;
mod pushing;
mod registration;
mod reload;
mod requirements;
mod sessions;
mod signals;
mod tls;
