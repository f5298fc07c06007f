//! Compares whole servers under load, and writes docs/load.md: `cargo run --release -p benches --bin load`.

pub mod cell;
pub mod memory;
pub mod plan;
pub mod purge;
pub mod readers;
pub mod report;
pub mod sqlite;
pub mod verdict;

pub use plan::Plan;
pub use verdict::Verdict;
