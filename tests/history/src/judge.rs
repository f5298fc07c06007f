//! The rules by which a history is judged, once it is over.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::record::{Answer, Asked, Chain, Entry, Kind};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Violation {
    /// What may be spent once was spent twice.
    SpentTwice,
    /// Every presentation was answered, and none was granted.
    NobodyWon,
    /// A token that was acknowledged is not active, though nothing had ended its grant.
    Lost,
    /// A token is active, or was refreshed, after its grant was said to have ended.
    AliveAfterTheEnd,
}

/// Returns what a chain violates, each with the entry that shows it.
pub(crate) fn judge(chain: &Chain) -> Vec<(Violation, Entry)> {
    let mut found = Vec::new();
    for presented in presentations(chain).values() {
        let won: Vec<_> = presented.iter().filter(|entry| is_granted(entry)).collect();
        if let [_, second, ..] = won.as_slice() {
            found.push((Violation::SpentTwice, (**second).clone()));
        }
        // A refresh token may have ended before, by a race for the one before it.
        let always_wins = presented.iter().all(|entry| kind(entry) != Some(Kind::RefreshToken) && is_known(entry));
        if let ([], [first, ..], true) = (won.as_slice(), presented.as_slice(), always_wins) {
            found.push((Violation::NobodyWon, (*first).clone()));
        }
    }
    let (certain, possible) = (certain_end(chain), possible_end(chain));
    for entry in chain {
        let is_alive =
            entry.answer == Answer::Active(true) || (kind(entry) == Some(Kind::RefreshToken) && is_granted(entry));
        if is_alive && certain.is_some_and(|end| entry.began > end) {
            found.push((Violation::AliveAfterTheEnd, entry.clone()));
        }
        if entry.answer == Answer::Active(false) && possible.is_none_or(|end| entry.ended < end) {
            found.push((Violation::Lost, entry.clone()));
        }
    }
    found
}

fn kind(entry: &Entry) -> Option<Kind> {
    if let Asked::Spend { kind, .. } = entry.asked { Some(kind) } else { None }
}

fn is_granted(entry: &Entry) -> bool {
    matches!(entry.answer, Answer::Granted(_))
}

fn is_known(entry: &Entry) -> bool {
    entry.answer != Answer::Unknown
}

/// The presentations of each credential.
fn presentations(chain: &Chain) -> BTreeMap<&str, Vec<&Entry>> {
    let mut presented: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in chain {
        if let Asked::Spend { credential, .. } = &entry.asked {
            presented.entry(credential).or_default().push(entry);
        }
    }
    presented
}

/// The time by which the grant has ended for certain: a revocation was acknowledged, or a replay of a code was noticed.
/// The loser of a race for a refresh token is refused, but does not always end the grant.
fn certain_end(chain: &Chain) -> Option<Duration> {
    let revoked = chain.iter().filter(|entry| entry.asked == Asked::Revoke && entry.answer == Answer::Done);
    let presented = presentations(chain);
    let replayed = presented.values().filter_map(|presented| {
        presented.iter().find(|entry| is_granted(entry))?;
        presented.iter().find(|entry| {
            matches!(kind(entry), Some(Kind::Code | Kind::DeviceCode))
                && entry.answer == Answer::Refused("invalid_grant".to_owned())
        })
    });
    revoked.map(|entry| entry.ended).chain(replayed.map(|entry| entry.ended)).min()
}

/// The time from which on the grant may have ended: a revocation began, or something was presented that may have been
/// spent.
fn possible_end(chain: &Chain) -> Option<Duration> {
    let revoked = chain.iter().filter(|entry| entry.asked == Asked::Revoke).map(|entry| entry.began);
    let presented = presentations(chain);
    let again = presented.values().filter_map(|presented| presented.iter().map(|entry| entry.began).nth(1));
    revoked.chain(again).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(asked: Asked, [began, ended]: [u64; 2], answer: Answer) -> Entry {
        let [began, ended] = [began, ended].map(Duration::from_millis);
        Entry { asked, host: 0, began, ended, answer }
    }

    fn spend(kind: Kind, times: [u64; 2], answer: Answer) -> Entry {
        entry(Asked::Spend { kind, credential: format!("{kind:?}") }, times, answer)
    }

    fn introspect(times: [u64; 2], is_active: bool) -> Entry {
        entry(Asked::Introspect { token: "a".to_owned() }, times, Answer::Active(is_active))
    }

    fn granted() -> Answer {
        Answer::Granted(vec!["a".to_owned()])
    }

    fn refused() -> Answer {
        Answer::Refused("invalid_grant".to_owned())
    }

    fn violations(chain: Chain) -> Vec<Violation> {
        judge(&chain).into_iter().map(|(violation, _)| violation).collect()
    }

    #[test]
    fn what_is_right_is_found_right() {
        let code = |times, answer| spend(Kind::Code, times, answer);
        let revoke = |times, answer| entry(Asked::Revoke, times, answer);
        for right in [
            vec![code([0, 9], granted()), introspect([10, 11], true)],
            vec![code([0, 9], granted()), code([0, 8], refused()), introspect([10, 11], false)],
            vec![code([0, 9], granted()), code([0, 8], Answer::Unknown), introspect([10, 11], true)],
            vec![code([0, 9], granted()), code([0, 8], Answer::Unknown), introspect([10, 11], false)],
            vec![code([0, 9], Answer::Unknown), code([0, 8], refused())],
            vec![code([0, 9], granted()), revoke([10, 20], Answer::Done), introspect([15, 25], true)],
            vec![code([0, 9], granted()), revoke([10, 20], Answer::Unknown), introspect([30, 31], true)],
            vec![code([0, 9], granted()), revoke([10, 20], Answer::Unknown), introspect([30, 31], false)],
        ] {
            assert_eq!(violations(right.clone()), [], "{right:?}");
        }
    }

    #[test]
    fn each_violation_is_found() {
        for kind in [Kind::Code, Kind::RefreshToken, Kind::DeviceCode, Kind::PushedRequest] {
            let twice = vec![spend(kind, [0, 9], granted()), spend(kind, [0, 8], granted())];
            assert_eq!(violations(twice), [Violation::SpentTwice], "{kind:?}");
        }
        for kind in [Kind::Code, Kind::DeviceCode, Kind::PushedRequest] {
            let nobody = vec![spend(kind, [0, 9], refused()), spend(kind, [0, 8], refused())];
            assert_eq!(violations(nobody), [Violation::NobodyWon], "{kind:?}");
        }
        for kind in [Kind::Code, Kind::DeviceCode] {
            let replayed = vec![spend(kind, [0, 9], granted()), spend(kind, [0, 8], refused())];
            let alive = [replayed, vec![introspect([10, 11], true)]].concat();
            assert_eq!(violations(alive), [Violation::AliveAfterTheEnd], "{kind:?}");
        }
        let revoked = vec![spend(Kind::Code, [0, 9], granted()), entry(Asked::Revoke, [10, 20], Answer::Done)];
        for after in [introspect([21, 22], true), spend(Kind::RefreshToken, [21, 22], granted())] {
            assert_eq!(violations([revoked.clone(), vec![after]].concat()), [Violation::AliveAfterTheEnd]);
        }
        let lost = vec![spend(Kind::Code, [0, 9], granted()), introspect([10, 11], false)];
        assert_eq!(violations(lost), [Violation::Lost]);
    }
}
