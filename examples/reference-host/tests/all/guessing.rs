//! Guessing at secrets: nobody's guesses stop anybody else.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use crate::client::Browser;
use crate::process::{CONFIG, Running, command};

const SECRET: &str = "7Fjfp0ZBr1KtDRbnfVdmIw";

/// A host that believes whoever connects from this machine about who asks.
fn behind_a_proxy() -> Running {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("config.toml");
    std::fs::write(&file, CONFIG).expect("the configuration is written");
    let mut command = command();
    command.arg("--config").arg(&file).args(["--store", "memory", "--trust-proxy", "127.0.0.0/8"]);
    Running::wait(command.spawn().expect("it starts"), directory).0
}

/// The status of a form that somebody sends through the proxy.
fn post(host: &Running, from: &str, path: &str, form: &[(&str, &str)]) -> u16 {
    let request = ureq::post(format!("{}{path}", host.base)).header("x-forwarded-for", from);
    let request = request.config().http_status_as_error(false).build();
    request.send_form(form.iter().copied()).expect("the host answers").status().as_u16()
}

fn service(host: &Running, from: &str, secret: &str) -> u16 {
    let form = [("grant_type", "client_credentials"), ("client_id", "service"), ("client_secret", secret)];
    post(host, from, "/token", &form)
}

fn password(host: &Running, from: &str, name: &str, password: &str) -> u16 {
    let form = [
        ("grant_type", "password"),
        ("client_id", "service"),
        ("client_secret", SECRET),
        ("username", name),
        ("password", password),
    ];
    post(host, from, "/token", &form)
}

#[test]
fn r105_a_guesser_bars_a_client_at_one_address_and_not_where_it_is() {
    let host = behind_a_proxy();
    for _ in 0..20 {
        assert_eq!(service(&host, "198.51.100.1", "guess"), 400);
    }
    assert_eq!(service(&host, "198.51.100.1", SECRET), 429);
    assert_eq!(service(&host, "198.51.100.2", SECRET), 200);
    // What came from the left of the header is the guesser's own word.
    assert_eq!(service(&host, "198.51.100.3, 198.51.100.1", SECRET), 429);
    // Who succeeded before goes on, though others guess from there.
    for _ in 0..20 {
        assert_eq!(service(&host, "198.51.100.2", "guess"), 400);
    }
    assert_eq!(service(&host, "198.51.100.2", "guess"), 429);
    assert_eq!(service(&host, "198.51.100.2", SECRET), 200);
}

#[test]
fn an_ipv6_guesser_has_one_address_of_a_64() {
    let host = behind_a_proxy();
    for number in 1..=20 {
        assert_eq!(service(&host, &format!("2001:db8::{number:x}"), "guess"), 400);
    }
    assert_eq!(service(&host, "2001:db8::ffff:1", SECRET), 429);
    assert_eq!(service(&host, "2001:db8:0:1::1", SECRET), 200);
}

#[test]
fn whoever_makes_clients_up_makes_only_those_wait() {
    let host = behind_a_proxy();
    let made_up = |number: u32, from: &str| {
        let client_id = format!("c{number}");
        post(&host, from, "/introspect", &[("token", "x"), ("client_id", &client_id), ("client_secret", "x")])
    };
    let told: Vec<_> = (0..50).map(|number| made_up(number, "198.51.100.1")).collect();
    assert_eq!((told[19], told[20]), (401, 429));
    assert_eq!(made_up(0, "198.51.100.2"), 401);
    assert_eq!(service(&host, "198.51.100.1", SECRET), 200, "the next client at that address has its own count");
}

#[test]
fn a_public_client_has_no_secret_to_guess_at() {
    let host = behind_a_proxy();
    let mut told = Vec::new();
    for _ in 0..50 {
        let form =
            [("grant_type", "refresh_token"), ("client_id", "app"), ("client_secret", "x"), ("refresh_token", "x")];
        told.push(post(&host, "198.51.100.1", "/token", &form));
    }
    assert!(told.iter().all(|status| *status == 400), "{told:?}");
    let form = [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", "x")];
    assert_eq!(post(&host, "198.51.100.1", "/token", &form), 400);
}

#[test]
fn the_password_grant_counts_by_address_and_leaves_people_alone_where_they_were() {
    let host = behind_a_proxy();
    assert_eq!(password(&host, "198.51.100.1", "alice", "wonderland"), 200);
    for _ in 0..6 {
        assert_eq!(password(&host, "198.51.100.2", "alice", "guess"), 400);
    }
    assert_eq!(password(&host, "198.51.100.2", "alice", "wonderland"), 400);
    assert_eq!(password(&host, "198.51.100.1", "alice", "wonderland"), 200);
    assert_eq!(password(&host, "198.51.100.3", "alice", "wonderland"), 200);
    // The login page counts together with it.
    let form = |page: &crate::client::Page| (page.field("csrf"), page.field("request"));
    let mut browser = Browser::new(&host.base);
    for _ in 0..5 {
        assert_eq!(password(&host, "127.0.0.1", "bob", "guess"), 400);
    }
    let page = browser.authorize();
    let (csrf, request) = form(&page);
    let fields = [("csrf", &*csrf), ("request", &request), ("username", "bob"), ("password", "builder")];
    assert_eq!(browser.post("/login", &fields).status, 429);
}

/// Sends requests at once, one a connection, and counts how many were looked at.
fn burst(host: &Running, body: &str, looked_at: &str) -> usize {
    let address: SocketAddr = host.base.strip_prefix("http://").expect("a base").parse().expect("an address");
    let request = format!(
        "POST /token HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (head, last) = request.split_at(request.len() - 1);
    let mut connections: Vec<_> = (0..300)
        .map(|_| {
            let mut connection = TcpStream::connect(address).expect("it listens");
            connection.write_all(head.as_bytes()).expect("it reads");
            connection
        })
        .collect();
    connections.iter_mut().for_each(|connection| connection.write_all(last.as_bytes()).expect("it reads"));
    let answers = connections.into_iter().map(|mut connection| {
        thread::spawn(move || {
            let mut answer = String::new();
            connection.read_to_string(&mut answer).expect("it answers");
            answer
        })
    });
    let answers: Vec<_> = answers.collect();
    answers.into_iter().filter_map(|answer| answer.join().ok()).filter(|answer| answer.contains(looked_at)).count()
}

#[test]
fn r105_a_burst_has_no_more_guesses_than_whoever_asks_one_after_the_other() {
    let directory = tempfile::tempdir().expect("a directory");
    for host in [Running::in_memory(), Running::on_file(&directory.path().join("store.sqlite"))] {
        let form = |secret: &str| format!("grant_type=client_credentials&client_id=service&client_secret={secret}");
        assert_eq!(burst(&host, &form(SECRET), "HTTP/1.1 200"), 300, "honest requests at once all come through");
        assert_eq!(burst(&host, &form("guess"), "invalid_client"), 20);
        assert_eq!(burst(&host, &form(SECRET), "HTTP/1.1 200"), 300);
    }
}
