//! §6: refreshing an access token. What becomes of the refresh token is RFC 9700's: `tests/rfc9700.rs`.

use std::time::Duration;

use grantor::server::RefreshPolicy;

use crate::common::*;

const REQUEST: &str = "
    POST /token HTTP/1.1
    Host: server.example.com
    Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW
    Content-Type: application/x-www-form-urlencoded

    grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA";

#[test]
fn the_example_of_the_rfc_runs_as_printed() {
    let world = World::of_the_rfc().with(|config| config.token.access_token_lifetime = Duration::from_secs(3600));
    let rfc = "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW";
    let (old_access, old) = world.token_by(&post_as(rfc, password().without("client_id"))).tokens();
    let reply = world.token_by(&as_printed(&REQUEST.replace("tGzv3JOkF0XG5Qx2TlKWIA", &old)));
    let (access_token, refresh_token) = reply.tokens();
    let body = format!(
        "{{\"access_token\":\"{access_token}\",\"token_type\":\"Bearer\",\"expires_in\":3600,\
         \"refresh_token\":\"{refresh_token}\",\"scope\":\"read write\"}}"
    );
    assert_eq!((reply.status(), reply.body()), (200, body.as_str()));
    assert_ne!((old_access, old), (access_token, refresh_token));
}

/// "the refresh token is bound to the client to which it was issued".
/// RFC 6749 §6: "ensure that the refresh token was issued to the authenticated client".
#[test]
fn r53_a_refresh_token_is_bound_to_its_client() {
    let world = World::new().with_client(public("other")).with_client(confidential("rival", "rivals-secret"));
    let (_, of_app) = world.tokens();
    let code = world.code(authorize().set("client_id", "web"));
    let (_, of_web) = world.token(exchange(&code).of_web()).tokens();
    for form in [
        refresh(&of_app).set("client_id", "other"),
        refresh(&of_app).of_web(),
        refresh(&of_web),
        refresh(&of_web).set("client_id", "rival").set("client_secret", "rivals-secret"),
    ] {
        let reply = world.token(&form);
        assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_grant"), "{form}");
    }
    // Trying neither spent nor revoked them.
    assert_eq!(world.token(refresh(&of_app)).status(), 200);
    assert_eq!(world.token(refresh(&of_web).of_web()).status(), 200);
}

/// "The requested scope MUST NOT include any scope not originally granted by the resource owner, and if omitted is
/// treated as equal to the scope originally granted"; "the refresh token scope MUST be identical to that of the refresh
/// token included".
/// RFC 9700 §4.14.2: "MUST be bound to the scope and resource servers".
#[test]
fn r54_a_refreshed_scope_is_at_most_what_was_granted_and_the_new_refresh_token_keeps_it() {
    for policy in [RefreshPolicy::Rotate { grace: Duration::ZERO }, RefreshPolicy::Reuse] {
        let client = public("app").with(|client| client.scope = scope("read write admin"));
        let world = World::new().with(|config| config.token.refresh = policy).with_client(client);
        let (_, mut refresh_token) = world.tokens();
        // `admin` is the client's to ask for, but the resource owner did not grant it.
        for wrong in ["admin", "read admin", "read write admin"] {
            assert_eq!(world.token(refresh(&refresh_token).set("scope", wrong)).error(), "invalid_scope", "{wrong}");
        }
        for (asked, granted) in [(Some("read"), "read"), (None, "read write"), (Some("write read"), "read write")] {
            let form = refresh(&refresh_token);
            let reply = world.token(asked.map_or(form.clone(), |asked| form.set("scope", asked)));
            assert_eq!(scope(&reply.member("scope").unwrap()), scope(granted));
            assert_eq!(world.presented(&reply.access_token()).credential.scope, scope(granted));
            refresh_token = reply.member("refresh_token").unwrap_or(refresh_token);
            assert_eq!(world.presented(&refresh_token).credential.scope, scope("read write"));
        }
    }
}

#[test]
fn a_refresh_token_is_one_of_ours_and_a_refresh_token() {
    let world = World::new();
    let (access_token, refresh_token) = world.tokens();
    let code = world.code(authorize());
    for wrong in ["tGzv3JOkF0XG5Qx2TlKWIA", &access_token, &code, &refresh_token[..43], &format!("{refresh_token}=")] {
        assert_eq!(world.token(refresh(wrong)).error(), "invalid_grant", "{wrong}");
    }
    assert_eq!(world.token(refresh("").without("refresh_token")).error(), "invalid_request");
    assert_eq!(world.token(refresh(&refresh_token)).status(), 200);
}

#[test]
fn a_client_that_may_not_use_the_grant_is_unauthorized() {
    use grantor::model::GrantType::RefreshToken;
    let world = World::new();
    let (_, refresh_token) = world.tokens();
    let world =
        world.with_client(public("app").with(|client| client.grant_types.retain(|grant| *grant != RefreshToken)));
    assert_eq!(world.token(refresh(&refresh_token)).error(), "unauthorized_client");
}

/// "Refreshing" moves no one's clock: the code and the access tokens before stay as they are.
#[test]
fn earlier_access_tokens_stay_good() {
    let world = World::new();
    let (access_token, refresh_token) = world.tokens();
    assert_eq!(world.token(refresh(&refresh_token)).status(), 200);
    assert!(world.is_alive(&access_token));
}
