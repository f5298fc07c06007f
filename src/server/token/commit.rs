//! The commit of an access token request, and the result of losing a race for it: [RFC 6749 §4.1.2],
//! [RFC 9700 §4.14.2].
//!
//! [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
//! [RFC 9700 §4.14.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2

use std::marker::PhantomData;
use std::sync::Arc;

use super::{Token, TokenError, TokenReply, TokenResponse, TokensIssued, unavailable};
use crate::effect::Answer;
use crate::model::{ClientId, GrantId, Moment, Timestamp};
use crate::record::PendingRequest;
use crate::server::Config;
use crate::server::cross_origin::Reader;
use crate::server::error::PresentedIn;
use crate::server::issue::{Basis, Issued, Plan};
use crate::step::{Pause, Step};
use crate::store::{Change, Commit, Outcome};

/// Waits for the outcome of the commit.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct TokenCommit<'a> {
    commit: Commit,
    then: Then,
    reader: Reader,
    server: PhantomData<&'a Config>,
}

/// The step after a write.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(clippy::large_enum_variant, reason = "states are stored inline")]
enum Then {
    /// Send the tokens. If the credential that pays for them was spent meanwhile, their basis decides what follows.
    Issue(TokensIssued),
    /// Send the refusal.
    Refuse(ClientId, GrantId, TokenError),
    /// Tell the device to poll again.
    PollAgain(ClientId, TokenError),
}

impl<'a> TokenCommit<'a> {
    pub(super) fn issue(config: &'a Config, reader: Reader, mut moment: Moment, plan: Plan) -> Step<Token<'a>> {
        let (basis, grant_type) = (plan.basis, plan.issuance.grant_type.clone());
        let issued = plan.issue(config, &mut moment);
        let Issued { commit, grant, access_token, expires_in, scope, refresh_token, response_members, .. } = issued;
        // Sent only if the grant has an end that rotation does not move.
        let seconds_until = |end: Timestamp| end.0.saturating_sub(moment.now().0);
        let authorization_expires_in = grant.expires_at.map(seconds_until);
        let refresh_token_ends = refresh_token.as_ref().map(|(_, expires_at)| seconds_until(*expires_at));
        let response = TokenResponse {
            access_token,
            expires_in,
            refresh_token: refresh_token.map(|(token, _)| token),
            scope,
            authorization_details: issued.authorization_details,
            refresh_token_expires_in: refresh_token_ends.filter(|_| authorization_expires_in.is_some()),
            authorization_expires_in,
            members: response_members,
        };
        Self::wait(reader, commit, Then::Issue(TokensIssued { response, grant, grant_type, basis }))
    }

    pub(super) fn revoke(reader: Reader, client_id: ClientId, grant: GrantId, error: TokenError) -> Step<Token<'a>> {
        Self::wait(reader, Commit::of(Change::Revoke(grant)), Then::Refuse(client_id, grant, error))
    }

    /// Writes a poll of a device. [RFC 8628 §3.5] has it poll again, whether or not another poll, or the decision, came
    /// first: the request is written by its revision, and a conflict is no error.
    ///
    /// [RFC 8628 §3.5]: https://www.rfc-editor.org/rfc/rfc8628#section-3.5
    pub(super) fn poll(reader: Reader, polled: PendingRequest, error: TokenError) -> Step<Token<'a>> {
        let then = Then::PollAgain(polled.client_id.clone(), error);
        Self::wait(reader, Commit::of(Change::PutRequest(Arc::new(polled))), then)
    }

    fn wait(reader: Reader, commit: Commit, then: Then) -> Step<Token<'a>> {
        Step::Commit(Self { commit, then, reader, server: PhantomData })
    }

    /// Handles a conflict: the precondition of the change at this index did not hold.
    fn refused(self, at: usize) -> Step<Token<'a>> {
        let Self { commit, then, reader, .. } = self;
        let client_id = then.client_id().clone();
        match (commit.changes().get(at), then) {
            (_, Then::PollAgain(client_id, error)) => {
                Step::Done(TokenReply::refused(reader, Some(client_id), error, PresentedIn::Body))
            }
            (
                Some(Change::Spend { .. }),
                Then::Issue(TokensIssued { grant, basis: basis @ (Basis::Code(key) | Basis::DeviceCode(key)), .. }),
            ) => {
                // The credential was spent, at whatever time, or the store has forgotten it since the lookup.
                let was_spent =
                    Change::Reuse { key, since: Timestamp(0), until: Timestamp(u64::MAX), at_most: u32::MAX };
                let changes = [was_spent, Change::Revoke(grant.id)].into_iter().collect();
                let error = match basis {
                    Basis::DeviceCode(_) => TokenError::DeviceCodeReplayed,
                    _ => TokenError::CodeReplayed,
                };
                let then = Then::Refuse(client_id, grant.id, error);
                Self::wait(reader, Commit::in_one_partition(changes), then)
            }
            (
                Some(Change::Spend { .. }),
                Then::Issue(
                    issued @ TokensIssued { basis: Basis::RefreshTokenRotated { key, grace: Some(grace) }, .. },
                ),
            ) => {
                let changes = commit.changes().iter().map(|change| match change {
                    Change::Spend { .. } => grace.reuse(key),
                    other => other.clone(),
                });
                let commit = Commit::in_one_partition(changes.collect());
                let basis = Basis::RefreshTokenRetried { key, grace };
                Self::wait(reader, commit, Then::Issue(TokensIssued { basis, ..issued }))
            }
            (change, then) => {
                let error = match change {
                    Some(Change::Reuse { .. }) => match then {
                        Then::Refuse(_, _, TokenError::DeviceCodeReplayed) => TokenError::DeviceCodeExpired,
                        Then::Refuse(..) => TokenError::CodeExpired,
                        _ => TokenError::RaceLost,
                    },
                    Some(Change::Spend { .. }) => TokenError::RaceLost,
                    Some(Change::Extend { .. }) => match then {
                        Then::Issue(TokensIssued { basis: Basis::Code(_), .. }) => TokenError::CodeRevoked,
                        Then::Issue(TokensIssued { basis: Basis::DeviceCode(_), .. }) => TokenError::DeviceCodeRevoked,
                        _ => TokenError::GrantNotExtended,
                    },
                    // The grant is alive or new, so a random identifier exists already.
                    _ => TokenError::Collision,
                };
                Step::Done(TokenReply::refused(reader, Some(client_id), error, PresentedIn::Body))
            }
        }
    }
}

impl Then {
    fn client_id(&self) -> &ClientId {
        match self {
            Self::Issue(issued) => &issued.grant.client_id,
            Self::Refuse(client_id, ..) | Self::PollAgain(client_id, _) => client_id,
        }
    }
}

impl<'a> Pause<Commit> for TokenCommit<'a> {
    type Machine = Token<'a>;

    fn effect(&self) -> &Commit {
        &self.commit
    }

    fn resume(self, answer: Answer<Commit>) -> Step<Token<'a>> {
        match answer {
            Err(cause) => unavailable::<Commit>(self.reader, self.then.client_id().clone(), cause),
            Ok(Outcome::Conflict(at)) => self.refused(at),
            Ok(Outcome::Applied) => Step::Done(match self.then {
                Then::Issue(issued) => TokenReply::issued(self.reader, issued),
                Then::Refuse(client_id, grant, error) => TokenReply::replayed(self.reader, client_id, grant, error),
                Then::PollAgain(client_id, error) => {
                    TokenReply::refused(self.reader, Some(client_id), error, PresentedIn::Body)
                }
            }),
        }
    }
}
