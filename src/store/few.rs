//! Short lists that stand inline.

use arrayvec::ArrayVec;

/// Collects items into a list with room for so many; `None` if they are more.
pub(super) fn few<T, const MAX: usize>(items: impl IntoIterator<Item = T>) -> Option<ArrayVec<T, MAX>> {
    let mut list = ArrayVec::new();
    items.into_iter().try_for_each(|item| list.try_push(item)).ok()?;
    Some(list)
}
