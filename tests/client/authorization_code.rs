//! RFC 6749 §4.1 as the client sees it.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantor::client::{AuthorizationErrorResponse, AuthorizationRequest, BeginError, CallbackError, Client, Pending};
use grantor::model::Issuer;
use grantor::{FormError, HttpHost, Moment, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::canned::*;
use crate::common::*;

fn moment(seed: u64) -> Moment {
    Moment::new(Timestamp(NOW), &mut Counter(seed))
}

fn begin(client: &Client) -> (String, Pending) {
    client.begin(request(), moment(0)).unwrap()
}

fn request() -> AuthorizationRequest {
    AuthorizationRequest::new(redirect_uri(CALLBACK))
}

fn verifier(pending: &Pending) -> String {
    serde_json::to_value(pending).unwrap()["code_verifier"].as_str().unwrap().to_owned()
}

fn challenge(pending: &Pending) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier(pending)))
}

// §4.1.1 Authorization Request

#[test]
fn the_url_is_this_one_to_the_byte() {
    let request = request()
        .scope(scope("read write"))
        .resource(resource("https://api.example/photos?a=b&c"))
        .resource(resource("urn:example:two"))
        .parameter("login_hint", "jörg+1@example.com");
    let (url, pending) = public_client().begin(request, moment(0)).unwrap();
    let (state, challenge) = (pending.state().to_owned(), challenge(&pending));
    assert_eq!(
        url,
        format!(
            "https://server.example/authorize?response_type=code&client_id=s6BhdRkqt3\
             &redirect_uri=https%3A%2F%2Fclient.example.com%2Fcb&scope=read+write&state={state}\
             &code_challenge={challenge}&code_challenge_method=S256\
             &resource=https%3A%2F%2Fapi.example%2Fphotos%3Fa%3Db%26c&resource=urn%3Aexample%3Atwo\
             &login_hint=j%C3%B6rg%2B1%40example.com"
        )
    );
    assert_eq!(pending.begun_at(), Timestamp(NOW));
}

/// "The endpoint URI MAY include an "application/x-www-form-urlencoded" formatted [...] query component [...],
/// which MUST be retained when adding additional query parameters" (§3.1).
#[test]
fn the_endpoints_own_query_is_kept() {
    for (endpoint, start) in [
        ("https://server.example/a?tenant=x%20y", "https://server.example/a?tenant=x%20y&response_type=code&"),
        ("https://server.example/a?", "https://server.example/a?response_type=code&"),
        ("https://server.example", "https://server.example?response_type=code&"),
    ] {
        let mut server = metadata();
        server.authorization_endpoint = Some(endpoint.parse().unwrap());
        let (url, _) = begin(&public_at(server));
        assert!(url.starts_with(start), "{url}");
    }
}

/// RFC 7636 §4.1, §4.2.
/// RFC 7636 §4.2: "it MUST use "S256"".
#[test]
fn r60_the_challenge_is_s256_of_a_sound_verifier() {
    for client in [public_client(), confidential_client()] {
        let (url, pending) = begin(&client);
        let verifier = verifier(&pending);
        assert!((43..=128).contains(&verifier.len()));
        assert!(verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)));
        assert!(url.contains(&format!("&code_challenge={}&code_challenge_method=S256", challenge(&pending))));
        assert!(!url.contains(&verifier));
    }
}

#[test]
fn r59_every_attempt_has_its_own_state_and_verifier() {
    let mut seen = HashSet::new();
    for seed in 0..1000 {
        let (url, pending) = public_client().begin(request(), moment(seed)).unwrap();
        assert!(seen.insert(pending.state().to_owned()) && seen.insert(verifier(&pending)) && seen.insert(url));
        // Neither gives the other away.
        assert!(!verifier(&pending).contains(pending.state()) && !pending.state().contains(&verifier(&pending)));
    }
}

/// The session is what binds an attempt to its browser: the callback of one attempt is no callback of another.
/// RFC 6749 §10.12: "The client MUST implement CSRF protection".
#[test]
fn r59_a_callback_is_good_for_its_own_attempt_and_for_no_other() {
    let client = public_client();
    let attempts = || [1, 2].map(|seed| client.begin(request(), moment(seed)).unwrap().1);
    for (mine, theirs) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let query = format!("code=x&iss=https://server.example&state={}", attempts()[theirs].state());
        let [first, second] = attempts();
        let result = client.callback(if mine == 0 { first } else { second }, &query).map(drop);
        assert_eq!(result, if mine == theirs { Ok(()) } else { Err(CallbackError::StateMismatch) });
    }
}

/// r61: RFC 9700 §4.7.1 lets a client rely on PKCE against CSRF only where it ensured that the server supports it. This
/// one never relies on it, and gives up where the server says that it has PKCE without `S256`.
/// RFC 6749 §10.12: "The client MUST implement CSRF protection".
#[test]
fn r61_state_is_sent_and_checked_whatever_the_server_says_of_pkce() {
    for methods in [None, Some(vec![]), Some(vec!["S256"]), Some(vec!["plain", "S256"])] {
        let mut server = metadata();
        server.code_challenge_methods_supported = methods.map(|names| names.into_iter().map(str::to_owned).collect());
        let client = public_at(server);
        let (url, pending) = begin(&client);
        assert!(url.contains("&state=") && url.contains("&code_challenge_method=S256"));
        let stateless = client.callback(pending, "code=x&iss=https://server.example");
        assert_eq!(stateless.map(drop), Err(CallbackError::StateMissing));
    }
    let mut server = metadata();
    server.code_challenge_methods_supported = Some(vec!["plain".to_owned()]);
    let refused = public_at(server).begin(request(), moment(0));
    assert_eq!(refused.map(drop), Err(BeginError::CodeChallengeMethod));
}

#[test]
fn what_the_server_would_refuse_is_not_begun() {
    let begin = |server| public_at(server).begin(request(), moment(0)).map(drop);
    let mut server = metadata();
    server.response_types_supported = vec!["token".to_owned(), "code id_token".to_owned()];
    assert!(matches!(begin(server), Err(BeginError::ResponseType(_))));
    let mut server = metadata();
    server.authorization_endpoint = None;
    assert_eq!(begin(server), Err(BeginError::NoEndpoint));
    let mut server = metadata();
    server.response_types_supported = Vec::new();
    assert_eq!(begin(server), Ok(()));
}

#[test]
fn what_the_library_sets_cannot_be_set_twice() {
    for name in
        ["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"]
    {
        let refused = public_client().begin(request().parameter(name, "x"), moment(0)).map(drop);
        assert_eq!(refused, Err(BeginError::Reserved(name)));
    }
}

// §4.1.2 Authorization Response, §4.1.2.1 Error Response

#[test]
fn a_callback_in_every_wrong_form_is_refused() {
    use CallbackError::*;
    let refused = |error: &str, description: Option<&str>, uri: Option<&str>| {
        let mut response = AuthorizationErrorResponse::new(error);
        response.error_description = description.map(str::to_owned);
        response.error_uri = uri.map(str::to_owned);
        Refused(response)
    };
    let iss = "iss=https%3A%2F%2Fserver.example";
    #[rustfmt::skip]
    let table = [
        // `S` stands for the right state.
        (String::new(),                                   StateMissing),
        (format!("code=x&{iss}"),                         StateMissing),
        (format!("code=x&state=&{iss}"),                  StateMissing),
        (format!("code=x&State=S&{iss}"),                 StateMissing),
        (format!("code=x&state=Sx&{iss}"),                StateMismatch),
        (format!("code=x&state=s&{iss}"),                 StateMismatch),
        (format!("code=x&state=S+&{iss}"),                StateMismatch),
        (format!("code=x&state=S&state=S&{iss}"),         Form(FormError::Repeated("state"))),
        (format!("code=x&state=S&state=evil&{iss}"),      Form(FormError::Repeated("state"))),
        (format!("code=x&state=%FF&{iss}"),               Form(FormError::Encoding("state"))),
        ("code=x&state=S".to_owned(),                     IssuerMissing),
        ("code=x&state=S&iss=".to_owned(),                IssuerMissing),
        ("code=x&state=S&iss=https://evil.example".to_owned(),     IssuerMismatch),
        ("code=x&state=S&iss=https://server.example/".to_owned(),  IssuerMismatch),
        ("code=x&state=S&iss=https://SERVER.example".to_owned(),   IssuerMismatch),
        (format!("code=x&state=S&{iss}&{iss}"),           Form(FormError::Repeated("iss"))),
        (format!("state=S&{iss}"),                        Missing("code")),
        (format!("code=&state=S&{iss}"),                  Missing("code")),
        (format!("code=x&code=y&state=S&{iss}"),          Form(FormError::Repeated("code"))),
        (format!("code=x%0Ay&state=S&{iss}"),             Missing("code")),
        (format!("code=%C3%A9&state=S&{iss}"),            Missing("code")),
        (format!("code=%FF&state=S&{iss}"),               Form(FormError::Encoding("code"))),
        (format!("access_token=x&state=S&{iss}"),         Missing("code")),
        (format!("error=access_denied&state=S&{iss}"),    refused("access_denied", None, None)),
        (format!("error=a&error=b&state=S&{iss}"),        Form(FormError::Repeated("error"))),
        (format!("code=x&error=no&state=S&{iss}"),        refused("no", None, None)),
        (format!("error=no&error_description=not+today&error_uri=https://e.example/1&state=S&{iss}"),
                                                          refused("no", Some("not today"), Some("https://e.example/1"))),
        (format!("error=no&error_uri=https://e.example/why%3Ftoken%3DtGzv3JOkF0XG5Qx2TlKWIA&state=S&{iss}"),
                                                          refused("no", None, Some("https://e.example/why?token=…"))),
        (format!("error=n%0Ao&error_description=a%1B[2Jb&state=S&{iss}"), refused("no", Some("a[2Jb"), None)),
        // An error that is not the answer to this request says nothing.
        ("error=access_denied".to_owned(),                StateMissing),
        (format!("error=access_denied&state=evil&{iss}"), StateMismatch),
        ("error=access_denied&state=S".to_owned(),        IssuerMissing),
        ("error=access_denied&state=S&iss=https://evil.example".to_owned(), IssuerMismatch),
        (format!("state=S&x={}", "x".repeat(64 * 1024)),  Form(FormError::TooLong)),
    ];
    for client in [public_client(), confidential_client()] {
        for (query, expected) in &table {
            let (_, pending) = begin(&client);
            let query = query.replace("state=S", &format!("state={}", pending.state()));
            assert_eq!(client.callback(pending, &query).map(drop), Err(expected.clone()), "{query}");
        }
    }
}

#[test]
fn r64_unknown_parameters_of_the_response_are_ignored() {
    // RFC 6749 §4.1.2: "The client MUST ignore unrecognized response parameters."
    let client = public_client();
    let (_, pending) = begin(&client);
    let state = pending.state().to_owned();
    let query = format!("session_state=a&session_state=b&code=x&state={state}&&iss=https://server.example&=&%FF=%FF");
    assert!(client.callback(pending, &query).is_ok());
}

#[test]
fn the_texts_of_a_refusal_are_bounded() {
    let (_, pending) = begin(&public_client());
    let text = "%C3%A9".repeat(5_000);
    let query = format!("error={text}&error_description={text}&iss=https://server.example&state={}", pending.state());
    match public_client().callback(pending, &query).map(drop) {
        Err(CallbackError::Refused(response)) => {
            assert_eq!(response.error.chars().count(), 500);
            assert_eq!(response.error_description.unwrap().chars().count(), 500);
        }
        other => panic!("{other:?}"),
    }
}

// §4.1.3 Access Token Request

/// RFC 6749 §4.1.3: "REQUIRED, if the "redirect_uri" parameter was included".
#[test]
fn the_token_request_is_this_one_to_the_byte() {
    let (_, pending) = begin(&public_client());
    let (state, verifier) = (pending.state().to_owned(), verifier(&pending));
    let client = public_client();
    let request = client.callback(pending, &format!("code=a%2Bb+c%26d&state={state}&iss=https://server.example"));
    assert_eq!(
        written(&sent(&request.unwrap().start(crate::canned::moment_at(Timestamp(NOW))))),
        format!(
            "POST https://server.example/token\naccept: application/json\n\
             content-type: application/x-www-form-urlencoded\n\n\
             grant_type=authorization_code&code=a%2Bb+c%26d&redirect_uri=https%3A%2F%2Fclient.example.com%2Fcb\
             &code_verifier={verifier}&client_id=s6BhdRkqt3"
        )
    );
}

// §4.1.4 Access Token Response

#[test]
fn scope_is_what_the_server_said_else_what_was_asked_for() {
    let client = public_client();
    for (asked, said, scope_of_token) in [
        (Some("read write"), Some("read"), Some("read")),
        (Some("read write"), None, Some("read write")),
        (None, Some("read"), Some("read")),
        (None, None, None),
    ] {
        let request = asked.map_or(request(), |asked| request().scope(scope(asked)));
        let (_, pending) = client.begin(request, moment(0)).unwrap();
        let query = format!("code=x&iss=https://server.example&state={}", pending.state());
        let body = serde_json::json!({"access_token": "2Yotn", "scope": said});
        let step = client.callback(pending, &query).unwrap().start(crate::canned::moment_at(Timestamp(NOW)));
        let tokens = answered(step, &json(200, body)).unwrap();
        assert_eq!(tokens.scope().map(|scope| scope.as_str()), scope_of_token);
    }
}

// The whole of it, against grantor's own server.

#[test]
fn the_flow_works_and_a_code_is_used_once() {
    let world = World::new();
    let wire = HttpHost(Wire::to(&world));
    let client = public_client_at(metadata_of(&world), "app");
    let run = |pending: Pending, query: &str| client.callback(pending, query).unwrap().start(world.moment()).run(&wire);
    let (url, pending) = client.begin(request().scope(scope("read")), moment(7)).unwrap();
    let kept = serde_json::to_string(&pending).unwrap();
    let reply = world.approve(url.split_once('?').unwrap().1);
    let query = reply.location().split_once('?').unwrap().1;
    let tokens = run(pending, query).unwrap();
    assert!(world.is_alive(tokens.access_token().expose()));
    assert_eq!(tokens.scope(), Some(&scope("read")));
    // A browser that goes back, and a host that kept what it should have spent: the server is the one to know.
    let again = run(serde_json::from_str(&kept).unwrap(), query).unwrap_err();
    assert_eq!(again.code(), Some("invalid_grant"));
    assert!(!world.is_alive(tokens.access_token().expose()));
}

/// Another's code, put into my callback with my state: the verifier is not the one that it was issued for
/// (RFC 9700 §4.5.3.1).
#[test]
fn an_injected_code_is_of_no_use() {
    let world = World::new();
    let wire = HttpHost(Wire::to(&world));
    let client = public_client_at(metadata_of(&world), "app");
    let code = |seed| {
        let (url, pending) = client.begin(request(), moment(seed)).unwrap();
        (world.approve(url.split_once('?').unwrap().1).parameter("code").unwrap(), pending)
    };
    let ((stolen, _), (_, mine)) = (code(1), code(2));
    let query = format!("code={stolen}&iss={ISSUER}&state={}", mine.state());
    let refused = client.callback(mine, &query).unwrap().start(world.moment()).run(&wire);
    assert_eq!(refused.unwrap_err().code(), Some("invalid_grant"));
}

#[test]
fn a_pending_request_of_another_server_is_refused() {
    let mut server = metadata();
    server.issuer = Issuer::parse("https://other.example").unwrap();
    let (_, pending) = begin(&public_client());
    let query = format!("code=x&state={}&iss=https://server.example", pending.state());
    let refused = public_at(server).callback(pending, &query).map(drop);
    assert_eq!(refused, Err(CallbackError::OtherServer));
}
