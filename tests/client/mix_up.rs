//! r62, RFC 9700 §4.4: a client of two servers, one of which is the attacker's. No code, no verifier and no token gets
//! to it.

use grantor::client::{
    AuthorizationRequest, CallbackError, Client, Pending, Polled, RefreshError, RequestError, SharedTokens, TokenSet,
};
use grantor::model::Metadata;
use grantor::{Answer, Fetch, HttpHost, Moment, Step, Timestamp};

use crate::canned::{answered, json};
use crate::common::*;

const EVIL: &str = "https://evil.example";

fn evil_world() -> World {
    World::new().with(|config| {
        *config = grantor::server::Config::new(EVIL.parse().unwrap());
    })
}

fn client(server: Metadata) -> Client {
    confidential_client_at(server, "web", SECRET)
}

fn begin(client: &Client) -> (String, Pending) {
    let request = AuthorizationRequest::new(redirect_uri(CALLBACK));
    client.begin(request, Moment::new(Timestamp(NOW), &mut Counter(1))).unwrap()
}

/// The honest server's answer to a request that reached it, whoever had a hand in that.
fn honest_answer(honest: &World, url: &str) -> String {
    honest.approve(url.split_once('?').unwrap().1).location().split_once('?').unwrap().1.to_owned()
}

/// §4.4.1: the person chose the attacker's server; the attacker sends the browser on to the honest one, which knows the
/// client by the same name. The client, which believes in the attacker's server, would send it the honest server's
/// code.
#[test]
fn r62_a_code_of_the_honest_server_is_not_sent_to_the_attackers() {
    let (honest, evil) = (World::new(), evil_world());
    for says_it_sends_iss in [true, false] {
        let mut server = metadata_of(&evil);
        server.authorization_response_iss_parameter_supported = says_it_sends_iss;
        let client = client(server);
        let (url, pending) = begin(&client);
        assert!(url.starts_with("https://evil.example/authorize?"));
        let query = honest_answer(&honest, &url);
        assert!(query.contains("code=") && query.contains(pending.state()));
        assert_eq!(client.callback(pending, &query).map(drop), Err(CallbackError::IssuerMismatch));
    }
}

/// The same without a hop: the attacker's metadata names the honest server's authorization endpoint, and its own token
/// endpoint.
#[test]
fn r62_metadata_that_names_anothers_authorization_endpoint_gains_nothing() {
    let (honest, evil) = (World::new(), evil_world());
    let mut server = metadata_of(&evil);
    server.authorization_endpoint = metadata_of(&honest).authorization_endpoint;
    let client = client(server);
    let (url, pending) = begin(&client);
    assert!(url.starts_with(ISSUER));
    let query = honest_answer(&honest, &url);
    assert_eq!(client.callback(pending, &query).map(drop), Err(CallbackError::IssuerMismatch));
}

/// The other way round: the attacker's server answers a request to the honest one, with a code of its own, to have the
/// client send the verifier of an honest session, or log the person in as somebody else.
#[test]
fn r62_an_answer_of_the_attackers_server_is_no_answer_of_the_honest_one() {
    let (honest, evil) = (World::new(), evil_world());
    let client = client(metadata_of(&honest));
    let (url, pending) = begin(&client);
    let query = honest_answer(&evil, &url);
    assert_eq!(client.callback(pending, &query).map(drop), Err(CallbackError::IssuerMismatch));
    // And without its name.
    let (_, pending) = begin(&client);
    let anonymous = query.split_once("&iss=").unwrap().0;
    assert_eq!(client.callback(pending, anonymous).map(drop), Err(CallbackError::IssuerMissing));
}

/// A host that mixes its clients up is told: the attempt knows where it was sent.
/// RFC 9700 §4.4.2: "clients MUST store, for each authorization request, the issuer".
#[test]
fn r62_an_attempt_belongs_to_the_server_that_it_was_begun_at() {
    let (honest, evil) = (World::new(), evil_world());
    let (to_honest, to_evil) = (client(metadata_of(&honest)), client(metadata_of(&evil)));
    let (url, pending) = begin(&to_honest);
    let query = honest_answer(&honest, &url);
    assert_eq!(to_evil.callback(pending, &query).map(drop), Err(CallbackError::OtherServer));
    let (_, pending) = begin(&to_honest);
    assert!(to_honest.callback(pending, &query).is_ok());
}

/// §4.4.2.2: servers that do not send `iss` are told apart by a redirect URI for each, which the attempt still knows.
/// RFC 9700 §4.4.2.2: "comparing the distinct redirection URI for the issuer".
#[test]
fn r62_an_attempt_knows_where_its_callback_comes_to() {
    let client = client(metadata_of(&World::new()));
    for place in ["https://client.example.com/honest", "https://client.example.com/evil"] {
        let request = AuthorizationRequest::new(redirect_uri(place));
        let (_, pending) = client.begin(request, Moment::new(Timestamp(NOW), &mut Counter(1))).unwrap();
        let kept: Pending = serde_json::from_value(serde_json::to_value(pending).unwrap()).unwrap();
        assert_eq!(kept.redirect_uri().as_str(), place);
    }
}

/// An error is the answer to a request too: the attacker cannot end an honest attempt with one.
#[test]
fn r62_an_error_of_another_server_is_not_taken_for_an_answer() {
    let (honest, evil) = (World::new(), evil_world());
    let client = client(metadata_of(&honest));
    let (url, pending) = begin(&client);
    let reply = evil.deny(url.split_once('?').unwrap().1);
    let query = reply.location().split_once('?').unwrap().1;
    assert_eq!(client.callback(pending, query).map(drop), Err(CallbackError::IssuerMismatch));
}

/// RFC 6749 §10.4: a refresh token is shared with the server that issued it alone, whatever the host mixes up.
/// RFC 6749 §10.4: "shared only among the authorization server and the client to whom the refresh tokens were issued".
#[test]
fn a_token_set_is_refreshed_at_its_own_server_only() {
    let (to_honest, to_evil) = (client(metadata_of(&World::new())), client(metadata_of(&evil_world())));
    let issued = json(200, r#"{"access_token":"a","refresh_token":"r","expires_in":3600}"#);
    let code = |client: &Client| {
        let (url, pending) = begin(client);
        let query = honest_answer(&World::new(), &url);
        answered(client.callback(pending, &query).unwrap().start(crate::canned::moment_at(Timestamp(NOW))), &issued)
            .unwrap()
    };
    let kept = serde_json::to_string(&code(&to_honest)).unwrap();
    let tokens: TokenSet = serde_json::from_str(&kept).unwrap();
    assert_eq!(tokens.issuer().as_str(), ISSUER);
    let elsewhere = tokens.refresh(&to_evil).unwrap().start(crate::canned::moment_at(Timestamp(NOW)));
    assert!(matches!(elsewhere, Step::Done(Err(RequestError::OtherServer))));
    let refreshed =
        answered(tokens.refresh(&to_honest).unwrap().start(crate::canned::moment_at(Timestamp(NOW))), &issued).unwrap();
    assert_eq!(refreshed.issuer().as_str(), ISSUER);

    let shared = SharedTokens::new(tokens);
    let unasked = HttpHost(|_: &Fetch| -> Answer<Fetch> { panic!("nothing is sent") });
    let error = shared.get(&to_evil, at_moment(Timestamp(NOW + 3600)), &unasked).unwrap_err();
    assert!(matches!(error, RefreshError::Request(RequestError::OtherServer)), "{error}");
}

/// And so is a device code.
#[test]
fn a_device_is_polled_at_its_own_server_only() {
    let mut honest = metadata_of(&World::new());
    honest.device_authorization_endpoint = "https://server.example.com/device".parse().ok();
    let (to_honest, to_evil) = (client(honest), client(metadata_of(&evil_world())));
    let response =
        r#"{"device_code":"d","user_code":"U","verification_uri":"https://server.example.com","expires_in":60}"#;
    let device =
        answered(to_honest.authorize_device().start(crate::canned::moment_at(Timestamp(NOW))), &json(200, response))
            .unwrap();
    let elsewhere = to_evil.poll(&device, crate::canned::moment_at(Timestamp(NOW + 5)));
    assert!(matches!(elsewhere, Step::Done(Err(RequestError::OtherServer))));
    let issued = json(200, r#"{"access_token":"a"}"#);
    match answered(to_honest.poll(&device, crate::canned::moment_at(Timestamp(NOW + 5))), &issued).unwrap() {
        Polled::Tokens(tokens) => assert_eq!(tokens.issuer().as_str(), ISSUER),
        other => panic!("{other:?}"),
    }
}
