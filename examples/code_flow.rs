//! The authorization code flow with PKCE, all parties in one process: `cargo run --example code_flow`.
//!
//! RFC 6749 §4.1, RFC 7636, RFC 8414, RFC 6750. This is the base of the other examples, which show what differs from it
//! and share the rest in `common`. There is no socket: requests and responses are values.

use std::time::SystemTime;

use grantor::client::{AuthorizationRequest, Registration, discover};
use grantor::model::{GrantType, Issuer, Resource, ResponseType, Scope, Subject};
use grantor::record::Client;
use grantor::resource::{Requirement, ResourceServer};
use grantor::server::{Approval, AuthorizeReply, Config};
use grantor::store::MemoryStore;
use grantor::{Answer, Fetch, HttpHost, Moment, Server, Unavailable};
use http::{Request, StatusCode, header};

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The authorization server: who it is, what its tokens are for, and which clients it knows.
    let issuer = Issuer::parse("https://album.example")?;
    let photos = Resource::parse("https://api.album.example/photos")?;
    let mut config = Config::new(issuer.clone());
    config.resources = photos.clone().into();
    let server = Server::new(config)?;

    let mut printer = Client::public("printer".parse()?);
    printer.redirect_uris = vec!["https://printer.example/callback".parse()?];
    printer.grant_types = vec![GrantType::AuthorizationCode];
    printer.response_types = vec![ResponseType::Code];
    printer.scope = Scope::parse("photos.read photos.write")?;
    let store = MemoryStore::new().with_client(printer);

    // What carries a client's requests. An HTTP client sends them; here, the server is called in its place.
    let http = HttpHost(|fetch: &Fetch| -> Answer<Fetch> {
        let request = fetch.request();
        println!("→ {} {}\n  {}", request.method(), request.uri(), String::from_utf8_lossy(request.body()));
        let response = match request.uri().path() {
            "/.well-known/oauth-authorization-server" => server.metadata(request),
            "/token" => server.token(request, moment()).run(&store).into_http(),
            path => return Err(Unavailable::new(format!("there is nothing at {path}"))),
        };
        println!("← {}\n  {}", response.status(), String::from_utf8_lossy(response.body()));
        Ok(response)
    });

    // The client reads the server's metadata (RFC 8414 §3), and sends the browser to the authorization endpoint. It
    // keeps `pending` in the session of that browser.
    let registration = Registration::public(issuer.clone(), "printer".parse()?);
    let client = registration.at(discover(&issuer).run(&http)?)?;
    let request = AuthorizationRequest::new("https://printer.example/callback".parse()?);
    let request = request.scope(Scope::parse("photos.read photos.write")?);
    let (url, pending) = client.begin(request, moment())?;

    // The browser comes to the authorization endpoint (RFC 6749 §4.1.1). The host logs Alice in, and asks her.
    println!("→ GET {url}");
    let request = Request::get(url).body("")?;
    let prompt = match server.authorize(&request, moment()).run(&store) {
        AuthorizeReply::Ask(prompt) => prompt,
        refused => return Err(format!("refused: {:?}", refused.event()).into()),
    };
    println!("  {} asks for {}", prompt.recipient.client_id, prompt.asked.scope);

    // She approves one of the two, and the browser goes back to the client with a code (RFC 6749 §4.1.2).
    let approval = Approval::by(Subject::parse("alice")?).narrowed_to(Scope::parse("photos.read")?);
    let response = prompt.approve(&server, approval, moment()).run(&store).into_http();
    let location = response.headers().get(header::LOCATION).ok_or("no redirect")?.to_str()?;
    println!("← {} {location}", response.status());

    // The client checks the response, and redeems the code at the token endpoint (RFC 6749 §4.1.3, RFC 7636 §4.5).
    let (_, query) = location.split_once('?').ok_or("no query")?;
    let tokens = client.callback(pending, query)?.start(moment()).run(&http)?;
    assert_eq!(tokens.scope(), Some(&Scope::parse("photos.read")?));

    // The API lets the access token through for reading (RFC 6750 §2.1), and for nothing else (§3.1).
    let api = ResourceServer::new(photos);
    let request = Request::get("/photos").header(header::AUTHORIZATION, tokens.authorization()).body("")?;
    let reading = Requirement::scope(Scope::parse("photos.read")?);
    let access = api.check(&request, &reading, SystemTime::now()).run(&store).into_result();
    let access = access.map_err(|refusal| refusal.error().clone())?;
    println!("the photos of {:?}", access.subject());
    assert_eq!(access.subject(), Some("alice"));

    let writing = Requirement::scope(Scope::parse("photos.write")?);
    let Err(refusal) = api.check(&request, &writing, SystemTime::now()).run(&store).into_result() else {
        return Err("nobody approved of writing".into());
    };
    println!("← {:?}", refusal.www_authenticate());
    assert_eq!(refusal.into_http().status(), StatusCode::FORBIDDEN);
    Ok(())
}

/// The time and the randomness of one request.
fn moment() -> Moment {
    Moment::new(SystemTime::now(), &mut rand_core::UnwrapErr(getrandom::SysRng))
}
