//! What a client takes only where it was told of it by name.

use std::time::Duration;

use grantor::client::{
    AuthorizationRequest, BeginError, Client, Device, Fresh, Lifetime, Pkce, Polled, RequestError, TokenSet,
};
use grantor::model::{GrantType, Secret};
use grantor::{Answer, Fetch, Timestamp};
use http::Response;
use serde_json::json;

use crate::canned::{self, *};
use crate::common::*;

fn by(client: &Client, answer: &Answer<Fetch>) -> Result<TokenSet, RequestError> {
    answered(client.client_credentials().start(canned::moment_at(Timestamp(NOW))), answer)
}

fn device_of(client: &Client) -> Device {
    let answer = r#"{"device_code":"d","user_code":"W","verification_uri":"https://a.example","expires_in":60}"#;
    let request = client.authorize_device().start(canned::moment_at(Timestamp(NOW)));
    answered(request, &canned::json(200, answer)).unwrap()
}

fn body(request: &http::Request<Vec<u8>>) -> String {
    String::from_utf8(request.body().clone()).unwrap()
}

// RFC 6749 §7.1: "The client MUST NOT use an access token if it does not understand the token type."

#[test]
fn a_token_type_is_understood_by_whoever_was_told_of_it() {
    for kind in ["bot", "user", "BearerToken", "DPoP", "mac", "N_A", ""] {
        let answer = canned::json(200, json!({"access_token": "x", "token_type": kind}));
        let (plain, told) = (confidential_client(), confidential_client().with_token_type("jwt").with_token_type(kind));
        assert!(by(&plain, &answer).is_err(), "{kind}");
        let tokens = by(&told, &answer).unwrap();
        assert_eq!(tokens.token_type(), kind);
        assert_eq!(tokens.authorization(), if kind == "DPoP" { "DPoP x" } else { "Bearer x" });
        let kept: TokenSet = serde_json::from_str(&serde_json::to_string(&tokens).unwrap()).unwrap();
        assert_eq!((kept.token_type(), kept.authorization()), (kind, tokens.authorization()));
        // For one request.
        let request = plain.client_credentials().token_type(kind.to_ascii_uppercase());
        assert!(answered(request.start(canned::moment_at(Timestamp(NOW))), &answer).is_ok(), "{kind}");
        // Which is remembered by what is refreshed.
        let record = json!({"issuer": "https://server.example", "access_token": "old", "refresh_token": "r", "token_type": kind, "requested_at": NOW});
        let old: TokenSet = serde_json::from_value(record).unwrap();
        let refresh = old.refresh(&plain).unwrap().start(canned::moment_at(Timestamp(NOW)));
        assert!(answered(refresh, &answer).is_ok(), "{kind}");
        // One that is not that of which it was told.
        assert!(by(&told, &canned::json(200, r#"{"access_token":"x","token_type":"macaroon"}"#)).is_err());
    }
    assert_eq!(
        by(&confidential_client(), &canned::json(200, r#"{"access_token":"x"}"#)).unwrap().token_type(),
        "Bearer"
    );
}

#[test]
fn so_it_is_in_a_fragment_and_in_a_poll() {
    let client = public_client().with_token_type("bot");
    let request = AuthorizationRequest::new(redirect_uri(CALLBACK));
    let (_, pending) = client.begin_implicit(request, canned::moment_at(Timestamp(NOW))).unwrap();
    let fragment = format!("access_token=x&token_type=BOT&iss=https://server.example&state={}", pending.state());
    assert_eq!(client.callback_implicit(pending, &fragment, Timestamp(NOW)).unwrap().token_type(), "BOT");
    let device = device_of(&client);
    let answer = canned::json(200, r#"{"access_token":"x","token_type":"bot"}"#);
    let polled = answered(client.poll(&device, canned::moment_at(Timestamp(NOW + 5))), &answer);
    assert!(matches!(polled, Ok(Polled::Tokens(_))));
}

/// RFC 8693 §2.2.1: "If the issued token is not an access token or usable as an access token, then the "token_type"
/// value "N_A" is used to indicate that an OAuth 2.0 "token_type" identifier is not applicable in that context."
#[test]
fn token_exchange_may_bring_what_is_no_access_token() {
    let client = confidential_client();
    let answer = canned::json(
        200,
        json!({"access_token": "eyJ.eyJ.x", "token_type": "N_A", "issued_token_type": "urn:ietf:params:oauth:token-type:id-jag"}),
    );
    let exchange = GrantType::parse("urn:ietf:params:oauth:grant-type:token-exchange").unwrap();
    let tokens = answered(client.extension(&exchange).start(canned::moment_at(Timestamp(NOW))), &answer).unwrap();
    assert_eq!(tokens.token_type(), "N_A");
    assert_eq!(tokens.members()["issued_token_type"], "urn:ietf:params:oauth:token-type:id-jag");
    let assertion = GrantType::parse(ASSERTION).unwrap();
    assert!(answered(client.extension(&assertion).start(canned::moment_at(Timestamp(NOW))), &answer).is_err());
}

// RFC 7636.

#[test]
fn pkce_may_have_to_be_there_or_not() {
    let server = |methods: Option<&[&str]>| {
        let mut server = metadata();
        server.code_challenge_methods_supported = methods.map(|all| all.iter().map(|&name| name.to_owned()).collect());
        public_at(server)
    };
    let begin = |client: Client| {
        let request = AuthorizationRequest::new(redirect_uri(CALLBACK));
        client.begin(request, canned::moment_at(Timestamp(NOW))).map(|(url, pending)| (client, url, pending))
    };
    let none: Option<&[&str]> = None;
    let unverified = Some(BeginError::PkceUnverified);
    let wrong = Some(BeginError::CodeChallengeMethod);
    let cases = [
        (none, None, unverified),
        (Some(&[][..]), None, unverified),
        (Some(&["plain"][..]), wrong, wrong),
        (Some(&["S256"][..]), None, None),
        (Some(&["plain", "S256"][..]), None, None),
    ];
    for (methods, as_usual, verified) in cases {
        for (pkce, expected) in [(Pkce::Sent, as_usual), (Pkce::Verified, verified), (Pkce::Off, None)] {
            let begun = begin(server(methods).with_pkce(pkce));
            assert_eq!(begun.as_ref().err().copied(), expected, "{methods:?} {pkce:?}");
            let Ok((client, url, pending)) = begun else { continue };
            let is_on = pkce != Pkce::Off;
            assert_eq!(url.contains("code_challenge="), is_on);
            assert_eq!(url.contains("code_challenge_method=S256"), is_on);
            assert!(url.contains(&format!("state={}", pending.state())));
            // The session knows.
            let kept = serde_json::to_string(&pending).unwrap();
            let query = format!("code=abc&iss=https://server.example&state={}", pending.state());
            let request = client.callback(serde_json::from_str(&kept).unwrap(), &query).unwrap();
            let form = body(&sent(&request.start(canned::moment_at(Timestamp(NOW)))));
            assert_eq!(form.contains("code_verifier="), is_on, "{form}");
        }
    }
}

// RFC 6749 §5.1, `expires_in`.

#[test]
fn a_lifetime_may_be_known_otherwise() {
    let hour = Duration::from_secs(3600);
    #[rustfmt::skip]
    let cases = [
        // What the server says; as said; where zero is never; an hour else; always an hour.
        (r#","expires_in":60"#,     [Some(60), Some(60), Some(60),   Some(3600)]),
        (r#","expires_in":0"#,      [Some(0),  None,     Some(0),    Some(3600)]),
        (r#","expires_in":"0""#,    [Some(0),  None,     Some(0),    Some(3600)]),
        ("",                        [None,     None,     Some(3600), Some(3600)]),
        (r#","expires_in":null"#,   [None,     None,     Some(3600), Some(3600)]),
        (r#","expires_in":"soon""#, [None,     None,     Some(3600), Some(3600)]),
    ];
    for (member, expected) in cases {
        let answer = canned::json(200, format!(r#"{{"access_token":"x"{member}}}"#));
        let lifetimes = [Lifetime::AsSaid, Lifetime::ZeroIsNever, Lifetime::OrElse(hour), Lifetime::Always(hour)];
        for (lifetime, seconds) in lifetimes.into_iter().zip(expected) {
            let tokens = by(&confidential_client().with_lifetime(lifetime), &answer).unwrap();
            assert_eq!(tokens.expires_at(), seconds.map(|seconds| Timestamp(NOW + seconds)), "{member} {lifetime:?}");
            assert_eq!(tokens.unreadable().contains(&"expires_in"), member.contains("soon"));
        }
    }
    let tokens = by(&confidential_client(), &canned::json(200, r#"{"access_token":"x","expires_in":0}"#)).unwrap();
    assert!(!tokens.clone().with_expires_at(None).needs_refresh(Timestamp(u64::MAX)));
    assert_eq!(tokens.with_expires_at(Some(Timestamp(7))).expires_at(), Some(Timestamp(7)));
}

// RFC 6749 §3.3, §5.1.

#[test]
fn a_scope_may_have_commas() {
    for scope in [r#""repo,user:email""#, r#""repo, user:email""#, r#"["repo,user:email"]"#, r#"["repo","user:email"]"#]
    {
        let answer = canned::json(200, format!(r#"{{"access_token":"x","scope":{scope}}}"#));
        let tokens = by(&confidential_client().with_commas_in_scope(), &answer).unwrap();
        assert_eq!(tokens.scope().unwrap().as_str(), "repo user:email", "{scope}");
    }
    // By the RFC, a comma is a character of a token.
    let answer = canned::json(200, r#"{"access_token":"x","scope":"a,b c"}"#);
    assert!(by(&confidential_client(), &answer).unwrap().scope().unwrap().contains("a,b"));
}

#[test]
fn a_media_type_may_be_any() {
    for media_type in ["text/html", "text/javascript; charset=utf-8", "application/octet-stream", "application/xml"] {
        let answer = response(200, media_type, r#"{"access_token":"x"}"#);
        assert!(by(&confidential_client(), &answer).is_err(), "{media_type}");
        assert!(by(&confidential_client().with_any_media_type(), &answer).is_ok(), "{media_type}");
        let page = response(200, media_type, "<html>access_token=x</html>");
        assert!(by(&confidential_client().with_any_media_type(), &page).is_err());
    }
}

#[test]
fn tokens_may_lie_deeper() {
    let slack = |client: Client, body: &str| by(&client, &canned::json(200, body));
    let told = || confidential_client().with_tokens_in("authed_user").with_token_type("bot").with_token_type("user");
    let person = r#"{"ok":true,"app_id":"A0","authed_user":{"id":"U1234","scope":"chat:write","access_token":"xoxp-1234","token_type":"user"}}"#;
    let tokens = slack(told(), person).unwrap();
    assert_eq!((tokens.access_token().expose(), tokens.scope().unwrap().as_str()), ("xoxp-1234", "chat:write"));
    assert_eq!(tokens.members()["id"], "U1234");
    assert!(slack(confidential_client().with_token_type("user"), person).is_err());
    // Where there is none, those of the response itself: a refresh has them there.
    for body in [
        r#"{"access_token":"xoxp-1234","token_type":"user"}"#,
        r#"{"access_token":"xoxp-1234","authed_user":{"id":"U1234"}}"#,
        r#"{"access_token":"xoxp-1234","authed_user":"U1234"}"#,
    ] {
        assert_eq!(slack(told(), body).unwrap().access_token().expose(), "xoxp-1234", "{body}");
    }
}

// A hook on the response.

#[test]
fn a_hook_translates_what_a_server_says() {
    fn translate(response: Response<Vec<u8>>) -> Response<Vec<u8>> {
        let body = String::from_utf8_lossy(response.body()).into_owned();
        let as_json = |status, body: &str| {
            let answer = Response::builder().status(status).header("content-type", "application/json");
            answer.body(body.into()).unwrap()
        };
        match body.as_str() {
            "PENDING" => as_json(400, r#"{"error":"authorization_pending"}"#),
            "DEAD" => as_json(400, r#"{"error":"invalid_grant"}"#),
            "<token>x</token>" => as_json(200, r#"{"access_token":"x","active":true}"#),
            _ => response,
        }
    }
    let hooked = confidential_client().with_response_hook(translate);
    let xml = |status, body: &str| response(status, "application/xml", body);
    let moment = || canned::moment_at(Timestamp(NOW + 5));
    for client in [hooked.clone(), hooked.clone().with_any_media_type()] {
        assert_eq!(by(&client, &xml(200, "<token>x</token>")).unwrap().authorization(), "Bearer x");
        assert_eq!(by(&client, &xml(500, "DEAD")).unwrap_err().code(), Some("invalid_grant"));
        let device = device_of(&client);
        let polled = answered(client.poll(&device, moment()), &xml(200, "PENDING"));
        assert!(matches!(polled, Ok(Polled::Pending(_))));
        let token = Secret::new("x");
        let revoked = answered(client.revoke(&token, None, moment()), &xml(200, "DEAD"));
        assert_eq!(revoked.unwrap_err().code(), Some("invalid_grant"));
        assert!(answered(client.introspect(&token, None, moment()), &xml(200, "<token>x</token>")).unwrap().is_some());
    }
    assert!(by(&confidential_client(), &xml(200, "<token>x</token>")).is_err());
    assert!(format!("{hooked:?}").contains("ResponseHook"));
    fn is_shared<T: Send + Sync + 'static>(_: T) {}
    is_shared(hooked);
}

// Parameters for every request that is posted.

#[test]
fn a_parameter_of_the_client_goes_with_every_request() {
    let client = public_client().with_parameter("client_assertion", "a.b.c").with_parameter("x", "ö &");
    let added = "client_assertion=a.b.c&x=%C3%B6+%26&client_id=s6BhdRkqt3";
    let moment = || canned::moment_at(Timestamp(NOW + 5));
    let device = device_of(&client);
    let token = Secret::new("t");
    let Fresh::Refresh(turn) = crate::crowd::tokens().fresh(crate::crowd::END) else { panic!("no turn") };
    let bodies = [
        (body(&sent(&client.client_credentials().start(moment()))), "grant_type=client_credentials"),
        (body(&sent(&client.refresh(&token).start(moment()))), "grant_type=refresh_token&refresh_token=t"),
        (body(&sent(&turn.start(&client, moment()))), "grant_type=refresh_token&refresh_token=refresh"),
        (body(&sent(&client.authorize_device().scope(scope("a")).start(moment()))), "scope=a"),
        (body(&sent(&client.authorize_device().start(moment()))), ""),
        (
            body(&sent(&client.poll(&device, moment()))),
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=d",
        ),
        (body(&sent(&client.revoke(&token, None, moment()))), "token=t"),
        (body(&sent(&client.introspect(&token, None, moment()))), "token=t"),
    ];
    for (body, own) in bodies {
        let expected = if own.is_empty() { added.to_owned() } else { format!("{own}&{added}") };
        assert_eq!(body, expected);
    }
    assert!(!format!("{client:?}").contains("a.b.c"), "{client:?}");
    // The one that it was made from knows nothing of it.
    assert!(!body(&sent(&public_client().client_credentials().start(moment()))).contains("client_assertion"));
}
