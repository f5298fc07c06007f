//! A registration is good at one server and at no other: "the client MUST NOT reuse" what one server issued at another.
//! The Model Context Protocol has resources name their servers, so the natural program goes to whatever server a
//! stranger names.

use grantor::client::{Authentication, Client, OtherIssuer, Registration, RequestError, discover, discover_resource};
use grantor::model::{Issuer, Metadata, Secret};
use grantor::resource::Introspector;
use grantor::{Answer, Fetch, HttpHost};
use serde_json::{Value, json};

use crate::canned::*;
use crate::common::resource;

fn registrations() -> [Registration; 4] {
    let (issuer, secret) = (metadata().issuer, || Secret::new(CLIENT_SECRET));
    let public = Registration::public(issuer.clone(), client_id());
    [
        public.clone(),
        Registration::confidential(issuer, client_id(), secret()),
        public.clone().authenticated_by(Authentication::Basic(secret())),
        public.authenticated_by(Authentication::Post(secret())),
    ]
}

fn at(issuer: &str) -> Metadata {
    let mut other = metadata();
    other.issuer = Issuer::parse(issuer).unwrap();
    other
}

/// A malicious resource names a server of its own. The program does what a client of the Model Context Protocol does,
/// and does not come as far as to send something there.
#[test]
fn r98_a_secret_does_not_go_to_a_server_that_a_resource_names() {
    let http = HttpHost(|fetch: &Fetch| -> Answer<Fetch> {
        let request = fetch.request();
        assert_eq!((request.method().as_str(), request.headers().contains_key("authorization")), ("GET", false));
        json(
            200,
            match request.uri().path() {
                "/.well-known/oauth-protected-resource/mcp" => {
                    json!({"resource": "https://evil.example/mcp", "authorization_servers": ["https://evil.example"]})
                }
                _ => json!({"issuer": "https://evil.example", "token_endpoint": "https://evil.example/token"}),
            },
        )
    });
    let found = discover_resource(&resource("https://evil.example/mcp"), None).run(&http).unwrap();
    let server = discover(&found.authorization_servers[0]).run(&http).unwrap();
    for registration in registrations() {
        let OtherIssuer { registered_at, issuer, .. } = registration.at(server.clone()).unwrap_err();
        assert_eq!((registered_at, issuer.as_str()), (metadata().issuer, "https://evil.example"));
    }
}

#[test]
fn a_registration_is_good_where_the_issuer_is_the_same_to_the_byte() {
    for issuer in
        ["https://server.example/", "https://SERVER.example", "https://server.example:443", "https://a.example"]
    {
        for registration in registrations() {
            assert!(registration.at(at(issuer)).is_err(), "{issuer}");
            assert_eq!(
                Introspector::at(&registration, &at(issuer)).unwrap_err(),
                RequestError::OtherServer,
                "{issuer}"
            );
        }
    }
    for registration in registrations() {
        let client: Client = registration.at(metadata()).unwrap();
        assert_eq!((client.client_id(), &client.server().issuer), (registration.client_id(), registration.issuer()));
        assert!(Introspector::at(&registration, &metadata()).is_ok());
        let without = Introspector::at(&registration, &Metadata::new(metadata().issuer));
        assert_eq!(without.unwrap_err(), RequestError::NoEndpoint("introspection_endpoint"));
    }
}

/// What one server issued is not shown to another, neither to be refreshed, nor to be given up, nor to be asked about.
#[test]
fn r98_a_token_set_goes_to_the_server_that_issued_it_alone() {
    let now = || moment_at(grantor::Timestamp(0));
    let issued = |body| answered(public_client().client_credentials().start(now()), &json(200, body)).unwrap();
    let both = issued(json!({"access_token": "2YotnFZF", "refresh_token": "tGzv3JOk"}));
    let one = issued(json!({"access_token": "2YotnFZF"}));
    let elsewhere = public_at(at("https://evil.example"));
    for tokens in [&both, &one] {
        let refused = [
            tokens.refresh(&elsewhere).map(|request| answered(request.start(now()), &json(200, "{}")).map(drop)),
            Some(answered(tokens.revoke(&elsewhere, now()), &json(200, "{}"))),
            Some(answered(tokens.introspect(&elsewhere, now()), &json(200, "{}")).map(drop)),
        ];
        for reply in refused.into_iter().flatten() {
            assert_eq!(reply, Err(RequestError::OtherServer));
        }
    }
    let body = |request: http::Request<Vec<u8>>| String::from_utf8(request.into_body()).unwrap();
    let here = public_client();
    let revoked = [&both, &one].map(|tokens| body(sent(&tokens.revoke(&here, now()))));
    assert!(revoked[0].starts_with("token=tGzv3JOk&token_type_hint=refresh_token"), "{revoked:?}");
    assert!(revoked[1].starts_with("token=2YotnFZF&token_type_hint=access_token"), "{revoked:?}");
    assert!(body(sent(&both.introspect(&here, now()))).starts_with("token=2YotnFZF&token_type_hint=access_token"));
}

/// As a client information response has it, RFC 7591 §3.2.1, with the issuer beside it.
#[test]
fn a_registration_is_kept_as_json_and_authenticates_as_before() {
    let written = [
        json!({"token_endpoint_auth_method": "none"}),
        json!({"client_secret": CLIENT_SECRET}),
        json!({"client_secret": CLIENT_SECRET, "token_endpoint_auth_method": "client_secret_basic"}),
        json!({"client_secret": CLIENT_SECRET, "token_endpoint_auth_method": "client_secret_post"}),
    ];
    let request = |registration: &Registration| written_request(&registration.at(metadata()).unwrap());
    for (registration, members) in registrations().iter().zip(written) {
        let mut expected = json!({"issuer": "https://server.example", "client_id": client_id()});
        expected.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let kept = serde_json::to_value(registration).unwrap();
        assert_eq!(kept, expected);
        let read: Registration = serde_json::from_value(kept).unwrap();
        assert_eq!(request(&read), request(registration));
        assert!(!format!("{registration:?}").contains(CLIENT_SECRET));
    }
}

fn written_request(client: &Client) -> String {
    written(&sent(&client.client_credentials().start(moment_at(grantor::Timestamp(0)))))
}

#[test]
fn what_a_server_answers_to_a_registration_is_read() {
    let read = |members: Value| {
        let mut response =
            json!({"issuer": "https://server.example", "client_id": "s6BhdRkqt3", "client_name": "Print"});
        response.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        serde_json::from_value::<Registration>(response)
    };
    let sends = |members: Value| written_request(&read(members).unwrap().at(metadata()).unwrap());
    let public = sends(json!({}));
    assert!(public.contains("client_id=s6BhdRkqt3") && !public.contains("secret"), "{public}");
    // A secret that nobody asked for is not shown by a client that has no need to.
    assert_eq!(sends(json!({"client_secret": "x", "token_endpoint_auth_method": "none"})), public);
    assert_eq!(sends(json!({"client_secret": null, "token_endpoint_auth_method": null})), public);
    assert!(sends(json!({"client_secret": "x"})).contains("authorization: Basic"));
    // What cannot be done is not guessed at.
    for members in [
        json!({"token_endpoint_auth_method": "client_secret_basic"}),
        json!({"client_secret": "x", "token_endpoint_auth_method": "private_key_jwt"}),
        json!({"client_secret": ""}),
        json!({"client_secret": 1}),
        json!({"issuer": null}),
        json!({"client_id": ""}),
    ] {
        assert!(read(members.clone()).is_err(), "{members}");
    }
}
