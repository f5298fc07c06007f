//! Stores in SQL as people write them, by the statements that grantor's documentation shows, on SQLite and on
//! PostgreSQL; and what goes wrong in such stores, one thing at a time. Each must be found by the rule of the contract
//! that forbids it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "it serves tests")]

mod blocking;
mod faults;
mod postgres;
mod shape;
#[path = "../../../src/store/sql/postgres.rs"]
mod shown;
mod sqlite;

pub use blocking::{BlockingStore, OneConnection};
pub use faults::{Fault, On, all, reads_first};
pub use postgres::{PgStore, Postgres};
pub use shape::{Flag, Shape};
pub use shown::{PgStore as ShownStore, Postgres as ShownDriver};
pub use sqlite::{Sqlite, SqliteStore};
