//! Stopping, at once or when all are answered.

use std::io::{Read as _, Write as _};
use std::time::Instant;

use crate::client::Browser;
use crate::process::{PATIENCE, Running};

#[test]
fn a_second_signal_ends_it_at_once() {
    for second in ["-TERM", "-INT"] {
        let mut host = Running::with(&["--stop-timeout", "600", "--head-timeout", "600", "--body-timeout", "600"]);
        let mut stream = host.connect();
        let half = "POST /token HTTP/1.1\r\nhost: as.example\r\ncontent-length: 20\r\nexpect: 100-continue\r\n\r\n";
        stream.write_all(half.as_bytes()).expect("it is sent");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("it reads the body");
        assert_eq!(&answer, b"HTTP/1.1 100");
        host.signal("-TERM");
        std::thread::sleep(std::time::Duration::from_millis(1500));
        assert!(host.child.try_wait().expect("it can be asked").is_none(), "it waits for the half request");
        host.signal(second);
        let begin = Instant::now();
        while host.child.try_wait().expect("it can be asked").is_none() {
            assert!(begin.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

#[test]
fn r109_a_request_under_way_is_answered_and_told_that_it_is_the_last() {
    let mut host = Running::with(&["--stop-timeout", "20"]);
    let mut stream = host.connect();
    let form = "grant_type=client_credentials&client_id=service&client_secret=7Fjfp0ZBr1KtDRbnfVdmIw";
    let (begin, rest) = form.split_at(10);
    let head = "POST /token HTTP/1.1\r\nhost: as.example\r\ncontent-type: application/x-www-form-urlencoded\r\n";
    let request = format!("{head}expect: 100-continue\r\ncontent-length: {}\r\n\r\n{begin}", form.len());
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("it reads the body");
    host.signal("-TERM");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    stream.write_all(rest.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered, and closed");
    assert!(answer.contains("HTTP/1.1 200 ") && answer.contains("connection: close\r\n"), "{answer}");
    assert!(host.child.wait().expect("it ends").success());
}

#[test]
fn keep_alive_clients_meet_no_reset_when_it_stops() {
    let mut host = Running::with(&[]);
    let request = "GET /readyz HTTP/1.1\r\nhost: as.example\r\n\r\n";
    let mut streams: Vec<_> = (0..8).map(|_| host.connect()).collect();
    let mut ask = |at: usize| {
        let stream = &mut streams[at];
        stream.write_all(request.as_bytes()).expect("it is sent");
        let mut answer = String::new();
        while !answer.ends_with("ready\n") && !answer.ends_with("stopping\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("it is answered");
            answer.push(char::from(byte[0]));
        }
        answer
    };
    assert!(ask(0).starts_with("HTTP/1.1 200 "));
    host.signal("-TERM");
    // The signal takes a moment to arrive.
    let mut answers = (0..8).map(|at| (at, ask(at)));
    assert!(answers.all(|(_, answer)| answer.contains("200 OK") || answer.contains("connection: close\r\n")));
    assert!(host.child.wait().expect("it ends").success());
}

#[test]
fn it_says_at_once_that_it_is_not_ready_any_more() {
    let (host, operations) = Running::with_operations(&["--stop-timeout", "600", "--body-timeout", "600"]);
    let mut operators = Browser::new(&operations);
    assert_eq!(operators.get("/readyz").status, 200);
    let mut stream = host.connect();
    let half = "POST /token HTTP/1.1\r\nhost: as.example\r\ncontent-length: 20\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(half.as_bytes()).expect("it is sent");
    stream.read_exact(&mut [0; 12]).expect("it reads the body");
    host.signal("-TERM");
    let begin = Instant::now();
    while operators.get("/readyz").status != 503 {
        assert!(begin.elapsed() < PATIENCE, "it is ready still");
    }
    assert_eq!(operators.get("/healthz").status, 200);
}

#[test]
fn a_hangup_ends_nothing() {
    let host = Running::with(&[]);
    for _ in 0..3 {
        host.signal("-HUP");
        assert_eq!(Browser::new(&host.base).get("/").status, 200);
    }
}
