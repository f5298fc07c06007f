//! `SharedProtected`: of the tasks that call one resource, one comes by tokens.

use grantor::client::{Call, Next, ProtectedError, Received, SharedProtected, SignInTurn, SignInWait};
use grantor::{Fetch, HttpHost};
use http::{HeaderMap, StatusCode, header};

use crate::canned::*;
use crate::protected::{NOW, Refusal, TOO_LITTLE, UNKNOWN, World, asked, granted, held, profile, server};

/// Shows the response of this refusal to a call.
fn receive(call: &mut Call, (status, challenge): Refusal) -> Received {
    let mut headers = HeaderMap::new();
    headers.insert(header::WWW_AUTHENTICATE, challenge.parse().unwrap());
    call.received(StatusCode::from_u16(status).unwrap(), &headers, &profile(), moment_at(NOW))
}

impl World {
    /// A resource to which somebody signed in already, for many tasks.
    fn shared(&self) -> SharedProtected {
        let mut server = server();
        self.sign_in(&mut server, &profile(), UNKNOWN);
        self.sent();
        SharedProtected::new(server)
    }

    fn turn(&self, received: Received) -> (SignInTurn, Result<Next, ProtectedError>) {
        let Received::Turn { turn, step } = received else { panic!("it is another's turn") };
        (turn, step.run(&HttpHost(|fetch: &Fetch| self.answer(fetch))))
    }
}

fn waiting(received: Received) -> SignInWait {
    let Received::Wait(wait) = received else { panic!("nobody else is at it") };
    wait
}

/// RFC 9700 §4.14.2: refresh tokens rotate, so that a second refresh at the same time is taken for theft.
#[test]
fn of_the_tasks_that_are_refused_one_refreshes() {
    let world = World::new();
    let shared = world.shared();
    let [mut first, mut second, mut late] = [(); 3].map(|()| shared.call());
    for call in [&mut first, &mut second, &mut late] {
        assert_eq!(call.authorization().unwrap(), "Bearer at-one.example");
    }
    let (turn, next) = world.turn(receive(&mut first, UNKNOWN));
    let wait = waiting(receive(&mut second, UNKNOWN));
    turn.arrived(granted(next));
    assert!(wait.block());
    // A refusal that comes late is one of the token that it showed.
    assert!(matches!(receive(&mut late, UNKNOWN), Received::Again));
    for call in [&mut first, &mut second, &mut late] {
        assert_eq!(call.authorization().unwrap(), "Bearer at-refreshed");
    }
    assert_eq!(world.sent().iter().filter(|line| line.contains("grant_type=refresh_token")).count(), 1);
    assert_eq!(held(&shared.current()), "Bearer at-refreshed");
}

#[test]
fn of_the_tasks_that_need_more_scope_one_asks_the_person() {
    let world = World::new();
    let shared = world.shared();
    let [mut first, mut second] = [(); 2].map(|()| shared.call());
    let _ = (first.authorization(), second.authorization());
    let (turn, next) = world.turn(receive(&mut first, TOO_LITTLE));
    let (_, pending) = asked(next);
    let mut wait = waiting(receive(&mut second, TOO_LITTLE));
    let mut gone = waiting(receive(&mut showing(&shared), TOO_LITTLE));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::pin::pin!(&mut wait).poll(&mut context).is_pending());
    assert!(std::pin::pin!(&mut gone).poll(&mut context).is_pending());
    drop(gone);
    turn.arrived(world.come_back(pending));
    assert_eq!(std::pin::pin!(&mut wait).poll(&mut context), std::task::Poll::Ready(true));

    // The person declines: the others learn that there is nothing to send again with, and nobody is asked for them.
    let _ = (first.authorization(), second.authorization());
    let (turn, next) = world.turn(receive(&mut first, TOO_LITTLE));
    let wait = waiting(receive(&mut second, TOO_LITTLE));
    drop((turn, next));
    assert!(!wait.block());
    // The turn is free for whoever tries next.
    let _ = asked(world.turn(receive(&mut second, TOO_LITTLE)).1);
}

/// Begins a call, and shows the token.
fn showing(shared: &SharedProtected) -> Call {
    let mut call = shared.call();
    let _ = call.authorization();
    call
}

#[test]
fn the_success_of_other_calls_makes_no_step_up_endless() {
    let world = World::new();
    let shared = world.shared();
    let mut refused = shared.call();
    for _ in 0..3 {
        let _ = refused.authorization();
        let (turn, next) = world.turn(receive(&mut refused, TOO_LITTLE));
        turn.arrived(world.come_back(asked(next).1));
        assert!(matches!(receive(&mut showing(&shared), (200, "")), Received::Pass));
    }
    world.sent();
    let _ = refused.authorization();
    assert!(matches!(receive(&mut refused, TOO_LITTLE), Received::GiveUp));
    assert_eq!(world.sent(), [""; 0]);
}
