//! How a store asks its database: the statements, and the few things that are not in them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use grantor::model::{ClientId, Key};
use grantor::record::{Client, Credential, CredentialKind, PendingRequest};
use grantor::store::{
    Change, Commit, Found, GrantCursor, GrantsOf, HeldGrant, Lookup, Outcome, Presented, PresentedRequest, RequestKey,
};
use grantor::{Timestamp, Unavailable};
use serde::Serialize;
use serde::de::DeserializeOwned;

const SCHEMA: &str = include_str!("../../../src/store/sql/schema.sql");
const STATEMENTS: &str = include_str!("../../../src/store/sql/statements.sql");

/// What is not in the statements, and wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// Each change is written by itself.
    NoTransaction,
    /// A commit that was refused is committed all the same.
    CommitsAnyway,
    /// What a change asks first, it asks on another connection, before the transaction begins.
    AsksOutside,
    /// A change that is not known is left out.
    SkipsUnknown,
    /// A change that is not known is said to have been refused.
    RefusesUnknown,
    /// What comes before a change that is not known is written.
    WritesBeforeUnknown,
    /// Every conflict is said to be of the first change.
    AlwaysTheFirst,
    /// A grant is opened first, wherever it stands.
    OpensFirst,
    /// A database that is busy, or gave a transaction up, is taken for a conflict.
    BusyIsConflict,
    /// No statement waits for a lock.
    NeverWaits,
    /// Tables are not emptied for the next store.
    NotEmpty,
    /// A handle remembers the clients that it has read.
    CachesClients,
    /// Commits wait for each other, within one handle, and ask outside of the transaction.
    LocksItself,
    /// A handle keeps new clients to itself, and writes them when there is time, which there never is.
    WritesLater,
    /// What has no precondition is refused where it changes nothing.
    DemandsARow,
    /// A commit of nothing is refused.
    RefusesNothing,
    /// It says that it has forgotten less than it has.
    CountsOneTable,
}

/// The statements, the tables, and the flags.
#[derive(Clone, Debug)]
pub struct Shape {
    statements: BTreeMap<String, String>,
    schema: String,
    flags: Vec<Flag>,
    pub(crate) seconds: fn(Timestamp) -> i64,
    pub(crate) timestamp: fn(i64) -> Timestamp,
}

impl Default for Shape {
    /// The right one.
    fn default() -> Self {
        let named = STATEMENTS.split("-- ").filter_map(|part| part.split_once('\n'));
        let named = named.map(|(name, sql)| {
            let sql = sql.trim().trim_end_matches(';').to_owned();
            (name.trim().to_owned(), sql)
        });
        Self {
            statements: named.collect(),
            schema: SCHEMA.to_owned(),
            flags: Vec::new(),
            seconds: |timestamp| i64::try_from(timestamp.0).unwrap_or(i64::MAX),
            timestamp: |seconds| Timestamp(seconds.unsigned_abs()),
        }
    }
}

/// A value as a column has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

pub(crate) type Row = Vec<Value>;

/// A statement with what it is given.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

/// The statements of one change, each of which has to touch a row.
pub(crate) struct Program {
    pub(crate) statements: Vec<Statement>,
    pub(crate) has_precondition: bool,
}

/// What a commit comes to, and with what error it ends all the same.
type Programs = (Vec<Program>, Option<Unavailable>);

impl Program {
    /// What is asked before something is written: of two statements or more, those that only read.
    pub(crate) fn asks(&self) -> impl Iterator<Item = &Statement> {
        self.statements[..self.told()].iter()
    }

    pub(crate) fn tells(&self) -> &[Statement] {
        &self.statements[self.told()..]
    }

    fn told(&self) -> usize {
        let first = self.statements.iter().position(|it| !it.sql.starts_with("SELECT"));
        first.unwrap_or(0)
    }
}

/// The clients that a handle remembers: none, if it is right.
pub(crate) type Cache = Mutex<HashMap<ClientId, Option<Arc<Client>>>>;

type Answer<T> = Result<T, Unavailable>;

impl Shape {
    /// The same, with another statement in this place. Several are separated by a semicolon, and each has to touch a
    /// row.
    pub fn set(&mut self, name: &str, sql: &str) {
        let before = self.statements.insert(name.to_owned(), sql.to_owned());
        assert!(before.is_some(), "there is no statement {name}");
    }

    /// The same, with this in place of that in a statement.
    pub fn edit(&mut self, name: &str, that: &str, this: &str) {
        let sql = self.statements[name].clone();
        assert!(sql.contains(that), "{name} does not say {that}");
        self.set(name, &sql.replace(that, this));
    }

    /// The same, with this in place of that in the tables.
    pub fn edit_schema(&mut self, that: &str, this: &str) {
        assert!(self.schema.contains(that), "the schema does not say {that}");
        self.schema = self.schema.replace(that, this);
    }

    /// The same, with something wrong.
    pub fn raise(&mut self, flag: Flag) {
        self.flags.push(flag);
    }

    /// The same, with other numbers for times.
    pub fn reckon(&mut self, seconds: fn(Timestamp) -> i64, timestamp: fn(i64) -> Timestamp) {
        (self.seconds, self.timestamp) = (seconds, timestamp);
    }

    /// The same, without something that is wrong.
    pub fn without(mut self, flag: Flag) -> Self {
        self.flags.retain(|raised| *raised != flag);
        self
    }

    /// Whether something is wrong.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    pub(crate) fn schema(&self) -> &str {
        &self.schema
    }

    fn statement(&self, name: &str, values: Vec<Value>) -> Statement {
        Statement { sql: self.statements[name].clone(), values }
    }

    fn program(&self, name: &str, values: Vec<Value>) -> Program {
        let text = &self.statements[name];
        let statements = text.split(';').map(|sql| compact(sql.trim(), &values)).collect();
        let has_precondition = !name.ends_with("(no precondition)") || self.has(Flag::DemandsARow);
        Program { statements, has_precondition }
    }

    /// What a change comes to; an error if it is not known.
    pub(crate) fn change(&self, change: &Change) -> Answer<Program> {
        let time = |at: &Timestamp| Value::Int((self.seconds)(*at));
        Ok(match change {
            Change::Open { grant, until } => {
                let subject = grant.subject.as_ref().map_or(Value::Null, |subject| text(subject.as_str()));
                let client_id = text(grant.client_id.as_str());
                let id = Value::Bytes(grant.id.as_bytes().to_vec());
                self.program("Open", vec![id, subject, client_id, record(&**grant), time(until)])
            }
            Change::Issue(it) => self.program("Issue", self.credential(it)?),
            Change::Replace(it) => self.program("Replace", self.credential(it)?),
            Change::Spend { key: spent, at } => self.program("Spend", vec![key(*spent), time(at)]),
            Change::Reuse { key: spent, since, until, at_most } => {
                let values = vec![key(*spent), time(since), time(until), Value::Int((*at_most).into())];
                self.program("Reuse", values)
            }
            Change::Extend { grant, until, at_most } => {
                let grant = Value::Bytes(grant.as_bytes().to_vec());
                self.program("Extend", vec![grant, time(until), Value::Int((*at_most).into())])
            }
            Change::Revoke(grant) => {
                self.program("Revoke (no precondition)", vec![Value::Bytes(grant.as_bytes().to_vec())])
            }
            Change::Discard(it) => self.program("Discard (no precondition)", vec![key(*it)]),
            Change::PutRequest(it) => {
                let which = if it.revision == 0 { "revision 0" } else { "another revision" };
                self.program(&format!("PutRequest of {which}"), self.request(it))
            }
            Change::SpendRequest { key: spent, at } => self.program("SpendRequest", vec![key(*spent), time(at)]),
            Change::Witness { key: seen, until } => self.program("Witness", vec![key(*seen), time(until)]),
            Change::PutClient(it) => {
                let which = if it.revision == 0 { "revision 0" } else { "another revision" };
                let values = vec![text(it.client_id.as_str()), record(&**it), Value::Int(it.revision.into())];
                self.program(&format!("PutClient of {which}"), values)
            }
            Change::RemoveClient { client_id, revision } => {
                self.program("RemoveClient", vec![text(client_id.as_str()), Value::Int((*revision).into())])
            }
            _ => return Err(Unavailable::new("a change that this store does not know")),
        })
    }

    /// What a commit comes to, change by change, and with what error it ends all the same; or the answer to it.
    pub(crate) fn programs(&self, commit: &Commit) -> Answer<Result<Programs, Outcome>> {
        let mut changes = commit.changes().to_vec();
        if changes.is_empty() && self.has(Flag::RefusesNothing) {
            return Ok(Err(Outcome::Conflict(0)));
        }
        if self.has(Flag::OpensFirst) {
            changes.sort_by_key(|change| !matches!(change, Change::Open { .. }));
        }
        let (mut programs, mut unknown) = (Vec::new(), None);
        for (at, change) in changes.iter().enumerate() {
            match self.change(change) {
                Ok(program) => programs.push(program),
                Err(_) if self.has(Flag::SkipsUnknown) => {}
                Err(_) if self.has(Flag::RefusesUnknown) => return Ok(Err(Outcome::Conflict(at))),
                Err(error) if self.has(Flag::WritesBeforeUnknown) => {
                    unknown = Some(error);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Ok((programs, unknown)))
    }

    pub(crate) fn outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Conflict(_) if self.has(Flag::AlwaysTheFirst) => Outcome::Conflict(0),
            outcome => outcome,
        }
    }

    /// The same, with every statement and the schema in other words.
    pub(crate) fn in_other_words(mut self, that: &str, this: &str) -> Self {
        self.schema = self.schema.replace(that, this);
        self.statements.values_mut().for_each(|sql| *sql = sql.replace(that, this));
        self
    }

    fn credential(&self, it: &Credential) -> Answer<Vec<Value>> {
        let kind = match it.kind {
            CredentialKind::AuthorizationCode(_) => "authorization_code",
            CredentialKind::AccessToken(_) => "access_token",
            CredentialKind::RefreshToken => "refresh_token",
            _ => return Err(Unavailable::new("a credential that this store does not know")),
        };
        let grant = Value::Bytes(it.grant.as_bytes().to_vec());
        let ends = Value::Int((self.seconds)(it.expires_at));
        Ok(vec![key(it.key), grant, text(kind), record(it), Value::Int(it.revision.into()), ends])
    }

    fn request(&self, it: &PendingRequest) -> Vec<Value> {
        let user_code = it.user_code.map_or(Value::Null, key);
        let ends = Value::Int((self.seconds)(it.expires_at));
        vec![key(it.key), user_code, text(it.client_id.as_str()), record(it), Value::Int(it.revision.into()), ends]
    }

    /// What a lookup comes to: of a client, of credentials, of a request.
    pub(crate) fn lookup(&self, lookup: &Lookup) -> [Option<Statement>; 3] {
        let client = lookup.client().map(|client_id| self.statement("lookup: client", vec![text(client_id.as_str())]));
        let slot = |at| lookup.credentials().get(at).map_or(Value::Null, |it| key(*it));
        let credentials = (!lookup.credentials().is_empty())
            .then(|| self.statement("lookup: credentials", [0, 1, 2, 3].map(slot).into()));
        let request = lookup.request().map(|it| match it {
            RequestKey::Key(it) => self.statement("lookup: request by key", vec![key(it)]),
            RequestKey::UserCode(it) => self.statement("lookup: request by user code", vec![key(it)]),
        });
        [client, credentials, request]
    }

    pub(crate) fn found(&self, [clients, credentials, requests]: [Vec<Row>; 3]) -> Answer<Found> {
        let client = clients.first().map(|row| read(&row[0])).transpose()?;
        let credentials = credentials.iter().map(|row| {
            let revoked = row[3] == Value::Int(1);
            Ok(Presented { credential: read(&row[0])?, spent_at: self.time(&row[1]), grant: read(&row[2])?, revoked })
        });
        let credentials = credentials.collect::<Answer<Vec<_>>>()?;
        let request = requests.first().map(|row| {
            Ok::<_, Unavailable>(PresentedRequest { request: read(&row[0])?, spent_at: self.time(&row[1]) })
        });
        Ok(Found::new(client, credentials).map_err(Unavailable::new)?.with_request(request.transpose()?))
    }

    /// What was found, with the client as this handle knows it.
    pub(crate) fn cached(&self, cache: &Cache, lookup: &Lookup, found: Found) -> Answer<Found> {
        let mut cache = cache.lock().unwrap();
        let client = match lookup.client() {
            Some(client_id) if self.has(Flag::CachesClients) => {
                cache.entry(client_id.clone()).or_insert_with(|| found.client().cloned()).clone()
            }
            Some(client_id) => cache.get(client_id).cloned().unwrap_or_else(|| found.client().cloned()),
            None => return Ok(found),
        };
        let request = lookup.request().and_then(|key| found.request(key)).cloned();
        Ok(Found::new(client, found.credentials().to_vec()).map_err(Unavailable::new)?.with_request(request))
    }

    /// Whether a commit goes to the memory of the handle and nowhere else.
    pub(crate) fn is_kept(&self, cache: &Cache, commit: &Commit) -> bool {
        let mut cache = cache.lock().unwrap();
        match commit.changes() {
            [Change::PutClient(it)] if self.has(Flag::WritesLater) => {
                cache.insert(it.client_id.clone(), Some(Arc::clone(it)));
                true
            }
            _ => {
                cache.clear();
                false
            }
        }
    }

    fn time(&self, value: &Value) -> Option<Timestamp> {
        if let Value::Int(seconds) = value { Some((self.timestamp)(*seconds)) } else { None }
    }

    pub(crate) fn held_grants(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Statement {
        let client = of.client_id().map(|client_id| text(client_id.as_str()));
        let subject = of.subject().map(|subject| text(subject.as_str()));
        let first = subject.clone().or(client.clone()).unwrap_or(Value::Null);
        let (client_id, id) = after.map_or((text(""), Value::Bytes(Vec::new())), |after| {
            (text(after.client_id.as_str()), Value::Bytes(after.grant.as_bytes().to_vec()))
        });
        let limit = Value::Int(i64::try_from(limit).unwrap_or(i64::MAX));
        let mut statement =
            self.statement("held_grants: of a subject", vec![first, client_id, id, self.past(now), limit]);
        match of {
            GrantsOf::Subject(_) => {}
            GrantsOf::Client(_) => statement.sql = statement.sql.replace("g.subject", "g.client_id"),
            GrantsOf::SubjectAndClient(..) => {
                statement.sql = statement.sql.replace("g.subject = $1", "g.subject = $1 AND g.client_id = $6");
                statement.values.extend(client);
            }
        }
        compact(&statement.sql, &statement.values)
    }

    pub(crate) fn held(&self, row: &Row) -> Answer<HeldGrant> {
        let number = |value: &Value| if let Value::Int(number) = value { u32::try_from(*number).unwrap() } else { 0 };
        let mut held = HeldGrant::new(read(&row[0])?);
        held.authorization_codes = number(&row[1]);
        held.access_tokens = number(&row[2]);
        held.refresh_tokens = number(&row[3]);
        held.expires_at = self.time(&row[4]).unwrap_or(Timestamp(0));
        Ok(held)
    }

    /// What ends at this time or before has expired. What ends at the end of time never does.
    fn past(&self, now: Timestamp) -> Value {
        Value::Int((self.seconds)(now).min(i64::MAX - 1))
    }

    /// The statement that forgets so much of one table.
    pub(crate) fn purge(&self, table: &str, now: Timestamp, limit: usize) -> Statement {
        let limit = Value::Int(i64::try_from(limit).unwrap_or(i64::MAX));
        let values = vec![self.past(now), limit];
        let name = "purge_batch: credentials, requests and witnesses";
        let statement = match table {
            "grants" => self.statement("purge_batch: grants", values),
            _ => self.statement(name, values),
        };
        compact(&statement.sql.replace("credentials", table), &statement.values)
    }
}

/// The tables that are purged, in order.
pub(crate) const TABLES: [&str; 4] = ["credentials", "requests", "witnesses", "grants"];

/// Numbers the parameters that a statement has from 1 on, with the values of these.
fn compact(sql: &str, values: &[Value]) -> Statement {
    let mut statement = Statement { sql: sql.to_owned(), values: Vec::new() };
    for (number, value) in (1..).zip(values) {
        let name = format!("${number}");
        if statement.sql.contains(&name) {
            statement.values.push(value.clone());
            statement.sql = statement.sql.replace(&name, &format!("${}", statement.values.len()));
        }
    }
    statement
}

fn key(key: Key) -> Value {
    Value::Bytes(key.to_bytes().to_vec())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn record(record: &impl Serialize) -> Value {
    Value::Text(serde_json::to_string(record).unwrap())
}

fn read<T: DeserializeOwned>(value: &Value) -> Answer<Arc<T>> {
    let Value::Text(json) = value else { return Err(Unavailable::new("a record is no text")) };
    Ok(Arc::new(serde_json::from_str(json).map_err(Unavailable::new)?))
}
