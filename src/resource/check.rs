//! A request with an access token, checked against the store that is shared with the authorization server: RFC 6750.

use super::bearer::Bearer;
use super::{Access, AccessError, Incoming, Refusal, Requirement, ResourceServer};
use crate::event::Event;
use crate::model::{CredentialKind, Key, Timestamp};
use crate::step::{Answer, Pause, Step, machine};
use crate::store::{Found, Lookup};

machine! {
    /// The machine of a protected resource. It has no `Commit`: it cannot write.
    ///
    /// ```text
    /// request ─▶ Lookup ─▶ access │ refusal
    /// ```
    Check<'a> {
        Lookup = CheckLookup<'a>,
        Reply = CheckReply,
    }
}

impl ResourceServer {
    /// Checks a request: one lookup, or none if its token cannot be one of ours.
    pub fn check<'a, 'r>(
        &'a self,
        request: impl Into<Incoming<'r>>,
        requirement: &'a Requirement,
        now: impl Into<Timestamp>,
    ) -> Step<Check<'a>> {
        let checking = Checking { server: self, requirement, now: now.into(), in_query: false };
        let bearer = match Bearer::read(request.into(), &self.config) {
            Ok(bearer) => bearer,
            Err(error) => return Step::Done(checking.refuse(error)),
        };
        let checking = Checking { in_query: bearer.in_query, ..checking };
        match Key::of(bearer.token.expose()) {
            None => Step::Done(checking.refuse(AccessError::Unknown)),
            Some(key) => {
                let lookup = Lookup::of(key);
                Step::Lookup(CheckLookup { lookup, key, checking })
            }
        }
    }
}

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

/// Waits for the token.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct CheckLookup<'a> {
    lookup: Lookup,
    key: Key,
    checking: Checking<'a>,
}

impl<'a> Pause<Lookup> for CheckLookup<'a> {
    type Machine = Check<'a>;

    fn effect(&self) -> &Lookup {
        &self.lookup
    }

    fn resume(self, answer: Answer<Lookup>) -> Step<Check<'a>> {
        let Self { key, checking, .. } = self;
        let found = answer.map_err(|unavailable| AccessError::Unavailable("lookup", unavailable));
        Step::Done(checking.reply(found.and_then(|found| alive(found, key, checking.now))))
    }
}

/// RFC 6750 §3.1, `invalid_token`: "The access token provided is expired, revoked, malformed, or invalid for other reasons."
fn alive(found: Found, key: Key, now: Timestamp) -> Result<Access, AccessError> {
    let presented = found.into_credential(key).ok_or(AccessError::Unknown)?;
    // A code or a refresh token is for the token endpoint. Whoever presents it here is not told what it is.
    if !matches!(presented.credential.kind, CredentialKind::AccessToken { .. }) {
        return Err(AccessError::Unknown);
    }
    if presented.credential.expires_at.is_past(now) {
        return Err(AccessError::Expired);
    }
    if !presented.is_alive(now) {
        return Err(AccessError::Revoked);
    }
    Ok(Access::stored(presented.credential, presented.grant))
}

/// Whether a request is to be served.
#[derive(Clone, Debug)]
#[must_use = "a request is served only if the reply says so"]
pub struct CheckReply {
    result: Result<Access, Refusal>,
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

    /// For the audit log and the metrics. It is made here and not before, so that whoever does not ask for it pays nothing.
    #[must_use]
    pub fn event(&self) -> Event {
        match &self.result {
            Ok(access) => access.event(),
            Err(refusal) => refusal.event(),
        }
    }
}
