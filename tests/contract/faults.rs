//! The faults that each rule of the contract forbids.

use std::sync::{Arc, LazyLock};

use grantor::model::{Audience, Claims, ClientId, Key, Partition, Scope};
use grantor::record::{Client, Credential, RegisteredAuthentication};
use grantor::store::contract::violations;
use grantor::store::{Change, Commit, Found, Lookup, MemoryStore, Outcome, Route};
use grantor::{Timestamp, Unavailable};

use crate::faulty::Fault::{self, Reads, Writes};
use crate::faulty::{
    AnyStore, Write, client, each, elsewhere, forget_the_challenge, forgive, instead, is_known, is_open, is_spent,
    leave, only, presented, read, refuse, write,
};
use crate::stores::{HalfKnowing, Unrevoking};

/// Rules, and what each of them must find.
pub type Forbidden = Vec<(&'static str, Vec<Fault>)>;

pub fn all() -> Forbidden {
    [of_finding(), of_changing(), of_preconditions(), of_refusing(), of_wholeness()].into_iter().flatten().collect()
}

/// What is found is what was issued, and nothing else.
fn of_finding() -> Forbidden {
    vec![
        ("an empty store finds nothing", vec![Fault::Store(left_behind)]),
        (
            "what was issued is found with its grant",
            vec![
                Reads(|_, _| Found::default()),
                Reads(|store, lookup| each(store, lookup, |it| Arc::make_mut(&mut it.grant).id = elsewhere())),
                Reads(|store, lookup| each(store, lookup, |it| it.spent_at = Some(Timestamp(0)))),
                Reads(|store, lookup| each(store, lookup, |it| it.revoked = true)),
                Reads(|store, lookup| each(store, lookup, |it| Arc::make_mut(&mut it.credential).grant = elsewhere())),
            ],
        ),
        (
            "records come back as they were stored, in one lookup",
            vec![
                Reads(|store, lookup| client(store, lookup, |it| it.client_name = None)),
                Reads(|store, lookup| client(store, lookup, |it| it.scope = Scope::EMPTY)),
                Reads(|store, lookup| client(store, lookup, |it| it.audience = Audience::Any)),
                Reads(|store, lookup| client(store, lookup, |it| it.resource_server = None)),
                Reads(|store, lookup| client(store, lookup, |it| it.grant_lifetime = None)),
                Reads(|store, lookup| client(store, lookup, forget_the_secret_before)),
                Reads(|store, lookup| each(store, lookup, |it| Arc::make_mut(&mut it.grant).authentication.acr = None)),
                Reads(|store, lookup| each(store, lookup, |it| Arc::make_mut(&mut it.grant).authentication.sid = None)),
                Reads(|store, lookup| {
                    each(store, lookup, |it| Arc::make_mut(&mut it.grant).authentication.amr.clear())
                }),
                Reads(|store, lookup| each(store, lookup, |it| Arc::make_mut(&mut it.grant).data = Claims::default())),
                Reads(|store, lookup| each(store, lookup, |it| Arc::make_mut(&mut it.grant).expires_at = None)),
                Reads(|store, lookup| {
                    each(store, lookup, |it| Arc::make_mut(&mut it.credential).audience = Audience::Any)
                }),
                Reads(|store, lookup| {
                    each(store, lookup, |it| forget_the_challenge(Arc::make_mut(&mut it.credential)))
                }),
                Reads(|store, lookup| match lookup.client() {
                    Some(_) => read(store, lookup).with_request(None),
                    None => read(store, lookup),
                }),
            ],
        ),
        (
            "one digest in two partitions is two of everything",
            vec![
                Reads(|store, lookup| {
                    let found = read(store, lookup);
                    let keys: Vec<_> = found.credentials().iter().map(|it| it.credential.key).collect();
                    let is_before =
                        |one: &Key, other: Key| one.digest == other.digest && one.partition < other.partition;
                    only(store, lookup, |it| !keys.iter().any(|key| is_before(key, it.credential.key)))
                }),
                Writes(|store, commit| {
                    let is_of_the_second = |change: &Change| change.route() == Route::Partition(Partition(2));
                    refuse(store, commit, |it| matches!(it, Change::Witness { .. }) && is_of_the_second(it))
                }),
            ],
        ),
        (
            "the longest values come back as they were stored",
            vec![
                Reads(|store, lookup| each(store, lookup, |it| cut(&mut Arc::make_mut(&mut it.credential).scope))),
                Reads(|store, lookup| client(store, lookup, |it| cut(&mut it.scope))),
                Reads(|store, lookup| each(store, lookup, |it| Arc::make_mut(&mut it.grant).data = Claims::default())),
                Writes(|store, commit| {
                    let is_too_long =
                        |change: &Change| matches!(change, Change::PutClient(it) if it.client_id.as_str().len() > 255);
                    refuse(store, commit, is_too_long)
                }),
            ],
        ),
        (
            "values that mean something to a database come back as they were stored",
            vec![Reads(|store, lookup| {
                let is_quoted = lookup.client().is_some_and(|id| id.as_str().contains('\''));
                if is_quoted { Found::default() } else { read(store, lookup) }
            })],
        ),
        (
            "a timestamp at the end of time stays there",
            vec![
                Reads(|store, lookup| {
                    each(store, lookup, |it| wrap(&mut Arc::make_mut(&mut it.credential).expires_at))
                }),
                Reads(|store, lookup| each(store, lookup, |it| it.spent_at = it.spent_at.filter(|at| !is_late(*at)))),
                Writes(|store, commit| {
                    instead(store, commit, |change| match change {
                        Change::Spend { key, at } if is_late(*at) => Change::Spend { key: *key, at: Timestamp(0) },
                        other => other.clone(),
                    })
                }),
            ],
        ),
        (
            "a lookup finds each of several credentials, and leaves out what is not there",
            vec![
                Reads(|store, lookup| {
                    let first = read(store, lookup).credentials().first().map(|first| first.grant.id);
                    only(store, lookup, |it| Some(it.grant.id) == first)
                }),
                Reads(|store, lookup| {
                    let grant = read(store, lookup).credentials().first().map(|first| Arc::clone(&first.grant));
                    each(store, lookup, |it| it.grant = grant.clone().unwrap())
                }),
                Reads(|store, lookup| {
                    let anybody = || Arc::new(Client::public(ClientId::parse("anybody").unwrap()));
                    let found = read(store, lookup);
                    let client = found.client().cloned().or_else(|| lookup.client().is_none().then(anybody));
                    let credentials = found.credentials().iter().cloned();
                    Found::new(client, credentials).unwrap().with_request(presented(&found, lookup))
                }),
            ],
        ),
        (
            "client ids are compared byte for byte",
            vec![Reads(|store, lookup| {
                let folded = lookup.client().map(|id| ClientId::parse(&id.as_str().to_lowercase()).unwrap());
                let folded = Lookup::new(folded, lookup.credentials().iter().copied()).unwrap();
                read(store, &lookup.request().map_or(folded.clone(), |request| folded.with_request(request)))
            })],
        ),
    ]
}

/// A store with what an earlier run of the suite wrote to it.
fn left_behind() -> AnyStore {
    static STORE: LazyLock<Arc<MemoryStore>> = LazyLock::new(|| {
        let store = Arc::new(MemoryStore::new());
        assert!(!violations(|| Arc::clone(&store)).is_empty(), "one store for all rules breaks some");
        store
    });
    Box::new(Arc::clone(&STORE))
}

/// What a column of 255 characters makes of it.
fn cut(scope: &mut Scope) {
    if scope.as_str().len() > 255 {
        *scope = Scope::EMPTY;
    }
}

fn is_late(at: Timestamp) -> bool {
    at > Timestamp(i64::MAX.unsigned_abs())
}

/// What `as i64` makes of a timestamp, read back as if it were none of the ends.
fn wrap(at: &mut Timestamp) {
    if is_late(*at) {
        *at = Timestamp(0);
    }
}

fn forget_the_secret_before(client: &mut Client) {
    if let RegisteredAuthentication::Secret { previous, .. } = &mut client.authentication {
        *previous = None;
    }
}

/// What a change sets is seen from then on.
fn of_changing() -> Forbidden {
    vec![
        (
            "a spent credential stays visible, with the time of its first use",
            vec![Reads(|store, lookup| only(store, lookup, |it| it.spent_at.is_none()))],
        ),
        (
            "revocation reaches every credential of the grant and no other",
            vec![Reads(|store, lookup| each(store, lookup, |it| it.revoked = false))],
        ),
        (
            "a replaced credential stays spent",
            vec![Reads(|store, lookup| {
                each(store, lookup, |it| it.spent_at = it.spent_at.filter(|_| it.credential.revision == 0))
            })],
        ),
        (
            "a discarded credential is gone, and discarding it again is no error",
            vec![Writes(|store, commit| {
                let is_kept = matches!(commit.changes(), [Change::Discard(_)]);
                if is_kept { Outcome::Applied } else { write(store, commit) }
            })],
        ),
    ]
}

/// A change is forgiven what the rule asks for, or refused though it is met.
fn of_preconditions() -> Forbidden {
    let rule = "whether a credential was spent, and how long ago, can be a condition";
    let breaking: [(_, Write); 23] = [
        ("a grant is opened once", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::Open { .. }))
        }),
        ("a credential is issued once", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::Issue(_)))
        }),
        ("a credential needs its grant", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::Issue(it) if !is_known(store, it.key)))
        }),
        ("a revoked grant issues nothing", |store, commit| {
            let is_open = store.counts().0 > 0;
            forgive(store, commit, |change| matches!(change, Change::Issue(it) if is_open && !is_known(store, it.key)))
        }),
        ("a revoked grant is not opened again", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::Open { grant, .. } if !is_open(store, grant.id)))
        }),
        ("a credential is spent once", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::Spend { .. }))
        }),
        ("an unknown credential cannot be spent", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::Spend { key, .. } if !is_known(store, *key)))
        }),
        (rule, |store, commit| refuse(store, commit, |change| matches!(change, Change::Reuse { .. }))),
        (rule, |store, commit| {
            forgive(
                store,
                commit,
                |change| matches!(change, Change::Reuse { key, since, .. } if is_spent(store, *key) && since.0 > 50),
            )
        }),
        (rule, |store, commit| {
            let is_unspent = |key| is_known(store, key) && !is_spent(store, key);
            forgive(store, commit, |change| matches!(change, Change::Reuse { key, .. } if is_unspent(*key)))
        }),
        (rule, |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::Reuse { key, .. } if !is_known(store, *key)))
        }),
        ("a credential that was spent after a time is not taken for one that was spent before", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::Reuse { until, .. } if until.0 < 50))
        }),
        ("the uses of a spent credential are counted", |store, commit| {
            forgive(store, commit, |change| {
                matches!(change, Change::Reuse { key, at_most, .. }
                if is_spent(store, *key) && *at_most < 9)
            })
        }),
        ("a grant is extended while it holds few enough credentials", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::Extend { at_most, .. } if *at_most < 9))
        }),
        ("a grant is extended while it lives", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::Extend { .. }))
        }),
        ("a credential is replaced by its next revision only", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::Replace(_)))
        }),
        ("an unknown credential cannot be replaced", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::Replace(it) if !is_known(store, it.key)))
        }),
        ("a credential cannot be replaced by one of another grant", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::Replace(it) if !is_of_its_grant(store, it)))
        }),
        ("a credential cannot be replaced by one of another grant", |store, commit| {
            let is_stolen = |it: &Credential| !is_of_its_grant(store, it) && is_open(store, it.grant);
            forgive(store, commit, |change| matches!(change, Change::Replace(it) if is_stolen(it)))
        }),
        ("a credential of a revoked grant cannot be replaced", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::Replace(it) if !is_open(store, it.grant)))
        }),
        ("what was witnessed is noticed", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::Witness { .. }))
        }),
        ("a client is put by revision", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::PutClient(_)))
        }),
        ("a client is removed by revision", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::RemoveClient { .. }))
        }),
    ];
    breaking.map(|(rule, writes)| (rule, vec![Writes(writes)])).into()
}

fn is_of_its_grant(store: &MemoryStore, credential: &Credential) -> bool {
    let found = read(store, &Lookup::of(credential.key));
    found.credential(credential.key).is_some_and(|it| it.grant.id == credential.grant)
}

/// What has no precondition is never refused.
fn of_refusing() -> Forbidden {
    vec![
        (
            "a commit of nothing is applied",
            vec![Writes(|store, commit| match commit.changes() {
                [] => Outcome::Conflict(0),
                _ => write(store, commit),
            })],
        ),
        (
            "revoking an unknown grant is no error",
            vec![Writes(|store, commit| {
                refuse(store, commit, |change| matches!(change, Change::Revoke(_)) && store.counts() == (0, 0))
            })],
        ),
        (
            "a discarded credential is gone, and discarding it again is no error",
            vec![Writes(|store, commit| {
                refuse(store, commit, |change| matches!(change, Change::Discard(key) if !is_known(store, *key)))
            })],
        ),
    ]
}

/// A commit is applied in order, and whole or not at all.
fn of_wholeness() -> Forbidden {
    vec![
        (
            "a credential may be issued by the commit that opens its grant, in this order only",
            vec![Writes(|store, commit| {
                let mut changes = commit.changes().to_vec();
                changes.sort_by_key(|change| !matches!(change, Change::Open { .. }));
                write(store, &Commit::new(changes).unwrap())
            })],
        ),
        (
            "one commit cannot spend a credential twice",
            vec![Writes(|store, commit| leave(store, commit, |change| matches!(change, Change::Spend { .. })))],
        ),
        (
            "a refused commit leaves nothing behind",
            vec![
                Writes(|store, commit| leave(store, commit, |change| matches!(change, Change::Open { .. }))),
                Writes(|store, commit| leave(store, commit, |change| matches!(change, Change::Issue(_)))),
                Writes(|store, commit| leave(store, commit, |change| matches!(change, Change::Replace(_)))),
                Writes(|store, commit| leave(store, commit, |change| matches!(change, Change::Discard(_)))),
                Writes(|store, commit| leave(store, commit, |change| matches!(change, Change::Witness { .. }))),
                Writes(|store, commit| leave(store, commit, |change| matches!(change, Change::Revoke(_)))),
            ],
        ),
        (
            "a change that the store does not know makes it unavailable, and leaves nothing behind",
            vec![
                Fault::Store(|| Box::new(HalfKnowing(MemoryStore::new(), |_, outcome| Ok(outcome)))),
                Fault::Store(|| Box::new(HalfKnowing(MemoryStore::new(), |at, _| Ok(Outcome::Conflict(at))))),
                Fault::Store(|| Box::new(HalfKnowing(MemoryStore::new(), |_, _| Err(Unavailable::new("unknown"))))),
            ],
        ),
        (
            "a refused commit takes back what it did, not what was done before",
            vec![Fault::Store(|| Box::new(Unrevoking::default()))],
        ),
    ]
}
