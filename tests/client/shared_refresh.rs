//! A token set that many share is refreshed once, whoever asks, on threads and in tasks.

use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use grantor::client::{Fresh, SharedTokens};
use grantor::model::Secret;
use grantor::server::RefreshPolicy;
use grantor::{Answer, Fetch, HttpHost, Timestamp, Unavailable};
use serde_json::json;

use crate::canned::{self, *};
use crate::common::*;
use crate::crowd::*;

/// Requirement r99.
#[test]
fn however_many_ask_there_is_one_refresh() {
    for (name, crowd, count) in CROWDS {
        let (tokens, server) = (tokens(), Server::that_refreshes());
        assert_eq!(crowd(&tokens, &server, END, count), vec!["new"; count], "{name}");
        assert_eq!(server.asked(), 1, "{name}");
    }
}

#[test]
fn while_the_token_is_good_nobody_asks() {
    for (_, crowd, count) in CROWDS {
        let (tokens, server) = (tokens(), Server::that_refreshes());
        assert_eq!(crowd(&tokens, &server, Timestamp(NOW), count), vec!["old"; count]);
        assert_eq!(server.asked(), 0);
    }
}

/// All who wait for one refresh share what becomes of it, and so does who comes soon after; who comes later tries anew.
#[test]
fn a_failure_is_shared_and_is_not_for_ever() {
    let (tokens, server) = (tokens(), Server::that_is_down());
    let failed = vec!["unavailable: connection refused"; 200];
    for (later, asked) in [(0, 1), (0, 1), (4, 1), (5, 2), (9, 2), (10, 3)] {
        assert_eq!(in_tasks(&tokens, &server, Timestamp(END.0 + later), 200), failed);
        assert_eq!(server.asked(), asked, "{later}");
    }
    assert_eq!(in_tasks(&tokens, &Server::that_refreshes(), Timestamp(END.0 + 15), 3), ["new"; 3]);
}

#[test]
fn while_the_old_token_lasts_nobody_waits_and_no_failure_shows() {
    for server in [Server::that_is_down(), Server::that_ended_it(), Server::that_answers(json(200, "{}"))] {
        for (_, crowd, count) in CROWDS {
            assert_eq!(crowd(&tokens(), &server, WORN, count), vec!["old"; count]);
        }
    }
    let tokens = tokens();
    let Fresh::Refresh(turn) = tokens.fresh(WORN) else { panic!("no turn") };
    let Fresh::Ready(old) = tokens.fresh(WORN) else { panic!("somebody waits") };
    assert_eq!(old.access_token().expose(), "old");
    assert!(matches!(tokens.fresh(END), Fresh::Wait(_)));
    drop(turn);
}

/// A failure that does not show is not tried again with every request: after five seconds, or when the server said.
#[test]
fn while_the_old_token_lasts_a_server_that_failed_is_left_alone() {
    let is_busy = with_header(canned::json(503, "{}"), "retry-after", "8");
    let is_soon = with_header(canned::json(503, "{}"), "retry-after", "1");
    for (answer, pause) in [(Err(Unavailable::new("down")), 5), (is_soon, 5), (is_busy, 8)] {
        for (name, crowd, count) in CROWDS {
            let (tokens, server) = (tokens(), Server::that_answers(answer.clone()));
            for (now, asked) in [(0, 1), (pause - 1, 1), (pause, 2), (pause + 1, 2)] {
                assert_eq!(crowd(&tokens, &server, Timestamp(WORN.0 + now), count), vec!["old"; count]);
                assert_eq!(server.asked(), asked, "{name}, {now} of {pause}");
            }
            // What worked is not waited after.
            let later = Timestamp(WORN.0 + 2 * pause);
            assert_eq!(crowd(&tokens, &Server::that_refreshes(), later, count), vec!["new"; count]);
        }
    }
}

/// RFC 6749 §5.2: the refresh token "is invalid, expired, revoked". There is no use in asking again.
#[test]
fn invalid_grant_is_the_end_but_not_before_its_time() {
    for (_, crowd, count) in CROWDS {
        let (tokens, server) = (tokens(), Server::that_ended_it());
        assert_eq!(crowd(&tokens, &server, WORN, count), vec!["old"; count]);
        assert_eq!(server.asked(), 1);
        assert_eq!(crowd(&tokens, &server, END, count), vec!["ended"; count]);
        assert_eq!(server.asked(), 1);
        let (tokens, server) = (self::tokens(), Server::that_ended_it());
        assert_eq!(crowd(&tokens, &server, END, count), vec!["ended"; count]);
        assert_eq!(server.asked(), 1);
    }
}

#[test]
fn without_a_refresh_token_a_set_lasts_as_long_as_it_lasts() {
    let (tokens, server) = (SharedTokens::new(set("old", None)), Server::that_refreshes());
    assert_eq!(in_tasks(&tokens, &server, WORN, 2), ["old"; 2]);
    assert_eq!(in_tasks(&tokens, &server, END, 2), ["ended"; 2]);
    let endless = json!({"issuer": "https://server.example", "access_token": "old", "requested_at": NOW});
    let tokens = SharedTokens::new(serde_json::from_value(endless).unwrap());
    assert_eq!(in_tasks(&tokens, &server, Timestamp(u64::MAX), 2), ["old"; 2]);
    assert_eq!(server.asked(), 0);
}

/// "If the future that refreshes is dropped, another takes its turn."
#[test]
fn a_dropped_future_passes_its_turn_on() {
    let (tokens, server, client) = (tokens(), Server::that_refreshes(), public_client());
    let host = HttpHost(&server);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut first = Box::pin(tokens.get_async(&client, crate::canned::moment_at(END), &host));
    assert!(first.as_mut().poll(&mut context).is_pending());
    let abandon = Mutex::new(Some(first));
    let words = Mutex::new(Vec::new());
    let wait = || -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(async {
            let outcome = tokens.get_async(&client, crate::canned::moment_at(END), &host).await;
            words.lock().unwrap().push(word(&outcome));
        })
    };
    let leave: Pin<Box<dyn Future<Output = ()> + '_>> = Box::pin(async {
        turn_over().await;
        drop(abandon.lock().unwrap().take());
    });
    run_all(vec![wait(), wait(), leave, wait()]);
    assert_eq!(*words.lock().unwrap(), ["new"; 3]);
    assert_eq!(server.asked(), 2);
}

#[test]
fn a_dropped_turn_passes_to_a_thread_that_waits() {
    let (tokens, server) = (tokens(), Server::that_refreshes());
    let Fresh::Refresh(turn) = tokens.fresh(END) else { panic!("no turn") };
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| on_threads(&tokens, &server, END, 4));
        std::thread::sleep(Duration::from_millis(30));
        assert_eq!(server.asked(), 0);
        drop(turn);
        assert_eq!(waiting.join().unwrap(), ["new"; 4]);
    });
    assert_eq!(server.asked(), 1);
}

/// Who waits and goes away leaves nothing behind that anyone trips over.
#[test]
fn a_dropped_wait_changes_nothing() {
    let (tokens, server) = (tokens(), Server::that_refreshes());
    let Fresh::Refresh(turn) = tokens.fresh(END) else { panic!("no turn") };
    for _ in 0..3 {
        let Fresh::Wait(mut wait) = tokens.fresh(END) else { panic!("no wait") };
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(Pin::new(&mut wait).poll(&mut context).is_pending());
    }
    drop(turn);
    assert_eq!(in_tasks(&tokens, &server, END, 3), ["new"; 3]);
}

#[test]
fn a_panic_while_refreshing_passes_the_turn_on() {
    let (tokens, client) = (tokens(), public_client());
    let thread = {
        let (tokens, client) = (tokens.clone(), client.clone());
        std::thread::spawn(move || {
            let host = HttpHost(|_: &Fetch| -> Answer<Fetch> { panic!("the host's own") });
            tokens.get(&client, crate::canned::moment_at(END), &host).map(drop)
        })
    };
    assert!(thread.join().is_err());
    let server = Server::that_refreshes();
    assert_eq!(on_threads(&tokens, &server, END, 4), ["new"; 4]);
    assert_eq!(server.asked(), 1);
}

/// A clone is the same token set; threads and tasks may be mixed.
#[test]
fn threads_and_tasks_share_one_turn() {
    let (tokens, server) = (tokens(), Server::that_refreshes());
    std::thread::scope(|scope| {
        let blocking = scope.spawn(|| on_threads(&tokens.clone(), &server, END, 8));
        let client = public_client();
        let outcome = block_on(tokens.get_async(&client, crate::canned::moment_at(END), &HttpHost(&server)));
        assert_eq!(word(&outcome), "new");
        assert_eq!(blocking.join().unwrap(), ["new"; 8]);
    });
    assert_eq!(server.asked(), 1);
}

/// The host stores the new set before anybody can use it.
#[test]
fn by_hand_nothing_is_shown_before_the_turn_is_finished() {
    let (tokens, client, server) = (tokens(), public_client(), Server::that_refreshes());
    let Fresh::Refresh(turn) = tokens.fresh(END) else { panic!("no turn") };
    let reply = turn.start(&client, crate::canned::moment_at(END)).run(&HttpHost(&server));
    assert_eq!(reply.as_ref().unwrap().refresh_token().map(Secret::expose), Some("next"));
    assert!(matches!(tokens.fresh(END), Fresh::Wait(_)));
    assert_eq!(word(&turn.finish(reply)), "new");
    assert!(matches!(tokens.fresh(END), Fresh::Ready(_)));
}

#[test]
fn the_future_may_move_between_threads() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let (tokens, client, server) = (tokens(), public_client(), Server::that_refreshes());
    let host = HttpHost(&server);
    assert_eq!(word(&block_on(is_send(tokens.get_async(&client, crate::canned::moment_at(END), &host)))), "new");
}

/// Rotation without grace, where the second use of a refresh token is theft: RFC 9700 §4.14.2. Every round the token is
/// worn or has ended, everybody wants it at once, and the grant lives on.
#[test]
fn against_a_server_that_forgives_nothing_the_grant_lives_on() {
    let mut world = World::new().with_everything();
    world = world.with(|config| config.token.refresh = RefreshPolicy::Rotate { grace: Duration::ZERO });
    let client = public_client_at(metadata_of(&world), "app");
    let first = client.password("johndoe", &Secret::new("A3ddj3w")).start(crate::canned::moment_at(Timestamp(NOW)));
    let tokens = SharedTokens::new(first.run(&HttpHost(Wire::to(&world))).unwrap());
    for round in 0..40 {
        world.now += if round % 2 == 0 { 580 } else { 600 };
        let now = Timestamp(world.now);
        let wire = HttpHost(Wire::to(&world));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| tokens.get(&client, crate::canned::moment_at(now), &wire).unwrap());
            }
        });
        let task = || -> Pin<Box<dyn Future<Output = ()> + '_>> {
            Box::pin(async { drop(tokens.get_async(&client, crate::canned::moment_at(now), &wire).await.unwrap()) })
        };
        run_all((0..8).map(|_| task()).collect());
        // One request and its response.
        assert_eq!(wire.0.transcript().len(), 2, "round {round}");
        let current = tokens.get(&client, crate::canned::moment_at(now), &wire).unwrap();
        assert!(world.is_alive(current.access_token().expose()), "round {round}");
        assert!(!current.needs_refresh(now));
    }
}
