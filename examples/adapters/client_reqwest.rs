//! A service that acts for itself, with reqwest: it finds the server's metadata, asks for a token, calls an API with
//! it, and gives the token back.
//!
//! `CLIENT_SECRET=… cargo run -p adapters --bin client-reqwest http://127.0.0.1:8080`

use std::env;
use std::error::Error;
use std::time::{Duration, SystemTime};

use grantor::client::{Registration, TokenTypeHint, discover};
use grantor::model::{ClientId, Issuer, Scope, Secret};
use grantor::{AsyncHttp, Fetch, HttpHost, Moment, Unavailable};
use http::{Response, header};
use reqwest::redirect;

/// How long the server has for its whole response.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How grantor reaches a server through reqwest.
struct Reqwest(reqwest::Client);

impl AsyncHttp for Reqwest {
    async fn fetch_async(&self, fetch: &Fetch) -> Result<Response<Vec<u8>>, Unavailable> {
        let request = fetch.request().clone().try_into().map_err(Unavailable::new)?;
        let mut incoming = self.0.execute(request).await.map_err(Unavailable::new)?;
        let mut response = Response::new(Vec::new());
        *response.status_mut() = incoming.status();
        *response.headers_mut() = std::mem::take(incoming.headers_mut());
        // Whatever the server sends, no more than this is kept. The one byte more tells grantor that it was too much.
        let body = response.body_mut();
        while body.len() <= Fetch::MAX_RESPONSE_LEN {
            let Some(chunk) = incoming.chunk().await.map_err(Unavailable::new)? else { break };
            body.extend_from_slice(&chunk);
        }
        body.truncate(Fetch::MAX_RESPONSE_LEN + 1);
        Ok(response)
    }
}

/// TLS is on, and certificates are checked: that is reqwest's default, and nothing here turns it off.
fn http_client() -> Result<reqwest::Client, Box<dyn Error>> {
    // Not needed with reqwest's feature "rustls", which brings a provider of its own.
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "there is a TLS provider already")?;
    Ok(reqwest::Client::builder()
        // A request may carry credentials, which are for nobody that the server points to.
        .redirect(redirect::Policy::none())
        .timeout(TIMEOUT)
        .build()?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let issuer = Issuer::parse(&env::args().nth(1).ok_or("usage: client-reqwest ISSUER")?)?;
    let client_secret = Secret::new(env::var("CLIENT_SECRET")?);
    let api = http_client()?;
    let http = HttpHost(Reqwest(api.clone()));

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
