//! The stores of this crate keep the storage contract.

use grantor::store::MemoryStore;

#[test]
fn the_memory_store_keeps_the_contract() {
    grantor::store::contract::check(MemoryStore::new);
}
