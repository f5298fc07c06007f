//! The rules of [`PurgeClients`]: clients that registered themselves and have no grant are forgotten, and no others.

use super::records::{client, client_id, grant, open, open_until, put_as, registration, revoke};
use super::trial::{Rule, Trial};
use crate::model::Timestamp;
use crate::record::{Client, DynamicRegistration, Grant};
use crate::store::PurgeClients;

/// Returns the rules. The clients of the records are called `client`.
pub(super) fn rules<S: PurgeClients>() -> Vec<Rule<S>> {
    vec![
        ("a client that registered itself is forgotten when its time is over, and not before", |t| {
            t.applied([put_as(registered("client", 100))])
                && t.forgotten(99, 10) == 0
                && t.has_client("client")
                && t.forgotten(100, 10) == 1
                && !t.has_client("client")
                && t.forgotten(1000, 10) == 0
        }),
        ("a client that has a grant is not forgotten, not even after its revocation", |t| {
            let granted = t.applied([put_as(registered("client", 100))]) && t.applied([open(1)]);
            let is_kept = granted && t.forgotten(1000, 10) == 0 && t.has_client("client");
            is_kept && t.applied([revoke(1)]) && t.forgotten(1000, 10) == 0 && t.has_client("client")
        }),
        ("the grants of others do not keep a client", |t| {
            let of_another = Grant { client_id: client_id("another"), ..grant(1) };
            let put = t.applied([put_as(registered("client", 100))]) && t.applied([open_until(of_another, 5000)]);
            put && t.forgotten(100, 10) == 1 && !t.has_client("client")
        }),
        ("a client of the operator is never forgotten", |t| {
            let vouched_for = Client { client_id: client_id("vouched for"), ..client(0) };
            t.applied([put_as(Client { registration: None, ..client(0) })])
                && t.applied([put_as(vouched_for)])
                && t.forgotten(u64::MAX, 10) == 0
                && t.has_client("client")
                && t.has_client("vouched for")
        }),
        ("a client is judged by its record as it is now", |t| {
            let without_token = DynamicRegistration { access_token: None, ..registration() };
            let deleted = Client { revision: 1, disabled: true, registration: Some(without_token), ..client(0) };
            let vouched_for = Client { client_id: client_id("another"), ..client(0) };
            t.applied([put_as(client(0))])
                && t.applied([put_as(deleted)])
                && t.applied([put_as(registered("another", 100))])
                && t.applied([put_as(Client { revision: 1, ..vouched_for })])
                && t.forgotten(1000, 10) == 1
                && !t.has_client("client")
                && t.has_client("another")
        }),
        ("so many clients are forgotten at a time as was said, and in the end all of them", |t| {
            let names = ["a", "b", "c", "d", "e"];
            let left = || names.into_iter().filter(|name| t.has_client(name)).count();
            names.into_iter().all(|name| t.applied([put_as(registered(name, 100))]))
                && t.forgotten(100, 0) == 0
                && left() == 5
                && t.forgotten(100, 2) == 2
                && left() == 3
                && t.forgotten(100, 10) == 3
                && left() == 0
        }),
    ]
}

/// Makes a client that registered itself at this time.
fn registered(name: &str, at: u64) -> Client {
    let registration = DynamicRegistration { issued_at: Timestamp(at), is_self_registered: true, ..registration() };
    Client { client_id: client_id(name), registration: Some(registration), ..client(0) }
}

impl<S: PurgeClients> Trial<'_, S> {
    fn forgotten(&self, registered_by: u64, limit: usize) -> usize {
        let number = self.answer(self.store.purge_clients(Timestamp(registered_by), limit), usize::MAX);
        self.tell_of(format_args!("registered by {registered_by}: {number} clients forgotten, of at most {limit}"));
        number
    }

    fn has_client(&self, name: &str) -> bool {
        self.client(client_id(name)).is_some()
    }
}
