//! The driver of a [`SqlStore`](super::SqlStore), blocking and async.

use std::error::Error;

use super::{Row, Statement};

/// An error of a driver. `?` makes one of any error.
pub type Failed = Box<dyn Error + Send + Sync>;

/// The SQLSTATEs by which PostgreSQL gives a transaction up for the sake of another: a serialization failure and a
/// deadlock. Nothing of it was written, and another try may succeed.
pub const SQLSTATES_OF_ANOTHER_TRY: [&str; 2] = ["40001", "40P01"];

/// Runs statements on a database, async. [The module](super) shows a whole one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `AsyncDriver`",
    note = "a blocking `Driver` makes `SqlStore` a blocking `Store`"
)]
pub trait AsyncDriver: Sync {
    /// Runs a statement that reads, and returns its rows.
    fn query_async(&self, statement: &Statement) -> impl Future<Output = Result<Vec<Row>, Failed>> + Send;

    /// Runs statements in one transaction: see [`Driver::write`].
    fn write_async(&self, statements: &[Statement]) -> impl Future<Output = Result<Vec<u64>, Failed>> + Send;

    /// True if the database gave the transaction up: see [`Driver::wants_another_try`].
    fn wants_another_try(&self, error: &Failed) -> bool;
}

/// Runs statements on a database, blocking.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a blocking `Driver`",
    note = "an `AsyncDriver` makes `SqlStore` an `AsyncStore`"
)]
pub trait Driver {
    /// Runs a statement that reads, and returns its rows.
    ///
    /// # Errors
    /// The database could not be asked.
    fn query(&self, statement: &Statement) -> Result<Vec<Row>, Failed>;

    /// Runs statements in one transaction, in order, and returns the number of rows that each of them touched. After
    /// the first that does not [hold](Statement::holds), the transaction is rolled back and the list ends; if all of
    /// them hold, it is committed.
    ///
    /// The isolation level `READ COMMITTED` is enough: [`SqlStore`](super::SqlStore) says why. A transaction must not
    /// stay open if the call fails or, async, if the future is dropped.
    ///
    /// # Errors
    /// The database could not be asked, or it is not known whether the transaction was committed.
    fn write(&self, statements: &[Statement]) -> Result<Vec<u64>, Failed>;

    /// True if the database gave the transaction up, so that nothing of it was written: for a deadlock or a
    /// serialization failure, which PostgreSQL names by [`SQLSTATES_OF_ANOTHER_TRY`], or in SQLite by `SQLITE_BUSY`.
    /// Then the statements are run again. Say so of no error that leaves in doubt if the transaction was committed,
    /// such as a broken connection.
    fn wants_another_try(&self, error: &Failed) -> bool;
}
