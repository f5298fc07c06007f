//! RFC 7591: client metadata, as far as it is read from elsewhere.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use common::*;
use grantor::model::{GrantType, ResponseType};
use grantor::record::{ClientImport, ImportedClient, RegisteredAuthentication, SecretPresentation};
use serde_json::{Value, json};

fn read(metadata: Value) -> ImportedClient {
    ClientImport::default().read_all(&[metadata]).remove(0)
}

/// The members and values that were not taken, with whether the client is refused for each.
fn remarks(imported: &ImportedClient) -> Vec<(&str, Option<&str>, bool)> {
    imported.remarks.iter().map(|it| (it.member.as_str(), it.value.as_deref(), it.is_refusal)).collect()
}

// §2 Client Metadata, §3.2.1 Client Information Response

#[test]
fn the_example_of_the_rfc_is_read_and_works() {
    let imported = read(json!({
        "client_id": "s6BhdRkqt3",
        "client_secret": "cf136dc3c1fc93f31185e5885805d",
        "client_id_issued_at": 2_893_256_800_u64,
        "client_secret_expires_at": 2_893_276_800_u64,
        "redirect_uris": ["https://client.example.org/callback", "https://client.example.org/callback2"],
        "grant_types": ["authorization_code", "refresh_token"],
        "client_name": "My Example Client",
        "client_name#ja-Jpan-JP": "\u{30AF}",
        "token_endpoint_auth_method": "client_secret_basic",
        "logo_uri": "https://client.example.org/logo.png",
        "jwks_uri": "https://client.example.org/my_public_keys.jwks",
        "example_extension_parameter": "example_value",
        "scope": "read write"
    }));
    let client = imported.client.clone().unwrap();
    assert_eq!(client.client_name.as_deref(), Some("My Example Client"));
    assert_eq!((client.grant_types.len(), client.response_types.as_slice()), (2, &[ResponseType::Code][..]));
    assert_eq!((client.revision, client.require_pkce), (0, true));
    let mut left: Vec<_> = remarks(&imported).into_iter().map(|(member, ..)| member).collect();
    left.sort_unstable();
    let expected =
        ["client_name#ja-Jpan-JP", "client_secret_expires_at", "example_extension_parameter", "jwks_uri", "logo_uri"];
    assert_eq!(left, expected);

    let world = World::new().with_client(client);
    let request =
        authorize().set("client_id", "s6BhdRkqt3").set("redirect_uri", "https://client.example.org/callback2");
    let code = world.code(request);
    let form = exchange(&code).without("client_id").set("redirect_uri", "https://client.example.org/callback2");
    let header = basic("s6BhdRkqt3", "cf136dc3c1fc93f31185e5885805d");
    assert_eq!(world.token_by(&post_as(&header, form)).status(), 200);
}

/// "If unspecified or omitted, the default is": `client_secret_basic`, `authorization_code`, `code`.
#[test]
fn what_is_omitted_has_its_default() {
    let least = json!({ "client_id": "a", "client_secret": SECRET, "redirect_uris": ["https://a.example/cb"] });
    let client = read(least.clone()).client.unwrap();
    let basic = RegisteredAuthentication::secret(SECRET, SecretPresentation::Basic);
    assert_eq!(client.authentication, basic);
    assert_eq!(client.grant_types, [GrantType::AuthorizationCode]);
    assert!(client.scope.is_empty());
    let mut import = ClientImport::default();
    import.default_scope = scope("read");
    assert_eq!(import.read_all(&[least]).remove(0).client.unwrap().scope, scope("read"));
}

/// What no client can use is left out, and said.
#[test]
fn each_value_that_is_not_taken_is_named() {
    let imported = read(json!({
        "client_id": "a",
        "token_endpoint_auth_method": "none",
        "redirect_uris": ["https://*.example/cb", "https://a.example/cb", "http://a.example/cb", "myapp:/cb", "javascript:x"],
        "grant_types": ["authorization_code", "urn:example:own", "unheard_of"],
        "response_types": ["code", "code id_token"],
        "scope": "read  write",
    }));
    let client = imported.client.as_ref().unwrap();
    assert_eq!(client.redirect_uris, [redirect_uri("https://a.example/cb")]);
    assert_eq!((client.grant_types.len(), client.response_types.len()), (2, 1));
    assert_eq!(client.scope, scope("read write"));
    assert_eq!(
        remarks(&imported),
        [
            ("redirect_uris", Some("https://*.example/cb"), false),
            ("redirect_uris", Some("http://a.example/cb"), false),
            ("redirect_uris", Some("myapp:/cb"), false),
            ("redirect_uris", Some("javascript:x"), false),
            ("grant_types", Some("unheard_of"), false),
            ("response_types", Some("code id_token"), false),
        ]
    );
    let wildcard = imported.remarks[0].to_string();
    assert!(wildcard.contains("https://*.example/cb") && wildcard.contains("wildcard"), "{wildcard}");

    let mut import = ClientImport::default();
    import.private_use_schemes = true;
    let own = json!({ "client_id": "a", "token_endpoint_auth_method": "none",
        "redirect_uris": ["myapp:/cb", "urn:ietf:wg:oauth:2.0:oob", "javascript:x"] });
    let imported = import.read_all(&[own]).remove(0);
    assert_eq!(remarks(&imported), [("redirect_uris", Some("javascript:x"), false)]);
    assert_eq!(imported.client.unwrap().redirect_uris.len(), 2);
}

/// A list says of each client whether it is taken, and of a refused one why.
/// RFC 7591 §2: "MUST register their redirection URI values".
#[test]
fn a_client_that_cannot_be_taken_is_refused_alone() {
    let uris = json!(["https://a.example/cb"]);
    let refused = [
        ("client_id", json!({ "redirect_uris": uris })),
        ("client_id", json!({ "client_id": "", "redirect_uris": uris })),
        ("client_id", json!({ "client_id": 7, "redirect_uris": uris })),
        ("redirect_uris", json!({ "client_id": "a" })),
        ("redirect_uris", json!({ "client_id": "a", "redirect_uris": ["https://*.example/cb"] })),
        ("redirect_uris", json!({ "client_id": "a", "redirect_uris": "https://a.example/cb" })),
        ("scope", json!({ "client_id": "a", "redirect_uris": uris, "scope": "a\"b" })),
        ("scope", json!({ "client_id": "a", "redirect_uris": uris, "scope": ["a"] })),
        ("grant_types", json!({ "client_id": "a", "redirect_uris": uris, "grant_types": [7] })),
        ("client_secret", json!({ "client_id": "a", "redirect_uris": uris, "client_secret": "a\nb" })),
        (
            "token_endpoint_auth_method",
            json!({ "client_id": "a", "redirect_uris": uris, "token_endpoint_auth_method": "private_key_jwt" }),
        ),
        ("", json!("a")),
        ("", Value::Null),
    ];
    let good = json!({ "client_id": "good", "client_secret": SECRET, "grant_types": ["client_credentials"], "response_types": [] });
    let mut list: Vec<_> = refused.iter().map(|(_, metadata)| metadata.clone()).collect();
    list.push(good.clone());
    list.push(good);
    let imported = ClientImport::default().read_all(&list);
    assert_eq!(imported.len(), list.len());
    for ((member, metadata), imported) in refused.iter().zip(&imported) {
        assert!(imported.client.is_none(), "{metadata}");
        assert!(imported.remarks.iter().any(|it| it.is_refusal && it.member == *member), "{metadata}: {imported:?}");
    }
    let [.., first, second] = imported.as_slice() else { panic!("two") };
    assert!(first.client.is_some() && first.remarks.is_empty(), "{first:?}");
    assert!(second.client.is_none(), "an id is given once");
}

/// RFC 6749 §10.10: "MUST be less than or equal to 2^(-128)".
#[test]
fn secrets_are_taken_as_they_can_be_checked_and_stand_in_no_report() {
    let of = |method: Value, secret: Value| {
        read(json!({ "client_id": "a", "grant_types": ["client_credentials"], "response_types": [],
            "token_endpoint_auth_method": method, "client_secret": secret, "registration_access_token": "reg-23410913" }))
    };
    let authentication = |imported: &ImportedClient| imported.client.as_ref().unwrap().authentication.clone();
    let posted = of(json!("client_secret_post"), json!(SECRET));
    assert_eq!(authentication(&posted), RegisteredAuthentication::secret(SECRET, SecretPresentation::Post));
    // The other server kept a slow hash: the host knows.
    let hashed = of(Value::Null, Value::Null);
    assert_eq!(authentication(&hashed), RegisteredAuthentication::Host { presented: SecretPresentation::Basic });
    let public = of(json!("none"), json!("needless-23410913"));
    assert_eq!(authentication(&public), RegisteredAuthentication::None);
    let short = of(json!("client_secret_basic"), json!("23410913"));
    assert!(short.client.is_some() && !short.remarks.is_empty());
    for imported in [posted, hashed, public, short] {
        let report: String = imported.remarks.iter().map(ToString::to_string).collect();
        assert!(report.contains("registration_access_token"));
        assert!(!report.contains("23410913") && !report.contains(SECRET), "{report}");
    }
}
