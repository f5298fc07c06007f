//! Guesses at client secrets. OAuth 2.1 §2.4.1: "the authorization server MUST protect any endpoint utilizing it against brute
//! force attacks."

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, header};
use grantor::model::{ClientId, Digest};
use grantor::server::{ClientAuthentication, ClientAuthenticationMethod, ClientError};
use lru::LruCache;

use crate::address::Network;
use crate::throttle::{Attempt, CAPACITY, Throttle};

/// Counts them by client and by where they come from, so that nobody keeps a client out by failing in its name.
#[derive(Debug)]
pub struct ClientGuesses {
    secrets: Throttle<(ClientId, Network)>,
    /// Clients that do not exist. Nothing can be guessed there: nobody else waits for it.
    unknown: Throttle<Network>,
    familiar: Familiar,
}

/// Values of `Authorization` that were right the last time, by a keyed hash of the value and where it came from. Most requests bring
/// one of them; it is no guess, and need not be looked into.
#[derive(Debug)]
struct Familiar {
    hasher: RandomState,
    values: Mutex<LruCache<u64, ()>>,
}

impl Familiar {
    fn of(&self, headers: &HeaderMap, from: Network) -> Option<u64> {
        headers.get(header::AUTHORIZATION).map(|value| self.hasher.hash_one((value.as_bytes(), from)))
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<u64, ()>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A secret that is presented, and may be a guess.
#[derive(Debug)]
pub(crate) struct Guess {
    attempt: Attempt<(ClientId, Network)>,
    unknown: Throttle<Network>,
    from: Network,
}

impl ClientGuesses {
    /// Nobody has guessed yet. So many wrong secrets cost nothing.
    #[must_use]
    pub fn new(free_failures: u32) -> Self {
        let familiar = Familiar { hasher: RandomState::new(), values: Mutex::new(LruCache::new(CAPACITY)) };
        Self { secrets: Throttle::new(free_failures), unknown: Throttle::new(free_failures), familiar }
    }

    /// Whether these headers bring what was right the last time.
    pub(crate) fn is_familiar(&self, headers: &HeaderMap, from: Network) -> bool {
        self.familiar.of(headers, from).is_some_and(|value| self.familiar.lock().get(&value).is_some())
    }

    /// Remembers that what these headers bring is right, or that it is not.
    pub(crate) fn learn(&self, headers: &HeaderMap, from: Network, is_right: bool) {
        let Some(value) = self.familiar.of(headers, from) else { return };
        let mut familiar = self.familiar.lock();
        if is_right {
            familiar.put(value, ());
        } else {
            familiar.pop(&value);
        }
    }

    /// Begins with what a request presents; none if that is no secret.
    ///
    /// # Errors
    /// Nothing may be tried for so many seconds.
    pub(crate) async fn begin(
        &self,
        presented: &ClientAuthentication<'_>,
        from: Network,
    ) -> Result<Option<Guess>, u64> {
        let secret = match &presented.method {
            ClientAuthenticationMethod::ClientSecretBasic(Some(secret))
            | ClientAuthenticationMethod::ClientSecretPost(secret) => Digest::of(secret.expose()),
            _ => return Ok(None),
        };
        let attempt = self.secrets.begin((presented.client_id.clone(), from), Some(secret)).await?;
        Ok(Some(Guess { attempt, unknown: self.unknown.clone(), from }))
    }
}

impl Guess {
    /// The request was answered.
    pub(crate) fn succeeded(self) {
        self.attempt.succeeded();
    }

    /// The request was refused: because of who sent it, or otherwise.
    ///
    /// # Errors
    /// The sender makes up clients, and is not answered for so many seconds.
    pub(crate) async fn refused(self, because_of: Option<ClientError>) -> Result<(), u64> {
        match because_of {
            Some(ClientError::SecretMismatch) => drop(self.attempt),
            Some(ClientError::Unknown) => {
                self.attempt.withdraw();
                drop(self.unknown.begin(self.from, None).await?);
            }
            // A public client has no secret to guess at; and whatever else is wrong says nothing of a secret.
            _ => self.attempt.withdraw(),
        }
        Ok(())
    }
}
