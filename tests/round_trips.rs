//! What is written is read as the same: by the other party, by a later release, or by the same one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use std::fmt::{Debug, Display};
use std::str::FromStr;

use grantor::client::{self, Authentication, AuthorizationRequest, Challenge, TokenSet};
use grantor::model::{ClientId, Endpoint, GrantType, Metadata, RedirectUri, Resource, Scope, Secret};
use grantor::resource::Requirement;
use grantor::server::ClientCredentials;
use grantor::{Answer, Fetch, HttpOnly, Pause as _, Step, Timestamp};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use common::*;

/// `*VSCHAR` of RFC 6749 appendix A.
const VSCHARS: &str = "[ -~]{1,40}";
const SCOPE_TOKEN: &str = r"[!#-\[\]-~]{1,8}";

fn scopes() -> impl Strategy<Value = Scope> {
    prop::collection::vec(SCOPE_TOKEN, 1..5).prop_map(|tokens| Scope::parse(&tokens.join(" ")).unwrap())
}

fn metadata() -> Metadata {
    World::new().server.config().metadata()
}

/// The HTTP between a client and the world's token endpoint.
fn reach(world: &World) -> HttpOnly<impl Fn(&Fetch) -> Answer<Fetch>> {
    HttpOnly(|fetch: &Fetch| Ok(world.token_by(fetch.request()).0))
}

/// If the text is one of these, it is written as it was and read as the same; if not, JSON does not have it either.
fn same<T>(text: &str) -> Result<(), TestCaseError>
where
    T: FromStr + Display + Debug + PartialEq + Serialize + DeserializeOwned,
{
    let json = serde_json::to_string(text).unwrap();
    let parsed = text.parse::<T>().ok();
    let read = serde_json::from_str::<T>(&json).ok();
    prop_assert_eq!(&read, &parsed);
    if let Some(parsed) = parsed {
        prop_assert_eq!(parsed.to_string(), text);
        prop_assert_eq!(serde_json::to_string(&parsed).unwrap(), &*json);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// RFC 6749 §2.3.1, whatever the identifier and the secret.
    #[test]
    fn the_server_reads_the_credentials_that_the_client_writes(client_id in VSCHARS, client_secret in VSCHARS) {
        for authentication in [Authentication::Basic, Authentication::Post] {
            let client = client::Client::public(metadata(), ClientId::parse(&client_id).unwrap())
                .authenticated_by(authentication(Secret::new(client_secret.clone())));
            let Step::Fetch(pause) = client.client_credentials().start(Timestamp(NOW)) else { panic!("nothing is sent") };
            let read = ClientCredentials::of(pause.effect().request()).unwrap();
            prop_assert_eq!(read.client_id.as_str(), &client_id);
            prop_assert_eq!(read.client_secret.as_ref().map(Secret::expose), Some(client_secret.as_str()));
        }
    }

    /// RFC 6749 §4.1.2: "The exact value received from the client."
    #[test]
    fn state_comes_back_as_it_was(state in r"[ -~]{1,40}", query in "(\\?[a-z&=%2]{0,8})?") {
        let callback = format!("{CALLBACK}{query}");
        let client = public("app").with(|client| client.redirect_uris = vec![redirect_uri(&callback)]);
        let world = World::new().with_client(client);
        let reply = world.approve(authorize().set("redirect_uri", &callback).set("state", &state));
        prop_assert!(reply.location().starts_with(&callback));
        let (_, parameters) = reply.location().split_once('?').unwrap();
        let read = form_urlencoded::parse(parameters.as_bytes()).filter(|(name, _)| name == "state").last();
        prop_assert_eq!(read.unwrap().1, state);
    }

    /// The whole way: request, response, token request, token response, token.
    #[test]
    fn a_flow_brings_the_scope_that_was_asked_for(asked in scopes(), registered in scopes(), further in VSCHARS) {
        let registered = Scope::parse(format!("{registered} {asked}").trim()).unwrap();
        let world = World::new().with_client(public("app").with(|client| client.scope = registered));
        let client = client::Client::public(metadata(), ClientId::parse("app").unwrap());
        let request = AuthorizationRequest::new(redirect_uri(CALLBACK)).scope(asked.clone()).parameter("x", &further);
        let (url, pending) = client.begin(request, world.moment()).unwrap();
        let (_, query) = url.split_once('?').unwrap();
        let reply = world.approve(query);
        let (_, response) = reply.location().split_once('?').unwrap();
        let tokens = client.callback(pending, response).unwrap().start(Timestamp(NOW)).run(&reach(&world)).unwrap();
        prop_assert_eq!(tokens.scope(), Some(&asked));

        let session = serde_json::to_string(&tokens).unwrap();
        let tokens: TokenSet = serde_json::from_str(&session).unwrap();
        prop_assert!(world.is_alive(tokens.access_token().expose()));
        prop_assert_eq!(tokens.authorization(), format!("Bearer {}", tokens.access_token().expose()));
    }

    /// RFC 6750 §3, whatever the realm.
    #[test]
    fn the_client_reads_the_challenge_that_the_resource_server_writes(realm in any::<String>(), scope in scopes()) {
        let photos = photos::photos_with(|config| config.realm = realm);
        let response = World::new().refused(&photos, &photos::bare(), &Requirement::scope(scope.clone()));
        let challenge = Challenge::of(response.headers()).unwrap();
        prop_assert_eq!(challenge.scope, Some(scope));
        prop_assert_eq!(challenge.resource_metadata, photos.config().resource_metadata.clone());
    }

    /// RFC 8414 §2: the document that the server writes is the one that the client reads.
    #[test]
    fn metadata_reads_as_it_was(path in "(/[a-z0-9._~-]{1,9}){0,3}") {
        let mut metadata = metadata();
        metadata.token_endpoint = Some(Endpoint::parse(&format!("https://server.example{path}")).unwrap());
        let document = serde_json::to_string(&metadata).unwrap();
        prop_assert_eq!(serde_json::from_str::<Metadata>(&document).unwrap(), metadata);
    }

    /// Names are texts, in JSON too.
    #[test]
    fn names_read_as_they_were(text in "[a-z]{2,8}:[!-~]{0,20}") {
        same::<GrantType>(&text)?;
        same::<Resource>(&text)?;
        same::<RedirectUri>(&text)?;
        same::<Endpoint>(&text)?;
    }
}
