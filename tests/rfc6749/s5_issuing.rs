//! §5: issuing an access token.

use grantor::Timestamp;
use grantor::model::{GrantType, Key, Secret};
use grantor::server::{ClientAuthentication, ClientAuthenticationMethod, TokenRequest};
use grantor::store::{Change, Commit, Outcome, Store};
use http::Request;

use crate::common::*;

// §5.1 Successful Response

/// "any response containing tokens, credentials, or other sensitive information". Every reply in these tests is checked
/// for it ([`Reply::of`]); here, that each kind of reply comes by.
#[test]
fn r38_every_response_is_kept_out_of_caches() {
    let world = World::new().with_everything();
    let down = || World::new().with_everything();
    let replies = [
        world.approve(authorize()),
        world.deny(authorize()),
        world.approve(implicit()),
        world.answer("client_id=nobody"),
        world.token(exchange(&world.code(authorize()))),
        world.token(client_credentials()),
        world.token("grant_type=unknown"),
        world.token_by(&post_as("Basic !", "")),
        world.token_by(&Request::get("/token").body(Vec::new()).unwrap()),
        down().with_outage(At::Lookup, None).token(client_credentials()),
        down().with_outage(At::Commit, Some(1)).token(client_credentials()),
        down().with_outage(At::Lookup, None).answer(authorize()),
        down().with_outage(At::Commit, None).approve(authorize()),
    ];
    let statuses: Vec<_> = replies.iter().map(Reply::status).collect();
    assert_eq!(statuses, [303, 303, 303, 400, 200, 200, 400, 401, 405, 503, 503, 503, 303]);
    for reply in replies {
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("pragma"), Some("no-cache"));
    }
}

/// "Parameter names and string values are included as JSON strings. Numerical values are included as JSON numbers."
#[test]
fn the_response_is_one_json_object() {
    let world = World::new();
    let reply = world.token(exchange(&world.code(authorize())));
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(reply.body()).unwrap();
    let names: Vec<_> = object.keys().map(String::as_str).collect();
    let mut expected = ["access_token", "token_type", "expires_in", "refresh_token", "scope"];
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert!(object["expires_in"].is_u64());
    assert!(object.iter().all(|(name, value)| name == "expires_in" || value.is_string()));
}

#[test]
fn expires_in_is_when_the_token_expires() {
    let mut world = World::new();
    let reply = world.token(client_credentials());
    let access_token = reply.access_token();
    let expires_in: u64 = reply.member("expires_in").unwrap().parse().unwrap();
    assert_eq!(world.presented(&access_token).credential.expires_at.0, NOW + expires_in);
    world.now = NOW + expires_in - 1;
    assert!(world.is_alive(&access_token));
    world.now += 1;
    assert!(!world.is_alive(&access_token));
}

/// `scope = scope-token *( SP scope-token )` has no way to say "nothing", so nothing is said.
#[test]
fn an_empty_scope_is_left_out() {
    let world = World::new().with_client(confidential("web", SECRET).with(|client| client.scope = scope("")));
    let reply = world.token(client_credentials());
    assert_eq!((reply.status(), reply.member("scope")), (200, None));
}

// §5.2 Error Response

#[test]
fn the_error_response_is_as_the_rfc_prints_it() {
    let reply = World::new().token(params(&[("client_id", "app")]));
    assert_eq!(reply.status(), 400);
    let headers = [("cache-control", "no-store"), ("content-type", "application/json"), ("pragma", "no-cache")];
    assert_eq!(reply.headers(), headers);
    let description = "parameter grant_type is missing";
    assert_eq!(reply.body(), format!("{{\"error\":\"invalid_request\",\"error_description\":\"{description}\"}}"));
}

#[test]
fn each_error_code_of_the_token_endpoint_is_given() {
    let world = World::new();
    let unregistered = confidential("idle", SECRET).with(|client| client.grant_types.clear());
    let cases = [
        ("invalid_request", 400, world.token(params(&[("client_id", "app")]))),
        ("invalid_client", 400, world.token(client_credentials().set("client_secret", "wrong"))),
        ("invalid_grant", 400, world.token(exchange("SplxlOBeZQQYbYS6WxSbIA"))),
        ("invalid_grant", 400, world.token(refresh("tGzv3JOkF0XG5Qx2TlKWIA"))),
        (
            "unauthorized_client",
            400,
            World::new().with_client(unregistered).token(client_credentials().set("client_id", "idle")),
        ),
        ("unsupported_grant_type", 400, world.token(client_credentials().set("grant_type", "unknown"))),
        ("unsupported_grant_type", 400, world.token(password())),
        ("invalid_scope", 400, world.token(client_credentials().set("scope", "admin"))),
        // RFC 8707 §2 adds one.
        (
            "invalid_target",
            400,
            World::new()
                .with(|config| config.resources = resource("https://api.example.com").into())
                .token(client_credentials().set("resource", "https://other.example.com")),
        ),
    ];
    for (code, status, reply) in cases {
        assert_eq!((reply.status(), reply.error().as_str()), (status, code));
        assert!(reply.member("access_token").is_none());
        assert!(reply.header("www-authenticate").is_none());
    }
}

/// "Human-readable ASCII text providing additional information, used to assist the client developer": of a code, a
/// token or a secret it does not say what is wrong, so that nobody can ask.
#[test]
fn the_error_description_helps_the_developer_and_is_no_oracle() {
    let world = World::new();
    let code = "the authorization code is invalid, expired, revoked, used, or was issued to another client";
    let refresh_token = "the refresh token is invalid, expired, revoked, used, or was issued to another client";
    let (another, used) = (world.code(authorize().set("client_id", "web")), world.code(authorize()));
    world.token(exchange(&used));
    let (_, token) = world.tokens();
    // Their grants are revoked, or another request was first.
    let (revoked_code, (_, revoked_token), (_, lost)) = (world.code(authorize()), world.tokens(), world.tokens());
    for credential in [&revoked_code, &revoked_token] {
        let grant = world.presented(credential).grant.id;
        assert_eq!(world.store.commit(&Commit::of(Change::Revoke(grant))), Ok(Outcome::Applied));
    }
    let spend = Change::Spend { key: Key::of(&lost).unwrap(), at: Timestamp(world.now + 1) };
    assert_eq!(world.store.commit(&Commit::of(spend)), Ok(Outcome::Applied));
    let cases = [
        (world.token(exchange("SplxlOBeZQQYbYS6WxSbIA")), code),
        (world.token(exchange(&another)), code),
        (world.token(exchange(&used)), code),
        (world.token(refresh("tGzv3JOkF0XG5Qx2TlKWIA")), refresh_token),
        (world.token(refresh(&token).of_web()), refresh_token),
        (world.token(refresh(&revoked_token)), refresh_token),
        (world.token(exchange(&revoked_code)), code),
        (world.token(refresh(&lost)), refresh_token),
        (world.token(client_credentials().set("client_secret", "wrong")), "client authentication failed"),
        (world.token(client_credentials().set("client_id", "nobody")), "client authentication failed"),
        (
            world.token_by(&post_as(&basic("web", SECRET), client_credentials())),
            "the request uses more than one client authentication method",
        ),
        (world.token(client_credentials().set("scope", "admin")), "the scope is malformed or exceeds what was granted"),
    ];
    for (reply, description) in cases {
        assert_eq!(reply.member("error_description").unwrap(), description);
    }
}

/// No code of §5.2 says that the server is at fault; §4.1.2.1's do, with the status that a redirect cannot have.
#[test]
fn an_outage_is_a_503_and_issues_nothing() {
    for at in [At::Lookup, At::Commit] {
        for (retry_after, code, header) in
            [(None, "server_error", None), (Some(30), "temporarily_unavailable", Some("30"))]
        {
            let world = World::new().with_everything();
            let code_of_app = world.code(authorize());
            let (_, refresh_token) = world.tokens();
            let before = world.store.counts();
            let mut world = world.with_outage(at, retry_after);
            let forms = [exchange(&code_of_app), refresh(&refresh_token), client_credentials(), password()];
            for form in &forms {
                let reply = world.token(form);
                assert_eq!((reply.status(), reply.error().as_str()), (503, code), "{form}");
                assert_eq!(reply.header("retry-after"), header);
                assert!(reply.member("access_token").is_none());
                // Nothing of the cause gets out.
                assert!(!reply.body().contains("disk"));
            }
            assert_eq!(world.store.counts(), before);
            world.outage = None;
            for form in &forms {
                assert_eq!(world.token(form).status(), 200, "nothing was lost: {form}");
            }
        }
    }
}

/// "If the client attempted to authenticate via the "Authorization" request header field, the authorization server MUST
/// respond with an HTTP 401 (Unauthorized) status code and include the "WWW-Authenticate" response header field
/// matching the authentication scheme used by the client."
#[test]
fn r39_failed_header_authentication_is_a_401_with_www_authenticate() {
    let world = World::new();
    for header in [basic("web", "wrong"), basic("nobody", SECRET), basic("app", "any"), "Basic !".to_owned()] {
        // Whatever else is wrong.
        for form in ["grant_type=client_credentials", "grant_type=refresh_token&refresh_token=x", ""] {
            let reply = world.token_by(&post_as(&header, form));
            if form.is_empty() && header != "Basic !" {
                continue; // Not yet known to be wrong.
            }
            assert_eq!((reply.status(), reply.error().as_str()), (401, "invalid_client"), "{header} {form}");
            assert!(reply.header("www-authenticate").unwrap().starts_with("Basic realm=\""));
            assert_eq!(reply.member("error_description").unwrap(), "client authentication failed");
        }
    }
    // In the body there was no attempt by header.
    let reply = world.token(client_credentials().set("client_secret", "wrong"));
    assert_eq!((reply.status(), reply.header("www-authenticate")), (400, None));
    // And with good credentials, what else is wrong is no matter of authentication.
    let reply = world.token_by(&post_as(&basic("web", SECRET), "grant_type=refresh_token&refresh_token=x"));
    assert_eq!((reply.status(), reply.header("www-authenticate")), (400, None));
}

/// Neither does the description tell a guesser what is wrong.
#[test]
fn the_answer_to_an_unknown_client_is_that_to_a_wrong_secret() {
    let world = World::new();
    let wrong = world.token_by(&post_as(&basic("web", "wrong"), "grant_type=client_credentials"));
    let unknown = world.token_by(&post_as(&basic("nobody", "wrong"), "grant_type=client_credentials"));
    assert_eq!((wrong.headers(), wrong.body()), (unknown.headers(), unknown.body()));
}

// §3.2 again, for a host without the `http` types.

#[test]
fn a_typed_token_request_is_answered_as_one_over_http() {
    let world = World::new();
    let typed = |client_secret: &'static str| {
        let method = ClientAuthenticationMethod::ClientSecretBasic(Some(Secret::new(client_secret)));
        let client = ClientAuthentication::new(grantor::model::ClientId::parse("web").unwrap(), method);
        TokenRequest::new(client, &GrantType::ClientCredentials).parameter("scope", "read")
    };
    let reply = world.server.token_request(&typed(SECRET), world.moment()).run(&world);
    assert_eq!(reply.result().unwrap().scope, scope("read"));
    assert_eq!(Reply::of(reply.into_http()).status(), 200);
    let reply = Reply::of(world.server.token_request(&typed("wrong"), world.moment()).run(&world).into_http());
    let over_http = world.token_by(&post_as(&basic("web", "wrong"), "grant_type=client_credentials&scope=read"));
    assert_eq!((reply.status(), reply.headers(), reply.body()), (401, over_http.headers(), over_http.body()));
}
