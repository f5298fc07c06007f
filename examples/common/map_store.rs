use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use grantor::model::{ClientId, GrantId, Key};
use grantor::record::{Client, Grant, PendingRequest};
use grantor::store::{Change, Commit, Found, Lookup, Outcome, Presented, PresentedRequest, RequestKey, Store};
use grantor::{Answer, Unavailable};

/// Keeps everything in maps, behind one mutex.
#[derive(Default)]
pub(crate) struct MapStore(Mutex<Tables>);

/// Records stay as they are; what changes stands beside them: that something was spent, and that a grant was revoked.
#[derive(Clone, Default)]
struct Tables {
    clients: HashMap<ClientId, Arc<Client>>,
    grants: HashMap<GrantId, Arc<Grant>>,
    revoked: HashSet<GrantId>,
    credentials: HashMap<Key, Presented>,
    reuses: HashMap<Key, u32>,
    requests: HashMap<Key, PresentedRequest>,
    witnesses: HashSet<Key>,
}

/// Why a change is not applied.
enum Refused {
    Precondition,
    Unknown,
}

impl Store for MapStore {
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
        let tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let client = lookup.client().and_then(|client_id| tables.clients.get(client_id)).cloned();
        let credentials = lookup.credentials().iter().filter_map(|key| tables.credentials.get(key));
        let is_revoked = |grant: &Grant| tables.revoked.contains(&grant.id);
        let presented = credentials.map(|stored| Presented { revoked: is_revoked(&stored.grant), ..stored.clone() });
        let request = lookup.request().and_then(|key| match key {
            RequestKey::Key(key) => tables.requests.get(&key),
            RequestKey::UserCode(code) => {
                tables.requests.values().find(|stored| stored.request.user_code == Some(code))
            }
        });
        Ok(Found::new(client, presented).map_err(Unavailable::new)?.with_request(request.cloned()))
    }

    /// All or nothing: the changes go into a copy, which takes the place of the tables once all are applied. That is
    /// slow and hard to get wrong. A database has transactions.
    fn commit(&self, commit: &Commit) -> Answer<Commit> {
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = tables.clone();
        for (index, change) in commit.changes().iter().enumerate() {
            match changed.apply(change) {
                Ok(()) => {}
                Err(Refused::Precondition) => return Ok(Outcome::Conflict(index)),
                Err(Refused::Unknown) => return Err(Unavailable::new("a change of a later release")),
            }
        }
        *tables = changed;
        Ok(Outcome::Applied)
    }
}

impl Tables {
    /// Applies one change if its precondition holds.
    fn apply(&mut self, change: &Change) -> Result<(), Refused> {
        match change {
            Change::Open { grant, .. } => {
                holds(!self.grants.contains_key(&grant.id))?;
                self.grants.insert(grant.id, Arc::clone(grant));
            }
            Change::Issue(credential) => {
                let grant = self.living(credential.grant)?;
                holds(!self.credentials.contains_key(&credential.key))?;
                let credential = Arc::clone(credential);
                let presented = Presented { credential, spent_at: None, grant, revoked: false };
                self.credentials.insert(presented.credential.key, presented);
            }
            Change::Spend { key, at } => {
                let stored = self.credential(key)?;
                holds(stored.spent_at.is_none())?;
                stored.spent_at = Some(*at);
            }
            Change::Reuse { key, since, until, at_most } => {
                let spent_at = self.credential(key)?.spent_at;
                holds(spent_at.is_some_and(|at| (*since..=*until).contains(&at)))?;
                let reuses = self.reuses.entry(*key).or_default();
                holds(*reuses < *at_most)?;
                *reuses += 1;
            }
            Change::Extend { grant, at_most, .. } => {
                self.living(*grant)?;
                let held = self.credentials.values().filter(|stored| stored.grant.id == *grant).count();
                holds(held < *at_most as usize)?;
            }
            Change::Replace(credential) => {
                self.living(credential.grant)?;
                let stored = &mut self.credential(&credential.key)?.credential;
                holds(credential.revision.checked_sub(1) == Some(stored.revision))?;
                holds(credential.grant == stored.grant)?;
                *stored = Arc::clone(credential);
            }
            Change::Revoke(grant) => {
                if self.grants.contains_key(grant) {
                    self.revoked.insert(*grant);
                }
            }
            Change::Discard(key) => drop((self.credentials.remove(key), self.reuses.remove(key))),
            Change::PutRequest(request) => self.put_request(request)?,
            Change::SpendRequest { key, at } => {
                let stored = self.requests.get_mut(key).ok_or(Refused::Precondition)?;
                holds(stored.spent_at.is_none())?;
                stored.spent_at = Some(*at);
            }
            Change::Witness { key, .. } => holds(self.witnesses.insert(*key))?,
            Change::PutClient(client) => {
                let revision = self.clients.get(&client.client_id).map(|stored| stored.revision);
                holds(client.revision.checked_sub(1) == revision)?;
                self.clients.insert(client.client_id.clone(), Arc::clone(client));
            }
            Change::RemoveClient { client_id, revision } => {
                holds(self.clients.get(client_id).is_some_and(|stored| stored.revision == *revision))?;
                self.clients.remove(client_id);
            }
            _ => return Err(Refused::Unknown),
        }
        Ok(())
    }

    fn put_request(&mut self, request: &Arc<PendingRequest>) -> Result<(), Refused> {
        let stored = self.requests.get(&request.key);
        match request.revision.checked_sub(1) {
            None => {
                let mut user_codes = self.requests.values().filter_map(|stored| stored.request.user_code);
                holds(stored.is_none() && !user_codes.any(|taken| Some(taken) == request.user_code))?;
            }
            Some(before) => {
                let PresentedRequest { request: stored, spent_at } = stored.ok_or(Refused::Precondition)?;
                holds(stored.revision == before && spent_at.is_none())?;
                holds(stored.client_id == request.client_id && stored.user_code == request.user_code)?;
            }
        }
        self.requests.insert(request.key, PresentedRequest { request: Arc::clone(request), spent_at: None });
        Ok(())
    }

    fn credential(&mut self, key: &Key) -> Result<&mut Presented, Refused> {
        self.credentials.get_mut(key).ok_or(Refused::Precondition)
    }

    /// The grant of this id, if it is there and not revoked.
    fn living(&self, id: GrantId) -> Result<Arc<Grant>, Refused> {
        let grant = self.grants.get(&id).filter(|_| !self.revoked.contains(&id));
        grant.cloned().ok_or(Refused::Precondition)
    }
}

fn holds(precondition: bool) -> Result<(), Refused> {
    if precondition { Ok(()) } else { Err(Refused::Precondition) }
}
