//! Several questions at once.

use std::future::poll_fn;
use std::task::Poll;

use crate::effect::Unavailable;

/// Awaits several answers side by side, and returns them in order, or the first failure at once.
pub(super) async fn all<T>(
    questions: impl IntoIterator<Item = impl Future<Output = Result<T, Unavailable>>>,
) -> Result<Vec<T>, Unavailable> {
    let mut asked: Vec<_> = questions.into_iter().map(|question| (Box::pin(question), None)).collect();
    poll_fn(move |context| {
        for (question, answer) in asked.iter_mut().filter(|(_, answer)| answer.is_none()) {
            if let Poll::Ready(ready) = question.as_mut().poll(context) {
                *answer = Some(ready?);
            }
        }
        if asked.iter().any(|(_, answer)| answer.is_none()) {
            return Poll::Pending;
        }
        Poll::Ready(Ok(asked.drain(..).filter_map(|(_, answer)| answer).collect()))
    })
    .await
}
