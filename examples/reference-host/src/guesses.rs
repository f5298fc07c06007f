//! Guesses at client secrets. OAuth 2.1 §2.4.1: "the authorization server MUST protect any endpoint utilizing it against brute
//! force attacks."

use grantor::model::{ClientId, Digest};
use grantor::server::{ClientAuthentication, ClientAuthenticationMethod, ClientError};

use crate::address::Network;
use crate::throttle::{Attempt, Throttle};

/// Counts them by client and by where they come from, so that nobody keeps a client out by failing in its name.
#[derive(Debug)]
pub struct ClientGuesses {
    secrets: Throttle<(ClientId, Network)>,
    /// Clients that do not exist. Nothing can be guessed there: nobody else waits for it.
    unknown: Throttle<Network>,
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
        Self { secrets: Throttle::new(free_failures), unknown: Throttle::new(free_failures) }
    }

    /// Begins with what a request presents; none if that is no secret.
    ///
    /// # Errors
    /// Nothing may be tried for so many seconds.
    pub(crate) async fn begin(&self, presented: ClientAuthentication<'_>, from: Network) -> Result<Option<Guess>, u64> {
        let secret = match presented.method {
            ClientAuthenticationMethod::ClientSecretBasic(Some(secret))
            | ClientAuthenticationMethod::ClientSecretPost(secret) => Digest::of(secret.expose()),
            _ => return Ok(None),
        };
        let attempt = self.secrets.begin((presented.client_id, from), Some(secret)).await?;
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
