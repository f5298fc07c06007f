//! Of many threads that want the same, one wins.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Barrier;

use super::records::{
    issue, issue_in, key, open, open_in, put, put_request, request, request_key, revoke, spend, spend_request,
    user_code, witness,
};
use super::trial::{Rule, Trial};
use crate::record::PendingRequest;
use crate::store::{Change, Outcome, RequestKey, Store};

/// How often a race is run, each time for something else. A store that reads first and writes later may be lucky in
/// one.
const ROUNDS: u16 = 20;

const THREADS: u16 = 16;

pub(super) fn rules<S: Store + Sync>() -> Vec<Rule<S>> {
    vec![
        ("one of many threads spends a credential", |t| {
            let is_ready = rounds().all(|round| t.applied([open(round), issue(round, 1)]));
            let one_wins = race(t, |round, thread| vec![spend(round, 1, 50), issue(round, 10 + thread)]);
            is_ready && one_wins && rounds().all(|round| one(|thread| t.has(key(round, 10 + thread))))
        }),
        ("one of many threads decides a request", |t| {
            let is_ready = rounds().all(|round| t.applied([put_request(request(round, 1))]));
            let one_wins = race(t, |round, thread| {
                let grant = 10 + thread;
                vec![spend_request(round, 1, 50), open_in(round, grant), issue_in(round, grant, grant)]
            });
            is_ready && one_wins && rounds().all(|round| one(|thread| t.has(key(round, 10 + thread))))
        }),
        ("one of many threads takes a user code", |t| {
            let one_wins = race(t, |round, thread| {
                let user_code = Some(user_code(round, 1));
                vec![put_request(PendingRequest { user_code, ..request(round, thread) })]
            });
            let has = |round, thread| t.request(RequestKey::Key(request_key(round, thread))).is_some();
            one_wins && rounds().all(|round| one(|thread| has(round, thread)))
        }),
        ("one of many threads witnesses first", |t| race(t, |round, _| vec![witness(round, 1)])),
        ("one of many threads changes a client", |t| race(t, |round, _| vec![put(u32::from(round - 1))])),
        ("nothing is issued once a revocation was applied, however they race", revocation_is_final),
    ]
}

fn revocation_is_final<S: Store + Sync>(t: &Trial<'_, S>) -> bool {
    let is_ready = rounds().all(|round| t.applied([open(round)]));
    // Thread 0 revokes and the others issue.
    race(t, |round, thread| if thread == 0 { vec![revoke(round)] } else { vec![issue(round, thread)] });
    let is_dead = |round, thread| !t.has(key(round, thread)) || t.revoked(key(round, thread));
    let are_dead = |round| (1..THREADS).all(|thread| is_dead(round, thread));
    is_ready && rounds().all(|round| are_dead(round) && t.conflict([issue(round, 99)], 0))
}

fn rounds() -> impl Iterator<Item = u16> {
    1..=ROUNDS
}

/// Whether something is true of one thread and no other.
fn one(is_true: impl Fn(u16) -> bool) -> bool {
    (0..THREADS).filter(|thread| is_true(*thread)).count() == 1
}

/// Lets all threads go at one moment, round after round. Returns whether one of them succeeded in each.
fn race<S: Store + Sync>(t: &Trial<'_, S>, attempt: impl Fn(u16, u16) -> Vec<Change> + Sync) -> bool {
    let start = Barrier::new(usize::from(THREADS));
    // A store that panics must not leave the others waiting: it is heard of after the last round.
    let run = |thread| {
        let attempts = rounds().map(|round| {
            let changes = attempt(round, thread);
            start.wait();
            catch_unwind(AssertUnwindSafe(|| t.commit(changes)))
        });
        attempts.collect::<Vec<_>>()
    };
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || run(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    let mut wins = [0; ROUNDS as usize];
    for (round, outcome) in outcomes.into_iter().flat_map(|of_thread| (0..).zip(of_thread)) {
        let outcome: Outcome = outcome.unwrap_or_else(|panic| resume_unwind(panic));
        let is_win = outcome == Outcome::Applied;
        wins.iter_mut().skip(round).take(1).for_each(|wins| *wins += u16::from(is_win));
    }
    wins.iter().all(|wins| *wins == 1)
}
