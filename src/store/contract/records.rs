//! Records with every field that their kind has, and changes of them.

use std::sync::Arc;

use crate::model::{
    Acr, Amr, Audience, AuthenticationEvent, AuthorizationDetails, Claims, ClientId, CodeChallenge,
    CodeChallengeMethod, CodeVerifier, Digest, GrantId, GrantType, Key, LanguageTag, PageUrl, Partition, PromptValue,
    RedirectUri, Resource, ResponseMode, ResponseType, Scope, Secret, SessionId, Subject, Timestamp,
};
use crate::record::{
    AccessToken, Asked, AuthorizationCode, Client, Credential, CredentialKind, DynamicRegistration, Grant, PendingKind,
    PendingRequest, PushedRequest, RegisteredAuthentication, SecretPresentation, Version,
};
use crate::store::Change;

/// Makes the id of a grant with this number, in the partition with the same number.
pub(super) fn grant_id(number: u16) -> GrantId {
    grant_id_in(number, number)
}

pub(super) fn grant_id_in(partition: u16, number: u16) -> GrantId {
    let mut bytes = [0; 18];
    bytes[..2].copy_from_slice(&partition.to_be_bytes());
    bytes[16..].copy_from_slice(&number.to_be_bytes());
    GrantId::from_bytes(bytes)
}

/// Makes the key of a credential in a grant's partition.
pub(super) fn key(grant: u16, number: u16) -> Key {
    key_of(b'c', grant, number)
}

/// Makes the key of a request.
pub(super) fn request_key(partition: u16, number: u16) -> Key {
    key_of(b'r', partition, number)
}

/// Makes the second key of a request.
pub(super) fn user_code(partition: u16, number: u16) -> Key {
    key_of(b'u', partition, number)
}

/// Makes a key without hashing: there are many of them, and SHA-256 is slow in a debug build.
fn key_of(what: u8, partition: u16, number: u16) -> Key {
    let mut bytes = [what; 32];
    bytes[30..].copy_from_slice(&number.to_be_bytes());
    Key { partition: Partition(partition), digest: Digest::from_bytes(bytes) }
}

pub(super) fn grant(number: u16) -> Grant {
    Grant {
        version: Version,
        id: grant_id(number),
        client_id: client_id("client"),
        subject: Subject::parse("jürgen@example.com").ok(),
        grant_type: GrantType::AuthorizationCode,
        scope: scope(),
        audience: audience(),
        authorization_details: details(),
        issued_at: Timestamp(10),
        expires_at: Some(Timestamp(5000)),
        authentication: AuthenticationEvent {
            auth_time: Some(Timestamp(9)),
            acr: acr().pop(),
            amr: ["pwd", "otp"].iter().filter_map(|method| Amr::parse(method).ok()).collect(),
            sid: SessionId::parse("session 1").ok(),
        },
        data: claims("tenant"),
    }
}

fn acr() -> Vec<Acr> {
    ["urn:example:mfa", "1"].iter().filter_map(|acr| Acr::parse(acr).ok()).collect()
}

fn claims(name: &str) -> Claims {
    let value = serde_json::json!({ "names": ["acme", "Bücher \"&\" mehr", null], "number": -7, "half": 0.5 });
    Claims::new([(name.to_owned(), value)].into_iter().collect()).unwrap_or_default()
}

fn scope() -> Scope {
    Scope::parse("read write").unwrap_or_default()
}

fn details() -> AuthorizationDetails {
    let details =
        r#"[{"type":"payment_initiation","actions":["initiate"],"amount":{"EUR":123.5},"to":"Bücher \"&\""}]"#;
    AuthorizationDetails::parse(details).unwrap_or_default()
}

fn resources() -> Vec<Resource> {
    ["https://photos.example/", "https://mail.example/"].iter().filter_map(|text| Resource::parse(text).ok()).collect()
}

fn audience() -> Audience {
    Audience::only(resources()).unwrap_or_default()
}

fn redirect_uri() -> RedirectUri {
    RedirectUri::parse("https://client.example/cb?x=1").unwrap_or_else(|error| panic!("{error}"))
}

fn code_challenge() -> Option<CodeChallenge> {
    CodeVerifier::parse("v".repeat(43)).ok().map(|verifier| verifier.challenge(CodeChallengeMethod::S256))
}

/// Makes a credential of every kind, with every field of its kind.
pub(super) fn credentials_of_every_kind(grant: u16) -> [Credential; 3] {
    let code = AuthorizationCode { redirect_uri: Some(redirect_uri()), code_challenge: code_challenge() };
    let kinds = [
        (1, CredentialKind::AuthorizationCode(code)),
        (2, CredentialKind::AccessToken(AccessToken { claims: claims("tenant"), authorization_details: details() })),
        (3, CredentialKind::RefreshToken),
    ];
    kinds.map(|(number, kind)| Credential { kind, ..credential(grant, number) })
}

/// Makes an access token.
pub(super) fn credential(grant: u16, number: u16) -> Credential {
    Credential {
        version: Version,
        revision: 0,
        key: key(grant, number),
        grant: grant_id(grant),
        kind: CredentialKind::AccessToken(AccessToken::default()),
        scope: scope(),
        audience: audience(),
        issued_at: Timestamp(10),
        expires_at: Timestamp(1000),
    }
}

/// Makes a pushed request, with a user code so that it has both keys.
pub(super) fn request(partition: u16, number: u16) -> PendingRequest {
    PendingRequest {
        version: Version,
        revision: 0,
        key: request_key(partition, number),
        user_code: Some(user_code(partition, number)),
        client_id: client_id("client"),
        kind: PendingKind::Pushed(PushedRequest {
            redirect_uri: redirect_uri(),
            redirect_uri_sent: true,
            response_type: ResponseType::Code,
            response_mode: Some(ResponseMode::FormPost),
            present_until: Timestamp(70),
            state: Some(Secret::new("a state \"&\" more")),
        }),
        asked: Asked {
            scope: scope(),
            audience: audience(),
            authorization_details: details(),
            code_challenge: code_challenge(),
            acr_values: acr(),
            max_age: Some(u64::MAX),
            prompt: vec![PromptValue::Login, PromptValue::Consent],
            login_hint: Some("j\u{f6}rg \"&\"".to_owned()),
            ui_locales: LanguageTag::parse_values("de-CH de"),
        },
        issued_at: Timestamp(10),
        expires_at: Timestamp(1000),
    }
}

pub(super) fn client(revision: u32) -> Client {
    let authentication = RegisteredAuthentication::Secret {
        digest: Digest::of("secret"),
        previous: Some(Digest::of("the secret before")),
        presented: SecretPresentation::Either,
    };
    Client {
        revision,
        client_name: Some("Ein Programm".to_owned()),
        authentication,
        redirect_uris: vec![redirect_uri()],
        grant_types: vec![GrantType::AuthorizationCode, GrantType::Extension("urn:example:assertion".into())],
        response_types: vec![ResponseType::Code, ResponseType::Token],
        scope: scope(),
        authorization_details_types: vec!["payment_initiation".to_owned(), "https://example.com/Ä".to_owned()],
        require_pkce: false,
        require_pushed_authorization_requests: true,
        audience: audience(),
        resource_server: Some(resources()),
        grant_lifetime: Some(u64::MAX),
        registration: Some(registration()),
        ..Client::public(client_id("client"))
    }
}

/// Makes the registration of a client that an initial access token vouched for.
pub(super) fn registration() -> DynamicRegistration {
    let page = |path: &str| PageUrl::parse(&format!("https://client.example/{path}#top")).ok();
    DynamicRegistration {
        access_token: Some(Digest::of("the registration access token")),
        issued_at: Timestamp(10),
        is_self_registered: false,
        client_uri: page(""),
        logo_uri: page("logo.png"),
        tos_uri: page("terms"),
        policy_uri: page("policy"),
        contacts: vec!["jürgen@example.com".to_owned()],
        software_id: Some("4NRB1-0XZABZI9E6-5SM3R".to_owned()),
        software_version: Some("2.1".to_owned()),
        localized: [("client_name#ja-Jpan-JP".to_owned(), "クライアント名".to_owned())].into(),
    }
}

pub(super) fn client_id(text: &str) -> ClientId {
    ClientId::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn open(number: u16) -> Change {
    open_as(grant(number))
}

/// Opens another grant in a partition.
pub(super) fn open_in(partition: u16, number: u16) -> Change {
    open_as(Grant { id: grant_id_in(partition, number), ..grant(number) })
}

pub(super) fn open_as(grant: Grant) -> Change {
    open_until(grant, 1000)
}

pub(super) fn open_until(grant: Grant, until: u64) -> Change {
    Change::Open { grant: Arc::new(grant), until: Timestamp(until) }
}

pub(super) fn issue(grant: u16, number: u16) -> Change {
    issue_as(credential(grant, number))
}

/// Issues a credential of another grant in a partition.
pub(super) fn issue_in(partition: u16, grant: u16, number: u16) -> Change {
    issue_as(Credential { grant: grant_id_in(partition, grant), ..credential(partition, number) })
}

pub(super) fn issue_as(credential: Credential) -> Change {
    Change::Issue(Arc::new(credential))
}

pub(super) fn spend(grant: u16, number: u16, at: u64) -> Change {
    Change::Spend { key: key(grant, number), at: Timestamp(at) }
}

/// Counts a use of a credential that was spent at this time or later.
pub(super) fn spent_since(grant: u16, number: u16, since: u64) -> Change {
    reuse(grant, number, (since, u64::MAX), u32::MAX)
}

/// Counts a use, one of at most `at_most`, of a credential that was spent within these times.
pub(super) fn reuse(grant: u16, number: u16, (since, until): (u64, u64), at_most: u32) -> Change {
    Change::Reuse { key: key(grant, number), since: Timestamp(since), until: Timestamp(until), at_most }
}

pub(super) fn extend(grant: u16, until: u64) -> Change {
    extend_at_most(grant, until, u32::MAX)
}

/// Extends a grant if it holds fewer than `at_most` credentials.
pub(super) fn extend_at_most(grant: u16, until: u64, at_most: u32) -> Change {
    Change::Extend { grant: grant_id(grant), until: Timestamp(until), at_most }
}

pub(super) fn replace(grant: u16, number: u16, revision: u32) -> Change {
    replace_as(Credential { revision, ..credential(grant, number) })
}

pub(super) fn replace_as(credential: Credential) -> Change {
    Change::Replace(Arc::new(credential))
}

pub(super) fn revoke(grant: u16) -> Change {
    Change::Revoke(grant_id(grant))
}

pub(super) fn discard(grant: u16, number: u16) -> Change {
    Change::Discard(key(grant, number))
}

pub(super) fn put_request(request: PendingRequest) -> Change {
    Change::PutRequest(Arc::new(request))
}

pub(super) fn spend_request(partition: u16, number: u16, at: u64) -> Change {
    Change::SpendRequest { key: request_key(partition, number), at: Timestamp(at) }
}

pub(super) fn witness(partition: u16, number: u16) -> Change {
    witness_until(partition, number, 1000)
}

pub(super) fn witness_until(partition: u16, number: u16, until: u64) -> Change {
    Change::Witness { key: key_of(b'w', partition, number), until: Timestamp(until) }
}

pub(super) fn put(revision: u32) -> Change {
    put_as(client(revision))
}

pub(super) fn put_as(client: Client) -> Change {
    Change::PutClient(Arc::new(client))
}

pub(super) fn remove(revision: u32) -> Change {
    Change::RemoveClient { client_id: client_id("client"), revision }
}
