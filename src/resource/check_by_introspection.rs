//! A request with an access token, checked by asking the authorization server: [RFC 7662].
//!
//! [RFC 7662]: https://www.rfc-editor.org/rfc/rfc7662

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

/// A resource server's connection to an introspection endpoint, with its credentials. Keep one for as long as the
/// process lives, since it holds the cache.
#[derive(Debug)]
pub struct Introspector {
    endpoint: Endpoint,
    identity: Identity,
    cache: Option<Cache>,
}

impl Introspector {
    /// Asks at the introspection endpoint of the server at which the resource server is registered. [RFC 7662 §2.1]:
    /// "the endpoint MUST also require some form of authorization".
    ///
    /// # Errors
    /// [`RequestError::OtherServer`]: the metadata is another server's, which would receive the credentials and every
    /// token. [`RequestError::NoEndpoint`]: the metadata has no introspection endpoint.
    ///
    /// [RFC 7662 §2.1]: https://www.rfc-editor.org/rfc/rfc7662#section-2.1
    pub fn at(registration: &Registration, server: &Metadata) -> Result<Self, RequestError> {
        if !registration.is_at(server) {
            return Err(RequestError::OtherServer);
        }
        let endpoint = server.introspection_endpoint.clone();
        let endpoint = endpoint.ok_or(RequestError::NoEndpoint("introspection_endpoint"))?;
        let methods = server.introspection_endpoint_auth_methods_supported.as_ref();
        Ok(Self { endpoint, identity: registration.identity(server, methods), cache: None })
    }

    /// Asks at this endpoint. The credentials, and every token that anybody presents, are sent there, so it must be one
    /// that the operator has configured. For an endpoint from a metadata document, use [`Introspector::at`].
    #[must_use]
    pub fn new(endpoint: Endpoint, client_id: ClientId, authentication: Authentication) -> Self {
        Self { endpoint, identity: Identity { client_id, authentication }, cache: None }
    }

    /// Remembers active tokens for a while. See [`Cache`] for the cost.
    #[must_use]
    pub fn with_cache(self, cache: Cache) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// The cache, if there is one.
    #[must_use]
    pub fn cache(&self) -> Option<&Cache> {
        self.cache.as_ref()
    }
}

impl ResourceServer {
    /// Checks a request with one introspection, or none if the cache knows its token. No randomness is drawn from the
    /// moment yet; proofs of possession will need it.
    ///
    /// `run` returns a [`CheckReply`].
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

    /// Reads the introspection response for an active token, and remembers it.
    fn read(&self, answer: Answer<Fetch>, digest: Digest, now: Timestamp) -> Result<Arc<Introspection>, AccessError> {
        let answer = ServerAnswer::asked_at(answer, now);
        let introspection = answer.and_then(introspection_response).map_err(outage)?;
        let introspection = introspection.map(|active| Arc::new(with_every_claim(active)));
        match (&self.cache, &introspection) {
            (Some(cache), Some(active)) => cache.put(digest, active, now),
            // Another check may have remembered the token meanwhile, or by another clock.
            (Some(cache), None) => cache.forget(digest),
            (None, _) => {}
        }
        introspection.ok_or(AccessError::Unknown)
    }
}

/// Waits for the introspection response.
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

/// Words a failure to introspect, be it for wrong credentials of our own: it says nothing about the token.
fn outage(error: RequestError) -> AccessError {
    match error {
        RequestError::Unavailable(unavailable) => AccessError::Unavailable(Outage::of::<Fetch>(unavailable)),
        error => AccessError::Introspection(error),
    }
}

/// Copies the members that [`Access`] has no method for into the claims.
fn with_every_claim(mut introspection: Introspection) -> Introspection {
    let Introspection { username, jti, claims, .. } = &mut introspection;
    for (name, value) in [("username", username.clone()), ("jti", jti.clone())] {
        claims.extend(value.map(|value| (name.to_owned(), value.into())));
    }
    introspection
}

/// Checks that a remembered token has not expired since. [RFC 7662 §4]: "If the token can expire, the authorization
/// server MUST determine whether or not the token has expired."
///
/// [RFC 7662 §4]: https://www.rfc-editor.org/rfc/rfc7662#section-4
fn alive(introspection: Arc<Introspection>, config: &Config, now: Timestamp) -> Result<Access, AccessError> {
    if introspection.exp.is_some_and(|exp| exp.after(config.exp_leeway).is_past(now)) {
        return Err(AccessError::Expired);
    }
    if introspection.nbf.is_some_and(|nbf| nbf > now.after(config.nbf_leeway)) {
        return Err(AccessError::NotYet);
    }
    // A token that is bound to a key is worth nothing without the proof: as a bearer token it may be stolen.
    if introspection.token_type.as_deref().is_some_and(|token_type| !config.is_bearer_type(token_type)) {
        return Err(AccessError::TokenType);
    }
    Ok(Access::introspected(introspection))
}
