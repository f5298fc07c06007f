//! The storage contract as a test suite: call [`check`] from a test of your store.
//!
//! ```no_run
//! # use grantor::store::MemoryStore;
//! grantor::store::contract::check(MemoryStore::new);
//! ```

#![allow(clippy::panic, reason = "a test suite tells its findings by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Change, Commit, Found, Lookup, Outcome, Presented, Store};
use crate::model::{
    Acr, Audience, AuthenticationEvent, Claims, ClientId, CodeChallengeMethod, CodeVerifier, Digest, GrantId,
    GrantType, Key, RedirectUri, Resource, Scope, Subject, Timestamp,
};
use crate::record::{AccessToken, AuthorizationCode, Client, Credential, CredentialKind, Grant, Version};

/// Runs every rule of the contract, each on a fresh, empty store.
///
/// # Panics
/// At the first rule that the store breaks, with the rule's name.
pub fn check<S: Store + Sync>(mut new: impl FnMut() -> S) {
    for (name, rule) in rules::<S>() {
        let store = new();
        assert!(rule(&Trial { store: &store, rule: name }), "the store breaks the rule: {name}");
    }
}

type Rule<S> = fn(&Trial<'_, S>) -> bool;

/// The rules, by what they demand.
fn rules<S: Store + Sync>() -> Vec<(&'static str, Rule<S>)> {
    vec![
        ("an empty store finds nothing", |t| t.found(&[key(1, 1)]).credentials().is_empty()),
        ("what was issued is found with its grant", found_with_its_grant),
        ("records come back as they were stored", come_back_as_stored),
        ("a lookup finds each of several credentials, and leaves out what is not there", finds_several),
        ("a commit of nothing is applied", |t| t.commit(vec![]) == Outcome::Applied),
        ("a grant is opened once", |t| t.applied(vec![open(1)]) && t.conflict(vec![open(1)], 0)),
        ("a credential is issued once", |t| t.applied(vec![open(1), issue(1, 1)]) && t.conflict(vec![issue(1, 1)], 0)),
        ("a credential needs its grant", |t| t.conflict(vec![issue(1, 1)], 0) && !t.has(key(1, 1))),
        ("a credential may be issued by the commit that opens its grant, in this order only", |t| {
            t.conflict(vec![issue(1, 1), open(1)], 0) && t.applied(vec![open(1), issue(1, 1)])
        }),
        ("a revoked grant issues nothing", |t| {
            t.applied(vec![open(1)])
                && t.applied(vec![revoke(1)])
                && t.conflict(vec![issue(1, 1)], 0)
                && !t.has(key(1, 1))
        }),
        ("a credential is spent once", |t| {
            t.applied(vec![open(1), issue(1, 1)])
                && t.applied(vec![spend(1, 1, 50)])
                && t.conflict(vec![spend(1, 1, 60)], 0)
        }),
        ("a spent credential stays visible, with the time of its first use", |t| {
            let spent = t.applied(vec![open(1), issue(1, 1)]) && t.applied(vec![spend(1, 1, 50)]);
            spent && t.conflict(vec![spend(1, 1, 60)], 0) && t.spent_at(key(1, 1)) == Some(Timestamp(50))
        }),
        ("whether a credential was spent, and how long ago, can be a condition", |t| {
            let issued = t.applied(vec![open(1), issue(1, 1), issue(1, 2)]) && t.applied(vec![spend(1, 1, 50)]);
            let since = |number, since| vec![spent_since(1, number, since), extend(1, 900)];
            let held = t.applied(since(1, 49)) && t.applied(since(1, 50));
            let refused = t.conflict(since(1, 51), 0) && t.conflict(since(2, 0), 0) && t.conflict(since(9, 0), 0);
            issued && held && refused && t.spent_at(key(1, 1)) == Some(Timestamp(50))
        }),
        ("an unknown credential cannot be spent", |t| t.conflict(vec![spend(1, 1, 50)], 0)),
        ("one commit cannot spend a credential twice", |t| {
            let issued = t.applied(vec![open(1), issue(1, 1)]);
            issued && t.conflict(vec![spend(1, 1, 50), spend(1, 1, 50)], 1) && t.spent_at(key(1, 1)).is_none()
        }),
        ("a grant is extended while it lives", |t| {
            let extended = t.applied(vec![open(1)]) && t.applied(vec![extend(1, 900)]);
            extended
                && t.applied(vec![revoke(1)])
                && t.conflict(vec![extend(1, 950)], 0)
                && t.conflict(vec![extend(2, 950)], 0)
        }),
        ("revocation reaches every credential of the grant and no other", |t| {
            let issued = t.applied(vec![open(1), issue(1, 1), issue(1, 2)]) && t.applied(vec![open(2), issue(2, 3)]);
            let revoked = t.applied(vec![revoke(1)]) && t.applied(vec![revoke(1)]);
            issued && revoked && t.revoked(key(1, 1)) && t.revoked(key(1, 2)) && !t.revoked(key(2, 3))
        }),
        ("revoking an unknown grant is no error", |t| t.applied(vec![revoke(9)])),
        ("a credential is replaced by its next revision only", |t| {
            let issued = t.applied(vec![open(1), issue(1, 1)]);
            let refused = t.conflict(vec![replace(1, 1, 0)], 0) && t.conflict(vec![replace(1, 1, 2)], 0);
            let replaced = t.applied(vec![replace(1, 1, 1)]) && t.conflict(vec![replace(1, 1, 1)], 0);
            issued && refused && replaced && t.revision(key(1, 1)) == Some(1)
        }),
        ("an unknown credential cannot be replaced", |t| t.conflict(vec![replace(1, 1, 1)], 0)),
        ("a replaced credential stays spent", |t| {
            let spent = t.applied(vec![open(1), issue(1, 1), spend(1, 1, 50)]) && t.applied(vec![replace(1, 1, 1)]);
            spent && t.spent_at(key(1, 1)) == Some(Timestamp(50)) && t.conflict(vec![spend(1, 1, 60)], 0)
        }),
        ("a discarded credential is gone, and discarding it again is no error", |t| {
            let issued = t.applied(vec![open(1), issue(1, 1)]);
            issued && t.applied(vec![discard(1, 1)]) && !t.has(key(1, 1)) && t.applied(vec![discard(1, 1)])
        }),
        ("what was witnessed is noticed", |t| {
            t.applied(vec![witness(1, 1)]) && t.conflict(vec![witness(1, 1)], 0) && t.applied(vec![witness(1, 2)])
        }),
        ("a refused commit leaves nothing behind", refused_leaves_nothing),
        ("a refused commit takes back what it did, not what was done before", |t| {
            let revoked = t.applied(vec![open(1), issue(1, 1)]) && t.applied(vec![revoke(1)]);
            revoked && t.conflict(vec![revoke(1), issue(1, 2)], 1) && t.revoked(key(1, 1))
        }),
        ("a client is put by revision", |t| {
            let new = t.conflict(vec![put(1)], 0) && t.applied(vec![put(0)]) && t.conflict(vec![put(0)], 0);
            new && t.applied(vec![put(1)]) && t.conflict(vec![put(1)], 0) && t.client_revision() == Some(1)
        }),
        ("a client is removed by revision", |t| {
            let put = t.applied(vec![put(0)]) && t.applied(vec![put(1)]);
            put && t.conflict(vec![remove(0)], 0) && t.applied(vec![remove(1)]) && t.client_revision().is_none()
        }),
        ("client ids are compared byte for byte", |t| {
            let found = |text: &str| t.lookup(Some(client_id(text)), []).client().cloned();
            t.applied(vec![put(0)]) && ["CLIENT", "client ", "clien"].iter().all(|other| found(other).is_none())
        }),
        ("one of many threads wins a credential", one_of_many_wins),
        ("nothing is issued once a revocation was applied, however they race", revocation_is_final),
    ]
}

fn found_with_its_grant<S: Store>(t: &Trial<'_, S>) -> bool {
    t.applied(vec![open(1), issue(1, 1)])
        && t.presented(key(1, 1)).is_some_and(|found| {
            found.grant.id == grant_id(1)
                && found.spent_at.is_none()
                && !found.revoked
                && found.credential.grant == grant_id(1)
        })
}

/// In one lookup, as the endpoints for clients make it.
fn come_back_as_stored<S: Store>(t: &Trial<'_, S>) -> bool {
    let credentials = kinds().map(|(number, kind)| Credential { kind, ..credential(1, number, 0) });
    let issue = credentials.iter().map(|credential| Change::Issue(Arc::new(credential.clone())));
    let stored = t.applied(std::iter::once(open(1)).chain(issue).collect()) && t.applied(vec![put(0)]);
    let keys = credentials.iter().map(|credential| credential.key);
    let found = t.lookup(Some(client(0).client_id), keys);
    stored
        && found.client().is_some_and(|found| **found == client(0))
        && credentials.iter().all(|stored| {
            let found = found.credential(stored.key);
            found.is_some_and(|found| *found.credential == *stored && *found.grant == grant(1))
        })
}

fn finds_several<S: Store>(t: &Trial<'_, S>) -> bool {
    let stored = t.applied(vec![open(1), issue(1, 1), issue(1, 2)]) && t.applied(vec![open(2), issue(2, 3)]);
    let found = t.found(&[key(2, 3), key(1, 9), key(1, 1)]);
    let both = found.credential(key(2, 3)).is_some_and(|found| found.grant.id == grant_id(2))
        && found.credential(key(1, 1)).is_some_and(|found| found.grant.id == grant_id(1));
    stored && both && found.credentials().len() == 2 && found.client().is_none()
}

/// Each kind of change is applied, and then taken back because the last one is refused.
fn refused_leaves_nothing<S: Store>(t: &Trial<'_, S>) -> bool {
    let before = t.applied(vec![open(1), issue(1, 1), issue(1, 2), issue(1, 3)]);
    let refused = vec![
        issue(1, 4),
        spend(1, 1, 50),
        replace(1, 2, 1),
        discard(1, 3),
        witness(1, 7),
        extend(1, 5000),
        revoke(1),
        issue(1, 5),
    ];
    let last = refused.len() - 1;
    before
        && t.conflict(refused, last)
        && !t.has(key(1, 4))
        && t.spent_at(key(1, 1)).is_none()
        && t.revision(key(1, 2)) == Some(0)
        && t.has(key(1, 3))
        && !t.revoked(key(1, 1))
        && t.applied(vec![witness(1, 7)])
        && t.conflict(vec![open(4), issue(4, 8), spend(4, 9, 50)], 2)
        && t.applied(vec![open(4)])
}

fn one_of_many_wins<S: Store + Sync>(t: &Trial<'_, S>) -> bool {
    let wins = AtomicUsize::new(0);
    let issued = t.applied(vec![open(1), issue(1, 1)]);
    std::thread::scope(|scope| {
        for successor in 10..26 {
            let wins = &wins;
            scope.spawn(move || {
                if t.commit(vec![spend(1, 1, 50), issue(1, successor)]) == Outcome::Applied {
                    wins.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let successors = (10..26).filter(|successor| t.has(key(1, *successor))).count();
    issued && wins.into_inner() == 1 && successors == 1
}

fn revocation_is_final<S: Store + Sync>(t: &Trial<'_, S>) -> bool {
    let opened = t.applied(vec![open(1)]);
    std::thread::scope(|scope| {
        scope.spawn(|| t.commit(vec![revoke(1)]));
        for at in 10..18 {
            scope.spawn(move || t.commit(vec![issue(1, at)]));
        }
    });
    let all_dead = (10..18).all(|at| !t.has(key(1, at)) || t.revoked(key(1, at)));
    opened && all_dead && t.conflict(vec![issue(1, 99)], 0)
}

/// One rule on one store.
struct Trial<'a, S> {
    store: &'a S,
    rule: &'static str,
}

impl<S: Store> Trial<'_, S> {
    fn commit(&self, changes: Vec<Change>) -> Outcome {
        let commit = Commit::new(changes).unwrap_or_else(|error| panic!("{}: {error}", self.rule));
        self.store.commit(&commit).unwrap_or_else(|error| panic!("{}: {error}", self.rule))
    }

    fn applied(&self, changes: Vec<Change>) -> bool {
        self.commit(changes) == Outcome::Applied
    }

    fn conflict(&self, changes: Vec<Change>, at: usize) -> bool {
        self.commit(changes) == Outcome::Conflict(at)
    }

    fn found(&self, keys: &[Key]) -> Found {
        let client = keys.is_empty().then(|| client(0).client_id);
        self.lookup(client, keys.iter().copied())
    }

    fn lookup(&self, client: Option<ClientId>, credentials: impl IntoIterator<Item = Key>) -> Found {
        let lookup = Lookup::new(client, credentials).unwrap_or_else(|error| panic!("{}: {error}", self.rule));
        self.store.lookup(&lookup).unwrap_or_else(|error| panic!("{}: {error}", self.rule))
    }

    fn presented(&self, key: Key) -> Option<Presented> {
        self.found(&[key]).credential(key).cloned()
    }

    fn has(&self, key: Key) -> bool {
        self.presented(key).is_some()
    }

    fn spent_at(&self, key: Key) -> Option<Timestamp> {
        self.presented(key).and_then(|found| found.spent_at)
    }

    fn revoked(&self, key: Key) -> bool {
        self.presented(key).is_some_and(|found| found.revoked)
    }

    fn revision(&self, key: Key) -> Option<u32> {
        self.presented(key).map(|found| found.credential.revision)
    }

    fn client_revision(&self) -> Option<u32> {
        self.found(&[]).client().map(|client| client.revision)
    }
}

fn grant_id(number: u8) -> GrantId {
    // Grants 1, 2 and 4 lie in partitions of their own.
    let mut bytes = [number; 18];
    bytes[..2].copy_from_slice(&[0, number]);
    GrantId::from_bytes(bytes)
}

fn key(grant: u8, number: u8) -> Key {
    Key { partition: grant_id(grant).partition(), digest: Digest::from_bytes([number; 32]) }
}

fn grant(number: u8) -> Grant {
    Grant {
        version: Version,
        id: grant_id(number),
        client_id: client(0).client_id,
        subject: Subject::parse("jürgen@example.com").ok(),
        grant_type: GrantType::AuthorizationCode,
        scope: scope(),
        audience: audience(),
        issued_at: Timestamp(10),
        expires_at: None,
        authentication: AuthenticationEvent {
            acr: Acr::parse("urn:example:mfa").ok(),
            ..AuthenticationEvent::at(Timestamp(9))
        },
        data: Claims::default(),
    }
}

fn scope() -> Scope {
    Scope::parse("read write").unwrap_or_default()
}

fn audience() -> Audience {
    Audience::only(resources()).unwrap_or_default()
}
fn resources() -> Vec<Resource> {
    ["https://photos.example/", "https://mail.example/"].iter().filter_map(|text| Resource::parse(text).ok()).collect()
}

/// A credential of every kind, with everything that the kind has.
fn kinds() -> [(u8, CredentialKind); 3] {
    let code = CredentialKind::AuthorizationCode(AuthorizationCode {
        redirect_uri: RedirectUri::parse("https://client.example/cb?x=1").ok(),
        code_challenge: CodeVerifier::parse("v".repeat(43)).ok().map(|it| it.challenge(CodeChallengeMethod::S256)),
    });
    let claims = Claims::new(serde_json::Map::from_iter([("tenant".to_owned(), "acme".into())])).unwrap_or_default();
    [(1, code), (2, CredentialKind::AccessToken(AccessToken { claims })), (3, CredentialKind::RefreshToken)]
}

fn credential(grant: u8, number: u8, revision: u32) -> Credential {
    let claims =
        Claims::new(serde_json::Map::from_iter([("revision".to_owned(), revision.into())])).unwrap_or_default();
    Credential {
        version: Version,
        revision,
        key: key(grant, number),
        grant: grant_id(grant),
        kind: CredentialKind::AccessToken(AccessToken { claims }),
        scope: scope(),
        audience: audience(),
        issued_at: Timestamp(10),
        expires_at: Timestamp(1000),
    }
}

fn client(revision: u32) -> Client {
    Client {
        revision,
        client_name: Some("Ein Programm".to_owned()),
        scope: scope(),
        audience: audience(),
        resource_server: Some(resources()),
        ..Client::confidential(client_id("client"), "secret")
    }
}

fn client_id(text: &str) -> ClientId {
    ClientId::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn open(number: u8) -> Change {
    Change::Open { grant: Arc::new(grant(number)), until: Timestamp(1000) }
}

fn issue(grant: u8, number: u8) -> Change {
    Change::Issue(Arc::new(credential(grant, number, 0)))
}

fn spend(grant: u8, number: u8, at: u64) -> Change {
    Change::Spend { key: key(grant, number), at: Timestamp(at) }
}

fn spent_since(grant: u8, number: u8, since: u64) -> Change {
    Change::SpentSince { key: key(grant, number), since: Timestamp(since) }
}

fn extend(grant: u8, until: u64) -> Change {
    Change::Extend { grant: grant_id(grant), until: Timestamp(until) }
}

fn replace(grant: u8, number: u8, revision: u32) -> Change {
    Change::Replace(Arc::new(credential(grant, number, revision)))
}

fn revoke(grant: u8) -> Change {
    Change::Revoke(grant_id(grant))
}

fn discard(grant: u8, number: u8) -> Change {
    Change::Discard(key(grant, number))
}

fn witness(grant: u8, number: u8) -> Change {
    Change::Witness { key: key(grant, number), until: Timestamp(1000) }
}

fn put(revision: u32) -> Change {
    Change::PutClient(Arc::new(client(revision)))
}

fn remove(revision: u32) -> Change {
    Change::RemoveClient { client_id: client(0).client_id, revision }
}
