//! What becomes of it with more threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use http::StatusCode;

use crate::batch::Library as _;
use crate::grantor::Grantor;
use crate::measure::{Spread, TOGETHER, in_turns};
use crate::oauth_as::OauthAs;
use crate::scenario::{self, Request};

/// So often each store serves [`TOGETHER`] requests, however many threads share the work; and as often before.
const TIMES: usize = 200;

/// How many times as many client-credentials requests two threads serve as one thread does: on one store, and, to know
/// what the machine can do at all just now, on a store each.
pub fn two_threads(rounds: usize) -> [(&'static str, Spread); 3] {
    let measurements =
        [|| grantor(1, 1), || grantor(1, 2), || grantor(2, 2), || oauth_as(1), || oauth_as(2)] as [fn() -> f64; 5];
    let [alone, shared, apart, oauth_as_alone, oauth_as_shared] = in_turns(rounds, |index| Some(measurements[index]()));
    [
        ("grantor", shared.over(&alone)),
        ("grantor and a store for each thread", apart.over(&alone)),
        ("oauth-as", oauth_as_shared.over(&oauth_as_alone)),
    ]
}

fn grantor(stores: usize, threads: usize) -> f64 {
    let servers: Vec<_> = (0..stores).map(|_| Grantor::new()).collect();
    speed(&servers, threads, |server, request| server.token(&request).status())
}

fn oauth_as(threads: usize) -> f64 {
    speed(&[OauthAs::new()], threads, |server, request| server.handle(request).status())
}

/// Requests per second, of all threads.
fn speed<S: Sync>(servers: &[S], threads: usize, serve: fn(&S, Request) -> StatusCode) -> f64 {
    let times = TIMES * servers.len() / threads;
    let arrived = AtomicUsize::new(0);
    let arrived = &arrived;
    let work = |server| {
        let mut elapsed = Duration::ZERO;
        for time in 0..2 * times {
            let requests: Vec<_> = (0..TOGETHER).map(|_| scenario::client_credentials()).collect();
            meet(arrived, threads * (time + 1));
            let start = Instant::now();
            requests.into_iter().for_each(|request| assert_eq!(serve(server, request), StatusCode::OK));
            if time >= times {
                elapsed += start.elapsed();
            }
        }
        (times * TOGETHER) as f64 / elapsed.as_secs_f64()
    };
    thread::scope(|scope| {
        let workers: Vec<_> =
            servers.iter().cycle().take(threads).map(|server| scope.spawn(move || work(server))).collect();
        workers.into_iter().map(|worker| worker.join().expect("no panic")).sum()
    })
}

/// Waits until all are ready, since only what they serve at the same time tells. Whoever slept would come late.
fn meet(arrived: &AtomicUsize, all: usize) {
    arrived.fetch_add(1, Ordering::SeqCst);
    while arrived.load(Ordering::SeqCst) < all {
        thread::yield_now();
    }
}
