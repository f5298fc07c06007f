//! The open connections, and the choice of the one that makes room for another.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The time to wait for the socket of a closed connection before another is closed.
const PATIENCE: Duration = Duration::from_millis(50);

/// The open connections: never more than the limit.
#[derive(Debug)]
pub struct Connections {
    started: Instant,
    most: usize,
    places: Arc<Semaphore>,
    by_address: Mutex<ByAddress>,
    next: AtomicU64,
}

/// The time at which a connection began to idle, in microseconds, and its number.
type Turn = (u64, u64);

#[derive(Debug, Default)]
struct ByAddress {
    connections: HashMap<IpAddr, BTreeMap<Turn, Arc<Connection>>>,
    /// The number of connections of each address, so that the one with the most is found.
    counts: BTreeSet<(usize, IpAddr)>,
}

/// A connection, as its own task and the others see it.
#[derive(Debug)]
pub struct Connection {
    /// The start of the time that it idles: its opening, or the end of its last answer.
    since: AtomicU64,
    /// The connection's place in the order of its address. Written under that lock.
    turn: AtomicU64,
    /// True while a whole request waits for the server's answer.
    is_served: AtomicBool,
    asked_to: AtomicU8,
    changed: Notify,
}

/// The request to a connection to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Close at once.
    Now = 1,
    /// Close after the answer that is under way, if there is one.
    AfterAnswer = 2,
}

/// A place among the connections, given back when dropped.
#[derive(Debug)]
pub struct Place {
    connections: Arc<Connections>,
    address: IpAddr,
    number: u64,
    connection: Arc<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl Connections {
    /// Creates an empty set with this limit.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            started: Instant::now(),
            most,
            places: Arc::new(Semaphore::new(most)),
            by_address: Mutex::default(),
            next: AtomicU64::new(0),
        }
    }

    /// Makes a place for a connection from this address. If all are taken, the connection that has idled longest is
    /// closed, among those of the address that has the most, so that an address that opens many gives up its own.
    ///
    /// Returns the number of connections that were closed.
    pub async fn place(self: &Arc<Self>, address: IpAddr) -> (Place, u64) {
        // A whole IPv6 network is as easy to get as one address.
        let address = match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() & (u128::MAX << 64)).into()),
            address => address,
        };
        let mut closed = 0;
        let permit = loop {
            if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
                break permit;
            }
            closed += u64::from(self.close_one());
            // The place is free only once the socket is closed. If all are being answered, one of them will idle soon.
            if let Ok(Ok(permit)) = tokio::time::timeout(PATIENCE, Arc::clone(&self.places).acquire_owned()).await {
                break permit;
            }
        };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let since = self.now();
        let connection = Arc::new(Connection {
            since: AtomicU64::new(since),
            turn: AtomicU64::new(since),
            is_served: AtomicBool::new(false),
            asked_to: AtomicU8::new(0),
            changed: Notify::new(),
        });
        self.lock().insert(address, (since, number), Arc::clone(&connection));
        (Place { connections: Arc::clone(self), address, number, connection, _permit: permit }, closed)
    }

    /// Closes the connection that has idled longest; returns false if none idles.
    pub fn close_one(&self) -> bool {
        match self.lock().idlest(self.now()) {
            Some(connection) => {
                connection.end(End::Now);
                true
            }
            None => false,
        }
    }

    /// Asks all connections to end.
    pub fn end(&self, how: End) {
        for connection in self.lock().connections.values().flat_map(BTreeMap::values) {
            connection.end(how);
        }
    }

    /// The limit.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }

    /// The number of open connections.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().connections.values().map(BTreeMap::len).sum()
    }

    /// True if no connection is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().connections.is_empty()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, ByAddress> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ByAddress {
    fn insert(&mut self, address: IpAddr, turn: Turn, connection: Arc<Connection>) {
        self.change(address, |theirs| drop(theirs.insert(turn, connection)));
    }

    fn change<T>(&mut self, address: IpAddr, change: impl FnOnce(&mut BTreeMap<Turn, Arc<Connection>>) -> T) -> T {
        let theirs = self.connections.entry(address).or_default();
        let before = theirs.len();
        let changed = change(theirs);
        let after = theirs.len();
        if after != before {
            self.counts.remove(&(before, address));
            match after {
                0 => drop(self.connections.remove(&address)),
                _ => drop(self.counts.insert((after, address))),
            }
        }
        changed
    }

    /// Finds the connection to close, and removes it. A connection's place in the order is corrected when it comes up,
    /// and not at each of its requests.
    fn idlest(&mut self, now: u64) -> Option<Arc<Connection>> {
        let (_, most) = *self.counts.last()?;
        self.change(most, |theirs| idlest(theirs, now)).or_else(|| {
            let addresses: Vec<IpAddr> = self.counts.iter().rev().map(|(_, address)| *address).collect();
            addresses.into_iter().find_map(|address| self.change(address, |theirs| idlest(theirs, now)))
        })
    }
}

fn idlest(theirs: &mut BTreeMap<Turn, Arc<Connection>>, now: u64) -> Option<Arc<Connection>> {
    for _ in 0..theirs.len() {
        let ((turn, number), connection) = theirs.pop_first()?;
        let since = connection.since.load(Ordering::Acquire);
        let is_served = connection.is_served.load(Ordering::Acquire);
        if turn == since && !is_served {
            return Some(connection);
        }
        let turn = if is_served { now } else { since };
        connection.turn.store(turn, Ordering::Relaxed);
        theirs.insert((turn, number), connection);
    }
    // Each was busy when looked at first, or has had a request since; by now the order is right.
    let turn =
        theirs.iter().find(|(_, connection)| !connection.is_served.load(Ordering::Acquire)).map(|(turn, _)| *turn);
    turn.and_then(|turn| theirs.remove(&turn))
}

impl Connection {
    fn end(&self, how: End) {
        // A connection that is to close at once is not asked to wait.
        if self.asked_to.swap(how as u8, Ordering::AcqRel) == End::Now as u8 {
            self.asked_to.store(End::Now as u8, Ordering::Release);
        }
        self.changed.notify_one();
    }

    /// Waits until the connection is asked to end.
    pub async fn asked_to_end(&self) -> End {
        loop {
            self.changed.notified().await;
            match self.asked_to.load(Ordering::Acquire) {
                1 => return End::Now,
                2 => return End::AfterAnswer,
                _ => {}
            }
        }
    }
}

impl Place {
    /// The connection in this place.
    #[must_use]
    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Notes that a whole request has arrived, so that the connection waits for the server until the returned guard is
    /// dropped.
    #[must_use]
    pub fn serve(&self) -> Served<'_> {
        self.connection.is_served.store(true, Ordering::Release);
        Served { place: self }
    }
}

/// A guard that lives while the server owes an answer.
#[derive(Debug)]
pub struct Served<'a> {
    place: &'a Place,
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        let Place { connection, connections, .. } = self.place;
        connection.since.store(connections.now(), Ordering::Release);
        connection.is_served.store(false, Ordering::Release);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_address = self.connections.lock();
        let turn = (self.connection.turn.load(Ordering::Relaxed), self.number);
        by_address.change(self.address, |theirs| theirs.remove(&turn));
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::pin::pin;

    use tokio::time::timeout;

    use super::*;

    const CROWD: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    async fn is_ended(place: &Place) -> bool {
        timeout(Duration::from_millis(1), place.connection().asked_to_end()).await.is_ok()
    }

    #[tokio::test]
    async fn whoever_has_most_makes_room_with_what_has_idled_longest() {
        let connections = Arc::new(Connections::new(4));
        let other = connections.place(OTHER).await.0;
        let first = connections.place(CROWD).await.0;
        let second = connections.place(CROWD).await.0;
        let third = connections.place(CROWD).await.0;
        drop(first.serve());
        let mut newcomer = pin!(connections.place(OTHER));
        assert!(timeout(Duration::from_millis(1), newcomer.as_mut()).await.is_err(), "the socket is open still");
        assert!(is_ended(&second).await, "it has idled longest of those");
        drop(second);
        assert_eq!(newcomer.await.1, 1);
        assert!(!is_ended(&other).await && !is_ended(&first).await && !is_ended(&third).await);
    }

    #[tokio::test]
    async fn what_is_being_served_is_not_closed() {
        let connections = Arc::new(Connections::new(2));
        let (first, second) = (connections.place(CROWD).await.0, connections.place(OTHER).await.0);
        let (serving, also_serving) = (first.serve(), second.serve());
        assert!(!connections.close_one());
        drop(also_serving);
        assert!(connections.close_one());
        assert!(is_ended(&second).await && !is_ended(&first).await);
        drop(serving);
    }

    #[tokio::test]
    async fn what_is_gone_is_forgotten() {
        let connections = Arc::new(Connections::new(2));
        for _ in 0..10 {
            let (place, closed) = connections.place(CROWD).await;
            drop(place.serve());
            assert!(!place.connections.is_empty() && closed == 0);
        }
        assert!(connections.is_empty() && connections.lock().counts.is_empty());
    }

    #[tokio::test]
    async fn a_network_of_ipv6_counts_as_one_address() {
        let connections = Arc::new(Connections::new(3));
        let address = |last| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last));
        let other = connections.place(OTHER).await.0;
        let theirs = [connections.place(address(1)).await.0, connections.place(address(2)).await.0];
        assert!(connections.close_one());
        assert!(is_ended(&theirs[0]).await && !is_ended(&other).await);
    }
}
