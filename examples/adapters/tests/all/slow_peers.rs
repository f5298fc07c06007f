//! Peers that are idle or slow are not waited for.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::program::{Running, SERVERS, Server};

/// What takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);

const POST: &str = "POST /token HTTP/1.1\r\nhost: server.example\r\ncontent-length: 99999\r\n\r\n";

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.url.trim_start_matches("http://")).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

#[test]
fn a_peer_that_falls_silent_is_left() {
    let get = "GET /.well-known/oauth-protected-resource/photos HTTP/1.1\r\nhost: server.example\r\n\r\n";
    let cases = ["", "GET /photos HT", "GET /photos HTTP/1.1\r\nhost: serv", get, POST];
    for program in SERVERS {
        let server = Server::with_timeout(program, 1);
        let mut streams = cases.map(|sent| {
            let mut stream = connect(&server);
            stream.write_all(sent.as_bytes()).expect("it is sent");
            (sent, stream)
        });
        for (sent, stream) in &mut streams {
            let mut answer = Vec::new();
            let read = stream.read_to_end(&mut answer).map_err(|error| error.kind());
            assert_ne!(read, Err(ErrorKind::WouldBlock), "{program}: it is open still after {sent:?}");
        }
    }
}

#[test]
fn r103_a_byte_now_and_then_does_not_keep_a_connection() {
    for program in SERVERS {
        // oxhttp has no time for a whole head.
        let heads = if program.ends_with("blocking") { &[POST][..] } else { &["GET /photos HTTP/1.1\r\n", POST] };
        let server = Server::with_timeout(program, 1);
        for head in heads {
            let mut stream = connect(&server);
            stream.write_all(head.as_bytes()).expect("it is sent");
            let begin = Instant::now();
            while stream.write_all(b"a").is_ok() {
                assert!(begin.elapsed() < PATIENCE, "{program}: it is open still after {head:?}");
                sleep(Duration::from_millis(50));
            }
        }
    }
}

#[test]
fn a_peer_that_takes_no_answers_is_left() {
    let requests = "GET /photos HTTP/1.1\r\nhost: server.example\r\n\r\n".repeat(1000);
    for program in SERVERS {
        let server = Server::with_timeout(program, 1);
        let mut stream = connect(&server);
        // The answers fill what the operating system holds, and then the requests do.
        let failed = (0..100_000).map(|_| stream.write_all(requests.as_bytes())).find_map(Result::err);
        let failed = failed.expect("it is closed at some time").kind();
        assert_ne!(failed, ErrorKind::WouldBlock, "{program}: it is open still");
    }
}

#[test]
fn r104_a_log_that_nobody_reads_stops_nothing() {
    for program in SERVERS {
        let mut running = Running::start(Command::new(program).arg("127.0.0.1:0"));
        let url = running.line_after("listening on ");
        for _ in 0..2000 {
            let response = crate::program::agent().get(format!("{url}/photos")).call().expect("an answer");
            assert_eq!(response.status(), 401, "{program}");
        }
    }
}
