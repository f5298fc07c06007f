//! The writes of callers and their answers, which are sent after the group is on the disk, and not before.

use grantor::Unavailable;
use oneshot::{Receiver, Sender};
use rusqlite::Connection;

/// One caller's part of a group.
pub(crate) trait Job: Send {
    /// Does the work; returns true to keep its writes.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Answers the caller: with the result of the work, or with the failure of the group.
    fn answer(self: Box<Self>, failure: Option<&Unavailable>);
}

/// The result of a job, with true to keep its writes.
pub(crate) type Done<T> = Result<(T, bool), Unavailable>;

/// A piece of work with its answer, which is kept until the group has ended.
struct Ask<T, F> {
    work: Option<F>,
    answer: Option<Result<T, Unavailable>>,
    reply: Sender<Result<T, Unavailable>>,
}

impl<T: Send, F: FnOnce(&Connection) -> Done<T> + Send> Job for Ask<T, F> {
    fn run(&mut self, connection: &Connection) -> bool {
        let Some(work) = self.work.take() else { return false };
        let done = work(connection);
        let keep = matches!(done, Ok((_, true)));
        self.answer = Some(done.map(|(answer, _)| answer));
        keep
    }

    /// Sends the answer. A conflict, too, is sent after the group's commit, since the change that it lost to may be in
    /// the same group.
    fn answer(self: Box<Self>, failure: Option<&Unavailable>) {
        let answer = match failure {
            Some(failure) => Err(failure.clone()),
            None => self.answer.unwrap_or_else(|| Err(Unavailable::new("the work panicked, and was undone"))),
        };
        // A caller who has gone does not need the answer.
        let _ = self.reply.send(answer);
    }
}

/// Creates a job, and the receiver of its answer.
pub(crate) fn job<T: Send + 'static>(
    work: impl FnOnce(&Connection) -> Done<T> + Send + 'static,
) -> (Box<dyn Job>, Pending<T>) {
    let (reply, answer) = oneshot::channel();
    (Box::new(Ask { work: Some(work), answer: None, reply }), Pending(answer))
}

/// An answer that will come.
pub(crate) struct Pending<T>(Receiver<Result<T, Unavailable>>);

impl<T> Pending<T> {
    pub(crate) fn new() -> (Sender<Result<T, Unavailable>>, Self) {
        let (reply, answer) = oneshot::channel();
        (reply, Self(answer))
    }

    /// Blocks until the answer is there.
    pub(crate) fn wait(self) -> Result<T, Unavailable> {
        self.0.recv().unwrap_or_else(|_| Err(no_answer()))
    }

    /// Waits for the answer on any runtime, or none.
    pub(crate) async fn arrive(self) -> Result<T, Unavailable> {
        self.0.await.unwrap_or_else(|_| Err(no_answer()))
    }
}

fn no_answer() -> Unavailable {
    Unavailable::new("the work panicked, or the store was closed")
}
