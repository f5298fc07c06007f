//! OpenID Connect Core 1.0: the parameters of §3.1.2.1 by which a client says what a person is to be asked, and consent
//! that is remembered.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use std::sync::Arc;

use common::*;
use grantor::Timestamp;
use grantor::client::{AuthorizationRequest, CallbackError};
use grantor::model::{Acr, Audience, AuthenticationEvent, GrantType, LanguageTag, PromptValue, RedirectUri};
use grantor::record::{Asked, Client, Grant};
use grantor::server::{AuthorizationError, AuthorizeReply, Event, Interaction, ParConfig, Prompt};
use grantor::store::{GrantStore as _, GrantsOf};

/// A server to which requests can be pushed.
fn world() -> World {
    World::new().with(|config| config.par = Some(ParConfig::below(&config.issuer)))
}

/// A request that asks for this, as the browser brings it, and as it is pushed.
fn both_ways(world: &World, request: Params) -> [Prompt; 2] {
    let pushed = world.server.push(&post(request.clone()), world.moment()).run(world);
    let request_uri = pushed.result().unwrap().request_uri.expose().to_owned();
    let by_push = params(&[("client_id", "app"), ("request_uri", &request_uri)]);
    [world.ask(request), world.ask(by_push)]
}

fn prompting(value: &str) -> Params {
    authorize().set("prompt", value)
}

fn logged_in(at: u64) -> AuthenticationEvent {
    AuthenticationEvent::at(Timestamp(at))
}

fn needs(prompt: &Prompt, at: u64) -> Option<Interaction> {
    prompt.needs(Some(&logged_in(at)), [])
}

/// The grants of `johndoe`, as people's own pages list them.
fn grants(world: &World) -> Vec<Arc<Grant>> {
    let held = world.store.held_grants(&GrantsOf::Subject(subject()), None, 100, Timestamp(world.now)).unwrap();
    held.into_iter().map(|held| held.grant).collect()
}

fn is_remembered(world: &World, request: Params) -> bool {
    let prompt = world.ask(request);
    let grants = grants(world);
    let open = prompt.needs(Some(&logged_in(NOW)), grants.iter().map(|grant| &**grant));
    assert!(matches!(open, None | Some(Interaction::Consent)), "{open:?}");
    open.is_none()
}

fn refusing(world: &World, prompt: Prompt, open: Interaction) -> Reply {
    Reply::of(prompt.refuse(&world.server, open, world.moment()).run(world).into_http())
}

// §3.1.2.1 Authentication Request

/// "Space-delimited, case-sensitive list of ASCII string values": each reaches the host as what it is, once.
#[test]
fn the_values_of_prompt_reach_the_host() {
    use PromptValue::{Consent, Login, None as Nothing, SelectAccount};
    let world = world();
    for (text, expected) in [
        ("none", &[Nothing][..]),
        ("login", &[Login]),
        ("consent", &[Consent]),
        ("select_account", &[SelectAccount]),
        ("consent login", &[Login, Consent]),
        ("login login", &[Login]),
        (" select_account  consent ", &[Consent, SelectAccount]),
        ("", &[]),
        // "not returning errors for not-understood values will help facilitate phasing in extensions".
        ("create", &[]),
        ("login Consent x", &[Login]),
        ("NONE", &[]),
    ] {
        for prompt in both_ways(&world, prompting(text)) {
            assert_eq!(prompt.asked.prompt, expected, "{text:?}");
            assert_eq!(prompt.is_silent(), expected == [Nothing], "{text:?}");
            let kept: Prompt = serde_json::from_str(&serde_json::to_string(&prompt).unwrap()).unwrap();
            assert_eq!(kept.asked, prompt.asked);
        }
    }
}

/// "If this parameter contains none with any other value, an error is returned."
#[test]
fn none_stands_alone() {
    let world = world();
    for text in ["none login", "consent none", "none none", "none create"] {
        assert_eq!(world.answer(prompting(text)).error(), "invalid_request", "{text}");
        let pushed = world.server.push(&post(prompting(text)), world.moment()).run(&world);
        assert_eq!(pushed.result().unwrap_err().code(), "invalid_request", "{text}");
    }
    assert_eq!(world.answer(prompting("login").again("prompt", "consent")).error(), "invalid_request");
}

/// RFC 9700 §4.11.2: people log in before they are asked, or sent back with an error. Where the client wants no page,
/// nobody does.
#[test]
fn whoever_is_not_logged_in_does_that_first_unless_no_page_is_wanted() {
    let world = world();
    let unsound = |request: Params| request.set("scope", "admin");
    for (request, needs_login) in [
        (authorize(), true),
        (unsound(authorize()), true),
        (prompting("login"), true),
        (prompting("none"), false),
        (unsound(prompting("none")), false),
        (authorize().set("client_id", "nobody"), false),
    ] {
        assert_eq!(world.authorize(&request).needs_login(), needs_login, "{request}");
    }
}

#[test]
fn a_hint_and_the_languages_reach_the_host() {
    let world = world();
    let request = authorize().set("login_hint", "jörg \"<b>\"@example.com").set("ui_locales", "fr-CA fr en");
    for prompt in both_ways(&world, request) {
        assert_eq!(prompt.asked.login_hint.as_deref(), Some("jörg \"<b>\"@example.com"));
        let locales: Vec<_> = prompt.asked.ui_locales.iter().map(LanguageTag::as_str).collect();
        assert_eq!(locales, ["fr-CA", "fr", "en"]);
    }
    let plain = world.ask(authorize());
    assert_eq!((plain.asked.login_hint, plain.asked.ui_locales), (None, vec![]));
    let longest = "x".repeat(Asked::MAX_LOGIN_HINT_LEN);
    assert_eq!(world.ask(authorize().set("login_hint", &longest)).asked.login_hint, Some(longest.clone()));
    for hint in [format!("{longest}x"), "a\nb".to_owned(), "a\u{0}".to_owned(), "\u{85}".to_owned()] {
        assert_eq!(world.answer(authorize().set("login_hint", &hint)).error(), "invalid_request", "{hint:?}");
    }
}

/// "An error SHOULD NOT result if some or all of the requested locales are not supported by the OpenID Provider."
#[test]
fn what_is_no_language_is_left_out() {
    let world = world();
    for (text, expected) in [
        ("de_DE x-klingon <b> -- a- 123456789 de-CH-1996", &["x-klingon", "de-CH-1996"][..]),
        ("é", &[]),
        (" de  en ", &["de", "en"]),
    ] {
        let prompt = world.ask(authorize().set("ui_locales", text));
        let locales: Vec<_> = prompt.asked.ui_locales.iter().map(LanguageTag::as_str).collect();
        assert_eq!(locales, expected, "{text}");
    }
    let many = world.ask(authorize().set("ui_locales", &"en ".repeat(40)));
    assert_eq!(many.asked.ui_locales.len(), 16);
}

#[test]
fn without_a_login_the_first_question_is_the_login() {
    let world = world();
    for text in ["", "none", "login", "consent", "select_account"] {
        assert_eq!(world.ask(prompting(text)).needs(None, []), Some(Interaction::Login), "{text}");
    }
}

/// "The Authorization Server SHOULD prompt the End-User for reauthentication."
#[test]
fn a_login_before_the_request_is_none_if_the_client_wants_a_new_one() {
    let world = world();
    for request in [prompting("login"), prompting("login consent"), authorize().set("max_age", "0")] {
        for prompt in both_ways(&world, request) {
            assert_eq!(needs(&prompt, NOW - 1), Some(Interaction::Login));
            assert_eq!(needs(&prompt, NOW), Some(Interaction::Consent));
            assert_eq!(needs(&prompt, NOW + 500), Some(Interaction::Consent));
            let unsaid = AuthenticationEvent::default();
            assert_eq!(prompt.needs(Some(&unsaid), []), Some(Interaction::Login), "nobody says when");
        }
    }
    assert_eq!(needs(&world.ask(authorize()), 0), Some(Interaction::Consent));
}

/// "If the elapsed time is greater than this value, the OP MUST attempt to actively re-authenticate the End-User."
/// "Note that max_age=0 is equivalent to prompt=login."
#[test]
fn the_age_of_a_login_counts_back_from_when_the_request_came() {
    let mut world = world();
    let prompts = both_ways(&world, authorize().set("max_age", "60"));
    // The time for which a page is open does not matter.
    world.now += 1000;
    for prompt in prompts {
        assert_eq!(prompt.asked_at, Timestamp(NOW));
        assert_eq!(needs(&prompt, NOW - 61), Some(Interaction::Login));
        assert_eq!(needs(&prompt, NOW - 60), Some(Interaction::Consent));
    }
    let ever = world.ask(authorize().set("max_age", &u64::MAX.to_string()));
    assert_eq!(needs(&ever, 0), Some(Interaction::Consent));
}

#[test]
fn an_account_is_chosen_after_the_request() {
    let world = world();
    let prompt = world.ask(prompting("select_account"));
    assert_eq!(needs(&prompt, NOW - 1), Some(Interaction::AccountSelection));
    assert_eq!(needs(&prompt, NOW), Some(Interaction::Consent));
    let both = world.ask(prompting("login select_account"));
    assert_eq!(needs(&both, NOW - 1), Some(Interaction::Login), "one after the other");
}

// §3.1.2.3 Authorization Server Authenticates End-User

/// §3.1.2.1: "If it cannot reauthenticate the End-User, it MUST return an error, typically login_required."
#[test]
fn r79_an_approval_by_an_old_login_is_refused() {
    let world = world();
    let decide = |request: &Params, at: Option<u64>| {
        let approval = at.map_or_else(approval, |at| approval().authenticated_at(Timestamp(at)));
        let reply = world.decide(world.ask(request), Some(approval));
        reply.parameter("error").unwrap_or_else(|| reply.parameter("code").map(|_| "code".to_owned()).unwrap())
    };
    let login = prompting("login");
    assert_eq!(decide(&login, Some(NOW)), "code");
    assert_eq!(decide(&login, Some(NOW - 1)), "login_required");
    assert_eq!(decide(&login, None), "login_required");
    // A host that forgets to look issues nothing for a login of ten days ago.
    let max_age = authorize().set("max_age", "60");
    assert_eq!(decide(&max_age, Some(NOW - 60)), "code");
    assert_eq!(decide(&max_age, Some(NOW + 1)), "code");
    for old in [Some(NOW - 61), Some(NOW - 900_000), Some(0), None] {
        assert_eq!(decide(&max_age, old), "unmet_authentication_requirements", "{old:?}");
    }
    assert_eq!(decide(&login.set("max_age", "60"), Some(NOW - 5)), "login_required");
    assert_eq!(decide(&authorize(), None), "code");
}

/// RFC 9470 §5: "the authorization server SHOULD consider the requested acr value as necessary for successfully
/// fulfilling the request."
#[test]
fn a_class_that_the_host_cannot_reach_is_no_question_without_end() {
    let world = world();
    let request = authorize().set("acr_values", "mfa");
    let prompt = world.ask(&request);
    assert_eq!(needs(&prompt, NOW), Some(Interaction::Consent));
    let approval = approval().authenticated_at(Timestamp(NOW)).with_acr(Acr::parse("pwd").unwrap());
    assert_eq!(world.decide(prompt, Some(approval)).error(), "unmet_authentication_requirements");
}

// §3.1.2.4 Authorization Server Obtains End-User Consent/Authorization

#[test]
fn what_was_allowed_is_not_asked_again() {
    let world = world();
    assert!(!is_remembered(&world, authorize()), "nothing was allowed yet");
    let grant = world.approve(authorize().set("scope", "read"));
    assert!(grant.parameter("code").is_some());
    assert!(is_remembered(&world, authorize().set("scope", "read")));
    assert!(!is_remembered(&world, authorize()), "it asks for more");
    world.approve(authorize());
    assert!(is_remembered(&world, authorize()));
    assert!(!is_remembered(&world, authorize().set("client_id", "web")), "another client");
    assert!(!is_remembered(&world, prompting("consent")), "the client wants it asked");
    // An answer without a page follows from that.
    let code = world.code(authorize());
    world.token(exchange(&code));
    let silent = world.ask(prompting("none"));
    assert!(world.decide(silent, Some(approval())).parameter("code").is_some());
}

#[test]
fn a_grant_that_was_revoked_is_forgotten() {
    let world = world();
    world.approve(authorize());
    assert!(is_remembered(&world, authorize()));
    world.store.revoke_grants(&GrantsOf::Subject(subject()), Timestamp(NOW)).unwrap();
    assert!(!is_remembered(&world, authorize()));
}

/// Resources of a request are among those that were granted; a token for no resource in particular is good for all.
#[test]
fn resources_are_compared_too() {
    let any = World::new();
    any.approve(authorize());
    let some = any.with(|config| config.resources = only(&["https://photos.example", "https://mail.example"]));
    assert!(is_remembered(&some, authorize().set("resource", "https://photos.example")));
    let some = World::new().with(|config| config.resources = only(&["https://photos.example", "https://mail.example"]));
    some.approve(authorize().set("resource", "https://photos.example"));
    assert!(is_remembered(&some, authorize().set("resource", "https://photos.example/")));
    assert!(!is_remembered(&some, authorize().set("resource", "https://mail.example")));
    assert!(!is_remembered(&some, authorize()), "all of them");
    let any = some.with(|config| config.resources = Audience::Any);
    assert!(!is_remembered(&any, authorize()), "a token for no resource in particular");
    let (photos, both) = (only(&["https://photos.example"]), only(&["https://photos.example", "https://mail.example"]));
    assert!(
        both.covers(&photos) && !photos.covers(&both) && Audience::Any.covers(&both) && !both.covers(&Audience::Any)
    );
}

/// RFC 8252 §8.6: "unless the identity of the client can be proven, the request SHOULD be processed as if no previous
/// request had been approved. Measures such as claimed "https" scheme redirects MAY be accepted by authorization
/// servers as identity proof." RFC 6749 §10.2: "SHOULD NOT process repeated authorization requests automatically [...]
/// without authenticating the client or relying on other measures to ensure that the repeated request comes from the
/// original client and not an impersonator."
#[test]
fn nothing_is_remembered_for_whoever_may_pose_as_the_client() {
    let native = |uri: &str, client: Client| {
        let uri = RedirectUri::parse_private_use(uri).unwrap();
        client.with(|client| client.redirect_uris = vec![uri])
    };
    for (uri, client, is_proven) in [
        (CALLBACK, public("app"), true),
        ("http://127.0.0.1:49152/cb", public("app"), false),
        ("http://localhost/cb", public("app"), false),
        ("com.example.app:/cb", public("app"), false),
        ("cursor://cb", public("app"), false),
        ("http://127.0.0.1:49152/cb", confidential("app", SECRET), true),
        ("com.example.app:/cb", confidential("app", SECRET), true),
    ] {
        let world = World::new().with_everything().with_client(native(uri, client));
        let request = authorize().set("redirect_uri", uri);
        world.approve(&request);
        assert_eq!(is_remembered(&world, request), is_proven, "{uri}");
        // A token goes to whoever receives it, secret or not.
        let token = implicit().set("redirect_uri", uri);
        world.approve(&token);
        assert_eq!(is_remembered(&world, token), uri == CALLBACK, "{uri}");
    }
}

/// What a client got for itself, or by a person's password, nobody allowed on a page.
#[test]
fn only_what_a_person_allowed_counts() {
    let world = World::new().with_everything();
    assert_eq!(world.token(password().set("scope", "read write")).status(), 200);
    assert_eq!(grants(&world)[0].grant_type, GrantType::Password);
    assert!(!is_remembered(&world, authorize()));
}

// §3.1.2.6 Authentication Error Response

#[test]
fn what_would_have_to_be_asked_is_an_error_of_its_own() {
    let world = world();
    for (open, error, reason) in [
        (Interaction::Login, "login_required", AuthorizationError::LoginRequired),
        (Interaction::AccountSelection, "account_selection_required", AuthorizationError::AccountSelectionRequired),
        (Interaction::Consent, "consent_required", AuthorizationError::ConsentRequired),
        (Interaction::Other, "interaction_required", AuthorizationError::InteractionRequired),
    ] {
        for prompt in both_ways(&world, prompting("none")) {
            let event = prompt_of(&prompt).refuse(&world.server, open, world.moment()).run(&world).event();
            let Event::AuthorizationRefused { reason: found, .. } = event else { panic!("{event:?}") };
            assert_eq!(found, reason);
        }
        let [direct, pushed] = both_ways(&world, prompting("none"));
        let again = prompt_of(&pushed);
        for prompt in [direct, pushed] {
            let reply = refusing(&world, prompt, open);
            assert_eq!((reply.error().as_str(), reply.parameter("state").as_deref()), (error, Some("xyz")));
            assert_eq!((reply.parameter("iss").as_deref(), reply.parameter("code")), (Some(ISSUER), None));
        }
        assert_eq!(world.decide(again, Some(approval())).error(), "invalid_request", "the pushed request is spent");
    }
}

/// The same value, as a session gives it back.
fn prompt_of(prompt: &Prompt) -> Prompt {
    serde_json::from_str(&serde_json::to_string(prompt).unwrap()).unwrap()
}

/// §3.1.2.1: "MUST NOT display any authentication or consent user interface pages".
#[test]
fn an_error_of_a_request_for_no_page_is_told_without_one() {
    let world = world();
    let is_silent = |request: Params| match world.authorize(&request) {
        AuthorizeReply::Refuse(refusal) => {
            let kept: grantor::server::Refusal =
                serde_json::from_str(&serde_json::to_string(&refusal).unwrap()).unwrap();
            assert_eq!(kept.is_silent, refusal.is_silent);
            refusal.is_silent
        }
        other => panic!("{other:?}"),
    };
    assert!(is_silent(prompting("none").set("scope", "admin")));
    assert!(is_silent(prompting("none").without("response_type")));
    assert!(!is_silent(authorize().set("scope", "admin")));
    assert!(!is_silent(prompting("login").set("scope", "admin")));
    assert!(!is_silent(prompting("none login")));
    // What was pushed says so, and the browser does not.
    let with = |request: Params| {
        let pushed = world.server.push(&post(request), world.moment()).run(&world);
        let request_uri = pushed.result().unwrap().request_uri.expose().to_owned();
        params(&[("client_id", "app"), ("request_uri", &request_uri)])
    };
    let (silent, loud) = (with(prompting("none")), with(authorize()).set("prompt", "none"));
    let world = world.with_client(public("app").with(|client| client.response_types.clear()));
    for (request, expected) in [(silent, true), (loud, false)] {
        let AuthorizeReply::Refuse(refusal) = world.authorize(&request) else { panic!("not refused") };
        assert_eq!(refusal.is_silent, expected);
    }
}

// The client. §3.1.2.1 Authentication Request

#[test]
fn the_client_asks_and_is_told_the_error() {
    let world = world();
    let client = public_client_at(metadata_of(&world), "app");
    let request = || AuthorizationRequest::new(redirect_uri(CALLBACK)).scope(scope("read"));
    let (url, _) = client.begin(request().prompt([PromptValue::Login, PromptValue::Consent]), world.moment()).unwrap();
    assert!(url.ends_with("&prompt=login+consent"), "{url}");
    let (url, _) = client.begin(request().prompt([]), world.moment()).unwrap();
    assert!(!url.contains("prompt"), "{url}");
    let (url, pending) = client.begin(request().prompt([PromptValue::None]), world.moment()).unwrap();
    let prompt = world.ask(url.split_once('?').unwrap().1);
    assert!(prompt.is_silent());
    let reply = refusing(&world, prompt, Interaction::Login);
    let Err(CallbackError::Refused(refused)) = client.callback(pending, reply.location().split_once('?').unwrap().1)
    else {
        panic!("not refused")
    };
    assert_eq!(refused.error, "login_required");
}
