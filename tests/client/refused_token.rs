//! A shared token set whose token a resource server refuses (RFC 6750 §3.1, `invalid_token`), and one that is replaced.

use std::pin::Pin;
use std::sync::{Barrier, Mutex};
use std::time::Duration;

use grantor::client::{Fresh, SharedTokens, TokenSet};
use grantor::model::Secret;
use grantor::{HttpHost, Timestamp};

use crate::canned::*;
use crate::common::*;
use crate::crowd::*;

const GOOD: Timestamp = Timestamp(NOW + 100);

/// The token set that everybody starts with, as one who uses it has it.
fn old() -> TokenSet {
    set("old", None)
}

#[test]
fn a_token_that_was_refused_is_refreshed_before_its_time() {
    for (name, crowd, count) in CROWDS {
        let (tokens, server) = (tokens(), Server::that_refreshes());
        assert_eq!(crowd(&tokens, &server, GOOD, count), vec!["old"; count]);
        tokens.refused(&old());
        assert_eq!(crowd(&tokens, &server, GOOD, count), vec!["new"; count], "{name}");
        assert_eq!(server.asked(), 1);
    }
}

/// Some say so while another refreshes, some when it is done: of an earlier token it is no news.
#[test]
fn however_many_say_so_it_is_refreshed_once() {
    let (tokens, server, client) = (tokens(), Server::that_refreshes(), public_client());
    let (host, start) = (HttpHost(&server), Barrier::new(16));
    let one = || {
        start.wait();
        tokens.refused(&old());
        word(&tokens.get(&client, crate::canned::moment_at(GOOD), &host))
    };
    let words: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(words, ["new"; 16]);
    assert_eq!(server.asked(), 1);

    let (tokens, words) = (self::tokens(), Mutex::new(Vec::new()));
    let task = |late| -> Pin<Box<dyn Future<Output = ()> + '_>> {
        let (tokens, client, host, words) = (&tokens, &client, &host, &words);
        Box::pin(async move {
            for _ in 0..late {
                turn_over().await;
            }
            tokens.refused(&old());
            let outcome = tokens.get_async(client, crate::canned::moment_at(GOOD), host).await;
            words.lock().unwrap().push(word(&outcome));
        })
    };
    run_all((0..20).map(task).collect());
    assert_eq!(words.into_inner().unwrap(), ["new"; 20]);
    assert_eq!(server.asked(), 2);
}

#[test]
fn a_token_that_was_refused_has_ended_whatever_it_says() {
    for (name, crowd, count) in CROWDS {
        let nothing_to_refresh_with = SharedTokens::new(old());
        let server = Server::that_refreshes();
        nothing_to_refresh_with.refused(&old());
        assert_eq!(crowd(&nothing_to_refresh_with, &server, GOOD, count), vec!["ended"; count], "{name}");
        assert_eq!(server.asked(), 0);

        let (tokens, server) = (tokens(), Server::that_ended_it());
        tokens.refused(&old());
        assert_eq!(crowd(&tokens, &server, GOOD, count), vec!["ended"; count], "{name}");
        assert_eq!(server.asked(), 1);
    }
    let (tokens, server) = (tokens(), Server::that_is_down());
    tokens.refused(&old());
    assert_eq!(in_tasks(&tokens, &server, GOOD, 9), ["unavailable: connection refused"; 9]);
    assert_eq!(in_tasks(&tokens, &Server::that_refreshes(), Timestamp(GOOD.0 + 5), 9), ["new"; 9]);
}

/// Who refreshed a worn token in time goes on with it when that fails, unless it was refused meanwhile.
#[test]
fn a_refusal_during_a_refresh_counts() {
    let (tokens, client, server) = (tokens(), public_client(), Server::that_is_down());
    let Fresh::Refresh(turn) = tokens.fresh(WORN) else { panic!("no turn") };
    tokens.refused(&old());
    let Fresh::Wait(wait) = tokens.fresh(WORN) else { panic!("no wait") };
    let reply = turn.start(&client, crate::canned::moment_at(WORN)).run(&HttpHost(&server));
    assert_eq!(word(&turn.finish(reply)), "unavailable: connection refused");
    assert!(wait.block().is_err());
}

// The resource owner was asked again

#[test]
fn a_token_set_that_has_ended_can_be_replaced() {
    for (name, crowd, count) in CROWDS {
        let (tokens, server) = (tokens(), Server::that_ended_it());
        tokens.refused(&old());
        assert_eq!(crowd(&tokens, &server, END, count), vec!["ended"; count]);
        tokens.replace(set("login", Some("refresh")));
        assert_eq!(crowd(&tokens, &server, GOOD, count), vec!["login"; count], "{name}");
        let server = Server::that_refreshes();
        assert_eq!(crowd(&tokens, &server, END, count), vec!["new"; count], "{name}");
        assert_eq!(server.asked(), 1);
    }
}

/// Whoever waits for a refresh has what it is replaced with; what becomes of the refresh is of no account, nor is its
/// end.
#[test]
fn a_refresh_that_is_under_way_is_overtaken() {
    let client = public_client();
    for server in [Server::that_refreshes(), Server::that_ended_it(), Server::that_is_down()] {
        let tokens = tokens();
        let Fresh::Refresh(turn) = tokens.fresh(END) else { panic!("no turn") };
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| word(&tokens.get(&client, crate::canned::moment_at(END), &HttpHost(&server))));
            let task = scope.spawn(|| {
                word(&block_on(tokens.get_async(&client, crate::canned::moment_at(END), &HttpHost(&server))))
            });
            std::thread::sleep(Duration::from_millis(30));
            let login = serde_json::json!({"issuer": "https://server.example", "access_token": "login", "refresh_token": "its own", "requested_at": NOW});
            tokens.replace(serde_json::from_value(login).unwrap());
            assert_eq!((waiting.join().unwrap(), task.join().unwrap()), ("login".to_owned(), "login".to_owned()));
        });
        assert_eq!(server.asked(), 0);
        tokens.refused(&set("login", None));
        let Fresh::Refresh(second) = tokens.fresh(END) else { panic!("no turn") };
        let reply = turn.start(&client, crate::canned::moment_at(END)).run(&HttpHost(&server));
        assert_eq!(word(&turn.finish(reply)), "login");
        assert!(matches!(tokens.fresh(END), Fresh::Wait(_)), "the second turn goes on");
        let reply = second.start(&client, crate::canned::moment_at(END)).run(&HttpHost(&Server::that_refreshes()));
        assert_eq!(reply.as_ref().unwrap().refresh_token().map(Secret::expose), Some("next"));
        assert_eq!(word(&second.finish(reply)), "new");
    }
}
