//! A store that brings something else than it was asked for: nobody is taken for somebody else.

use std::sync::Arc;

use grantor::model::{ClientId, Key};
use grantor::record::Client;
use grantor::server::{AuthorizationRequest, AuthorizationResponse, AuthorizeReply, RefreshPolicy, TokenError};
use grantor::store::{Commit, Found, Lookup, MemoryStore, Outcome, Presented, Store, WithClients};
use grantor::{Pause as _, Step, Unavailable};

use crate::fixture::*;

/// It joins each credential with the grant of another.
struct Mixed<'a> {
    store: &'a MemoryStore,
    other: &'a str,
}

impl Store for Mixed<'_> {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        let found = Store::lookup(self.store, lookup)?;
        let other = Store::lookup(self.store, &Lookup::of(Key::of(self.other).unwrap()))?;
        let grant = &other.credentials()[0].grant;
        let credentials = found.credentials().iter().cloned();
        let mixed = credentials.map(|presented| Presented { grant: Arc::clone(grant), ..presented });
        Found::new(found.client().cloned(), mixed).map_err(Unavailable::new)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        Store::commit(self.store, commit)
    }
}

#[test]
fn a_credential_with_the_grant_of_another_is_not_found() {
    let world = World::new(RefreshPolicy::Reuse);
    let ((access, refresh_token), (other, _)) = (world.tokens(), world.tokens());
    let mixed = Mixed { store: &world.store, other: &other };
    let reply = world.token_on(&mixed, &refresh(&refresh_token));
    assert!(matches!(reply.result(), Err(TokenError::RefreshTokenUnknown)), "{:?}", reply.result());
    let found = Store::lookup(&mixed, &Lookup::of(Key::of(&access).unwrap())).unwrap();
    assert!(found.credential(Key::of(&access).unwrap()).is_none());
}

/// A host's closure that ignores what it is asked.
fn only(client: &Client) -> impl Store {
    let client = Arc::new(client.clone());
    WithClients { clients: move |_: &ClientId| Ok(Some(Arc::clone(&client))), store: MemoryStore::new() }
}

#[test]
fn another_client_is_no_client() {
    let world = World::new(RefreshPolicy::Reuse);
    let [public, confidential] = clients();

    let body = format!("grant_type=client_credentials&client_id=public&client_secret={SECRET}");
    assert_eq!(world.token_on(&only(&confidential), &body).result().unwrap_err().code(), "invalid_client");

    let is_page = |response: AuthorizationResponse| response.into_http().status() == 400;
    let prompt = world.prompt("code");
    assert!(is_page(prompt.deny(&world.server, world.moment()).run(&only(&confidential))));
    let request = AuthorizationRequest::new("confidential");
    let Step::Lookup(pause) = world.server.authorization_request(request, world.moment()) else { panic!("no lookup") };
    let answer = Store::lookup(&only(&public), pause.effect());
    match pause.resume(answer) {
        Step::Done(AuthorizeReply::Respond(response)) => assert!(is_page(response)),
        _ => panic!("asked"),
    }
}
