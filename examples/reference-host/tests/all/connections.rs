//! Peers that are slow, idle or many.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::client::Browser;
use crate::process::{CONFIG, PATIENCE, Running, command_at};

const REQUEST: &str = "GET /healthz HTTP/1.1\r\nhost: as.example\r\n\r\n";

/// What a peer gets until the connection is closed.
fn until_closed(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    match stream.read_to_end(&mut read) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("it is open still"),
        // With bytes on their way it is closed by a reset.
        _ => String::from_utf8_lossy(&read).into_owned(),
    }
}

#[test]
fn a_connection_on_which_nothing_comes_is_closed() {
    let host = Running::with(&["--head-timeout", "1", "--body-timeout", "1"]);
    let half_body = "POST /token HTTP/1.1\r\nhost: as.example\r\ncontent-length: 20\r\n\r\ngrant";
    let chunked = "POST /login HTTP/1.1\r\nhost: as.example\r\ntransfer-encoding: chunked\r\n\r\n5\r\ngrant\r\n";
    let cases = [
        ("", ""),
        ("GET /healthz HT", ""),
        ("GET /healthz HTTP/1.1\r\nhost: as.exa", ""),
        (REQUEST, "HTTP/1.1 200 "),
        (half_body, "HTTP/1.1 408 "),
        (chunked, "HTTP/1.1 408 "),
    ];
    let mut streams = cases.map(|(sent, _)| {
        let mut stream = host.connect();
        stream.write_all(sent.as_bytes()).expect("it is sent");
        stream
    });
    for ((sent, status), stream) in cases.into_iter().zip(&mut streams) {
        let answer = until_closed(stream);
        assert!(answer.starts_with(status) && answer.is_empty() == status.is_empty(), "{sent:?}: {answer}");
    }
    let metrics = Browser::new(&host.base).get("/metrics").body;
    assert!(metrics.contains("grantor_connection_timeouts_total{of=\"body\"} 2\n"), "{metrics}");
    assert!(metrics.contains("grantor_connection_timeouts_total{of=\"head\"} 4\n"), "{metrics}");
}

#[test]
fn r103_a_byte_now_and_then_does_not_keep_a_connection() {
    let host = Running::with(&["--head-timeout", "1", "--body-timeout", "1"]);
    let heads =
        ["GET /healthz HTTP/1.1\r\n", "POST /token HTTP/1.1\r\nhost: as.example\r\ncontent-length: 9999\r\n\r\n"];
    for head in heads {
        let mut stream = host.connect();
        stream.write_all(head.as_bytes()).expect("it is sent");
        let begin = Instant::now();
        while stream.write_all(b"a").is_ok() {
            assert!(begin.elapsed() < PATIENCE, "it is open still: {head:?}");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

#[test]
fn a_peer_that_takes_no_answers_is_left() {
    let host = Running::with(&["--write-timeout", "1", "--head-timeout", "60"]);
    let mut stream = host.connect();
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    let requests = "GET /style.css HTTP/1.1\r\nhost: as.example\r\n\r\n".repeat(1000);
    // The answers fill what the operating system holds, and then the requests do.
    let closed = (0..100_000).map(|_| stream.write_all(requests.as_bytes())).find_map(Result::err);
    let closed = closed.expect("it is closed at some time").kind();
    assert_ne!(closed, std::io::ErrorKind::WouldBlock, "it is open still");
}

#[test]
fn r103_whoever_comes_when_all_places_are_taken_is_served() {
    let at_limit = Running::with(&["--max-connections", "20", "--head-timeout", "60"]);
    let few_files = Running::with_files(256, &["--head-timeout", "60"]);
    for (host, idle) in [(at_limit, 30), (few_files, 400)] {
        let mut idle: Vec<_> = (0..idle).map(|_| host.connect()).collect();
        let (mut first, last) = (idle.remove(0), idle.pop().expect("there are many"));
        for _ in 0..5 {
            assert_eq!(Browser::new(&host.base).get("/").status, 200);
        }
        assert_eq!(until_closed(&mut first), "", "whoever has idled longest makes room");
        (&last).write_all(REQUEST.as_bytes()).expect("it is sent");
        let mut status = [0; 12];
        (&last).read_exact(&mut status).expect("whoever came last is there still");
        assert_eq!(&status, b"HTTP/1.1 200");
        let metrics = Browser::new(&host.base).get("/metrics").body;
        assert!(!metrics.contains("grantor_connections_closed_for_others_total 0\n"), "{metrics}");
        assert!(metrics.contains("grantor_accept_errors_total 0\n"), "{metrics}");
    }
}

#[test]
fn a_connection_in_use_outlasts_those_that_idle() {
    let host = Running::with(&["--max-connections", "10", "--head-timeout", "60"]);
    let mut used = host.connect();
    let mut ask = || {
        used.write_all(REQUEST.as_bytes()).expect("it is sent");
        let mut answer = Vec::new();
        while !answer.ends_with(b"ok\n") {
            let mut byte = [0];
            used.read_exact(&mut byte).expect("it is answered");
            answer.extend(byte);
        }
    };
    let newcomer = || {
        let mut newcomer = host.connect();
        newcomer.write_all(REQUEST.as_bytes()).expect("it is sent");
        newcomer.read_exact(&mut [0; 12]).expect("it is answered");
        newcomer
    };
    let mut others: Vec<_> = (0..9).map(|_| newcomer()).collect();
    for _ in 0..20 {
        ask();
        others.push(newcomer());
    }
    ask();
}

#[test]
fn answers_to_pipelined_requests_are_not_kept_back() {
    let host = Running::in_memory();
    let mut stream = host.connect();
    let begin = Instant::now();
    for _ in 0..100 {
        stream.write_all(REQUEST.repeat(8).as_bytes()).expect("it is sent");
        let mut read = String::new();
        while read.matches("ok\n").count() < 8 {
            let mut buffer = [0; 4096];
            let length = stream.read(&mut buffer).expect("it is answered");
            read.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    }
    // By Nagle's algorithm and delayed acknowledgements these were 4 seconds and more.
    assert!(begin.elapsed().as_secs() < 3, "{:?}", begin.elapsed());
}

#[test]
fn a_body_that_is_too_long_is_refused_in_the_words_of_its_endpoint() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let long = "x".repeat(grantor::MAX_FORM_LEN);
    let page = browser.post("/token", &[("code", &long)]);
    assert_eq!((page.status, page.json()["error"].as_str()), (413, Some("invalid_request")));
    assert_eq!(browser.post("/consent", &[("request", &long)]).status, 413);
    // Whoever sends much more is answered too.
    assert_eq!(browser.post("/token", &[("code", &long.repeat(10))]).status, 413);
    let mut stream = host.connect();
    stream
        .write_all(b"POST /token HTTP/1.1\r\nhost: as.example\r\ntransfer-encoding: chunked\r\n\r\nno chunk")
        .expect("sent");
    assert!(until_closed(&mut stream).starts_with("HTTP/1.1 400 "));
}

#[test]
fn a_request_that_takes_the_server_too_long_is_answered_all_the_same() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("store.sqlite");
    let host = Running::with(&["--request-timeout", "1", "--store", &format!("sqlite:{}", file.display())]);
    let other = rusqlite::Connection::open(&file).expect("it is there");
    other.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
    let mut browser = Browser::new(&host.base);
    let secret = "7Fjfp0ZBr1KtDRbnfVdmIw";
    let form = [("grant_type", "client_credentials"), ("client_id", "service"), ("client_secret", secret)];
    let page = browser.post("/token", &form);
    assert_eq!((page.status, page.header("retry-after")), (503, "1"), "{page:?}");
    assert_eq!(page.json()["error"], "temporarily_unavailable");
    assert_eq!(browser.get("/readyz").status, 200, "it can be read");
    assert!(browser.get("/metrics").body.contains("grantor_connection_timeouts_total{of=\"request\"} 1\n"));
    other.execute_batch("ROLLBACK").expect("the lock is released");
    assert_eq!(browser.post("/token", &form).status, 200);
    let log = host.log();
    assert!(log.iter().any(|line| line["event"] == "request_timed_out" && line["endpoint"] == "token"), "{log:?}");
}

#[test]
fn a_body_may_come_in_pieces() {
    let host = Running::in_memory();
    let mut stream = host.connect();
    let head = "POST /token HTTP/1.1\r\nhost: as.example\r\ncontent-type: application/x-www-form-urlencoded\r\n";
    let mut request = format!("{head}connection: close\r\ntransfer-encoding: chunked\r\n\r\n");
    let form = "grant_type=client_credentials&client_id=service&client_secret=7Fjfp0ZBr1KtDRbnfVdmIw";
    request.extend(form.chars().map(|byte| format!("1\r\n{byte}\r\n")));
    request.push_str("0\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it is sent");
    assert!(until_closed(&mut stream).starts_with("HTTP/1.1 200 "));
}

#[test]
fn before_it_is_ready_connections_are_refused_and_do_not_wait() {
    let directory = tempfile::tempdir().expect("a directory");
    let (file, config) = (directory.path().join("grantor.sqlite"), directory.path().join("config.toml"));
    drop(Running::on_file(&file));
    fs::write(&config, CONFIG).expect("the configuration is written");
    // It cannot open the file as long as another process has it for itself.
    let other = Connection::open(&file).expect("the file opens");
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").expect("a lock");
    let address = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let store = format!("sqlite:{}", file.display());
    let child = command_at(&address.to_string()).arg("--config").arg(&config).args(["--store", &store]).spawn();
    let child = child.expect("it starts");
    let files = format!("/proc/{}/fd", child.id());
    let is_opening = || {
        let mut open = fs::read_dir(&files).expect("its open files").flatten();
        open.any(|entry| fs::read_link(entry.path()).is_ok_and(|open| open == file))
    };
    let started = Instant::now();
    while !is_opening() {
        assert!(started.elapsed() < PATIENCE, "it opens the file");
        thread::sleep(Duration::from_millis(1));
    }
    let refused = TcpStream::connect(address).expect_err("it is not ready");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    drop(other);
    let (host, _) = Running::wait(child, directory);
    assert_eq!(Browser::new(&host.base).get("/healthz").status, 200);
}
