//! Strangers guess at names and secrets: whoever is honest goes on.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::faults::browser::{Browser, asks_for_consent};
use crate::faults::{Ground, Rows, Seen, introspect, is_ok, right_token, status, token};
use crate::service::http::{Client, ELSEWHERE, HERE, Response};
use crate::service::wire::{Load, Outcome, Requests, run};

/// Something that goes on until it is told to end.
#[derive(Debug)]
pub struct Flood {
    over: Arc<AtomicBool>,
    /// How often so far.
    pub count: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<()>>,
}

impl Flood {
    /// So many threads, each of which does one thing over and over.
    pub fn start<A: FnMut(usize) -> io::Result<()>>(
        threads: usize,
        make: impl Fn(usize) -> A + Send + Sync + 'static,
    ) -> Self {
        let (over, count, make) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(make));
        let threads = (0..threads).map(|thread| {
            let (over, count, make) = (Arc::clone(&over), Arc::clone(&count), Arc::clone(&make));
            thread::spawn(move || {
                let mut act = make(thread);
                while !over.load(Ordering::Relaxed) {
                    if act(count.fetch_add(1, Ordering::Relaxed)).is_err() {
                        thread::sleep(Duration::from_millis(5));
                    }
                }
            })
        });
        let threads = threads.collect();
        Self { over, count, threads }
    }

    /// Ends it: how often it was done.
    pub fn end(self) -> usize {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads {
            let _ = thread.join();
        }
        self.count.load(Ordering::Relaxed)
    }
}

/// Whether somebody from that browser is let in, in words.
fn log_in(browser: &mut Browser, username: &str) -> (bool, String) {
    let told = |page: &Response| match page.header("retry-after") {
        Some(seconds) => format!("{}, Retry-After {seconds}", page.status),
        None => page.status.to_string(),
    };
    match browser.up_to_consent(username) {
        Ok(page) if asks_for_consent(&page) => (true, "let in".to_owned()),
        Ok(page) => (false, told(&page)),
        Err(error) => (false, error.to_string()),
    }
}

/// One browser after the other, at 127.0.0.1, sends back the login form with another name each time, or always the
/// same.
fn guess_names(address: SocketAddr, name: Option<&'static str>) -> Flood {
    Flood::start(3, move |_| {
        let mut browser = Browser::new(HERE, address);
        let mut page = None;
        move |number| {
            let current = match page.take() {
                Some(current) => current,
                None => browser.authorize()?,
            };
            let made_up = format!("nobody-{number}");
            let username = name.unwrap_or(&made_up);
            let next = browser.submit(&current, &[("username", username), ("password", "a guess")])?;
            // A page without a form is the end of that browser.
            if next.text().contains("name=\"username\"") {
                page = Some(next);
            } else {
                browser.forget();
            }
            Ok(())
        }
    })
}

/// Wrong user names from one address, and then one name.
pub fn names(ground: &Ground) -> Rows {
    let mut rows = Vec::new();
    for (fault, name) in
        [("wrong user names from 127.0.0.1", None), ("wrong passwords for alice from 127.0.0.1", Some("alice"))]
    {
        let service = ground.start(&ground.in_memory())?;
        let address = service.address;
        let honest = if name.is_some() { "alice" } else { "bob" };
        // Bob has logged in from that address before; alice from another one.
        let before = Browser::new(if name.is_some() { ELSEWHERE } else { HERE }, address).up_to_consent(honest)?;
        let memory = service.memory();
        let flood = guess_names(address, name);
        thread::sleep(ground.seconds(6, 22));
        let from = if name.is_some() { ELSEWHERE } else { HERE };
        let known = log_in(&mut Browser::new(from, address), honest);
        let elsewhere = log_in(&mut Browser::new(ELSEWHERE, address), if name.is_some() { "bob" } else { "alice" });
        let count = flood.end();
        let fault = format!("{fault} ({count} guesses)");
        let grown = service.memory().saturating_sub(memory);
        let (holds, told) = known;
        let expected = "the right password is taken from an address that succeeded before";
        rows.push(Seen::new(fault.clone(), expected, holds && asks_for_consent(&before), told));
        rows.push(Seen::new(fault.clone(), "others at 127.0.0.2 are let in", elsewhere.0, elsewhere.1));
        rows.push(Seen::new(
            fault,
            "memory is bounded: it grows by less than 50 MB",
            grown < 50,
            format!("{grown} MB"),
        ));
    }
    Ok(rows)
}

/// Guesses at clients from 127.0.0.1: ids that there are not, each once.
fn guess_clients(address: SocketAddr, from: usize, lasting: Duration) -> io::Result<Outcome> {
    let head = "POST /token HTTP/1.1\r\nHost: as\r\nContent-Type: application/x-www-form-urlencoded\r\n".to_owned();
    let body = "grant_type=client_credentials&client_secret=a-guess&client_id=made-up-".to_owned();
    let tokens = (from..from + 200_003).map(|number| number.to_string()).collect();
    run(address, &Requests { head, body, tokens, expect: "" }, Load::new(16, lasting))
}

/// Wrong client ids from one address.
pub fn clients(ground: &Ground) -> Rows {
    let service = ground.start(&ground.in_memory())?;
    let (address, memory) = (service.address, service.memory());
    let mut here = Client::new(address);
    // They succeeded before.
    let issued = right_token(&mut here)?.member("access_token").unwrap_or_default();
    introspect(&mut here, &issued)?;
    let mut elsewhere = Client::from(ELSEWHERE, address);
    let (mut guesses, mut let_in_here, mut let_in_elsewhere, mut tries) = (0, 0, 0, 0);
    let (start, lasting) = (Instant::now(), ground.seconds(8, 25));
    let mut refusals = std::collections::BTreeMap::<String, usize>::new();
    while start.elapsed() < lasting {
        let outcome = guess_clients(address, guesses, Duration::from_secs(2))?;
        guesses += outcome.wrong.values().sum::<usize>();
        for _ in 0..25 {
            tries += 1;
            let (at, from) = (right_token(&mut here), right_token(&mut elsewhere));
            let_in_here += usize::from(is_ok(&at));
            let_in_elsewhere += usize::from(is_ok(&from));
            for answer in [at, from] {
                *refusals.entry(status(&answer)).or_default() += 1;
            }
        }
    }
    let fault = format!("wrong client ids from 127.0.0.1 ({guesses} guesses)");
    // Those that were never seen at their address.
    let mut waits = 0;
    for number in 0..300 {
        let answer = token(&mut elsewhere, &format!("never-seen-{number}"), "a guess")?;
        waits += usize::from(number < 15 && answer.status == 429);
    }
    let quiet = introspect(&mut Client::new(address), &issued);
    let grown = service.memory().saturating_sub(memory);
    let told = |count: usize| format!("{count} of {tries} ({refusals:?} together)");
    Ok(vec![
        Seen::new(fault.clone(), "a client at 127.0.0.2 goes on", let_in_elsewhere == tries, told(let_in_elsewhere)),
        Seen::new(
            fault.clone(),
            "a client that succeeded at 127.0.0.1 before goes on",
            let_in_here == tries,
            told(let_in_here),
        ),
        Seen::new(
            fault.clone(),
            "a resource server that succeeded at 127.0.0.1 before, and was quiet since, goes on",
            quiet.as_ref().is_ok_and(Response::is_active),
            status(&quiet),
        ),
        Seen::new(
            fault.clone(),
            "15 ids that were never seen, at 127.0.0.2: none has to wait",
            waits == 0,
            format!("{waits} waits"),
        ),
        Seen::new(fault, "memory is bounded: it grows by less than 50 MB", grown < 50, format!("{grown} MB")),
    ])
}

/// Wrong secrets of a client that there is.
pub fn secrets(ground: &Ground) -> Rows {
    let service = ground.start(&ground.in_memory())?;
    let mut elsewhere = Client::from(ELSEWHERE, service.address);
    right_token(&mut elsewhere)?;
    let mut stranger = Client::new(service.address);
    let mut told_to_wait = 0;
    for number in 0..2_000 {
        told_to_wait += usize::from(token(&mut stranger, "svc", &format!("guess-{number}"))?.status == 429);
    }
    let after = right_token(&mut elsewhere);
    let fault = "2000 wrong secrets of one client from 127.0.0.1";
    Ok(vec![
        Seen::new(fault, "whoever guesses has to wait", told_to_wait > 1_000, format!("{told_to_wait} × 429")),
        Seen::new(fault, "the client at 127.0.0.2 goes on", is_ok(&after), status(&after)),
    ])
}
