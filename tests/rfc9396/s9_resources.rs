//! RFC 9396 §9: what resource servers learn, by introspection and from the store.

use grantor::Timestamp;
use grantor::model::{Audience, Key};
use grantor::record::CredentialKind;
use grantor::resource::{Requirement, ResourceServer};
use grantor::store::{Lookup, Store};
use serde_json::{Value, json};

use crate::common::photos::with_token;
use crate::common::*;
use crate::{ALL, MAIL, PHOTOS, accounts, combined, details, only_details, payment, with, with_clients, world};

fn introspected(world: &World, form: Params) -> Value {
    let reply = world.server.introspect(&post(form), world.moment()).run(world).into_http();
    serde_json::from_slice(reply.body()).unwrap()
}

/// A resource server that serves these resources.
fn server(client_id: &str, resources: &[&str]) -> grantor::record::Client {
    confidential(client_id, SECRET).with(|client| {
        client.resource_server = Some(resources.iter().map(|uri| resource(uri)).collect());
    })
}

fn by(client_id: &str, token: &str) -> Params {
    params(&[("client_id", client_id), ("client_secret", SECRET), ("token", token)])
}

// §9.2 Token Introspection

/// "If the AS includes authorization detail information for the token in its response, the information MUST be conveyed
/// with `authorization_details` as a top-level member of the introspection response JSON object. The
/// `authorization_details` member MUST contain the same structure defined in" §2.
#[test]
fn introspection_tells_them() {
    let world = world().with_client(server("api", &[]));
    let tokens = world.token(exchange(&world.code(with(authorize(), &combined())))).tokens();
    let told = introspected(&world, by("api", &tokens.0));
    assert_eq!((&told["authorization_details"], &told["scope"]), (&combined(), &json!("read write")));
    let narrow = world.token(with(refresh(&tokens.1), &json!([payment()])));
    let told = introspected(&world, by("api", &narrow.access_token()));
    assert_eq!(told["authorization_details"], json!([payment()]));
    let plain = world.token(exchange(&world.code(authorize()))).access_token();
    assert_eq!(introspected(&world, by("api", &plain)).get("authorization_details"), None);
    // A client learns about its own tokens, of a refresh token what it may ask for at most.
    let own = world.token(with(client_credentials(), &json!([payment()]))).access_token();
    assert_eq!(introspected(&world, by("web", &own))["authorization_details"], json!([payment()]));
    let request = with(authorize().set("client_id", "web"), &combined());
    let own = world.token(exchange(&world.code(request)).of_web()).tokens().1;
    assert_eq!(introspected(&world, by("web", &own))["authorization_details"], combined());
}

/// §9.2: "potentially filtered and extended for the RS making the introspection request". §13: "The AS should share
/// this data with those parties on a "need to know" basis".
#[test]
fn a_resource_server_is_not_told_what_is_for_others() {
    let world = world().with(|config| config.resources = only(&[PHOTOS, MAIL]));
    let world = world.with_client(server("photos", &[PHOTOS])).with_client(server("mail", &[MAIL]));
    let world = world.with_client(server("both", &[PHOTOS, MAIL]));
    let at = |at: &str| json!({ "type": "account_information", "actions": ["list_accounts"], "locations": [at] });
    let all = json!([at(PHOTOS), at(MAIL), accounts(&ALL)]);
    let token = world.token(exchange(&world.code(only_details(&all)))).access_token();
    for (client_id, expected) in [
        ("photos", json!([at(PHOTOS), accounts(&ALL)])),
        ("mail", json!([at(MAIL), accounts(&ALL)])),
        ("both", all.clone()),
    ] {
        assert_eq!(introspected(&world, by(client_id, &token))["authorization_details"], expected, "{client_id}");
    }
}

/// Whoever asks about a token of its own is told all of it, be it a resource server too.
#[test]
fn a_client_learns_all_of_its_own_token() {
    let world = world().with(|config| config.resources = only(&[PHOTOS, MAIL]));
    let world = with_clients(world, |client| client.resource_server = Some(vec![resource(MAIL)]));
    let at_photos = json!([{ "type": "account_information", "actions": ALL, "locations": [PHOTOS] }]);
    let token = world.token(with(client_credentials(), &at_photos)).access_token();
    assert_eq!(introspected(&world, by("web", &token))["authorization_details"], at_photos);
}

/// A claim of this name from the host would contradict what grantor knows.
#[test]
fn a_claim_of_the_host_is_no_authorization_detail() {
    use grantor::consult::{Issuance, Terms, Verdict};
    struct Claims;
    impl grantor::Policy for Claims {
        fn issuance(&self, _: &Issuance) -> grantor::Answer<Issuance> {
            let claims = serde_json::Map::from_iter([("authorization_details".to_owned(), json!([payment()]))]);
            let claims = grantor::model::Claims::new(claims).unwrap();
            Ok(Verdict::Issue(Terms { claims, ..Terms::default() }))
        }
    }
    let world = world().with_client(server("api", &[]));
    let host = grantor::Hosted { store: &world, policy: Claims };
    let reply = world.server.token(&post(client_credentials()), world.moment()).run(&host);
    let token = reply.result().unwrap().access_token.expose().to_owned();
    assert_eq!(introspected(&world, by("api", &token)).get("authorization_details"), None);
    let checked = photos::photos_with(|config| config.accept_unrestricted = true);
    let access = world.check(&checked, &with_token(&token), &Requirement::any()).into_result().unwrap();
    assert_eq!((access.claim("authorization_details"), access.authorization_details().len()), (None, 0));
}

// §9 Resource Servers

#[test]
fn a_resource_server_on_the_store_reads_them_there() {
    let world = world();
    let token = world.token(exchange(&world.code(only_details(&combined())))).access_token();
    let api: ResourceServer = photos::photos_with(|config| config.accept_unrestricted = true);
    let access = world.check(&api, &with_token(&token), &Requirement::any()).into_result().unwrap();
    assert_eq!(access.authorization_details(), &*details(&combined()));
    assert_eq!(access.authorization_details()[1].member("creditorName").unwrap(), "Merchant A");
}

/// §9: "the AS MUST make this data available to the RS": to one that introspects, as grantor's does.
#[test]
fn a_resource_server_that_introspects_reads_them_in_the_response() {
    let checked = |response: Value| {
        let body = response.to_string();
        let wire = |_: &grantor::Fetch| {
            let response = http::Response::builder().header("content-type", "application/json");
            Ok::<_, grantor::Unavailable>(response.body(body.clone().into_bytes()).unwrap())
        };
        let api = photos::photos();
        let introspector = grantor::resource::Introspector::new(
            "https://server.example.com/introspect".parse().unwrap(),
            "api".parse().unwrap(),
            grantor::client::Authentication::None,
        );
        let (request, anything) = (with_token("t"), Requirement::any());
        let step = api.check_by_introspection(&request, &anything, &introspector, at_moment(Timestamp(NOW)));
        step.run(&grantor::HttpHost(wire)).into_result().unwrap()
    };
    let active = json!({ "active": true, "aud": PHOTOS, "authorization_details": combined() });
    let access = checked(active);
    assert_eq!(access.authorization_details(), &*details(&combined()));
    assert_eq!(access.claim("authorization_details"), None);
    // Details that cannot be read give nothing, and are named.
    for wrong in [json!({}), json!("x"), json!([{ "actions": [] }]), json!([{ "type": "t", "actions": "read" }])] {
        let access = checked(json!({ "active": true, "aud": PHOTOS, "authorization_details": wrong }));
        assert!(access.authorization_details().is_empty());
        assert_eq!(access.unreadable(), ["authorization_details"], "{wrong}");
    }
}

/// RFC 9728 §2: `authorization_details_types_supported`.
#[test]
fn the_resources_own_document_names_its_types() {
    let photos = photos::photos_with(|config| {
        config.authorization_details_types_supported = vec!["account_information".to_owned()];
    });
    let document = photos.metadata(&http::Request::get("/").body(()).unwrap());
    let read: grantor::model::ResourceMetadata = serde_json::from_slice(document.body()).unwrap();
    assert_eq!(read.authorization_details_types_supported.unwrap(), ["account_information"]);
    assert!(read.members.is_empty());
}

#[test]
fn a_record_keeps_them_to_the_byte() {
    let world = world();
    let token = world.token(exchange(&world.code(only_details(&combined())))).access_token();
    let key = Key::of(&token).unwrap();
    let found = Store::lookup(&world.store, &Lookup::of(key)).unwrap();
    let presented = found.credential(key).unwrap();
    let json = serde_json::to_string(&*presented.credential).unwrap();
    let read: grantor::record::Credential = serde_json::from_str(&json).unwrap();
    assert_eq!(read, *presented.credential);
    let CredentialKind::AccessToken(kept) = read.kind else { panic!("no access token") };
    assert_eq!(kept.authorization_details.to_string(), details(&combined()).to_string());
    assert_eq!((read.audience, read.expires_at), (Audience::Any, Timestamp(NOW + 600)));
}
