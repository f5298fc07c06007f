//! Sockets on which nothing comes, or half of something, at a host that may open 1024 files.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::faults::{Ground, Rows, Seen, is_ok, right_token, status};
use crate::service::http::{Client, ELSEWHERE, HERE, connect};
use crate::service::process::Service;

const SOCKETS: usize = 1_100;
/// Whoever is honest has an answer within that time: a minute, as proxies have it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Three kinds of them, at once.
pub fn slow(ground: &Ground) -> Rows {
    let kinds: [(&str, &[u8]); 3] = [
        ("idle", b""),
        ("with half a head", b"POST /token HTTP/1.1\r\nHost: as\r\nX-Half: "),
        ("with half a body", b"POST /token HTTP/1.1\r\nHost: as\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\na"),
    ];
    let mut threads = Vec::new();
    for (kind, bytes) in kinds {
        let (mut command, address) = ground.command(&["sh", "-c", "ulimit -n 1024; exec \"$@\"", "sh"], "memory")?;
        let service = Service::start_as_is(
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()),
            address,
        )?;
        threads.push(thread::spawn(move || one(kind, bytes, &service)));
    }
    let mut rows = Vec::new();
    for thread in threads {
        rows.extend(thread.join().map_err(|_| io::Error::other("a thread with sockets has panicked"))??);
    }
    Ok(rows)
}

fn one(kind: &str, bytes: &[u8], service: &Service) -> Rows {
    let address = service.address;
    let mut kept = Client::from(ELSEWHERE, address).patient_for(Duration::from_secs(5));
    right_token(&mut kept)?;
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        let Ok(mut socket) = connect(HERE, address, Duration::from_secs(3)) else { break };
        let _ = socket.write_all(bytes);
        sockets.push(socket);
    }
    let start = Instant::now();
    let at_once = right_token(&mut kept);
    let fresh = answered(ELSEWHERE, address);
    let took = start.elapsed();
    let here = answered(HERE, address);
    // A socket that the host has closed has an end, or an answer such as 408.
    let end = Instant::now() + PATIENCE.saturating_sub(start.elapsed());
    let mut closed = 0;
    for socket in &mut sockets {
        let _ =
            socket.set_read_timeout(Some(end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))));
        closed += usize::from(
            !matches!(socket.read(&mut [0; 512]), Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)),
        );
    }
    let fault = format!("{} sockets from 127.0.0.1 {kind}, `ulimit -n 1024`", sockets.len());
    Ok(vec![
        Seen::new(fault.clone(), "a connection that is open goes on", is_ok(&at_once), status(&at_once)),
        Seen::new(
            fault.clone(),
            "a new one from 127.0.0.2 is served within a minute",
            is_ok(&fresh),
            format!("{} after {took:.1?}", status(&fresh)),
        ),
        Seen::new(fault.clone(), "a new one from 127.0.0.1 as well", is_ok(&here), status(&here)),
        Seen::new(
            fault,
            "they are all closed within about a minute",
            closed == sockets.len(),
            format!("{closed} of {}", sockets.len()),
        ),
    ])
}

/// A token by a connection of its own, tried until the patience ends.
fn answered(from: std::net::Ipv4Addr, address: SocketAddr) -> io::Result<crate::service::http::Response> {
    let end = Instant::now() + PATIENCE;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let answer = right_token(&mut Client::from(from, address).patient_for(left.max(Duration::from_millis(100))));
        if is_ok(&answer) || left.is_zero() {
            return answer;
        }
        thread::sleep(Duration::from_millis(500));
    }
}
