//! What becomes of it with more tokens.

use std::time::{Duration, Instant, SystemTime};

use http::StatusCode;

use crate::batch::{Bench, Library as _};
use crate::chase::Chase;
use crate::grantor::Grantor;
use crate::measure::{Samples, TOGETHER, in_turns, sample, serve};
use crate::scenario::{self, Operation, Request};

/// Longer than a token lives.
const LONG_AGO: Duration = Duration::from_secs(3600);

/// More tokens than a cache holds.
const MANY: usize = 100_000;

const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Nanoseconds per request among so many live tokens.
pub struct Crowd {
    pub tokens: usize,
    pub client_credentials: Samples,
    /// With whatever fits in the caches, as on a server that does nothing else.
    pub check: Samples,
    /// With nothing in the caches.
    pub cold_check: Samples,
}

/// The costs at 10³ to 10⁶ live tokens, and a cache miss beside them, in nanoseconds.
pub struct Crowds {
    pub crowds: Vec<Crowd>,
    pub miss: Samples,
}

const KINDS: usize = 3;

pub fn crowds(rounds: usize) -> Crowds {
    let mut worlds = SIZES.map(World::new);
    let mut chase = Chase::new();
    let mut samples = in_turns::<{ KINDS * SIZES.len() + 1 }>(rounds, |index| {
        let Some(world) = worlds.get_mut(index / KINDS) else { return Some(chase.step()) };
        Some(match index % KINDS {
            0 => world.check(),
            1 => world.cold_check(&chase),
            _ => world.client_credentials(),
        })
    });
    let mut taken = |index: usize| std::mem::take(&mut samples[index]);
    let crowds = SIZES.into_iter().enumerate().map(|(size, tokens)| Crowd {
        tokens,
        check: taken(KINDS * size),
        cold_check: taken(KINDS * size + 1),
        client_credentials: taken(KINDS * size + 2),
    });
    let crowds = crowds.collect();
    Crowds { crowds, miss: taken(KINDS * SIZES.len()) }
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

    /// Every token is presented first, up to a number that no cache holds.
    fn check(&mut self) -> f64 {
        self.operation = Operation::Check;
        let all: Vec<_> = self.tokens.iter().take(MANY).map(|token| scenario::photos(token)).collect();
        let count = all.len();
        self.requests.extend(all);
        (0..count).for_each(|_| self.serve());
        sample(self, 40)
    }

    fn cold_check(&mut self, chase: &Chase) -> f64 {
        self.operation = Operation::Check;
        self.prepare(TOGETHER);
        chase.empty_caches();
        let start = Instant::now();
        serve(self, TOGETHER);
        start.elapsed().as_secs_f64() * 1e9 / TOGETHER as f64
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
