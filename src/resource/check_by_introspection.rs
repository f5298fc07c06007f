//! A request with an access token, checked by asking the authorization server: RFC 7662.

use std::sync::Arc;

use super::ResourceServer;
use super::access::Access;
use super::bearer::Bearer;
use super::cache::Cache;
use super::check::{CheckReply, Checking};
use super::config::Config;
use super::error::AccessError;
use super::incoming::Incoming;
use super::requirement::Requirement;
use crate::effect::{Answer, Outage};
use crate::fetch::Fetch;
use crate::model::{ClientId, Digest, Endpoint, Metadata, Moment, Secret, Timestamp};
use crate::step::{Pause, Step, machine};
use crate::wire::{
    Authentication, Identity, Introspection, Registration, RequestError, ServerAnswer, introspection_request,
    introspection_response,
};

machine! {
    /// The machine of a protected resource that has no access to the authorization server's store.
    ///
    /// ```text
    /// request ─▶ [Fetch] ─▶ access │ refusal
    /// ```
    CheckByIntrospection<'a> {
        Fetch = CheckByIntrospectionFetch<'a>,
        Reply = CheckReply,
    }
}

/// Whom a resource server asks about tokens, and as whom. Keep one for as long as the process lives: it holds the
/// cache.
#[derive(Debug)]
pub struct Introspector {
    endpoint: Endpoint,
    identity: Identity,
    cache: Option<Cache>,
}

impl Introspector {
    /// Asks at the introspection endpoint of the server at which the resource server is registered. RFC 7662 §2.1: "the
    /// endpoint MUST also require some form of authorization".
    ///
    /// # Errors
    /// [`RequestError::OtherServer`]: the metadata is another server's, which would be shown the credentials and every
    /// token. [`RequestError::NoEndpoint`]: it names no endpoint for introspection.
    pub fn at(registration: &Registration, server: &Metadata) -> Result<Self, RequestError> {
        if !registration.is_at(server) {
            return Err(RequestError::OtherServer);
        }
        let endpoint = server.introspection_endpoint.clone();
        let endpoint = endpoint.ok_or(RequestError::NoEndpoint("introspection_endpoint"))?;
        let methods = server.introspection_endpoint_auth_methods_supported.as_ref();
        Ok(Self { endpoint, identity: registration.identity(server, methods), cache: None })
    }

    /// Asks at this endpoint. The credentials, and every token that somebody presents, go there: it is one that the
    /// operator has named. For one that a metadata document names, there is [`Introspector::at`].
    #[must_use]
    pub fn new(endpoint: Endpoint, client_id: ClientId, authentication: Authentication) -> Self {
        Self { endpoint, identity: Identity { client_id, authentication }, cache: None }
    }

    /// Remembers active tokens for a while. See [`Cache`] for what that trades.
    #[must_use]
    pub fn with_cache(self, cache: Cache) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// What it remembers.
    #[must_use]
    pub fn cache(&self) -> Option<&Cache> {
        self.cache.as_ref()
    }
}

impl ResourceServer {
    /// Checks a request: one introspection, or none if the cache knows its token. Nothing is drawn from the moment yet;
    /// a proof of the resource server's will be.
    pub fn check_by_introspection<'a, 'r>(
        &'a self,
        request: impl Into<Incoming<'r>>,
        requirement: &'a Requirement,
        introspector: &'a Introspector,
        moment: Moment,
    ) -> Step<CheckByIntrospection<'a>> {
        let checking = Checking { server: self, requirement, now: moment.now(), in_query: false };
        match Bearer::read(request.into(), &self.config) {
            Err(error) => Step::Done(checking.refuse(error)),
            Ok(Bearer { token, in_query }) => introspector.ask(&token, Checking { in_query, ..checking }),
        }
    }
}

impl Introspector {
    fn ask<'a>(&'a self, token: &Secret<'_>, checking: Checking<'a>) -> Step<CheckByIntrospection<'a>> {
        let digest = token.digest();
        if let Some(known) = self.cache.as_ref().and_then(|cache| cache.get(digest, checking.now)) {
            return Step::Done(checking.reply(alive(known, &checking.server.config, checking.now)));
        }
        match introspection_request(&self.endpoint, &self.identity, token, None) {
            Ok(fetch) => Step::Fetch(CheckByIntrospectionFetch { fetch, introspector: self, digest, checking }),
            Err(error) => Step::Done(checking.refuse(AccessError::Introspection(error))),
        }
    }

    /// The token that the authorization server says is active, remembered.
    fn read(&self, answer: Answer<Fetch>, digest: Digest, now: Timestamp) -> Result<Arc<Introspection>, AccessError> {
        let answer = ServerAnswer::asked_at(answer, now);
        let introspection = answer.and_then(introspection_response).map_err(outage)?;
        let introspection = introspection.map(|active| Arc::new(with_every_claim(active)));
        match (&self.cache, &introspection) {
            (Some(cache), Some(active)) => cache.put(digest, active, now),
            // Another check may have remembered it meanwhile, or by another clock.
            (Some(cache), None) => cache.forget(digest),
            (None, _) => {}
        }
        introspection.ok_or(AccessError::Unknown)
    }
}

/// Waits for the authorization server's word on a token.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct CheckByIntrospectionFetch<'a> {
    fetch: Fetch,
    introspector: &'a Introspector,
    digest: Digest,
    checking: Checking<'a>,
}

impl<'a> Pause<Fetch> for CheckByIntrospectionFetch<'a> {
    type Machine = CheckByIntrospection<'a>;

    fn effect(&self) -> &Fetch {
        &self.fetch
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<CheckByIntrospection<'a>> {
        let Self { introspector, digest, checking, .. } = self;
        let Checking { server, now, .. } = checking;
        let introspection = introspector.read(answer, digest, now);
        Step::Done(checking.reply(introspection.and_then(|introspection| alive(introspection, &server.config, now))))
    }
}

/// Whatever keeps the authorization server from answering, our own credentials among it, says nothing about the token.
fn outage(error: RequestError) -> AccessError {
    match error {
        RequestError::Unavailable(unavailable) => AccessError::Unavailable(Outage::of::<Fetch>(unavailable)),
        error => AccessError::Introspection(error),
    }
}

/// Members that [`Access`] has no method for are claims like any other.
fn with_every_claim(mut introspection: Introspection) -> Introspection {
    let Introspection { username, jti, claims, .. } = &mut introspection;
    for (name, value) in [("username", username.clone()), ("jti", jti.clone())] {
        claims.extend(value.map(|value| (name.to_owned(), value.into())));
    }
    introspection
}

/// RFC 7662 §4: "If the token can expire, the authorization server MUST determine whether or not the token has
/// expired." A remembered one may have expired since.
fn alive(introspection: Arc<Introspection>, config: &Config, now: Timestamp) -> Result<Access, AccessError> {
    if introspection.exp.is_some_and(|exp| exp.after(config.exp_leeway).is_past(now)) {
        return Err(AccessError::Expired);
    }
    if introspection.nbf.is_some_and(|nbf| nbf > now.after(config.nbf_leeway)) {
        return Err(AccessError::NotYet);
    }
    // A token that is bound to a key is worth nothing without the proof: whoever shows it as a bearer token may have
    // stolen it.
    if introspection.token_type.as_deref().is_some_and(|token_type| !config.is_bearer_type(token_type)) {
        return Err(AccessError::TokenType);
    }
    Ok(Access::introspected(introspection))
}
