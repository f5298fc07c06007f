//! One shard of the store in memory, which applies commits: each change with its precondition and the way to take it
//! back.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrayvec::ArrayVec;

use super::drawn::Drawn;
use super::requests::{Requests, UndoRequest};
use crate::model::{ClientId, GrantId, Key, Timestamp};
use crate::record::{Credential, Grant};
use crate::store::{Change, Commit, Outcome, Presented, PresentedRequest, RequestKey};

#[derive(Debug, Default)]
pub(super) struct Shard {
    grants: HashMap<GrantId, StoredGrant, Drawn>,
    /// The revoked grants, which are few.
    revoked: HashSet<GrantId, Drawn>,
    credentials: HashMap<Key, StoredCredential, Drawn>,
    requests: Requests,
    /// The witnesses. A peer may have chosen them, so these keys are hashed with a secret.
    witnesses: HashMap<Key, Timestamp>,
}

#[derive(Debug)]
struct StoredGrant {
    grant: Arc<Grant>,
    until: Timestamp,
    /// The number of credentials of the grant.
    credentials: u32,
}

#[derive(Debug)]
struct StoredCredential {
    credential: Arc<Credential>,
    spent_at: Option<Timestamp>,
    reuses: u32,
    /// The grant, kept here too so that a lookup need not search for it.
    grant: Arc<Grant>,
}

/// The way to take back a change.
enum Undo {
    Nothing,
    RemoveGrant(GrantId),
    KeepGrantUntil(GrantId, Timestamp),
    Unrevoke(GrantId),
    RemoveCredential(Key),
    RestoreCredential(Key, StoredCredential),
    RestoreRecord(Arc<Credential>),
    Unspend(Key),
    ForgetReuse(Key),
    Request(UndoRequest),
    RemoveWitness(Key),
}

/// The error for a precondition that does not hold.
struct Refused;

impl Shard {
    pub(super) fn presented(&self, key: Key) -> Option<Presented> {
        let StoredCredential { credential, spent_at, grant, .. } = self.credentials.get(&key)?;
        Some(Presented {
            credential: Arc::clone(credential),
            spent_at: *spent_at,
            grant: Arc::clone(grant),
            revoked: self.revoked.contains(&grant.id),
        })
    }

    pub(super) fn presented_request(&self, key: RequestKey) -> Option<PresentedRequest> {
        self.requests.presented(key)
    }

    /// The living credentials, each with its grant.
    pub(super) fn living(&self, now: Timestamp) -> impl Iterator<Item = (&Arc<Grant>, &Credential)> {
        let is_alive = move |stored: &&StoredCredential| {
            stored.spent_at.is_none()
                && !stored.credential.expires_at.is_past(now)
                && !self.revoked.contains(&stored.grant.id)
        };
        self.credentials.values().filter(is_alive).map(|stored| (&stored.grant, &*stored.credential))
    }

    /// The clients of the grants, once for each grant.
    pub(super) fn clients(&self) -> impl Iterator<Item = &ClientId> {
        self.grants.values().map(|stored| &stored.grant.client_id)
    }

    /// The numbers of grants and of credentials in this shard.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.grants.len(), self.credentials.len())
    }

    /// Forgets at most `left` records, and subtracts them from `left`. A record that expires at the end of time is
    /// never forgotten.
    pub(super) fn purge(&mut self, now: Timestamp, left: &mut usize) {
        let now = now.min(Timestamp(u64::MAX - 1));
        let mut is_forgotten = |until: Timestamp| {
            let is_forgotten = *left > 0 && until.is_past(now);
            *left -= usize::from(is_forgotten);
            is_forgotten
        };
        let Self { grants, revoked, credentials, requests, witnesses } = self;
        credentials.retain(|_, stored| {
            // A credential is forgotten with its grant: without the record that the grant was revoked, it would be
            // valid again.
            let grant = grants.get_mut(&stored.grant.id);
            let end = grant.as_ref().map_or(Timestamp(0), |grant| grant.until);
            let is_forgotten = is_forgotten(stored.credential.expires_at.min(end));
            if let Some(grant) = grant.filter(|_| is_forgotten) {
                grant.credentials -= 1;
            }
            !is_forgotten
        });
        requests.purge(&mut is_forgotten);
        witnesses.retain(|_, until| !is_forgotten(*until));
        // Grants are last, when none of their credentials are left.
        grants.retain(|_, stored| !is_forgotten(stored.until));
        revoked.retain(|id| grants.contains_key(id));
    }

    /// Applies the changes in order. If one is refused, takes back those before it, the last one first.
    pub(super) fn commit(&mut self, changes: &[Change]) -> Outcome {
        let mut undo = ArrayVec::<Undo, { Commit::MAX_CHANGES }>::new();
        for (index, change) in changes.iter().enumerate() {
            match self.apply(change) {
                Ok(step) => undo.push(step),
                Err(Refused) => {
                    undo.into_iter().rev().for_each(|step| self.take_back(step));
                    return Outcome::Conflict(index);
                }
            }
        }
        Outcome::Applied
    }

    fn apply(&mut self, change: &Change) -> Result<Undo, Refused> {
        match change {
            Change::Open { grant, until } => match self.grants.entry(grant.id) {
                Entry::Occupied(_) => Err(Refused),
                Entry::Vacant(entry) => {
                    entry.insert(StoredGrant { grant: Arc::clone(grant), until: *until, credentials: 0 });
                    Ok(Undo::RemoveGrant(grant.id))
                }
            },
            Change::Issue(credential) => {
                let is_revoked = self.revoked.contains(&credential.grant);
                let stored = self.grants.get_mut(&credential.grant).filter(|_| !is_revoked).ok_or(Refused)?;
                match self.credentials.entry(credential.key) {
                    Entry::Occupied(_) => Err(Refused),
                    Entry::Vacant(entry) => {
                        let (credential, grant) = (Arc::clone(credential), Arc::clone(&stored.grant));
                        let key = credential.key;
                        entry.insert(StoredCredential { credential, spent_at: None, reuses: 0, grant });
                        stored.credentials += 1;
                        Ok(Undo::RemoveCredential(key))
                    }
                }
            }
            Change::Spend { key, at } => {
                let stored = self.credentials.get_mut(key).filter(|stored| stored.spent_at.is_none()).ok_or(Refused)?;
                stored.spent_at = Some(*at);
                Ok(Undo::Unspend(*key))
            }
            Change::Reuse { key, since, until, at_most } => {
                let stored = self.credentials.get_mut(key).ok_or(Refused)?;
                let is_within = stored.spent_at.is_some_and(|at| (since..=until).contains(&&at));
                if !is_within || stored.reuses >= *at_most {
                    return Err(Refused);
                }
                stored.reuses += 1;
                Ok(Undo::ForgetReuse(*key))
            }
            Change::Extend { grant, until, at_most } => {
                let stored = self.living_grant(*grant)?;
                if stored.credentials >= *at_most {
                    return Err(Refused);
                }
                let before = stored.until;
                stored.until = before.max(*until);
                Ok(Undo::KeepGrantUntil(*grant, before))
            }
            Change::Replace(credential) => self.replace(credential),
            Change::Revoke(grant) => {
                let is_news = self.grants.contains_key(grant) && self.revoked.insert(*grant);
                Ok(if is_news { Undo::Unrevoke(*grant) } else { Undo::Nothing })
            }
            Change::Discard(key) => {
                let before = self.remove(key);
                Ok(before.map_or(Undo::Nothing, |before| Undo::RestoreCredential(*key, before)))
            }
            Change::PutRequest(request) => self.requests.put(request).map(Undo::Request).ok_or(Refused),
            Change::SpendRequest { key, at } => self.requests.spend(*key, *at).map(Undo::Request).ok_or(Refused),
            Change::Witness { key, until } => match self.witnesses.entry(*key) {
                Entry::Occupied(_) => Err(Refused),
                Entry::Vacant(entry) => {
                    entry.insert(*until);
                    Ok(Undo::RemoveWitness(*key))
                }
            },
            Change::PutClient(_) | Change::RemoveClient { .. } => Err(Refused),
            #[cfg(feature = "store-contract")]
            Change::Unknown(_) => Err(Refused),
        }
    }

    fn replace(&mut self, credential: &Arc<Credential>) -> Result<Undo, Refused> {
        self.living_grant(credential.grant)?;
        let stored = self.credentials.get_mut(&credential.key).ok_or(Refused)?;
        let is_next = credential.revision.checked_sub(1) == Some(stored.credential.revision);
        if !is_next || credential.grant != stored.grant.id {
            return Err(Refused);
        }
        Ok(Undo::RestoreRecord(std::mem::replace(&mut stored.credential, Arc::clone(credential))))
    }

    fn living_grant(&mut self, id: GrantId) -> Result<&mut StoredGrant, Refused> {
        let is_revoked = self.revoked.contains(&id);
        self.grants.get_mut(&id).filter(|_| !is_revoked).ok_or(Refused)
    }

    fn remove(&mut self, key: &Key) -> Option<StoredCredential> {
        let before = self.credentials.remove(key)?;
        if let Some(stored) = self.grants.get_mut(&before.grant.id) {
            stored.credentials -= 1;
        }
        Some(before)
    }

    fn take_back(&mut self, undo: Undo) {
        match undo {
            Undo::Nothing => {}
            Undo::RemoveGrant(id) => drop(self.grants.remove(&id)),
            Undo::KeepGrantUntil(id, until) => {
                if let Some(stored) = self.grants.get_mut(&id) {
                    stored.until = until;
                }
            }
            Undo::Unrevoke(id) => drop(self.revoked.remove(&id)),
            Undo::RemoveCredential(key) => drop(self.remove(&key)),
            Undo::RestoreCredential(key, before) => {
                if let Some(stored) = self.grants.get_mut(&before.grant.id) {
                    stored.credentials += 1;
                }
                self.credentials.insert(key, before);
            }
            Undo::RestoreRecord(before) => {
                if let Some(stored) = self.credentials.get_mut(&before.key) {
                    stored.credential = before;
                }
            }
            Undo::Unspend(key) => {
                if let Some(stored) = self.credentials.get_mut(&key) {
                    stored.spent_at = None;
                }
            }
            Undo::ForgetReuse(key) => {
                if let Some(stored) = self.credentials.get_mut(&key) {
                    stored.reuses -= 1;
                }
            }
            Undo::Request(undo) => self.requests.take_back(undo),
            Undo::RemoveWitness(key) => drop(self.witnesses.remove(&key)),
        }
    }
}
