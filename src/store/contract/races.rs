//! Of many racers that want the same, one wins; and whoever wants something else gets it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Barrier;
use std::thread;

use super::records::{
    extend, grant, issue, issue_in, key, open, open_as, open_in, put, put_request, replace, request, request_key,
    revoke, spend, spend_request, user_code, witness,
};
use super::trial::{Rule, Trial, commit_of};
use crate::effect::Unavailable;
use crate::model::Timestamp;
use crate::record::{Grant, PendingRequest};
use crate::store::{Change, Lookup, Outcome, RequestKey, Store};

/// How often a racer asks again when the store is unavailable: a transaction that a database gave up is so answered.
const ATTEMPTS: u16 = 20;

pub(super) fn rules<S: Store + Sync>() -> Vec<Rule<S>> {
    vec![
        ("one of many threads opens a grant", |t| {
            t.rounds().all(|round| {
                let attempt = |racer| vec![open_as(grant_by(round, racer)), issue(round, 10 + racer)];
                one_wins(t, attempt) && one(t, |racer| t.has(key(round, 10 + racer)))
            })
        }),
        ("one of many threads issues a credential", |t| {
            t.rounds().all(|round| t.applied([open(round)]) && one_wins(t, |_| vec![issue(round, 1)]))
        }),
        ("one of many threads spends a credential", |t| t.rounds().all(|round| spends_once(t, &[t.store], round))),
        ("one of many threads replaces a credential", |t| {
            t.rounds().all(|round| {
                let ready = t.applied([open(round), issue(round, 1)]) && t.applied([replace(round, 1, 1)]);
                ready && one_wins(t, |_| vec![replace(round, 1, 2)]) && t.revision(key(round, 1)) == Some(2)
            })
        }),
        ("one of many threads decides a request", |t| {
            t.rounds().all(|round| {
                let attempt = |racer| {
                    let grant = 10 + racer;
                    vec![spend_request(round, 1, 50), open_in(round, grant), issue_in(round, grant, grant)]
                };
                let is_ready = t.applied([put_request(request(round, 1))]);
                is_ready && one_wins(t, attempt) && one(t, |racer| t.has(key(round, 10 + racer)))
            })
        }),
        ("one of many threads takes a user code", |t| {
            t.rounds().all(|round| {
                let taken = Some(user_code(round, 1));
                let attempt =
                    |racer| vec![put_request(PendingRequest { user_code: taken, ..request(round, 10 + racer) })];
                let has = |racer| t.request(RequestKey::Key(request_key(round, 10 + racer))).is_some();
                one_wins(t, attempt) && one(t, has)
            })
        }),
        ("one of many threads puts a request anew", |t| {
            t.rounds().all(|round| {
                let next = || PendingRequest { revision: 1, ..request(round, 1) };
                t.applied([put_request(request(round, 1))]) && one_wins(t, |_| vec![put_request(next())])
            })
        }),
        ("one of many threads witnesses first", |t| t.rounds().all(|round| one_wins(t, |_| vec![witness(round, 1)]))),
        ("one of many threads changes a client", |t| {
            t.rounds().all(|round| one_wins(t, |_| vec![put(u32::from(round - 1))]))
        }),
        ("nothing is issued once a revocation was applied, however they race", |t| {
            t.rounds().all(|round| {
                // Racer 0 revokes and the others issue.
                let attempt = |racer| if racer == 0 { vec![revoke(round)] } else { vec![issue(round, racer)] };
                let is_dead = |racer| !t.has(key(round, racer)) || t.revoked(key(round, racer));
                let raced = t.applied([open(round)]) && race(t, &[t.store], attempt).first() == Some(&true);
                raced && (1..t.racers()).all(is_dead) && t.conflict([issue(round, u16::MAX)], 0)
            })
        }),
        ("a revocation stays, however it races with extensions and replacements", |t| {
            t.rounds().all(|round| {
                let attempt = |racer| match racer {
                    0 => vec![revoke(round)],
                    it if it % 2 == 0 => vec![replace(round, it, 1)],
                    it => vec![extend(round, 1000 + u64::from(it))],
                };
                let mut all = 1..t.racers();
                let is_ready = t.applied([open(round)]) && all.all(|racer| t.applied([issue(round, racer)]));
                let stays = || t.revoked(key(round, 1)) && t.conflict([extend(round, 9000)], 0);
                is_ready && race(t, &[t.store], attempt).first() == Some(&true) && stays()
            })
        }),
        ("threads that want different things all get them", |t| {
            t.rounds().all(|round| {
                let is_ready = t.applied([open_in(round, 1)]) && t.applied([open_in(round, 2)]);
                let attempt = |racer| vec![issue_in(round, 1 + racer % 2, 10 + racer), witness(round, 10 + racer)];
                let all = |racer| t.has(key(round, 10 + racer));
                is_ready && race(t, &[t.store], attempt).iter().all(|is_win| *is_win) && (0..t.racers()).all(all)
            })
        }),
    ]
}

/// A grant that differs from racer to racer, but for its id.
fn grant_by(round: u16, racer: u16) -> Grant {
    Grant { issued_at: Timestamp(u64::from(racer)), ..grant(round) }
}

/// Racers at these handles want to spend one credential, each for another.
pub(super) fn spends_once<S: Store + Sync>(t: &Trial<'_, S>, handles: &[&S], round: u16) -> bool {
    let is_ready = t.applied([open(round), issue(round, 1)]);
    let wins = race(t, handles, |racer| vec![spend(round, 1, 50), issue(round, 10 + racer)]);
    is_ready && is_one(&wins) && one(t, |racer| t.has(key(round, 10 + racer)))
}

/// Whether one of all racers succeeds.
fn one_wins<S: Store + Sync>(t: &Trial<'_, S>, attempt: impl Fn(u16) -> Vec<Change> + Sync) -> bool {
    is_one(&race(t, &[t.store], attempt))
}

fn is_one(wins: &[bool]) -> bool {
    wins.iter().filter(|is_win| **is_win).count() == 1
}

/// Whether something is true of one racer and no other.
fn one<S>(t: &Trial<'_, S>, is_true: impl Fn(u16) -> bool) -> bool {
    (0..t.racers()).filter(|racer| is_true(*racer)).count() == 1
}

/// Lets all racers go at one moment, shared out among the handles. Returns who succeeded.
pub(super) fn race<S: Store + Sync>(
    t: &Trial<'_, S>,
    handles: &[&S],
    attempt: impl Fn(u16) -> Vec<Change> + Sync,
) -> Vec<bool> {
    let commits = |racer: u16| {
        let commit = commit_of(attempt(racer));
        move |store: &S| again(|| store.commit(&commit))
    };
    let wins = together(t, handles, commits).into_iter().map(|outcome| {
        let outcome = t.answer(outcome, Outcome::Conflict(usize::MAX));
        outcome == Outcome::Applied
    });
    let wins: Vec<_> = wins.collect();
    let applied = wins.iter().filter(|is_win| **is_win).count();
    t.tell_of(format_args!("{applied} of {} racers succeeded", wins.len()));
    wins
}

/// Has all racers do something at one moment, each with a connection that is open and was just used.
pub(super) fn together<S: Store + Sync, A: FnOnce(&S) -> T + Send, T: Send>(
    t: &Trial<'_, S>,
    handles: &[&S],
    act: impl Fn(u16) -> A,
) -> Vec<T> {
    let (warm, start) = (Barrier::new(usize::from(t.racers())), Barrier::new(usize::from(t.racers())));
    let run = |store: &S, act: A| {
        warm.wait();
        // A store that panics must not leave the others waiting.
        let is_warm = catch_unwind(AssertUnwindSafe(|| store.lookup(&Lookup::of(key(0, 0)))));
        start.wait();
        is_warm.map(|_| act(store)).unwrap_or_else(|panic| resume_unwind(panic))
    };
    let run = &run;
    thread::scope(|scope| {
        let racers = (0..t.racers()).zip(handles.iter().copied().cycle());
        let threads: Vec<_> = racers.map(|(racer, store)| (store, act(racer))).collect();
        let threads: Vec<_> = threads.into_iter().map(|(store, act)| scope.spawn(move || run(store, act))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// Asks, and again while the store is unavailable.
pub(super) fn again<T>(ask: impl Fn() -> Result<T, Unavailable>) -> Result<T, Unavailable> {
    (1..ATTEMPTS).find_map(|_| ask().ok()).map_or_else(ask, Ok)
}
