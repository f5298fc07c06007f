//! Several requests over one grant, and what may happen to each.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use grantor::Timestamp;
use grantor::consult::{
    Authenticity, ExtensionGrant, ExtensionRefusal, ExtensionVerdict, Owner, RegistrationRefusal, RegistrationVerdict,
    Terms, Verdict,
};
use grantor::model::{ClientId, GrantId, Key, Subject};
use grantor::record::{Credential, Grant};
use grantor::store::{Change, Commit, Found, Lookup, Outcome, Presented, RequestKey};

use crate::entries::{Entry, Presents, Role};
use crate::faults::Fault;
use crate::invariants;
use crate::model::{id, polls, request_waits, truly_alive, version};
use crate::paused::{Asks, Told};
use crate::scene::{Scene, Stage};
use crate::search::{Broken, Move, State};
use crate::steps::{At, Steps, Waiting};

/// Several requests over one grant.
pub struct Schedule {
    pub scene: &'static Scene,
    pub entries: Vec<&'static Entry>,
    /// How many of them may come with a clock that is behind.
    pub behind: usize,
    pub fault: Option<Fault>,
}

/// What may happen to a request at a pause.
#[derive(Clone, Copy, PartialEq)]
pub enum Answer {
    /// The store does what it is for; the host says yes.
    Yes,
    /// The host says no.
    No,
    /// The store or the host is down.
    Outage,
    /// It was written, and the news got lost.
    Lost,
    /// The request vanishes.
    Vanish,
    /// It was written, and the request vanishes.
    WrittenAndVanish,
}

pub fn answers(asks: &Asks) -> &'static [(&'static str, Answer)] {
    match asks {
        Asks::Lookup(_) => {
            &[("Lookup is answered", Answer::Yes), ("outage", Answer::Outage), ("the request vanishes", Answer::Vanish)]
        }
        Asks::Commit(_) => &[
            ("Commit is answered", Answer::Yes),
            ("outage", Answer::Outage),
            ("the request vanishes", Answer::Vanish),
            ("written, and the answer is lost", Answer::Lost),
            ("written, and the request vanishes", Answer::WrittenAndVanish),
        ],
        _ => &[
            ("the host says yes", Answer::Yes),
            ("the host says no", Answer::No),
            ("outage", Answer::Outage),
            ("the request vanishes", Answer::Vanish),
        ],
    }
}

impl Schedule {
    pub fn describe(&self, step: Move) -> String {
        match step.request {
            None => step.what.to_owned(),
            Some(index) => format!("{} ({index}): {}", self.entries[index].name, step.what),
        }
    }

    /// A request comes in, with a clock that is so far behind.
    pub fn come(&self, steps: &mut Steps, state: &State, index: usize, behind: u64) -> Result<State, Broken> {
        let mut next = state.clone();
        let done = state.requests.iter().enumerate().filter(|(_, other)| matches!(other.at, At::Done(_)));
        let key = self.scene.key(self.entries[index].presents);
        let request = &mut next.requests[index];
        request.came = Timestamp(state.now() - behind);
        request.is_behind = behind > 0;
        request.after = done.fold(0, |mask, (other, _)| mask | 1 << other);
        let lives = match self.entries[index].presents {
            Presents::Request => request_waits,
            _ => truly_alive,
        };
        request.was_deleted = state.model.client("app").is_some_and(|client| client.disabled);
        request.was_dead = key.is_some_and(|key| !lives(&state.model, key, request.came.0));
        let at = steps.come(self, index, request.came)?;
        self.settle(next, index, at)
    }

    /// Whether a request has no business to change anything.
    fn is_read_only(&self, index: usize) -> bool {
        matches!(self.entries[index].role, Role::Harmless | Role::Tells)
    }

    /// A request is told something.
    pub fn answer(
        &self,
        steps: &mut Steps,
        state: &State,
        index: usize,
        waiting: &Waiting,
        answer: Answer,
    ) -> Result<State, Broken> {
        let mut next = state.clone();
        let told = match &waiting.asks {
            Asks::Lookup(lookup) => self.read(state, &mut next, index, lookup),
            Asks::Commit(commit) => self.write(state, &mut next, index, commit, answer)?,
            asks => consult(asks, answer == Answer::Yes),
        };
        if self.is_read_only(index) && next.differs(state) {
            return Err((2, format!("{} changed something", self.entries[index].name)));
        }
        let request = &mut next.requests[index];
        let told = match answer {
            Answer::Vanish | Answer::WrittenAndVanish => {
                request.at = At::Vanished;
                return Ok(next);
            }
            Answer::Yes => told,
            Answer::No => {
                request.host_refused = true;
                told
            }
            Answer::Outage | Answer::Lost => {
                request.had_outage = true;
                self.outage(&told)
            }
        };
        request.told = remember(request.told, &told, self.scene.request);
        let known = (index, request.came, request.told);
        let at = steps.tell(self, known, waiting, &told)?;
        self.settle(next, index, at)
    }

    /// A request has moved on.
    fn settle(&self, mut state: State, index: usize, at: At) -> Result<State, Broken> {
        if let At::Done(observed) = &at {
            invariants::reply(self, &state, index, observed)?;
        }
        state.requests[index].at = at;
        Ok(state)
    }

    fn outage(&self, told: &Told) -> Told {
        match (self.fault, told) {
            (Some(Fault::OutageIsSuccess), Told::Outcome(_)) => Told::Outcome(Outcome::Applied),
            (Some(Fault::SecretInEvent), _) => Told::OutageBecause(format!("no shard for {}", self.scene.tokens.code)),
            _ => Told::Outage,
        }
    }

    /// The store is asked to read.
    fn read(&self, state: &State, next: &mut State, index: usize, lookup: &Lookup) -> Told {
        let spent = lookup.credentials().iter().find_map(|key| state.model.presented(*key)?.spent_at);
        let request = &mut next.requests[index];
        request.saw_spent = request.saw_spent.or(spent);
        let is_deleted = |id: &ClientId| state.model.client(id.as_str()).is_some_and(|client| client.disabled);
        request.saw_deleted |= lookup.client().is_some_and(is_deleted);
        let role = self.entries[index].role;
        if self.fault == Some(Fault::InvalidReplayRevokes) && role == Role::Harmless && spent.is_some() {
            let _ = next.write(&Commit::of(Change::Revoke(self.scene.grant)), None);
        }
        let found = state.model.lookup(lookup, self.fault);
        if self.fault == Some(Fault::SpentIsActive) && role == Role::Tells {
            let unspent = found.credentials().iter().cloned().map(|found| Presented { spent_at: None, ..found });
            return Told::Found(Found::new(found.client().cloned(), unspent).unwrap());
        }
        let is_device = self.scene.stage == Stage::Device;
        if self.fault == Some(Fault::DeviceCodesAreAnybodys) && is_device && role == Role::Harmless {
            return Told::Found(self.of_another(lookup, found));
        }
        Told::Found(found)
    }

    /// A machine that does not look whose device code it is: as if it were that of whoever comes with it.
    fn of_another(&self, lookup: &Lookup, found: Found) -> Found {
        let other = ClientId::parse("other").unwrap();
        let credentials = found.credentials().iter().cloned().map(|mut found| {
            Arc::make_mut(&mut found.grant).client_id = other.clone();
            found
        });
        let request = lookup.request().and_then(|key| found.request(key).cloned()).map(|mut found| {
            Arc::make_mut(&mut found.request).client_id = other.clone();
            found
        });
        Found::new(found.client().cloned(), credentials).unwrap().with_request(request)
    }

    /// The store is asked to write.
    fn write(
        &self,
        state: &State,
        next: &mut State,
        index: usize,
        commit: &Commit,
        answer: Answer,
    ) -> Result<Told, Broken> {
        let entry = self.entries[index];
        if self.is_read_only(index) {
            // 13. A device code is its client's.
            let invariant = if self.scene.stage == Stage::Device { 13 } else { 2 };
            return Err((invariant, format!("{} wants to write", entry.name)));
        }
        let of_this_device;
        let commit = if (self.fault, entry.name) == (Some(Fault::OtherDeviceIsApproved), "approve another device") {
            of_this_device = self.instead_of_another(commit);
            &of_this_device
        } else {
            commit
        };
        invariants::commit(self, &state.requests[index], commit)?;
        if matches!(answer, Answer::Outage | Answer::Vanish) || self.forgets(entry.role, commit) {
            return Ok(Told::Outcome(Outcome::Applied));
        }
        let without_spending;
        let is_decided = self.scene.request.is_some_and(|key| state.model.decisions.contains_key(&id(key)));
        let forgets_to_spend = match self.fault {
            Some(Fault::ApprovalSpendsNothing) => entry.role == Role::Approve,
            Some(Fault::DeniedDevicesAreApproved) => entry.role == Role::Approve && is_decided,
            _ => false,
        };
        let commit = if forgets_to_spend {
            let others = commit.changes().iter().filter(|change| !matches!(change, Change::SpendRequest { .. }));
            without_spending = Commit::new(others.cloned()).unwrap();
            &without_spending
        } else {
            commit
        };
        let outcome = next.write(commit, self.fault);
        match outcome {
            Outcome::Applied if !next.model.shows(commit) && self.fault != Some(Fault::RevokeDoesNothing) => {
                Err((4, "a commit that was applied cannot be seen".to_owned()))
            }
            Outcome::Conflict(_) if next.differs(state) => {
                Err((4, "a commit that was refused left something".to_owned()))
            }
            Outcome::Conflict(at) if matches!(commit.changes().get(at), Some(Change::Spend { .. })) => {
                Ok(Told::Outcome(self.lost_race(next, entry.role, commit, outcome)))
            }
            _ => Ok(Told::Outcome(outcome)),
        }
    }

    /// A machine that takes one device's request for another's: the approval is for the device that this is about.
    fn instead_of_another(&self, commit: &Commit) -> Commit {
        let key = self.scene.request.unwrap();
        let at = |id: GrantId| {
            let mut bytes = *id.as_bytes();
            bytes[..2].copy_from_slice(&key.partition.0.to_be_bytes());
            GrantId::from_bytes(bytes)
        };
        let changes = commit.changes().iter().map(|change| match change {
            Change::SpendRequest { at, .. } => Change::SpendRequest { key, at: *at },
            Change::Open { grant, until } => {
                let mut grant = Grant::clone(grant);
                grant.id = at(grant.id);
                Change::Open { grant: grant.into(), until: *until }
            }
            Change::Issue(code) => {
                let mut code = Credential::clone(code);
                (code.key, code.grant) = (key, at(code.grant));
                Change::Issue(code.into())
            }
            other => other.clone(),
        });
        Commit::new(changes).unwrap()
    }

    /// A machine that does not write what it should.
    fn forgets(&self, role: Role, commit: &Commit) -> bool {
        match (self.fault, role) {
            (Some(Fault::ReplayRevokesNothing), Role::Exchange) | (Some(Fault::ReuseRevokesNothing), Role::Refresh) => {
                matches!(commit.changes(), [.., Change::Revoke(_)])
            }
            (Some(Fault::DenialSpendsNothing), Role::Deny) => true,
            (Some(Fault::DeletionRevokesNothing), Role::Deletes) => matches!(commit.changes(), [Change::Revoke(_)]),
            (Some(Fault::RepliesBeforeCommit), _) => {
                commit.changes().iter().any(|change| matches!(change, Change::Issue(_)))
            }
            _ => false,
        }
    }

    /// A machine that lost a race, and does what it should not.
    fn lost_race(&self, next: &mut State, role: Role, commit: &Commit, outcome: Outcome) -> Outcome {
        match (self.fault, role) {
            (Some(Fault::LoserRevokes), Role::Refresh) => {
                let _ = next.write(&Commit::of(Change::Revoke(self.scene.grant)), None);
                outcome
            }
            (Some(Fault::LoserIssuesAnyway), Role::Exchange) => {
                let others = commit.changes().iter().filter(|change| !matches!(change, Change::Spend { .. })).cloned();
                next.write(&Commit::new(others).unwrap(), None)
            }
            _ => outcome,
        }
    }
}

/// The host is asked.
fn consult(asks: &Asks, yes: bool) -> Told {
    match asks {
        Asks::ClientSecret => Told::ClientSecret(if yes { Authenticity::Genuine } else { Authenticity::Refused }),
        Asks::Password => Told::Owner(if yes { Owner::Subject(alice()) } else { Owner::Refused }),
        Asks::Extension => Told::Extension(if yes {
            ExtensionVerdict::Grant(ExtensionGrant::of(alice()))
        } else {
            ExtensionVerdict::Refuse(ExtensionRefusal::default())
        }),
        Asks::Issuance => Told::Verdict(if yes { Verdict::Issue(Terms::default()) } else { Verdict::Refuse }),
        Asks::Registration(client) => Told::Registration(if yes {
            RegistrationVerdict::Register(Arc::clone(client))
        } else {
            RegistrationVerdict::Refuse(RegistrationRefusal::default())
        }),
        Asks::Lookup(_) | Asks::Commit(_) | Asks::Fetch | Asks::Sign(_) => {
            unreachable!("that is not a question to the host")
        }
    }
}

fn alice() -> Subject {
    Subject::parse("alice").unwrap()
}

/// What a request knows after it was told this too.
fn remember(before: u64, told: &Told, request: Option<Key>) -> u64 {
    let mut hasher = DefaultHasher::new();
    before.hash(&mut hasher);
    match told {
        Told::Found(found) => {
            found.client().map(|client| (client.revision, client.disabled)).hash(&mut hasher);
            for presented in found.credentials() {
                let Presented { credential, spent_at, revoked, .. } = presented;
                (version(credential), spent_at, revoked).hash(&mut hasher);
            }
            if let Some(found) = request.and_then(|key| found.request(RequestKey::Key(key))) {
                (found.request.revision, polls(&found.request), found.spent_at).hash(&mut hasher);
            }
        }
        Told::Outcome(outcome) => format!("{outcome:?}").hash(&mut hasher),
        other => format!("{other:?}").hash(&mut hasher),
    }
    hasher.finish()
}
