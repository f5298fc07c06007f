//! The process is killed in the middle of traffic: what it acknowledged holds.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::faults::browser::{Browser, exchange, refresh};
use crate::faults::{Ground, Rows, Seen, active};
use crate::service::http::{Client, HERE};
use crate::service::wire::{Load, run};

/// What clients were told before the process died.
#[derive(Debug, Default)]
struct Acknowledged {
    access_tokens: Vec<String>,
    live_refresh_tokens: Vec<String>,
    spent_refresh_tokens: Vec<String>,
    codes: Vec<String>,
}

/// Some rounds of it on one file, and then every fact.
pub fn rows(ground: &Ground) -> Rows {
    let database = ground.database("crash")?;
    let kind = ground.on(&database);
    let mut facts = Acknowledged::default();
    let rounds = if ground.quick { 2 } else { 5 };
    for round in 0..rounds {
        let mut service = ground.start(&kind)?;
        let (address, end) = (service.address, Instant::now() + Duration::from_secs(6));
        let people: Vec<_> = (0..4).map(|_| thread::spawn(move || flows(address, end))).collect();
        let requests = kind.client_credentials();
        let minting = thread::spawn(move || {
            run(address, &requests, Load { connections: 4, ..Load::fill(usize::MAX, Duration::from_secs(3)) })
        });
        thread::sleep(Duration::from_millis(1_500 + 370 * round));
        service.kill()?;
        facts.access_tokens.extend(minting.join().ok().and_then(Result::ok).unwrap_or_default().tokens);
        for known in people.into_iter().filter_map(|person| person.join().ok()) {
            facts.access_tokens.extend(known.access_tokens);
            facts.live_refresh_tokens.extend(known.live_refresh_tokens);
            facts.spent_refresh_tokens.extend(known.spent_refresh_tokens);
            facts.codes.extend(known.codes);
        }
    }
    let service = ground.start(&kind)?;
    let mut client = Client::new(service.address);
    let alive = active(&mut client, &facts.access_tokens)?;
    let mut refreshed = 0;
    for token in &facts.live_refresh_tokens {
        refreshed += usize::from(refresh(&mut client, token)?.status == 200);
    }
    let mut refused_codes = 0;
    for code in &facts.codes {
        refused_codes += usize::from(exchange(&mut client, code)?.status == 400);
    }
    let mut refused_tokens = 0;
    for token in &facts.spent_refresh_tokens {
        refused_tokens += usize::from(refresh(&mut client, token)?.status == 400);
    }
    let fault = format!("{rounds} × kill -9 in the middle of traffic");
    let row = |expected, count: usize, of: usize| {
        Seen::new(fault.clone(), expected, count == of && of > 0, format!("{count} of {of}"))
    };
    Ok(vec![
        row("every access token that was acknowledged is active", alive, facts.access_tokens.len()),
        row("every refresh token that was not spent refreshes", refreshed, facts.live_refresh_tokens.len()),
        row("every code that was spent is refused", refused_codes, facts.codes.len()),
        row(
            "every refresh token of such a code is refused after that",
            refused_tokens,
            facts.spent_refresh_tokens.len(),
        ),
    ])
}

/// Codes and refreshes, until the server is gone.
fn flows(address: SocketAddr, end: Instant) -> Acknowledged {
    let mut known = Acknowledged::default();
    let mut browser = Browser::new(HERE, address);
    let mut client = Client::new(address);
    while Instant::now() < end {
        if flow(&mut browser, &mut client, &mut known).is_err() {
            break;
        }
    }
    known
}

fn flow(browser: &mut Browser, client: &mut Client, known: &mut Acknowledged) -> io::Result<()> {
    let holds = browser.holds("alice")?;
    known.codes.push(holds.code);
    known.access_tokens.push(holds.access_token);
    let mut token = holds.refresh_token;
    for _ in 0..2 {
        // If this is not answered, nobody knows whether that token was spent.
        let response = refresh(client, &token)?;
        known.access_tokens.extend(response.member("access_token"));
        let Some(next) = response.member("refresh_token") else { break };
        known.spent_refresh_tokens.push(std::mem::replace(&mut token, next));
    }
    known.live_refresh_tokens.push(token);
    Ok(())
}
