//! §3.3: access token scope, where a server takes more than the letter asks for, and says so by name.

use std::time::{Duration, Instant};

use grantor::model::Scope;
use grantor::server::{ParConfig, UnknownScope};

use crate::common::*;

/// The scope that a request is granted at each endpoint that takes one, or the error.
fn granted(world: &World, asked: &str) -> [Result<String, String>; 4] {
    let result = |reply: Reply| reply.member("scope").ok_or_else(|| reply.error());
    let at_authorize = match world.authorize(authorize().set("scope", asked)) {
        grantor::server::AuthorizeReply::Ask(prompt) => {
            let code = world.decide(prompt, Some(approval())).parameter("code").unwrap();
            result(world.token(exchange(&code)))
        }
        refused => Err(Reply::of(world.respond(refused).into_http()).error()),
    };
    let pushed = world.server.push(&post(authorize().set("scope", asked)), world.moment()).run(world).into_http();
    let pushed = Reply::of(pushed);
    let at_push = match pushed.member("request_uri") {
        Some(request_uri) => {
            Ok(world.ask(params(&[("client_id", "app"), ("request_uri", &request_uri)])).asked.scope.to_string())
        }
        None => Err(pushed.error()),
    };
    [
        at_authorize,
        at_push,
        result(world.token(client_credentials().set("scope", asked))),
        result(world.token(refresh(&world.tokens().1).set("scope", asked))),
    ]
}

fn world() -> World {
    World::new().with(|config| config.par = Some(ParConfig::at("https://server.example.com/par".parse().unwrap())))
}

fn all(result: Result<&str, &str>) -> [Result<String, String>; 4] {
    std::array::from_fn(|_| result.map(str::to_owned).map_err(str::to_owned))
}

/// "The authorization server MAY fully or partially ignore the scope requested by the client".
#[test]
fn an_unknown_scope_is_refused_or_ignored_as_the_configuration_says() {
    let invalid = Err("invalid_scope");
    for asked in ["read offline_access", "offline_access", "openid read profile", "READ"] {
        assert_eq!(granted(&world(), asked), all(invalid), "{asked}");
    }
    let ignoring = world().with(|config| config.scope.unknown = UnknownScope::Ignore);
    for (asked, kept) in [
        ("read offline_access", Ok("read")),
        ("openid write profile read", Ok("write read")),
        ("read", Ok("read")),
        // Nothing is left of these, and nothing more than was asked for is granted.
        ("offline_access", invalid),
        ("READ", invalid),
        // It is malformed, not unknown.
        ("read  write", invalid),
        ("read wr\"ite", invalid),
    ] {
        assert_eq!(granted(&ignoring, asked), all(kept), "{asked}");
    }
}

/// What was granted is the most that a refresh may ask for, however much the client is registered for.
#[test]
fn a_refresh_that_ignores_does_not_widen() {
    let world = world().with(|config| config.scope.unknown = UnknownScope::Ignore);
    let code = world.code(authorize().set("scope", "read"));
    let (_, refresh_token) = world.token(exchange(&code)).tokens();
    assert_eq!(world.token(refresh(&refresh_token).set("scope", "write read")).member("scope").unwrap(), "read");
}

/// `scope = scope-token *( SP scope-token )`
#[test]
fn white_space_is_refused_or_passed_over_as_the_configuration_says() {
    let spaced = ["read ", " read", "  read  ", "read\t", "\nread"];
    for asked in spaced {
        assert_eq!(granted(&world(), asked), all(Err("invalid_scope")), "{asked:?}");
    }
    let accepting = world().with(|config| config.scope.accept_white_space = true);
    for asked in spaced {
        assert_eq!(granted(&accepting, asked), all(Ok("read")), "{asked:?}");
    }
    assert_eq!(granted(&accepting, " read   write "), all(Ok("read write")));
    for asked in [" ", "   ", "read  admin", "re\"ad "] {
        assert_eq!(granted(&accepting, asked), all(Err("invalid_scope")), "{asked:?}");
    }
}

/// A long scope is read in no more time than it takes to write: not each token is compared with each.
#[test]
fn a_long_scope_takes_no_longer_than_its_length() {
    let many = (0..).map(|n: u32| format!("{n:x}")).take(1_000).collect::<Vec<_>>().join(" ");
    let backwards = (0..1_000).rev().map(|n: u32| format!("{n:x}")).collect::<Vec<_>>().join(" ");
    let begun = Instant::now();
    for _ in 0..20 {
        let (one, other) = (Scope::parse(&many).unwrap(), Scope::parse(&backwards).unwrap());
        assert_eq!(one, other);
        assert_eq!(one.intersection(&other).tokens().count(), 1_000);
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[test]
fn a_token_that_repeats_counts_once_in_scopes_of_any_length() {
    for count in [1, 2, 10, 40, 41, 42, 43, 44, 200] {
        let tokens: Vec<_> = (0..count).map(|n| format!("{n:02}")).collect();
        let once = tokens.join(" ");
        for repeated in [format!("{once} 00"), format!("00 {once}"), format!("{once} {once}")] {
            assert_eq!(Scope::parse(&repeated).unwrap().as_str(), once);
        }
        assert_eq!(Scope::parse(&once).unwrap().as_str(), once);
    }
}
