//! A database that is locked, on a full disk, damaged, or empty.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::faults::{Ground, Rows, Seen, active, introspect, is_ok, right_token, status};
use crate::load::readers::Locked;
use crate::service::http::Client;
use crate::service::process::{ending, refusal};
use crate::service::wire::{Load, run};

/// Another process writes to the file, and does not finish.
pub fn locked(ground: &Ground) -> Rows {
    let database = ground.database("locked")?;
    let kind = ground.on(&database);
    let service = ground.start(&kind)?;
    let mut client = Client::new(service.address).patient_for(Duration::from_secs(9));
    let token = right_token(&mut client)?.member("access_token").unwrap_or_default();
    let mut rows = Vec::new();
    for writers in [1, 16, 600] {
        let lock = Locked::new(&database)?;
        let (address, requests) = (service.address, kind.client_credentials());
        // Each asks once.
        let load = Load { pause: Duration::from_secs(60), ..Load::new(writers, Duration::from_secs(9)) };
        let writing = thread::spawn(move || run(address, &requests, load));
        thread::sleep(Duration::from_secs(2)); // a host may have to start a thread for each
        let (mut slowest, mut right) = (Duration::ZERO, 0);
        for _ in 0..10 {
            let start = Instant::now();
            let mut reader = Client::new(address).patient_for(Duration::from_secs(2));
            right += usize::from(introspect(&mut reader, &token).is_ok_and(|response| response.is_active()));
            slowest = slowest.max(start.elapsed());
        }
        let refused = right_token(&mut client);
        let outcome = writing.join().map_err(|_| io::Error::other("the writers have panicked"))??;
        let fault = format!("the database is locked elsewhere, clients at /token: {writers}");
        rows.push(Seen::new(
            fault.clone(),
            "introspection goes on, each within a second",
            right == 10 && slowest < Duration::from_secs(1),
            format!("{right} of 10, the slowest after {slowest:.1?}"),
        ));
        let all_503 =
            outcome.right == 0 && outcome.unanswered == 0 && outcome.wrong.keys().all(|status| *status == 503);
        let header = refused.as_ref().ok().and_then(|response| response.header("retry-after")).map(str::to_owned);
        let told = header.as_ref().map_or("no Retry-After".to_owned(), |seconds| format!("Retry-After {seconds}"));
        rows.push(Seen::new(
            fault.clone(),
            "every one has a 503 with Retry-After within 9 seconds",
            all_503 && header.is_some(),
            format!("{}; one more: {}, {told}", outcome.faults(), status(&refused)),
        ));
        drop(lock);
        let start = Instant::now();
        let mut after = Client::new(address).patient_for(Duration::from_secs(15));
        let again = right_token(&mut after);
        let took = start.elapsed();
        let holds = is_ok(&again) && took < Duration::from_secs(3);
        rows.push(Seen::new(
            fault,
            "tokens again once it is unlocked",
            holds,
            format!("{} after {took:.1?}", status(&again)),
        ));
    }
    Ok(rows)
}

/// A file system of four megabytes.
pub fn full_disk(ground: &Ground) -> Rows {
    const FAULT: &str = "the disk is full";
    let folder = ground.memory.join("small");
    fs::create_dir_all(&folder)?;
    let _ = Command::new("umount").arg(&folder).stderr(std::process::Stdio::null()).status();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(&folder).output();
    match mounted {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Ok(vec![Seen::new(
                FAULT,
                "it can be tried",
                false,
                format!("SKIPPED: cannot mount a tmpfs: {why}"),
            )]);
        }
        Err(error) => return Ok(vec![Seen::new(FAULT, "it can be tried", false, format!("SKIPPED: mount: {error}"))]),
    }
    let rows = on_full_disk(ground, FAULT, &folder);
    Command::new("umount").arg(&folder).status()?;
    rows
}

fn on_full_disk(ground: &Ground, fault: &str, folder: &Path) -> Rows {
    let mut service = ground.start(&ground.on(&folder.join("grantor.sqlite")))?;
    let mut client = Client::new(service.address);
    let (mut tokens, mut refused) = (Vec::new(), None);
    for _ in 0..20_000 {
        match right_token(&mut client) {
            Ok(response) if response.status == 200 => tokens.extend(response.member("access_token")),
            other => {
                refused = Some(other);
                break;
            }
        }
    }
    let refused = refused.unwrap_or_else(|| Err(io::Error::other("never full")));
    let unavailable = refused.as_ref().is_ok_and(|response| response.status == 503);
    let last: Vec<String> = tokens.iter().rev().take(300).cloned().collect();
    let alive = active(&mut client, &last)?;
    Command::new("mount").args(["-o", "remount,size=64m"]).arg(folder).status()?;
    let start = Instant::now();
    let mut again = right_token(&mut client);
    while !is_ok(&again) && start.elapsed() < Duration::from_secs(10) {
        thread::sleep(Duration::from_millis(200));
        again = right_token(&mut client);
    }
    let alive_after = active(&mut client, &tokens)?;
    service.stop()?;
    let seen = format!("{} after {} tokens", status(&refused), tokens.len());
    Ok(vec![
        Seen::new(fault, "503", unavailable, seen),
        Seen::new(
            fault,
            "the last tokens that were acknowledged are active",
            alive == last.len(),
            format!("{alive} of {}", last.len()),
        ),
        Seen::new(fault, "tokens again once there is room", is_ok(&again), status(&again)),
        Seen::new(
            fault,
            "nothing that was acknowledged is lost",
            alive_after == tokens.len() && alive_after > 0,
            format!("{alive_after} of {} active", tokens.len()),
        ),
    ])
}

/// Files that are not what they were.
pub fn damaged(ground: &Ground) -> Rows {
    const PAGE: usize = 4096;
    let database = ground.database("damaged")?;
    let mut service = ground.start(&ground.on(&database))?;
    let mut client = Client::new(service.address);
    for _ in 0..500 {
        right_token(&mut client)?;
    }
    service.stop()?;
    let good = fs::read(&database)?;
    let noise: Vec<u8> = (0..PAGE as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let over = |from: usize, with: &[u8]| {
        let mut bytes = good.clone();
        for (byte, new) in bytes.iter_mut().skip(from).zip(with) {
            *byte = *new;
        }
        bytes
    };
    let mut random = good.clone();
    for page in random.chunks_mut(PAGE).skip(2) {
        for (byte, new) in page.iter_mut().skip(100).zip(noise.iter().take(1000)) {
            *byte = *new;
        }
    }
    let pages = good.len() / PAGE;
    let cases = [
        ("garbage in place of its header", over(0, &noise)),
        ("cut in half", good.get(..good.len() / 2).unwrap_or_default().to_vec()),
        ("empty", Vec::new()),
        ("random bytes in each page but two", random),
        ("one page of zeros, in the middle", over(pages / 2 * PAGE, &[0; PAGE])),
        ("one page of zeros, at two thirds", over(pages * 2 / 3 * PAGE, &[0; PAGE])),
    ];
    let mut rows = Vec::new();
    for (case, bytes) in cases {
        put(&database, &bytes)?;
        let (mut command, _) = ground.command(&[], &format!("sqlite:{}", database.display()))?;
        let (status, said) = refusal(&mut command, Duration::from_secs(5))?;
        let last = said.lines().last().unwrap_or_default().replace(&database.display().to_string(), "FILE");
        let holds = status.is_some_and(|status| status.code().is_some_and(|code| code != 0)) && !said.is_empty();
        rows.push(Seen::new(
            format!("a database file that is damaged: {case}"),
            "refuses to start, and says why",
            holds,
            format!("{}: {last}", ending(status)),
        ));
    }
    put(&database, &good)?;
    let service = ground.start(&ground.on(&database));
    rows.push(Seen::new(
        "the file as it was",
        "starts",
        service.is_ok(),
        if service.is_ok() { "starts" } else { "does not" },
    ));
    Ok(rows)
}

fn put(database: &Path, bytes: &[u8]) -> io::Result<()> {
    for extension in ["sqlite-wal", "sqlite-shm"] {
        let _ = fs::remove_file(database.with_extension(extension));
    }
    fs::write(database, bytes)
}
