//! Generates load: connections that each send a request, wait for the response, and send the next.
//!
//! One thread serves them all, and no request costs an allocation, so that the generator needs less of the machine than
//! any server.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::service::http;

/// What connections send, one request after the other.
#[derive(Clone, Debug)]
pub struct Requests {
    /// From the request line up to the body, without `Content-Length` and the empty line.
    pub head: String,
    /// The body, to which a token is appended if there are any.
    pub body: String,
    /// Taken in turn, in an order that jumps about.
    pub tokens: Vec<String>,
    /// What the body of a right response contains, spaces apart.
    pub expect: &'static str,
}

impl Requests {
    /// A form that a client with a secret posts.
    pub fn post(path: &str, credentials: (&str, &str), body: &str) -> Self {
        let authorization = http::basic(credentials);
        let kind = "application/x-www-form-urlencoded";
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: as\r\nAuthorization: {authorization}\r\nContent-Type: {kind}\r\n");
        Self { head, body: body.to_owned(), tokens: Vec::new(), expect: "" }
    }

    /// A form whose last parameter is a token: another one in each request.
    pub fn about(mut self, tokens: &[String]) -> Self {
        self.tokens = tokens.to_vec();
        self
    }

    /// What a right response says.
    pub fn expecting(mut self, expect: &'static str) -> Self {
        self.expect = expect;
        self
    }

    fn write(&self, number: usize, to: &mut Vec<u8>) {
        const STRIDE: usize = 7_919; // a prime
        let token = match self.tokens.len() {
            0 => "",
            len => self.tokens.get(number.wrapping_mul(STRIDE) % len).map_or("", String::as_str),
        };
        to.clear();
        let length = self.body.len() + token.len();
        // A `Vec` takes everything.
        let _ = write!(to, "{}Content-Length: {length}\r\n\r\n{}{token}", self.head, self.body);
    }
}

/// How long to go on, with how many connections.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Each has one request under way.
    pub connections: usize,
    /// When to stop sending.
    pub lasting: Duration,
    /// How many responses are enough.
    pub at_most: usize,
    /// Whether to keep the access tokens that the responses hold.
    pub keep_tokens: bool,
    /// How long a connection pauses after a response that is not 200; without one, such a response ends nothing but is
    /// counted.
    pub pause: Duration,
}

impl Load {
    /// So many connections, for so long.
    pub fn new(connections: usize, lasting: Duration) -> Self {
        Self { connections, lasting, at_most: usize::MAX, keep_tokens: false, pause: Duration::ZERO }
    }

    /// As many tokens as asked for, however long that takes, up to `lasting`.
    pub fn fill(tokens: usize, lasting: Duration) -> Self {
        Self { connections: 64, lasting, at_most: tokens, keep_tokens: true, pause: Duration::from_millis(20) }
    }
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How long each right response took, in microseconds, sorted.
    pub micros: Vec<u32>,
    /// Right responses.
    pub right: usize,
    /// Responses that were not right, by status; 0 for a connection that broke.
    pub wrong: std::collections::BTreeMap<u16, usize>,
    /// Requests that had no answer at the end; each counts among `micros` with the time that it waited.
    pub unanswered: usize,
    /// Access tokens, if they were to be kept.
    pub tokens: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

impl Outcome {
    /// Right responses per second.
    pub fn rate(&self) -> f64 {
        self.right as f64 / self.took.as_secs_f64()
    }

    /// The time, in milliseconds, within which that share of the requests was answered.
    pub fn quantile(&self, share: f64) -> f64 {
        let last = self.micros.len().saturating_sub(1);
        let at = (self.micros.len() as f64 * share) as usize;
        self.micros.get(at.min(last)).map_or(f64::NAN, |&micros| f64::from(micros) / 1_000.0)
    }

    /// What went wrong, in words; empty if nothing did.
    pub fn faults(&self) -> String {
        let mut words: Vec<String> = self
            .wrong
            .iter()
            .map(|(status, count)| match status {
                0 => format!("{count} connections broke"),
                status => format!("{count} × {status}"),
            })
            .collect();
        if self.unanswered > 0 {
            words.push(format!("{} without an answer", self.unanswered));
        }
        words.join(", ")
    }
}

struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    written: usize,
    response: Vec<u8>,
    sent_at: Instant,
    waits_until: Option<Instant>,
}

/// Sends requests until the time is up, and then waits no longer than a tenth of a second for the rest.
pub fn run(to: SocketAddr, requests: &Requests, load: Load) -> io::Result<Outcome> {
    Run::new(to, requests, load)?.run()
}

struct Run<'a> {
    to: SocketAddr,
    requests: &'a Requests,
    load: Load,
    poll: Poll,
    connections: Vec<Connection>,
    next: usize,
    outcome: Outcome,
}

impl<'a> Run<'a> {
    fn new(to: SocketAddr, requests: &'a Requests, load: Load) -> io::Result<Self> {
        let poll = Poll::new()?;
        let connections = (0..load.connections).map(|index| connect(to, &poll, index)).collect::<io::Result<_>>()?;
        Ok(Self { to, requests, load, poll, connections, next: 0, outcome: Outcome::default() })
    }

    fn run(mut self) -> io::Result<Outcome> {
        let start = Instant::now();
        let end = start + self.load.lasting;
        let mut events = Events::with_capacity(1024);
        for index in 0..self.connections.len() {
            self.send(index)?;
        }
        loop {
            let now = Instant::now();
            if now >= end || self.outcome.right >= self.load.at_most {
                break;
            }
            let tick = if self.load.pause.is_zero() { end - now } else { Duration::from_millis(5) };
            match self.poll.poll(&mut events, Some(tick)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for event in &events {
                match self.serve(event.token().0) {
                    // The server has gone: what it had answered counts.
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Ok(self.ended(start)),
                    served => served?,
                }
            }
            if !self.load.pause.is_zero() {
                self.wake()?;
            }
        }
        Ok(self.ended(start))
    }

    fn ended(mut self, start: Instant) -> Outcome {
        self.outcome.took = start.elapsed();
        for connection in self.connections.iter().filter(|connection| connection.waits_until.is_none()) {
            let waited = connection.sent_at.elapsed();
            // What has just been sent is no sign of anything.
            if waited > Duration::from_millis(100) {
                self.outcome.unanswered += 1;
                self.outcome.micros.push(waited.as_micros() as u32);
            }
        }
        self.outcome.micros.sort_unstable();
        self.outcome
    }

    fn wake(&mut self) -> io::Result<()> {
        let now = Instant::now();
        for index in 0..self.connections.len() {
            if self.connections.get(index).and_then(|connection| connection.waits_until).is_some_and(|at| at <= now) {
                self.send(index)?;
            }
        }
        Ok(())
    }

    fn send(&mut self, index: usize) -> io::Result<()> {
        let Some(connection) = self.connections.get_mut(index) else { return Ok(()) };
        self.requests.write(self.next, &mut connection.request);
        self.next += 1;
        connection.written = 0;
        connection.waits_until = None;
        connection.response.clear();
        connection.sent_at = Instant::now();
        match flush(connection) {
            // Not connected yet.
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(()),
            Err(_) => self.reconnect(index),
            Ok(()) => Ok(()),
        }
    }

    fn serve(&mut self, index: usize) -> io::Result<()> {
        let Some(connection) = self.connections.get_mut(index) else { return Ok(()) };
        if connection.waits_until.is_some() {
            return Ok(());
        }
        let read = match flush(connection) {
            Ok(()) => read(connection),
            Err(error) => Err(error),
        };
        if read.is_err() {
            return self.reconnect(index);
        }
        let Some(response) = http::Parsed::of(&connection.response) else { return Ok(()) };
        let body = connection.response.get(response.body.clone()).unwrap_or_default();
        let right = response.status == 200 && says(body, self.requests.expect);
        if right {
            self.outcome.right += 1;
            if self.load.keep_tokens {
                self.outcome.tokens.extend(http::member(body, "access_token"));
            } else {
                self.outcome.micros.push(connection.sent_at.elapsed().as_micros() as u32);
            }
        } else {
            *self.outcome.wrong.entry(response.status).or_default() += 1;
        }
        if !right && !self.load.pause.is_zero() {
            connection.waits_until = Some(Instant::now() + self.load.pause);
        }
        match (response.closes, right || self.load.pause.is_zero()) {
            (true, true) => self.reopen(index),
            (true, false) => self.renew(index),
            (false, true) => self.send(index),
            (false, false) => Ok(()),
        }
    }

    /// After a connection broke.
    fn reconnect(&mut self, index: usize) -> io::Result<()> {
        *self.outcome.wrong.entry(0).or_default() += 1;
        self.renew(index)?;
        let pause = self.load.pause.max(Duration::from_millis(5));
        if self.load.pause.is_zero() {
            // Without a pause nobody wakes it: this slows down everyone, and shows in the figures, as it should.
            std::thread::sleep(pause);
            return self.send(index);
        }
        if let Some(connection) = self.connections.get_mut(index) {
            connection.waits_until = Some(Instant::now() + pause);
        }
        Ok(())
    }

    fn reopen(&mut self, index: usize) -> io::Result<()> {
        self.renew(index)?;
        self.send(index)
    }

    fn renew(&mut self, index: usize) -> io::Result<()> {
        let fresh = connect(self.to, &self.poll, index)?;
        if let Some(connection) = self.connections.get_mut(index) {
            let waits_until = connection.waits_until;
            *connection = Connection { waits_until, ..fresh };
        }
        Ok(())
    }
}

fn connect(to: SocketAddr, poll: &Poll, index: usize) -> io::Result<Connection> {
    let mut stream = TcpStream::connect(to)?;
    let _ = stream.set_nodelay(true); // which fails while it connects on some systems, and then only costs time
    poll.registry().register(&mut stream, Token(index), Interest::READABLE | Interest::WRITABLE)?;
    let sent_at = Instant::now();
    Ok(Connection { stream, request: Vec::new(), written: 0, response: Vec::new(), sent_at, waits_until: None })
}

fn flush(connection: &mut Connection) -> io::Result<()> {
    while let Some(rest) = connection.request.get(connection.written..).filter(|rest| !rest.is_empty()) {
        match connection.stream.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => connection.written += written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::NotConnected => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn read(connection: &mut Connection) -> io::Result<()> {
    let mut buffer = [0; 8192];
    loop {
        match connection.stream.read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                connection.response.extend_from_slice(buffer.get(..read).unwrap_or_default());
                // mio tells of each edge once: whoever stops early must know that there is no more.
                if read < buffer.len() {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Whether the body contains those words; what lies between a member's name and its value does not count.
fn says(body: &[u8], words: &str) -> bool {
    words.is_empty()
        || memchr::memmem::find(body, words.as_bytes()).is_some()
        || memchr::memmem::find(body, words.replace(':', ": ").as_bytes()).is_some()
}
