//! A token set that many tasks share, and that is refreshed by one of them at a time.
//!
//! Servers rotate refresh tokens, so two refreshes at once are a race: the loser is refused or, worse, taken for a
//! thief ([RFC 9700 §4.14.2]). The first task that finds the token expiring takes the [`Turn`] to refresh it; the
//! others go on with the old token until it expires, and then wait.
//!
//! [RFC 9700 §4.14.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2

use std::sync::Arc;

use super::Client;
use super::token_set::TokenSet;
use super::turn::{RefreshError, Shared, Turn, Wait};
use crate::host::{AsyncHost, Host};
use crate::model::{Moment, Timestamp};
use crate::wire::RequestError;

/// A token set for many tasks. Clones share one token set.
///
/// [`SharedTokens::get`] and [`SharedTokens::get_async`] are all that most hosts need. If you persist token sets, drive
/// the refresh by hand, so that the new set is stored before any task uses it:
///
/// ```
/// # use grantor::client::{Client, Fresh, RefreshError, SharedTokens, TokenSet};
/// # fn store(_: &TokenSet) {}
/// # fn get(tokens: &SharedTokens, client: &Client, moment: grantor::Moment, http: &dyn grantor::host::Host)
/// #     -> Result<std::sync::Arc<TokenSet>, RefreshError> {
/// loop {
///     match tokens.fresh(moment.now()) {
///         Fresh::Ready(tokens) => return Ok(tokens),
///         Fresh::Wait(wait) => wait.block()?,
///         Fresh::Later { error, .. } => return Err(RefreshError::Request(error)),
///         Fresh::Ended => return Err(RefreshError::Ended),
///         Fresh::Refresh(turn) => {
///             let reply = turn.start(client, moment).run(http);
///             reply.iter().for_each(store);
///             return turn.finish(reply);
///         }
///     }
/// }
/// # }
/// ```
///
/// # When a refresh fails
///
/// However many tasks want the token, a server that failed is asked again after five seconds at the earliest, or after
/// the time that it named ([`Retry-After`](RequestError::retry_after)). Meanwhile every task goes on with the old token
/// until it expires, and gets the error after that. The server's answer decides the rest; [`RequestError::remedy`] has
/// the table:
///
/// | [`Remedy`](super::Remedy) | the tokens | error of `get` once the access token has expired |
/// |---|---|---|
/// | `Wait` | are kept, and tried again | [`RefreshError::Request`] |
/// | `MendClient`, as for `invalid_client` | are kept, and tried again | [`RefreshError::Request`] |
/// | `AskOwner`, as for `invalid_grant` | are final, and not tried again | [`RefreshError::Ended`] |
///
/// A caller who knows more than that calls [`SharedTokens::ended`].
///
/// # Client credentials
///
/// Tokens for the client itself come without a refresh token ([RFC 6749 §4.4.3]). They are requested anew in the same
/// way, by one task for all, provided that the request had no [parameter](super::TokenRequest::parameter) of its own;
/// give parameters for every request to the [client](Client::with_parameter). Fetch the first token set before you
/// share it.
///
/// [RFC 6749 §4.4.3]: https://www.rfc-editor.org/rfc/rfc6749#section-4.4.3
#[derive(Clone, Debug)]
pub struct SharedTokens {
    shared: Arc<Shared>,
}

/// The state of a shared token set. Each case has its own way on; a host that drives by hand handles all of them.
#[derive(Debug)]
pub enum Fresh {
    /// The token set is good: use it.
    Ready(Arc<TokenSet>),
    /// The token set is yours to refresh. While a token is still good, one task refreshes it and the others go on using
    /// it.
    Refresh(Turn),
    /// Another task refreshes. Wait, then look again.
    Wait(Wait),
    /// The access token has expired, and a refresh failed a short time ago. The server is left alone until `retry_at`.
    #[non_exhaustive]
    Later {
        /// The earliest time to look again.
        retry_at: Timestamp,
        /// The error of the last refresh.
        error: RequestError,
    },
    /// The token set is at its end: [`RefreshError::Ended`]. It can be [replaced](SharedTokens::replace).
    Ended,
}

impl SharedTokens {
    /// Shares a token set with other tasks.
    #[must_use]
    pub fn new(tokens: TokenSet) -> Self {
        Self { shared: Arc::new(Shared::of(tokens)) }
    }

    /// Replaces the token set, for example after [`RefreshError::Ended`], when the resource owner was asked again or a
    /// client that acts for itself has a new token. The result of a refresh of the old one that is under way is
    /// discarded.
    pub fn replace(&self, tokens: TokenSet) {
        self.shared.replace(tokens);
    }

    /// Reports that a resource server refused this access token before it expired: 401 and `invalid_token`,
    /// [RFC 6750 §3.1]. The token then counts as expired, and the next task that asks for it refreshes it. Several
    /// reports of one token count once, and reports of an earlier token are ignored.
    ///
    /// Repeat the request only once: a resource server that refuses the new token too has another reason.
    ///
    /// ```
    /// # use grantor::client::{Client, RefreshError, SharedTokens, TokenSet};
    /// # fn call(_: &TokenSet) -> u16 { 200 }
    /// # type Host = dyn grantor::host::Host;
    /// # fn twice(tokens: &SharedTokens, client: &Client, moment: impl Fn() -> grantor::Moment, http: &Host)
    /// #     -> Result<u16, RefreshError> {
    /// let used = tokens.get(client, moment(), http)?;
    /// let status = call(&used);
    /// if status != 401 {
    ///     return Ok(status);
    /// }
    /// tokens.refused(&used);
    /// Ok(call(&*tokens.get(client, moment(), http)?))
    /// # }
    /// ```
    ///
    /// [RFC 6750 §3.1]: https://www.rfc-editor.org/rfc/rfc6750#section-3.1
    pub fn refused(&self, tokens: &TokenSet) {
        let mut state = self.shared.lock();
        state.is_refused |= state.is_current(tokens);
    }

    /// Reports that these tokens cannot be refreshed any more: the authorization server said so in a way that is not
    /// [understood](RequestError::remedy), or the resource owner took the grant back. The access token is used until it
    /// expires or is [refused](Self::refused); after that, the error is [`RefreshError::Ended`]. Reports of earlier
    /// tokens are ignored.
    ///
    /// ```
    /// # use grantor::client::{Client, RefreshError, SharedTokens};
    /// # type Host = dyn grantor::host::Host;
    /// # fn get(tokens: &SharedTokens, client: &Client, moment: grantor::Moment, http: &Host) {
    /// let current = tokens.current();
    /// if let Err(RefreshError::Request(error)) = tokens.get(client, moment, http)
    ///     && error.to_string().contains("E4711")
    /// {
    ///     tokens.ended(&current);
    /// }
    /// # }
    /// ```
    pub fn ended(&self, tokens: &TokenSet) {
        let mut state = self.shared.lock();
        if state.is_current(tokens) {
            state.end();
        }
    }

    /// Returns the current tokens, even if they have expired, to store them or to report on them. To use them,
    /// [`get`](Self::get) them.
    #[must_use]
    pub fn current(&self) -> Arc<TokenSet> {
        Arc::clone(&self.shared.lock().current)
    }

    /// The error of the last refresh of the current tokens, if it failed.
    #[must_use]
    pub fn last_error(&self) -> Option<RequestError> {
        self.shared.lock().rest.as_ref().map(|rest| rest.error.clone())
    }

    /// Returns the state of the token set at this time.
    #[must_use]
    pub fn fresh(&self, now: impl Into<Timestamp>) -> Fresh {
        let now = now.into();
        let mut state = self.shared.lock();
        let current = Arc::clone(&state.current);
        // A token that was requested just now counts as fresh, however short its life.
        let is_expiring = now > current.requested_at() && current.needs_refresh(now);
        let has_ended = state.is_refused || is_expiring && current.expires_at().is_some_and(|end| end.is_past(now));
        if !has_ended && !is_expiring {
            return Fresh::Ready(current);
        }
        if !current.is_renewable() {
            return if has_ended { Fresh::Ended } else { Fresh::Ready(current) };
        }
        let rest = state.rest.as_ref().filter(|rest| rest.is_on(now));
        match rest.map(|rest| (rest.until, rest.error.clone())) {
            Some((retry_at, error)) if has_ended => return Fresh::Later { retry_at, error },
            Some(_) => return Fresh::Ready(current),
            None => {}
        }
        match state.turn(&self.shared, has_ended, now) {
            Ok(turn) => Fresh::Refresh(turn),
            Err(wait) if has_ended => Fresh::Wait(wait),
            Err(_) => Fresh::Ready(current),
        }
    }

    /// Returns a token set that is good at this moment, refreshed if need be, with a blocking host. All tasks that wait
    /// for one refresh share its result.
    ///
    /// # Errors
    /// The access token has expired and could not be refreshed.
    pub fn get(
        &self,
        client: &Client,
        moment: Moment,
        host: &(impl Host + ?Sized),
    ) -> Result<Arc<TokenSet>, RefreshError> {
        loop {
            match self.fresh(moment.now()) {
                Fresh::Ready(tokens) => return Ok(tokens),
                Fresh::Later { error, .. } => return Err(RefreshError::Request(error)),
                Fresh::Ended => return Err(RefreshError::Ended),
                Fresh::Wait(wait) => wait.block()?,
                Fresh::Refresh(turn) => {
                    let reply = turn.start(client, moment).run(host);
                    return turn.finish(reply);
                }
            }
        }
    }

    /// The same as [`get`](Self::get) with an async host. If the future that refreshes is dropped, another task takes
    /// the turn.
    ///
    /// A future that is dropped after the server rotated the refresh token loses the new one, and a server without a
    /// grace period takes the next refresh for theft. Where futures are dropped, as in a handler whose browser went
    /// away, spawn this call and await its task.
    ///
    /// # Errors
    /// The access token has expired and could not be refreshed.
    pub async fn get_async(
        &self,
        client: &Client,
        moment: Moment,
        host: &(impl AsyncHost + ?Sized),
    ) -> Result<Arc<TokenSet>, RefreshError> {
        loop {
            match self.fresh(moment.now()) {
                Fresh::Ready(tokens) => return Ok(tokens),
                Fresh::Later { error, .. } => return Err(RefreshError::Request(error)),
                Fresh::Ended => return Err(RefreshError::Ended),
                Fresh::Wait(wait) => wait.await?,
                Fresh::Refresh(turn) => {
                    let reply = turn.start(client, moment).run_async(host).await;
                    return turn.finish(reply);
                }
            }
        }
    }
}
