//! Sessions in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use grantor::Timestamp;
use grantor::model::{Digest, Subject};

use super::{MAX_SESSIONS, Session};

/// All sessions: at most [`MAX_SESSIONS`] for each person who has logged in.
#[derive(Debug, Default)]
pub(super) struct SessionMemory(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    sessions: HashMap<Digest, Session>,
    /// The sessions of a person, the oldest first.
    of_person: HashMap<Subject, VecDeque<Digest>>,
}

impl Table {
    fn end(&mut self, key: &Digest) {
        let Some(session) = self.sessions.remove(key) else { return };
        if let Some(theirs) = self.of_person.get_mut(&session.subject) {
            theirs.retain(|other| other != key);
            if theirs.is_empty() {
                self.of_person.remove(&session.subject);
            }
        }
    }
}

impl SessionMemory {
    pub(super) fn find(&self, key: &Digest) -> Option<Session> {
        self.lock().sessions.get(key).cloned()
    }

    pub(super) fn start(&self, before: Option<Digest>, key: Digest, session: Session) {
        let mut table = self.lock();
        before.iter().for_each(|key| table.end(key));
        let theirs = table.of_person.entry(session.subject.clone()).or_default();
        theirs.push_back(key);
        let first = if theirs.len() > MAX_SESSIONS { theirs.front().copied() } else { None };
        table.sessions.insert(key, session);
        first.iter().for_each(|first| table.end(first));
    }

    pub(super) fn end_all(&self, subject: &Subject) {
        let mut table = self.lock();
        for key in table.of_person.remove(subject).unwrap_or_default() {
            table.sessions.remove(&key);
        }
    }

    pub(super) fn purge(&self, now: Timestamp) {
        let mut table = self.lock();
        let ended = table.sessions.iter().filter(|(_, session)| session.expires_at.is_past(now));
        let ended: Vec<_> = ended.map(|(key, _)| *key).collect();
        ended.iter().for_each(|key| table.end(key));
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
