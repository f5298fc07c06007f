//! Records as releases wrote them, kept as text for ever: what was written once is read, what is written now comes back
//! to the byte, and what a later release will write is refused.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test tells its findings by panicking"
)]

use std::fmt::Debug;

use grantor::Timestamp;
use grantor::model::{Acr, Audience, AuthenticationEvent, Resource};
use grantor::record::{
    Client, Credential, CredentialKind, Grant, PendingKind, PendingRequest, RegisteredAuthentication,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

const CLIENT_1: &str = r#"{"version":1,"revision":3,"client_id":"app","client_name":"An app","authentication":{"secret":{"digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","presented":"client_secret_basic"}},"redirect_uris":["https://client.example/cb"],"grant_types":["authorization_code","urn:example:assertion"],"response_types":["code"],"scope":"read write","require_pkce":true,"require_redirect_uri":true,"resource":["https://photos.example/"],"resource_server":["https://photos.example/"]}"#;
const CLIENT_1_PUBLIC: &str = r#"{"version":1,"revision":0,"client_id":"app","authentication":"none","redirect_uris":[],"grant_types":[],"response_types":[],"scope":"","require_pkce":true,"require_redirect_uri":true}"#;
const CLIENT_1_HOST: &str = r#"{"version":1,"revision":0,"client_id":"app","authentication":{"host":{"presented":"either"}},"redirect_uris":[],"grant_types":[],"response_types":[],"scope":"","require_pkce":true,"require_redirect_uri":true}"#;
const CLIENT_2: &str = r#"{"version":2,"revision":3,"client_id":"app","client_name":"An app","authentication":{"secret":{"digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","previous":"BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","presented":"client_secret_basic"}},"redirect_uris":["https://client.example/cb"],"grant_types":["authorization_code","urn:example:assertion"],"response_types":["code"],"scope":"read write","require_pkce":true,"require_redirect_uri":true,"resource":["https://photos.example/"],"resource_server":["https://photos.example/"],"grant_lifetime":86400}"#;
const CLIENT_3: &str = r#"{"version":3,"revision":3,"client_id":"app","client_name":"An app","authentication":{"secret":{"digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","previous":"BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","presented":"client_secret_basic"}},"redirect_uris":["https://client.example/cb"],"grant_types":["authorization_code","urn:example:assertion"],"response_types":["code"],"scope":"read write","require_pkce":true,"require_redirect_uri":true,"require_pushed_authorization_requests":true,"resource":["https://photos.example/"],"authorization_details_types":["payment_initiation"],"resource_server":["https://photos.example/"],"grant_lifetime":86400,"registration":{"access_token":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","issued_at":10,"self_registered":true,"client_uri":"https://client.example/","logo_uri":"https://client.example/logo.png","tos_uri":"https://client.example/terms#top","policy_uri":"https://client.example/policy","contacts":["ve7jtb@example.org"],"software_id":"4NRB1-0XZABZI9E6-5SM3R","software_version":"2.1","localized":{"client_name#fr":"Une application"}}}"#;

const GRANT_1: &str = r#"{"version":1,"id":"AAECAwQFBgcICQoLDA0ODxAR","client_id":"app","subject":"alice","grant_type":"authorization_code","scope":"read write","resource":["https://photos.example/"],"issued_at":10,"auth_time":9,"acr":"urn:example:mfa"}"#;
const GRANT_1_OF_THE_CLIENT: &str = r#"{"version":1,"id":"AAECAwQFBgcICQoLDA0ODxAR","client_id":"app","grant_type":"client_credentials","scope":"read","issued_at":10}"#;
const GRANT_2: &str = r#"{"version":2,"id":"AAECAwQFBgcICQoLDA0ODxAR","client_id":"app","subject":"alice","grant_type":"authorization_code","scope":"read write","resource":["https://photos.example/"],"issued_at":10,"expires_at":5000,"auth_time":9,"acr":"urn:example:mfa","amr":["pwd","otp"],"sid":"session 1","data":{"tenant":"acme"}}"#;
const GRANT_3: &str = r#"{"version":3,"id":"AAECAwQFBgcICQoLDA0ODxAR","client_id":"app","subject":"alice","grant_type":"authorization_code","scope":"read write","resource":["https://photos.example/"],"authorization_details":[{"actions":["initiate"],"amount":"123.50","type":"payment_initiation"}],"issued_at":10,"expires_at":5000,"auth_time":9,"acr":"urn:example:mfa","amr":["pwd","otp"],"sid":"session 1","data":{"tenant":"acme"}}"#;

const CODE_1: &str = r#"{"version":1,"revision":0,"key":{"partition":1,"digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"grant":"AAECAwQFBgcICQoLDA0ODxAR","kind":"authorization_code","redirect_uri":"https://client.example/cb","code_challenge":{"method":"S256","digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"scope":"read","resource":["https://photos.example/"],"issued_at":10,"expires_at":70}"#;
const ACCESS_TOKEN_1: &str = r#"{"version":1,"revision":0,"key":{"partition":1,"digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"grant":"AAECAwQFBgcICQoLDA0ODxAR","kind":"access_token","claims":{"tenant":"acme"},"scope":"read","resource":["https://photos.example/"],"issued_at":10,"expires_at":70}"#;
const ACCESS_TOKEN_2: &str = r#"{"version":2,"revision":0,"key":{"partition":1,"digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"grant":"AAECAwQFBgcICQoLDA0ODxAR","kind":"access_token","claims":{"tenant":"acme"},"authorization_details":[{"actions":["initiate"],"amount":"123.50","type":"payment_initiation"}],"scope":"read","resource":["https://photos.example/"],"issued_at":10,"expires_at":70}"#;
const REFRESH_TOKEN_1: &str = r#"{"version":1,"revision":2,"key":{"partition":1,"digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"grant":"AAECAwQFBgcICQoLDA0ODxAR","kind":"refresh_token","scope":"read","issued_at":10,"expires_at":70}"#;

const REQUEST_1: &str = r#"{"version":1,"revision":0,"key":{"partition":1,"digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"user_code":{"partition":1,"digest":"BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"client_id":"app","kind":"pushed","redirect_uri":"https://client.example/cb","redirect_uri_sent":true,"response_type":"code","present_until":40,"state":"a state","scope":"read","resource":["https://photos.example/"],"code_challenge":{"method":"S256","digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"acr_values":["urn:example:mfa"],"max_age":300,"issued_at":10,"expires_at":70}"#;
const REQUEST_2: &str = r#"{"version":2,"revision":0,"key":{"partition":1,"digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"user_code":{"partition":1,"digest":"BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"client_id":"app","kind":"pushed","redirect_uri":"https://client.example/cb","redirect_uri_sent":true,"response_type":"code","response_mode":"form_post","present_until":40,"state":"a state","scope":"read","resource":["https://photos.example/"],"authorization_details":[{"actions":["initiate"],"amount":"123.50","type":"payment_initiation"}],"code_challenge":{"method":"S256","digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"acr_values":["urn:example:mfa"],"max_age":300,"prompt":["login","consent"],"login_hint":"alice","ui_locales":["de-CH","de"],"issued_at":10,"expires_at":70}"#;
const DEVICE_REQUEST_2: &str = r#"{"version":2,"revision":3,"key":{"partition":1,"digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"user_code":{"partition":1,"digest":"BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"client_id":"tv","kind":"device","interval":10,"polled_at":20,"asked_from":"192.0.2.7","denied":true,"scope":"read","resource":["https://photos.example/"],"issued_at":10,"expires_at":610}"#;

fn read<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap()
}

fn photos() -> Resource {
    Resource::parse("https://photos.example/").unwrap()
}

#[test]
fn a_client_of_version_1_is_read_and_has_no_second_secret_and_no_lifetime_of_its_own() {
    let client: Client = read(CLIENT_1);
    assert_eq!((client.revision, client.client_name.as_deref()), (3, Some("An app")));
    assert_eq!(client.audience, Audience::from(photos()));
    assert_eq!(client.resource_server, Some(vec![photos()]));
    assert_eq!(client.grant_lifetime, None);
    assert!(matches!(client.authentication, RegisteredAuthentication::Secret { previous: None, .. }));
    let public: Client = read(CLIENT_1_PUBLIC);
    assert_eq!((public.audience.clone(), public.is_confidential()), (Audience::Any, false));
    assert!(matches!(read::<Client>(CLIENT_1_HOST).authentication, RegisteredAuthentication::Host { .. }));
}

#[test]
fn a_client_of_version_2_is_read_and_was_registered_by_an_operator_and_need_not_push_its_requests() {
    let client: Client = read(CLIENT_2);
    assert_eq!((client.grant_lifetime, client.require_pushed_authorization_requests), (Some(86400), false));
    assert_eq!((client.registration.is_none(), client.is_self_registered()), (true, false));
    assert_eq!(client.purgeable_since(), None);
    let registered: Client = read(CLIENT_3);
    assert_eq!((registered.is_self_registered(), registered.purgeable_since()), (true, Some(Timestamp(10))));
    let registration = registered.registration.unwrap();
    assert_eq!(registration.in_language("client_name", "FR"), Some("Une application"));
    assert_eq!(registration.in_language("client_uri", "fr"), None);
}

#[test]
fn a_grant_of_version_1_is_read_and_has_no_end_of_its_own_and_no_data() {
    let grant: Grant = read(GRANT_1);
    assert_eq!((grant.expires_at, grant.data.is_empty()), (None, true));
    let acr = Acr::parse("urn:example:mfa").unwrap();
    assert_eq!(grant.authentication, AuthenticationEvent::at(Timestamp(9)).with_acr(acr));
    assert_eq!(grant.audience, Audience::from(photos()));
    let of_the_client: Grant = read(GRANT_1_OF_THE_CLIENT);
    assert_eq!((of_the_client.subject, of_the_client.audience), (None, Audience::Any));
}

#[test]
fn credentials_of_version_1_are_read() {
    let CredentialKind::AuthorizationCode(code) = read::<Credential>(CODE_1).kind else { panic!("a code") };
    assert!(code.redirect_uri.is_some() && code.code_challenge.is_some());
    let CredentialKind::AccessToken(token) = read::<Credential>(ACCESS_TOKEN_1).kind else { panic!("an access token") };
    assert_eq!(token.claims.get("tenant").unwrap(), "acme");
    assert_eq!(read::<Credential>(REFRESH_TOKEN_1).kind, CredentialKind::RefreshToken);
}

/// What a host could still write when claims had no bounds is there, and is not out of service.
#[test]
fn claims_from_before_they_were_bounded_are_read() {
    let long = "x".repeat(grantor::model::Claims::MAX_LEN);
    let CredentialKind::AccessToken(token) = read::<Credential>(&ACCESS_TOKEN_1.replace("acme", &long)).kind else {
        panic!("an access token")
    };
    assert_eq!(token.claims.get("tenant").unwrap(), &long);
}

#[test]
fn a_pushed_request_of_version_1_is_read_and_names_no_response_mode() {
    let request: PendingRequest = read(REQUEST_1);
    let PendingKind::Pushed(pushed) = &request.kind else { panic!("a pushed request") };
    assert_eq!(
        (pushed.response_mode, request.asked.prompt.is_empty(), request.asked.login_hint.as_ref()),
        (None, true, None)
    );
    assert_eq!(pushed.state.as_ref().unwrap().expose(), "a state");
    assert_eq!((request.user_code.is_some(), request.asked.max_age), (true, Some(300)));
}

/// The members of a device's request that it does not always have.
#[test]
fn a_device_that_has_not_polled_is_read() {
    let without = DEVICE_REQUEST_2.replace(r#""polled_at":20,"asked_from":"192.0.2.7","denied":true,"#, "");
    let request: PendingRequest = read(&without);
    let PendingKind::Device(device) = &request.kind else { panic!("a device's request") };
    assert_eq!((device.interval, device.polled_at, device.denied), (10, None, false));
    assert_eq!(serde_json::to_string(&request).unwrap(), without);
}

#[test]
fn older_records_have_no_authorization_details() {
    assert!(read::<Client>(CLIENT_2).authorization_details_types.is_empty());
    assert!(read::<Grant>(GRANT_2).authorization_details.is_empty());
    assert!(read::<PendingRequest>(REQUEST_1).asked.authorization_details.is_empty());
    let CredentialKind::AccessToken(token) = read::<Credential>(ACCESS_TOKEN_1).kind else { panic!("an access token") };
    assert!(token.authorization_details.is_empty());
    assert_eq!(read::<Grant>(GRANT_3).authorization_details[0].detail_type(), "payment_initiation");
}

#[test]
fn what_is_written_now_comes_back_to_the_byte() {
    fn comes_back<T: DeserializeOwned + Serialize>(json: &str) {
        assert_eq!(serde_json::to_string(&read::<T>(json)).unwrap(), json);
    }
    comes_back::<Client>(CLIENT_3);
    comes_back::<Grant>(GRANT_3);
    comes_back::<Credential>(ACCESS_TOKEN_2);
    comes_back::<PendingRequest>(REQUEST_2);
    comes_back::<PendingRequest>(DEVICE_REQUEST_2);
}

#[test]
fn r80_an_older_record_is_written_as_a_new_one_and_says_the_same() {
    fn is_kept<T: DeserializeOwned + Serialize + PartialEq + Debug>(json: &str, current: u16) {
        let record: T = read(json);
        let written = serde_json::to_string(&record).unwrap();
        let (_, rest) = json.split_once(',').unwrap();
        assert_eq!(written, format!(r#"{{"version":{current},{rest}"#));
        assert_eq!(read::<T>(&written), record);
    }
    for client in [CLIENT_1, CLIENT_1_PUBLIC, CLIENT_1_HOST, CLIENT_2] {
        is_kept::<Client>(client, 3);
    }
    for grant in [GRANT_1, GRANT_1_OF_THE_CLIENT, GRANT_2] {
        is_kept::<Grant>(grant, 3);
    }
    for credential in [CODE_1, ACCESS_TOKEN_1, REFRESH_TOKEN_1] {
        is_kept::<Credential>(credential, 2);
    }
    is_kept::<PendingRequest>(REQUEST_1, 2);
}

#[test]
fn r80_a_record_of_a_later_version_is_refused_by_its_number() {
    fn is_refused<T: DeserializeOwned + Debug>(json: &str, current: u16) {
        let (_, rest) = json.split_once(',').unwrap();
        for version in [current + 1, 0, u16::MAX] {
            let error = serde_json::from_str::<T>(&format!(r#"{{"version":{version},{rest}"#)).unwrap_err().to_string();
            let expected = format!("a record of version {version}, this release reads up to version {current}");
            assert!(error.contains(&expected), "{error}");
        }
        assert!(serde_json::from_str::<T>(&format!("{{{rest}")).is_err(), "a record says its version");
    }
    is_refused::<Client>(CLIENT_3, 3);
    is_refused::<Grant>(GRANT_3, 3);
    is_refused::<Credential>(CODE_1, 2);
    is_refused::<PendingRequest>(REQUEST_2, 2);
}

#[test]
fn an_audience_of_nothing_is_refused_and_not_taken_for_an_unrestricted_one() {
    let empty = GRANT_2.replace(r#"["https://photos.example/"]"#, "[]");
    let error = serde_json::from_str::<Grant>(&empty).unwrap_err().to_string();
    assert!(error.contains("an audience of no resource"), "{error}");
}
