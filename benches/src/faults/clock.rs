//! Clock steps, by libfaketime: back an hour, and forward a day and an hour for longer than it takes to purge.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::faults::browser::{Browser, exchange, refresh};
use crate::faults::{Ground, Rows, Seen, introspect, is_ok, right_token, status};
use crate::service::http::{Client, HERE, Response};
use crate::service::process::Service;

/// How long a spent refresh token is answered once more; and a bit.
const GRACE: Duration = Duration::from_secs(32);
/// How often the host purges; and a bit.
const PURGE: Duration = Duration::from_secs(63);
const LONGEST_WAIT: u64 = 900;

/// The same on either store.
pub fn steps(ground: &Ground) -> Rows {
    let Some(library) = library() else {
        let told = "SKIPPED: libfaketime is missing: apt-get install faketime";
        return Ok(vec![Seen::new("the clock steps", "it can be tried", false, told)]);
    };
    let database = ground.database("clock")?;
    let mut threads = Vec::new();
    for (name, store) in [("memory", "memory".to_owned()), ("SQLite", format!("sqlite:{}", database.display()))] {
        let (ground, library) = (ground.clone(), library.clone());
        threads.push(thread::spawn(move || on(&ground, name, &store, &library)));
    }
    let mut rows = Vec::new();
    for thread in threads {
        rows.extend(thread.join().map_err(|_| io::Error::other("a thread with a clock has panicked"))??);
    }
    Ok(rows)
}

fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.filter_map(Result::ok).map(|entry| entry.path());
    let mut places: Vec<PathBuf> = folders.map(|folder| folder.join("faketime")).collect();
    places.push("/usr/lib/faketime".into());
    places.into_iter().map(|folder| folder.join("libfaketimeMT.so.1")).find(|library| library.exists())
}

/// A clock that can be set.
struct Clock(PathBuf);

impl Clock {
    fn step(&self, offset: &str) -> io::Result<()> {
        fs::write(&self.0, offset)
    }
}

fn on(ground: &Ground, name: &str, store: &str, library: &Path) -> Rows {
    let clock = Clock(ground.memory.join(format!("clock-{name}")));
    clock.step("+0")?;
    let (mut command, address) = ground.command(&[], store)?;
    command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", &clock.0);
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let mut service = Service::start_as_is(command.stdout(Stdio::null()).stderr(Stdio::null()), address)?;
    let mut client = Client::new(address);
    let mut browser = Browser::new(HERE, address);
    let issued = right_token(&mut client)?.member("access_token").unwrap_or_default();
    // One that is spent before the step, one that is not, and one for after the steps.
    let (spent, fresh, kept) = (browser.holds("alice")?, browser.holds("alice")?, browser.holds("alice")?);
    refresh(&mut client, &spent.refresh_token)?;
    let unspent_code = browser.code("alice")?;
    thread::sleep(GRACE);
    let before = wait_after_failures(address, "eve")?;

    clock.step("-3600")?;
    let back = format!("{name}: the clock steps back by an hour");
    let token = right_token(&mut client);
    let new = token.as_ref().ok().and_then(|response| response.member("access_token")).unwrap_or_default();
    let both = introspect(&mut client, &issued)?.is_active() && introspect(&mut client, &new)?.is_active();
    let old_code = exchange(&mut client, &spent.code)?;
    let code = exchange(&mut client, &unspent_code)?;
    let again = refresh(&mut client, &spent.refresh_token)?;
    let live = refresh(&mut client, &fresh.refresh_token)?;
    let after = wait_after_failures(address, "eve")?;
    clock.step("+0")?;

    let mut rows = vec![
        Seen::new(
            &back,
            "tokens are active, those from before and new ones",
            both,
            if both { "active" } else { "not active" },
        ),
        row(&back, "a spent code is refused", &old_code, 400),
        row(&back, "a code from before is exchanged", &code, 200),
        row(&back, "a refresh token whose grace is over stays refused", &again, 400),
        row(&back, "one that is not spent refreshes", &live, 200),
        Seen::new(
            &back,
            "a wait is never longer than its limit of 900 s",
            before.max(after).unwrap_or(0) <= LONGEST_WAIT,
            format!("{before:?} s before, {after:?} s after"),
        ),
    ];

    clock.step("+90000")?;
    let ahead = format!("{name}: the clock is 25 hours ahead for {} s, and back", PURGE.as_secs());
    let answer = right_token(&mut client);
    thread::sleep(PURGE);
    let during = right_token(&mut client);
    clock.step("+0")?;
    let alive = introspect(&mut client, &issued)?.is_active();
    let refreshed = refresh(&mut client, &kept.refresh_token)?;
    let tokens = is_ok(&answer) && is_ok(&during);
    rows.extend([
        Seen::new(&ahead, "tokens are issued meanwhile", tokens, format!("{}, {}", status(&answer), status(&during))),
        Seen::new(
            &ahead,
            "a token that lives for 24 hours is active after that",
            alive,
            if alive { "active" } else { "gone" },
        ),
        row(&ahead, "a refresh token refreshes after that", &refreshed, 200),
    ]);
    service.stop()?;
    Ok(rows)
}

fn row(fault: &str, expected: &'static str, response: &Response, asked: u16) -> Seen {
    let error = response.member("error").unwrap_or_default();
    Seen::new(fault, expected, response.status == asked, format!("{} {error}", response.status))
}

/// How long somebody who has failed to log in some times has to wait.
fn wait_after_failures(address: SocketAddr, username: &str) -> io::Result<Option<u64>> {
    let mut browser = Browser::new(HERE, address);
    let mut page = browser.authorize()?;
    for _ in 0..8 {
        page = browser.submit(&page, &[("username", username), ("password", "a guess")])?;
        if let Some(seconds) = page.header("retry-after") {
            return Ok(seconds.parse().ok());
        }
    }
    Ok(None)
}
