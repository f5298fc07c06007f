//! Protection against guesses at client secrets. OAuth 2.1 §2.4.1: "the authorization server MUST protect any endpoint
//! utilizing it against brute force attacks."

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, Request, header};
use grantor::model::{ClientId, Digest};
use grantor::server::{ClientAuthentication, ClientAuthenticationMethod, ClientError};
use lru::LruCache;

use crate::address::Network;
use crate::throttle::{Attempt, CAPACITY, Throttle};

/// A count of guesses by client and sender, so that nobody can lock a client out by failing in its name.
#[derive(Debug)]
pub struct ClientGuesses {
    secrets: Throttle<(ClientId, Network)>,
    /// The count of guesses at clients that do not exist. Nothing can be guessed there, so no other request waits for
    /// it.
    unknown: Throttle<Network>,
    familiar: Familiar,
}

/// Recent good values of `Authorization`, by a keyed hash of the value and the sender. Most requests bring one of them,
/// which is not a guess and need not be counted.
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
    /// The hash of its `Authorization`.
    value: Option<u64>,
    /// The counted attempt; `None` if it presents no secret, or one that was good the last time.
    attempt: Option<Attempt<(ClientId, Network)>>,
}

/// The refusal to try now.
#[derive(Debug)]
pub(crate) struct Wait {
    /// The client whose secret was presented; `None` if too many clients were made up.
    pub(crate) client_id: Option<ClientId>,
    /// The seconds to wait.
    pub(crate) seconds: u64,
}

impl ClientGuesses {
    /// Creates an empty count. This many wrong secrets cause no wait.
    #[must_use]
    pub fn new(free_failures: u32) -> Self {
        let familiar = Familiar { hasher: RandomState::new(), values: Mutex::new(LruCache::new(CAPACITY)) };
        Self { secrets: Throttle::new(free_failures), unknown: Throttle::new(free_failures), familiar }
    }

    /// Begins with the credentials of a request.
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
    /// Ends with the outcome of the request: success, a refusal because of its sender, or another refusal.
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
            // A value that was good before may be wrong by now. Then it counts after all.
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
            // A public client has no secret to guess at, and other errors say nothing about a secret.
            _ => attempt.withdraw(),
        }
        Ok(())
    }
}
