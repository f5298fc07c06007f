//! The clients, each against every server. The test is the browser.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::program::{Running, SERVERS, Server, agent, text};

#[test]
fn a_service_gets_a_token_uses_it_and_revokes_it() {
    for program in SERVERS {
        let server = Server::start(program);
        let mut command = Command::new(env!("CARGO_BIN_EXE_client-reqwest"));
        let mut service =
            Running::start(command.args(["--loopback", &server.url]).env("CLIENT_SECRET", demo::DEMO_SECRET));
        assert_eq!(service.line(), "200 OK", "{program}");
        assert_eq!(service.line(), "photos of backup", "{program}");
        assert_eq!(service.line(), "revoked", "{program}");
        assert_eq!(service.end(), (true, String::new()), "{program}");
    }
}

#[test]
fn a_service_with_the_wrong_secret_is_told_so() {
    for program in SERVERS {
        let server = Server::start(program);
        let mut command = Command::new(env!("CARGO_BIN_EXE_client-reqwest"));
        let service = Running::start(command.args(["--loopback", &server.url]).env("CLIENT_SECRET", "wrong"));
        let (is_content, complaint) = service.end();
        assert!(!is_content && complaint.contains("invalid_client"), "{program}: {complaint}");
    }
}

#[test]
fn a_program_gets_its_code_on_a_loopback_port_and_refreshes_its_tokens() {
    // Not 1: lifetimes are whole seconds, and a token of one second may end as soon as it is issued.
    let lifetime = 2;
    let mut all = SERVERS.map(|program| {
        let server = Server::with_lifetime(program, lifetime);
        let mut cli = start_cli(&server);
        let callback = decide(&server, &mut cli, "approve");
        let page = agent().get(callback).call().expect("the program listens");
        assert_eq!(text(page), "You can close this window.", "{program}");
        cli.line_after("Press Enter");
        (program, cli, server)
    });
    for _ in 0..2 {
        for (program, cli, _) in &mut all {
            cli.press_enter();
            assert_eq!(cli.line(), "200 OK", "{program}");
            assert_eq!(cli.line(), "photos of demo-user", "{program}");
        }
        // What the first token was good for ends: the second round needs another.
        sleep(Duration::from_secs(u64::from(lifetime)));
    }
    for (program, cli, _server) in all {
        assert_eq!(cli.end(), (true, String::new()), "{program}");
    }
}

#[test]
fn a_program_that_is_denied_says_so() {
    for program in SERVERS {
        let server = Server::start(program);
        let mut cli = start_cli(&server);
        let callback = decide(&server, &mut cli, "deny");
        agent().get(callback).call().expect("the program listens");
        let (is_content, complaint) = cli.end();
        assert!(!is_content && complaint.contains("access_denied"), "{program}: {complaint}");
    }
}

#[test]
fn a_program_takes_no_response_to_a_request_that_is_not_its_own() {
    for program in SERVERS {
        let server = Server::start(program);
        let mut cli = start_cli(&server);
        let callback = decide(&server, &mut cli, "approve");
        let (address, _) = callback.split_once("/callback?").expect("a redirect URI");
        let icon = agent().get(format!("{address}/favicon.ico")).call().expect("the program listens");
        assert_eq!(icon.status(), 404, "{program}");
        let forged = format!("{address}/callback?code=stolen&state=forged&iss={}", server.url);
        agent().get(forged).call().expect("the program listens");
        let (is_content, complaint) = cli.end();
        assert!(!is_content && complaint.contains("StateMismatch"), "{program}: {complaint}");
    }
}

fn start_cli(server: &Server) -> Running {
    Running::start(Command::new(env!("CARGO_BIN_EXE_client-ureq")).args(["--loopback", &server.url]))
}

/// Opens the page that the program names, presses this button, and returns where the browser is sent.
fn decide(server: &Server, cli: &mut Running, decision: &str) -> String {
    let url = cli.line_after("Open this in your browser: ");
    let page = text(agent().get(url).call().expect("a page"));
    let (_, rest) = page.split_once("name=request value=").expect("a form");
    let (request, _) = rest.split_once('>').expect("a field");
    let response = server.post("/consent", &[("request", request), ("decision", decision)]);
    let location = response.headers()["location"].to_str().expect("a text").to_owned();
    // Another click decides nothing.
    assert_eq!(server.post("/consent", &[("request", request), ("decision", decision)]).status(), 410);
    location
}
