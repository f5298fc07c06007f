//! Faults that are seeded to prove the explorer: each breaks one rule, and each must be found.

use std::sync::Arc;

use grantor::model::Claims;
use grantor::record::CredentialKind;
use grantor::store::{Change, Commit};
use serde_json::Map;

/// One broken rule, of the store or of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    // Of the store.
    /// A credential is spent again without an objection.
    SpentIsNotChecked,
    /// The grace of a refresh token is not checked again when it is written.
    ReuseIsNotChecked,
    /// A refresh token that was spent by a clock that is ahead is within its grace.
    ReuseFromBehind,
    /// A spent code is not found any more: replay looks like nonsense.
    SpentCodesAreHidden,
    /// A spent refresh token is not found any more: reuse looks like nonsense.
    SpentRefreshTokensAreHidden,
    /// A grant that was revoked goes on issuing.
    RevokedGrantsIssue,
    /// Revocation is acknowledged and forgotten.
    RevokeDoesNothing,
    /// A token that was given up is kept.
    DiscardDoesNothing,
    /// Only the first change of a commit is written.
    HalfIsWritten,
    /// A commit that is refused leaves what came before the refusal.
    ConflictsLeaveAHalf,
    /// The cause of an outage names the code.
    SecretInEvent,
    /// A pushed request is spent again without an objection.
    SpentRequestIsNotChecked,
    /// A pushed request that was decided is shown as one that waits.
    SpentRequestsLookUnspent,
    /// A client's record is written over one that its writer has not seen.
    RevisionIsNotChecked,
    /// A client that was deleted is shown as one that is not.
    DeletedClientsLookAlive,
    // Of a machine.
    /// A client is deleted, and its grants go on.
    DeletionRevokesNothing,
    /// A pushed request that is denied is not spent.
    DenialSpendsNothing,
    /// A pushed request that is approved is not spent.
    ApprovalSpendsNothing,
    /// A pushed request may be presented a second longer than configured.
    RequestsEndLate,
    /// What the browser brings counts beside what was pushed.
    BrowserIsBelieved,
    /// What a client did not push is shown, though it must push.
    UnpushedIsShown,
    /// A device code is taken from whoever has it.
    DeviceCodesAreAnybodys,
    /// The approval of one device is written for another.
    OtherDeviceIsApproved,
    /// A device that was denied is approved after all.
    DeniedDevicesAreApproved,
    /// It replies before it writes.
    RepliesBeforeCommit,
    /// It takes an outage at the write for a success.
    OutageIsSuccess,
    /// The loser of a refresh race revokes the grant.
    LoserRevokes,
    /// The second use of a code is answered with tokens.
    LoserIssuesAnyway,
    /// The replay of a code is refused, and nothing is revoked.
    ReplayRevokesNothing,
    /// The reuse of a refresh token is refused, and nothing is revoked.
    ReuseRevokesNothing,
    /// A replay with the wrong verifier revokes the grant.
    InvalidReplayRevokes,
    /// A spent refresh token is good once more than configured.
    RetriesAreMore,
    /// The grace of a refresh token is a second longer than configured.
    GraceEndsLate,
    /// The grace of a refresh token is a second shorter than configured.
    GraceEndsEarly,
    /// A code is good in the second in which it ends.
    CodesEndLate,
    /// An access token is good in the second in which it ends.
    AccessTokensEndLate,
    /// A refresh token is good in the second in which it ends.
    RefreshTokensEndLate,
    /// What is issued lives a second longer than configured.
    LivesAreLonger,
    /// Introspection calls a spent refresh token active.
    SpentIsActive,
    /// Its clock stands still.
    ClockStandsStill,
    /// It puts the access token that it issues into the record of it.
    SecretInCommit,
    /// Its randomness is not that of its moment.
    Undetermined,
}

impl Fault {
    /// Each fault, and which invariants it may break first.
    pub const ALL: [(Self, &[u8]); 42] = [
        (Self::SpentIsNotChecked, &[1]),
        (Self::ReuseIsNotChecked, &[1]),
        (Self::ReuseFromBehind, &[8]),
        (Self::SpentCodesAreHidden, &[2]),
        (Self::SpentRefreshTokensAreHidden, &[8]),
        (Self::RevokedGrantsIssue, &[2, 3]),
        (Self::RevokeDoesNothing, &[2, 3, 4]),
        (Self::DiscardDoesNothing, &[3, 4]),
        (Self::HalfIsWritten, &[4]),
        (Self::ConflictsLeaveAHalf, &[4]),
        (Self::SecretInEvent, &[7]),
        (Self::SpentRequestIsNotChecked, &[1]),
        (Self::SpentRequestsLookUnspent, &[3]),
        (Self::RevisionIsNotChecked, &[4]),
        (Self::DeletedClientsLookAlive, &[3]),
        (Self::DeletionRevokesNothing, &[3, 4]),
        (Self::DenialSpendsNothing, &[4]),
        (Self::ApprovalSpendsNothing, &[4]),
        (Self::RequestsEndLate, &[3]),
        (Self::BrowserIsBelieved, &[12]),
        (Self::UnpushedIsShown, &[12]),
        (Self::DeviceCodesAreAnybodys, &[13]),
        (Self::OtherDeviceIsApproved, &[13]),
        (Self::DeniedDevicesAreApproved, &[1]),
        (Self::RepliesBeforeCommit, &[4]),
        (Self::OutageIsSuccess, &[4, 5]),
        (Self::LoserRevokes, &[8]),
        (Self::LoserIssuesAnyway, &[1]),
        (Self::ReplayRevokesNothing, &[2]),
        (Self::ReuseRevokesNothing, &[2]),
        (Self::InvalidReplayRevokes, &[2]),
        (Self::RetriesAreMore, &[1]),
        (Self::GraceEndsLate, &[1]),
        (Self::GraceEndsEarly, &[8]),
        (Self::CodesEndLate, &[3]),
        (Self::AccessTokensEndLate, &[3]),
        (Self::RefreshTokensEndLate, &[3]),
        (Self::LivesAreLonger, &[3]),
        (Self::SpentIsActive, &[3]),
        (Self::ClockStandsStill, &[1, 3, 8]),
        (Self::SecretInCommit, &[7]),
        (Self::Undetermined, &[9]),
    ];

    /// Whether it hides credentials of this kind once they are spent.
    pub fn hides(self, kind: &CredentialKind) -> bool {
        match kind {
            CredentialKind::AuthorizationCode(_) => self == Self::SpentCodesAreHidden,
            CredentialKind::RefreshToken => self == Self::SpentRefreshTokensAreHidden,
            _ => false,
        }
    }

    /// Whether it lets credentials of this kind end late.
    pub fn prolongs(self, kind: &CredentialKind) -> bool {
        match kind {
            CredentialKind::AuthorizationCode(_) => self == Self::CodesEndLate,
            CredentialKind::AccessToken(_) => self == Self::AccessTokensEndLate,
            CredentialKind::RefreshToken => self == Self::RefreshTokensEndLate,
            _ => false,
        }
    }
}

/// The same commit, with the token as a claim of its own record.
pub fn betray(commit: &Commit, token: &str) -> Commit {
    let mut changes = commit.changes().to_vec();
    for change in &mut changes {
        let Change::Issue(credential) = change else { continue };
        if let CredentialKind::AccessToken(access_token) = &mut Arc::make_mut(credential).kind {
            access_token.claims = Claims::new(Map::from_iter([("token".to_owned(), token.into())])).unwrap();
        }
    }
    Commit::new(changes).unwrap()
}
