use std::task::{Context, Poll, Waker};

use super::*;

/// Begins at a time of the test's choosing.
fn begin(throttle: &Throttle<&'static str>, key: &'static str, now: u64) -> Result<Attempt<&'static str>, u64> {
    match throttle.try_begin(&key, None, || now) {
        Begun::Attempt(attempt) => Ok(attempt),
        Begun::Wait(seconds) => Err(seconds),
        Begun::Busy(_) => panic!("none is under way"),
    }
}

fn fail(throttle: &Throttle<&'static str>, key: &'static str, now: u64) {
    end(begin(throttle, key, now).expect("it may be tried"), now);
}

/// Ends as a failure at this time.
fn end(mut attempt: Attempt<&'static str>, now: u64) {
    attempt.end(now);
    // Dropping it must not count again.
    attempt.ended = None;
    attempt.withdraw();
}

fn wait(throttle: &Throttle<&'static str>, key: &'static str, now: u64) -> Option<u64> {
    begin(throttle, key, now).map(Attempt::withdraw).err()
}

#[test]
fn waits_double_after_the_free_failures_up_to_the_longest() {
    let throttle = Throttle::new(5);
    let mut now = 1000;
    for _ in 0..4 {
        fail(&throttle, "alice", now);
        assert_eq!(wait(&throttle, "alice", now), None);
    }
    for expected in [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900] {
        fail(&throttle, "alice", now);
        assert_eq!(wait(&throttle, "alice", now), Some(expected));
        assert_eq!(wait(&throttle, "alice", now + expected - 1), Some(1));
        now += expected;
        assert_eq!(wait(&throttle, "alice", now), None, "the wait is over");
    }
    assert_eq!(wait(&throttle, "bob", now), None, "others do not wait");
    begin(&throttle, "alice", now).expect("it may be tried").succeeded();
    fail(&throttle, "alice", now);
    assert_eq!(wait(&throttle, "alice", now), None, "the failures before are forgiven");
}

#[test]
fn failures_are_forgotten_in_time() {
    let throttle = Throttle::new(2);
    fail(&throttle, "alice", 0);
    fail(&throttle, "alice", 0);
    assert_eq!(wait(&throttle, "alice", 0), Some(2));
    fail(&throttle, "alice", LONGEST_WAIT + 1);
    assert_eq!(wait(&throttle, "alice", LONGEST_WAIT + 1), None);
}

#[test]
fn no_step_of_the_clock_makes_a_wait_longer_than_it_is() {
    for (failures, longest) in [(2, 2), (3, 4), (20, LONGEST_WAIT)] {
        for step in [-1_000_000_i64, -3600, -1, 0, 1, 3600, 1_000_000] {
            let throttle = Throttle::new(2);
            let (mut now, start) = (2_000_000, 2_000_000_u64);
            for _ in 0..failures {
                now += wait(&throttle, "alice", now).unwrap_or(0);
                fail(&throttle, "alice", now);
            }
            let now = start.max(now).saturating_add_signed(step);
            let left = wait(&throttle, "alice", now).unwrap_or(0);
            assert!(left <= longest, "{left} of {longest} seconds after a step of {step}");
            assert_eq!(wait(&throttle, "alice", now + left), None, "and it ends");
        }
    }
}

#[test]
fn a_burst_gets_no_further_than_one_after_the_other() {
    let throttle = Throttle::new(5);
    let mut context = Context::from_waker(Waker::noop());
    let mut waiting: Vec<_> = (0..300).map(|_| Box::pin(throttle.begin("alice", None))).collect();
    let mut begun = Vec::new();
    waiting.retain_mut(|attempt| match attempt.as_mut().poll(&mut context) {
        Poll::Ready(attempt) => {
            begun.push(attempt.expect("nothing failed yet"));
            false
        }
        Poll::Pending => true,
    });
    assert_eq!((begun.len(), waiting.len()), (5, 295));
    drop(begun);
    for mut attempt in waiting {
        let Poll::Ready(Err(seconds)) = attempt.as_mut().poll(&mut context) else { panic!("it is not refused") };
        assert_eq!(seconds, 2, "the free failures are used up");
    }
}

#[test]
fn honest_attempts_at_once_all_come_through() {
    let throttle = Throttle::new(5);
    let mut context = Context::from_waker(Waker::noop());
    let mut waiting: Vec<_> = (0..300).map(|_| Box::pin(throttle.begin("service", None))).collect();
    let mut rounds = 0;
    while !waiting.is_empty() {
        let mut begun = Vec::new();
        waiting.retain_mut(|attempt| match attempt.as_mut().poll(&mut context) {
            Poll::Ready(attempt) => {
                begun.push(attempt.expect("nothing fails"));
                false
            }
            Poll::Pending => true,
        });
        begun.into_iter().for_each(Attempt::succeeded);
        rounds += 1;
        assert!(rounds <= 300, "none waits for ever");
    }
}

#[test]
fn what_succeeded_before_is_no_guess_and_everything_else_is() {
    let throttle = Throttle::new(2);
    let (right, wrong) = (Some(Digest::of("right")), Some(Digest::of("wrong")));
    let begin = |presented| match throttle.try_begin(&"service", presented, || 0) {
        Begun::Attempt(attempt) => Some(attempt),
        Begun::Wait(_) | Begun::Busy(_) => None,
    };
    begin(right).expect("the first").succeeded();
    let at_once: Vec<_> = (0..100).filter_map(|_| begin(right)).collect();
    assert_eq!(at_once.len(), 100);
    at_once.into_iter().for_each(Attempt::succeeded);
    assert_eq!((0..100).filter_map(|_| begin(wrong)).count(), 2);
    assert!(begin(wrong).is_none());
    begin(right).expect("it is right still").succeeded();
    assert!(begin(wrong).is_none(), "another's success forgives no guess");
    // A secret that was changed counts as a guess from its first failure on.
    drop(begin(right).expect("it was right"));
    assert!(begin(right).is_none());
}

#[test]
fn what_is_withdrawn_leaves_nothing_behind() {
    let throttle = Throttle::new(2);
    for _ in 0..10 {
        begin(&throttle, "app", 0).expect("it may be tried").withdraw();
    }
    assert_eq!(throttle.counts.lock().expect("none panicked").len(), 0);
}

#[test]
fn made_up_keys_fill_no_memory() {
    let throttle = Throttle::new(1);
    for key in 0..3 * CAPACITY.get() {
        let Begun::Attempt(attempt) = throttle.try_begin(&key, None, || 0) else { panic!("a new key waits") };
        drop(attempt);
    }
    assert_eq!(throttle.counts.lock().expect("none panicked").len(), CAPACITY.get());
}
