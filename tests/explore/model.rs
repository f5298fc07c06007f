//! The store that is explored: small, cloneable, hashable. With a seeded fault it breaks its contract in one way.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use grantor::Timestamp;
use grantor::model::{ClientId, GrantId, Key};
use grantor::record::{Client, Credential, Grant, PendingKind, PendingRequest};
use grantor::store::{Change, Commit, Found, Lookup, Outcome, Presented, PresentedRequest, RequestKey};

use crate::faults::Fault;
use crate::scene::{DEVICE_LIFE, REQUEST_LIFE};

/// What the store holds, and beside it the truth of what it was told, against which it is judged.
#[derive(Clone)]
pub struct Model {
    clients: Arc<Vec<Arc<Client>>>,
    grants: BTreeMap<GrantId, (Arc<Grant>, bool)>,
    credentials: BTreeMap<Id, (Arc<Credential>, Option<Timestamp>)>,
    requests: BTreeMap<Id, (Arc<PendingRequest>, Option<Timestamp>)>,
    user_codes: BTreeMap<Id, Key>,
    witnessed: BTreeSet<Id>,
    /// How often each spent credential was used again.
    reuses: BTreeMap<Id, u32>,
    /// How often each credential was spent.
    pub spends: BTreeMap<Id, u8>,
    /// How often each request was spent. One that was approved for a device has the key of a credential.
    pub decisions: BTreeMap<Id, u8>,
    /// Which grants were ever revoked.
    pub revoked: BTreeSet<GrantId>,
    /// Which credentials were ever issued.
    pub issued: BTreeSet<Id>,
    /// How often a client's record was written.
    pub client_writes: u32,
    /// Which clients were ever deleted.
    pub deleted: BTreeSet<ClientId>,
}

/// A key that sorts.
pub type Id = (u16, [u8; 32]);

pub fn id(key: Key) -> Id {
    (key.partition.0, *key.digest.as_bytes())
}

impl Model {
    pub fn new(clients: Vec<Client>) -> Self {
        Self {
            clients: Arc::new(clients.into_iter().map(Arc::new).collect()),
            grants: BTreeMap::new(),
            credentials: BTreeMap::new(),
            requests: BTreeMap::new(),
            user_codes: BTreeMap::new(),
            witnessed: BTreeSet::new(),
            reuses: BTreeMap::new(),
            spends: BTreeMap::new(),
            decisions: BTreeMap::new(),
            revoked: BTreeSet::new(),
            issued: BTreeSet::new(),
            client_writes: 0,
            deleted: BTreeSet::new(),
        }
    }

    /// The same records, with other clients.
    pub fn with_clients(self, clients: Vec<Client>) -> Self {
        Self { clients: Arc::new(clients.into_iter().map(Arc::new).collect()), ..self }
    }

    pub fn lookup(&self, lookup: &Lookup, fault: Option<Fault>) -> Found {
        let client = lookup.client().and_then(|id| self.client(id.as_str()));
        let mut credentials: Vec<_> = lookup.credentials().iter().filter_map(|key| self.presented(*key)).collect();
        if let Some(fault) = fault {
            credentials.retain(|found| found.spent_at.is_none() || !fault.hides(&found.credential.kind));
            for found in credentials.iter_mut().filter(|found| fault.prolongs(&found.credential.kind)) {
                Arc::make_mut(&mut found.credential).expires_at.0 += 1;
            }
        }
        let mut request = lookup.request().and_then(|key| self.request(key));
        if let Some(found) = request.as_mut().filter(|_| fault == Some(Fault::SpentRequestsLookUnspent)) {
            found.spent_at = None;
        }
        let mut client = client.cloned();
        if let Some(client) = client.as_mut().filter(|_| fault == Some(Fault::DeletedClientsLookAlive)) {
            Arc::make_mut(client).disabled = false;
        }
        Found::new(client, credentials).unwrap().with_request(request)
    }

    /// A client's record as it stands.
    pub fn client(&self, id: &str) -> Option<&Arc<Client>> {
        self.clients.iter().find(|client| client.client_id.as_str() == id)
    }

    /// A pending request as it stands.
    pub fn request(&self, key: RequestKey) -> Option<PresentedRequest> {
        let key = match key {
            RequestKey::Key(key) => key,
            RequestKey::UserCode(key) => *self.user_codes.get(&id(key))?,
        };
        let (request, spent_at) = self.requests.get(&id(key))?;
        Some(PresentedRequest { request: Arc::clone(request), spent_at: *spent_at })
    }

    /// A credential as it stands.
    pub fn presented(&self, key: Key) -> Option<Presented> {
        let (credential, spent_at) = self.credentials.get(&id(key))?;
        let (grant, revoked) = self.grants.get(&credential.grant)?;
        Some(Presented {
            credential: Arc::clone(credential),
            spent_at: *spent_at,
            grant: Arc::clone(grant),
            revoked: *revoked,
        })
    }

    /// The credentials of a grant that are good at this time.
    pub fn alive(&self, grant: GrantId, now: u64) -> impl Iterator<Item = &Credential> {
        let is_revoked = self.grants.get(&grant).is_none_or(|(_, revoked)| *revoked);
        let credentials = self.credentials.values().filter(move |(credential, spent_at)| {
            !is_revoked && credential.grant == grant && spent_at.is_none() && now < credential.expires_at.0
        });
        credentials.map(|(credential, _)| &**credential)
    }

    pub fn commit(&mut self, commit: &Commit, fault: Option<Fault>) -> Outcome {
        let before = self.clone();
        for (index, change) in commit.changes().iter().enumerate() {
            if !self.apply(change, fault) {
                if fault != Some(Fault::ConflictsLeaveAHalf) {
                    *self = before;
                }
                return Outcome::Conflict(index);
            }
            if fault == Some(Fault::HalfIsWritten) {
                break;
            }
        }
        // What the store was told is true whether or not it heeds it.
        for change in commit.changes() {
            match change {
                // Nobody knows the id of a grant that is not there yet.
                Change::Revoke(grant) if self.grants.contains_key(grant) => drop(self.revoked.insert(*grant)),
                Change::Spend { key, .. } => *self.spends.entry(id(*key)).or_default() += 1,
                Change::SpendRequest { key, .. } => *self.decisions.entry(id(*key)).or_default() += 1,
                Change::Issue(credential) => drop(self.issued.insert(id(credential.key))),
                Change::PutRequest(request) => drop(self.issued.insert(id(request.key))),
                Change::PutClient(client) => {
                    self.client_writes += 1;
                    self.deleted.extend(client.disabled.then(|| client.client_id.clone()));
                }
                _ => {}
            }
        }
        Outcome::Applied
    }

    /// Whether every change can be seen.
    pub fn shows(&self, commit: &Commit) -> bool {
        commit.changes().iter().all(|change| match change {
            Change::Open { grant, .. } => self.grants.contains_key(&grant.id),
            Change::Issue(credential) => self.credentials.contains_key(&id(credential.key)),
            Change::PutRequest(request) => self.requests.contains_key(&id(request.key)),
            Change::SpendRequest { key, .. } => {
                self.request(RequestKey::Key(*key)).is_some_and(|presented| presented.spent_at.is_some())
            }
            Change::Spend { key, .. } => self.presented(*key).is_some_and(|presented| presented.spent_at.is_some()),
            // None of its credentials is good, at whatever time.
            Change::Revoke(grant) => self.alive(*grant, 0).next().is_none(),
            Change::Discard(key) => self.presented(*key).is_none(),
            Change::PutClient(client) => self.client(client.client_id.as_str()) == Some(client),
            _ => true,
        })
    }

    fn apply(&mut self, change: &Change, fault: Option<Fault>) -> bool {
        let is_living = |grants: &BTreeMap<GrantId, (Arc<Grant>, bool)>, id: &GrantId| {
            let ignores = fault == Some(Fault::RevokedGrantsIssue);
            grants.get(id).is_some_and(|(_, revoked)| ignores || !revoked)
        };
        match change {
            Change::Open { grant, .. } => self.grants.insert(grant.id, (Arc::clone(grant), false)).is_none(),
            Change::Issue(credential) => {
                is_living(&self.grants, &credential.grant)
                    && self.credentials.insert(id(credential.key), (Arc::clone(credential), None)).is_none()
            }
            Change::Spend { key, at } => match self.credentials.get_mut(&id(*key)) {
                Some((_, spent_at)) if spent_at.is_none() || fault == Some(Fault::SpentIsNotChecked) => {
                    *spent_at = Some(*at);
                    true
                }
                _ => false,
            },
            Change::Reuse { .. } if fault == Some(Fault::ReuseIsNotChecked) => true,
            Change::Reuse { key, since, until, at_most } => {
                let spent_at = self.credentials.get(&id(*key)).and_then(|(_, spent_at)| *spent_at);
                let until = if fault == Some(Fault::ReuseFromBehind) { Timestamp(u64::MAX) } else { *until };
                let reuses = self.reuses.get(&id(*key)).copied().unwrap_or_default();
                let is_within = spent_at.is_some_and(|at| *since <= at && at <= until) && reuses < *at_most;
                self.reuses.extend(is_within.then_some((id(*key), reuses + 1)));
                is_within
            }
            Change::Extend { grant, at_most, .. } => {
                let held = self.credentials.values().filter(|(credential, _)| credential.grant == *grant).count();
                is_living(&self.grants, grant) && held < *at_most as usize
            }
            Change::Revoke(_) if fault == Some(Fault::RevokeDoesNothing) => true,
            // A store that marks what is there in place of the grant.
            Change::Revoke(grant) if fault == Some(Fault::RevokedGrantsIssue) => {
                let credentials = self.credentials.values_mut().filter(|(credential, _)| credential.grant == *grant);
                credentials.for_each(|(credential, _)| Arc::make_mut(credential).expires_at = Timestamp(0));
                true
            }
            Change::Revoke(grant) => {
                if let Some((_, revoked)) = self.grants.get_mut(grant) {
                    *revoked = true;
                }
                true
            }
            Change::Discard(_) if fault == Some(Fault::DiscardDoesNothing) => true,
            Change::Discard(key) => {
                self.credentials.remove(&id(*key));
                true
            }
            Change::PutRequest(request) => self.put_request(request),
            Change::SpendRequest { key, at } => match self.requests.get_mut(&id(*key)) {
                Some((_, spent_at)) if spent_at.is_none() || fault == Some(Fault::SpentRequestIsNotChecked) => {
                    *spent_at = Some(*at);
                    true
                }
                _ => false,
            },
            Change::Replace(credential) if !is_living(&self.grants, &credential.grant) => false,
            Change::Replace(credential) => match self.credentials.get_mut(&id(credential.key)) {
                Some((stored, _))
                    if credential.revision.checked_sub(1) == Some(stored.revision)
                        && credential.grant == stored.grant =>
                {
                    *stored = Arc::clone(credential);
                    true
                }
                _ => false,
            },
            Change::Witness { key, .. } => self.witnessed.insert(id(*key)),
            change => self.apply_to_clients(change, fault),
        }
    }

    fn put_request(&mut self, request: &Arc<PendingRequest>) -> bool {
        let fits = match self.requests.get(&id(request.key)) {
            None => {
                let is_taken = |user_code: Key| self.user_codes.contains_key(&id(user_code));
                request.revision == 0 && !request.user_code.is_some_and(is_taken)
            }
            Some((stored, spent_at)) => {
                let is_next = request.revision.checked_sub(1) == Some(stored.revision) && spent_at.is_none();
                is_next && request.client_id == stored.client_id && request.user_code == stored.user_code
            }
        };
        if fits {
            self.user_codes.extend(request.user_code.map(|user_code| (id(user_code), request.key)));
            self.requests.insert(id(request.key), (Arc::clone(request), None));
        }
        fits
    }

    fn apply_to_clients(&mut self, change: &Change, fault: Option<Fault>) -> bool {
        let clients = Arc::make_mut(&mut self.clients);
        let revision =
            |id: &ClientId| clients.iter().find(|client| client.client_id == *id).map(|client| client.revision);
        let (id, new) = match change {
            Change::PutClient(client) if fault == Some(Fault::RevisionIsNotChecked) => {
                (&client.client_id, Some(Arc::clone(client)))
            }
            Change::PutClient(client) if client.revision.checked_sub(1) == revision(&client.client_id) => {
                (&client.client_id, Some(Arc::clone(client)))
            }
            Change::RemoveClient { client_id, revision: current } if revision(client_id) == Some(*current) => {
                (client_id, None)
            }
            _ => return false,
        };
        clients.retain(|client| client.client_id != *id);
        clients.extend(new);
        true
    }
}

/// Whether a token is good by what the store was told, whatever it made of that.
pub fn truly_alive(model: &Model, key: Key, now: u64) -> bool {
    model.presented(key).is_some_and(|presented| {
        let was_revoked = presented.revoked || model.revoked.contains(&presented.grant.id);
        !was_revoked && presented.spent_at.is_none() && now < presented.credential.expires_at.0
    })
}

/// Whether a pushed request may be presented, or a device's user code be entered, by what the store was told.
pub fn request_waits(model: &Model, key: Key, now: u64) -> bool {
    let is_decided = model.decisions.contains_key(&id(key));
    let request = model.request(RequestKey::Key(key));
    request.is_some_and(|PresentedRequest { request, spent_at }| {
        let life = if matches!(request.kind, PendingKind::Device(_)) { DEVICE_LIFE } else { REQUEST_LIFE };
        !is_decided && spent_at.is_none() && now < request.issued_at.0 + life
    })
}

/// What changes in a request, beside its revision.
pub fn polls(request: &PendingRequest) -> impl Hash {
    match &request.kind {
        PendingKind::Device(device) => Some((device.interval, device.polled_at, device.denied)),
        _ => None,
    }
}

/// What stands for a record: it changes by its revision only, and the code has the same key whenever it is issued.
pub fn version(credential: &Credential) -> (Id, u32, Timestamp, Timestamp) {
    (id(credential.key), credential.revision, credential.issued_at, credential.expires_at)
}

impl Hash for Model {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for client in &*self.clients {
            (&client.client_id, client.revision, client.disabled).hash(state);
        }
        for (id, (_, revoked)) in &self.grants {
            (id, revoked).hash(state);
        }
        for (credential, spent_at) in self.credentials.values() {
            (version(credential), spent_at).hash(state);
        }
        for (key, (request, spent_at)) in &self.requests {
            (key, request.revision, polls(request), request.issued_at, spent_at).hash(state);
        }
        (self.client_writes, &self.deleted).hash(state);
        (&self.witnessed, &self.reuses, &self.spends, &self.decisions, &self.revoked, &self.issued).hash(state);
    }
}
