//! The storage contract as a test suite: the memory store keeps it, and each fault of a store is found by the rule that forbids it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod faults;
mod faulty;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use grantor::store::contract::check;
use grantor::store::{MemoryStore, Store};

use faulty::{AnyStore, Down, Slow};

#[test]
fn the_memory_store_keeps_it() {
    check(MemoryStore::new);
}

#[test]
fn each_fault_is_found_by_the_rule_that_forbids_it_and_each_rule_finds_one() {
    let mut found = BTreeSet::new();
    for (rule, faults) in faults::all() {
        for (number, fault) in (1..).zip(faults) {
            assert_eq!(broken_by(|| fault.store()), rule, "fault {number}");
            found.insert(rule.to_owned());
        }
    }
    assert_eq!(found, rules(), "the rules that found a fault, and all of them");
}

/// What the suite says at the first rule that a store breaks, if there is one.
fn finding<S: Store + Sync>(new: impl FnMut() -> S) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(|| check(new))).err()?;
    Some(panic.downcast_ref::<String>().unwrap().clone())
}

fn broken_by<S: Store + Sync>(new: impl FnMut() -> S) -> String {
    let finding = finding(new).expect("the contract finds no fault");
    finding.strip_prefix("the store breaks the rule: ").unwrap().to_owned()
}

/// The names of all rules: each is heard when the store is down for it.
fn rules() -> BTreeSet<String> {
    let heard = (0..).map_while(|rule| {
        let mut stores = (0..).map(|nth| -> AnyStore {
            if nth == rule { Box::new(Down) } else { Box::new(MemoryStore::new()) }
        });
        finding(|| stores.next().unwrap())
    });
    heard.map(|finding| finding.strip_suffix(": unavailable: down").unwrap().to_owned()).collect()
}

#[test]
fn a_slow_store_may_keep_it_too() {
    check(Slow::default);
}
