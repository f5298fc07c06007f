//! The host, for a request from somewhere.

use grantor::consult::{Owner, Password};
use grantor::host::AsyncHost;
use grantor::store::{AsyncStore, Commit, Lookup};
use grantor::{Answer, AsyncPolicy};

use crate::address::Network;
use crate::host::Host;
use crate::users::Users;

/// The host, and where the request comes from: the password grant, too, counts guesses by that.
#[derive(Debug)]
pub(crate) struct HostFor<'a> {
    pub(crate) host: &'a Host,
    pub(crate) from: Network,
}

impl AsyncHost for HostFor<'_> {
    async fn lookup_async(&self, lookup: &Lookup) -> Answer<Lookup> {
        AsyncStore::lookup_async(&self.host.store, lookup).await
    }

    async fn commit_async(&self, commit: &Commit) -> Answer<Commit> {
        AsyncStore::commit_async(&self.host.store, commit).await
    }

    async fn password_async(&self, question: &Password) -> Answer<Password> {
        let user = self.host.policy.log_in(&question.username, question.password.expose(), self.from).await;
        Ok(user.map_or(Owner::Refused, |user| Owner::Subject(user.subject.clone())))
    }
}

/// The only question that this host answers is the password grant's, and that comes to the host for a request from somewhere.
impl AsyncPolicy for Users {}
