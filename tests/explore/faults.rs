//! Faults that are seeded to prove the explorer: each breaks one rule, and each must be found.

/// One broken rule, of the store or of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    // Of the store.
    /// A credential is spent again without an objection.
    SpentIsNotChecked,
    /// What was spent is not found any more: replay looks like nonsense.
    SpentAreHidden,
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
    /// The store is down and says that it wrote.
    OutageSaysApplied,
    // Of a machine.
    /// It replies before it writes.
    RepliesBeforeCommit,
    /// It takes an outage at the write for a success.
    OutageIsSuccess,
    /// The loser of a refresh race revokes the grant.
    LoserRevokes,
    /// The second use of a code is answered with tokens.
    LoserIssuesAnyway,
    /// A replay is refused, and nothing is revoked.
    ReplayRevokesNothing,
    /// A replay with the wrong verifier revokes the grant.
    InvalidReplayRevokes,
    /// Its clock stands still.
    ClockStandsStill,
    /// It puts a secret into what it writes.
    SecretInCommit,
    /// It does not do the same twice.
    Undetermined,
}

impl Fault {
    pub const ALL: [(Self, &[u8]); 17] = [
        (Self::SpentIsNotChecked, &[1]),
        (Self::SpentAreHidden, &[2]),
        (Self::RevokedGrantsIssue, &[2, 3]),
        (Self::RevokeDoesNothing, &[2, 3, 4]),
        (Self::DiscardDoesNothing, &[3, 4]),
        (Self::HalfIsWritten, &[4]),
        (Self::ConflictsLeaveAHalf, &[4]),
        (Self::OutageSaysApplied, &[4]),
        (Self::RepliesBeforeCommit, &[4]),
        (Self::OutageIsSuccess, &[4, 5]),
        (Self::LoserRevokes, &[8]),
        (Self::LoserIssuesAnyway, &[1]),
        (Self::ReplayRevokesNothing, &[2]),
        (Self::InvalidReplayRevokes, &[2]),
        (Self::ClockStandsStill, &[3]),
        (Self::SecretInCommit, &[7]),
        (Self::Undetermined, &[9]),
    ];
}
