//! The reading half of the storage contract: what a machine asks for, and what was found.

use std::iter;
use std::sync::Arc;

use arrayvec::ArrayVec;

use crate::model::{Client, ClientId, Credential, Grant, Key, Timestamp};
use crate::step::Effect;

/// Read at most one client and a few credentials, in one round trip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookup {
    pub(crate) client: Option<ClientId>,
    pub(crate) credentials: ArrayVec<Key, { Lookup::MAX_CREDENTIALS }>,
}

/// These are more credentials than [`Lookup::MAX_CREDENTIALS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a lookup has at most {} credentials", Lookup::MAX_CREDENTIALS)]
pub struct TooManyCredentials;

impl Lookup {
    /// The most credentials that a lookup has.
    pub const MAX_CREDENTIALS: usize = 4;

    /// A lookup of a client and some credentials.
    ///
    /// # Errors
    /// The credentials are too many.
    pub fn new(
        client: Option<ClientId>,
        credentials: impl IntoIterator<Item = Key>,
    ) -> Result<Self, TooManyCredentials> {
        Ok(Self { client, credentials: few(credentials).ok_or(TooManyCredentials)? })
    }

    /// A lookup of one credential.
    #[must_use]
    pub fn of(credential: Key) -> Self {
        Self { client: None, credentials: ArrayVec::from_iter([credential]) }
    }

    /// A lookup of a client alone.
    #[must_use]
    pub fn of_client(client_id: ClientId) -> Self {
        Self { client: Some(client_id), credentials: ArrayVec::new() }
    }

    /// The client to read.
    #[must_use]
    pub fn client(&self) -> Option<&ClientId> {
        self.client.as_ref()
    }

    /// The credentials to read, each with its grant.
    #[must_use]
    pub fn credentials(&self) -> &[Key] {
        &self.credentials
    }
}

/// A list with room for so many; none if they are more.
pub(super) fn few<T, const MAX: usize>(items: impl IntoIterator<Item = T>) -> Option<ArrayVec<T, MAX>> {
    let mut list = ArrayVec::new();
    items.into_iter().try_for_each(|item| list.try_push(item)).ok()?;
    Some(list)
}

/// What a [`Lookup`] found. What is not there is left out.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub(crate) client: Option<Arc<Client>>,
    pub(crate) credentials: ArrayVec<Presented, { Lookup::MAX_CREDENTIALS }>,
}

impl Found {
    /// The client and the credentials that were found, these in any order.
    ///
    /// # Errors
    /// The credentials are more than any lookup asks for.
    pub fn new(
        client: Option<Arc<Client>>,
        credentials: impl IntoIterator<Item = Presented>,
    ) -> Result<Self, TooManyCredentials> {
        Ok(Self { client, credentials: few(credentials).ok_or(TooManyCredentials)? })
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> Option<&Arc<Client>> {
        self.client.as_ref()
    }

    /// The credentials, in any order.
    #[must_use]
    pub fn credentials(&self) -> &[Presented] {
        &self.credentials
    }

    /// The client of this id, if it was found. Another one, which only a faulty store brings, is not the one that was asked for.
    pub(crate) fn take_client(&mut self, client_id: &ClientId) -> Option<Arc<Client>> {
        self.client.take().filter(|client| client.client_id == *client_id)
    }

    /// The credential of this key, if it was found with its grant.
    #[must_use]
    pub fn credential(&self, key: Key) -> Option<&Presented> {
        self.credentials.iter().find(|presented| presented.is_of(key))
    }

    /// The same, to keep.
    pub(crate) fn into_credential(mut self, key: Key) -> Option<Presented> {
        iter::from_fn(|| self.credentials.pop()).find(|presented| presented.is_of(key))
    }
}

/// A credential as it stands now: two records that do not change, and the store's word on what did.
#[derive(Clone, Debug)]
pub struct Presented {
    /// The credential, as issued or last replaced.
    pub credential: Arc<Credential>,
    /// When it was spent. A spent credential stays visible: that is how replay is told from nonsense.
    pub spent_at: Option<Timestamp>,
    /// The grant that it stands for, as opened.
    pub grant: Arc<Grant>,
    /// Whether the grant was revoked, and all its credentials with it.
    pub revoked: bool,
}

impl Presented {
    fn is_of(&self, key: Key) -> bool {
        self.credential.key == key && self.credential.grant == self.grant.id
    }

    /// Whether it is good for anything: neither expired nor spent, and its grant not revoked. What it is good for, its
    /// [`kind`](Credential::kind), scope and resource say.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        !self.revoked && self.spent_at.is_none() && !self.credential.expires_at.is_past(now)
    }
}

impl Effect for Lookup {
    type Answer = Found;
}
