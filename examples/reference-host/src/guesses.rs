//! Guesses at client secrets. OAuth 2.1 §2.4.1: "the authorization server MUST protect any endpoint utilizing it
//! against brute force attacks."

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, Request, header};
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

/// Values of `Authorization` that were right the last time, by a keyed hash of the value and where it came from. Most
/// requests bring one of them; it is no guess, and need not be looked into.
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

/// A request that may be a guess.
#[derive(Debug)]
pub(crate) struct Guess<'a> {
    guesses: &'a ClientGuesses,
    request: &'a Request<Bytes>,
    from: Network,
    /// Its `Authorization`, by its hash.
    value: Option<u64>,
    /// `None` if it presents no secret, or one that was right the last time.
    attempt: Option<Attempt<(ClientId, Network)>>,
}

/// Why nothing is tried now.
#[derive(Debug)]
pub(crate) struct Wait {
    /// Whose secret was presented; `None` if too many clients were made up.
    pub(crate) client_id: Option<ClientId>,
    /// For how long.
    pub(crate) seconds: u64,
}

impl ClientGuesses {
    /// Nobody has guessed yet. So many wrong secrets cost nothing.
    #[must_use]
    pub fn new(free_failures: u32) -> Self {
        let familiar = Familiar { hasher: RandomState::new(), values: Mutex::new(LruCache::new(CAPACITY)) };
        Self { secrets: Throttle::new(free_failures), unknown: Throttle::new(free_failures), familiar }
    }

    /// Begins with what a request presents.
    ///
    /// # Errors
    /// Too many attempts have failed.
    pub(crate) async fn begin<'a>(&'a self, request: &'a Request<Bytes>, from: Network) -> Result<Guess<'a>, Wait> {
        let value = self.familiar.of(request.headers(), from);
        let is_familiar = value.is_some_and(|value| self.familiar.lock().get(&value).is_some());
        let attempt = if is_familiar { None } else { self.attempt(request, from).await? };
        Ok(Guess { guesses: self, request, from, value, attempt })
    }

    async fn attempt(
        &self,
        request: &Request<Bytes>,
        from: Network,
    ) -> Result<Option<Attempt<(ClientId, Network)>>, Wait> {
        let Ok(presented) = ClientAuthentication::of(request) else { return Ok(None) };
        let secret = match presented.method {
            ClientAuthenticationMethod::ClientSecretBasic(Some(secret))
            | ClientAuthenticationMethod::ClientSecretPost(secret) => Digest::of(secret.expose()),
            _ => return Ok(None),
        };
        let begun = self.secrets.begin((presented.client_id.clone(), from), Some(secret)).await;
        begun.map(Some).map_err(|seconds| Wait { client_id: Some(presented.client_id), seconds })
    }
}

impl Guess<'_> {
    /// Tells how the request was answered: well, or refused because of its sender, or refused otherwise.
    ///
    /// # Errors
    /// The sender is told to wait instead.
    pub(crate) async fn end(self, outcome: Result<(), Option<ClientError>>) -> Result<(), Wait> {
        let Self { guesses, request, from, value, attempt } = self;
        let Err(because_of) = outcome else {
            if let Some(attempt) = attempt {
                attempt.succeeded();
                if let Some(value) = value {
                    guesses.familiar.lock().put(value, ());
                }
            }
            return Ok(());
        };
        let attempt = match attempt {
            Some(attempt) => Some(attempt),
            // What was right before may be wrong by now. Then it counts after all.
            None => match value.and_then(|value| guesses.familiar.lock().pop(&value)) {
                Some(()) => guesses.attempt(request, from).await?,
                None => None,
            },
        };
        let Some(attempt) = attempt else { return Ok(()) };
        match because_of {
            Some(ClientError::SecretMismatch) => drop(attempt),
            Some(ClientError::Unknown) => {
                attempt.withdraw();
                let begun = guesses.unknown.begin(from, None).await;
                drop(begun.map_err(|seconds| Wait { client_id: None, seconds })?);
            }
            // A public client has no secret to guess at; and whatever else is wrong says nothing of a secret.
            _ => attempt.withdraw(),
        }
        Ok(())
    }
}
