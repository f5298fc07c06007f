//! The grants of resource owners and clients, read from memory.

use std::collections::BTreeMap;

use super::{MemoryStore, lock};
use crate::effect::Unavailable;
use crate::model::Timestamp;
use crate::store::{AsyncGrantStore, GrantCursor, GrantStore, GrantsOf, HeldGrant};

/// Reads every credential, one shard after the other.
impl GrantStore for MemoryStore {
    fn held_grants(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        let mut page = BTreeMap::<GrantCursor, HeldGrant>::new();
        for shard in &self.shards {
            // A grant and its credentials are in one shard, so a grant that drops off the page need not come back.
            for (grant, credential) in lock(shard).living(now) {
                if of.includes(grant) && after.is_none_or(|after| after.is_before(grant)) {
                    let held = page.entry(GrantCursor::of(grant)).or_insert_with(|| HeldGrant::new(grant.clone()));
                    held.count(credential);
                }
            }
            while page.len() > limit {
                page.pop_last();
            }
        }
        Ok(page.into_values().collect())
    }
}

impl AsyncGrantStore for MemoryStore {
    fn held_grants_async(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<HeldGrant>, Unavailable>> + Send {
        std::future::ready(self.held_grants(of, after, limit, now))
    }
}
