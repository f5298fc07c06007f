//! The storage contract as a test suite: the memory store keeps it, and each fault of a store is found by the rule that
//! forbids it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

#[path = "../common/executor.rs"]
#[allow(dead_code, reason = "it has more than is needed here")]
mod executor;

mod asynchronous;
mod client_purging;
mod faults;
mod faulty;
mod grants;
mod handles;
mod purging;
mod race_faults;
mod request_faults;
mod stores;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use grantor::store::MemoryStore;
use grantor::store::contract::{Contract, check, violations};

use faulty::names;
use stores::{Down, Slow};

#[test]
fn the_memory_store_keeps_it() {
    check(MemoryStore::new);
    assert!(violations(MemoryStore::new).is_empty());
}

#[test]
fn r94_each_fault_is_found_by_the_rule_that_forbids_it_and_each_rule_finds_one() {
    let mut found = BTreeSet::new();
    for (rule, faults) in faults::all().into_iter().chain(request_faults::all()).chain(race_faults::all()) {
        for (number, fault) in (1..).zip(faults) {
            let broken = names(&Contract::new().only(|it| it == rule).violations(|| fault.store()));
            assert_eq!(broken, [rule], "fault {number} of {rule}");
            found.insert(rule);
        }
    }
    assert_eq!(
        found,
        names(&violations(|| Down)).into_iter().collect(),
        "the rules that found a fault, and all of them"
    );
}

#[test]
fn a_finding_names_every_broken_rule_and_why_the_store_could_not_be_asked() {
    let panic = catch_unwind(AssertUnwindSafe(|| check(|| Down))).unwrap_err();
    let finding = panic.downcast_ref::<String>().unwrap();
    let lines: Vec<_> = finding.lines().skip(1).collect();
    let rules = names(&violations(|| Down));
    assert_eq!(lines, rules.iter().map(|rule| format!("- {rule} (unavailable: down)")).collect::<Vec<_>>());
    assert!(rules.len() > 40);
}

#[test]
fn a_slow_store_may_keep_it_too() {
    check(Slow::default);
}
