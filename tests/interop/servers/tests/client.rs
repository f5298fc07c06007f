//! grantor's client against servers that others wrote.

mod server;

use std::thread;
use std::time::{Duration, SystemTime};

use grantor::client::{
    AuthorizationRequest, CallbackError, Client, Device, DiscoverError, Introspection, Polled, Registration,
    RequestError, SharedTokens, TokenRequest, TokenSet, TokenTypeHint, discover,
};
use grantor::model::{Issuer, RedirectUri, Resource, Scope, Secret};
use grantor::{Moment, Timestamp};
use server::{AUTHLIB, Decision, HTTP, PROVIDER, clients, confidential_clients, decide};
use url::Url;

fn now() -> Timestamp {
    SystemTime::now().into()
}

fn scope() -> Scope {
    Scope::parse("read write").unwrap()
}

/// oidc-provider issues tokens of these scopes for a resource only; Authlib ignores it.
fn photos() -> Resource {
    Resource::parse("https://photos.example/").unwrap()
}

fn moment() -> Moment {
    moment_at(now())
}

fn moment_at(now: Timestamp) -> Moment {
    Moment::try_new(now, &mut getrandom::SysRng).unwrap()
}

fn authorization_request() -> AuthorizationRequest {
    // Nobody listens there, and nobody calls.
    let callback = RedirectUri::parse("http://127.0.0.1:49152/callback").unwrap();
    AuthorizationRequest::new(callback).scope(scope()).resource(photos())
}

/// The token request that a decided authorization request leads to.
fn authorize(client: &Client, decision: Decision) -> Result<TokenRequest<'_>, CallbackError> {
    let (url, pending) = client.begin(authorization_request(), moment()).unwrap();
    let response = decide(&url, decision).expect("the decision leads back to the client");
    client.callback(pending, response.query().unwrap())
}

fn redeem(request: TokenRequest<'_>) -> Result<TokenSet, RequestError> {
    request.start(moment()).run(&HTTP)
}

fn code_flow(client: &Client) -> TokenSet {
    redeem(authorize(client, Decision::Approve).unwrap()).unwrap()
}

fn refresh(client: &Client, tokens: &TokenSet) -> Result<TokenSet, RequestError> {
    redeem(tokens.refresh(client).unwrap())
}

fn introspect(client: &Client, token: &Secret<'_>) -> Option<Introspection> {
    client.introspect(token, None, moment()).run(&HTTP).unwrap()
}

/// The `error` of a refusal.
fn refused<T: std::fmt::Debug>(reply: Result<T, RequestError>) -> String {
    let error = reply.unwrap_err();
    error.code().unwrap_or_else(|| panic!("a refusal, not {error}")).to_owned()
}

#[test]
fn metadata_is_found_where_a_server_has_it() {
    for server in [&*PROVIDER, &*AUTHLIB] {
        let metadata = &server.metadata;
        assert!(metadata.authorization_endpoint.is_some());
        assert!(metadata.device_authorization_endpoint.is_some());
        assert!(metadata.authorization_response_iss_parameter_supported);
        let elsewhere = format!("{}/elsewhere", metadata.issuer.as_str());
        let reply = discover(&Issuer::parse(&elsewhere).unwrap()).run(&HTTP);
        assert!(matches!(reply, Err(DiscoverError::Request(RequestError::Unusable { status, .. })) if status == 404));
    }
}

#[test]
fn metadata_of_another_issuer_is_not_used() {
    let issuer = PROVIDER.metadata.issuer.as_str();
    let by_another_name = Issuer::parse(&issuer.replace("127.0.0.1", "localhost")).unwrap();
    let reply = discover(&by_another_name).run(&HTTP);
    assert!(matches!(reply, Err(DiscoverError::OtherIssuer(other)) if other.as_str() == issuer));
}

#[test]
fn a_client_gets_tokens_for_a_code() {
    for client in clients() {
        let tokens = code_flow(&client);
        assert_eq!(tokens.scope(), Some(&scope()));
        assert!(tokens.expires_at().unwrap() > now());
        assert!(!tokens.needs_refresh(now()));
        assert!(tokens.refresh_token().is_some());
    }
}

#[test]
fn a_client_is_told_that_the_person_denied() {
    for client in clients() {
        let error = authorize(&client, Decision::Deny).unwrap_err();
        assert!(matches!(&error, CallbackError::Refused(refusal) if refusal.error == "access_denied"), "{error}");
    }
}

#[test]
fn a_code_is_refused_the_second_time() {
    for client in clients() {
        let request = authorize(&client, Decision::Approve).unwrap();
        let replay = request.clone();
        let _tokens = redeem(request).unwrap();
        assert_eq!(refused(redeem(replay)), "invalid_grant");
    }
}

#[test]
fn a_response_that_is_not_the_pending_one_s_is_refused() {
    let [provider, authlib] = [&PROVIDER, &AUTHLIB].map(|server| server.client("native", None, "none"));
    let (url, pending) = provider.begin(authorization_request(), moment()).unwrap();
    let (_, other) = provider.begin(authorization_request(), moment()).unwrap();
    let response = decide(&url, Decision::Approve).unwrap();
    let query = response.query().unwrap();
    assert_eq!(provider.callback(other, query).unwrap_err(), CallbackError::StateMismatch);
    // RFC 9207: the response is as Authlib would word it, and the browser brings it to the client of oidc-provider.
    let swapped: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(response.query_pairs().filter(|(name, _)| name != "iss"))
        .append_pair("iss", authlib.server().issuer.as_str())
        .finish();
    assert_eq!(provider.callback(pending, &swapped).unwrap_err(), CallbackError::IssuerMismatch);
}

#[test]
fn a_client_refreshes_and_the_refresh_token_it_used_before_is_refused() {
    for client in clients() {
        let first = code_flow(&client);
        let second = refresh(&client, &first).unwrap();
        assert_eq!(second.scope(), Some(&scope()));
        let third = refresh(&client, &second).unwrap();
        let used = [&first, &second, &third].map(|tokens| tokens.refresh_token().unwrap().expose());
        assert!(used[0] != used[1] && used[1] != used[2]);
        assert_eq!(refused(refresh(&client, &first)), "invalid_grant");
    }
}

#[test]
fn threads_that_share_tokens_refresh_them_once() {
    for client in clients() {
        let worn = code_flow(&client);
        let then = worn.expires_at().unwrap().after(Duration::from_secs(1));
        let refresh_token = worn.refresh_token().unwrap().expose().to_owned();
        let tokens = SharedTokens::new(worn);
        // Were it refreshed twice, the server would take the second for a thief.
        let fresh = thread::scope(|scope| {
            let threads = [(); 8].map(|()| scope.spawn(|| tokens.get(&client, moment_at(then), &HTTP).unwrap()));
            threads.map(|thread| thread.join().unwrap())
        });
        let access_token = fresh[0].access_token().expose();
        assert!(fresh.iter().all(|tokens| tokens.access_token().expose() == access_token));
        assert_ne!(fresh[0].refresh_token().unwrap().expose(), refresh_token);
        assert!(refresh(&client, &fresh[0]).is_ok());
    }
}

#[test]
fn a_client_gets_a_token_for_itself_and_gives_it_up() {
    for client in confidential_clients() {
        let request = client.client_credentials().scope(Scope::parse("read").unwrap()).resource(photos());
        let tokens = redeem(request).unwrap();
        assert_eq!(tokens.scope().map(Scope::as_str), Some("read"));
        assert!(tokens.refresh_token().is_none());
        let told = introspect(&client, tokens.access_token()).unwrap();
        assert_eq!(told.client_id.as_deref(), Some(client.client_id().as_str()));
        assert_eq!(told.scope.as_ref(), tokens.scope());
        assert_eq!(told.iss.as_deref(), Some(client.server().issuer.as_str()));
        assert!(told.exp.unwrap() > now());
        client.revoke(tokens.access_token(), Some(TokenTypeHint::AccessToken), moment()).run(&HTTP).unwrap();
        assert_eq!(introspect(&client, tokens.access_token()), None);
    }
}

#[test]
fn a_client_gives_up_a_grant() {
    for client in clients() {
        let tokens = code_flow(&client);
        let refresh_token = tokens.refresh_token().unwrap();
        client.revoke(refresh_token, Some(TokenTypeHint::RefreshToken), moment()).run(&HTTP).unwrap();
        assert_eq!(refused(refresh(&client, &tokens)), "invalid_grant");
        // RFC 7009 §2.2: "invalid tokens do not cause an error response".
        client.revoke(refresh_token, None, moment()).run(&HTTP).unwrap();
        client.revoke(&Secret::new("never issued"), None, moment()).run(&HTTP).unwrap();
    }
}

#[test]
fn a_token_that_was_given_up_or_never_issued_is_not_active() {
    for client in confidential_clients() {
        let tokens = code_flow(&client);
        let told = introspect(&client, tokens.access_token()).unwrap();
        assert!(told.sub.is_some());
        client.revoke(tokens.refresh_token().unwrap(), None, moment()).run(&HTTP).unwrap();
        assert_eq!(introspect(&client, tokens.access_token()), None);
        assert_eq!(introspect(&client, &Secret::new("never issued")), None);
    }
}

#[test]
fn a_wrong_secret_is_refused() {
    for server in [&*PROVIDER, &*AUTHLIB] {
        for (id, method) in [("basic", "client_secret_basic"), ("post", "client_secret_post")] {
            let client = server.client(id, Some("wrong"), method);
            assert_eq!(refused(redeem(client.client_credentials())), "invalid_client");
            let token = Secret::new("never issued");
            assert_eq!(refused(client.revoke(&token, None, moment()).run(&HTTP)), "invalid_client");
            assert_eq!(refused(client.introspect(&token, None, moment()).run(&HTTP)), "invalid_client");
            assert_eq!(refused(client.authorize_device().start(moment()).run(&HTTP)), "invalid_client");
        }
    }
}

#[test]
fn a_scope_that_is_not_to_be_had_is_refused() {
    for server in [&*PROVIDER, &*AUTHLIB] {
        let client = server.client("native", None, "none");
        let request = authorize(&client, Decision::Approve).unwrap();
        let tokens = redeem(request).unwrap();
        let more = tokens.refresh(&client).unwrap().scope(Scope::parse("read write admin").unwrap());
        assert_eq!(refused(redeem(more)), "invalid_scope");
    }
}

fn authorize_device(client: &Client) -> Device {
    client.authorize_device().scope(scope()).resource(photos()).start(moment()).run(&HTTP).unwrap()
}

/// Polls as soon as the client may, without a wait: time is an argument.
fn poll(client: &Client, device: &Device) -> Polled {
    client.poll(device, moment_at(device.poll_at())).run(&HTTP).unwrap()
}

fn pending(polled: Polled) -> Device {
    let Polled::Pending(device) = polled else { panic!("the person has not decided, but {polled:?}") };
    device
}

#[test]
fn a_device_gets_tokens_once_the_person_approves() {
    for client in clients() {
        let device = authorize_device(&client);
        assert!(device.expires_at() > now());
        assert!(decidable(&device).contains(device.user_code()));
        let device = pending(poll(&client, &device));
        assert_eq!(decide(&decidable(&device), Decision::Approve), None);
        let Polled::Tokens(tokens) = poll(&client, &device) else { panic!("the person approved") };
        assert_eq!(tokens.scope(), Some(&scope()));
        assert_ne!(refresh(&client, &tokens).unwrap().access_token().expose(), tokens.access_token().expose());
    }
}

#[test]
fn a_device_is_told_that_the_person_denied() {
    for client in clients() {
        let device = pending(poll(&client, &authorize_device(&client)));
        assert_eq!(decide(&decidable(&device), Decision::Deny), None);
        assert!(matches!(poll(&client, &device), Polled::Denied));
    }
}

#[test]
fn a_device_that_polls_too_often_slows_down() {
    let client = AUTHLIB.client("native", None, "none");
    let device = pending(poll(&client, &authorize_device(&client)));
    let begun = device.poll_at();
    let device = pending(poll(&client, &device));
    assert_eq!(device.poll_at(), begun.after(Duration::from_secs(10)), "5 seconds, and 5 more");
}

/// The page that knows the user code already.
fn decidable(device: &Device) -> String {
    device.verification_uri_complete().unwrap().to_owned()
}

#[test]
fn a_client_gets_tokens_for_a_password_and_refreshes_them() {
    let client = AUTHLIB.client("password", Some("Zt5rHc8nXw2kMq9vBj4pLy7sFd3gTa6E"), "client_secret_basic");
    let ask = |password| redeem(client.password("alice", &Secret::new(password)).scope(scope()));
    let tokens = ask("correct horse battery staple").unwrap();
    assert_eq!(tokens.scope(), Some(&scope()));
    assert!(refresh(&client, &tokens).is_ok());
    assert_eq!(refused(ask("wrong")), "invalid_grant");
}

/// An implicit request's answer, and what the server says of its own answers.
fn implicit(client: &Client, decision: Decision) -> Result<TokenSet, CallbackError> {
    let (url, pending) = client.begin_implicit(authorization_request(), moment()).unwrap();
    let response: Url = decide(&url, decision).unwrap();
    client.callback_implicit(pending, response.fragment().unwrap(), now())
}

#[test]
fn an_implicit_response_without_the_iss_that_was_promised_is_refused() {
    // Authlib has it in the query of the redirection URI, where the other parameters are not.
    let client = AUTHLIB.client("implicit", None, "none");
    assert_eq!(implicit(&client, Decision::Approve).unwrap_err(), CallbackError::IssuerMissing);
}

#[test]
fn a_client_gets_a_token_in_the_fragment() {
    let mut metadata = AUTHLIB.metadata.clone();
    metadata.authorization_response_iss_parameter_supported = false;
    let client_id = AUTHLIB.client("implicit", None, "none").client_id().clone();
    let client = Registration::public(metadata.issuer.clone(), client_id).at(metadata).unwrap();
    let tokens = implicit(&client, Decision::Approve).unwrap();
    assert_eq!(tokens.scope(), Some(&scope()));
    assert!(tokens.expires_at().unwrap() > now());
    let error = implicit(&client, Decision::Deny).unwrap_err();
    assert!(matches!(&error, CallbackError::Refused(refusal) if refusal.error == "access_denied"), "{error}");
}
