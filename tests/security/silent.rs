//! `prompt=none` is no oracle: whoever is not logged in learns that, and nothing about anybody else; and no page that
//! merely sends a browser around learns what a person allowed to whom.

use grantor::model::{AuthenticationEvent, RedirectUri};
use grantor::server::{Approval, AuthorizeReply, Interaction, Prompt, RefreshPolicy};
use grantor::store::{GrantStore as _, GrantsOf, MemoryStore};
use grantor::{Server, Timestamp};
use http::Request;

use crate::fixture::*;

const CHALLENGE: &str = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

/// The public client has a site, and beside it an address on the person's own machine.
fn world() -> World {
    let mut world = World::new(RefreshPolicy::Reuse);
    let clients = clients().map(|mut client| {
        let uris = ["https://client.example/cb", "http://127.0.0.1/cb"];
        client.redirect_uris = uris.map(|uri| RedirectUri::parse(uri).unwrap()).into();
        client
    });
    world.store = clients.into_iter().fold(MemoryStore::new(), MemoryStore::with_client);
    world
}

fn query(client_id: &str, redirect_uri: &str, more: &str) -> String {
    let redirect_uri: String = form_urlencoded::byte_serialize(redirect_uri.as_bytes()).collect();
    format!("response_type=code&client_id={client_id}&redirect_uri={redirect_uri}&state=xyz&{CHALLENGE}&{more}")
}

fn ask(server: &Server, world: &World, query: &str) -> Prompt {
    let request = Request::get(format!("/authorize?{query}")).body("").unwrap();
    match server.authorize(&request, world.moment()).run(&world.store) {
        AuthorizeReply::Ask(prompt) => prompt,
        refused => panic!("{query}: {:?}", refused.event()),
    }
}

/// What a host makes of a request with `prompt=none`: the error, or none for a code.
fn answer(world: &World, query: &str, login: Option<u64>) -> Option<String> {
    let prompt = ask(&world.server, world, query);
    assert!(prompt.is_silent());
    let login = login.map(|at| AuthenticationEvent::at(Timestamp(at)));
    let alice = "alice".parse().unwrap();
    let of = GrantsOf::SubjectAndClient(alice, prompt.recipient.client_id.clone());
    let held = world.store.held_grants(&of, None, 100, Timestamp(world.now)).unwrap();
    let response = match prompt.needs(login.as_ref(), held.iter().map(|held| &*held.grant)) {
        None => prompt.approve(&world.server, approval(world), world.moment()).run(&world.store),
        Some(open) => prompt.refuse(&world.server, open, world.moment()).run(&world.store),
    };
    let location = response.location().unwrap();
    location.contains("error=").then(|| parameter(location, "error"))
}

fn approval(world: &World) -> Approval {
    Approval::by("alice".parse().unwrap()).authenticated_at(Timestamp(world.now))
}

/// Alice allows the client all that it may ask for.
fn allow(world: &World, client_id: &str, redirect_uri: &str) {
    let prompt = ask(&world.server, world, &query(client_id, redirect_uri, ""));
    let response = prompt.approve(&world.server, approval(world), world.moment()).run(&world.store);
    assert!(response.location().unwrap().contains("code="));
}

const SITE: &str = "https://client.example/cb";
const LOOPBACK: &str = "http://127.0.0.1:49152/cb";

#[test]
fn without_a_login_the_answer_is_the_same_whatever_was_allowed() {
    let world = world();
    let asked = |more: &str| answer(&world, &query("public", SITE, &format!("prompt=none&{more}")), None);
    let before = ["", "scope=read", "max_age=0", "login_hint=alice", "login_hint=nobody"].map(asked);
    allow(&world, "public", SITE);
    let after = ["", "scope=read", "max_age=0", "login_hint=alice", "login_hint=nobody"].map(asked);
    assert_eq!(before, after);
    assert!(before.iter().all(|error| error.as_deref() == Some("login_required")), "{before:?}");
}

#[test]
fn a_person_who_is_logged_in_gets_a_code_only_for_what_they_allowed() {
    let world = world();
    let now = Some(world.now);
    let asked = |client: &str, more: &str| answer(&world, &query(client, SITE, &format!("prompt=none&{more}")), now);
    assert_eq!(asked("public", ""), Some("consent_required".to_owned()));
    allow(&world, "public", SITE);
    assert_eq!(asked("public", ""), None);
    assert_eq!(asked("public", "scope=read"), None);
    assert_eq!(asked("confidential", ""), Some("consent_required".to_owned()), "another client was allowed nothing");
    let old = answer(&world, &query("public", SITE, "prompt=none&max_age=10"), Some(world.now - 11));
    assert_eq!(old, Some("login_required".to_owned()));
}

/// Any program on the machine may listen where a native application does. It gets neither a code nor the news that
/// there is one to get.
#[test]
fn who_may_pose_as_a_client_learns_nothing_of_what_was_allowed_to_it() {
    let world = world();
    let asked = || answer(&world, &query("public", LOOPBACK, "prompt=none"), Some(world.now));
    let before = asked();
    allow(&world, "public", LOOPBACK);
    allow(&world, "public", SITE);
    assert_eq!((before.as_deref(), asked().as_deref()), (Some("consent_required"), Some("consent_required")));
}

#[test]
fn a_silent_approval_is_checked_as_any_other() {
    let world = world();
    allow(&world, "public", SITE);
    let prompt = ask(&world.server, &world, &query("public", SITE, "prompt=none&max_age=10"));
    let late = Approval::by("alice".parse().unwrap()).authenticated_at(Timestamp(world.now - 11));
    let response = prompt.approve(&world.server, late, world.moment()).run(&world.store);
    assert_eq!(parameter(response.location().unwrap(), "error"), "unmet_authentication_requirements");
    let prompt = ask(&world.server, &world, &query("public", SITE, "prompt=none"));
    let response = prompt.refuse(&world.server, Interaction::Other, world.moment()).run(&world.store);
    assert_eq!(parameter(response.location().unwrap(), "error"), "interaction_required");
}
