//! The contract of stores that forget clients: the memory store keeps it, and each rule finds the faults that it
//! forbids.

use std::collections::BTreeSet;

use grantor::model::ClientId;
use grantor::record::Client;
use grantor::store::contract::Contract;
use grantor::store::{Change, Commit, Found, Lookup, MemoryStore, Outcome, PurgeClients, Store};
use grantor::{Timestamp, Unavailable};

use crate::faulty::{names, write};

#[test]
fn the_memory_store_keeps_it() {
    Contract::new().with_client_purging().check(MemoryStore::new);
}

#[test]
fn each_fault_is_found_by_the_rule_that_forbids_it_and_each_rule_finds_one() {
    let of_every_store: BTreeSet<_> = Contract::<MemoryStore>::new().rules().collect();
    let mut found = BTreeSet::new();
    for (rule, fault) in faults() {
        let only = Contract::new().with_client_purging().only(|it| it == rule);
        assert_eq!(names(&only.violations(|| Forgetful::new(fault))), [rule]);
        found.insert(rule);
    }
    let all = Contract::<MemoryStore>::new().with_client_purging();
    assert_eq!(found, all.rules().filter(|rule| !of_every_store.contains(rule)).collect());
}

type Forget = fn(&Forgetful, Timestamp, usize) -> Result<usize, Unavailable>;

/// A store in memory that is wrong about which clients it forgets.
struct Forgetful {
    store: MemoryStore,
    forget: Forget,
}

impl Forgetful {
    fn new(forget: Forget) -> Self {
        Self { store: MemoryStore::new(), forget }
    }

    fn client(&self, name: &str) -> Option<Client> {
        let lookup = Lookup::of_client(ClientId::parse(name).unwrap());
        Store::lookup(&self.store, &lookup).unwrap().client().map(|client| (**client).clone())
    }

    fn remove(&self, name: &str) -> usize {
        let Some(Client { client_id, revision, .. }) = self.client(name) else { return 0 };
        let _ = write(&self.store, &Commit::of(Change::RemoveClient { client_id, revision }));
        1
    }
}

impl Store for Forgetful {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.store, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        Ok(write(&self.store, commit))
    }
}

impl PurgeClients for Forgetful {
    fn purge_clients(&self, registered_by: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        (self.forget)(self, registered_by, limit)
    }
}

fn faults() -> Vec<(&'static str, Forget)> {
    vec![
        ("a client that registered itself is forgotten when its time is over, and not before", |_, _, _| Ok(0)),
        ("a client that registered itself is forgotten when its time is over, and not before", |it, by, limit| {
            it.store.purge_clients(Timestamp(by.0 + 1), limit)
        }),
        ("a client that has a grant is not forgotten, not even after its revocation", |it, by, _| {
            Ok(if by.0 >= 100 { it.remove("client") } else { 0 })
        }),
        ("the grants of others do not keep a client", |it, by, limit| {
            let has_grants = it.store.counts().0 > 0;
            if has_grants { Ok(0) } else { it.store.purge_clients(by, limit) }
        }),
        ("a client of the operator is never forgotten", |it, _, _| Ok(it.remove("client"))),
        ("a client of the operator is never forgotten", |it, _, _| Ok(it.remove("vouched for"))),
        (
            "a client is judged by its record as it is now",
            |it, _, _| Ok(it.remove("another") + it.remove("client") - 1),
        ),
        ("so many clients are forgotten at a time as was said, and in the end all of them", |it, by, _| {
            it.store.purge_clients(by, 1000)
        }),
        ("so many clients are forgotten at a time as was said, and in the end all of them", |it, by, limit| {
            it.store.purge_clients(by, limit.min(2))
        }),
    ]
}
