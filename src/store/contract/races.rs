//! The rules for races: of many racers for one record one wins, and a racer for another record gets it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;

use super::records::{
    extend, grant, issue, issue_in, key, open, open_as, open_in, put, put_request, replace, request, request_key,
    revoke, spend, spend_request, user_code, witness,
};
use super::trial::{Rule, Trial, commit_of};
use crate::effect::Unavailable;
use crate::model::{Key, Timestamp};
use crate::record::{Grant, PendingRequest};
use crate::store::{Change, Lookup, Outcome, RequestKey, Store};

/// The number of records that racers compete for in a round, one after the other. The loser of one is done early, and
/// so meets the winner at the next.
const THINGS: u16 = 8;

/// The number of times that a racer asks again when the store is unavailable, as it is when a database aborts a
/// transaction.
const ATTEMPTS: u16 = 20;

pub(super) fn rules<S: Store + Sync>() -> Vec<Rule<S>> {
    vec![
        ("one of many threads opens a grant", |t| {
            let attempt = |thing, racer| vec![open_as(grant_by(thing, racer)), issue(thing, 10 + racer)];
            races(t, |_| true, attempt, |thing, wins| is_one(wins) && one(t, |racer| t.has(key(thing, 10 + racer))))
        }),
        ("one of many threads issues a credential", |t| {
            races(t, |thing| t.applied([open(thing)]), |thing, _| vec![issue(thing, 1)], |_, wins| is_one(wins))
        }),
        ("one of many threads spends a credential", |t| spends_once(t, &[t.store])),
        ("one of many threads replaces a credential", |t| {
            let ready = |thing| t.applied([open(thing), issue(thing, 1)]) && t.applied([replace(thing, 1, 1)]);
            let judge = |thing, wins: &[bool]| is_one(wins) && t.revision(key(thing, 1)) == Some(2);
            races(t, ready, |thing, _| vec![replace(thing, 1, 2)], judge)
        }),
        ("one of many threads decides a request", |t| {
            let attempt = |thing, racer| {
                let grant = 10 + racer;
                vec![spend_request(thing, 1, 50), open_in(thing, grant), issue_in(thing, grant, grant)]
            };
            let judge = |thing, wins: &[bool]| is_one(wins) && one(t, |racer| t.has(key(thing, 10 + racer)));
            races(t, |thing| t.applied([put_request(request(thing, 1))]), attempt, judge)
        }),
        ("one of many threads takes a user code", |t| {
            let attempt = |thing, racer| vec![put_request(request_for(user_code(thing, 1), thing, racer))];
            let has = |thing, racer| t.request(RequestKey::Key(request_key(thing, 10 + racer))).is_some();
            races(t, |_| true, attempt, |thing, wins| is_one(wins) && one(t, |racer| has(thing, racer)))
        }),
        ("one of many threads puts a request anew", |t| {
            let next = |thing, _| vec![put_request(PendingRequest { revision: 1, ..request(thing, 1) })];
            races(t, |thing| t.applied([put_request(request(thing, 1))]), next, |_, wins| is_one(wins))
        }),
        ("one of many threads witnesses first", |t| {
            races(t, |_| true, |thing, _| vec![witness(thing, 1)], |_, wins| is_one(wins))
        }),
        ("one of many threads changes a client", |t| {
            races(t, |_| true, |thing, _| vec![put(u32::from(thing - 1))], |_, wins| is_one(wins))
        }),
        ("nothing is issued once a revocation was applied, however they race", |t| {
            // Racer 0 revokes and the others issue.
            let attempt = |thing, racer| if racer == 0 { vec![revoke(thing)] } else { vec![issue(thing, racer)] };
            let is_dead = |thing, racer| !t.has(key(thing, racer)) || t.revoked(key(thing, racer));
            let judge = |thing, wins: &[bool]| {
                let are_dead = (1..t.racers()).all(|racer| is_dead(thing, racer));
                wins.first() == Some(&true) && are_dead && t.conflict([issue(thing, u16::MAX)], 0)
            };
            races(t, |thing| t.applied([open(thing)]), attempt, judge)
        }),
        ("a revocation stays, however it races with extensions and replacements", |t| {
            let ready = |thing| {
                let mut all = 1..t.racers();
                t.applied([open(thing)]) && all.all(|racer| t.applied([issue(thing, racer)]))
            };
            let attempt = |thing, racer: u16| match racer {
                0 => vec![revoke(thing)],
                it if it % 2 == 0 => vec![replace(thing, it, 1)],
                it => vec![extend(thing, 1000 + u64::from(it))],
            };
            let judge = |thing, wins: &[bool]| {
                let is_revoked = wins.first() == Some(&true) && t.revoked(key(thing, 1));
                is_revoked && t.conflict([extend(thing, 9000)], 0)
            };
            races(t, ready, attempt, judge)
        }),
        ("threads that want different things all get them", |t| {
            let ready = |thing| t.applied([open_in(thing, 1)]) && t.applied([open_in(thing, 2)]);
            let attempt = |thing, racer| vec![issue_in(thing, 1 + racer % 2, 10 + racer), witness(thing, 10 + racer)];
            let judge = |thing, wins: &[bool]| {
                wins.iter().all(|is_win| *is_win) && (0..t.racers()).all(|racer| t.has(key(thing, 10 + racer)))
            };
            races(t, ready, attempt, judge)
        }),
    ]
}

/// Makes a grant that differs from racer to racer, except for its id.
fn grant_by(number: u16, racer: u16) -> Grant {
    Grant { issued_at: Timestamp(u64::from(racer)), ..grant(number) }
}

/// Makes a request that differs from racer to racer, except for its user code.
pub(super) fn request_for(user_code: Key, partition: u16, racer: u16) -> PendingRequest {
    PendingRequest { user_code: Some(user_code), ..request(partition, 10 + racer) }
}

/// Races at these handles to spend one credential, each racer for a grant of its own.
pub(super) fn spends_once<S: Store + Sync>(t: &Trial<'_, S>, handles: &[&S]) -> bool {
    let ready = |thing| t.applied([open(thing), issue(thing, 1)]);
    let attempt = |thing, racer| vec![spend(thing, 1, 50), issue(thing, 10 + racer)];
    let judge = |thing, wins: &[bool]| is_one(wins) && one(t, |racer| t.has(key(thing, 10 + racer)));
    races_at(t, handles, ready, attempt, judge)
}

pub(super) fn is_one(wins: &[bool]) -> bool {
    wins.iter().filter(|is_win| **is_win).count() == 1
}

/// Tells if something is true of exactly one racer.
fn one<S>(t: &Trial<'_, S>, is_true: impl Fn(u16) -> bool) -> bool {
    (0..t.racers()).filter(|racer| is_true(*racer)).count() == 1
}

/// Races for one record after the other: prepares it, lets all racers try, and judges by which of them succeeded.
pub(super) fn races<S: Store + Sync>(
    t: &Trial<'_, S>,
    ready: impl Fn(u16) -> bool,
    attempt: impl Fn(u16, u16) -> Vec<Change>,
    judge: impl Fn(u16, &[bool]) -> bool,
) -> bool {
    races_at(t, &[t.store], ready, attempt, judge)
}

/// The same as [`races`], with the racers spread over the handles.
pub(super) fn races_at<S: Store + Sync>(
    t: &Trial<'_, S>,
    handles: &[&S],
    ready: impl Fn(u16) -> bool,
    attempt: impl Fn(u16, u16) -> Vec<Change>,
    judge: impl Fn(u16, &[bool]) -> bool,
) -> bool {
    t.rounds().all(|round| {
        let things = || (round - 1) * THINGS + 1..=round * THINGS;
        let act = |racer| {
            let commits: Vec<_> = things().map(|thing| commit_of(attempt(thing, racer))).collect();
            move |store: &S| commits.iter().map(|commit| again(|| store.commit(commit))).collect::<Vec<_>>()
        };
        let is_win = |outcome| t.answer(outcome, Outcome::Conflict(usize::MAX)) == Outcome::Applied;
        let is_fair = |(thing, outcomes): (u16, Vec<_>)| {
            let wins: Vec<_> = outcomes.into_iter().map(is_win).collect();
            let applied = wins.iter().filter(|is_win| **is_win).count();
            t.tell_of(format_args!("{applied} of {} racers succeeded", wins.len()));
            judge(thing, &wins)
        };
        things().all(&ready) && things().zip(by_thing(together(t, handles, act))).all(is_fair)
    })
}

/// Turns the results per racer, for each record, into results per record, for each racer.
fn by_thing<T>(by_racer: Vec<Vec<T>>) -> impl Iterator<Item = Vec<T>> {
    let mut racers: Vec<_> = by_racer.into_iter().map(Vec::into_iter).collect();
    std::iter::from_fn(move || racers.iter_mut().map(Iterator::next).collect())
}

/// Lets all racers act at one moment, each with a connection that is open and was just used.
pub(super) fn together<S: Store + Sync, A: FnOnce(&S) -> T + Send, T: Send>(
    t: &Trial<'_, S>,
    handles: &[&S],
    act: impl Fn(u16) -> A,
) -> Vec<T> {
    let (warm, ready) = (Barrier::new(usize::from(t.racers())), AtomicU16::new(0));
    let run = |store: &S, act: A| {
        warm.wait();
        // A store that panics must not leave the others waiting.
        let is_warm = catch_unwind(AssertUnwindSafe(|| store.lookup(&Lookup::of(key(0, 0)))));
        ready.fetch_add(1, Ordering::SeqCst);
        // A racer that slept here would be woken late. With spinning, as many racers as there are cores start at once.
        while ready.load(Ordering::SeqCst) < t.racers() {
            thread::yield_now();
        }
        is_warm.map(|_| act(store)).unwrap_or_else(|panic| resume_unwind(panic))
    };
    let run = &run;
    thread::scope(|scope| {
        let racers = (0..t.racers()).zip(handles.iter().copied().cycle());
        let acts: Vec<_> = racers.map(|(racer, store)| (store, act(racer))).collect();
        let threads: Vec<_> = acts.into_iter().map(|(store, act)| scope.spawn(move || run(store, act))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// Asks, and asks again while the store is unavailable.
pub(super) fn again<T>(ask: impl Fn() -> Result<T, Unavailable>) -> Result<T, Unavailable> {
    (1..ATTEMPTS).find_map(|_| ask().ok()).map_or_else(ask, Ok)
}
