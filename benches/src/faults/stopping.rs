//! Signals, and a log that nobody reads.

use std::io::{self, Write as _};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::faults::{Ground, Rows, Seen, active, introspect, is_ok, right_token, status};
use crate::service::http::{Client, HERE, connect};
use crate::service::process::{Service, ending};
use crate::service::wire::{Load, run};

/// Standard error is a pipe that nobody reads.
pub fn unread_log(ground: &Ground) -> Rows {
    const FAULT: &str = "standard error is a pipe that nobody reads";
    let (mut command, address) = ground.command(&[], "memory")?;
    let mut service = Service::start_as_is(command.stdout(Stdio::null()).stderr(Stdio::piped()), address)?;
    let unread = service.take_stderr();
    let mut client = Client::new(address).patient_for(Duration::from_secs(5));
    let (mut right, mut last) = (0, String::new());
    for _ in 0..3_000 {
        let answer = right_token(&mut client);
        last = status(&answer);
        if !is_ok(&answer) {
            break;
        }
        right += 1;
    }
    let home = Client::new(address).patient_for(Duration::from_secs(5)).get("/", &[]);
    let start = Instant::now();
    service.signal(Signal::TERM)?;
    let ended = service.wait(Duration::from_secs(15))?;
    let took = start.elapsed();
    if ended.is_none() {
        service.kill()?;
    }
    drop(unread);
    Ok(vec![
        Seen::new(FAULT, "3000 requests for tokens are answered", right == 3_000, format!("{right}, then {last}")),
        Seen::new(FAULT, "pages are served", home.is_ok(), status(&home)),
        Seen::new(FAULT, "SIGTERM ends it within 15 s", ended.is_some(), format!("{} after {took:.1?}", ending(ended))),
    ])
}

/// SIGTERM under load, twice, and SIGHUP.
pub fn signals(ground: &Ground) -> Rows {
    let mut rows = drain(ground)?;
    for (fault, twice) in [("SIGTERM while half a request is there", false), ("the same, and a second SIGTERM", true)] {
        let mut service = ground.start(&ground.in_memory())?;
        let mut half = connect(HERE, service.address, Duration::from_secs(3))?;
        half.write_all(b"POST /token HTTP/1.1\r\nHost: as\r\nContent-Length: 100\r\n\r\nabc")?;
        thread::sleep(Duration::from_millis(300));
        service.signal(Signal::TERM)?;
        if twice {
            thread::sleep(Duration::from_millis(500));
            service.signal(Signal::TERM)?;
        }
        let (start, limit) = (Instant::now(), Duration::from_secs(if twice { 1 } else { 30 }));
        let ended = service.wait(limit)?;
        let expected = if twice { "ends it at once" } else { "it ends within 30 s" };
        rows.push(Seen::new(
            fault,
            expected,
            ended.is_some(),
            format!("{} after {:.1?}", ending(ended), start.elapsed()),
        ));
    }
    let mut service = ground.start(&ground.in_memory())?;
    service.signal(Signal::HUP)?;
    let ended = service.wait(Duration::from_secs(1))?;
    let answer = right_token(&mut Client::new(service.address).patient_for(Duration::from_secs(3)));
    rows.push(Seen::new("SIGHUP", "it goes on", ended.is_none() && is_ok(&answer), ending(ended)));
    Ok(rows)
}

fn drain(ground: &Ground) -> Rows {
    const FAULT: &str = "SIGTERM while 32 connections fetch tokens";
    let database = ground.database("drain")?;
    let kind = ground.on(&database);
    let mut service = ground.start(&kind)?;
    let (address, requests) = (service.address, kind.client_credentials());
    let load = Load { connections: 32, ..Load::fill(usize::MAX, Duration::from_secs(3)) };
    let traffic = thread::spawn(move || run(address, &requests, load));
    thread::sleep(Duration::from_millis(1_500));
    service.signal(Signal::TERM)?;
    let start = Instant::now();
    let ended = service.wait(Duration::from_secs(30))?;
    let took = start.elapsed();
    let outcome = traffic.join().map_err(|_| io::Error::other("the traffic has panicked"))??;
    let service = ground.start(&kind)?;
    let mut client = Client::new(service.address);
    let alive = active(&mut client, &outcome.tokens)?;
    introspect(&mut client, "nothing")?;
    let of = outcome.tokens.len();
    let answers: Vec<u16> = outcome.wrong.keys().copied().filter(|status| *status != 0 && *status != 503).collect();
    Ok(vec![
        Seen::new(
            FAULT,
            "it ends by itself with exit 0, within 30 s",
            ended.is_some_and(|status| status.success()),
            format!("{} after {took:.2?}", ending(ended)),
        ),
        Seen::new(
            FAULT,
            "every token that was acknowledged is active",
            alive == of && of > 0,
            format!("{alive} of {of}"),
        ),
        Seen::new(FAULT, "no other answer than a token or 503", answers.is_empty(), format!("{answers:?}")),
    ])
}
