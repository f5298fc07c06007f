//! Form Post: the OAuth 2.0 Form Post Response Mode, as the server answers by it and as the client reads it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::*;
use grantor::client::{AuthorizationRequest, CallbackError};
use grantor::model::{RedirectUri, ResponseMode};
use grantor::server::Event;
use grantor::{FormError, HttpHost, Timestamp};
use http::{Request, header};
use sha2::{Digest as _, Sha256};

fn form_post() -> Params {
    authorize().set("response_mode", "form_post")
}

fn approved(world: &World, query: Params) -> FormPage {
    FormPage::of(&world.approve(query))
}

// §2 Form Post Response Mode

/// "The action attribute of the form MUST be the Client's Redirection URI. The method of the form attribute MUST be
/// POST."
#[test]
fn a_code_is_posted_to_the_redirect_uri() {
    let world = World::new();
    let page = approved(&world, form_post());
    assert_eq!((page.method.to_uppercase().as_str(), page.action.as_str()), ("POST", CALLBACK));
    assert_eq!(page.names(), ["code", "state", "iss"]);
    assert_eq!((page.field("state"), page.field("iss")), (Some("xyz"), Some(ISSUER)));
    assert_eq!(world.token(exchange(page.field("code").unwrap())).status(), 200);
}

#[test]
fn a_token_is_posted_too() {
    let world = World::new().with_everything();
    let page = approved(&world, implicit().set("response_mode", "form_post"));
    assert_eq!(page.names(), ["access_token", "token_type", "expires_in", "scope", "state", "iss"]);
    assert!(world.is_alive(page.field("access_token").unwrap()));
}

#[test]
fn errors_are_posted_as_the_code_would_be() {
    let world = World::new();
    let denied = FormPage::of(&world.deny(form_post()));
    assert_eq!((denied.action.as_str(), denied.field("error")), (CALLBACK, Some("access_denied")));
    assert_eq!(denied.names(), ["error", "error_description", "state", "iss"]);
    for (request, error) in [
        (form_post().set("scope", "admin"), "invalid_scope"),
        (form_post().without("code_challenge"), "invalid_request"),
        (form_post().set("response_type", "nonsense"), "unsupported_response_type"),
        (form_post().again("scope", "read"), "invalid_request"),
    ] {
        let page = FormPage::of(&world.answer(&request));
        assert_eq!((page.field("error"), page.field("state")), (Some(error), Some("xyz")), "{request}");
    }
    let mut world = World::new();
    let prompt = world.ask(form_post());
    world.outage = Some(Outage { at: At::Commit, retry_after: None });
    assert_eq!(FormPage::of(&world.decide(prompt, Some(approval()))).field("error"), Some("server_error"));
}

/// Without a proven client there is nobody to post to.
#[test]
fn a_person_is_shown_an_error_and_posts_nothing() {
    let world = World::new();
    for request in [form_post().set("redirect_uri", "https://evil.example"), form_post().set("client_id", "nobody")] {
        assert!(world.answer(&request).is_page(), "{request}");
    }
}

/// "the Authorization Server MUST instruct the User Agent (and any intermediaries) not to store or reuse the content of
/// the response."
#[test]
fn the_page_is_not_stored_not_framed_and_runs_its_own_script_alone() {
    let reply = World::new().approve(form_post());
    let page = FormPage::of(&reply);
    assert_eq!(page.scripts.len(), 1);
    let digest = STANDARD.encode(Sha256::digest(&page.scripts[0]));
    let policy = format!("default-src 'none'; script-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'");
    assert_eq!(
        reply.headers(),
        [
            ("cache-control", "no-store"),
            ("content-security-policy", policy.as_str()),
            ("content-type", "text/html; charset=utf-8"),
            ("pragma", "no-cache"),
            ("referrer-policy", "origin"),
            ("x-content-type-options", "nosniff"),
        ]
    );
    // Browsers hold `form-action` against each redirect behind the client's page as well.
    assert!(!policy.contains("form-action"));
}

/// "Any technique supported by the User Agent MAY be used to cause the submission of the form": a button, which is
/// there whether scripts run or not.
#[test]
fn a_person_without_scripts_presses_a_button() {
    let reply = World::new().approve(form_post());
    assert_eq!(FormPage::of(&reply).buttons, ["Continue"]);
    assert!(!reply.body().contains("noscript"), "{reply:?}");
}

/// What stands in the address is that of the client, to the byte.
#[test]
fn the_action_is_escaped() {
    let uri = "https://client.example.com/cb?a=1&b='x'&amp;lt=%22";
    let world = World::new().with_client(public("quoted").with(|client| {
        client.redirect_uris = vec![redirect_uri(uri)];
    }));
    let request = form_post().set("client_id", "quoted").set("redirect_uri", uri);
    let reply = world.approve(request);
    assert_eq!(FormPage::of(&reply).action, uri);
    assert!(reply.body().contains("action=\"https://client.example.com/cb?a=1&amp;b=&#39;x&#39;&amp;amp;lt=%22\""));
}

/// A private-use scheme starts an application, which gets no body: the code would be lost. The error takes the way that
/// arrives.
#[test]
fn no_form_is_posted_to_an_application() {
    let oob = RedirectUri::OUT_OF_BAND;
    for uri in ["com.example.app:/cb", "cursor://callback", oob] {
        let world = World::new().with_client(public("native").with(|client| {
            client.redirect_uris = vec![RedirectUri::parse_private_use(uri).unwrap()];
        }));
        let request = form_post().set("client_id", "native").set("redirect_uri", uri);
        let reply = world.answer(&request);
        assert!(reply.location().starts_with(&format!("{uri}?error=invalid_request&")), "{reply:?}");
        assert!(world.approve(request.without("response_mode")).parameter("code").is_some(), "{uri}");
    }
    let loopback = World::new().with_client(public("native").with(|client| {
        client.redirect_uris = vec![redirect_uri("http://127.0.0.1/cb")];
    }));
    let request = form_post().set("client_id", "native").set("redirect_uri", "http://127.0.0.1:49152/cb");
    assert_eq!(approved(&loopback, request).action, "http://127.0.0.1:49152/cb");
}

#[test]
fn a_host_that_renders_the_form_itself_finds_its_parts() {
    let world = World::new();
    let step = world.ask(form_post()).approve(&world.server, approval(), world.moment());
    let response = step.run(&world);
    assert!(matches!(response.event(), Event::Authorized { .. }));
    assert_eq!((response.location(), response.page_error()), (None, None));
    let form = response.form_post().unwrap();
    let fields: Vec<_> = form.fields().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let action = form.action().as_str().to_owned();
    let code = fields[0].1.clone();
    assert!(!format!("{response:?}").contains(&code), "a code is no one else's");
    let page = FormPage::of(&Reply::of(response.into_http()));
    assert_eq!((action, fields), (page.action, page.fields));
    let step = world.ask(authorize()).approve(&world.server, approval(), world.moment());
    assert!(step.run(&world).form_post().is_none());
}

// The client. §2 Form Post Response Mode

fn request() -> AuthorizationRequest {
    AuthorizationRequest::new(redirect_uri(CALLBACK)).scope(scope("read")).response_mode(ResponseMode::FormPost)
}

/// "the Client MUST be able to process the message without regard for the mechanism by which the form submission was
/// initiated."
#[test]
fn the_client_reads_what_the_browser_posts() {
    let world = World::new();
    let client = public_client_at(metadata_of(&world), "app");
    let (url, pending) = client.begin(request(), world.moment()).unwrap();
    let page = approved(&world, query(&url));
    let exchange = client.callback_form_post(pending, &page.submit()).unwrap();
    let tokens = exchange.start(world.moment()).run(&HttpHost(Wire::to(&world))).unwrap();
    assert!(world.is_alive(tokens.access_token().expose()));
}

#[test]
fn the_client_takes_a_posted_token() {
    let world = World::new().with_everything();
    let client = public_client_at(metadata_of(&world), "app");
    let (url, pending) = client.begin_implicit(request(), world.moment()).unwrap();
    let page = approved(&world, query(&url));
    let tokens = client.callback_implicit_form_post(pending, &page.submit(), Timestamp(NOW)).unwrap();
    assert!(world.is_alive(tokens.access_token().expose()));
}

#[test]
fn the_client_refuses_what_is_no_answer_to_its_request() {
    let world = World::new();
    let client = public_client_at(metadata_of(&world), "app");
    let read = |change: &dyn Fn(FormPage) -> Request<Vec<u8>>| {
        let (url, pending) = client.begin(request(), world.moment()).unwrap();
        client.callback_form_post(pending, &change(approved(&world, query(&url)))).map(drop).unwrap_err()
    };
    let with = |name: &'static str, value: &'static str| {
        move |mut page: FormPage| {
            page.fields.retain(|(other, _)| other != name);
            page.fields.push((name.to_owned(), value.to_owned()));
            page.submit()
        }
    };
    assert_eq!(read(&with("state", "another")), CallbackError::StateMismatch);
    assert_eq!(read(&with("state", "")), CallbackError::StateMissing);
    assert_eq!(read(&with("iss", "https://evil.example")), CallbackError::IssuerMismatch);
    assert_eq!(read(&with("code", "")), CallbackError::Missing("code"));
    assert!(matches!(read(&with("error", "access_denied")), CallbackError::Refused(_)));
    let twice = |mut page: FormPage| {
        page.fields.push(("code".to_owned(), "x".to_owned()));
        page.submit()
    };
    assert_eq!(read(&twice), CallbackError::Form(FormError::Repeated("code")));
    let as_text = |page: FormPage| {
        let mut request = page.submit();
        request.headers_mut().insert(header::CONTENT_TYPE, "text/plain".parse().unwrap());
        request
    };
    assert_eq!(read(&as_text), CallbackError::Form(FormError::ContentType));
    // The response was asked for by POST, and a link that somebody planted is a GET.
    let as_get = |page: FormPage| {
        let body = String::from_utf8(page.submit().into_body()).unwrap();
        Request::get(format!("{CALLBACK}?{body}")).body(Vec::new()).unwrap()
    };
    assert_eq!(read(&as_get), CallbackError::Form(FormError::ContentType));
}

fn query(url: &str) -> Params {
    let (_, query) = url.split_once('?').unwrap();
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    params(&pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>())
}
