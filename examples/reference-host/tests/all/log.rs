//! The log.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::time::Instant;

use serde_json::Value;

use crate::client::Browser;
use crate::process::{PATIENCE, Running};

const SERVICE: [(&str, &str); 3] =
    [("grant_type", "client_credentials"), ("client_id", "service"), ("client_secret", "7Fjfp0ZBr1KtDRbnfVdmIw")];

/// What happens in a session with every kind of request.
fn visit(browser: &mut Browser) {
    let code = browser.code();
    let tokens = browser.redeem(&code).json();
    let token = tokens["access_token"].as_str().expect("a token").to_owned();
    let api = [("token", &*token), ("client_id", "api"), ("client_secret", "n4bQgYhMfWWaL28IIEB6Mw")];
    assert_eq!(browser.post("/introspect", &api).json()["active"], true);
    assert_eq!(browser.post("/token", &SERVICE).status, 200);
    assert_ne!(browser.post("/token", &[("client_id", "eve\"\n{\\"), ("client_secret", "x")]).status, 200);
    assert_ne!(browser.post("/introspect", &[("token", "x"), ("client_id", "api")]).status, 200);
    assert_eq!(browser.post("/revoke", &[("token", &token), ("client_id", "app")]).status, 200);
}

/// Sends so many requests that are refused, each with a line in the log.
fn refuse(host: &Running, requests: usize) {
    let mut stream = host.connect();
    let mut sender = stream.try_clone().expect("another handle");
    let request = "POST /token HTTP/1.1\r\nhost: as.example\r\ncontent-length: 0\r\n\r\n";
    let sending = std::thread::spawn(move || {
        (0..requests / 100).try_for_each(|_| sender.write_all(request.repeat(100).as_bytes())).expect("it is sent");
    });
    let (mut answers, mut buffer, mut seen) = (0, [0; 65536], String::new());
    while answers < requests {
        let read = stream.read(&mut buffer).expect("it is answered");
        assert_ne!(read, 0, "{answers} of {requests} were answered");
        seen.push_str(std::str::from_utf8(&buffer[..read]).expect("text"));
        answers += seen.matches("\r\ndate: ").count();
        // What may be the begin of another: not the line end before it, so that none is counted twice.
        seen = seen.split_off(seen.rfind('\n').unwrap_or_default());
    }
    sending.join().expect("all is sent");
}

#[test]
fn each_line_is_json_and_says_what_happened_when_to_which_request() {
    let host = Running::with(&[]);
    visit(&mut Browser::new(&host.base));
    let mut lines = host.log();
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().expect("each has a name").to_owned()).collect();
    let expected = [
        "asked",
        "logged_in",
        "authorized",
        "issued",
        "issued",
        "token_refused",
        "introspection_refused",
        "revoked",
        "stopping",
        "stopped",
    ];
    assert_eq!(events, expected);
    for line in &lines {
        let time = line["time"].as_str().expect("each has a time");
        assert!(time.parse::<jiff::Timestamp>().is_ok() && time.ends_with('Z'), "{time}");
        assert!(line["level"].is_string(), "{line}");
    }
    lines.retain(|line| !line["event"].as_str().expect("a name").starts_with("stop"));
    assert!(lines.iter().all(|line| line["address"] == "127.0.0.1" && line["duration_us"].is_u64()), "{lines:?}");
    let requests: HashSet<_> = lines.iter().map(|line| line["request_id"].as_str().expect("each has one")).collect();
    assert_eq!(requests.len(), lines.len(), "each was a request of its own");
    let issued = lines.iter().find(|line| line["event"] == "issued").expect("there is one");
    assert_eq!(
        (&issued["client_id"], &issued["subject"], &issued["refresh_token"]),
        (&"app".into(), &"user-1".into(), &true.into())
    );
    let refused = lines.iter().find(|line| line["event"] == "token_refused").expect("there is one");
    assert_eq!(refused["reason"]["error"], "invalid_client", "{refused}");
}

#[test]
fn introspections_have_a_line_if_that_is_asked_for() {
    let host = Running::with(&["--log-introspections"]);
    visit(&mut Browser::new(&host.base));
    let lines = host.log();
    let introspected = lines.iter().filter(|line| line["event"] == "introspected").collect::<Vec<_>>();
    assert_eq!(introspected.len(), 1, "{lines:?}");
    assert_eq!((&introspected[0]["client_id"], &introspected[0]["active"]), (&"api".into(), &true.into()));
}

#[test]
fn a_refusal_names_its_line_in_the_log() {
    let host = Running::with(&[]);
    let page = Browser::new(&host.base).post("/token", &[("client_id", "nobody")]);
    let id = page.header("x-request-id").to_owned();
    let lines = host.log();
    let refused = lines.iter().find(|line| line["event"] == "token_refused").expect("it is logged");
    assert_eq!(refused["request_id"], id);
}

#[test]
fn r104_a_log_that_nobody_reads_stops_nothing_and_says_later_what_it_lost() {
    let mut host = Running::with(&[]);
    let mut browser = Browser::new(&host.base);
    refuse(&host, 12_000);
    assert_eq!(browser.get("/").status, 200);
    assert_eq!(browser.get("/readyz").status, 200);
    let metrics = browser.get("/metrics").body;
    let (_, dropped) = metrics.split_once("\ngrantor_log_lines_dropped_total ").expect("it is counted");
    let dropped: u64 = dropped.lines().next().and_then(|number| number.parse().ok()).expect("a number");
    assert!(dropped > 0, "nothing was lost: the test sends too little");
    // Somebody reads again.
    let stderr = BufReader::new(host.child.stderr.take().expect("its log is piped"));
    let told = stderr.lines().map(|line| serde_json::from_str::<Value>(&line.expect("text")).expect("JSON"));
    let told = told.into_iter().find(|line| line["event"] == "log_lines_dropped").expect("it says so");
    assert!(told["lines"].as_u64().is_some_and(|lines| lines >= dropped), "{told} of {dropped}");
}

#[test]
fn a_log_that_nobody_reads_does_not_keep_the_program_alive() {
    let mut host = Running::with(&["--stop-timeout", "1"]);
    // More than the pipe and the queue hold.
    refuse(&host, 12_000);
    host.signal("-TERM");
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = host.child.try_wait().expect("it can be asked") {
            break status;
        }
        assert!(begin.elapsed() < PATIENCE, "it does not end");
        std::thread::sleep(std::time::Duration::from_millis(10));
    };
    assert!(status.success(), "{status}");
}

#[test]
fn a_log_that_is_closed_stops_nothing() {
    let mut host = Running::with(&[]);
    drop(host.child.stderr.take());
    let mut browser = Browser::new(&host.base);
    for _ in 0..1_000 {
        assert_eq!(browser.post("/token", &SERVICE).status, 200);
    }
    host.signal("-TERM");
    assert!(host.child.wait().expect("it ends").success());
}
