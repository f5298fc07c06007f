//! Invariants 4 and 5: a store that fails at any pause yields `server_error` or 503 and no token, and a crash at any
//! pause leaves all of a commit or none of it.

use std::cell::Cell;
use std::time::Duration;

use grantor::Unavailable;
use grantor::model::Subject;
use grantor::server::Event;
use grantor::server::{Approval, AuthorizeReply, RefreshPolicy};
use grantor::store::{Commit, Found, Lookup, MemoryStore, Outcome, Store};
use http::{Request, StatusCode, header};

use crate::fixture::*;

/// Fails at the n-th call, before it does anything or after it has done it.
struct Flaky<'a> {
    store: &'a MemoryStore,
    fails_at: usize,
    after: bool,
    calls: Cell<usize>,
    retry_after: Option<u32>,
}

impl<'a> Flaky<'a> {
    fn new(store: &'a MemoryStore, fails_at: usize, after: bool) -> Self {
        Self { store, fails_at, after, calls: Cell::new(0), retry_after: None }
    }

    fn call<T>(&self, carry_out: impl FnOnce() -> Result<T, Unavailable>) -> Result<T, Unavailable> {
        let call = self.calls.replace(self.calls.get() + 1);
        if call != self.fails_at {
            return carry_out();
        }
        if self.after {
            carry_out()?;
        }
        let outage = Unavailable::new("the disk is full");
        Err(self.retry_after.map_or(outage.clone(), |seconds| outage.with_retry_after(seconds)))
    }
}

impl Store for Flaky<'_> {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        self.call(|| Store::lookup(self.store, lookup))
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        self.call(|| Store::commit(self.store, commit))
    }
}

#[test]
fn r91_an_outage_at_any_pause_of_the_token_endpoint_is_503_and_issues_nothing() {
    let service = format!("grant_type=client_credentials&client_id=confidential&client_secret={SECRET}");
    for (fails_at, after) in [(0, false), (1, false), (1, true)] {
        let world = World::new(RefreshPolicy::Rotate { grace: Duration::ZERO });
        let (_, refresh_token) = world.tokens();
        for body in [exchange(&world.code()), refresh(&refresh_token), service.clone()] {
            let store = Flaky::new(&world.store, fails_at, after);
            let reply = world.token_on(&store, &body);
            assert!(matches!(reply.event(), Event::Unavailable { .. }), "{:?}", reply.event());
            let response = reply.into_http();
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{body}");
            let text = String::from_utf8(response.body().clone()).unwrap();
            assert!(text.contains("\"server_error\"") && !text.contains("token\":"), "{text}");
            assert!(!text.contains("disk"), "the cause stays inside: {text}");
        }
    }
}

#[test]
fn an_outage_before_the_write_loses_nothing() {
    let world = World::new(RefreshPolicy::Rotate { grace: Duration::ZERO });
    let code = world.code();
    assert!(world.token_on(&Flaky::new(&world.store, 1, false), &exchange(&code)).result().is_err());
    assert!(world.token(&exchange(&code)).result().is_ok(), "the code was not spent");
}

#[test]
fn an_answer_lost_after_the_write_leaves_the_whole_write() {
    let world = World::new(RefreshPolicy::Rotate { grace: Duration::from_secs(30) });
    let (_, refresh_token) = world.tokens();
    let before = world.store.counts();
    assert!(world.token_on(&Flaky::new(&world.store, 1, true), &refresh(&refresh_token)).result().is_err());
    assert_eq!(world.store.counts(), (before.0, before.1 + 2), "both tokens are there, though nobody knows them");
    assert!(world.token(&refresh(&refresh_token)).result().is_ok(), "the client retries within the grace");
}

#[test]
fn an_outage_while_a_replay_is_revoked_is_503_so_that_the_revocation_is_tried_again() {
    let world = World::new(RefreshPolicy::Reuse);
    let code = world.code();
    let (access, _) = tokens(&world.token(&exchange(&code)));
    let response = world.token_on(&Flaky::new(&world.store, 1, false), &exchange(&code)).into_http();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(is_alive(&world.store, &access));
    assert!(world.token(&exchange(&code)).result().is_err());
    assert!(!is_alive(&world.store, &access));
}

#[test]
fn a_host_that_sheds_load_is_temporarily_unavailable_and_says_until_when() {
    let world = World::new(RefreshPolicy::Reuse);
    let store = Flaky { retry_after: Some(7), ..Flaky::new(&world.store, 0, false) };
    let response = world.token_on(&store, &exchange("x")).into_http();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[header::RETRY_AFTER], "7");
    assert!(response.body().starts_with(b"{\"error\":\"temporarily_unavailable\""));
}

#[test]
fn an_outage_before_the_client_is_known_is_a_page_and_never_a_redirect() {
    let world = World::new(RefreshPolicy::Reuse);
    let uri = "/authorize?response_type=code&client_id=public&redirect_uri=https%3A%2F%2Fevil.example";
    let request = Request::get(uri).body("").unwrap();
    match world.server.authorize(&request, world.moment()).run(&Flaky::new(&world.store, 0, false)) {
        AuthorizeReply::Ask(_) | AuthorizeReply::Refuse(_) => panic!("there is no client"),
        AuthorizeReply::Respond(response) => {
            assert_eq!(response.location(), None);
            assert_eq!(response.into_http().status(), StatusCode::SERVICE_UNAVAILABLE);
        }
    }
}

#[test]
fn an_outage_while_an_approval_is_written_is_server_error_by_redirect_and_issues_nothing() {
    for response_type in ["code", "token"] {
        for after in [false, true] {
            let world = World::new(RefreshPolicy::Reuse);
            let approval = Approval::by(Subject::parse("alice").unwrap());
            let step = world.prompt(response_type).approve(&world.server, approval, world.moment());
            let response = step.run(&Flaky::new(&world.store, 1, after));
            let location = response.location().unwrap();
            assert_eq!(parameter(location, "error"), "server_error");
            assert_eq!(parameter(location, "state"), "xyz");
            assert!(!location.contains("code=") && !location.contains("access_token="), "{location}");
        }
    }
}

#[test]
fn an_outage_before_an_approval_is_checked_again_is_a_page_and_issues_nothing() {
    let world = World::new(RefreshPolicy::Reuse);
    let approval = Approval::by(Subject::parse("alice").unwrap());
    let step = world.prompt("code").approve(&world.server, approval, world.moment());
    let response = step.run(&Flaky::new(&world.store, 0, false));
    assert_eq!(response.location(), None);
    assert_eq!(response.into_http().status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.store.counts(), (0, 0));
}
