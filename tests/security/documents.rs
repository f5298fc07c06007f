//! Attacks by whoever may publish a metadata document, and on those whose document it is (CIMD §6).

use grantor::server::{AuthorizationPageError, AuthorizeReply, ClientIdMetadataDocumentError, DevicePageError};
use grantor::store::{Lookup, Store};
use http::Response;
use serde_json::json;

use crate::common::devices::INTERVAL;
use crate::common::documents::*;
use crate::common::registering::Members;
use crate::common::*;

fn page_error(reply: AuthorizeReply) -> AuthorizationPageError {
    match reply {
        AuthorizeReply::Respond(response) => response.page_error().unwrap().clone(),
        other => panic!("no page: {:?}", other.event()),
    }
}

/// A document that points inward, redirects, is huge or slow, lies or is none: it makes no client at any endpoint, and
/// nobody is sent anywhere.
#[test]
fn what_is_no_document_makes_no_client_at_any_endpoint() {
    let redirect = |status: u16| {
        let mut response = served(&document_of_a_device());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        response.headers_mut().insert("location", "https://127.0.0.1/client.json".parse().unwrap());
        response
    };
    let of_kilobytes = |kilobytes: usize| document_of_a_device().set("filler", json!("x".repeat(kilobytes * 1024)));
    let mut html = Response::new(document_of_a_device().to_string().into_bytes());
    html.headers_mut().insert("content-type", "text/html".parse().unwrap());
    let mut hostile: Vec<_> = [201, 301, 302, 303, 307, 308].into_iter().map(redirect).collect();
    hostile.extend([of_kilobytes(5), of_kilobytes(256)].iter().map(served));
    hostile.extend([html, Response::new(Vec::new())]);
    for response in hostile {
        let web = Web::with_devices();
        let (device, status) = (web.device(), response.status());
        let prompt = web.enter(&device);
        web.answer(response);
        assert_eq!(web.page(asking()).status(), 400, "{status}");
        for reply in [
            web.push(asking()),
            web.token(redeeming("code")),
            web.token(refreshing("token")),
            web.authorize_device(starting()),
            web.token(polling(&device)),
        ] {
            assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_client"), "{status}");
        }
        let error = web.device_page_error(&device);
        assert!(matches!(error, DevicePageError::Document(_)), "{status}: {error:?}");
        assert_eq!(web.decide_on(prompt, Some(approval())).is_approved(), Err(&error), "{status}");
        assert!(web.sent().iter().all(|sent| sent.request().uri() == DOCUMENT), "nothing is followed");
    }
    // One that is slow is an outage for the host, which waits for so long and no longer.
    let web = Web::with_devices();
    web.down();
    for reply in [web.push(asking()), web.token(redeeming("code")), web.authorize_device(starting())] {
        assert_eq!((reply.status(), reply.error().as_str()), (503, "server_error"));
    }
    // What points inward is not asked for; what a name leads to, the host sees, and is told to look at.
    let sent = web.sent();
    assert!(sent.len() == 3 && sent.iter().all(|sent| sent.rule().public_addresses_only));
    for host in ["127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "localhost", "metadata.google.internal"] {
        let url = format!("https://{host}/client.json");
        assert_eq!(web.page(asking().set("client_id", &url)).status(), 400, "{url}");
        for reply in [
            web.push(asking().set("client_id", &url)),
            web.token(redeeming("code").set("client_id", &url)),
            web.authorize_device(starting().set("client_id", &url)),
        ] {
            assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_client"), "{url}");
        }
    }
    assert!(web.sent().is_empty());
}

/// Whoever gets at the document, or at the way to it, gets no code that was approved for what it said before.
#[test]
fn a_document_that_changes_between_two_fetches_moves_no_response() {
    let web = Web::new();
    let (approved, denied) = (web.ask(asking()), web.ask(asking()));
    let pushed = web.push(asking()).member("request_uri").unwrap();
    web.serve(&document().set("redirect_uris", json!(["https://evil.example/cb"])));
    for reply in [web.approve(approved), web.deny(denied)] {
        assert!(reply.is_page(), "{reply:?}");
    }
    let error = page_error(web.authorize(params(&[("client_id", DOCUMENT), ("request_uri", &pushed)])));
    assert_eq!(error, AuthorizationPageError::RedirectUriMismatch);
    // Nor does it widen what was granted.
    web.serve(&document());
    let (_, refresh) = web.tokens();
    web.serve(&document().set("scope", json!("read")));
    let prompt = web.ask(asking().set("scope", "read"));
    web.serve(&document());
    assert_eq!(prompt.asked.scope, scope("read"));
    let reply = web.token(refreshing(&refresh).set("scope", "read write admin"));
    assert_eq!(reply.error(), "invalid_scope");
}

/// A client that takes its document away, or says that it refreshes no more, is gone at once.
#[test]
fn a_client_that_takes_its_document_back_gets_nothing_more() {
    let web = Web::new();
    let (access, refresh) = web.tokens();
    let code = web.code();
    let mut gone = served(&document());
    *gone.status_mut() = http::StatusCode::GONE;
    web.answer(gone);
    for form in [refreshing(&refresh), redeeming(&code)] {
        assert_eq!(web.token(form).error(), "invalid_client");
    }
    web.serve(&document().set("grant_types", json!(["authorization_code"])));
    assert_eq!(web.token(refreshing(&refresh)).error(), "unauthorized_client");
    // It can end what it has without any document, and while its server is down.
    web.down();
    web.sent();
    assert_eq!(web.revoke(params(&[("client_id", DOCUMENT), ("token", &refresh)])).status(), 200);
    assert!(web.sent().is_empty() && !web.is_alive(&access));
}

/// Another client's code or token is another's, whatever the documents say.
#[test]
fn a_document_gives_nobody_what_is_anothers() {
    const OTHER: &str = "https://evil.example/client.json";
    let web = Web::new();
    let (_, refresh) = web.tokens();
    let code = web.code();
    web.serve(&document().set("client_id", json!(OTHER)));
    assert_eq!(web.token(redeeming(&code).set("client_id", OTHER)).error(), "invalid_grant");
    assert_eq!(web.token(refreshing(&refresh).set("client_id", OTHER)).error(), "invalid_grant");
    let reply = web.revoke(params(&[("client_id", OTHER), ("token", &refresh)]));
    assert_eq!(reply.status(), 400, "{reply:?}");
    web.serve(&document());
    web.token(refreshing(&refresh)).tokens();
    // The document of one is not the document of another, be it served at its URL.
    let error = page_error(web.authorize(asking().set("client_id", OTHER)));
    assert_eq!(error, AuthorizationPageError::Document(ClientIdMetadataDocumentError::ClientId));
}

/// 13. A device's codes are of one client, and another's document opens nothing with them.
#[test]
fn a_document_gives_nobody_the_device_of_another() {
    const OTHER: &str = "https://evil.example/client.json";
    let mut web = Web::with_devices();
    let device = web.device();
    web.serve(&document_of_a_device().set("client_id", json!(OTHER)));
    let stolen = || polling(&device).set("client_id", OTHER);
    assert_eq!(web.token(stolen()).error(), "invalid_grant");
    web.serve(&document_of_a_device());
    assert_eq!(web.decide_on(web.enter(&device), Some(approval())).is_approved(), Ok(true));
    web.serve(&document_of_a_device().set("client_id", json!(OTHER)));
    assert_eq!(web.token(stolen()).error(), "invalid_grant");
    web.serve(&document_of_a_device());
    web.world.later(INTERVAL);
    web.token(polling(&device)).tokens();
}

/// A document that names more between the page and the decision adds nothing to what the person saw.
#[test]
fn a_document_that_grows_while_a_person_decides_gets_no_more_than_they_saw() {
    let web = Web::with_devices();
    web.serve(&document_of_a_device().set("scope", json!("read")));
    let device = web.device();
    let prompt = web.enter(&device);
    web.serve(&document_of_a_device().set("scope", json!("read write")));
    assert_eq!(web.decide_on(prompt, Some(approval())).is_approved(), Ok(true));
    let (access, refresh) = web.token(polling(&device).set("scope", "read write")).tokens();
    assert_eq!(web.presented(&access).credential.scope, scope("read"));
    assert_eq!(web.token(refreshing(&refresh).set("scope", "read write")).error(), "invalid_scope");
}

/// RFC 9700 §4.11.2: anybody can publish a document, so nobody is sent away by a request that is wrong on purpose.
#[test]
fn a_wrong_request_redirects_nobody() {
    let web = Web::new();
    for (name, value) in [("scope", "admin"), ("response_type", "nonsense"), ("code_challenge", "short")] {
        let error = page_error(web.authorize(asking().set(name, value)));
        assert!(matches!(error, AuthorizationPageError::Unsound(_)), "{name}: {error:?}");
    }
}

/// One that asks for all that a registered client may have is still a public client, within the limits.
#[test]
fn a_document_cannot_give_itself_more() {
    let web = Web::new();
    let greedy = document()
        .set("resource_server", json!(["https://api.example/"]))
        .set("require_pkce", json!(false))
        .set("disabled", json!(false))
        .set("authentication", json!({"host": {"presented": "either"}}))
        .set("audience", json!("any"))
        .set("registration", json!({"access_token": "x"}))
        .set("grant_types", json!(["authorization_code", "refresh_token", "client_credentials", "password"]));
    // Grant types that are not offered are left out.
    let id = grantor::model::ClientId::parse(DOCUMENT).unwrap();
    let client = web.server.client_of_document(&id, &served(&greedy)).unwrap();
    assert!(!client.is_confidential() && client.require_pkce && client.resource_server.is_none());
    assert_eq!((client.grant_types.len(), client.scope.as_str()), (2, "read write"));
    web.serve(&greedy);
    let without = asking().without("code_challenge").without("code_challenge_method");
    assert!(matches!(page_error(web.authorize(without)), AuthorizationPageError::Unsound(_)));
    let form = params(&[("grant_type", "client_credentials"), ("client_id", DOCUMENT)]);
    assert_eq!(web.token(form).error(), "unauthorized_client");
    let form = params(&[("client_id", DOCUMENT), ("token", "x")]);
    let reply = web.server.introspect(&post(form), web.moment()).run(&web.world);
    assert_eq!(reply.into_http().status(), 401, "a public client may not introspect, and nothing is fetched for it");
    let found = Store::lookup(&web.world.store, &Lookup::of_client(id)).unwrap();
    assert!(found.client().is_none(), "and nothing is stored");
}

/// Once the operator serves no such clients any more, their tokens are dead too.
#[test]
fn switching_documents_off_ends_their_clients() {
    let web = Web::new();
    let (access, refresh) = web.tokens();
    assert!(web.is_active(&access));
    let Web { world, .. } = web;
    let web = Web::of(world.with(|config| config.client_id_metadata_documents = None));
    assert!(!web.is_active(&access));
    assert_eq!(web.token(refreshing(&refresh)).error(), "invalid_client");
}
