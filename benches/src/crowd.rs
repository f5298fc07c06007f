//! What becomes of it with more tokens.

use std::time::{Duration, SystemTime};

use http::StatusCode;

use crate::batch::{Bench, Library as _};
use crate::grantor::Grantor;
use crate::measure::{Samples, in_turns, sample};
use crate::scenario::{self, Operation, Request};

/// Longer than a token lives.
const LONG_AGO: Duration = Duration::from_secs(3600);

const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Nanoseconds per request among so many live tokens.
pub struct Crowd {
    pub tokens: usize,
    pub client_credentials: Samples,
    pub check: Samples,
}

/// The cost at 10³ to 10⁶ live tokens.
pub fn crowds(rounds: usize) -> [Crowd; SIZES.len()] {
    let mut worlds = SIZES.map(World::new);
    let mut samples = in_turns::<{ 2 * SIZES.len() }>(rounds, |index| {
        let world = &mut worlds[index % SIZES.len()];
        Some(if index < SIZES.len() { world.check() } else { world.client_credentials() })
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
        let tokens = (0..count).map(|_| server.access_token()).collect();
        Self { server, tokens, operation: Operation::Check, requests: Vec::new() }
    }

    /// The requests that do not count are enough to present each of 10³ tokens.
    fn check(&mut self) -> f64 {
        self.operation = Operation::Check;
        sample(self, 40)
    }

    /// These add tokens, which have ended already: few beside those that live, and forgotten before the next time. To
    /// forget is to go through all, so that a small world is in the caches, as it is when it is alone.
    fn client_credentials(&mut self) -> f64 {
        self.operation = Operation::ClientCredentials;
        self.server.store.purge(SystemTime::now().into());
        assert_eq!(self.server.store.counts().1, self.tokens.len(), "the crowd lives");
        sample(self, 2)
    }
}

impl Bench for World {
    fn prepare(&mut self, count: usize) {
        self.requests.extend((0..count).map(|_| match self.operation {
            Operation::Check => scenario::photos(&self.tokens[rand::random_range(..self.tokens.len())]),
            _ => scenario::client_credentials(),
        }));
    }

    fn serve(&mut self) {
        let request = self.requests.pop().expect("as many requests as are served");
        let status = match self.operation {
            Operation::Check => self.server.serve(Operation::Check, request).status(),
            _ => self.server.token_at(&request, SystemTime::now() - LONG_AGO).status(),
        };
        assert_eq!(status, StatusCode::OK);
    }
}
