//! A store in SQL, but for the connection: the tables, and each lookup, commit, list and purge as statements with their
//! values. PostgreSQL's words; other databases differ in a few.
//!
//! A store asks this module for a statement, runs it by its driver, and gives the rows back. What is left to write is
//! two functions, one that hands over a statement's values and one that takes a row apart, and what depends on the
//! driver: pools, transactions, deadlocks. [`AsyncStore`](super::AsyncStore) shows a whole one, in a
//! hundred lines. [A store in SQL](crate::_documentation::store_in_sql) says why the statements are as they are.
//!
//! A store with tables of its own needs none of this: the [contract](super) is all that counts.

mod commit;
mod lookup;
mod pages;

use std::borrow::Cow;

use serde::Serialize;

pub use commit::changes;
pub use lookup::{found, lookup};
pub use pages::{Table, held, held_grants};

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
}

impl Statement {
    fn new(name: &'static str, values: Vec<Value>) -> Self {
        let text = STATEMENTS.split("-- ").find_map(|statement| statement.strip_prefix(name)?.strip_prefix('\n'));
        let text = text.unwrap_or_default().trim_end();
        Self { name, text: text.strip_suffix(';').unwrap_or(text).into(), values }
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
        rows > 0 || self.name.ends_with("(no precondition)")
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
        let code = concat!(include_str!("commit.rs"), include_str!("lookup.rs"), include_str!("pages.rs"));
        for statement in STATEMENTS.split("-- ").skip(1) {
            let (name, text) = statement.split_once('\n').unwrap_or_default();
            assert!(code.contains(&format!("\"{name}\"")), "{name} is in the code");
            let found = Statement::new(name, Vec::new());
            assert_eq!(format!("{};", found.text()), text.trim_end());
        }
    }
}
