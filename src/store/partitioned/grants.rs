//! Grants on several servers: every server is asked for a page, and the pages are merged.

use super::Partitioned;
use super::all::all;
use crate::effect::Unavailable;
use crate::model::Timestamp;
use crate::store::{AsyncGrantStore, GrantCursor, GrantStore, GrantsOf, HeldGrant};

/// Merges pages from the same cursor on into one: the first grants of all of them.
fn merge(pages: Vec<Vec<HeldGrant>>, limit: usize) -> Vec<HeldGrant> {
    let mut page: Vec<_> = pages.into_iter().flatten().collect();
    page.sort_by_cached_key(|held| GrantCursor::of(&held.grant));
    page.truncate(limit);
    page
}

impl<S: GrantStore> GrantStore for Partitioned<S> {
    fn held_grants(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        self.server(0)?;
        let pages = self.servers.iter().map(|server| server.held_grants(of, after, limit, now));
        Ok(merge(pages.collect::<Result<_, _>>()?, limit))
    }
}

impl<S: AsyncGrantStore> AsyncGrantStore for Partitioned<S> {
    async fn held_grants_async(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        self.server(0)?;
        let pages = self.servers.iter().map(|server| server.held_grants_async(of, after, limit, now));
        Ok(merge(all(pages).await?, limit))
    }
}
