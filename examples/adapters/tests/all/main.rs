//! Every server beside this directory, as a program on a port of its own, with every client.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test tells its findings by panicking"
)]

mod clients;
mod program;
mod servers;
mod slow_peers;
mod transport;
