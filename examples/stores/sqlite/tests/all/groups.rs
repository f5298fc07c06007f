//! Group commit: what waits is written at once, and each is answered for itself.

use std::thread;

use grantor::Unavailable;
use grantor::store::{AsyncStore, Commit, Outcome, Store};
use grantor_sqlite::SqliteStore;
use rusqlite::Connection;

use crate::common::{fresh, gate, poll, wait_until, witness};

/// What one caller asks.
type Call = Box<dyn FnOnce(&SqliteStore) -> Result<Outcome, Unavailable> + Send>;

/// Has all of these wait in their order, lets them go as one group, and returns what each was told.
fn in_one_group(store: &SqliteStore, jobs: Vec<Call>) -> Vec<Result<Outcome, Unavailable>> {
    let before = store.statistics();
    let answers = thread::scope(|scope| {
        let (open, work) = gate();
        let mut held = Box::pin(store.write_async(work));
        assert!(poll(&mut held).is_pending());
        let threads: Vec<_> = jobs
            .into_iter()
            .enumerate()
            .map(|(waiting, job)| {
                // When none waits, the writer is held at the gate.
                wait_until(|| store.statistics().waiting_commits == waiting);
                let thread = scope.spawn(move || job(store));
                wait_until(|| store.statistics().waiting_commits == waiting + 1 || thread.is_finished());
                thread
            })
            .collect();
        drop(open);
        drop(held);
        threads.into_iter().map(|thread| thread.join().expect("no caller panics")).collect()
    });
    assert!(store.statistics().groups <= before.groups + 1, "they were one group");
    answers
}

fn commit(numbers: &'static [u16]) -> Call {
    Box::new(move |store| store.commit(&Commit::new(numbers.iter().copied().map(witness)).expect("one partition")))
}

fn write(work: impl FnOnce(&Connection) -> Result<(), rusqlite::Error> + Send + 'static) -> Call {
    Box::new(move |store| store.write(work).map(|()| Outcome::Applied))
}

/// Which of these have been witnessed; they are afterwards.
fn are_there(store: &SqliteStore, numbers: &[u16]) -> Vec<bool> {
    let is_there = |number: &u16| store.commit(&Commit::of(witness(*number))) == Ok(Outcome::Conflict(0));
    numbers.iter().map(is_there).collect()
}

#[test]
fn r96_a_conflict_undoes_only_its_own() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fresh(&directory);
    let answers = in_one_group(&store, vec![commit(&[1]), commit(&[2, 1]), commit(&[3]), commit(&[2])]);
    let expected = [Outcome::Applied, Outcome::Conflict(1), Outcome::Applied, Outcome::Applied].map(Ok);
    assert_eq!(answers, expected);
    assert_eq!(are_there(&store, &[1, 2, 3, 4]), [true, true, true, false]);
}

#[test]
fn work_that_fails_or_panics_undoes_only_its_own() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fresh(&directory);
    store.write(|it| it.execute_batch("CREATE TABLE own (number)")).expect("it is written");
    let insert = |number: i64| move |it: &Connection| it.execute("INSERT INTO own VALUES (?1)", [number]).map(drop);
    let failing = move |it: &Connection| insert(2)(it).and_then(|()| it.execute_batch("nonsense"));
    let panicking = move |it: &Connection| {
        insert(3)(it)?;
        panic!("on purpose")
    };
    let jobs = vec![commit(&[1]), write(insert(1)), write(failing), write(panicking), write(insert(4)), commit(&[2])];
    let answers: Vec<_> = in_one_group(&store, jobs).into_iter().map(|answer| answer.is_ok()).collect();
    assert_eq!(answers, [true, true, false, false, true, true]);
    assert_eq!(are_there(&store, &[1, 2]), [true, true]);
    let left = store.read(|it| {
        it.prepare("SELECT number FROM own ORDER BY number")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<Vec<i64>, _>>()
    });
    assert_eq!(left, Ok(vec![1, 4]));
}

/// It is not known then what of the others is on the disk, so none of them hears a conflict or that all went well.
#[test]
fn work_that_ends_the_transaction_is_told_to_everybody_and_the_store_goes_on() {
    for sql in ["COMMIT", "ROLLBACK", "RELEASE job", "COMMIT; BEGIN IMMEDIATE", "ROLLBACK; BEGIN"] {
        let directory = tempfile::tempdir().expect("a directory");
        let store = fresh(&directory);
        let ending = |it: &Connection| it.execute_batch(sql);
        let answers = in_one_group(&store, vec![commit(&[1]), commit(&[1]), write(ending)]);
        assert!(answers.iter().all(Result::is_err), "{sql}: {answers:?}");
        assert_eq!(store.commit(&Commit::of(witness(2))), Ok(Outcome::Applied), "{sql}");
        assert_eq!(are_there(&store, &[2]), [true], "{sql}");
    }
}

/// A full disk, as far as SQLite sees one: the file may not grow any more.
#[test]
fn what_finds_no_room_is_refused_and_later_there_is_room_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fresh(&directory);
    store.write(|it| it.execute_batch("CREATE TABLE own (bytes)")).expect("it is written");
    let may_grow = |pages: i64| {
        let limit = move |it: &Connection| it.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()));
        store.write(limit).expect("a limit");
    };
    let pages = store.read(|it| it.query_row("PRAGMA page_count", [], |row| row.get(0))).expect("they are counted");
    may_grow(pages);
    let large = |it: &Connection| it.execute("INSERT INTO own VALUES (zeroblob(1000000))", []).map(drop);
    let answers = in_one_group(&store, vec![commit(&[1]), write(large), commit(&[2])]);
    assert!(answers[1].is_err(), "{answers:?}");
    // Nobody is told that something is written which is not.
    for (number, answer) in [(1, &answers[0]), (2, &answers[2])] {
        assert!(answer.is_err() || are_there(&store, &[number]) == [true], "{answers:?}");
    }
    assert!(store.write(large).is_err());
    may_grow(1_000_000);
    assert_eq!(store.write(large), Ok(()));
    assert_eq!(store.commit(&Commit::of(witness(3))), Ok(Outcome::Applied));
}

#[test]
fn a_caller_that_goes_away_leaves_its_commit_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fresh(&directory);
    let (open, work) = gate();
    let mut held = Box::pin(store.write_async(work));
    assert!(poll(&mut held).is_pending());
    for numbers in [[1, 2], [3, 4], [5, 5]] {
        let commit = Commit::new(numbers.map(witness)).expect("one partition");
        assert!(poll(&mut Box::pin(store.commit_async(&commit))).is_pending());
    }
    drop((held, open));
    let there = are_there(&store, &[1, 2, 3, 4, 5]);
    assert!(there[0] == there[1] && there[2] == there[3] && !there[4], "{there:?}");
}

#[test]
fn whatever_waits_when_the_store_is_dropped_is_done() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("dropped.sqlite");
    let store = SqliteStore::open(&file).expect("a store");
    let (open, work) = gate();
    let mut held = Box::pin(store.write_async(work));
    assert!(poll(&mut held).is_pending());
    for number in 0..100 {
        let commit = Commit::of(witness(number));
        assert!(poll(&mut Box::pin(store.commit_async(&commit))).is_pending());
    }
    drop(held);
    drop(open);
    drop(store);
    assert!(!directory.path().join("dropped.sqlite-wal").exists(), "the log was folded in");
    let store = SqliteStore::open(&file).expect("the same store");
    assert_eq!(are_there(&store, &(0..100).collect::<Vec<_>>()), [true; 100]);
}
