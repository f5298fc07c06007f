use std::error::Error;

use deadpool_postgres::{GenericClient, Pool};
use grantor::model::{ClientId, Key, Subject};
use grantor::record::{Credential, CredentialKind, PendingRequest};
use grantor::store::{AsyncGrantStore, AsyncPurge, AsyncStore, Change, Commit, Found};
use grantor::store::{GrantCursor, GrantsOf, HeldGrant, Lookup, Outcome};
use grantor::store::{Presented, PresentedRequest, RequestKey};
use grantor::{Answer, Timestamp, Unavailable};
use serde::{Serialize, de::DeserializeOwned};
use tokio_postgres::{Row, types::ToSql};

/// Keeps everything in PostgreSQL.
#[derive(Clone)]
pub struct PgStore {
    pool: Pool,
}

type Failed = Box<dyn Error + Send + Sync>;
type Param = Box<dyn ToSql + Send + Sync>;

macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$(Box::new($value) as Param),*] };
}

impl PgStore {
    /// A store in a database that has the tables of [`SCHEMA`](Self::SCHEMA).
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    /// The tables, for `batch_execute`.
    pub const SCHEMA: &str = include_str!("schema.sql");

    async fn read(&self, lookup: &Lookup) -> Result<Found, Failed> {
        let db = self.pool.get().await?;
        let mut client = None;
        if let Some(client_id) = lookup.client() {
            let found = rows(&db, sql("lookup: client"), params![client_id.to_string()]).await?;
            client = found.first().map(|row| record(row, 0)).transpose()?;
        }
        let mut credentials = Vec::new();
        if !lookup.credentials().is_empty() {
            // A place without a key is NULL, which equals nothing.
            let key = |at| lookup.credentials().get(at).map(bytes);
            let params = params![key(0), key(1), key(2), key(3)];
            for row in &rows(&db, sql("lookup: credentials"), params).await? {
                let (spent_at, revoked) = (time(row.try_get(1)?), row.try_get(3)?);
                credentials.push(Presented { credential: record(row, 0)?, spent_at, grant: record(row, 2)?, revoked });
            }
        }
        let mut request = None;
        if let Some(key) = lookup.request() {
            let (name, key) = match key {
                RequestKey::Key(key) => ("lookup: request by key", key),
                RequestKey::UserCode(key) => ("lookup: request by user code", key),
            };
            for row in &rows(&db, sql(name), params![bytes(&key)]).await? {
                request = Some(PresentedRequest { request: record(row, 0)?, spent_at: time(row.try_get(1)?) });
            }
        }
        Ok(Found::new(client, credentials)?.with_request(request))
    }

    async fn write(&self, commit: &Commit) -> Result<Outcome, Failed> {
        let changes = commit.changes().iter().map(statement).collect::<Result<Vec<_>, _>>()?;
        let mut db = self.pool.get().await?;
        let transaction = db.transaction().await?; // rolled back if it is dropped
        for (index, (name, params)) in changes.into_iter().enumerate() {
            let touched = execute(&transaction, sql(name), params).await?;
            if touched == 0 && !name.ends_with("(no precondition)") {
                transaction.rollback().await?;
                return Ok(Outcome::Conflict(index));
            }
        }
        transaction.commit().await?;
        Ok(Outcome::Applied)
    }

    async fn list(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Failed> {
        let subject = of.subject().map(Subject::to_string);
        let client_id = of.client_id().map(ClientId::to_string);
        let (whose, first, second) = match of {
            GrantsOf::Subject(_) => ("g.subject = $1", subject, None),
            GrantsOf::Client(_) => ("g.client_id = $1", client_id, None),
            GrantsOf::SubjectAndClient(..) => ("g.subject = $1 AND g.client_id = $6", subject, client_id),
        };
        // No client id and no grant id is as short as these.
        let (after_client, after_grant) =
            after.map_or_else(Default::default, |after| (after.client_id.to_string(), after.grant.as_bytes().to_vec()));
        let mut params = params![first, after_client, after_grant, past(now), i64::try_from(limit)?];
        params.extend(second.map(|client_id| Box::new(client_id) as Param));
        let text = sql("held_grants: of a subject").replace("g.subject = $1", whose);
        let mut page = Vec::new();
        for row in &rows(&self.pool.get().await?, &text, params).await? {
            let count = |at| Ok::<u32, Failed>(row.try_get::<_, i64>(at)?.try_into()?);
            let mut held = HeldGrant::new(record(row, 0)?);
            (held.authorization_codes, held.access_tokens, held.refresh_tokens) = (count(1)?, count(2)?, count(3)?);
            held.expires_at = time(row.try_get(4)?).unwrap_or(held.expires_at);
            page.push(held);
        }
        Ok(page)
    }

    async fn forget(&self, now: Timestamp, limit: usize) -> Result<usize, Failed> {
        let db = self.pool.get().await?;
        let mut left = limit;
        for table in ["credentials", "requests", "witnesses", "grants"] {
            let text = match table {
                "grants" => sql("purge_batch: grants").to_owned(),
                _ => sql("purge_batch: credentials, requests and witnesses").replace("credentials", table),
            };
            let forgotten = execute(&db, &text, params![past(now), i64::try_from(left)?]).await?;
            left = left.saturating_sub(usize::try_from(forgotten)?);
        }
        Ok(limit - left)
    }
}

/// The name of a change's statement, and what the statement is given.
fn statement(change: &Change) -> Result<(&'static str, Vec<Param>), Failed> {
    Ok(match change {
        Change::Open { grant, until } => {
            let subject = grant.subject.as_ref().map(Subject::to_string);
            let (id, client_id) = (grant.id.as_bytes().to_vec(), grant.client_id.to_string());
            ("Open", params![id, subject, client_id, json(&**grant)?, seconds(*until)])
        }
        Change::Issue(it) => ("Issue", credential(it)?),
        Change::Replace(it) => ("Replace", credential(it)?),
        Change::Spend { key, at } => ("Spend", params![bytes(key), seconds(*at)]),
        Change::Reuse { key, since, until, at_most } => {
            ("Reuse", params![bytes(key), seconds(*since), seconds(*until), i64::from(*at_most)])
        }
        Change::Extend { grant, until, at_most } => {
            ("Extend", params![grant.as_bytes().to_vec(), seconds(*until), i64::from(*at_most)])
        }
        Change::Revoke(grant) => ("Revoke (no precondition)", params![grant.as_bytes().to_vec()]),
        Change::Discard(key) => ("Discard (no precondition)", params![bytes(key)]),
        Change::PutRequest(it) if it.revision == 0 => ("PutRequest of revision 0", request(it)?),
        Change::PutRequest(it) => ("PutRequest of another revision", request(it)?),
        Change::SpendRequest { key, at } => ("SpendRequest", params![bytes(key), seconds(*at)]),
        Change::Witness { key, until } => ("Witness", params![bytes(key), seconds(*until)]),
        Change::PutClient(it) => {
            let name = if it.revision == 0 { "PutClient of revision 0" } else { "PutClient of another revision" };
            (name, params![it.client_id.to_string(), json(&**it)?, i64::from(it.revision)])
        }
        Change::RemoveClient { client_id, revision } => {
            ("RemoveClient", params![client_id.to_string(), i64::from(*revision)])
        }
        _ => return Err("a change that this store does not know".into()),
    })
}

fn credential(it: &Credential) -> Result<Vec<Param>, Failed> {
    let kind = match it.kind {
        CredentialKind::AuthorizationCode(_) => "authorization_code",
        CredentialKind::AccessToken(_) => "access_token",
        CredentialKind::RefreshToken => "refresh_token",
        _ => return Err("a kind of credential that this store does not know".into()),
    };
    let (grant, revision) = (it.grant.as_bytes().to_vec(), i64::from(it.revision));
    Ok(params![bytes(&it.key), grant, kind, json(it)?, revision, seconds(it.expires_at)])
}

fn request(it: &PendingRequest) -> Result<Vec<Param>, Failed> {
    let (user_code, client_id) = (it.user_code.as_ref().map(bytes), it.client_id.to_string());
    Ok(params![bytes(&it.key), user_code, client_id, json(it)?, i64::from(it.revision), seconds(it.expires_at)])
}

/// The statement of this name.
fn sql(name: &str) -> &'static str {
    let mut parts = include_str!("statements.sql").split("-- ");
    parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('\n')).unwrap_or_default()
}

async fn rows(db: &impl GenericClient, sql: &str, params: Vec<Param>) -> Result<Vec<Row>, Failed> {
    let params: Vec<_> = params.iter().map(|param| &**param as &(dyn ToSql + Sync)).collect();
    Ok(db.query(&db.prepare_cached(sql).await?, &params).await?)
}

async fn execute(db: &impl GenericClient, sql: &str, params: Vec<Param>) -> Result<u64, Failed> {
    let params: Vec<_> = params.iter().map(|param| &**param as &(dyn ToSql + Sync)).collect();
    Ok(db.execute(&db.prepare_cached(sql).await?, &params).await?)
}

fn bytes(key: &Key) -> Vec<u8> {
    key.to_bytes().to_vec()
}

fn json(record: &impl Serialize) -> Result<String, Failed> {
    Ok(serde_json::to_string(record)?)
}

fn record<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, Failed> {
    Ok(serde_json::from_str(row.try_get(column)?)?)
}

fn seconds(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

fn time(seconds: Option<i64>) -> Option<Timestamp> {
    seconds.map(|seconds| Timestamp(seconds.unsigned_abs()))
}

/// What ends at the end of time never expires.
fn past(now: Timestamp) -> i64 {
    seconds(now).min(i64::MAX - 1)
}

impl AsyncStore for PgStore {
    async fn lookup_async(&self, lookup: &Lookup) -> Answer<Lookup> {
        Ok(self.read(lookup).await?)
    }

    async fn commit_async(&self, commit: &Commit) -> Answer<Commit> {
        Ok(self.write(commit).await?)
    }
}

impl AsyncGrantStore for PgStore {
    async fn held_grants_async(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        Ok(self.list(of, after, limit, now).await?)
    }
}

impl AsyncPurge for PgStore {
    async fn purge_batch_async(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        Ok(self.forget(now, limit).await?)
    }
}
