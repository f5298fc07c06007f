//! A store in SQL, but for the connection: [`SqlStore`] has the tables and the statements, and a driver of yours runs
//! them. PostgreSQL's words; other databases differ in a few.
//!
//! The store implements [`AsyncStore`](super::AsyncStore), lists what people allowed
//! ([`AsyncGrantStore`](super::AsyncGrantStore)), and forgets what has expired ([`AsyncPurge`](super::AsyncPurge)) and
//! who never came back ([`AsyncPurgeClients`](super::AsyncPurgeClients)). By a blocking driver it implements the
//! blocking traits.
//!
//! # A whole store
//!
//! A driver says three things: how a statement is read, how several are written in one transaction, and by which errors
//! the database asks for another try. This is all of it for tokio-postgres, with a pool of connections. It keeps the
//! whole contract, and is `src/store/sql/postgres.rs` in grantor's repository.
//!
#![doc = concat!("```\n", include_str!("stub.txt"), include_str!("postgres.rs"), "```")]
//!
//! With it, a store is opened by `PgStore::new(Postgres(pool))`, and
//! [`create_tables_async`](SqlStore::create_tables_async) creates what is not there yet. `examples/provider` in the
//! repository is a whole provider on it.
//!
//! # Other databases, other tables
//!
//! - **A store with tables of its own** needs none of this: the [contract](super) is all that counts.
//! - **Statements without the store**: [`lookup`](fn@lookup), [`changes`], [`held_grants`], [`Table::purge`] and
//!   [`purge_clients`] return each statement with its values, for whoever wants to run them in another way.
//! - **SQLite** numbers parameters by `?1`, says `max` for `GREATEST`, `blob` for `bytea`, and nothing for `COLLATE
//!   "C"`. A blocking driver replaces these words: `tests/stores/src/blocking.rs` in the repository.
//!
//! [A store in SQL](crate::_documentation::store_in_sql) says why the statements are as they are.

mod commit;
mod driver;
mod lookup;
mod pages;
mod store;

use std::borrow::Cow;

use serde::Serialize;

pub use commit::changes;
pub use driver::{AsyncDriver, Driver, Failed, SQLSTATES_OF_ANOTHER_TRY};
pub use lookup::{found, lookup};
pub use pages::{Table, held, held_grants, purge_clients};
pub use store::SqlStore;

use crate::effect::Unavailable;
use crate::model::{Key, Timestamp};

/// The tables, as PostgreSQL creates them.
pub const SCHEMA: &str = include_str!("schema.sql");

/// The statements, each below a comment with its name.
const STATEMENTS: &str = include_str!("statements.sql");

/// A statement and its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    name: &'static str,
    text: Cow<'static, str>,
    values: Vec<Value>,
    has_precondition: bool,
}

impl Statement {
    fn new(name: &'static str, values: Vec<Value>) -> Self {
        let text = STATEMENTS.split("-- ").find_map(|statement| statement.strip_prefix(name)?.strip_prefix('\n'));
        let text = text.unwrap_or_default().trim_end();
        Self { name, text: text.strip_suffix(';').unwrap_or(text).into(), values, has_precondition: false }
    }

    /// The statements that create the tables which are not there yet. Several processes may start at once: the lock,
    /// which ends with the transaction, lets one of them do it.
    fn create_tables() -> Vec<Self> {
        let lock = Self::new("create_tables: one at a time", Vec::new());
        let create = |text: &'static str| Self { text: text.trim().into(), ..lock.clone() };
        let tables = SCHEMA.split(';').filter(|text| !text.trim().is_empty()).map(create);
        std::iter::once(lock.clone()).chain(tables).collect()
    }

    /// The same statement, with some words replaced.
    fn with(self, words: &str, others: &str) -> Self {
        Self { text: self.text.replace(words, others).into(), ..self }
    }

    /// The statement's name, for logs and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The SQL. Its parameters are `$1`, `$2` and so on. There are about thirty texts in all, so that each can be
    /// prepared once.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The values of the parameters, from `$1` on.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// True if the change's precondition holds, by the number of rows that the statement touched. Otherwise the
    /// transaction is rolled back, and the commit is an [`Outcome::Conflict`](super::Outcome::Conflict) with the index
    /// of the change.
    #[must_use]
    pub fn holds(&self, rows: u64) -> bool {
        rows > 0 || !self.has_precondition
    }
}

/// A value of a parameter or a column. `None` is NULL.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A boolean. An integer stands for one where a database has none.
    Boolean(Option<bool>),
    /// A signed integer of 64 bits.
    Integer(Option<i64>),
    /// A text.
    Text(Option<String>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
}

/// The columns of a row.
pub type Row = Vec<Value>;

impl Value {
    fn text(text: impl ToString) -> Self {
        Self::Text(Some(text.to_string()))
    }

    fn key(key: &Key) -> Self {
        Self::bytes(&key.to_bytes())
    }

    fn bytes(bytes: &[u8]) -> Self {
        Self::Bytes(Some(bytes.to_vec()))
    }

    fn number(number: u32) -> Self {
        Self::Integer(Some(number.into()))
    }

    /// A number of rows.
    fn limit(limit: usize) -> Self {
        Self::Integer(Some(i64::try_from(limit).unwrap_or(i64::MAX)))
    }

    fn record(record: &impl Serialize) -> Result<Self, Unavailable> {
        serde_json::to_string(record).map(|json| Self::Text(Some(json))).map_err(Unavailable::new)
    }

    /// A time as a signed integer, limited to its greatest value. The record keeps the exact value.
    fn time(timestamp: Timestamp) -> Self {
        Self::Integer(Some(seconds(timestamp)))
    }

    /// The latest expiry that is past. What expires at the end of time never is.
    fn past(now: Timestamp) -> Self {
        Self::Integer(Some(seconds(now).min(i64::MAX - 1)))
    }
}

fn seconds(timestamp: Timestamp) -> i64 {
    i64::try_from(timestamp.0).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use crate::store::sql::{STATEMENTS, Statement};

    #[test]
    fn every_statement_is_found_by_its_name() {
        let code = concat!(
            include_str!("commit.rs"),
            include_str!("lookup.rs"),
            include_str!("pages.rs"),
            include_str!("mod.rs")
        );
        for statement in STATEMENTS.split("-- ").skip(1) {
            let (name, text) = statement.split_once('\n').unwrap_or_default();
            assert!(code.contains(&format!("\"{name}\"")), "{name} is in the code");
            let found = Statement::new(name, Vec::new());
            assert_eq!(format!("{};", found.text()), text.trim_end());
        }
    }
}
