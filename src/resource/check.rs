//! What every check of a request has, whoever knows its token.

use super::ResourceServer;
use super::access::Access;
use super::error::AccessError;
use super::refusal::Refusal;
use super::requirement::Requirement;
use crate::model::Timestamp;

/// What a request is checked by, whoever knows its token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checking<'a> {
    pub(super) server: &'a ResourceServer,
    pub(super) requirement: &'a Requirement,
    pub(super) now: Timestamp,
    pub(super) in_query: bool,
}

impl Checking<'_> {
    /// The reply for a token that is alive, or for the reason why it is not.
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
    /// Whether a token that is alive may be used here, for this.
    fn judge(&self, access: Access, requirement: &Requirement, now: Timestamp) -> Result<Access, AccessError> {
        // RFC 6749 §7: "The resource server MUST validate the access token and ensure that it has not expired and that
        // its scope covers the requested resource."
        // RFC 7800 §3.1: a token with `cnf` is bound to a key. It is worth nothing without the proof: whoever shows it
        // as a bearer token may have stolen it (RFC 9449 §7.2).
        if access.claim("cnf").is_some_and(|cnf| !cnf.is_null()) {
            return Err(AccessError::TokenType);
        }
        // RFC 9700 §2.3: "If it was not, the resource server MUST refuse to serve the respective request."
        if !self.config.is_for(access.audience()) {
            return Err(AccessError::Audience);
        }
        // Both at once, so that the client can mend both at once.
        let lacks_scope = !requirement.required_scope().is_subset(access.scope());
        if !requirement.is_met_by(&access, now, self.config.nbf_leeway) {
            return Err(AccessError::Authentication { lacks_scope });
        }
        if lacks_scope { Err(AccessError::Scope) } else { Ok(access) }
    }
}

/// Whether a request is to be served.
#[derive(Clone, Debug)]
#[must_use = "a request is served only if the reply says so"]
pub struct CheckReply {
    pub(super) result: Result<Access, Refusal>,
}

impl CheckReply {
    /// What the token is good for, or why the request is not served.
    ///
    /// # Errors
    /// The refusal.
    pub fn result(&self) -> Result<&Access, &Refusal> {
        self.result.as_ref()
    }

    /// The same, to keep.
    ///
    /// # Errors
    /// The refusal.
    pub fn into_result(self) -> Result<Access, Refusal> {
        self.result
    }
}
