//! What becomes of it with more threads, and with more tokens.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use crate::batch::Library as _;
use crate::grantor::Grantor;
use crate::measure::Spread;
use crate::oauth_as::OauthAs;
use crate::scenario::{self, Operation, Request};

/// How many times as many client-credentials requests two threads serve as one thread does: on one store, and, to know what
/// the machine can do at all just now, on a store each.
pub fn two_threads(rounds: usize) -> [(&'static str, Spread); 3] {
    let mut samples = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..rounds {
        let servers = [Grantor::new(), Grantor::new()];
        let shared = |_, request| drop(servers[0].token(&request));
        let apart = |thread: usize, request| drop(servers[thread].token(&request));
        let alone = speed(1, shared);
        samples[0].push(speed(2, shared) / alone);
        samples[1].push(speed(2, apart) / alone);
        let server = OauthAs::new();
        let shared = |_, request| drop(server.handle(request));
        let alone = speed(1, shared);
        samples[2].push(speed(2, shared) / alone);
    }
    let [grantor, apart, oauth_as] = samples.map(Spread::of);
    [("grantor", grantor), ("grantor and a store for each thread", apart), ("oauth-as", oauth_as)]
}

/// Requests per second.
fn speed(threads: usize, serve: impl Fn(usize, Request) + Sync) -> f64 {
    const REQUESTS: usize = 20_000;
    let ready = Barrier::new(threads + 1);
    let (ready, serve) = (&ready, &serve);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let requests: Vec<_> = (0..REQUESTS).map(|_| scenario::client_credentials()).collect();
                    ready.wait();
                    requests.into_iter().for_each(|request| serve(thread, request));
                })
            })
            .collect();
        ready.wait();
        let start = Instant::now();
        workers.into_iter().for_each(|worker| worker.join().expect("no panic"));
        (threads * REQUESTS) as f64 / start.elapsed().as_secs_f64()
    })
}

/// The cost of a request among so many live tokens.
pub struct Crowd {
    pub tokens: usize,
    pub client_credentials: Spread,
    pub check: Spread,
}

const REQUESTS: usize = 2_000;

/// Nanoseconds per request at 10³ to 10⁶ live tokens.
pub fn crowds(rounds: usize) -> Vec<Crowd> {
    let mut worlds: Vec<_> = [1_000, 10_000, 100_000, 1_000_000].map(world).into();
    let mut samples: Vec<_> = worlds.iter().map(|_| (Vec::new(), Vec::new())).collect();
    for round in 0..rounds {
        for (world, (client_credentials, check)) in worlds.iter_mut().zip(&mut samples) {
            check.push(world.check(round));
            // These add tokens: few, beside those that are there.
            client_credentials.push(world.client_credentials());
        }
    }
    let spread = |(client_credentials, check)| (Spread::of(client_credentials), Spread::of(check));
    let spreads = samples.into_iter().map(spread);
    worlds
        .iter()
        .zip(spreads)
        .map(|(world, (client_credentials, check))| Crowd { tokens: world.tokens, client_credentials, check })
        .collect()
}

struct World {
    server: Grantor,
    tokens: usize,
    /// Some of them.
    present: Vec<String>,
}

fn world(tokens: usize) -> World {
    let server = Grantor::new();
    let every = tokens.div_ceil(50_000);
    let issued = (0..tokens).map(|_| server.access_token()).enumerate();
    let present = issued.filter(|(number, _)| number % every == 0).map(|(_, token)| token).collect();
    World { server, tokens, present }
}

impl World {
    fn check(&mut self, round: usize) -> f64 {
        let tokens = self.present.iter().cycle().skip(round * REQUESTS % self.present.len()).take(REQUESTS);
        let requests: Vec<_> = tokens.map(|token| scenario::photos(token)).collect();
        let start = Instant::now();
        for request in requests {
            black_box(self.server.serve(Operation::Check, request));
        }
        per_request(start)
    }

    fn client_credentials(&mut self) -> f64 {
        let count = REQUESTS.min(self.tokens / 50);
        let requests: Vec<_> = (0..count).map(|_| scenario::client_credentials()).collect();
        let start = Instant::now();
        for request in requests {
            black_box(self.server.token(&request));
        }
        start.elapsed().as_secs_f64() * 1e9 / count as f64
    }
}

fn per_request(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e9 / REQUESTS as f64
}
