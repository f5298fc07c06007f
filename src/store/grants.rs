//! The grants that resource owners and clients hold, for pages beside the protocol: "applications that I allowed", "log
//! out everywhere", "revoke this client".

use std::sync::Arc;

use super::application::{Application, Lines, Pages};
use super::clients::{Clients, WithClients};
use super::commit::{Change, Commit, Outcome};
use super::held_grant::{GrantCursor, GrantsOf, HeldGrant};
use super::{AsyncStore, Lookup, Store};
use crate::effect::Unavailable;
use crate::model::{ClientId, Subject, Timestamp};
use crate::record::Client;

/// Lists and revokes the grants of resource owners and clients, blocking. Optional: no machine needs it. Object-safe.
///
/// A grant is *living* while it is not revoked and one of its credentials is neither spent nor expired. Only living
/// grants are listed.
///
/// # In SQL
///
/// Add columns `subject` and `client_id` beside the grant's record (`Open` sets them, and they never change), with
/// indexes on `(subject, client_id, id)` and `(client_id, id)`, compared and ordered by bytes: in PostgreSQL `COLLATE
/// "C"` and `bytea`. [`held_grants`] is then one `SELECT` that joins the credentials and groups them by grant. A
/// grant's credentials are in its partition, so a primary key of credentials that begins with the partition finds them;
/// with only a few partitions, index their `grant_id`.
///
/// With the feature `store-contract`, the module `contract::grants` tests this contract.
///
/// [`held_grants`]: GrantStore::held_grants
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a blocking `GrantStore`",
    note = "an `AsyncGrantStore` has the same methods, whose names end in `_async`"
)]
pub trait GrantStore: Store {
    /// Reads living grants, ordered by client id and then by grant id, both by bytes: the first `limit` of them after a
    /// cursor, if given. A page with fewer than `limit` is the last.
    ///
    /// # Errors
    /// The store is unavailable.
    fn held_grants(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable>;

    /// Lists the applications that a resource owner allowed, one line per client however many logins, ordered by client
    /// id: the first `limit` of them after a client, if given. A grant that holds nothing but an unredeemed code is not
    /// counted. The client of each line is looked up, for its name.
    ///
    /// # Errors
    /// The store is unavailable.
    fn applications(
        &self,
        subject: &Subject,
        after: Option<&ClientId>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Application>, Unavailable> {
        let of = GrantsOf::Subject(subject.clone());
        let (mut pages, mut lines) = (Pages::after_client(after), Lines::new(limit));
        while !pages.is_last && !lines.is_full {
            let page = self.held_grants(&of, pages.after.as_ref(), Pages::LIMIT, now)?;
            lines.add(&page);
            pages.turn(&page)?;
        }
        for application in &mut lines.lines {
            let found = self.lookup(&Lookup::of_client(application.client_id.clone()))?;
            application.describe(found.client().map(|client| &**client));
        }
        Ok(lines.lines)
    }

    /// Revokes living grants, and returns their number. Each is a commit of its own: if one fails, those before it stay
    /// revoked, and the call can be repeated. Grants that are opened meanwhile may be missed; to end a client, see
    /// [`end_client`](Self::end_client).
    ///
    /// # Errors
    /// The store is unavailable.
    fn revoke_grants(&self, of: &GrantsOf, now: Timestamp) -> Result<usize, Unavailable> {
        let (mut pages, mut revoked) = (Pages::after_client(None), 0);
        while !pages.is_last {
            let page = self.held_grants(of, pages.after.as_ref(), Pages::LIMIT, now)?;
            for held in &page {
                let _ = self.commit(&Commit::of(Change::Revoke(held.grant.id)))?;
                revoked += 1;
            }
            pages.turn(&page)?;
        }
        Ok(revoked)
    }

    /// Ends a client: switches its record off, so that every endpoint refuses it, and then revokes its grants, page by
    /// page. Returns the number of grants; `None` if the record was changed since it was read, in which case nothing
    /// was done: read it again. Repeat the call after a failure, with the record as it is then. A request that was
    /// under way may still end in a grant, which the client cannot refresh.
    ///
    /// The record stays. As long as it exists, its id is not given to another client, which would be taken for the one
    /// that held tokens under it.
    ///
    /// # Errors
    /// The store is unavailable, or does not keep clients.
    fn end_client(&self, client: Client, now: Timestamp) -> Result<Option<usize>, Unavailable> {
        let client_id = client.client_id.clone();
        let outcome = switch_off(client).map_or(Ok(Outcome::Applied), |commit| self.commit(&commit))?;
        match outcome {
            Outcome::Conflict(_) => Ok(None),
            Outcome::Applied => self.revoke_grants(&GrantsOf::Client(client_id), now).map(Some),
        }
    }
}

/// Returns the commit that switches a client off; `None` if it is off already.
fn switch_off(client: Client) -> Option<Commit> {
    (!client.disabled).then(|| Commit::of(Change::PutClient(Arc::new(client.disable()))))
}

/// Lists and revokes the grants of resource owners and clients, async. The contract is that of [`GrantStore`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `AsyncGrantStore`",
    note = "a blocking `GrantStore` has the same methods, without `_async` at the end of their names"
)]
pub trait AsyncGrantStore: AsyncStore + Sync {
    /// Reads living grants: see [`GrantStore::held_grants`].
    fn held_grants_async(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<HeldGrant>, Unavailable>> + Send;

    /// Lists the applications that a resource owner allowed: see [`GrantStore::applications`].
    fn applications_async(
        &self,
        subject: &Subject,
        after: Option<&ClientId>,
        limit: usize,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Application>, Unavailable>> + Send {
        async move {
            let of = GrantsOf::Subject(subject.clone());
            let (mut pages, mut lines) = (Pages::after_client(after), Lines::new(limit));
            while !pages.is_last && !lines.is_full {
                let page = self.held_grants_async(&of, pages.after.as_ref(), Pages::LIMIT, now).await?;
                lines.add(&page);
                pages.turn(&page)?;
            }
            for application in &mut lines.lines {
                let found = self.lookup_async(&Lookup::of_client(application.client_id.clone())).await?;
                application.describe(found.client().map(|client| &**client));
            }
            Ok(lines.lines)
        }
    }

    /// Revokes living grants, and returns their number: see [`GrantStore::revoke_grants`].
    fn revoke_grants_async(
        &self,
        of: &GrantsOf,
        now: Timestamp,
    ) -> impl Future<Output = Result<usize, Unavailable>> + Send {
        async move {
            let (mut pages, mut revoked) = (Pages::after_client(None), 0);
            while !pages.is_last {
                let page = self.held_grants_async(of, pages.after.as_ref(), Pages::LIMIT, now).await?;
                for held in &page {
                    let _ = self.commit_async(&Commit::of(Change::Revoke(held.grant.id))).await?;
                    revoked += 1;
                }
                pages.turn(&page)?;
            }
            Ok(revoked)
        }
    }

    /// Ends a client: see [`GrantStore::end_client`].
    fn end_client_async(
        &self,
        client: Client,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<usize>, Unavailable>> + Send {
        async move {
            let client_id = client.client_id.clone();
            let outcome = match switch_off(client) {
                Some(commit) => self.commit_async(&commit).await?,
                None => Outcome::Applied,
            };
            match outcome {
                Outcome::Conflict(_) => Ok(None),
                Outcome::Applied => self.revoke_grants_async(&GrantsOf::Client(client_id), now).await.map(Some),
            }
        }
    }
}

/// Implements [`GrantStore`] for a pointer to a store by the store's own methods.
macro_rules! forward {
    ($([$($bounds:tt)*] [$($async_bounds:tt)*] $type:ty;)*) => {$(
        impl<$($bounds)*> GrantStore for $type {
            fn held_grants(
                &self,
                of: &GrantsOf,
                after: Option<&GrantCursor>,
                limit: usize,
                now: Timestamp,
            ) -> Result<Vec<HeldGrant>, Unavailable> {
                (**self).held_grants(of, after, limit, now)
            }

            fn applications(
                &self,
                subject: &Subject,
                after: Option<&ClientId>,
                limit: usize,
                now: Timestamp,
            ) -> Result<Vec<Application>, Unavailable> {
                (**self).applications(subject, after, limit, now)
            }

            fn revoke_grants(&self, of: &GrantsOf, now: Timestamp) -> Result<usize, Unavailable> {
                (**self).revoke_grants(of, now)
            }
        }

        impl<$($async_bounds)*> AsyncGrantStore for $type {
            fn held_grants_async(
                &self,
                of: &GrantsOf,
                after: Option<&GrantCursor>,
                limit: usize,
                now: Timestamp,
            ) -> impl Future<Output = Result<Vec<HeldGrant>, Unavailable>> + Send {
                (**self).held_grants_async(of, after, limit, now)
            }

            fn applications_async(
                &self,
                subject: &Subject,
                after: Option<&ClientId>,
                limit: usize,
                now: Timestamp,
            ) -> impl Future<Output = Result<Vec<Application>, Unavailable>> + Send {
                (**self).applications_async(subject, after, limit, now)
            }

            fn revoke_grants_async(
                &self,
                of: &GrantsOf,
                now: Timestamp,
            ) -> impl Future<Output = Result<usize, Unavailable>> + Send {
                (**self).revoke_grants_async(of, now)
            }
        }
    )*};
}

forward! {
    [S: GrantStore + ?Sized] [S: AsyncGrantStore + ?Sized] &S;
    [S: GrantStore + ?Sized] [S: AsyncGrantStore + Send + ?Sized] Arc<S>;
    [S: GrantStore + ?Sized] [S: AsyncGrantStore + ?Sized] Box<S>;
}

/// Grants are those of the inner store, and the names of applications those of the other clients.
impl<C: Clients, S: GrantStore> GrantStore for WithClients<C, S> {
    fn held_grants(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        self.store.held_grants(of, after, limit, now)
    }

    fn revoke_grants(&self, of: &GrantsOf, now: Timestamp) -> Result<usize, Unavailable> {
        self.store.revoke_grants(of, now)
    }
}

/// Grants are those of the inner store, and the names of applications those of the other clients.
impl<C: Clients + Sync, S: AsyncGrantStore> AsyncGrantStore for WithClients<C, S> {
    fn held_grants_async(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<HeldGrant>, Unavailable>> + Send {
        self.store.held_grants_async(of, after, limit, now)
    }

    fn revoke_grants_async(
        &self,
        of: &GrantsOf,
        now: Timestamp,
    ) -> impl Future<Output = Result<usize, Unavailable>> + Send {
        self.store.revoke_grants_async(of, now)
    }
}
