//! The servers: what a client sees of RFC 6750, 7009, 7662, 8414 and 9728 is the same in each framework.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use crate::program::{SERVERS, Server, agent, challenge, text};

#[test]
fn a_request_without_a_token_is_answered_with_a_challenge_that_has_no_error() {
    for program in SERVERS {
        let server = Server::start(program);
        let url = &server.url;
        let response = server.photos(None);
        assert_eq!(response.status(), 401, "{program}");
        let expected = format!(
            "Bearer realm=\"{url}/photos\", scope=\"photos.read\", \
             resource_metadata=\"{url}/.well-known/oauth-protected-resource/photos\""
        );
        assert_eq!(challenge(&response), expected, "{program}");
    }
}

#[test]
fn a_token_opens_what_its_scope_says_and_nothing_else() {
    for program in SERVERS {
        let server = Server::start(program);
        let reading = server.token("photos.read");
        let response = server.photos(Some(&reading));
        assert_eq!(response.status(), 200, "{program}");
        assert_eq!(text(response), "photos of backup\n", "{program}");

        let response = server.add_photo(&reading);
        assert_eq!(response.status(), 403, "{program}");
        assert!(challenge(&response).contains("error=\"insufficient_scope\""), "{program}: {}", challenge(&response));
        assert!(challenge(&response).contains("scope=\"photos.write\""), "{program}: {}", challenge(&response));

        let response = server.add_photo(&server.token("photos.write"));
        assert_eq!(response.status(), 200, "{program}");
        assert_eq!(text(response), "added to the photos of backup\n", "{program}");
    }
}

#[test]
fn a_revoked_token_opens_nothing_and_is_not_active() {
    for program in SERVERS {
        let server = Server::start(program);
        let token = server.token("photos.read");
        let introspect = || {
            let form = [("token", &*token), ("client_id", "api"), ("client_secret", demo::DEMO_SECRET)];
            text(server.post("/introspect", &form))
        };
        assert_eq!(server.photos(Some(&token)).status(), 200, "{program}");
        assert!(introspect().contains("\"active\":true"), "{program}: {}", introspect());

        let form = [("token", &*token), ("client_id", "backup"), ("client_secret", demo::DEMO_SECRET)];
        assert_eq!(server.post("/revoke", &form).status(), 200, "{program}");
        let response = server.photos(Some(&token));
        assert_eq!(response.status(), 401, "{program}");
        assert!(challenge(&response).contains("error=\"invalid_token\""), "{program}: {}", challenge(&response));
        assert_eq!(introspect(), "{\"active\":false}", "{program}");
    }
}

#[test]
fn what_the_endpoints_refuse_is_worded_by_grantor() {
    for program in SERVERS {
        let server = Server::start(program);
        let get = |path: &str| agent().get(format!("{}{path}", server.url)).call().expect("a response");
        // Also by the wrong method: no framework answers in its place.
        assert_eq!(get("/token").headers()["allow"], "POST", "{program}");
        assert!(text(server.post("/token", &[])).contains("\"error\":\"invalid_client\""), "{program}");
        assert_eq!(get("/authorize?client_id=nobody").status(), 400, "{program}");
        let response = server.post("/token", &[("grant_type", &"x".repeat(grantor::MAX_FORM_LEN))]);
        assert!([400, 413].contains(&response.status().as_u16()), "{program}: {}", response.status());
    }
}

#[test]
fn a_protected_resource_names_its_authorization_server() {
    for program in SERVERS {
        let server = Server::start(program);
        let metadata = agent().get(format!("{}/.well-known/oauth-protected-resource/photos", server.url)).call();
        let metadata = text(metadata.expect("a response"));
        let expected = format!("\"authorization_servers\":[\"{}\"]", server.url);
        assert!(metadata.contains(&expected), "{program}: {metadata}");
    }
}

#[test]
fn a_decision_is_made_once() {
    for program in SERVERS {
        let server = Server::start(program);
        let form = [("request", "never-asked"), ("decision", "approve")];
        assert_eq!(server.post("/consent", &form).status(), 410, "{program}");
    }
}

#[test]
fn what_is_left_of_a_body_that_is_too_long_is_not_taken_for_a_request() {
    let hidden = "GET /photos HTTP/1.1\r\nhost: server.example\r\n\r\n".repeat(2000);
    let body = "x".repeat(grantor::MAX_FORM_LEN + 1) + &hidden;
    let head = format!("POST /token HTTP/1.1\r\nhost: server.example\r\ncontent-length: {}\r\n\r\n", body.len());
    for program in SERVERS {
        let server = Server::start(program);
        let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).expect("it listens");
        // A server may hang up before it has read everything.
        let _ = stream.write_all((head.clone() + &body).as_bytes());
        let _ = stream.shutdown(Shutdown::Write);
        let mut responses = Vec::new();
        let _ = stream.read_to_end(&mut responses);
        let responses = String::from_utf8(responses).expect("a text");
        assert!(responses.matches("HTTP/1.1 ").count() <= 1, "{program}: {responses}");
        assert!(!responses.contains("www-authenticate"), "{program}: {responses}");
    }
}
