//! §3: the authorization endpoint, the redirection endpoint, the token endpoint, scope.

use grantor::model::{RedirectUri, RedirectUriError, ResponseType};
use grantor::server::{AuthorizationPageError, AuthorizationRequest, AuthorizeReply, DefaultScope};
use http::{Request, header};

use crate::common::*;

// §3.1 Authorization Endpoint

/// RFC 6749 §3.1: "MUST support the use of the HTTP "GET" method".
#[test]
fn r10_the_authorization_endpoint_takes_get_and_post() {
    let world = World::new();
    assert_eq!(world.ask(authorize()).asked.scope, scope("read write"));
    let mut request = post(authorize());
    assert!(matches!(world.authorize_by(&request), AuthorizeReply::Ask(_)));
    // A POST has its parameters in the body.
    *request.uri_mut() = format!("/authorize?{}", authorize()).parse().unwrap();
    *request.body_mut() = Vec::new();
    assert!(world.answer_by(&request).is_page());
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        let request = Request::builder().method(method).uri(format!("/authorize?{}", authorize()));
        let reply = world.answer_by(&request.body(Vec::new()).unwrap());
        assert_eq!((reply.status(), reply.header("allow")), (405, Some("GET, POST")), "{method}");
        assert!(reply.is_page());
    }
}

/// RFC 6749 §3.1, §3.2: "MUST ignore unrecognized request parameters".
#[test]
fn r11_unrecognized_parameters_are_ignored() {
    let world = World::new();
    let strange = |params: Params| params.again("display", "page").again("display", "popup").again("Scope", "admin");
    assert_eq!(world.ask(strange(authorize())).asked.scope, scope("read write"));
    assert!(world.approve(strange(authorize())).parameter("display").is_none());
    let code = world.code(authorize());
    let reply = world.token(strange(exchange(&code)).again("CODE", "x").again("audience", "a").again("audience", "b"));
    assert_eq!(reply.member("scope").unwrap(), "read write");
    // Bytes that are not UTF-8 in them change nothing.
    let code = world.code(format!("{}&x=%FF&%FF=x", authorize()));
    assert_eq!(world.token(format!("{}&x=%FF&%FF=x&&=", exchange(&code))).status(), 200);
}

/// "Parameters sent without a value MUST be treated as if they were omitted from the request."
#[test]
fn r12_a_parameter_without_a_value_is_treated_as_omitted() {
    let world = World::new().with_everything();
    for base in [authorize(), implicit()] {
        for name in base.names() {
            let told = |params: Params| match world.authorize(params) {
                AuthorizeReply::Ask(prompt) => serde_json::to_string(&prompt).unwrap(),
                refused => format!("{:?}", Reply::of(world.respond(refused).into_http())),
            };
            let empty = base.clone().set(&name, "");
            assert_eq!(told(empty), told(base.clone().without(&name)), "{name}");
        }
    }
    assert_eq!(world.approve(authorize().set("state", "")).parameter("state"), None);

    let tokens = world.tokens();
    for base in [
        exchange(&world.code(authorize())),
        exchange(&world.code(authorize())).of_web(),
        refresh(&tokens.1).set("scope", "read"),
        client_credentials().set("scope", "read"),
        password().set("scope", "read"),
    ] {
        for name in base.names().into_iter().filter(|name| name != "scope") {
            let refused = |params: Params| {
                (world.token(params).status(), format!("{:?}", world.event(base.clone().without(&name))))
            };
            assert_eq!(refused(base.clone().set(&name, "")), refused(base.clone().without(&name)), "{name} of {base}");
            assert_eq!(world.token(base.clone().set(&name, "")).status(), 400, "{name} of {base}");
        }
    }
    assert_eq!(world.token(client_credentials().set("scope", "")).member("scope").unwrap(), "read write");
}

/// "Request and response parameters MUST NOT be included more than once."
#[test]
fn r13_authorization_request_parameters_must_not_repeat() {
    let world = World::new();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", CALLBACK),
        ("scope", "read write"),
        ("state", "xyz"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ] {
        // The same again, another, or none: all are one too many.
        for second in [value, "another", ""] {
            let reply = world.answer(authorize().again(name, second));
            // Which of two states would be the client's? A redirect with neither is one that it cannot take for its
            // own.
            if ["client_id", "redirect_uri", "state"].contains(&name) {
                assert!(reply.is_page() && reply.status() == 400, "{name}={second}");
            } else {
                assert_eq!(reply.error(), "invalid_request", "{name}={second}");
                assert!(reply.parameter("error_description").unwrap().contains(name));
                assert_eq!(reply.parameter("state").as_deref(), Some("xyz"), "{name}={second}");
            }
        }
    }
    // Nor does a name that is written otherwise.
    assert_eq!(world.answer(format!("{}&%73cope=read", authorize())).error(), "invalid_request");
}

#[test]
fn parameters_are_utf_8_and_not_too_many() {
    let world = World::new();
    for name in ["client_id", "redirect_uri", "state"] {
        assert!(world.answer(format!("{}&{name}=%FF", authorize().without(name))).is_page(), "{name}");
    }
    for name in ["response_type", "scope", "code_challenge", "code_challenge_method"] {
        let reply = world.answer(format!("{}&{name}=a%C3", authorize().without(name)));
        assert_eq!(reply.error(), "invalid_request", "{name}");
    }
    // A form of 64 KiB is read, one of a byte more is not.
    let padded = |length: usize| {
        let start = format!("{}&x=", authorize());
        let padding = "x".repeat(length - start.len());
        post(start + &padding)
    };
    assert!(matches!(world.authorize_by(&padded(grantor::MAX_FORM_LEN)), AuthorizeReply::Ask(_)));
    let reply = world.answer_by(&padded(grantor::MAX_FORM_LEN + 1));
    assert!(reply.is_page() && reply.status() == 413);
}

// §3.1.1 Response Type

/// RFC 6749 §3.1.1: "the authorization server MUST return an error response".
#[test]
fn r14_a_missing_or_unknown_response_type_is_an_error() {
    let world = World::new();
    let reply = world.answer(authorize().without("response_type"));
    assert_eq!(reply.error(), "invalid_request");
    for unknown in ["CODE", "id_token", "code token", "code id_token", " code", "none"] {
        let reply = world.answer(authorize().set("response_type", unknown));
        assert_eq!(reply.error(), "unsupported_response_type", "{unknown}");
        assert!(reply.location().starts_with("https://client.example.com/cb?"), "{unknown}");
    }
}

// §3.1.2 Redirection Endpoint

/// "The redirection endpoint URI MUST be an absolute URI [...] The endpoint URI MUST NOT include a fragment component."
#[test]
fn r3_a_relative_redirect_uri_or_one_with_a_fragment_cannot_be_registered() {
    use RedirectUriError::{Characters, Fragment, NotAbsolute, UserInfo};
    for (uri, error) in [
        ("", NotAbsolute),
        ("/cb", NotAbsolute),
        ("cb", NotAbsolute),
        ("//client.example.com/cb", NotAbsolute),
        ("client.example.com/cb", NotAbsolute),
        ("https:", NotAbsolute),
        ("https:/cb", NotAbsolute),
        ("https:client.example.com/cb", NotAbsolute),
        ("https:///cb", NotAbsolute),
        ("https://client.example.com/cb#", Fragment),
        ("https://client.example.com/cb#a", Fragment),
        ("https://client.example.com/c b", Characters),
        ("https://client.example.com/cb\n", Characters),
        ("https://client.example.com/cb\u{e9}", Characters),
        ("https://client.example.com@evil.example/cb", UserInfo),
        ("https://a:b@client.example.com/cb", UserInfo),
        (r"https://client.example.com\@evil.example/cb", Characters),
    ] {
        assert_eq!(RedirectUri::parse(uri), Err(error), "{uri:?}");
    }
    let long = |length: usize| format!("https://client.example.com/{}", "x".repeat(length - 27));
    assert!(RedirectUri::parse(&long(RedirectUri::MAX_LEN)).is_ok());
    assert_eq!(RedirectUri::parse(&long(RedirectUri::MAX_LEN + 1)), Err(Characters));
}

/// "The endpoint URI MAY include an "application/x-www-form-urlencoded" formatted query component, which MUST be
/// retained".
/// OAuth 2.1 §2.3: "MUST be retained when adding additional query parameters".
#[test]
fn r4_the_redirect_uris_own_query_is_kept() {
    for (registered, start) in [
        ("https://client.example.com/cb?tenant=a%20b", "https://client.example.com/cb?tenant=a%20b&"),
        ("https://client.example.com/cb?a=b&", "https://client.example.com/cb?a=b&"),
        ("https://client.example.com/cb?", "https://client.example.com/cb?"),
        ("https://client.example.com", "https://client.example.com?"),
    ] {
        let client = public("app").with(|client| client.redirect_uris = vec![redirect_uri(registered)]);
        let world = World::new().with_everything().with_client(client);
        let sent = authorize().set("redirect_uri", registered);
        assert!(world.approve(&sent).location().starts_with(&format!("{start}code=")), "{registered}");
        assert!(world.deny(&sent).location().starts_with(&format!("{start}error=access_denied&")), "{registered}");
        // In the fragment it stays as it is.
        let reply = world.approve(implicit().set("redirect_uri", registered));
        assert!(reply.location().starts_with(&format!("{registered}#access_token=")), "{registered}");
    }
}

/// §3.1.2.2: "The authorization server SHOULD require the client to provide the complete redirection URI".
#[test]
fn r6_a_client_without_a_full_redirect_uri_has_none() {
    let client = public("app").with(|client| client.redirect_uris.clear());
    let world = World::new().with_everything().with_client(client);
    for params in [authorize(), implicit(), authorize().without("redirect_uri")] {
        assert!(world.answer(&params).is_page(), "{params}");
    }
    // A registered prefix is a redirect URI like any other: what starts with it is not it.
    let client = public("app").with(|client| client.redirect_uris = vec![redirect_uri("https://client.example.com/")]);
    assert!(World::new().with_client(client).answer(authorize()).is_page());
}

/// §3.1.2.3: "If multiple redirection URIs have been registered [...] the client MUST include a redirection URI".
#[test]
fn r7_with_several_redirect_uris_registered_one_must_be_sent() {
    let second = "https://client.example.com/second";
    let several = |client: &mut grantor::record::Client| client.redirect_uris.push(redirect_uri(second));
    let world = World::new().with_client(public("app").with(several));
    assert!(world.answer(authorize().without("redirect_uri")).is_page());
    for uri in [CALLBACK, second] {
        assert!(world.approve(authorize().set("redirect_uri", uri)).location().starts_with(&format!("{uri}?")));
    }
    // With one it may be left out.
    let reply = World::new().approve(authorize().without("redirect_uri"));
    assert!(reply.location().starts_with("https://client.example.com/cb?code="));
}

/// §3.1.2.4: "MUST NOT automatically redirect the user-agent to the invalid redirection URI."
/// RFC 6749 §4.1.2.1: "MUST NOT automatically redirect the user-agent".
#[test]
fn r5_nobody_is_redirected_if_client_or_redirect_uri_is_bad() {
    let world = World::new();
    let long = "x".repeat(2049);
    for (name, value) in [
        ("client_id", "nobody"),
        ("client_id", "APP"),
        ("client_id", "caf\u{e9}"),
        ("client_id", &long),
        ("redirect_uri", "https://evil.example/cb"),
        ("redirect_uri", "https://client.example.com/cb/"),
        ("redirect_uri", "javascript:alert(1)"),
        ("redirect_uri", "cb"),
    ] {
        // Whatever else is wrong, and however the client wants to be told.
        for other in [authorize(), authorize().set("response_type", "token"), authorize().set("scope", "admin")] {
            let reply = world.answer(other.set(name, value));
            assert!(reply.is_page() && reply.status() == 400, "{name}={value}");
            assert!(!reply.body().contains(value), "a page repeats nothing that the request brought");
            assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        }
    }
    assert!(world.answer(authorize().without("client_id")).is_page());
    let down = World::new().with_outage(At::Lookup, Some(7)).answer(authorize());
    assert!(down.is_page());
    assert_eq!((down.status(), down.header("retry-after")), (503, Some("7")));
}

/// §3.1.2.4: "the authorization server SHOULD inform the resource owner of the error".
#[test]
fn the_person_is_told_by_the_library_or_by_the_host() {
    let several = public("app").with(|client| client.redirect_uris.push(redirect_uri("https://client.example.com/2")));
    let cases = [
        (World::new(), authorize().without("client_id"), "the request does not say which application it comes from"),
        (World::new(), authorize().set("client_id", "nobody"), "the application is not known here"),
        (
            World::new(),
            authorize().set("redirect_uri", "https://evil.example/cb"),
            "the address to return to is not one that the application registered",
        ),
        (
            World::new().with_client(several),
            authorize().without("redirect_uri"),
            "the request does not say which of the application's addresses to return to",
        ),
        (World::new().with_outage(At::Lookup, None), authorize(), "the server cannot answer now"),
    ];
    for (world, request, told) in cases {
        let AuthorizeReply::Respond(response) = world.authorize(&request) else { panic!("asked: {request}") };
        assert_eq!(response.page_error().map(AuthorizationPageError::description).as_deref(), Some(told));
        let page = Reply::of(response.into_http());
        assert_eq!(page.body(), format!("The request cannot be answered: {told}.\n"));
    }
    let world = World::new();
    let response = world.respond(world.authorize(authorize().set("scope", "admin")));
    assert!(response.page_error().is_none() && response.location().is_some());
}

// §3.2 Token Endpoint

/// "The client MUST use the HTTP "POST" method when making access token requests."
#[test]
fn r37_the_token_endpoint_takes_post_only() {
    let world = World::new();
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        for body in [client_credentials().to_string(), String::new()] {
            let request = Request::builder().method(method).uri(format!("/token?{}", client_credentials()));
            let request = request.header(header::CONTENT_TYPE, FORM).body(body.into_bytes()).unwrap();
            let reply = world.token_by(&request);
            assert_eq!((reply.status(), reply.header("allow")), (405, Some("POST")), "{method}");
            assert_eq!(reply.error(), "invalid_request");
        }
    }
}

#[test]
fn a_token_request_is_a_form() {
    let world = World::new();
    for (content_type, status) in [
        ("application/x-www-form-urlencoded", 200),
        ("application/x-www-form-urlencoded; charset=UTF-8", 200),
        ("application/x-www-form-urlencoded;charset=utf-8", 200),
        ("Application/X-WWW-Form-URLencoded ; Charset=\"utf-8\"", 200),
        ("application/x-www-form-urlencodedx", 400),
        ("application/json", 400),
        ("multipart/form-data; boundary=x", 400),
        ("text/plain", 400),
        ("", 400),
    ] {
        let mut request = post(client_credentials());
        request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        let reply = world.token_by(&request);
        assert_eq!(reply.status(), status, "{content_type}");
        if status != 200 {
            assert_eq!(reply.error(), "invalid_request", "{content_type}");
        }
        // A POST to the authorization endpoint likewise.
        *request.body_mut() = authorize().to_string().into_bytes();
        let asked = matches!(world.authorize_by(&request), AuthorizeReply::Ask(_));
        assert_eq!(asked, status == 200, "{content_type}");
    }
    let mut request = post(client_credentials());
    request.headers_mut().remove(header::CONTENT_TYPE);
    assert_eq!(world.token_by(&request).error(), "invalid_request");
}

#[test]
fn a_token_request_is_not_too_long() {
    let world = World::new();
    let padded = |length: usize| {
        let start = format!("{}&x=", client_credentials());
        let padding = "x".repeat(length - start.len());
        post(start + &padding)
    };
    assert_eq!(world.token_by(&padded(grantor::MAX_FORM_LEN)).status(), 200);
    let reply = world.token_by(&padded(grantor::MAX_FORM_LEN + 1));
    assert_eq!((reply.status(), reply.error().as_str()), (413, "invalid_request"));
}

/// Every parameter that each grant knows; and the client's, which all have.
/// RFC 6749 §3.2: "parameters MUST NOT be included more than once".
#[test]
fn r13_token_request_parameters_must_not_repeat() {
    let world = World::new().with_everything();
    let (_, refresh_token) = world.tokens();
    for base in [
        exchange(&world.code(authorize())),
        refresh(&refresh_token).set("scope", "read"),
        client_credentials().set("scope", "read"),
        password().set("scope", "read"),
    ] {
        for name in base.names() {
            for second in ["another", ""] {
                let reply = world.token(base.clone().again(&name, second));
                assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_request"), "{name} of {base}");
                assert!(reply.member("error_description").unwrap().contains(&name));
            }
        }
        // None of that spent or revoked anything.
        assert_eq!(world.token(&base).status(), 200, "{base}");
    }
}

#[test]
fn token_request_parameters_are_utf_8() {
    let world = World::new().with_everything();
    for base in [exchange("code"), refresh("token"), client_credentials(), password()] {
        for name in base.names() {
            let reply = world.token(format!("{}&{name}=%C3%28", base.clone().without(&name)));
            assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_request"), "{name} of {base}");
        }
    }
}

// §3.2.1 Client Authentication

/// "Confidential clients or other clients issued client credentials MUST authenticate with the authorization server".
/// RFC 6749 §2.2: "MUST NOT be used alone for client authentication".
#[test]
fn r43_a_confidential_client_that_does_not_authenticate_is_rejected() {
    let world = World::new().with_everything();
    let code = world.code(authorize().set("client_id", "web"));
    let exchange = exchange(&code).of_web();
    let (_, refresh_token) = world.token(exchange).tokens();
    let code = world.code(authorize().set("client_id", "web"));
    for form in [
        crate::common::exchange(&code).of_web(),
        refresh(&refresh_token).of_web(),
        client_credentials(),
        password().of_web(),
        params(&[("grant_type", ASSERTION), ("assertion", "PEFzc2VydGlvbiBJc3N1ZUluc3RhbnQ9")]).of_web(),
    ] {
        for reply in [
            world.token(form.clone().without("client_secret")),
            world.token(form.clone().set("client_secret", "wrong")),
            world.token(form.clone().set("client_secret", &SECRET.to_uppercase())),
            world.token(form.clone().set("client_secret", &format!("{SECRET} "))),
            world.token_by(&post_as(&basic("web", ""), form.clone().without("client_secret"))),
            world.token_by(&post_as(&basic("web", "wrong"), form.clone().without("client_secret"))),
        ] {
            assert_eq!(reply.error(), "invalid_client", "{form}");
        }
        assert_eq!(world.token(&form).status(), 200, "{form}");
    }
}

/// "an unauthenticated client MUST send its "client_id"".
#[test]
fn a_public_client_says_who_it_is_and_presents_no_secret() {
    let world = World::new();
    let form = exchange(&world.code(authorize()));
    for params in [form.clone().without("client_id"), form.clone().set("client_secret", "any")] {
        assert_eq!(world.token(params).error(), "invalid_client");
    }
    assert_eq!(
        world.token_by(&post_as(&basic("app", "any"), form.clone().without("client_id"))).error(),
        "invalid_client"
    );
    assert_eq!(world.token(form.clone().set("client_id", "nobody")).error(), "invalid_client");
    assert_eq!(world.token(form).status(), 200);
}

// §3.3 Access Token Scope

/// "If the client omits the scope parameter [...], the authorization server MUST either process the request using a
/// pre-defined default value or fail the request indicating an invalid scope."
#[test]
fn r21_an_omitted_scope_is_the_default_or_invalid_scope() {
    for (default, result) in [
        (DefaultScope::Registered, Some("read write")),
        (DefaultScope::Fixed(scope("write admin")), Some("write")),
        (DefaultScope::None, None),
    ] {
        let world = World::new().with_everything().with(|config| config.scope.default = default.clone());
        let request = authorize().without("scope");
        match result {
            Some(granted) => {
                assert_eq!(world.ask(&request).asked.scope, scope(granted), "{default:?}");
                let reply = world.token(exchange(&world.code(&request)));
                assert_eq!(reply.member("scope").unwrap(), granted);
                let reply = world.approve(implicit().without("scope"));
                assert_eq!(reply.parameter("scope").unwrap(), granted);
            }
            None => {
                assert_eq!(world.answer(&request).error(), "invalid_scope");
                assert_eq!(world.answer(implicit().without("scope")).error(), "invalid_scope");
            }
        }
        for form in [client_credentials(), password()] {
            let reply = world.token(&form);
            assert_eq!(reply.member("scope").as_deref(), result, "{form}");
            assert_eq!(reply.member("error").as_deref(), result.is_none().then_some("invalid_scope"), "{form}");
        }
    }
}

/// "If the issued access token scope is different from the one requested by the client, the authorization server MUST
/// include the "scope" response parameter".
#[test]
fn r45_scope_is_returned_when_it_differs_from_the_request() {
    let world = World::new().with_everything();
    let narrowed = |params: Params| world.decide(world.ask(params), Some(approval().narrowed_to(scope("write admin"))));
    let code = narrowed(authorize()).parameter("code").unwrap();
    assert_eq!(world.token(exchange(&code)).member("scope").unwrap(), "write");
    assert_eq!(narrowed(implicit()).parameter("scope").unwrap(), "write");
    // A client that asked for nothing is told what it got.
    let code = world.code(authorize().without("scope"));
    assert_eq!(world.token(exchange(&code)).member("scope").unwrap(), "read write");
}

/// "a list of space-delimited, case-sensitive strings [...] their order does not matter".
#[test]
fn scope_tokens_are_case_sensitive_and_their_order_does_not_matter() {
    let world = World::new();
    assert_eq!(world.ask(authorize().set("scope", "write read")).asked.scope, scope("read write"));
    assert_eq!(world.ask(authorize().set("scope", "read read")).asked.scope.as_str(), "read");
    assert_eq!(world.answer(authorize().set("scope", "Read")).error(), "invalid_scope");
}

// §3.1 again, for a host without the `http` types.

#[test]
fn a_typed_authorization_request_is_answered_as_one_over_http() {
    let world = World::new();
    let request = || {
        let mut request = AuthorizationRequest::new("app");
        request.response_type = Some("code".into());
        request.redirect_uri = Some(CALLBACK.into());
        request.scope = Some("read write".into());
        request.state = Some("xyz".into());
        request.code_challenge = Some(CHALLENGE.into());
        request.code_challenge_method = Some("S256".into());
        request
    };
    let AuthorizeReply::Ask(prompt) = world.server.authorization_request(request(), world.moment()).run(&world) else {
        panic!("not asked")
    };
    let over_http = world.ask(authorize());
    assert_eq!(serde_json::to_string(&prompt).unwrap(), serde_json::to_string(&over_http).unwrap());
    assert_eq!(prompt.recipient.response_type, ResponseType::Code);
    let mut other = request();
    other.scope = Some("admin".into());
    let response = world.respond(world.server.authorization_request(other, world.moment()).run(&world));
    assert_eq!(response.location().unwrap(), world.answer(authorize().set("scope", "admin")).location());
}
