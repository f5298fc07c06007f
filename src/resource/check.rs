//! The checks that all machines of a resource server share, whether they use the store or introspection.

use super::ResourceServer;
use super::access::Access;
use super::error::AccessError;
use super::refusal::Refusal;
use super::requirement::Requirement;
use crate::model::Timestamp;

/// The rules that a request is checked against, whatever the source of the facts about its token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checking<'a> {
    pub(super) server: &'a ResourceServer,
    pub(super) requirement: &'a Requirement,
    pub(super) now: Timestamp,
    pub(super) in_query: bool,
}

impl Checking<'_> {
    /// Returns the reply for a token that is alive, or for the reason why it is not.
    pub(super) fn reply(self, access: Result<Access, AccessError>) -> CheckReply {
        let Self { server, requirement, now, in_query } = self;
        match access.and_then(|access| server.judge(access, requirement, now)) {
            Ok(access) => CheckReply { result: Ok(access.presented(in_query)) },
            Err(error) => self.refuse(error),
        }
    }

    pub(super) fn refuse(self, error: AccessError) -> CheckReply {
        CheckReply { result: Err(Refusal::new(self.server, self.requirement, error)) }
    }
}

impl ResourceServer {
    /// Checks that a token that is alive may be used at this resource, for this requirement.
    fn judge(&self, access: Access, requirement: &Requirement, now: Timestamp) -> Result<Access, AccessError> {
        // RFC 6749 §7: "The resource server MUST validate the access token and ensure that it has not expired and that
        // its scope covers the requested resource."
        // RFC 7800 §3.1: a token with `cnf` is bound to a key. It is worth nothing without the proof: as a bearer token
        // it may be stolen (RFC 9449 §7.2).
        if access.claim("cnf").is_some_and(|cnf| !cnf.is_null()) {
            return Err(AccessError::TokenType);
        }
        // RFC 9700 §2.3: "If it was not, the resource server MUST refuse to serve the respective request."
        if !self.config.is_for(access.audience()) {
            return Err(AccessError::Audience);
        }
        // Both are reported at once, so that the client can mend both at once.
        let lacks_scope = !requirement.required_scope().is_subset(access.scope());
        if !requirement.is_met_by(&access, now, self.config.nbf_leeway) {
            return Err(AccessError::Authentication { lacks_scope });
        }
        if lacks_scope { Err(AccessError::Scope) } else { Ok(access) }
    }
}

/// The decision on a request: serve it or refuse it.
#[derive(Clone, Debug)]
#[must_use = "a request is served only if the reply says so"]
pub struct CheckReply {
    pub(super) result: Result<Access, Refusal>,
}

impl CheckReply {
    /// The access that the token gives, or the refusal.
    ///
    /// # Errors
    /// The refusal.
    pub fn result(&self) -> Result<&Access, &Refusal> {
        self.result.as_ref()
    }

    /// The same as [`result`](Self::result), by value.
    ///
    /// # Errors
    /// The refusal.
    pub fn into_result(self) -> Result<Access, Refusal> {
        self.result
    }
}
