//! Invariant 3: nothing issued outlives its grant's revocation, even when the issuing request was already under way.

use std::time::Duration;

use grantor::Pause as _;
use grantor::model::Key;
use grantor::server::RefreshPolicy;
use grantor::store::{Change, Commit, Lookup, Outcome, Store};

use crate::fixture::*;

fn revoke_grant_of(world: &World, token: &str) {
    let key = Key::of(token).unwrap();
    let lookup = Lookup::of(key);
    let grant = Store::lookup(&world.store, &lookup).unwrap().credential(key).unwrap().grant.id;
    assert_eq!(Store::commit(&world.store, &Commit::of(Change::Revoke(grant))).unwrap(), Outcome::Applied);
}

#[test]
fn r55_after_revocation_of_the_grant_refresh_fails() {
    for refresh_policy in [RefreshPolicy::Reuse, RefreshPolicy::Rotate { grace: Duration::from_secs(30) }] {
        let world = World::new(refresh_policy);
        let (access, refresh_token) = world.tokens();
        revoke_grant_of(&world, &access);
        assert_eq!(world.token(&refresh(&refresh_token)).result().unwrap_err().code(), "invalid_grant");
    }
}

#[test]
fn a_request_under_way_issues_nothing_once_the_grant_is_revoked() {
    for refresh_policy in [RefreshPolicy::Reuse, RefreshPolicy::Rotate { grace: Duration::from_secs(30) }] {
        let world = World::new(refresh_policy);
        let code = world.code();
        let (access, refresh_token) = tokens(&world.token(&exchange(&code)));
        let request = form(&refresh(&refresh_token));
        let pause = until_commit(world.server.token(&request, world.moment()), &world.store);
        revoke_grant_of(&world, &access);
        let answer = Store::commit(&world.store, pause.effect());
        let reply = pause.resume(answer).run(&world.store);
        assert_eq!(reply.result().unwrap_err().code(), "invalid_grant");
    }
}

#[test]
fn a_code_whose_grant_is_revoked_is_not_redeemed() {
    let world = World::new(RefreshPolicy::Reuse);
    let code = world.code();
    revoke_grant_of(&world, &code);
    assert_eq!(world.token(&exchange(&code)).result().unwrap_err().code(), "invalid_grant");
}
