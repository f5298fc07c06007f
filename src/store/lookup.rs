//! The reading half of the storage contract: lookups, and the records that they find.

use std::iter;
use std::sync::Arc;

use arrayvec::ArrayVec;

use super::few::few;
use crate::effect::{Effect, Unavailable};
use crate::model::{ClientId, Key, Timestamp};
use crate::record::{Client, Credential, Grant, PendingRequest};

/// A lookup: the effect of reading at most one client, a few credentials and one pending request, in one round trip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookup {
    pub(crate) client: Option<ClientId>,
    pub(crate) credentials: ArrayVec<Key, { Lookup::MAX_CREDENTIALS }>,
    pub(crate) request: Option<RequestKey>,
}

/// One of the two keys by which a pending request is found. Both are in the same partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKey {
    /// The key of the client's `request_uri`, or of its device code.
    Key(Key),
    /// The key of the code that a person types in.
    UserCode(Key),
}

/// The error for more credentials than [`Lookup::MAX_CREDENTIALS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a lookup has at most {} credentials", Lookup::MAX_CREDENTIALS)]
pub struct TooManyCredentials;

impl Lookup {
    /// The most credentials that a lookup can have.
    pub const MAX_CREDENTIALS: usize = 4;

    /// Creates a lookup of a client and some credentials.
    ///
    /// # Errors
    /// There are too many credentials.
    pub fn new(
        client: Option<ClientId>,
        credentials: impl IntoIterator<Item = Key>,
    ) -> Result<Self, TooManyCredentials> {
        Ok(Self { client, credentials: few(credentials).ok_or(TooManyCredentials)?, request: None })
    }

    /// Creates a lookup of one credential.
    #[must_use]
    pub fn of(credential: Key) -> Self {
        Self { credentials: ArrayVec::from_iter([credential]), ..Self::default() }
    }

    /// Creates a lookup of a client alone.
    #[must_use]
    pub fn of_client(client_id: ClientId) -> Self {
        Self { client: Some(client_id), ..Self::default() }
    }

    /// Creates a lookup of a pending request alone.
    #[must_use]
    pub fn of_request(request: RequestKey) -> Self {
        Self { request: Some(request), ..Self::default() }
    }

    /// Returns the same lookup, with a pending request.
    #[must_use]
    pub fn with_request(self, request: RequestKey) -> Self {
        Self { request: Some(request), ..self }
    }

    /// Adds what another part of the same lookup reads.
    pub(super) fn add(&mut self, part: Self) {
        self.client = self.client.take().or(part.client);
        self.credentials.extend(part.credentials);
        self.request = self.request.or(part.request);
    }

    /// Tells if there is nothing to read.
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

/// The records that a [`Lookup`] found. Records that do not exist are left out.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub(crate) client: Option<Arc<Client>>,
    pub(crate) credentials: ArrayVec<Presented, { Lookup::MAX_CREDENTIALS }>,
    pub(crate) request: Option<PresentedRequest>,
}

impl Found {
    /// Creates a result with the client and the credentials that were found, in any order.
    ///
    /// # Errors
    /// There are more credentials than a lookup can ask for.
    pub fn new(
        client: Option<Arc<Client>>,
        credentials: impl IntoIterator<Item = Presented>,
    ) -> Result<Self, TooManyCredentials> {
        Ok(Self { client, credentials: few(credentials).ok_or(TooManyCredentials)?, request: None })
    }

    /// Returns the same result, with the pending request that was found.
    #[must_use]
    pub fn with_request(self, request: Option<PresentedRequest>) -> Self {
        Self { request, ..self }
    }

    /// Joins what the parts of one lookup found.
    pub(super) fn join(parts: impl IntoIterator<Item = Self>) -> Result<Self, Unavailable> {
        let mut whole = Self::default();
        for part in parts {
            whole.client = whole.client.or(part.client);
            whole.request = whole.request.or(part.request);
            for credential in part.credentials {
                whole
                    .credentials
                    .try_push(credential)
                    .map_err(|_| Unavailable::new("more was found than asked for"))?;
            }
        }
        Ok(whole)
    }

    /// The client, if found.
    #[must_use]
    pub fn client(&self) -> Option<&Arc<Client>> {
        self.client.as_ref()
    }

    /// The credentials that were found, in any order.
    #[must_use]
    pub fn credentials(&self) -> &[Presented] {
        &self.credentials
    }

    /// The pending request with this key, if found.
    #[must_use]
    pub fn request(&self, key: RequestKey) -> Option<&PresentedRequest> {
        self.request.as_ref().filter(|found| match key {
            RequestKey::Key(key) => found.request.key == key,
            RequestKey::UserCode(key) => found.request.user_code == Some(key),
        })
    }

    /// Takes the client with this id, if found. A client with another id, which only a faulty store returns, is
    /// ignored.
    pub(crate) fn take_client(&mut self, client_id: &ClientId) -> Option<Arc<Client>> {
        self.client.take().filter(|client| client.client_id == *client_id)
    }

    /// The credential with this key, if found with its own grant.
    #[must_use]
    pub fn credential(&self, key: Key) -> Option<&Presented> {
        self.credentials.iter().find(|presented| presented.is_of(key))
    }

    /// Takes the credential with this key, if found with its own grant.
    pub(crate) fn into_credential(mut self, key: Key) -> Option<Presented> {
        iter::from_fn(|| self.credentials.pop()).find(|presented| presented.is_of(key))
    }
}

/// A credential in its current state: two records that do not change, and the changes that the store keeps beside them.
#[derive(Clone, Debug)]
pub struct Presented {
    /// The credential, as issued or last replaced.
    pub credential: Arc<Credential>,
    /// The time at which it was spent. A spent credential stays visible, so that a replay can be told from an unknown
    /// one.
    pub spent_at: Option<Timestamp>,
    /// The grant of the credential, as opened.
    pub grant: Arc<Grant>,
    /// True if the grant was revoked, and all its credentials with it.
    pub revoked: bool,
}

impl Presented {
    fn is_of(&self, key: Key) -> bool {
        self.credential.key == key && self.credential.grant == self.grant.id
    }

    /// True if the credential can be used: neither expired nor spent, and its grant not revoked. Its use is limited by
    /// its [`kind`](Credential::kind), scope and audience.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        !self.revoked && self.spent_at.is_none() && !self.credential.expires_at.is_past(now)
    }
}

/// A pending request in its current state.
#[derive(Clone, Debug)]
pub struct PresentedRequest {
    /// The request, as last put.
    pub request: Arc<PendingRequest>,
    /// The time at which it was approved or denied, if it was. A spent request stays visible until it expires.
    pub spent_at: Option<Timestamp>,
}

impl PresentedRequest {
    /// True if the request still waits for a decision: neither expired nor spent.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.spent_at.is_none() && !self.request.expires_at.is_past(now)
    }
}

impl Effect for Lookup {
    type Answer = Found;
    const NAME: &'static str = "lookup";
}
