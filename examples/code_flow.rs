//! The whole authorization code flow in memory, with PKCE: `cargo run --example code_flow`.
//!
//! Three parties in one process: a client that asks, a resource owner who approves, and the authorization server in
//! between, driven by the blocking driver. There is no socket; the requests and responses are values.

use std::time::SystemTime;

use grantor::model::{
    ClientId, CodeChallengeMethod, CodeVerifier, GrantType, Issuer, RedirectUri, ResponseType, Scope, Subject,
};
use grantor::record::Client;
use grantor::server::{Approval, AuthorizeReply, Config};
use grantor::store::MemoryStore;
use grantor::{Moment, Server};
use http::{Request, Response, header};

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    // The server: who it is, and which clients it knows.
    let mut client = Client::public(ClientId::parse("photo-printer")?);
    client.redirect_uris = vec![RedirectUri::parse("https://printer.example/callback")?];
    client.grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
    client.response_types = vec![ResponseType::Code];
    client.scope = Scope::parse("photos.read photos.write")?;
    let server = Server::new(Config::new(Issuer::parse("https://photos.example")?))?;
    let store = MemoryStore::new().with_client(client);

    // The client sends the resource owner's browser to the authorization endpoint (RFC 6749 §4.1.1, RFC 7636 §4.3).
    let code_verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = CodeVerifier::parse(code_verifier)?.challenge(CodeChallengeMethod::S256).digest();
    let request = Request::get(format!(
        "/authorize?response_type=code&client_id=photo-printer&state=xyz&scope=photos.read+photos.write\
         &code_challenge={challenge}&code_challenge_method=S256"
    ))
    .body("")?;
    let prompt = match server.authorize(&request, moment()).run(&store) {
        AuthorizeReply::Ask(prompt) => prompt,
        refused => return Err(format!("refused: {:?}", refused.event()).into()),
    };
    println!("{} asks for {}", prompt.recipient.client_id, prompt.asked.scope);

    // The host logs the resource owner in and asks. They approve, but for one of the two.
    let approval = Approval::by(Subject::parse("alice")?).narrowed_to(Scope::parse("photos.read")?);
    let response = prompt.approve(&server, approval, moment()).run(&store).into_http();
    let location = response.headers().get(header::LOCATION).ok_or("no redirect")?.to_str()?;
    println!("{} → {location}", response.status());

    // The client takes the code out of the redirect, and redeems it (RFC 6749 §4.1.3).
    let (_, query) = location.split_once('?').ok_or("no query")?;
    let code = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code").ok_or("no code")?.1;
    let tokens = token(
        &server,
        &store,
        &[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("code_verifier", code_verifier),
            ("client_id", "photo-printer"),
        ],
    )?;
    show("code", &tokens)?;

    // Later, it refreshes (RFC 6749 §6).
    let tokens: serde_json::Value = serde_json::from_slice(tokens.body())?;
    let refresh_token = tokens.get("refresh_token").and_then(|token| token.as_str()).ok_or("no refresh token")?;
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("client_id", "photo-printer")];
    show("refresh", &token(&server, &store, &refresh)?)?;

    // Somebody presents the code again: everything that came of it is revoked (RFC 6749 §4.1.2).
    let replay = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", code_verifier),
        ("client_id", "photo-printer"),
    ];
    show("replay", &token(&server, &store, &replay)?)?;
    show("refresh", &token(&server, &store, &refresh)?)?;
    Ok(())
}

/// One request to the token endpoint.
fn token(server: &Server, store: &MemoryStore, form: &[(&str, &str)]) -> Result<Response<Vec<u8>>, Error> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request =
        Request::post("/token").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)?;
    let reply = server.token(&request, moment()).run(store);
    Ok(reply.into_http())
}

/// The time, and the randomness of one request.
fn moment() -> Moment {
    Moment::new(SystemTime::now(), &mut rand_core::UnwrapErr(getrandom::SysRng))
}

fn show(what: &str, response: &Response<Vec<u8>>) -> Result<(), Error> {
    println!("{what}: {} {}", response.status(), std::str::from_utf8(response.body())?);
    Ok(())
}
