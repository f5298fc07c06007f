//! The numbers of other modules, shown in the metrics.

use std::sync::Arc;

use grantor_sqlite::Statistics;

use crate::connections::Connections;
use crate::host::AnyStore;
use crate::log::Log;
use crate::metrics::Metrics;

/// Shows the numbers of the process.
pub fn process(metrics: &Metrics, log: &Log, connections: &Arc<Connections>) {
    let dropped = log.dropped();
    metrics.count("log_lines_dropped", "Lines of the log that were lost.", move || dropped.count());
    let (now, most) = (Arc::clone(connections), Arc::clone(connections));
    metrics.gauge("connections", "Connections that are open.", move || now.len() as u64);
    metrics.gauge("connections_most", "Connections that may be open.", move || most.most() as u64);
}

/// Shows the queues of a store on disk, and its work so far.
pub fn store(metrics: &Metrics, store: &AnyStore) {
    let AnyStore::Sqlite(store) = store else { return };
    let read = |read: fn(Statistics) -> u64| {
        let store = store.clone();
        move || read(store.statistics())
    };
    let gauge = |name, help, number| metrics.gauge(name, help, read(number));
    gauge("store_waiting_commits", "Writes that wait for the writer.", |store| store.waiting_commits as u64);
    gauge("store_waiting_lookups", "Reads that wait for a reader.", |store| store.waiting_lookups as u64);
    let count = |name, help, number| metrics.count(name, help, read(number));
    count("store_refused", "Reads and writes that found their queue full.", |store| store.refused);
    count("store_commits", "Writes that were carried out, or met a conflict.", |store| store.commits);
    count("store_groups", "Transactions that carried them, each with one sync of the disk.", |store| store.groups);
}
