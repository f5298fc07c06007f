//! The `oauth2` crate against the reference host.

mod host;

use std::collections::HashMap;

use host::{Host, agent, connect, decide};
use oauth2::basic::{BasicClient, BasicErrorResponseType, BasicTokenResponse};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, DeviceAuthorizationUrl,
    DeviceCodeErrorResponseType, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope, StandardDeviceAuthorizationResponse,
    TokenResponse, TokenUrl,
};
use url::Url;

/// Nobody listens there, and nobody calls.
const CALLBACK: &str = "http://127.0.0.1:49152/callback";

const BASIC: (&str, &str) = ("basic", "3q2-7wAbnM0kRjZ5uX8yTfVhLd1sGc6E");
const RESERVED: (&str, &str) = ("basic & reserved", "50%+50%=100% of a/long:enough&secret");
const POST: (&str, &str) = ("post", "w9KxPz4mQv7tYb2cNf6jRg8hDs3aLe5U");

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

fn client(host: &Host, client_id: &str) -> Client {
    BasicClient::new(ClientId::new(client_id.to_owned()))
        .set_auth_uri(AuthUrl::new(format!("{}/authorize", host.issuer)).unwrap())
        .set_token_uri(TokenUrl::new(format!("{}/token", host.issuer)).unwrap())
        .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).unwrap())
}

fn confidential(host: &Host, (client_id, secret): (&str, &str), presented: AuthType) -> Client {
    client(host, client_id).set_client_secret(ClientSecret::new(secret.to_owned())).set_auth_type(presented)
}

fn clients(host: &Host) -> [Client; 4] {
    [
        client(host, "native"),
        confidential(host, BASIC, AuthType::BasicAuth),
        confidential(host, RESERVED, AuthType::BasicAuth),
        confidential(host, POST, AuthType::RequestBody),
    ]
}

fn http(request: HttpRequest) -> Result<HttpResponse, ureq::Error> {
    let (parts, mut body) = agent().run(request)?.into_parts();
    Ok(HttpResponse::from_parts(parts, body.read_to_vec()?))
}

/// The parameters of an authorization response, `state` and `iss` (RFC 9207) checked; and the verifier of its request.
fn authorize(host: &Host, client: &Client, decision: &str) -> (HashMap<String, String>, PkceCodeVerifier) {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let scopes = ["read", "write"].map(|scope| Scope::new(scope.to_owned()));
    let request = client.authorize_url(CsrfToken::new_random).add_scopes(scopes).set_pkce_challenge(challenge);
    let (url, state) = request.url();
    let response = decide(&url, decision);
    assert!(response.as_str().starts_with(CALLBACK));
    let parameters: HashMap<_, _> = response.query_pairs().into_owned().collect();
    assert_eq!(parameters["state"], *state.secret());
    assert_eq!(parameters["iss"], host.issuer);
    (parameters, verifier)
}

fn redeem(client: &Client, code: &str, verifier: &PkceCodeVerifier) -> Result<BasicTokenResponse, Option<Refused>> {
    let verifier = PkceCodeVerifier::new(verifier.secret().clone());
    let code = AuthorizationCode::new(code.to_owned());
    client.exchange_code(code).set_pkce_verifier(verifier).request(&http).map_err(refused)
}

fn code_flow(host: &Host, client: &Client) -> BasicTokenResponse {
    let (parameters, verifier) = authorize(host, client, "approve");
    redeem(client, &parameters["code"], &verifier).unwrap()
}

fn refresh(client: &Client, token: &RefreshToken) -> Result<BasicTokenResponse, Option<Refused>> {
    client.exchange_refresh_token(token).request(&http).map_err(refused)
}

type Refused = BasicErrorResponseType;

/// The error code of the server's answer; none if it was no answer of OAuth's.
fn refused<E: std::error::Error>(error: RequestTokenError<E, oauth2::basic::BasicErrorResponse>) -> Option<Refused> {
    match error {
        RequestTokenError::ServerResponse(response) => Some(response.error().clone()),
        _ => None,
    }
}

/// Each test runs on both stores.
fn on_each_store(test: impl Fn(&Host)) {
    ["memory", "sqlite"].map(Host::start).iter().for_each(test);
}

#[test]
fn a_client_gets_tokens_for_a_code() {
    on_each_store(|host| {
        for client in clients(host) {
            let tokens = code_flow(host, &client);
            assert_eq!(tokens.scopes().unwrap().len(), 2);
            assert_eq!(tokens.access_token().secret().len(), 44);
        }
    });
}

#[test]
fn a_client_refreshes_and_the_refresh_token_it_used_before_is_refused() {
    on_each_store(|host| {
        for client in clients(host) {
            let first = code_flow(host, &client);
            let first = first.refresh_token().unwrap();
            let second = refresh(&client, first).unwrap();
            let second = second.refresh_token().unwrap();
            assert_ne!(first.secret(), second.secret());
            assert_eq!(refresh(&client, first).unwrap_err(), Some(Refused::InvalidGrant));
            // RFC 9700 §4.14.2: one of the two who used it is a thief, and nobody knows which.
            assert_eq!(refresh(&client, second).unwrap_err(), Some(Refused::InvalidGrant));
        }
    });
}

#[test]
fn a_client_cannot_use_a_code_twice_and_its_tokens_are_dead_once_it_tries() {
    on_each_store(|host| {
        for client in clients(host) {
            let (parameters, verifier) = authorize(host, &client, "approve");
            let tokens = redeem(&client, &parameters["code"], &verifier).unwrap();
            let replay = redeem(&client, &parameters["code"], &verifier);
            assert_eq!(replay.unwrap_err(), Some(Refused::InvalidGrant));
            let refresh = refresh(&client, tokens.refresh_token().unwrap());
            assert_eq!(refresh.unwrap_err(), Some(Refused::InvalidGrant));
        }
    });
}

#[test]
fn a_client_is_told_that_the_person_denied() {
    on_each_store(|host| {
        let (parameters, _) = authorize(host, &client(host, "native"), "deny");
        assert_eq!(parameters["error"], "access_denied");
        assert!(!parameters.contains_key("code"));
    });
}

#[test]
fn a_confidential_client_gets_a_token_for_itself() {
    on_each_store(|host| {
        let [public, confidential @ ..] = clients(host);
        for client in confidential {
            let tokens = client.exchange_client_credentials().add_scope(Scope::new("read".to_owned())).request(&http);
            let tokens = tokens.unwrap();
            assert_eq!(tokens.scopes(), Some(&vec![Scope::new("read".to_owned())]));
            assert!(tokens.refresh_token().is_none());
        }
        let error = public.exchange_client_credentials().request(&http).map_err(refused).unwrap_err();
        assert_eq!(error, Some(Refused::UnauthorizedClient));
    });
}

/// The device polls; when it is to wait for the first time, Alice decides in place of that.
fn poll(host: &Host, decision: &str) -> Vec<Result<BasicTokenResponse, Option<DeviceCodeErrorResponseType>>> {
    let secret = ClientSecret::new("pX3nVd7qRw9zKc5mTy2bHf8jLg4sNa6E".to_owned());
    let clients = [client(host, "frame"), client(host, "kiosk").set_client_secret(secret)];
    let url = DeviceAuthorizationUrl::new(format!("{}/device_authorization", host.issuer)).unwrap();
    let polled = clients.map(|client| {
        let client = client.set_device_authorization_url(url.clone());
        let request = client.exchange_device_code().add_scope(Scope::new("read".to_owned()));
        let device: StandardDeviceAuthorizationResponse = request.request(&http).unwrap();
        assert_eq!(device.interval().as_secs(), 5);
        assert!(device.verification_uri_complete().unwrap().secret().contains(device.user_code().secret()));
        let page = Url::parse(device.verification_uri().as_str()).unwrap();
        let decide = |_| drop(connect(&page, device.user_code().secret(), decision));
        let polled = client.exchange_device_access_token(&device).request(&http, decide, None);
        polled.map_err(|error| match error {
            RequestTokenError::ServerResponse(response) => Some(response.error().clone()),
            _ => None,
        })
    });
    polled.into()
}

#[test]
fn a_device_gets_its_tokens_once_somebody_has_approved() {
    on_each_store(|host| {
        for tokens in poll(host, "approve") {
            let tokens = tokens.unwrap();
            assert_eq!(tokens.scopes().unwrap().len(), 1);
            assert!(tokens.refresh_token().is_some());
        }
    });
}

#[test]
fn a_device_is_told_that_somebody_denied() {
    on_each_store(|host| {
        for refused in poll(host, "deny") {
            assert_eq!(refused.unwrap_err(), Some(DeviceCodeErrorResponseType::AccessDenied));
        }
    });
}
