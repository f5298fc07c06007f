//! What becomes of it with more tokens.

use std::time::{Duration, SystemTime};

use http::StatusCode;

use crate::batch::{Bench, Library as _};
use crate::grantor::Grantor;
use crate::measure::{Samples, in_turns, sample};
use crate::scenario::{self, Operation, Request};

/// As often as there are batches of requests in a sample.
const TIMES: usize = 40;

const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Nanoseconds per request among so many live tokens.
pub struct Crowd {
    pub tokens: usize,
    pub client_credentials: Samples,
    pub check: Samples,
}

/// At 10³ to 10⁶ live tokens.
pub fn crowds(rounds: usize) -> [Crowd; SIZES.len()] {
    let mut worlds = SIZES.map(World::new);
    let mut samples = in_turns::<{ 2 * SIZES.len() }>(rounds, |index| {
        let world = &mut worlds[index % SIZES.len()];
        world.operation = if index < SIZES.len() { Operation::Check } else { Operation::ClientCredentials };
        Some(sample(world, TIMES))
    });
    let mut taken = |index: usize| std::mem::take(&mut samples[index]);
    std::array::from_fn(|size| Crowd {
        tokens: SIZES[size],
        check: taken(size),
        client_credentials: taken(size + SIZES.len()),
    })
}

struct World {
    server: Grantor,
    tokens: Vec<String>,
    operation: Operation,
    requests: Vec<Request>,
}

impl World {
    fn new(count: usize) -> Self {
        let server = Grantor::new();
        let mut world = Self { server, tokens: Vec::new(), operation: Operation::Check, requests: Vec::new() };
        // Some that came before have ended. Their room is used again, as in a server that has run for a while.
        for _ in 0..count / 10 {
            world.issue(&scenario::client_credentials());
        }
        world.tokens.extend((0..count).map(|_| world.server.access_token()));
        world.server.store.purge(SystemTime::now().into());
        world
    }

    /// Issues a token that has ended already, so that the crowd can be kept at its size.
    fn issue(&self, request: &Request) -> StatusCode {
        const LONG_AGO: Duration = Duration::from_secs(3600);
        self.server.token_at(request, SystemTime::now() - LONG_AGO).status()
    }
}

impl Bench for World {
    fn prepare(&mut self, count: usize) {
        let (_, credentials) = self.server.store.counts();
        if credentials > self.tokens.len() + self.tokens.len() / 10 {
            self.server.store.purge(SystemTime::now().into());
        }
        self.requests.extend((0..count).map(|_| match self.operation {
            Operation::Check => scenario::photos(&self.tokens[rand::random_range(..self.tokens.len())]),
            _ => scenario::client_credentials(),
        }));
    }

    fn serve(&mut self) {
        let request = self.requests.pop().expect("as many requests as are served");
        let status = match self.operation {
            Operation::Check => self.server.serve(Operation::Check, request).status(),
            _ => self.issue(&request),
        };
        assert_eq!(status, StatusCode::OK);
    }
}
