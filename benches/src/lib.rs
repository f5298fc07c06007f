//! The same work through the same kind of harness: an HTTP request goes in, an HTTP response comes out, in one process.
//!
//! `cargo run --profile speed -p benches` measures everything and writes it into `docs/speed.md`.
//!
//! [`service`] compares whole servers from outside: the programs `load` and `faults`.

pub mod batch;
pub mod by_hand;
pub mod chart;
pub mod chase;
pub mod crowd;
pub mod faults;
pub mod grantor;
pub mod instructions;
pub mod load;
pub mod measure;
pub mod oauth_as;
pub mod oxide_auth;
pub mod report;
pub mod scenario;
pub mod service;
pub mod size;
pub mod threads;

pub use batch::{Bench, LIBRARIES, Measured};
pub use scenario::Operation;
