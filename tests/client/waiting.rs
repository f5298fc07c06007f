//! Those who wait for somebody else's refresh: many, and some who go away.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use grantor::client::{Fresh, SharedTokens, Wait};

use crate::crowd::*;

/// A task that counts how often it is woken.
#[derive(Default)]
struct Task(AtomicUsize);

impl Task {
    fn woken(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn wait(tokens: &SharedTokens) -> Wait {
    match tokens.fresh(END) {
        Fresh::Wait(wait) => wait,
        other => panic!("{other:?}"),
    }
}

fn poll(wait: &mut Wait, waker: &Waker) -> bool {
    Pin::new(wait).poll(&mut Context::from_waker(waker)).is_ready()
}

/// A waker holds its task, and whatever that holds: kept until the turn ends, each call that was given up would cost
/// memory.
#[test]
fn who_goes_away_leaves_no_waker_behind() {
    let (tokens, task) = (tokens(), Arc::new(Task::default()));
    let Fresh::Refresh(turn) = tokens.fresh(END) else { panic!("no turn") };
    for round in 0..10_000 {
        let mut wait = wait(&tokens);
        // Each is a task of its own.
        let other = Arc::clone(&task);
        let waker = std::task::Waker::from(Arc::new(Holds(other)));
        assert!(!poll(&mut wait, &waker));
        drop((wait, waker));
        assert!(Arc::strong_count(&task) < 100, "{round}: {}", Arc::strong_count(&task));
    }
    assert_eq!(Arc::strong_count(&task), 1);
    drop(turn);
    assert_eq!(task.woken(), 0);
}

struct Holds(Arc<Task>);

impl Wake for Holds {
    fn wake(self: Arc<Self>) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Of those who stay, each is woken once, whoever went away before, between and after.
#[test]
fn who_stays_is_woken_once() {
    let tokens = tokens();
    let Fresh::Refresh(turn) = tokens.fresh(END) else { panic!("no turn") };
    let tasks: Vec<_> = (0..100).map(|_| Arc::new(Task::default())).collect();
    let mut waits: Vec<_> = tasks.iter().map(|task| Some((wait(&tokens), Waker::from(Arc::clone(task))))).collect();
    let poll_all = |waits: &mut Vec<Option<(Wait, Waker)>>| {
        waits.iter_mut().flatten().for_each(|(wait, waker)| assert!(!poll(wait, waker)));
    };
    poll_all(&mut waits);
    let leaves = |index: usize| index % 3 == 1;
    waits.iter_mut().enumerate().filter(|(index, _)| leaves(*index)).for_each(|(_, wait)| *wait = None);
    // Those who come later take their places.
    let late: Vec<_> = (0..50).map(|_| Arc::new(Task::default())).collect();
    waits.extend(late.iter().map(|task| Some((wait(&tokens), Waker::from(Arc::clone(task))))));
    poll_all(&mut waits);
    poll_all(&mut waits);
    drop(turn);
    for (index, task) in tasks.iter().enumerate() {
        assert_eq!(task.woken(), usize::from(!leaves(index)), "{index}");
    }
    assert!(late.iter().all(|task| task.woken() == 1));
    assert!(waits.iter_mut().flatten().all(|(wait, waker)| poll(wait, waker)));
}

/// A future may move from one task to another, as in a `select`: the last one is woken.
#[test]
fn who_moves_to_another_task_is_woken_there() {
    let (tokens, [first, second]) = (tokens(), [Arc::new(Task::default()), Arc::new(Task::default())]);
    let Fresh::Refresh(turn) = tokens.fresh(END) else { panic!("no turn") };
    let mut wait = wait(&tokens);
    assert!(!poll(&mut wait, &Waker::from(Arc::clone(&first))));
    assert!(!poll(&mut wait, &Waker::from(Arc::clone(&second))));
    assert_eq!(Arc::strong_count(&first), 1);
    drop(turn);
    assert_eq!((first.woken(), second.woken()), (0, 1));
}

/// A wait of a turn that is over has no place among those of the next.
#[test]
fn a_late_leaver_does_not_take_anothers_place() {
    let (tokens, task) = (tokens(), Arc::new(Task::default()));
    let Fresh::Refresh(first) = tokens.fresh(END) else { panic!("no turn") };
    let mut early = wait(&tokens);
    assert!(!poll(&mut early, Waker::noop()));
    drop(first);
    let Fresh::Refresh(second) = tokens.fresh(END) else { panic!("no turn") };
    let mut late = wait(&tokens);
    assert!(!poll(&mut late, &Waker::from(Arc::clone(&task))));
    drop(early);
    drop(second);
    assert_eq!(task.woken(), 1);
    assert_eq!(
        Pin::new(&mut late).poll(&mut Context::from_waker(Waker::noop())).map(|end| end.is_ok()),
        Poll::Ready(true)
    );
}

/// A task whose last trace is its waker is dropped with it, and with it the wait that it holds.
#[test]
fn a_waker_may_hold_another_wait() {
    struct Owner {
        _wait: Wait,
    }
    impl Wake for Owner {
        fn wake(self: Arc<Self>) {}
    }
    let tokens = tokens();
    let Fresh::Refresh(turn) = tokens.fresh(END) else { panic!("no turn") };
    let mut owned = wait(&tokens);
    assert!(!poll(&mut owned, Waker::noop()));
    let owner = Waker::from(Arc::new(Owner { _wait: owned }));
    let mut outer = wait(&tokens);
    assert!(!poll(&mut outer, &owner));
    drop(owner);
    // Both ways to lose a waker: another in its place, and none.
    assert!(!poll(&mut outer, Waker::noop()));
    let mut owned = wait(&tokens);
    assert!(!poll(&mut owned, Waker::noop()));
    let owner = Waker::from(Arc::new(Owner { _wait: owned }));
    assert!(!poll(&mut outer, &owner));
    drop((owner, outer));
    drop(turn);
}

/// Each who waits would look at all the others, were it not for a place of its own: 40,000 took 0.8 s, optimized, under
/// one lock.
#[test]
fn a_crowd_costs_each_of_it_the_same() {
    let (tokens, begun) = (tokens(), Instant::now());
    let Fresh::Refresh(turn) = tokens.fresh(END) else { panic!("no turn") };
    let tasks: Vec<_> = (0..40_000).map(|_| Arc::new(Task::default())).collect();
    let mut waits: Vec<_> = tasks.iter().map(|task| (wait(&tokens), Waker::from(Arc::clone(task)))).collect();
    for _ in 0..3 {
        waits.iter_mut().for_each(|(wait, waker)| assert!(!poll(wait, waker)));
    }
    drop(waits.split_off(20_000));
    drop(turn);
    assert_eq!(tasks.iter().map(|task| task.woken()).sum::<usize>(), 20_000);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}
