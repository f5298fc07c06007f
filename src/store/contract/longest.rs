//! The longest values that are valid, and values that a database may misread.

use serde_json::{Value, json};

use super::records::{
    client, credential, grant, issue_as, key, open_as, put_as, put_request, request, request_key, user_code,
};
use super::trial::{Rule, Trial};
use crate::model::{AuthorizationDetails, Claims, ClientId, RedirectUri, Scope, Secret, Subject};
use crate::record::{
    AccessToken, Asked, AuthorizationCode, Client, Credential, CredentialKind, Grant, PendingKind, PendingRequest,
};
use crate::store::{Lookup, RequestKey, Store};

pub(super) fn rules<S: Store>() -> Vec<Rule<S>> {
    vec![
        ("the longest values come back as they were stored", |t| come_back(t, long)),
        ("values that mean something to a database come back as they were stored", |t| come_back(t, strange)),
    ]
}

/// A function that makes a text of exactly this many bytes.
type Text = fn(usize) -> String;

/// Makes a text that no compression makes short enough for an index that is too narrow for it.
fn long(len: usize) -> String {
    let mut state = 0x2545_F491_u32;
    let mut letter = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        char::from(b'a' + u8::try_from(state % 26).unwrap_or(0))
    };
    (0..len).map(|_| letter()).collect()
}

/// Makes a text with quotes, wildcards and the beginnings of SQL parameters.
fn strange(_: usize) -> String {
    "'%_$1?:a;--{}[]()NULL".to_owned()
}

fn come_back<S: Store>(t: &Trial<'_, S>, text: Text) -> bool {
    let client_id = parse(&text(ClientId::MAX_LEN), ClientId::parse);
    let redirect_uri =
        parse(&format!("https://client.example/{}", long(RedirectUri::MAX_LEN - 23)), RedirectUri::parse);
    // A scope cannot have quotes or backslashes, nor its tokens spaces.
    let scope = parse(&text(Scope::MAX_LEN), Scope::parse);
    let put = Client {
        client_id: client_id.clone(),
        scope: scope.clone(),
        redirect_uris: vec![redirect_uri.clone()],
        ..client(0)
    };
    let opened = Grant {
        client_id: client_id.clone(),
        subject: Some(parse(&text(Subject::MAX_LEN), Subject::parse)),
        scope: scope.clone(),
        data: claims(text),
        authorization_details: details(),
        ..grant(1)
    };
    let token = Credential {
        kind: CredentialKind::AccessToken(AccessToken { claims: claims(text), authorization_details: details() }),
        scope: scope.clone(),
        ..credential(1, 1)
    };
    let code = AuthorizationCode { redirect_uri: Some(redirect_uri.clone()), code_challenge: None };
    let code = Credential { kind: CredentialKind::AuthorizationCode(code), scope: scope.clone(), ..credential(1, 2) };
    let plain = request(1, 1);
    let PendingKind::Pushed(pushed) = plain.kind.clone() else { return false };
    let pushed = PendingRequest {
        client_id: client_id.clone(),
        kind: PendingKind::Pushed(crate::record::PushedRequest {
            redirect_uri,
            state: Some(Secret::new(text(8 * 1024))),
            ..pushed
        }),
        asked: Asked { scope, authorization_details: details(), ..plain.asked.clone() },
        ..plain
    };
    let with = |request| Lookup {
        request: Some(request),
        ..Lookup::new(Some(client_id.clone()), [key(1, 1), key(1, 2)]).unwrap_or_default()
    };
    let finds = |request| {
        let found = t.lookup(&with(request));
        let has = |it: &Credential| {
            let found = found.credential(it.key);
            found.is_some_and(|found| *found.credential == *it && *found.grant == opened)
        };
        found.client().is_some_and(|found| **found == put)
            && has(&token)
            && has(&code)
            && found.request(request).is_some_and(|found| *found.request == pushed)
    };
    t.applied([put_as(put.clone())])
        && t.applied([
            open_as(opened.clone()),
            issue_as(token.clone()),
            issue_as(code.clone()),
            put_request(pushed.clone()),
        ])
        && finds(RequestKey::Key(request_key(1, 1)))
        && finds(RequestKey::UserCode(user_code(1, 1)))
        && t.applied([put_request(PendingRequest { revision: 1, ..pushed.clone() })])
}

fn parse<T, E: std::fmt::Display>(text: &str, parse: impl Fn(&str) -> Result<T, E>) -> T {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Makes claims with the most bytes and levels, with a NUL, which PostgreSQL's `jsonb` refuses, and with numbers that a
/// numeric column rounds.
fn claims(text: Text) -> Claims {
    let mut deep = json!(["\u{0}", u64::MAX, 0.1, i64::MIN, 1.0, "\u{10FFFF}"]);
    for _ in 2..Claims::MAX_DEPTH {
        deep = json!([deep]);
    }
    let members = |filler: usize| {
        let members = [("deep", deep.clone()), ("filler", Value::String(long(filler))), ("text", text(100).into())];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<serde_json::Map<_, _>>()
    };
    let len = serde_json::to_string(&members(0)).map_or(0, |json| json.len());
    Claims::new(members(Claims::MAX_LEN - len)).unwrap_or_else(|error| panic!("{error}"))
}

/// Makes authorization details with the most bytes.
fn details() -> AuthorizationDetails {
    let of = |filler: usize| json!([{ "type": "t", "filler": long(filler), "nul": "\u{0}", "half": 0.5 }]).to_string();
    AuthorizationDetails::parse(&of(AuthorizationDetails::MAX_LEN - of(0).len()))
        .unwrap_or_else(|error| panic!("{error}"))
}
