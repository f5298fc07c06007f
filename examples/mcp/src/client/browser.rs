//! The way to a person's browser and back, to a loopback port (RFC 8252 §7.3): as in the adapters' `client_ureq.rs`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Failed;

/// The time for which somebody who connects may stay silent, and how much they may send.
const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_LEN: u64 = 64 * 1024;

/// Opens a page: with the program that `BROWSER` names, or else by asking the person.
pub(crate) fn open(url: &str) -> Result<(), Failed> {
    let Ok(browser) = std::env::var("BROWSER") else {
        println!("Open this in your browser: {url}");
        return Ok(());
    };
    let mut words = browser.split_whitespace();
    let mut command = Command::new(words.next().ok_or("BROWSER is empty")?);
    command.args(words).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    Ok(())
}

/// Waits until the browser comes to `/callback`, and returns the query.
pub(crate) fn wait(listener: &TcpListener) -> Result<String, Failed> {
    loop {
        let (mut stream, _) = listener.accept()?;
        let query = read_query(&stream);
        let (status, told) = match query {
            Some(_) => ("200 OK", "You can close this window."),
            None => ("404 Not Found", "There is nothing here."),
        };
        let head = "content-type: text/plain\r\nreferrer-policy: no-referrer\r\nconnection: close";
        // The query is here, even if the browser does not show this.
        let _ = write!(stream, "HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\n\r\n{told}", told.len());
        if let Some(query) = query {
            return Ok(query);
        }
    }
}

/// Returns `None` if this is another request, say for an icon, or none at all.
fn read_query(stream: &TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(TIMEOUT)).ok()?;
    let lines = BufReader::new(stream.take(MAX_LEN)).lines().map_while(Result::ok);
    // All of the head: a connection that is closed with something unread is reset, and the browser shows an error.
    let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let (target, _) = head.first()?.strip_prefix("GET ")?.split_once(' ')?;
    target.strip_prefix("/callback?").map(str::to_owned)
}
