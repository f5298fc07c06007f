//! Very many sessions: of strangers without a cookie, and of one person who logs in again and again.

use std::thread;
use std::time::{Duration, Instant};

use crate::faults::browser::{Browser, asks_for_consent};
use crate::faults::guessing::Flood;
use crate::faults::{Ground, Rows, Seen};
use crate::service::http::{Client, ELSEWHERE, HERE};

/// How many requests a second.
const RATE: u32 = 2_000;
const THREADS: u32 = 4;

/// A flood of requests without a cookie, while somebody looks for a password.
pub fn flood(ground: &Ground) -> Rows {
    let service = ground.start(&ground.in_memory())?;
    let address = service.address;
    let mut alice = Browser::new(ELSEWHERE, address);
    let logged_in = alice.up_to_consent("alice")?;
    let memory = service.memory();
    let start = Instant::now();
    let flood = Flood::start(THREADS as usize, move |_| {
        let mut browser = Browser::new(HERE, address);
        let mut next = Instant::now();
        move |_| {
            browser.forget();
            next += Duration::from_secs(1) * THREADS / RATE;
            thread::sleep(next.saturating_duration_since(Instant::now()));
            browser.authorize().map(drop)
        }
    });
    thread::sleep(Duration::from_secs(2));
    let mut waiting: Vec<_> = Vec::new();
    for (from, name) in [(ELSEWHERE, "at 127.0.0.2"), (HERE, "at the flood's own address")] {
        let mut bob = Browser::new(from, address);
        waiting.push((name, bob.authorize(), bob));
    }
    let lasting = ground.seconds(10, 10);
    thread::sleep(lasting);
    let mut rows = Vec::new();
    let mut results = Vec::new();
    for (name, page, mut bob) in waiting {
        results.push((name, page.and_then(|page| bob.log_in(&page, "bob"))));
    }
    let took = start.elapsed();
    let count = flood.end();
    let rate = count as f64 / took.as_secs_f64();
    let fault = format!("/authorize without a cookie, {rate:.0} a second");
    for (name, page) in results {
        // At the flood's own address the host may have to choose, and nobody can say who is who.
        if name != "at 127.0.0.2" {
            continue;
        }
        let told = page.as_ref().map_or_else(ToString::to_string, |page| {
            if asks_for_consent(page) {
                "let in".into()
            } else {
                format!("{} {}", page.status, paragraph(&page.text()))
            }
        });
        let expected = "somebody at 127.0.0.2 who needs 10 s at the login page is let in";
        rows.push(Seen::new(fault.clone(), expected, page.is_ok_and(|page| asks_for_consent(&page)), told));
    }
    let still = alice.authorize()?;
    let expected = "whoever was logged in still is";
    rows.push(Seen::new(
        fault.clone(),
        expected,
        asks_for_consent(&still) && asks_for_consent(&logged_in),
        still.status.to_string(),
    ));
    let grown = service.memory().saturating_sub(memory);
    rows.push(Seen::new(fault, "memory is bounded: it grows by less than 200 MB", grown < 200, format!("{grown} MB")));
    Ok(rows)
}

/// One person logs in very often, each time in a new window.
pub fn again_and_again(ground: &Ground) -> Rows {
    const TIMES: usize = 10_050;
    let service = ground.start(&ground.in_memory())?;
    let address = service.address;
    let end = Instant::now() + ground.seconds(60, 180);
    let flood = Flood::start(4, move |_| {
        let mut alice = Browser::new(HERE, address);
        move |_| {
            alice.forget();
            alice.up_to_consent("alice").map(drop)
        }
    });
    while flood.count.load(std::sync::atomic::Ordering::Relaxed) < TIMES && Instant::now() < end {
        thread::sleep(Duration::from_millis(50));
    }
    let times = flood.end();
    let mut rows = Vec::new();
    for (from, who) in [(ELSEWHERE, "somebody else at 127.0.0.2"), (HERE, "somebody else at the same address")] {
        let mut bob = Browser::new(from, address);
        let page = bob.authorize()?;
        // Another visitor, meanwhile.
        Browser::new(from, address).authorize()?;
        thread::sleep(Duration::from_secs(1));
        let page = bob.log_in(&page, "bob")?;
        let told = if asks_for_consent(&page) {
            "let in".to_owned()
        } else {
            format!("{} {}", page.status, paragraph(&page.text()))
        };
        let fault = format!("one person logs in {times} times; {who}");
        rows.push(Seen::new(fault, "is let in", asks_for_consent(&page), told));
    }
    let memory = service.memory();
    rows.push(Seen::new("the same", "memory is bounded: below 300 MB", memory < 300, format!("{memory} MB")));
    let home = Client::new(address).get("/", &[])?;
    rows.push(Seen::new("the same", "the host answers", home.status == 200, home.status.to_string()));
    Ok(rows)
}

/// What a page says first.
fn paragraph(html: &str) -> String {
    let text = html.split_once("<p>").and_then(|(_, rest)| rest.split_once("</p>"));
    text.map_or(String::new(), |(text, _)| text.chars().take(80).collect())
}
