//! What goes wrong while the hosts work.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::hosts::Hosts;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// A host is killed by SIGKILL and starts again.
    Hosts,
    /// The database ends at once, and starts again.
    Database,
    /// Connections to the database are slow, and are cut.
    Network,
}

impl Fault {
    pub(crate) const ALL: [Self; 4] = [Self::None, Self::Hosts, Self::Database, Self::Network];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "nothing goes wrong",
            Self::Hosts => "hosts are killed",
            Self::Database => "the database ends at once and starts again",
            Self::Network => "connections to the database are slow and are cut",
        }
    }

    /// Lets it happen, over and over, until the work is done. Returns how often it happened.
    pub(crate) fn happen(self, hosts: &Hosts, proxy: &Proxy, restart: &str, is_done: &AtomicBool) -> io::Result<usize> {
        let mut times = 0;
        while !is_done.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(rand::random_range(300..1500)));
            match self {
                Self::None => continue,
                Self::Hosts => hosts.kill(rand::random_range(..hosts.len()))?,
                Self::Database => {
                    let status = Command::new("sh").args(["-c", restart]).status()?;
                    if !status.success() {
                        return Err(io::Error::other(format!("the database does not start again: {status}")));
                    }
                    thread::sleep(Duration::from_secs(1));
                }
                Self::Network => proxy.cut(),
            }
            times += 1;
        }
        Ok(times)
    }
}

/// A proxy before the database.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    connections: Arc<Mutex<Vec<TcpStream>>>,
    /// The most milliseconds that a part of an answer takes.
    slowness: Arc<AtomicUsize>,
}

impl Proxy {
    /// Listens, for as long as the program runs.
    pub(crate) fn start(socket: String) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let (connections, slowness) = (Arc::<Mutex<Vec<TcpStream>>>::default(), Arc::<AtomicUsize>::default());
        let (all, slow) = (Arc::clone(&connections), Arc::clone(&slowness));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // If the database is down, so is the connection.
                let Ok(database) = UnixStream::connect(&socket) else { continue };
                if let Ok(client) = client.try_clone() {
                    all.lock().unwrap_or_else(PoisonError::into_inner).push(client);
                }
                let slow = Arc::clone(&slow);
                thread::spawn(move || between(&client, &database, &slow));
            }
        });
        Ok(Self { port, connections, slowness })
    }

    /// Makes the connections slow by up to so many milliseconds.
    pub(crate) fn slow_down(&self, milliseconds: usize) {
        self.slowness.store(milliseconds, Ordering::SeqCst);
    }

    /// Cuts all connections.
    pub(crate) fn cut(&self) {
        for connection in self.connections.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

fn between(client: &TcpStream, database: &UnixStream, slowness: &AtomicUsize) {
    thread::scope(|scope| {
        scope.spawn(|| {
            copy(client, database, slowness);
            let _ = database.shutdown(Shutdown::Both);
        });
        copy(database, client, slowness);
        let _ = client.shutdown(Shutdown::Both);
    });
}

fn copy<'a, R, W>(mut from: &'a R, mut to: &'a W, slowness: &AtomicUsize)
where
    &'a R: io::Read,
    &'a W: io::Write,
{
    let mut part = [0; 8192];
    while let Ok(length @ 1..) = from.read(&mut part) {
        let most = slowness.load(Ordering::SeqCst);
        if most > 0 {
            thread::sleep(Duration::from_millis(rand::random_range(0..=most) as u64));
        }
        if part.get(..length).is_none_or(|part| to.write_all(part).is_err()) {
            return;
        }
    }
}
