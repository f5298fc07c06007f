//! A service that acts for itself, with reqwest: it finds the server's metadata, asks for a token, calls an API with
//! it, and gives the token back.
//!
//! `CLIENT_SECRET=… cargo run -p adapters --bin client-reqwest -- --loopback http://127.0.0.1:8080`
//!
//! How grantor reaches a server through reqwest is in `examples/outgoing`: copy it from there.

use std::env;
use std::error::Error;
use std::time::SystemTime;

use grantor::client::{Registration, TokenTypeHint, discover};
use grantor::model::{ClientId, Issuer, Scope, Secret};
use grantor::{HttpHost, Moment};
use http::header;
use outgoing::{Guard, Reqwest};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1).peekable();
    // In production no request goes to an address that is not public.
    let guard = match arguments.next_if_eq("--loopback") {
        Some(_) => Guard::new().allow_loopback(),
        None => Guard::new(),
    };
    let issuer = Issuer::parse(&arguments.next().ok_or("usage: client-reqwest [--loopback] ISSUER")?)?;
    let client_secret = Secret::new(env::var("CLIENT_SECRET")?);
    let reqwest = Reqwest::new(guard)?;
    let api = reqwest.client().clone();
    let http = HttpHost(reqwest);

    let registration = Registration::confidential(issuer.clone(), ClientId::parse("backup")?, client_secret);
    let client = registration.at(discover(&issuer).run_async(&http).await?)?;

    let scope = Scope::parse("photos.read")?;
    let tokens = client.client_credentials().scope(scope).start(moment()).run_async(&http).await?;

    // The API is not grantor's business. The token set has the header that it wants to see.
    let photos = api.get(format!("{}/photos", issuer.as_str())).header(header::AUTHORIZATION, tokens.authorization());
    let photos = photos.send().await?;
    println!("{}", photos.status());
    print!("{}", photos.text().await?);

    // What is not needed any more cannot be stolen: RFC 7009.
    client.revoke(tokens.access_token(), Some(TokenTypeHint::AccessToken), moment()).run_async(&http).await?;
    println!("revoked");
    Ok(())
}

/// The time and the randomness of one request.
fn moment() -> Moment {
    Moment::new(SystemTime::now(), &mut rand::rng())
}
