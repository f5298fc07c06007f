//! A request with an access token, checked against the store that is shared with the authorization server: [RFC 6750].
//!
//! [RFC 6750]: https://www.rfc-editor.org/rfc/rfc6750

use super::ResourceServer;
use super::access::Access;
use super::bearer::Bearer;
use super::check::{CheckReply, Checking};
use super::error::AccessError;
use super::incoming::Incoming;
use super::requirement::Requirement;
use crate::effect::{Answer, Outage};
use crate::model::{Key, Timestamp};
use crate::record::CredentialKind;
use crate::step::{Pause, Step, machine};
use crate::store::{Found, Lookup};

machine! {
    /// The machine of a protected resource with access to the store. It has no `Commit`, so it cannot write.
    ///
    /// ```text
    /// request ─▶ Lookup ─▶ access │ refusal
    /// ```
    CheckByStore<'a> {
        Lookup = CheckByStoreLookup<'a>,
        Reply = CheckReply,
    }
}

impl ResourceServer {
    /// Checks a request with one lookup, or none if its token cannot be one of ours.
    ///
    /// `run` returns a [`CheckReply`].
    pub fn check<'a, 'r>(
        &'a self,
        request: impl Into<Incoming<'r>>,
        requirement: &'a Requirement,
        now: impl Into<Timestamp>,
    ) -> Step<CheckByStore<'a>> {
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
                Step::Lookup(CheckByStoreLookup { lookup, key, checking })
            }
        }
    }
}

/// Waits for the token's record.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct CheckByStoreLookup<'a> {
    lookup: Lookup,
    key: Key,
    checking: Checking<'a>,
}

impl<'a> Pause<Lookup> for CheckByStoreLookup<'a> {
    type Machine = CheckByStore<'a>;

    fn effect(&self) -> &Lookup {
        &self.lookup
    }

    fn resume(self, answer: Answer<Lookup>) -> Step<CheckByStore<'a>> {
        let Self { key, checking, .. } = self;
        let found = answer.map_err(|unavailable| AccessError::Unavailable(Outage::of::<Lookup>(unavailable)));
        Step::Done(checking.reply(found.and_then(|found| alive(found, key, checking.now))))
    }
}

/// Checks that the token is alive. [RFC 6750 §3.1], `invalid_token`: "The access token provided is expired, revoked,
/// malformed, or invalid for other reasons."
///
/// [RFC 6750 §3.1]: https://www.rfc-editor.org/rfc/rfc6750#section-3.1
fn alive(found: Found, key: Key, now: Timestamp) -> Result<Access, AccessError> {
    let presented = found.into_credential(key).ok_or(AccessError::Unknown)?;
    // Codes and refresh tokens are for the token endpoint. The client is not told which kind it presented.
    if !matches!(presented.credential.kind, CredentialKind::AccessToken(_)) {
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
