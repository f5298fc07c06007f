//! Sessions in PostgreSQL, beside the store's tables, so that all hosts on one store share them.

use deadpool_postgres::Object;
use grantor::model::{Digest, Subject};
use grantor::{Timestamp, Unavailable};
use grantor_postgres::PostgresStore;
use tokio_postgres::Row;

use super::{MAX_SESSIONS, Session};

/// The tables. `host_key` has one row: the key of the seal for open pages. Several hosts may start at once, and one of
/// them creates the tables.
const TABLES: &str = "
    BEGIN;
    SELECT pg_advisory_xact_lock(8390876182927045);
    CREATE TABLE IF NOT EXISTS host_session (
        key bytea PRIMARY KEY,
        place bigserial NOT NULL,
        subject text NOT NULL,
        login_at bigint NOT NULL,
        expires_at bigint NOT NULL
    );
    CREATE INDEX IF NOT EXISTS host_session_of_subject ON host_session (subject, place);
    CREATE INDEX IF NOT EXISTS host_session_by_end ON host_session (expires_at);
    CREATE TABLE IF NOT EXISTS host_key (id integer PRIMARY KEY CHECK (id = 1), key bytea NOT NULL);
    COMMIT;
";

/// The database of a store.
#[derive(Debug)]
pub(super) struct SessionDatabase(PostgresStore);

impl SessionDatabase {
    /// Makes the tables, unless they exist, and stores this key, unless there is one. Returns the stored key too.
    pub(super) async fn prepare(store: PostgresStore, key: [u8; 32]) -> Result<(Self, [u8; 32]), Unavailable> {
        let database = Self(store);
        let connection = database.connection().await?;
        let prepared = async {
            connection.batch_execute(TABLES).await?;
            let insert = "INSERT INTO host_key (id, key) VALUES (1, $1) ON CONFLICT DO NOTHING";
            connection.execute(insert, &[&&key[..]]).await?;
            connection.query_one("SELECT key FROM host_key", &[]).await?.try_get::<_, Vec<u8>>(0)
        };
        let stored = prepared.await.map_err(Unavailable::new)?;
        let stored = stored.try_into().map_err(|_| Unavailable::new("the key in host_key is not one of 32 bytes"))?;
        Ok((database, stored))
    }

    pub(super) async fn find(&self, key: Digest) -> Result<Option<Session>, Unavailable> {
        let connection = self.connection().await?;
        let found = async {
            let select = "SELECT subject, login_at, expires_at FROM host_session WHERE key = $1";
            connection.query_opt(&connection.prepare_cached(select).await?, &[&&key.as_bytes()[..]]).await
        };
        found.await.map_err(Unavailable::new)?.as_ref().map(session).transpose()
    }

    /// Starts a session, and ends the one before and the person's oldest, if they are too many: in one statement.
    pub(super) async fn start(&self, before: Option<Digest>, key: Digest, session: Session) -> Result<(), Unavailable> {
        let Session { subject, login_at, expires_at } = session;
        let before = before.map(|before| before.as_bytes().to_vec());
        let most = i64::try_from(MAX_SESSIONS).unwrap_or(i64::MAX) - 1; // this one is not among them yet
        self.execute(
            "WITH ended AS (DELETE FROM host_session WHERE key = $1),
             oldest AS (DELETE FROM host_session WHERE key IN
                 (SELECT key FROM host_session WHERE subject = $3 ORDER BY place DESC OFFSET $6))
             INSERT INTO host_session (key, subject, login_at, expires_at) VALUES ($2, $3, $4, $5)",
            &[&before, &&key.as_bytes()[..], &subject.as_str(), &seconds(login_at), &seconds(expires_at), &most],
        )
        .await
        .map(drop)
    }

    pub(super) async fn end_all(&self, subject: Subject) -> Result<(), Unavailable> {
        self.execute("DELETE FROM host_session WHERE subject = $1", &[&subject.as_str()]).await.map(drop)
    }

    pub(super) async fn purge(&self, now: Timestamp) -> Result<(), Unavailable> {
        let batch = "DELETE FROM host_session WHERE key IN
                     (SELECT key FROM host_session WHERE expires_at <= $1 LIMIT 1000 FOR UPDATE SKIP LOCKED)";
        while self.execute(batch, &[&seconds(now)]).await? > 0 {}
        Ok(())
    }

    async fn execute(
        &self,
        text: &str,
        values: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<u64, Unavailable> {
        let connection = self.connection().await?;
        let done = async { connection.execute(&connection.prepare_cached(text).await?, values).await };
        done.await.map_err(Unavailable::new)
    }

    async fn connection(&self) -> Result<Object, Unavailable> {
        self.0.driver().0.get().await.map_err(Unavailable::new)
    }
}

fn session(row: &Row) -> Result<Session, Unavailable> {
    let time = |column| {
        Ok::<_, Unavailable>(Timestamp(row.try_get::<_, i64>(column).map_err(Unavailable::new)?.unsigned_abs()))
    };
    let subject = Subject::parse(row.try_get(0).map_err(Unavailable::new)?).map_err(Unavailable::new)?;
    Ok(Session { subject, login_at: time(1)?, expires_at: time(2)? })
}

fn seconds(time: Timestamp) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}
