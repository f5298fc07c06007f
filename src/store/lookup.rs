//! The reading half of the storage contract: what a machine asks for, and what was found.

use std::iter;
use std::sync::Arc;

use arrayvec::ArrayVec;

use super::few::few;
use crate::effect::Effect;
use crate::model::{ClientId, Key, Timestamp};
use crate::record::{Client, Credential, Grant, PendingRequest};

/// Read at most one client, a few credentials and one pending request, in one round trip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookup {
    pub(crate) client: Option<ClientId>,
    pub(crate) credentials: ArrayVec<Key, { Lookup::MAX_CREDENTIALS }>,
    pub(crate) request: Option<RequestKey>,
}

/// One of the two keys by which a pending request is found. Both lead to the same partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKey {
    /// What its client has: the key of a `request_uri`.
    Key(Key),
    /// What a person types.
    UserCode(Key),
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
        Ok(Self { client, credentials: few(credentials).ok_or(TooManyCredentials)?, request: None })
    }

    /// A lookup of one credential.
    #[must_use]
    pub fn of(credential: Key) -> Self {
        Self { credentials: ArrayVec::from_iter([credential]), ..Self::default() }
    }

    /// A lookup of a client alone.
    #[must_use]
    pub fn of_client(client_id: ClientId) -> Self {
        Self { client: Some(client_id), ..Self::default() }
    }

    /// A lookup of a pending request alone.
    #[must_use]
    pub fn of_request(request: RequestKey) -> Self {
        Self { request: Some(request), ..Self::default() }
    }

    /// The same lookup, with a pending request.
    #[must_use]
    pub fn with_request(self, request: RequestKey) -> Self {
        Self { request: Some(request), ..self }
    }

    /// Whether there is nothing to read.
    pub(crate) fn is_empty(&self) -> bool {
        self.client.is_none() && self.credentials.is_empty() && self.request.is_none()
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

    /// The pending request to read.
    #[must_use]
    pub fn request(&self) -> Option<RequestKey> {
        self.request
    }
}

/// What a [`Lookup`] found. What is not there is left out.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub(crate) client: Option<Arc<Client>>,
    pub(crate) credentials: ArrayVec<Presented, { Lookup::MAX_CREDENTIALS }>,
    pub(crate) request: Option<PresentedRequest>,
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
        Ok(Self { client, credentials: few(credentials).ok_or(TooManyCredentials)?, request: None })
    }

    /// The same, with the pending request that was found.
    #[must_use]
    pub fn with_request(self, request: Option<PresentedRequest>) -> Self {
        Self { request, ..self }
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

    /// The pending request of this key, if it was found.
    #[must_use]
    pub fn request(&self, key: RequestKey) -> Option<&PresentedRequest> {
        self.request.as_ref().filter(|found| match key {
            RequestKey::Key(key) => found.request.key == key,
            RequestKey::UserCode(key) => found.request.user_code == Some(key),
        })
    }

    /// The client of this id, if it was found. Another one, which only a faulty store brings, is not the one that was
    /// asked for.
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
    /// [`kind`](Credential::kind), scope and audience say.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        !self.revoked && self.spent_at.is_none() && !self.credential.expires_at.is_past(now)
    }
}

/// A pending request as it stands now.
#[derive(Clone, Debug)]
pub struct PresentedRequest {
    /// The request, as it was last put.
    pub request: Arc<PendingRequest>,
    /// When it was approved or denied, if it was. A spent request stays visible until it expires.
    pub spent_at: Option<Timestamp>,
}

impl PresentedRequest {
    /// Whether it still waits for a decision: neither expired nor spent.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.spent_at.is_none() && !self.request.expires_at.is_past(now)
    }
}

impl Effect for Lookup {
    type Answer = Found;
    const NAME: &'static str = "lookup";
}
