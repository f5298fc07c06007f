//! What callers want written, and how they hear of it: after the group is on the disk, and not before.

use grantor::Unavailable;
use oneshot::{Receiver, Sender};
use rusqlite::Connection;

/// One caller's part of a group.
pub(crate) trait Job: Send {
    /// Does the work, and says whether what it wrote shall stay.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Answers the caller: with what came of the work, or that the group failed.
    fn answer(self: Box<Self>, failure: Option<&Unavailable>);
}

/// What came of a job, and whether what it wrote shall stay.
pub(crate) type Done<T> = Result<(T, bool), Unavailable>;

/// Work with its answer, which is kept until the group has ended.
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

    /// A conflict, too, is told after the group's commit: what it lost to may be in the same group.
    fn answer(self: Box<Self>, failure: Option<&Unavailable>) {
        let answer = match failure {
            Some(failure) => Err(failure.clone()),
            None => self.answer.unwrap_or_else(|| Err(Unavailable::new("the work panicked, and was undone"))),
        };
        // Whoever is no longer there does not want to know.
        let _ = self.reply.send(answer);
    }
}

/// A job, and where its answer comes.
pub(crate) fn job<T: Send + 'static>(
    work: impl FnOnce(&Connection) -> Done<T> + Send + 'static,
) -> (Box<dyn Job>, Pending<T>) {
    let (reply, answer) = oneshot::channel();
    (Box::new(Ask { work: Some(work), answer: None, reply }), Pending(answer))
}

/// An answer that is to come.
pub(crate) struct Pending<T>(Receiver<Result<T, Unavailable>>);

impl<T> Pending<T> {
    pub(crate) fn new() -> (Sender<Result<T, Unavailable>>, Self) {
        let (reply, answer) = oneshot::channel();
        (reply, Self(answer))
    }

    /// Blocks until it is there.
    pub(crate) fn wait(self) -> Result<T, Unavailable> {
        self.0.recv().unwrap_or_else(|_| Err(no_answer()))
    }

    /// Waits on any runtime, or none.
    pub(crate) async fn arrive(self) -> Result<T, Unavailable> {
        self.0.await.unwrap_or_else(|_| Err(no_answer()))
    }
}

fn no_answer() -> Unavailable {
    Unavailable::new("the work panicked, or the store was closed")
}
