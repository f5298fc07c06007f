//! Devices whose client is identified by its metadata document (CIMD), at every step of RFC 8628.

use grantor::FromCache::{self, Fresh, LastGood};
use grantor::model::ClientId;
use grantor::server::ClientIdMetadataDocumentError;
use serde_json::json;

use crate::common::documents::*;
use crate::common::registering::Members as _;
use crate::common::*;
use crate::*;

/// The rules of the requests for documents since this was asked last.
fn rules(web: &Web) -> Vec<FromCache> {
    web.sent().iter().map(|sent| sent.rule().from_cache).collect()
}

#[test]
fn a_device_that_nobody_registered_gets_tokens_and_keeps_them() {
    let mut web = Web::with_devices();
    let device = web.device();
    assert_eq!(web.token(polling(&device)).error(), "authorization_pending");
    assert_eq!(web.token(polling(&device)).error(), "slow_down");
    assert_eq!(web.decide_on(web.enter(&device), Some(approval())).is_approved(), Ok(true));
    web.world.later(2 * INTERVAL);
    let (access, refresh) = web.token(polling(&device)).tokens();
    assert!(web.is_active(&access));
    let grant = web.presented(&access).grant;
    assert_eq!((grant.client_id.as_str(), &grant.scope), (DOCUMENT, &scope("read")));
    let (access, _) = web.token(refreshing(&refresh)).tokens();
    assert!(web.is_alive(&access));
    // It is a client for these requests, and no registered one.
    let client_id = ClientId::parse(DOCUMENT).unwrap();
    assert!(Store::lookup(&web.world.store, &Lookup::of_client(client_id)).unwrap().client().is_none());
}

/// A grant is opened by what the document says now. A refresh may go on by what it said last.
#[test]
fn each_step_asks_for_the_document_and_a_denial_for_none() {
    let web = Web::with_devices();
    let [approved, denied] = [web.device(), web.device()];
    assert_eq!(rules(&web), [Fresh, Fresh]);
    let [approval_of, denial_of] = [web.enter(&approved), web.enter(&denied)];
    assert_eq!(rules(&web), [Fresh, Fresh]);
    assert_eq!(web.decide_on(approval_of, Some(approval())).is_approved(), Ok(true));
    assert_eq!(rules(&web), [Fresh]);
    assert_eq!(web.decide_on(denial_of, None).is_approved(), Ok(false));
    assert_eq!(rules(&web), []);
    let (_, refresh) = web.token(polling(&approved)).tokens();
    assert_eq!(rules(&web), [Fresh]);
    web.token(refreshing(&refresh)).tokens();
    assert_eq!(rules(&web), [LastGood]);
}

/// CIMD §6.4: "The authorization server SHOULD display the hostname of the `client_id` on the authorization interface,
/// in addition to displaying the fetched client information if any."
#[test]
fn the_person_sees_whose_document_it_is() {
    let web = Web::with_devices();
    let kept = serde_json::to_string(&web.enter(&web.device())).unwrap();
    let prompt: DevicePrompt = serde_json::from_str(&kept).unwrap();
    assert_eq!(prompt.client_host().as_deref(), Some("app.example.com"));
    assert_eq!(prompt.client_name.as_deref(), Some("Example Frame"));
    assert!(prompt.client_is_self_registered);
    let registered = world();
    assert_eq!(registered.enter(&registered.device()).client_host(), None);
}

/// CIMD §4.3: "If fetching the metadata document fails, the authorization server SHOULD abort the authorization
/// request." Nothing is spent on it.
#[test]
fn without_the_document_no_device_starts_and_nobody_decides_until_it_is_back() {
    let mut web = Web::with_devices();
    let device = web.device();
    let prompt = web.enter(&device);
    web.busy(7);
    for reply in [web.authorize_device(starting()), web.token(polling(&device))] {
        assert_eq!((reply.status(), reply.error().as_str()), (503, "temporarily_unavailable"));
        assert_eq!(reply.header("retry-after"), Some("7"));
    }
    let error = web.device_page_error(&device);
    let DevicePageError::Document(reason) = &error else { panic!("{error:?}") };
    assert_eq!(reason.outage().unwrap().effect, "fetch");
    assert_eq!((error.status().as_u16(), error.code(), error.is_guess()), (503, "temporarily_unavailable", false));
    assert!(error.to_string().contains("busy") && !error.description().contains("busy"), "{error}");
    let decided = web.decide_on(prompt, Some(approval()));
    assert_eq!(decided.is_approved(), Err(&error));
    let Event::DevicePageRefused { client_id, .. } = decided.event() else { panic!("{decided:?}") };
    assert_eq!(client_id.unwrap().as_str(), DOCUMENT);
    let page = Reply::of(decided.into_http());
    assert_eq!((page.status(), page.header("retry-after"), page.is_page()), (503, Some("7"), true));
    web.serve(&document_of_a_device());
    assert_eq!(web.decide_on(web.enter(&device), Some(approval())).is_approved(), Ok(true));
    web.world.later(INTERVAL);
    web.token(polling(&device)).tokens();
}

/// Whoever publishes the document cannot keep a person from saying no.
#[test]
fn a_denial_is_written_while_the_document_is_gone() {
    let web = Web::with_devices();
    let device = web.device();
    let prompt = web.enter(&device);
    web.down();
    assert_eq!(web.decide_on(prompt, None).is_approved(), Ok(false));
    web.serve(&document_of_a_device());
    assert_eq!(web.token(polling(&device)).error(), "access_denied");
}

/// The document counts as it is when the person comes, and when they decide.
#[test]
fn a_document_that_changed_is_another_client_or_may_less() {
    let less = document_of_a_device().set("grant_types", json!(["refresh_token"]));
    let another_scope = document_of_a_device().set("scope", json!("write"));
    for changed in [less, another_scope] {
        let web = Web::with_devices();
        let device = web.device();
        let prompt = web.enter(&device);
        web.serve(&changed);
        assert_eq!(web.decide_on(prompt, Some(approval())).is_approved(), Ok(false), "{changed}");
        web.serve(&document_of_a_device());
        assert_eq!(web.token(polling(&device)).error(), "access_denied", "{changed}");
    }
    let web = Web::with_devices();
    let device = web.device();
    let prompt = web.enter(&device);
    web.serve(&document_of_a_device().set("client_id", json!("https://other.example/client.json")));
    let error = web.device_page_error(&device);
    assert_eq!(error, DevicePageError::Document(ClientIdMetadataDocumentError::ClientId));
    assert_eq!((error.status().as_u16(), error.code(), error.is_guess()), (400, "invalid_request", false));
    let told = "the device's client is not known here: the client_id in the metadata document is not its URL";
    assert_eq!(error.description(), told);
    assert_eq!(web.decide_on(prompt, Some(approval())).is_approved(), Err(&error));
}

/// What is not offered to such clients, or not configured at all.
#[test]
fn a_device_may_have_a_document_where_the_section_says_so() {
    let web = Web::of(Web::new().world.with_devices());
    web.serve(&document_of_a_device());
    let refused = |web: &Web, form: Params| {
        let reply = web.authorize_device(form);
        (reply.status(), reply.error())
    };
    assert_eq!(refused(&web, starting()), (400, "unauthorized_client".to_owned()));
    web.sent();
    for url in ["https://10.0.0.1/client.json", "https://app.example.com", "http://app.example.com/client.json"] {
        assert_eq!(refused(&web, starting().set("client_id", url)), (400, "invalid_client".to_owned()), "{url}");
    }
    let without = Web::of(world());
    assert_eq!(refused(&without, starting()), (400, "invalid_client".to_owned()));
    assert_eq!((rules(&web), rules(&without)), (vec![], vec![]), "nothing is fetched");
}
