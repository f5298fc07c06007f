//! How a store asks its database: the statements, and the few things that are not in them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use grantor::model::ClientId;
use grantor::record::Client;
use grantor::store::sql::{self, Table, Value};
use grantor::store::{Change, Commit, Found, GrantCursor, GrantsOf, Lookup, Outcome};
use grantor::{Timestamp, Unavailable};

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
    /// Another number for a time.
    seconds: Option<fn(Timestamp) -> i64>,
}

impl Default for Shape {
    /// The right one.
    fn default() -> Self {
        let named = STATEMENTS.split("-- ").filter_map(|part| part.split_once('\n'));
        let named = named.map(|(name, sql)| {
            let sql = sql.trim().trim_end_matches(';').to_owned();
            (name.trim().to_owned(), sql)
        });
        Self { statements: named.collect(), schema: sql::SCHEMA.to_owned(), flags: Vec::new(), seconds: None }
    }
}

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
    pub fn reckon(&mut self, seconds: fn(Timestamp) -> i64) {
        self.seconds = Some(seconds);
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

    /// Values, with other numbers for times. Other numbers are far too small to be changed by it.
    fn reckoned(&self, values: &[Value]) -> Vec<Value> {
        let reckon = |value: &Value| match (value, self.seconds) {
            (Value::Integer(Some(number)), Some(seconds)) => {
                let end_of_time = *number >= i64::MAX - 1;
                let time = if end_of_time { u64::MAX } else { number.unsigned_abs() };
                Value::Integer(Some(seconds(Timestamp(time))))
            }
            _ => value.clone(),
        };
        values.iter().map(reckon).collect()
    }

    fn program(&self, statement: &sql::Statement) -> Program {
        let values = self.reckoned(statement.values());
        let text = &self.statements[statement.name()];
        let statements = text.split(';').map(|sql| compact(sql.trim(), &values)).collect();
        Program { statements, has_precondition: !statement.holds(0) || self.has(Flag::DemandsARow) }
    }

    /// What a change comes to; an error if it is not known.
    fn change(&self, change: &Change) -> Answer<Program> {
        let statements = sql::changes(&Commit::of(change.clone()))?;
        Ok(self.program(&statements[0]))
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

    pub(crate) fn lookup(&self, lookup: &Lookup) -> Statement {
        let statement = sql::lookup(lookup);
        compact(&self.statements[statement.name()], statement.values())
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

    pub(crate) fn held_grants(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Statement {
        let statement = sql::held_grants(of, after, limit, now);
        let mut text = self.statements[statement.name()].clone();
        match of {
            GrantsOf::Subject(_) => {}
            GrantsOf::Client(_) => text = text.replace("g.subject", "g.client_id"),
            GrantsOf::SubjectAndClient(..) => {
                text = text.replace("g.subject = $1", "g.subject = $1 AND g.client_id = $6");
            }
        }
        compact(&text, &self.reckoned(statement.values()))
    }

    /// The statement that forgets so many clients.
    pub(crate) fn purge_clients(&self, registered_by: Timestamp, limit: usize) -> Statement {
        let statement = sql::purge_clients(registered_by, limit);
        compact(&self.statements[statement.name()], &self.reckoned(statement.values()))
    }

    /// The statement that forgets so much of one table.
    pub(crate) fn purge(&self, table: Table, now: Timestamp, limit: usize) -> Statement {
        let statement = table.purge(now, limit);
        let name = match table {
            Table::Requests => "requests",
            Table::Witnesses => "witnesses",
            _ => "credentials",
        };
        let text = self.statements[statement.name()].replace("credentials", name);
        compact(&text, &self.reckoned(statement.values()))
    }
}

/// Empties the tables.
pub(crate) const EMPTY: &str = "DELETE FROM credentials; DELETE FROM requests; DELETE FROM witnesses; DELETE FROM grants; \
     DELETE FROM clients;";

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
