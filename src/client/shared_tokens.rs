//! A token set that many tasks share, and that is refreshed by one of them at a time.
//!
//! Servers rotate refresh tokens, so two refreshes at once are a race: the loser is refused or, worse, taken for a
//! thief (RFC 9700 §4.14.2). Whoever finds that the token expires takes the [`Turn`] to refresh it; the others go on
//! with the old token while it lasts, and wait when it does not.

use std::sync::Arc;

use super::Client;
use super::token_set::TokenSet;
use super::turn::{RefreshError, Shared, Turn, Wait};
use crate::host::{AsyncHost, Host};
use crate::model::{Moment, Timestamp};
use crate::wire::RequestError;

/// A token set for many tasks. A clone is the same token set.
///
/// [`SharedTokens::get`] and [`SharedTokens::get_async`] do all there is to do. A host that keeps token sets where they
/// survive it drives by hand, so as to store the new one before anybody uses it:
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
/// However many want the token, a server that failed is asked again after five seconds at the earliest, or when it said
/// ([`Retry-After`](RequestError::retry_after)), whether the access token has ended or not. Meanwhile everybody goes on
/// with the old token while it lasts, and has the error when it does not. What the server says decides what comes then;
/// [`RequestError::remedy`] has the table:
///
/// | [`Remedy`](super::Remedy) | the tokens | what `get` says once the access token has ended |
/// |---|---|---|
/// | `Wait` | are kept, and tried again | [`RefreshError::Request`] |
/// | `MendClient`, as for `invalid_client` | are kept, and tried again | [`RefreshError::Request`] |
/// | `AskOwner`, as for `invalid_grant` | are at their end, and not tried again | [`RefreshError::Ended`] |
///
/// A caller who knows better says so by [`SharedTokens::ended`].
///
/// # Client credentials
///
/// Tokens that a client has for itself come without a refresh token (RFC 6749 §4.4.3), and are asked for anew in the
/// same way: by one for all, if the request had no [parameter](super::TokenRequest::parameter) of its own. What has to
/// be said in each request is the [client's](Client::with_parameter). The first are fetched before they are shared.
#[derive(Clone, Debug)]
pub struct SharedTokens {
    shared: Arc<Shared>,
}

/// Where a shared token set stands. Each case has its own way on, and whoever drives by hand goes every one of them.
#[derive(Debug)]
pub enum Fresh {
    /// Use this.
    Ready(Arc<TokenSet>),
    /// It is yours to refresh. A token that lasts is refreshed by one, while the others go on with it.
    Refresh(Turn),
    /// Somebody else refreshes. Wait, then look again.
    Wait(Wait),
    /// It has ended, and could not be refreshed a short time ago. The server is left alone until then.
    #[non_exhaustive]
    Later {
        /// When to look again, at the earliest.
        retry_at: Timestamp,
        /// How the refresh failed.
        error: RequestError,
    },
    /// It has ended: [`RefreshError::Ended`]. It can be [replaced](SharedTokens::replace).
    Ended,
}

impl SharedTokens {
    /// Shares a token set.
    #[must_use]
    pub fn new(tokens: TokenSet) -> Self {
        Self { shared: Arc::new(Shared::of(tokens)) }
    }

    /// Goes on with another token set, after [`RefreshError::Ended`], say: the resource owner was asked again, or a
    /// client that acts for itself has a new token. A refresh of the old one that is under way no longer counts,
    /// whatever becomes of it.
    pub fn replace(&self, tokens: TokenSet) {
        self.shared.replace(tokens);
    }

    /// A resource server refused this access token before its time: 401 and `invalid_token`, RFC 6750 §3.1. It counts
    /// as ended, and whoever gets the token set next refreshes it. However many say so of one token, that is once; of
    /// an earlier token it is no news.
    ///
    /// Send a request once again, and not more: a resource server that refuses the new token too has another reason.
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
    pub fn refused(&self, tokens: &TokenSet) {
        let mut state = self.shared.lock();
        state.is_refused |= state.is_current(tokens);
    }

    /// These tokens cannot be refreshed any more, however that is known: the authorization server said so in a way that
    /// is not [understood](RequestError::remedy), or the resource owner took the grant back. The access token is used
    /// while it lasts, unless it is [refused](Self::refused) too; then it is [`RefreshError::Ended`]. Of earlier tokens
    /// it is no news.
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

    /// The tokens that there are, as good or bad as they may be: to keep them, or to say something of them. To use
    /// them, [`get`](Self::get) them.
    #[must_use]
    pub fn current(&self) -> Arc<TokenSet> {
        Arc::clone(&self.shared.lock().current)
    }

    /// How the current tokens were last tried to be refreshed in vain, if they were.
    #[must_use]
    pub fn last_error(&self) -> Option<RequestError> {
        self.shared.lock().rest.as_ref().map(|rest| rest.error.clone())
    }

    /// Where it stands.
    #[must_use]
    pub fn fresh(&self, now: impl Into<Timestamp>) -> Fresh {
        let now = now.into();
        let mut state = self.shared.lock();
        let current = Arc::clone(&state.current);
        // One that was asked for just now is as fresh as can be, however short it lives.
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

    /// A token set that is good at this moment, refreshed if need be, with a blocking host. All who wait for one
    /// refresh share what becomes of it.
    ///
    /// # Errors
    /// It has ended and could not be refreshed.
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

    /// The same with an async host. If the future that refreshes is dropped, another takes its turn.
    ///
    /// A future that is dropped after the server rotated the refresh token takes the new one with it, and a server
    /// without grace holds the next turn for theft. Where futures are dropped, as in a handler whose browser went away,
    /// spawn this call and await its task.
    ///
    /// # Errors
    /// It has ended and could not be refreshed.
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
