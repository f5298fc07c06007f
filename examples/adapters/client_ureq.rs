//! A program on somebody's machine, with ureq and without an async runtime: it sends the browser to the server, waits
//! for it on a loopback port (RFC 8252 §7.3), and refreshes its tokens as long as it runs.
//!
//! `cargo run -p adapters --bin client-ureq -- --loopback http://127.0.0.1:8080`
//!
//! How grantor reaches a server through ureq is in `examples/outgoing`: copy it from there.

use std::env;
use std::error::Error;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, SystemTime};

use grantor::client::{AuthorizationRequest, Registration, SharedTokens, discover};
use grantor::model::{ClientId, Issuer, RedirectUri, Scope};
use grantor::{HttpHost, Moment};
use http::header;
use outgoing::{Guard, Ureq};

/// How long somebody who connects to the loopback port may stay silent, and how much they may send.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_CALLBACK_LEN: u64 = 64 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1).peekable();
    // In production no request goes to an address that is not public.
    let guard = match arguments.next_if_eq("--loopback") {
        Some(_) => Guard::new().allow_loopback(),
        None => Guard::new(),
    };
    let issuer = Issuer::parse(&arguments.next().ok_or("usage: client-ureq [--loopback] ISSUER")?)?;
    let ureq = Ureq::new(guard);
    let api = ureq.agent().clone();
    let http = HttpHost(ureq);

    let registration = Registration::public(issuer.clone(), ClientId::parse("cli")?);
    let client = registration.at(discover(&issuer).run(&http)?)?;

    // RFC 8252 §7.3: the server takes whichever port is free. `localhost` is no substitute for the address: §8.3.
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let redirect_uri = RedirectUri::parse(&format!("http://{}/callback", listener.local_addr()?))?;
    let request = AuthorizationRequest::new(redirect_uri).scope(Scope::parse("photos.read")?);
    let (url, pending) = client.begin(request, moment())?;
    println!("Open this in your browser: {url}");

    let query = wait_for_browser(listener)?;
    // A response that is not the answer to this request ends here, and its code is not sent anywhere.
    let tokens = client.callback(pending, &query)?.start(moment()).run(&http)?;
    // To stay logged in until the next start, keep the token set (it is a serde value) where the system keeps
    // passwords.
    let tokens = SharedTokens::new(tokens);

    println!("Press Enter to see the photos.");
    for line in io::stdin().lines() {
        line?;
        let fresh = tokens.get(&client, moment(), &http)?;
        let photos =
            api.get(format!("{}/photos", issuer.as_str())).header(header::AUTHORIZATION, fresh.authorization());
        let mut photos = photos.call()?;
        println!("{}", photos.status());
        print!("{}", photos.body_mut().read_to_string()?);
    }
    Ok(())
}

/// The time and the randomness of one request.
fn moment() -> Moment {
    Moment::new(SystemTime::now(), &mut rand::rng())
}

/// The query of the redirect URI, once the browser comes there. RFC 8252 §8.3: the port is closed once the response is
/// there.
fn wait_for_browser(listener: TcpListener) -> io::Result<String> {
    loop {
        let (mut stream, _) = listener.accept()?;
        let query = read_query(&stream);
        let (status, told) = match query {
            Some(_) => ("200 OK", "You can close this window."),
            None => ("404 Not Found", "There is nothing here."),
        };
        let head = "content-type: text/plain\r\nreferrer-policy: no-referrer\r\nconnection: close";
        // Whether or not the browser shows this, the query is here.
        let _ = write!(stream, "HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\n\r\n{told}", told.len());
        if let Some(query) = query {
            return Ok(query);
        }
    }
}

/// None if this is another request, say for an icon, or none at all.
fn read_query(stream: &TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(CALLBACK_TIMEOUT)).ok()?;
    let lines = BufReader::new(stream.take(MAX_CALLBACK_LEN)).lines().map_while(Result::ok);
    // All of the head: a connection that is closed with something unread is reset, and the browser shows an error.
    let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let (target, _) = head.first()?.strip_prefix("GET ")?.split_once(' ')?;
    target.strip_prefix("/callback?").map(str::to_owned)
}
