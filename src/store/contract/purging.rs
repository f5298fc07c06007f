//! The rules of [`Purge`]: expired records are forgotten, and no others.

use super::races::{again, races, together};
use super::records::{
    credential, extend, grant, grant_id_in, issue, issue_as, issue_in, key, open, open_in, open_until, put_request,
    request, request_key, revoke, spend, spend_request, user_code, witness, witness_until,
};
use super::trial::{Rule, Trial, commit_of};
use crate::effect::Unavailable;
use crate::model::Timestamp;
use crate::record::{Credential, PendingRequest};
use crate::store::{Change, Outcome, Purge, RequestKey};

/// Returns the rules. The records of [`records`](super::records) expire at 1000.
pub(super) fn rules<S: Purge + Sync>() -> Vec<Rule<S>> {
    vec![
        ("nothing is forgotten before it expires", |t| {
            let put = all_of(t, 1) && t.applied([spend(1, 1, 50), spend_request(1, 1, 50)]);
            put && t.purged(999) == 0
                && t.spent_at(key(1, 1)).is_some()
                && t.request_spent_at(request_key(1, 1)).is_some()
                && t.conflict([witness(1, 1)], 0)
                && t.applied([issue(1, 2)])
        }),
        ("what has expired is forgotten", |t| {
            all_of(t, 1)
                && t.purged(1000) >= 4
                && !t.has(key(1, 1))
                && t.request(RequestKey::Key(request_key(1, 1))).is_none()
                && t.request(RequestKey::UserCode(user_code(1, 1))).is_none()
                && t.applied([witness(1, 1)])
                && t.applied([put_request(PendingRequest { user_code: Some(user_code(1, 1)), ..request(1, 2) })])
                && t.applied([open(1), issue(1, 1)])
                && t.purged(999) == 0
        }),
        ("a revocation is kept as long as the grant", |t| {
            let revoked = t.applied([open(1), issue(1, 1)]) && t.applied([revoke(1)]);
            revoked && t.purged(999) == 0 && t.revoked(key(1, 1)) && t.conflict([open(1)], 0)
        }),
        ("a grant is kept as long as its longest extension", |t| {
            let longer = Credential { expires_at: Timestamp(3000), ..credential(1, 1) };
            t.applied([open(1), extend(1, 3000), issue_as(longer)])
                && t.applied([extend(1, 500)])
                && t.applied([extend(1, 2000)])
                && t.purged(2999) == 0
                && t.has(key(1, 1))
                && t.applied([issue(1, 2)])
        }),
        ("a refused extension does not keep a grant", |t| {
            t.applied([open(1)])
                && t.conflict([extend(1, 5000), spend(1, 9, 50)], 1)
                && t.purged(1000) == 1
                && t.applied([open(1)])
        }),
        ("no credential comes back to life when its grant is forgotten", |t| {
            let longer = Credential { expires_at: Timestamp(3000), ..credential(1, 1) };
            let revoked = t.applied([open(1), issue_as(longer)]) && t.applied([revoke(1)]);
            revoked && t.purged(1000) >= 1 && t.presented(key(1, 1)).is_none_or(|it| it.revoked)
        }),
        ("what ends at the end of time is never forgotten", |t| {
            // An end at any late time is kept, even beyond the limit of a column.
            [u64::MAX, 1 << 63].into_iter().zip(1..).all(|(end, number)| {
                let issued = Credential { expires_at: Timestamp(end), ..credential(number, 1) };
                let put = PendingRequest { expires_at: Timestamp(end), ..request(number, 1) };
                t.applied([open_until(grant(number), end), issue_as(issued)])
                    && t.applied([put_request(put.clone()), witness_until(number, 1, end)])
                    && t.applied([open_in(number, 9)])
                    && t.applied([extend_in(number, 9, end)])
                    && [1000, i64::MAX.unsigned_abs(), end - 1].into_iter().all(|now| t.purged(now) < 100)
                    && (end < u64::MAX || t.purged(u64::MAX) < 100)
                    && t.has(key(number, 1))
                    && t.finds_request(&put)
                    && t.conflict([witness(number, 1)], 0)
                    && t.applied([issue_in(number, 9, 2)])
            })
        }),
        ("so much is forgotten at a time as was said, and in the end all of it", |t| {
            let put = (1..=10).all(|number| all_of(t, number));
            let request = |number| RequestKey::Key(request_key(number, 1));
            let left = || {
                let credentials = (1..=10).filter(|number| t.has(key(*number, 1))).count();
                credentials + (1..=10).filter(|number| t.request(request(*number)).is_some()).count()
            };
            let is_first_small = put && t.purge(1000, 7) == 7 && left() >= 20 - 7;
            let batches: Vec<_> = (0..30).map(|_| t.purge(1000, 7)).take_while(|batch| *batch == 7).collect();
            let is_done = left() == 0 && (1..=10).all(|number| t.applied([open(number), witness(number, 1)]));
            is_first_small && batches.len() < 30 && is_done
        }),
        ("nothing is forgotten if nothing may be", |t| {
            all_of(t, 1) && t.purge(1000, 0) == 0 && t.has(key(1, 1)) && t.conflict([witness(1, 1)], 0)
        }),
        ("a grant is kept as long as its longest extension, however these race", |t| {
            let last = 2000 + u64::from(t.racers());
            // The latest end is set by a racer in the middle.
            let until = |racer: u16| if racer == t.racers() / 2 { last } else { 2000 + u64::from(racer) };
            let judge = |thing, wins: &[bool]| {
                let _ = t.purged(last - 1);
                wins.iter().all(|is_win| *is_win) && t.applied([issue(thing, 1)])
            };
            races(t, |thing| t.applied([open(thing)]), |thing, racer| vec![extend(thing, until(racer))], judge)
        }),
        ("what is extended in time is not forgotten, however they race", |t| {
            t.rounds().all(|round| {
                let grants = 0..t.racers();
                let is_ready = grants.clone().all(|number| t.applied([open_in(round, number)]));
                let act = |racer: u16| {
                    move |store: &S| match racer % 4 {
                        0 => again(|| store.purge_batch(Timestamp(1000), 1000)).map(|_| false),
                        _ => again(|| extends(store, round, racer)),
                    }
                };
                let extended = together(t, &[t.store], act);
                let extended: Vec<_> = extended.into_iter().map(|answer| t.answer(answer, false)).collect();
                let is_kept =
                    |(number, extended): (u16, bool)| !extended || t.applied([issue_in(round, number, 10 + number)]);
                is_ready && grants.zip(extended).all(is_kept)
            })
        }),
    ]
}

impl<S: Purge> Trial<'_, S> {
    fn purge(&self, now: u64, limit: usize) -> usize {
        let batch = self.answer(self.store.purge_batch(Timestamp(now), limit), usize::MAX);
        self.tell_of(format_args!("at {now}, {batch} records were forgotten, of at most {limit}"));
        batch
    }

    fn purged(&self, now: u64) -> usize {
        self.purge(now, 100)
    }
}

/// Stores a grant, a credential, a request and a witness, all of which expire at 1000.
fn all_of<S: Purge>(t: &Trial<'_, S>, number: u16) -> bool {
    t.applied([open(number), issue(number, 1), put_request(request(number, 1)), witness(number, 1)])
}

fn extend_in(partition: u16, number: u16, until: u64) -> Change {
    Change::Extend { grant: grant_id_in(partition, number), until: Timestamp(until), at_most: u32::MAX }
}

fn extends<S: Purge>(store: &S, partition: u16, number: u16) -> Result<bool, Unavailable> {
    Ok(store.commit(&commit_of([extend_in(partition, number, 2000)]))? == Outcome::Applied)
}
