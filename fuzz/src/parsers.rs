//! Every parser that takes text from outside. What is taken can be written again, and reads as the same.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use grantor::client::{Authentication, Challenge, Registration};
use grantor::model::{
    Acr, AuthorizationDetails, ClientId, CodeChallenge, CodeChallengeMethod, CodeVerifier, Endpoint, GrantId,
    GrantType, Issuer, Key, Metadata, RedirectUri, Resource, ResourceMetadata, Scope, Secret, Subject, UserCode,
};
use grantor::resource::{Config, Requirement, ResourceServer};
use grantor::server::{
    self, ClientAuthentication, ClientAuthenticationMethod, ClientIdMetadataDocumentConfig, MAX_DOCUMENT_LEN,
};
use grantor::{BasicCredentials, Moment, Server, Step, Timestamp};
use http::{HeaderMap, HeaderValue, Request, Response, Uri, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::{Host, Url};

use crate::common::Counter;
use crate::{jose, records};

/// The input is a text. Where two are needed, they are its first line and the rest.
pub fn parsers(input: &[u8]) {
    challenge(input);
    let Ok(text) = std::str::from_utf8(input) else { return };
    names(text);
    urls(text);
    scope(text);
    pkce(text);
    keys(text);
    details(text);
    user_code(text);
    records::records(text);
    jose::jose(text);
    let _ = BasicCredentials::parse(text);
    if let Some((first, rest)) = text.split_once('\n') {
        redirect(first, rest);
        basic(first, rest);
        asked_for(first, rest);
        document(first, rest);
    }
}

/// A client identifier, and the document at it: whatever makes a client makes a public one, at a URL of https.
fn document(client_id: &str, body: &str) {
    let Ok(client_id) = ClientId::parse(client_id) else { return };
    let mut config = server::Config::new(Issuer::parse("https://server.example").unwrap());
    config.client_id_metadata_documents = Some(ClientIdMetadataDocumentConfig::default());
    let response = Response::builder().header(header::CONTENT_TYPE, "application/json");
    let response = response.body(body.as_bytes().to_vec()).unwrap();
    let Ok(client) = Server::new(config).unwrap().client_of_document(&client_id, &response) else { return };
    assert!(client.client_id == client_id && !client.is_confidential() && client.is_self_registered());
    assert!(client.require_pkce && client.scope.is_empty() && body.len() <= MAX_DOCUMENT_LEN);
    let url = Url::parse(client_id.as_str()).unwrap();
    assert!(url.scheme() == "https" && url.username().is_empty() && url.password().is_none());
    assert!(url.fragment().is_none());
}

/// A type that is a text of some syntax: written, it is that text, and serde agrees with `parse`.
fn is_text<T>(text: &str) -> Option<T>
where
    T: FromStr<Err: Debug> + Display + Debug + PartialEq + Serialize + DeserializeOwned,
{
    let parsed = text.parse::<T>().ok();
    let json = serde_json::Value::from(text);
    assert_eq!(serde_json::from_value(json.clone()).ok(), parsed);
    if let Some(parsed) = &parsed {
        assert_eq!(parsed.to_string(), text);
        assert_eq!(serde_json::to_value(parsed).unwrap(), json);
    }
    parsed
}

fn names(text: &str) {
    let lengths = [
        is_text::<ClientId>(text).map(|_| ClientId::MAX_LEN),
        is_text::<Subject>(text).map(|_| Subject::MAX_LEN),
        is_text::<Resource>(text).map(|_| Resource::MAX_LEN),
        is_text::<Acr>(text).map(|_| Acr::MAX_LEN),
        is_text::<GrantType>(text).map(|_| 255),
        is_text::<RedirectUri>(text).map(|_| RedirectUri::MAX_LEN),
    ];
    assert!(lengths.into_iter().flatten().all(|most| text.len() <= most));
}

/// What is taken is written as JSON that is taken again, covers itself, and is what any reader of JSON reads.
fn details(text: &str) {
    let Ok(details) = text.parse::<AuthorizationDetails>() else { return };
    let written = details.to_string();
    assert!(text.len() <= AuthorizationDetails::MAX_LEN && written.len() <= AuthorizationDetails::MAX_LEN);
    assert!(details.len() <= AuthorizationDetails::MAX_COUNT && details.cover(&details));
    assert_eq!(written.parse::<AuthorizationDetails>().as_ref(), Ok(&details));
    let read: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_value(&details).unwrap(), read);
    let all: Vec<usize> = (0..details.len()).collect();
    assert_eq!(details.at(&all), details);
}

fn urls(text: &str) {
    let is_safe = |url: &Url| url.scheme() == "https" || is_loopback(url);
    let endpoint = is_text::<Endpoint>(text);
    if endpoint.is_some() {
        let url = Url::parse(text).unwrap();
        assert!(is_safe(&url) && url.fragment().is_none() && url.username().is_empty());
        // Whoever sends a request reads it in this way. An address has several forms, and a name may be
        // percent-encoded.
        let uri = Uri::try_from(text).ok().filter(|_| matches!(url.host(), Some(Host::Domain(_))));
        if let Some(host) = uri.as_ref().and_then(Uri::host).filter(|host| !host.contains('%')) {
            assert_eq!(url.host_str(), Some(host.to_ascii_lowercase().as_str()));
        }
    }
    if let Some(issuer) = is_text::<Issuer>(text) {
        assert!(endpoint.is_some() && Url::parse(text).unwrap().query().is_none());
        let metadata = Metadata::new(issuer);
        let json = serde_json::to_string(&metadata).unwrap();
        assert_eq!(serde_json::from_str::<Metadata>(&json).unwrap(), metadata);
    }
    if let Some(url) = is_text::<Resource>(text).and_then(|resource| ResourceMetadata::url(&resource)) {
        let (url, resource) = (Url::parse(url.as_str()).unwrap(), Url::parse(text).unwrap());
        assert_eq!(url.origin(), resource.origin(), "metadata is the resource's own");
    }
}

fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"))
}

/// What is typed is the code that is shown, however it is typed.
fn user_code(text: &str) {
    let Ok(user_code) = UserCode::parse(text) else { return };
    let shown = user_code.to_string();
    assert_eq!(UserCode::parse(&shown).as_ref(), Ok(&user_code));
    assert_eq!(UserCode::parse(&text.to_ascii_lowercase()).unwrap().key(), user_code.key());
    assert!(shown.len() == 9 && !format!("{user_code:?}").contains(&shown));
}

/// A requested URI is the registered one, but for the port where that is of a loopback host (RFC 9700 §4.1.3).
fn redirect(registered: &str, requested: &str) {
    let Ok(registered) = RedirectUri::parse(registered) else { return };
    assert_eq!(registered.matches(registered.as_str()).as_ref(), Some(&registered));
    let Some(matched) = registered.matches(requested) else { return };
    assert_eq!(matched.as_str(), requested);
    assert_eq!(RedirectUri::parse(requested).as_ref(), Ok(&matched));
    let (mut own, mut other) = (Url::parse(registered.as_str()).unwrap(), Url::parse(requested).unwrap());
    if own != other {
        assert!(is_loopback(&own));
        own.set_port(None).unwrap();
        other.set_port(None).unwrap();
    }
    assert_eq!(own, other);
}

fn scope(text: &str) {
    let Ok(scope) = Scope::parse(text) else { return };
    let tokens: Vec<_> = scope.tokens().collect();
    assert_eq!(Scope::parse(scope.as_str()).unwrap().as_str(), scope.as_str());
    assert_eq!(tokens.join(" "), scope.as_str());
    assert!(scope.as_str().len() <= text.len().min(Scope::MAX_LEN));
    assert!(text.split(' ').filter(|token| !token.is_empty()).all(|token| scope.contains(token)));
    let reversed: Vec<_> = tokens.iter().rev().copied().collect();
    assert_eq!(Scope::parse(&reversed.join(" ")).unwrap(), scope);
    let half = Scope::parse(&tokens[..tokens.len() / 2].join(" ")).unwrap();
    assert!(half.is_subset(&scope) && scope.intersection(&half) == half);
    assert!(half == scope || !scope.is_subset(&half));
}

fn pkce(text: &str) {
    let plain = CodeChallenge::parse(text, CodeChallengeMethod::Plain);
    let verifier = CodeVerifier::parse(text);
    assert_eq!(verifier.is_ok(), plain.is_ok());
    if let Ok(verifier) = verifier {
        assert_eq!(plain.unwrap(), verifier.challenge(CodeChallengeMethod::Plain));
        let challenge = verifier.challenge(CodeChallengeMethod::S256);
        assert_eq!(CodeChallenge::parse(&challenge.digest().to_string(), CodeChallengeMethod::S256), Ok(challenge));
    }
    if let Ok(challenge) = CodeChallenge::parse(text, CodeChallengeMethod::S256) {
        assert_eq!(challenge.digest().to_string(), text);
    }
}

fn keys(text: &str) {
    if let Ok(id) = GrantId::parse(text) {
        assert_eq!(id.to_string(), text);
    }
    if Key::of(text).is_some() {
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        assert!(text.len() == Key::TOKEN_LEN && text.bytes().all(is_base64url));
    }
}

/// What the client writes into `Authorization: Basic`, the server reads.
fn basic(client_id: &str, client_secret: &str) {
    let Ok(client_id) = ClientId::parse(client_id) else { return };
    let mut server = Metadata::new(Issuer::parse("https://server.example").unwrap());
    server.token_endpoint = Some(Endpoint::parse("https://server.example/token").unwrap());
    let registration = Registration::public(server.issuer.clone(), client_id.clone());
    for authentication in [Authentication::Basic, Authentication::Post] {
        let authentication = authentication(Secret::new(client_secret.to_owned()));
        let client = registration.clone().authenticated_by(authentication).at(server.clone()).unwrap();
        let Step::Fetch(pause) = client.client_credentials().start(Moment::new(Timestamp(0), &mut Counter(7))) else {
            panic!("nothing is sent")
        };
        let request = grantor::Pause::effect(&pause).request();
        match ClientAuthentication::of(request) {
            Ok(read) => {
                assert_eq!(read.client_id, client_id);
                let secret = match &read.method {
                    ClientAuthenticationMethod::ClientSecretBasic(secret) => secret.as_ref(),
                    ClientAuthenticationMethod::ClientSecretPost(secret) => Some(secret),
                    _ => None,
                };
                assert_eq!(secret.map_or("", Secret::expose), client_secret);
            }
            // RFC 6749 appendix A.2: `client-secret = *VSCHAR`
            Err(_) => assert!(client_secret.bytes().any(|byte| !(0x20..=0x7E).contains(&byte))),
        }
    }
}

/// A challenge from anywhere is no longer than its header, each byte of which may be a character of Latin-1.
fn challenge(input: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(input) else { return };
    let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, value)]);
    let Some(challenge) = Challenge::of(&headers) else { return };
    let texts = [challenge.error, challenge.error_description, challenge.realm, challenge.acr_values];
    let mut texts = texts.into_iter().flatten().chain(challenge.parameters.into_values());
    assert!(texts.all(|text| text.len() <= 2 * input.len() + 8));
}

/// What a resource server asks for, the client reads, whatever the realm.
fn asked_for(scope: &str, realm: &str) {
    let Ok(scope) = Scope::parse(scope) else { return };
    let mut config = Config::new(Resource::parse("https://api.example/photos").unwrap());
    realm.clone_into(&mut config.realm);
    let server = ResourceServer::new(config);
    let requirement = Requirement::scope(scope.clone());
    let Step::Done(reply) = server.check(&Request::new(""), &requirement, Timestamp(0)) else {
        panic!("a token was found in an empty request")
    };
    let response = reply.into_result().unwrap_err().into_http();
    let challenge = Challenge::of(response.headers()).unwrap();
    assert_eq!(challenge.scope, Some(scope).filter(|scope| !scope.is_empty()));
    assert_eq!(challenge.resource_metadata, server.config().resource_metadata);
}
