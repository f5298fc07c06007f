//! Short lists that are stored inline.

use arrayvec::ArrayVec;

/// Collects items into a list of limited size; `None` if there are more.
pub(super) fn few<T, const MAX: usize>(items: impl IntoIterator<Item = T>) -> Option<ArrayVec<T, MAX>> {
    let mut list = ArrayVec::new();
    items.into_iter().try_for_each(|item| list.try_push(item)).ok()?;
    Some(list)
}
