//! The pending requests of one shard, by both of their keys.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::drawn::Drawn;
use crate::model::{Key, Timestamp};
use crate::record::PendingRequest;
use crate::store::{PresentedRequest, RequestKey};

#[derive(Debug, Default)]
pub(super) struct Requests {
    by_key: HashMap<Key, StoredRequest, Drawn>,
    /// The key of the request for each user code. A user code is short, so these keys are hashed with a secret.
    by_user_code: HashMap<Key, Key>,
}

#[derive(Debug)]
struct StoredRequest {
    request: Arc<PendingRequest>,
    spent_at: Option<Timestamp>,
}

/// The way to take back a change of a request.
pub(super) enum UndoRequest {
    Remove(Key),
    Restore(Arc<PendingRequest>),
    Unspend(Key),
}

impl Requests {
    pub(super) fn presented(&self, key: RequestKey) -> Option<PresentedRequest> {
        let key = match key {
            RequestKey::Key(key) => key,
            RequestKey::UserCode(user_code) => *self.by_user_code.get(&user_code)?,
        };
        let StoredRequest { request, spent_at } = self.by_key.get(&key)?;
        Some(PresentedRequest { request: Arc::clone(request), spent_at: *spent_at })
    }

    /// Stores a request; `None` if its precondition does not hold.
    pub(super) fn put(&mut self, request: &Arc<PendingRequest>) -> Option<UndoRequest> {
        match request.revision.checked_sub(1) {
            None => self.insert(request),
            Some(before) => self.replace(before, request),
        }
    }

    fn insert(&mut self, request: &Arc<PendingRequest>) -> Option<UndoRequest> {
        if request.user_code.is_some_and(|user_code| self.by_user_code.contains_key(&user_code)) {
            return None;
        }
        match self.by_key.entry(request.key) {
            Entry::Occupied(_) => None,
            Entry::Vacant(entry) => {
                entry.insert(StoredRequest { request: Arc::clone(request), spent_at: None });
                if let Some(user_code) = request.user_code {
                    self.by_user_code.insert(user_code, request.key);
                }
                Some(UndoRequest::Remove(request.key))
            }
        }
    }

    fn replace(&mut self, before: u32, request: &Arc<PendingRequest>) -> Option<UndoRequest> {
        let stored = self.unspent(&request.key)?;
        let is_next = stored.request.revision == before
            && stored.request.client_id == request.client_id
            && stored.request.user_code == request.user_code;
        is_next.then(|| UndoRequest::Restore(std::mem::replace(&mut stored.request, Arc::clone(request))))
    }

    /// Marks a request as spent; `None` if its precondition does not hold.
    pub(super) fn spend(&mut self, key: Key, at: Timestamp) -> Option<UndoRequest> {
        self.unspent(&key)?.spent_at = Some(at);
        Some(UndoRequest::Unspend(key))
    }

    fn unspent(&mut self, key: &Key) -> Option<&mut StoredRequest> {
        self.by_key.get_mut(key).filter(|stored| stored.spent_at.is_none())
    }

    pub(super) fn take_back(&mut self, undo: UndoRequest) {
        match undo {
            UndoRequest::Remove(key) => {
                if let Some(user_code) = self.by_key.remove(&key).and_then(|stored| stored.request.user_code) {
                    self.by_user_code.remove(&user_code);
                }
            }
            UndoRequest::Restore(request) => {
                if let Some(stored) = self.by_key.get_mut(&request.key) {
                    stored.request = request;
                }
            }
            UndoRequest::Unspend(key) => {
                if let Some(stored) = self.by_key.get_mut(&key) {
                    stored.spent_at = None;
                }
            }
        }
    }

    pub(super) fn purge(&mut self, is_forgotten: &mut impl FnMut(Timestamp) -> bool) {
        let Self { by_key, by_user_code } = self;
        by_key.retain(|_, stored| !is_forgotten(stored.request.expires_at));
        by_user_code.retain(|_, key| by_key.contains_key(key));
    }
}
