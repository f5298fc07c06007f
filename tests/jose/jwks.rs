//! The server's public keys, where its metadata says.

use grantor::Server;
use grantor::jose::KeyRotation;
use grantor::model::Issuer;
use grantor::server::{Config, CrossOrigin, JwksConfig};
use http::{Method, Request, Response, header};
use serde_json::{Value, json};

use crate::*;

fn keys() -> KeyRotation<Jwk> {
    let key =
        |text: &str, algorithm: &str, id: &str| jwk(&with(text, &format!(r#","alg":"{algorithm}","kid":"{id}""#)));
    KeyRotation::new(key(P256, "ES256", "a")).unwrap().with_next(key(ED25519, "Ed25519", "b")).unwrap()
}

fn server(change: impl FnOnce(&mut Config)) -> Server {
    let issuer = Issuer::parse("https://server.example").unwrap();
    let mut config = Config::new(issuer.clone());
    config.jwks = Some(JwksConfig::below(&issuer, keys()));
    change(&mut config);
    Server::new(config).unwrap()
}

fn ask(server: &Server, method: Method) -> Response<Vec<u8>> {
    server.jwks(&Request::builder().method(method).header(header::ORIGIN, "https://spa.example").body(()).unwrap())
}

#[test]
fn the_set_has_every_key_and_may_be_kept_for_a_while() {
    let server = server(|_| {});
    let response = ask(&server, Method::GET);
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (200, &"application/json".parse().unwrap())
    );
    assert_eq!(response.headers()["cache-control"], "public, max-age=300");
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    let text = std::str::from_utf8(response.body()).unwrap();
    let set = JwkSet::parse(text).unwrap();
    assert_eq!((set.keys(), set.ignored()), (keys().jwk_set().keys(), &[][..]));
    let value: Value = serde_json::from_str(text).unwrap();
    assert_eq!(value["keys"][0]["kid"], json!("a"));
    assert_eq!(ask(&server, Method::POST).status(), 405);
    assert_eq!(ask(&server, Method::OPTIONS).status(), 204);
    // Scripts of other origins may be kept out.
    let own = self::server(|config| config.cross_origin = CrossOrigin::None);
    assert!(!ask(&own, Method::GET).headers().contains_key("access-control-allow-origin"));
    assert_eq!(ask(&own, Method::OPTIONS).status(), 405);
}

#[test]
fn the_set_is_where_the_metadata_says_or_nowhere() {
    assert_eq!(server(|_| {}).config().metadata().jwks_uri.unwrap().as_str(), "https://server.example/jwks");
    let none = server(|config| config.jwks = None);
    assert_eq!(none.config().metadata().jwks_uri, None);
    assert_eq!(ask(&none, Method::GET).status(), 404);
}

#[test]
fn keys_are_rotated_without_a_restart() {
    let before = server(|_| {});
    let next = jwk(&with(&P256.replace("f83O", "g83O"), r#","alg":"ES256","kid":"c""#));
    let mut config = before.config().clone();
    let section = config.jwks.as_mut().unwrap();
    section.keys = section.keys.clone().rotated(next).unwrap();
    let after = Server::new(config).unwrap();
    let ids = |server: &Server| {
        let set = JwkSet::parse(std::str::from_utf8(ask(server, Method::GET).body()).unwrap()).unwrap();
        set.keys().iter().map(|key| key.key_id().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((ids(&before), ids(&after)), (vec!["a".into(), "b".into()], vec!["c".into(), "b".into(), "a".into()]));
}
