//! RFC 9700, best current practice for OAuth 2.0 security, in the order of its sections: what a server is as it comes,
//! and what of its rules the other RFCs' tests do not show already.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use std::time::Duration;

use grantor::Server;
use grantor::model::{Audience, GrantType, RedirectUri, RedirectUriError, ResponseType, Subject};
use grantor::record::CredentialKind;
use grantor::server::{AuthorizationError, AuthorizeReply, Config, Event, RefreshPolicy, Refusal, TokenConfig};
use grantor::store::{Change, Commit, Outcome, Store};

use common::*;

fn rotating(grace: u64) -> World {
    World::new().with(|config| config.token.refresh = RefreshPolicy::Rotate { grace: Duration::from_secs(grace) })
}

// §2.1 Protecting Redirect-Based Flows

/// "authorization servers MUST utilize exact string matching except for port numbers in localhost redirection URIs".
#[test]
fn r1_redirect_uris_match_exactly() {
    let world = World::new();
    for other in [
        "https://client.example.com/cb/",
        "https://client.example.com/cb?",
        "https://client.example.com/cb?a=b",
        "https://client.example.com/cb#",
        "https://client.example.com/CB",
        "https://client.example.com/c%62",
        "https://client.example.com/x/../cb",
        "https://client.example.com//cb",
        "https://client.example.com:443/cb",
        "https://CLIENT.example.com/cb",
        "HTTPS://client.example.com/cb",
        "http://client.example.com/cb",
        "https://client.example.com./cb",
        "https://client.example.com.evil.example/cb",
        "https://evil.client.example.com/cb",
        "https://client.example.com@evil.example/cb",
        "https://evil.example/https://client.example.com/cb",
        "https://client.example.com/cb ",
        " https://client.example.com/cb",
        "https://client.example.com/cb\0",
        "//client.example.com/cb",
    ] {
        assert!(world.answer(authorize().set("redirect_uri", other)).is_page(), "{other}");
    }
    assert!(world.approve(authorize()).location().starts_with("https://client.example.com/cb?"));
}

// §2.1.1 Authorization Code Grant: PKCE is in tests/rfc7636.rs; that its support can be detected, in tests/rfc8414.rs
// (`r30_…`).

// §2.1.2 Implicit Grant: "clients [...] SHOULD NOT use the implicit grant (response type "token")".

#[test]
fn r48_implicit_token_responses_are_off_until_server_and_client_both_name_them() {
    let config = World::new().server.config().clone();
    assert!(
        !config.authorization.response_types.contains(&ResponseType::Token)
            && !config.token.grant_types.contains(&GrantType::Implicit)
    );
    // The client names it, the server does not.
    assert_eq!(World::new().answer(implicit()).error(), "unsupported_response_type");
    // The server names it, the client does not.
    let client = public("app").with(|client| client.response_types = vec![ResponseType::Code]);
    let world =
        World::new().with(|config| config.authorization.response_types.push(ResponseType::Token)).with_client(client);
    assert_eq!(world.answer(implicit()).error(), "unauthorized_client");
    // Both do.
    let world = World::new().with(|config| config.authorization.response_types.push(ResponseType::Token));
    assert!(world.approve(implicit()).parameter("access_token").is_some());
}

// §2.2.2 Refresh Tokens, §4.14.2: "Refresh tokens for public clients MUST be sender-constrained or use refresh token
// rotation".

/// RFC 9700 §2.2.2: "MUST be sender-constrained or use refresh token rotation".
#[test]
fn r51_refresh_tokens_of_public_clients_rotate() {
    // As it comes, every client's do; with `RotatePublic`, only those of public ones.
    let rotates = |world: &World, client_id: &str| {
        let of = |params: Params| if client_id == "web" { params.of_web() } else { params };
        let code = world.code(authorize().set("client_id", client_id));
        let (_, first) = world.token(of(exchange(&code))).tokens();
        let second = world.token(of(refresh(&first))).member("refresh_token");
        assert!(second.as_ref().is_none_or(|second| *second != first && world.is_alive(second)));
        assert_eq!(world.is_alive(&first), second.is_none(), "a refresh token that was replaced is spent");
        second.is_some()
    };
    let rotate_public = RefreshPolicy::RotatePublic { grace: Duration::ZERO };
    let world = World::new().with(|config| config.token.refresh = rotate_public);
    assert!(matches!(World::new().server.config().token.refresh, RefreshPolicy::Rotate { .. }));
    assert!(rotates(&World::new(), "app") && rotates(&World::new(), "web"));
    assert!(rotates(&world, "app") && !rotates(&world, "web"));
}

// §2.3 Access Token Privilege Restriction

/// "access tokens SHOULD be audience-restricted to a specific resource server": by `resource`, RFC 8707.
/// RFC 9700 §4.14.2: "MUST be bound to the scope and resource servers".
#[test]
fn r57_access_tokens_are_restricted_to_an_audience_and_short_lived() {
    let (photos, mail) = (resource("https://photos.example.com"), resource("https://mail.example.com"));
    let world = World::new().with(|config| config.resources = Audience::only([photos.clone(), mail.clone()]).unwrap());
    let audience = |reply: &Reply| world.presented(&reply.access_token()).credential.audience.resources().to_vec();
    let photos_only = |params: Params| params.set("resource", photos.as_str());

    // RFC 8707 §2.1: asked for at the authorization endpoint, it bounds whatever comes of the grant.
    let code = world.code(photos_only(authorize()));
    let reply = world.token(exchange(&code));
    assert_eq!(audience(&reply), std::slice::from_ref(&photos));
    let (_, refresh_token) = reply.tokens();
    assert_eq!(world.token(refresh(&refresh_token).set("resource", mail.as_str())).error(), "invalid_target");
    assert_eq!(audience(&world.token(refresh(&refresh_token))), std::slice::from_ref(&photos));

    // RFC 8707 §2.2: asked for at the token endpoint, it restricts the access token, and the next one anew.
    let code = world.code(authorize().again("resource", photos.as_str()).again("resource", mail.as_str()));
    let reply = world.token(photos_only(exchange(&code)));
    assert_eq!(audience(&reply), std::slice::from_ref(&photos));
    let reply = world.token(refresh(&reply.tokens().1).set("resource", mail.as_str()));
    assert_eq!(audience(&reply), std::slice::from_ref(&mail));
    assert_eq!(audience(&world.token(photos_only(client_credentials()))), std::slice::from_ref(&photos));

    // What the server does not offer, or what is no absolute URI without a fragment, is nobody's to ask for.
    for wrong in ["https://other.example.com", "photos", "https://photos.example.com#a", "https://photos.example.com//"]
    {
        assert_eq!(world.answer(authorize().set("resource", wrong)).error(), "invalid_target", "{wrong}");
        assert_eq!(world.token(client_credentials().set("resource", wrong)).error(), "invalid_target", "{wrong}");
    }

    // OAuth 2.1 §7.1.3: short-lived.
    let TokenConfig { access_token_lifetime, .. } = World::new().server.config().token.clone();
    assert!((1..=3600).contains(&access_token_lifetime.as_secs()));
}

/// "The privileges associated with an access token SHOULD be restricted to the minimum": one client's audience is its
/// own.
#[test]
fn a_client_gets_tokens_only_for_the_resources_it_is_registered_for() {
    let (photos, mail) = (resource("https://photos.example.com"), resource("https://mail.example.com"));
    let client = confidential("web", SECRET).with(|client| client.audience = photos.clone().into());
    let world = World::new()
        .with(|config| config.resources = Audience::only([photos.clone(), mail.clone()]).unwrap())
        .with_client(client);
    let reply = world.token(client_credentials());
    assert_eq!(world.presented(&reply.access_token()).credential.audience.resources(), [photos]);
    assert_eq!(world.token(client_credentials().set("resource", mail.as_str())).error(), "invalid_target");
}

// §2.4 Resource Owner Password Credentials Grant: "MUST NOT be used."

#[test]
fn r47_the_password_grant_is_off_until_server_and_client_both_name_it() {
    assert!(!World::new().server.config().token.grant_types.contains(&GrantType::Password));
    // The client names it, the server does not: the host is not even asked.
    assert_eq!(World::new().token(password()).error(), "unsupported_grant_type");
    // The server names it, the client does not.
    let with_password = || World::new().with(|config| config.token.grant_types.push(GrantType::Password));
    let client = public("app").with(|client| client.grant_types.retain(|grant| *grant != GrantType::Password));
    assert_eq!(with_password().with_client(client).token(password()).error(), "unauthorized_client");
    // Both do.
    assert_eq!(with_password().token(password()).status(), 200);
}

// §2.6 Other Recommendations: "Authorization servers MUST NOT allow redirection URIs that use the http scheme except
// for native clients that use loopback interface redirection".

/// RFC 9700 §2.6: "MUST NOT allow redirection URIs that use the `http` scheme".
#[test]
fn r9_http_redirect_uris_are_for_loopback_only() {
    for uri in [
        "http://client.example.com/cb",
        "http://192.168.0.1/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.2/cb",
        "http://0.0.0.0/cb",
        "http://localhost.evil.example/cb",
        "http://[::2]/cb",
    ] {
        assert_eq!(RedirectUri::parse(uri), Err(RedirectUriError::InsecureHttp), "{uri}");
    }
    for uri in ["http://127.0.0.1/cb", "http://127.0.0.1:8000/cb", "http://[::1]/cb", "http://localhost:8000/cb"] {
        assert!(RedirectUri::parse(uri).is_ok(), "{uri}");
    }
}

// §4.8.2 PKCE Downgrade Attack

/// "if there was no `code_challenge` in the authorization request, a request to the token endpoint containing a
/// `code_verifier` is rejected."
/// RFC 9700 §2.1.1: "accepted only if a code_challenge parameter was present in the authorization request".
#[test]
fn r28_a_verifier_without_a_challenge_is_rejected() {
    let optional = |client: &mut grantor::record::Client| client.require_pkce = false;
    let world = World::new().with_client(confidential("web", SECRET).with(optional));
    let code =
        world.code(authorize().set("client_id", "web").without("code_challenge").without("code_challenge_method"));
    let reply = world.token(exchange(&code).of_web());
    assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_request"));
    assert_eq!(world.token(exchange(&code).of_web().without("code_verifier")).status(), 200);
}

/// A client whose record was tightened after the code went out: "there was no challenge" is no way around it.
#[test]
fn a_code_without_a_challenge_is_worth_nothing_to_a_client_that_must_use_pkce() {
    let bare = authorize().without("code_challenge").without("code_challenge_method");
    let world = World::new().with_client(public("app").with(|client| client.require_pkce = false));
    let code = world.code(bare);
    let world = world.with_client(public("app"));
    assert_eq!(world.token(exchange(&code).without("code_verifier")).error(), "invalid_grant");
}

// §4.11.2 Authorization Server as Open Redirector: of an unproven client, tests/rfc6749, `r5_…`.

/// "The authorization server MUST always authenticate the user first and, with the exception of the silent
/// authentication use case, prompt the user for credentials when needed, before redirecting the user." Whatever is
/// wrong with a request, what comes of it at once is a page, or a value that waits for the login.
#[test]
fn r16_an_erroneous_request_redirects_nobody_before_login() {
    let world = World::new().with_everything();
    let mut errors = std::collections::BTreeSet::new();
    for base in [authorize(), implicit()] {
        for name in base.names() {
            let wrong = ["", "\u{e9}", "no-such-value", "https://elsewhere.example"]
                .map(|value| base.clone().set(&name, value));
            for request in wrong.into_iter().chain([base.clone().again(&name, "again"), base.clone().without(&name)]) {
                match world.authorize(&request) {
                    AuthorizeReply::Ask(_) => {}
                    AuthorizeReply::Respond(response) => assert_eq!(response.location(), None, "{request}"),
                    AuthorizeReply::Refuse(refusal) => {
                        errors.insert(refusal.error.as_str().to_owned());
                        let error = refusal.error.clone();
                        // It is kept in the session while the resource owner logs in.
                        let kept = serde_json::to_string(&refusal).unwrap();
                        let reply = Reply::of(world.tell(serde_json::from_str(&kept).unwrap()).into_http());
                        assert_eq!((reply.status(), reply.error().as_str()), (303, error.as_str()), "{request}");
                    }
                }
            }
        }
    }
    let known = ["invalid_request", "invalid_scope", "unsupported_response_type"];
    assert!(known.iter().all(|code| errors.contains(*code)), "{errors:?}");
}

/// Time passes until the login, and the value was out of the server's hands: the redirect URI is proven again.
#[test]
fn a_refusal_goes_to_nobody_whose_redirect_uri_is_not_the_clients_own_any_more() {
    let world = World::new();
    let refusal = || match world.authorize(authorize().set("scope", "admin")) {
        AuthorizeReply::Refuse(refusal) => refusal,
        other => panic!("{:?}", other.event()),
    };
    let moved = World::new().with_client(public("app").with(|client| client.redirect_uris.clear()));
    for world in [&moved, &World::new().without_clients(), &World::new().with_outage(At::Lookup, None)] {
        assert!(Reply::of(world.tell(refusal()).into_http()).is_page());
    }
    let mut kept = serde_json::to_value(refusal()).unwrap();
    kept["redirect_uri"] = "https://evil.example/cb".into();
    assert!(Reply::of(world.tell(serde_json::from_value(kept.clone()).unwrap()).into_http()).is_page());
    kept["version"] = 2.into();
    assert!(serde_json::from_value::<Refusal>(kept).is_err(), "a newer version is never guessed at");
}

/// The log learns why at once, and later that the client was told.
#[test]
fn a_refusal_is_logged_when_it_is_made_and_when_it_is_sent() {
    let world = World::new();
    let reply = world.authorize(authorize().set("scope", "admin"));
    assert!(matches!(reply.event(), Event::AuthorizationRefused { reason: AuthorizationError::InvalidScope, .. }));
    let AuthorizeReply::Refuse(refusal) = reply else { panic!("{:?}", reply.event()) };
    let kept = serde_json::to_value(&refusal).unwrap();
    let response = world.tell(serde_json::from_value(kept).unwrap());
    let Event::RefusalSent { client_id, error, .. } = response.event() else { panic!("{:?}", response.event()) };
    assert_eq!((client_id.as_str(), error.as_str()), ("app", "invalid_scope"));
    assert_eq!(response.event().name(), "refusal_sent");
}

// §4.12 307 Redirect

/// "Authorization servers which redirect a request that potentially contains user credentials MUST NOT use the HTTP 307
/// status code for redirection. [...] the status code 303 (See Other) SHOULD be used".
/// RFC 9700 §4.12: "SHOULD use HTTP status code 303 (See Other)".
#[test]
fn r19_redirects_are_303() {
    let world = World::new().with_everything();
    let by_post = world.answer_by(&post(authorize().set("scope", "admin")));
    for reply in [
        by_post,
        world.answer(authorize().set("scope", "admin")),
        world.approve(authorize()),
        world.deny(authorize()),
        world.approve(implicit()),
        World::new().with_outage(At::Commit, None).approve(authorize()),
    ] {
        assert_eq!((reply.status(), reply.body()), (303, ""));
    }
}

// §4.14.2 Refresh Token Protection: Recommendations

/// "it will revoke the active refresh token", and with it the grant and its access tokens (OAuth 2.1 §4.3.1).
#[test]
fn r52_replay_of_a_rotated_refresh_token_revokes_the_active_one_and_the_grant() {
    for grace in [0, 30] {
        let mut world = rotating(grace);
        let (first_access, first) = world.tokens();
        let (second_access, second) = world.token(refresh(&first)).tokens();
        let (third_access, third) = world.token(refresh(&second)).tokens();
        let (_, bystander) = world.tokens();
        world.now += grace;
        let event = world.event(refresh(&first));
        assert!(matches!(event, Event::Replayed { .. }), "{event:?}");
        for token in [&first_access, &second_access, &third_access, &second, &third] {
            assert!(world.presented(token).revoked);
        }
        assert_eq!(world.token(refresh(&third)).error(), "invalid_grant");
        assert_eq!(world.token(refresh(&bystander)).status(), 200, "another grant of the same person");
    }
}

/// Within the grace it is a retry, or the loser of a race: it gets tokens of its own, and kills nobody's.
#[test]
fn a_second_use_within_the_grace_is_a_retry() {
    let mut world = rotating(30);
    let (_, first) = world.tokens();
    let (_, second) = world.token(refresh(&first)).tokens();
    world.now += 29;
    let (_, retried) = world.token(refresh(&first)).tokens();
    assert_ne!(second, retried);
    assert_eq!(world.token(refresh(&second)).status(), 200);
    assert_eq!(world.token(refresh(&retried)).status(), 200);
}

/// A replay by somebody else than the client changes nothing, or anyone could revoke anyone.
#[test]
fn a_replay_by_another_client_revokes_nothing() {
    let world = rotating(0);
    let (_, first) = world.tokens();
    let (access_token, second) = world.token(refresh(&first)).tokens();
    assert_eq!(world.token(refresh(&first).of_web()).error(), "invalid_grant");
    assert!(world.is_alive(&access_token));
    assert_eq!(world.token(refresh(&second)).status(), 200);
}

#[test]
fn r55_after_revocation_of_the_grant_refresh_fails() {
    for policy in [RefreshPolicy::Rotate { grace: Duration::from_secs(30) }, RefreshPolicy::Reuse] {
        let world = World::new().with(|config| config.token.refresh = policy);
        let (access_token, refresh_token) = world.tokens();
        let code = world.code(authorize());
        for token in [&refresh_token, &code] {
            let revoke = Commit::of(Change::Revoke(world.presented(token).grant.id));
            assert_eq!(Store::commit(&world.store, &revoke).unwrap(), Outcome::Applied);
        }
        let reply = world.token(refresh(&refresh_token));
        assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_grant"));
        assert_eq!(world.token(exchange(&code)).error(), "invalid_grant", "nor is a code good any more");
        assert!(!world.is_alive(&access_token));
        // That is known from the lookup: nothing is left to the write.
        let world = world.with_outage(At::Commit, None);
        for form in [refresh(&refresh_token), exchange(&code)] {
            assert_eq!(world.token(&form).error(), "invalid_grant", "{form}");
        }
    }
}

/// "Refresh tokens SHOULD expire if the client has been inactive for some time".
#[test]
fn r56_an_unused_refresh_token_expires_and_rotation_renews_it() {
    let day = 24 * 60 * 60;
    let lifetime = World::new().server.config().token.refresh_token_lifetime.as_secs();
    assert!((day..=90 * day).contains(&lifetime), "as it comes, it ends");

    let mut world = World::new();
    let (_, idle) = world.tokens();
    let (_, mut active) = world.tokens();
    // Used just in time, again and again, it outlives any one lifetime.
    for _ in 0..3 {
        world.now += lifetime - 1;
        active = world.token(refresh(&active)).tokens().1;
    }
    let reply = world.token(refresh(&idle));
    assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_grant"));
    world.now += lifetime;
    assert_eq!(world.token(refresh(&active)).error(), "invalid_grant");
}

/// The store forgets an idle grant, and not an active one.
#[test]
fn a_grant_is_kept_as_long_as_its_longest_credential() {
    let mut world = World::new();
    let lifetime = world.server.config().token.refresh_token_lifetime.as_secs();
    let (_, first) = world.tokens();
    world.now += lifetime - 1;
    let (_, second) = world.token(refresh(&first)).tokens();
    world.now += lifetime - 1;
    world.store.purge(grantor::Timestamp(world.now));
    assert_eq!(world.token(refresh(&second)).status(), 200);
    world.now += lifetime;
    world.store.purge(grantor::Timestamp(world.now));
    assert_eq!(world.store.counts(), (0, 0));
}

// §4.15.1 Client Impersonating Resource Owner

/// "authorization servers SHOULD NOT allow clients to influence their `client_id` [...] if that can cause confusion
/// with a genuine resource owner. Where this cannot be avoided, [they] MUST provide other means for the resource server
/// to distinguish". Whoever registers clients chooses their ids; what grantor sees to is the other means: a token that
/// a client got for itself has no subject, whatever the client is called.
#[test]
fn r50_a_client_that_is_called_like_a_person_gets_no_token_of_that_person() {
    let world = World::new().with_everything().with_client(confidential("johndoe", SECRET));
    assert_eq!(subject(), Subject::parse("johndoe").unwrap());
    let form = client_credentials().set("client_id", "johndoe");
    let own = world.presented(&world.token(&form).access_token());
    assert_eq!((own.grant.client_id.as_str(), &own.grant.subject), ("johndoe", &None));
    assert_eq!(own.grant.grant_type, GrantType::ClientCredentials);
    let Event::Issued { subject: None, .. } = world.event(&form) else { panic!("the audit log is misled") };
    // No claim says otherwise.
    let CredentialKind::AccessToken(token) = &own.credential.kind else { panic!("not an access token") };
    assert!(token.claims.is_empty());
    // A person's token has both names, each in its place.
    let persons = world.presented(&world.tokens().0);
    assert_eq!((persons.grant.client_id.as_str(), &persons.grant.subject), ("app", &Some(subject())));
}

// As it comes: `Config::new` is the recommendation.

#[test]
fn a_server_as_it_comes_offers_only_what_the_rfc_recommends() {
    let config = Config::new(World::new().server.config().issuer.clone());
    let server = Server::new(config).unwrap();
    let offered: Vec<_> = server.config().token.grant_types.iter().map(GrantType::as_str).collect();
    assert_eq!(offered, ["authorization_code", "refresh_token", "client_credentials"]);
    assert_eq!(server.config().authorization.response_types, [ResponseType::Code]);
    assert_eq!(server.config().authorization.code_challenge_methods, [grantor::model::CodeChallengeMethod::S256]);
}
