//! What is kept from one request to the next, and of a response beside the tokens: RFC 8707, RFC 6749 §5.1.

use grantor::client::{
    AuthorizationRequest, Client, Device, Fresh, Pending, Polled, RequestError, SharedTokens, TokenSet,
};
use grantor::model::Scope;
use grantor::{Answer, Fetch, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::canned::{self, *};
use crate::common::*;
use crate::crowd::END;

const FILES: &str = "https://files.example/mcp";
const MAIL: &str = "https://mail.example";

fn moment(now: u64) -> grantor::Moment {
    canned::moment_at(Timestamp(now))
}

/// Over a restart.
fn kept<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

/// The resources in a request, in order.
fn resources(request: &http::Request<Vec<u8>>) -> Vec<String> {
    let pairs = form_urlencoded::parse(request.body());
    pairs.filter(|(name, _)| name == "resource").map(|(_, value)| value.into_owned()).collect()
}

fn tokens() -> Answer<Fetch> {
    canned::json(200, r#"{"access_token":"2Yotn","refresh_token":"tGzv3","expires_in":3600}"#)
}

/// A token set of an authorization request for these, and the resources in its token request.
fn exchanged(client: &Client, asked: &[&str], in_place: &[&str]) -> (TokenSet, Vec<String>) {
    let request = AuthorizationRequest::new(redirect_uri(CALLBACK));
    let request = asked.iter().fold(request, |request, uri| request.resource(resource(uri)));
    let (_, pending) = client.begin(request, moment(NOW)).unwrap();
    let query = format!("code=abc&iss=https://server.example&state={}", pending.state());
    let exchange = client.callback(kept::<Pending>(&pending), &query).unwrap();
    let exchange = in_place.iter().fold(exchange, |exchange, uri| exchange.resource(resource(uri))).start(moment(NOW));
    let said = resources(&sent(&exchange));
    (kept(&answered(exchange, &tokens()).unwrap()), said)
}

fn names(tokens: &TokenSet) -> Vec<&str> {
    tokens.resource().iter().map(|resource| resource.as_str()).collect()
}

/// RFC 8707 §2.2. The Model Context Protocol: the parameter "MUST be included in both authorization requests and token
/// requests".
#[test]
fn r101_the_resource_goes_from_the_first_request_to_every_refresh() {
    let client = public_client();
    for asked in [&[][..], &[FILES][..], &[FILES, MAIL][..]] {
        let (tokens, said) = exchanged(&client, asked, &[]);
        assert_eq!((said, names(&tokens)), (asked.iter().map(|&uri| uri.to_owned()).collect(), asked.to_vec()));
        assert_eq!(resources(&sent(&tokens.refresh(&client).unwrap().start(moment(NOW)))), asked);
        // By those who share it, again and again.
        let shared = SharedTokens::new(tokens);
        for round in 0..3 {
            let Fresh::Refresh(turn) = shared.fresh(Timestamp(END.0 + 3600 * round)) else { panic!("no turn") };
            assert_eq!(turn.tokens().resource().len(), asked.len());
            let exchange = turn.start(&client, moment(END.0 + 3600 * round));
            assert_eq!(resources(&sent(&exchange)), asked, "{round}");
            turn.finish(answered(exchange, &self::tokens())).unwrap();
        }
    }
}

/// RFC 8707 §2.2: "the client can indicate the desired target service(s)", of those that were approved.
#[test]
fn another_resource_may_be_said_in_its_place() {
    let client = public_client();
    let (tokens, said) = exchanged(&client, &[FILES, MAIL], &[MAIL]);
    assert_eq!((said, names(&tokens)), (vec![MAIL.to_owned()], vec![MAIL]));
    // Whoever said it by hand before says it once, by its name or as any parameter.
    let (_, said) = exchanged(&client, &[FILES], &[FILES]);
    assert_eq!(said, [FILES]);
    let refresh = tokens.refresh(&client).unwrap().parameter("resource", FILES).start(moment(NOW));
    assert_eq!(resources(&sent(&refresh)), [FILES]);
    let request = AuthorizationRequest::new(redirect_uri(CALLBACK)).parameter("resource", FILES);
    let (url, pending) = client.begin(request, moment(NOW)).unwrap();
    assert_eq!(url.matches("resource=").count(), 1);
    let query = format!("code=abc&iss=https://server.example&state={}", pending.state());
    assert_eq!(resources(&sent(&client.callback(pending, &query).unwrap().start(moment(NOW)))), [FILES]);
    let refresh = tokens.refresh(&client).unwrap().resource(resource(FILES)).start(moment(NOW));
    assert_eq!(resources(&sent(&refresh)), [FILES]);
    assert_eq!(names(&answered(refresh, &self::tokens()).unwrap()), [FILES]);
}

#[test]
fn so_it_does_from_a_device_and_from_a_fragment() {
    let client = public_client();
    let device =
        json!({"device_code": "d", "user_code": "W", "verification_uri": "https://a.example", "expires_in": 60});
    let request = client.authorize_device().resource(resource(FILES)).start(moment(NOW));
    assert_eq!(resources(&sent(&request)), [FILES]);
    let device: Device = kept(&answered(request, &canned::json(200, device)).unwrap());
    let poll = |device: &Device, now| client.poll(device, moment(now));
    assert_eq!(resources(&sent(&poll(&device, NOW + 5))), [FILES]);
    let pending = canned::json(400, r#"{"error":"authorization_pending"}"#);
    let Ok(Polled::Pending(device)) = answered(poll(&device, NOW + 5), &pending) else { panic!("not pending") };
    let Ok(Polled::Tokens(tokens)) = answered(poll(&device, NOW + 10), &tokens()) else { panic!("no tokens") };
    assert_eq!(resources(&sent(&tokens.refresh(&client).unwrap().start(moment(NOW)))), [FILES]);

    let request = AuthorizationRequest::new(redirect_uri(CALLBACK)).resource(resource(FILES)).scope(scope("read"));
    let (_, pending) = client.begin_implicit(request, moment(NOW)).unwrap();
    let fragment = format!("access_token=x&iss=https://server.example&state={}&scope=write", pending.state());
    let tokens = client.callback_implicit(kept(&pending), &fragment, Timestamp(NOW)).unwrap();
    assert_eq!((names(&tokens), tokens.requested_scope()), (vec![FILES], Some(&scope("read"))));
}

/// What was kept by an earlier release has none of it, and is read.
#[test]
fn an_older_record_is_read() {
    let (tokens, _) = exchanged(&public_client(), &[FILES], &[]);
    let mut record = serde_json::to_value(&tokens).unwrap();
    for name in ["resource", "requested_scope", "members", "token_type", "by_client_credentials"] {
        record.as_object_mut().unwrap().remove(name);
    }
    let tokens: TokenSet = serde_json::from_value(record).unwrap();
    assert!(tokens.resource().is_empty() && tokens.members().is_empty() && tokens.requested_scope().is_none());
    assert_eq!(tokens.token_type(), "Bearer");
}

// The scope that was asked for

/// RFC 6749 §5.1: the scope that was granted may be another. RFC 6750 §3.1: a resource server that wants more names
/// what it wants, and whoever asks for that alone loses what there was.
#[test]
fn the_scope_that_was_asked_for_is_known_beside_the_one_that_was_granted() {
    let client = public_client();
    let request = AuthorizationRequest::new(redirect_uri(CALLBACK)).scope(scope("read write"));
    let (_, pending) = client.begin(request, moment(NOW)).unwrap();
    let query = format!("code=abc&iss=https://server.example&state={}", pending.state());
    let exchange = client.callback(pending, &query).unwrap().start(moment(NOW));
    let granted = canned::json(200, r#"{"access_token":"x","refresh_token":"y","scope":"read"}"#);
    let tokens: TokenSet = kept(&answered(exchange, &granted).unwrap());
    assert_eq!((tokens.scope(), tokens.requested_scope()), (Some(&scope("read")), Some(&scope("read write"))));
    // A refresh asks for nothing else.
    let refreshed = answered(tokens.refresh(&client).unwrap().start(moment(NOW)), &self::tokens()).unwrap();
    assert_eq!((refreshed.scope(), refreshed.requested_scope()), (Some(&scope("read")), Some(&scope("read write"))));
    let narrower = tokens.refresh(&client).unwrap().scope(scope("read")).start(moment(NOW));
    assert_eq!(answered(narrower, &self::tokens()).unwrap().requested_scope(), Some(&scope("read")));
}

#[test]
fn a_union_of_scopes_has_each_token_once() {
    let union = |a: &str, b: &str| scope(a).union(&scope(b)).as_str().to_owned();
    assert_eq!(union("a b", "c"), "a b c");
    assert_eq!(union("a b", "b a d"), "a b d");
    assert_eq!(union("", "a"), "a");
    assert_eq!(union("a", ""), "a");
    assert_eq!(Scope::EMPTY.union(&Scope::EMPTY), Scope::EMPTY);
}

/// Bitbucket has `scopes`. Where an answer says what was granted, what was asked for is not told in its place.
#[test]
fn scopes_are_a_scope() {
    let client = confidential_client();
    for (members, granted) in [
        (r#""scopes":"repository:write account project""#, Some("repository:write account project")),
        (r#""scopes":["account","project"]"#, Some("account project")),
        // What is none says nothing, where the RFC has no such member.
        (r#""scopes":{"account":true}"#, Some("wiki")),
        (r#""scope":"account","scopes":"project""#, Some("account")),
    ] {
        let answer = canned::json(200, format!(r#"{{"access_token":"x",{members}}}"#));
        let tokens = answered(client.client_credentials().scope(scope("wiki")).start(moment(NOW)), &answer).unwrap();
        assert_eq!(tokens.scope().map(Scope::as_str), granted, "{members}");
    }
}

// RFC 6749 §5.1: "The client MUST ignore unrecognized value names in the response"; its user may recognize them.

#[test]
fn further_members_are_kept_and_are_not_shown() {
    let salesforce = json!({
        "access_token": "00D!x", "token_type": "Bearer", "refresh_token": "r", "scope": "api", "expires_in": 60,
        "instance_url": "https://na1.salesforce.com", "id_token": "eyJ.eyJ.s3cr3t", "issued_at": "1278448384422",
        "team": {"id": "T9TK3CUKW", "list": [1, 2.5, null]}, "nothing": null,
    });
    let request = confidential_client();
    let request = request.client_credentials();
    let tokens = answered(request.start(moment(NOW)), &canned::json(200, &salesforce)).unwrap();
    for tokens in [&tokens, &kept(&tokens)] {
        let mut expected = salesforce.as_object().unwrap().clone();
        for name in ["access_token", "token_type", "refresh_token", "scope", "expires_in"] {
            expected.remove(name);
        }
        assert_eq!(tokens.members(), &expected);
        let shown = format!("{tokens:?} {tokens:#?}");
        assert!(shown.contains("instance_url") && !shown.contains("s3cr3t"), "{shown}");
    }
    assert!(
        serde_json::to_value(
            answered(confidential_client().client_credentials().start(moment(NOW)), &self::tokens()).unwrap()
        )
        .unwrap()
        .get("members")
        .is_none()
    );
}

/// So are those of a refusal: what has to be done next may stand in one, and be a secret.
#[test]
fn further_members_of_an_error_are_kept_and_are_not_shown() {
    let body = json!({
        "error": "mfa_required", "error_description": "more", "error_uri": "https://a.example", "error_codes": [50076],
        "mfa_token": "Fe26.s3cr3t", "claims": "{}",
    });
    let error = |body: &str| {
        let client = confidential_client();
        let answer = canned::json(403, body);
        match answered(client.client_credentials().start(moment(NOW)), &answer) {
            Err(RequestError::Refused(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    let refused = error(&body.to_string());
    assert_eq!(
        serde_json::Value::from(refused.members().clone()),
        json!({"error_codes": [50076], "mfa_token": "Fe26.s3cr3t", "claims": "{}"})
    );
    let shown = format!("{refused} {refused:?} {refused:#?}");
    assert!(shown.contains("mfa_token") && !shown.contains("s3cr3t"), "{shown}");
    let spoilt = error(r#"{"error":"no_such","x":1,"x":2,"y":"\ud800","z":0}"#);
    assert_eq!(serde_json::Value::from(spoilt.members().clone()), json!({"z": 0}));
}

/// What cannot be read is not among them, and spoils nothing.
#[test]
fn a_further_member_that_cannot_be_read_is_left_out() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let body = format!(
        r#"{{"deep":{deep},"big":1e999,"half":"\ud800","two":1,"two":2,"same":1,"same":1,"access_token":"x"}}"#
    );
    let client = confidential_client();
    let tokens = answered(client.client_credentials().start(moment(NOW)), &canned::json(200, body)).unwrap();
    assert_eq!(serde_json::Value::from(tokens.members().clone()), json!({"same": 1}));
    let latin = response(200, "application/json;charset=ISO-8859-1", b"{\"access_token\":\"x\",\"name\":\"Andr\xE9\"}");
    let tokens = answered(client.client_credentials().start(moment(NOW)), &latin).unwrap();
    assert_eq!(tokens.members()["name"], "Andr\u{FFFD}");
    assert!(tokens.unreadable().is_empty());
}

// RFC 6749 §6

/// A refresh token that was issued and cannot be read is none, and the one before it is dead; one that was not issued
/// changes nothing.
#[test]
fn an_unreadable_refresh_token_is_not_taken_for_another() {
    for (member, refresh_token, unreadable) in [
        (r#""refresh_token":"new""#, Some("new"), false),
        ("\"x\":1", Some("old"), false),
        (r#""refresh_token":null"#, Some("old"), false),
        (r#""refresh_token":"""#, Some("old"), false),
        (r#""refresh_token":false"#, Some("old"), true),
        (r#""refresh_token":7"#, Some("old"), true),
        (r#""refresh_token":["new"]"#, Some("old"), true),
        (r#""refresh_token":"new\u0000""#, None, true),
        (r#""refresh_token":"n\u00e9w""#, None, true),
        (r#""refresh_token":"new","refresh_token":"newer""#, None, true),
    ] {
        let answer = canned::json(200, format!(r#"{{"access_token":"x",{member}}}"#));
        let request = public_client();
        let request = request.refresh(&grantor::model::Secret::new("old"));
        let tokens = answered(request.start(moment(NOW)), &answer).unwrap();
        assert_eq!(tokens.refresh_token().map(|token| token.expose()), refresh_token, "{member}");
        assert_eq!(tokens.unreadable().contains(&"refresh_token"), unreadable, "{member}");
    }
}

/// What a host adds to a request: it is sent, and the machine does not mind.
#[test]
fn a_request_can_be_edited_where_it_is_sent() {
    let seen = std::cell::RefCell::new(Vec::new());
    let http = grantor::HttpHost(|fetch: &Fetch| -> Answer<Fetch> {
        let mut fetch = fetch.clone();
        fetch.request_mut().headers_mut().insert("notion-version", "2026-03-11".parse().unwrap());
        seen.borrow_mut().push(fetch.request().headers()["notion-version"].clone());
        tokens()
    });
    assert!(confidential_client().client_credentials().start(moment(NOW)).run(&http).is_ok());
    assert_eq!(seen.into_inner(), ["2026-03-11"]);
    let own = Fetch::new(http::Request::get("https://server.example/jwks").body(Vec::new()).unwrap());
    assert_eq!(own.request().uri(), "https://server.example/jwks");
}
