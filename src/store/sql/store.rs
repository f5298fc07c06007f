//! The store, by whichever driver.

use super::{
    AsyncDriver, Driver, Failed, Row, Statement, Table, changes, found, held, held_grants, lookup, purge_clients,
};
use crate::effect::{Answer, Unavailable};
use crate::model::Timestamp;
use crate::store::{
    AsyncGrantStore, AsyncPurge, AsyncPurgeClients, AsyncStore, Commit, GrantCursor, GrantStore, GrantsOf, HeldGrant,
    Lookup, Outcome, Purge, PurgeClients, Store,
};

/// A store in SQL, by a [`Driver`] or an [`AsyncDriver`]. [The module](super) shows a whole one.
///
/// # Right at `READ COMMITTED`
///
/// A commit is one transaction, and the precondition of each change stands in the statement that writes. PostgreSQL's
/// default level is enough for that, and a stricter one does no harm:
///
/// - **A mark is set once.** Of two transactions that spend one credential, the second waits for the row, then looks at
///   its condition again, and touches nothing: a conflict.
/// - **A record is new once.** Of two that insert one key, the second waits for the unique index, and inserts nothing.
/// - **Nothing outlives a revocation.** A credential that is issued while its grant is being revoked is in the order
///   before it, and dead: a lookup shows each credential with its grant as that is now.
/// - **The limit of a grant's credentials** (`at_most` of [`Extend`](crate::store::Change::Extend)) is counted by what
///   other transactions have committed. Those that run at the same moment are not counted, so a grant may hold a few
///   more. The limit is there against thousands.
///
/// # Another try
///
/// If the database gave a transaction up, as the driver's [`wants_another_try`](Driver::wants_another_try) says, the
/// store runs it again at once, up to three times. Every other error is [`Unavailable`], and nothing is run twice: it
/// may have been written.
#[derive(Clone, Debug)]
pub struct SqlStore<D> {
    driver: D,
}

/// The most times that a transaction is run.
const TRIES: usize = 4;

impl<D> SqlStore<D> {
    /// Creates a store whose statements a driver runs, in a database that has the tables of [`SCHEMA`](super::SCHEMA).
    pub fn new(driver: D) -> Self {
        Self { driver }
    }

    /// The driver, for statements of the host's own.
    pub fn driver(&self) -> &D {
        &self.driver
    }
}

/// Returns the outcome of a commit, by the rows that its statements touched.
fn outcome(statements: &[Statement], rows: &[u64]) -> Answer<Commit> {
    match statements.iter().zip(rows).position(|(statement, rows)| !statement.holds(*rows)) {
        Some(at) => Ok(Outcome::Conflict(at)),
        None if rows.len() == statements.len() => Ok(Outcome::Applied),
        None => Err(Unavailable::new("the driver ran a part of the statements and tells of no conflict")),
    }
}

/// Returns the number of rows that one statement touched.
fn count(rows: &[u64]) -> usize {
    rows.iter().map(|rows| usize::try_from(*rows).unwrap_or(usize::MAX)).sum()
}

impl<D: Driver> SqlStore<D> {
    /// Creates the tables that are not there yet, in PostgreSQL. Several processes may start at once.
    ///
    /// # Errors
    /// The database could not be asked.
    pub fn create_tables(&self) -> Result<(), Unavailable> {
        self.write(&Statement::create_tables()).map(drop)
    }

    fn query(&self, statement: &Statement) -> Result<Vec<Row>, Unavailable> {
        self.tried(|| self.driver.query(statement))
    }

    fn write(&self, statements: &[Statement]) -> Result<Vec<u64>, Unavailable> {
        self.tried(|| self.driver.write(statements))
    }

    fn tried<T>(&self, run: impl Fn() -> Result<T, Failed>) -> Result<T, Unavailable> {
        let mut left = TRIES;
        loop {
            left -= 1;
            match run() {
                Err(error) if left > 0 && self.driver.wants_another_try(&error) => {}
                answer => return Ok(answer?),
            }
        }
    }
}

impl<D: Driver> Store for SqlStore<D> {
    fn lookup(&self, it: &Lookup) -> Answer<Lookup> {
        found(&self.query(&lookup(it))?)
    }

    fn commit(&self, commit: &Commit) -> Answer<Commit> {
        let statements = changes(commit)?;
        outcome(&statements, &self.write(&statements)?)
    }
}

impl<D: Driver> GrantStore for SqlStore<D> {
    fn held_grants(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        held(&self.query(&held_grants(of, after, limit, now))?)
    }
}

/// Each table in a transaction of its own.
impl<D: Driver> Purge for SqlStore<D> {
    fn purge_batch(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        let mut left = limit;
        for table in Table::ALL {
            left = left.saturating_sub(count(&self.write(&[table.purge(now, left)])?));
        }
        Ok(limit - left)
    }
}

impl<D: Driver> PurgeClients for SqlStore<D> {
    fn purge_clients(&self, registered_by: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        Ok(count(&self.write(&[purge_clients(registered_by, limit)])?))
    }
}

impl<D: AsyncDriver> SqlStore<D> {
    /// Creates the tables that are not there yet, in PostgreSQL. Several processes may start at once.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn create_tables_async(&self) -> Result<(), Unavailable> {
        self.write_async(&Statement::create_tables()).await.map(drop)
    }

    async fn query_async(&self, statement: &Statement) -> Result<Vec<Row>, Unavailable> {
        self.tried_async(|| self.driver.query_async(statement)).await
    }

    async fn write_async(&self, statements: &[Statement]) -> Result<Vec<u64>, Unavailable> {
        self.tried_async(|| self.driver.write_async(statements)).await
    }

    async fn tried_async<T, F: Future<Output = Result<T, Failed>> + Send>(
        &self,
        run: impl Fn() -> F + Send,
    ) -> Result<T, Unavailable> {
        let mut left = TRIES;
        loop {
            left -= 1;
            match run().await {
                Err(error) if left > 0 && self.driver.wants_another_try(&error) => {}
                answer => return Ok(answer?),
            }
        }
    }
}

impl<D: AsyncDriver> AsyncStore for SqlStore<D> {
    async fn lookup_async(&self, it: &Lookup) -> Answer<Lookup> {
        found(&self.query_async(&lookup(it)).await?)
    }

    async fn commit_async(&self, commit: &Commit) -> Answer<Commit> {
        let statements = changes(commit)?;
        outcome(&statements, &self.write_async(&statements).await?)
    }
}

impl<D: AsyncDriver> AsyncGrantStore for SqlStore<D> {
    async fn held_grants_async(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        held(&self.query_async(&held_grants(of, after, limit, now)).await?)
    }
}

/// Each table in a transaction of its own.
impl<D: AsyncDriver> AsyncPurge for SqlStore<D> {
    async fn purge_batch_async(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        let mut left = limit;
        for table in Table::ALL {
            left = left.saturating_sub(count(&self.write_async(&[table.purge(now, left)]).await?));
        }
        Ok(limit - left)
    }
}

impl<D: AsyncDriver> AsyncPurgeClients for SqlStore<D> {
    async fn purge_clients_async(&self, registered_by: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        Ok(count(&self.write_async(&[purge_clients(registered_by, limit)]).await?))
    }
}
