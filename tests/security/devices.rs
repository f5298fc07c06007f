//! Invariants 1, 2, 7 and 13, for devices: a device code is approved only by the person who entered its user code, is
//! bound to its client, and is spent once.

use std::cell::RefCell;
use std::sync::Barrier;

use grantor::model::{Key, UserCode};
use grantor::server::{DevicePageError, Event, TokenError, VerifyUserCodeReply};
use grantor::store::{Change, Commit, Found, GrantStore, GrantsOf, Lookup, MemoryStore, Outcome, Store};
use grantor::{Moment, Timestamp, Unavailable};
use rand_core::{Infallible, TryCryptoRng, TryRng};

use crate::common::devices::{Device, INTERVAL, LIFETIME, poll, start};
use crate::common::*;

fn world() -> World {
    World::new().with_devices()
}

/// Randomness of which the device codes differ, and the user codes do not.
struct SameUserCode(u8);

impl TryRng for SameUserCode {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.into())
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.into())
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        let (device_code, rest) = bytes.split_at_mut(31);
        device_code.fill(self.0);
        rest.fill(7);
        Ok(())
    }
}

impl TryCryptoRng for SameUserCode {}

fn device_of(world: &World, seed: u8) -> Device {
    let moment = Moment::new(world.at(), &mut SameUserCode(seed));
    let reply = world.server.authorize_device(&post(start()), moment).run(world);
    let response = reply.result().unwrap();
    Device { device_code: response.device_code.expose().to_owned(), user_code: response.user_code.expose().to_owned() }
}

/// 13. What was asked about is what is approved, also if another device has the user code by then.
#[test]
fn an_approval_is_for_the_device_whose_code_was_entered_and_for_no_other_that_gets_it_later() {
    let mut world = world();
    let first = device_of(&world, 1);
    let prompt = world.enter(&first);
    world.later(LIFETIME);
    world.store.purge(world.at());
    let second = device_of(&world, 2);
    assert_eq!(second.user_code, first.user_code, "the same letters, and nothing is taken any more");
    assert_ne!(second.device_code, first.device_code);
    let other = world.enter(&second);
    assert_eq!(world.decide_on(prompt, Some(approval())).is_approved(), Err(&DevicePageError::Ended));
    assert_eq!(world.poll_error(&second), TokenError::AuthorizationPending);
    assert_eq!(world.decide_on(other, None).is_approved(), Ok(false));
    assert_eq!(world.poll_error(&second), TokenError::DeviceDenied);
}

/// 13. Two people who enter one code hold a prompt each; whoever decides first decides.
#[test]
fn of_64_sessions_that_entered_a_code_one_decides() {
    for _ in 0..20 {
        let world = world();
        let device = world.device();
        let prompts: Vec<_> = (0..64).map(|_| world.enter(&device)).collect();
        let barrier = Barrier::new(prompts.len());
        let decided: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = prompts
                .into_iter()
                .enumerate()
                .map(|(number, prompt)| {
                    let (world, barrier) = (&world, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        world.decide_on(prompt, (number % 2 == 0).then(approval))
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let outcomes: Vec<_> = decided.iter().filter_map(|reply| reply.is_approved().ok()).collect();
        let [is_approved] = outcomes[..] else { panic!("{outcomes:?}") };
        assert_eq!(world.token(poll(&device)).status() == 200, is_approved);
    }
}

/// Whoever guesses learns nothing of how close they were, and every guess can be counted.
#[test]
fn a_guess_at_a_user_code_is_told_nothing_but_no() {
    let mut world = world();
    let [decided, expired] = [world.device(), world.device()];
    world.deny_device(&decided);
    let mut told = vec![world.page_error(&decided.user_code), world.page_error("BBBB-BBBB"), world.page_error("x")];
    world.later(LIFETIME);
    told.push(world.page_error(&expired.user_code));
    assert!(told.iter().all(DevicePageError::is_guess), "{told:?}");
    let texts: Vec<_> = told.iter().map(|error| (error.status(), error.description())).collect();
    assert!(texts.windows(2).all(|pair| pair[0] == pair[1]), "{texts:?}");
    let down = world.with_outage(At::Lookup, None);
    assert!(!down.page_error("BBBB-BBBB").is_guess(), "nobody waits because a store was down");
}

/// As many devices as there are threads, all with the same randomness: no two share a code.
#[test]
fn two_devices_never_have_one_code() {
    let world = world();
    let barrier = Barrier::new(16);
    let mut codes: Vec<String> = std::thread::scope(|scope| {
        let ask = || {
            barrier.wait();
            let moment = Moment::new(world.at(), &mut Counter(7));
            let reply = world.server.authorize_device(&post(start()), moment).run(&world);
            reply.result().ok().map(|response| response.user_code.expose().to_owned())
        };
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    codes.sort_unstable();
    assert_eq!(codes.len(), 4, "a first code and three more are drawn: {codes:?}");
    codes.dedup();
    assert_eq!(codes.len(), 4);
}

/// 1 and 2. A second use by the client itself ends what came of the first.
#[test]
fn a_replay_of_a_device_code_revokes_everything_that_came_of_it() {
    let world = world();
    let device = world.device();
    world.approve_device(&device);
    let (access_token, refresh_token) = world.token(poll(&device)).tokens();
    let (access_token_2, refresh_token_2) = world.token(refresh(&refresh_token)).tokens();
    assert!(world.is_alive(&access_token_2));
    let Event::Replayed { reason, .. } = world.event(poll(&device)) else { panic!("not noticed") };
    assert_eq!(reason, TokenError::DeviceCodeReplayed);
    for token in [&access_token, &refresh_token, &access_token_2, &refresh_token_2] {
        assert!(!world.is_alive(token));
    }
    assert_eq!(world.token(poll(&device)).error(), "invalid_grant");
}

/// 2. Nobody else's attempt does that.
#[test]
fn an_invalid_replay_of_a_device_code_changes_nothing() {
    let world = world();
    let device = world.device_of(start().of_web());
    world.approve_device(&device);
    let (access_token, _) = world.token(poll(&device).of_web()).tokens();
    for form in [
        poll(&device),
        poll(&device).set("client_id", "web"),
        poll(&device).of_web().set("client_secret", "wrong"),
        exchange(&device.device_code).of_web(),
    ] {
        assert_eq!(world.token(&form).status(), 400, "{form}");
        assert!(world.is_alive(&access_token), "{form}");
    }
}

/// 1. The device polls from many threads at the moment of the approval: one gets tokens, and since the others replay,
///    nobody keeps any.
#[test]
fn of_64_polls_one_gets_tokens_and_the_grant_is_revoked_for_the_others() {
    for _ in 0..20 {
        let world = world();
        let device = world.device();
        world.approve_device(&device);
        let barrier = Barrier::new(64);
        let replies: Vec<_> = std::thread::scope(|scope| {
            let race = || {
                barrier.wait();
                world.token(poll(&device))
            };
            let threads: Vec<_> = (0..64).map(|_| scope.spawn(race)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let winners: Vec<_> = replies.iter().filter(|reply| reply.status() == 200).collect();
        assert_eq!(winners.len(), 1);
        assert!(!world.is_alive(&winners[0].access_token()));
        assert!(replies.iter().all(|reply| reply.status() == 200 || reply.error() == "invalid_grant"));
    }
}

/// 3. Whoever logs out everywhere ends a device that has not fetched its tokens yet, too.
#[test]
fn a_device_that_was_approved_can_be_ended_before_it_has_its_tokens() {
    let world = world();
    let device = world.device();
    world.approve_device(&device);
    let of = GrantsOf::Subject(subject());
    assert_eq!(world.store.revoke_grants(&of, world.at()).unwrap(), 1);
    assert_eq!(world.poll_error(&device), TokenError::DeviceCodeRevoked);
    assert_eq!(world.token(poll(&device)).error(), "invalid_grant");
}

/// A store reads the credential first and the request then, and the approval falls between: the device is not told that
/// it was denied, and polls again.
#[test]
fn half_of_an_approval_is_no_denial() {
    struct Torn<'a>(&'a MemoryStore);
    impl Store for Torn<'_> {
        fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
            let found = Store::lookup(self.0, lookup)?;
            let request = lookup.request().and_then(|key| found.request(key).cloned());
            Ok(Found::new(found.client().cloned(), []).unwrap().with_request(request))
        }
        fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
            panic!("nothing is to be written: {commit:?}")
        }
    }
    let world = world();
    let device = world.device();
    world.approve_device(&device);
    let reply = world.server.token(&post(poll(&device)), world.moment()).run(&Torn(&world.store));
    assert_eq!(reply.result().unwrap_err(), &TokenError::AuthorizationPending);
    assert_eq!(world.token(poll(&device)).status(), 200);
}

/// A clock that steps back, or a host whose clock is behind, slows nobody down until it has caught up.
#[test]
fn a_poll_from_behind_the_last_one_is_answered_as_any() {
    let mut world = world();
    let device = world.device();
    world.later(300);
    assert_eq!(world.poll_error(&device), TokenError::AuthorizationPending);
    for step in [1, 60, 299] {
        world.now -= step;
        assert_eq!(world.poll_error(&device), TokenError::AuthorizationPending, "{step} back");
        world.later(INTERVAL);
        assert_eq!(world.poll_error(&device), TokenError::AuthorizationPending, "{step} back, and on");
        world.now = NOW + 300;
    }
    assert_eq!(world.stored(&device).interval, INTERVAL);
}

/// Nothing that has ended begins again: not by a clock that was ahead when the person decided, nor by one that steps
/// on.
#[test]
fn a_clock_that_steps_on_ends_a_code_and_prolongs_none() {
    let mut world = world();
    let device = world.device();
    let prompt = world.enter(&device);
    world.later(LIFETIME);
    assert_eq!(world.decide_on(prompt, Some(approval())).is_approved(), Err(&DevicePageError::Ended));
    world.now = NOW;
    world.approve_device(&device);
    world.later(LIFETIME);
    assert_eq!(world.poll_error(&device), TokenError::DeviceCodeExpired);
    world.now = NOW + LIFETIME - 1;
    assert_eq!(world.token(poll(&device)).status(), 200);
    // Spent by a clock that is ahead of the next one: it is a replay whatever the clocks say.
    world.now = NOW;
    assert!(matches!(world.event(poll(&device)), Event::Replayed { .. }));
}

/// 4 and 5. The answer to an approval is lost: nobody is promised anything, and the device may have been approved.
#[test]
fn a_lost_answer_leaves_the_whole_approval_or_nothing_of_it() {
    struct Losing<'a>(&'a MemoryStore, bool);
    impl Store for Losing<'_> {
        fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
            Store::lookup(self.0, lookup)
        }
        fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
            if self.1 {
                let _ = Store::commit(self.0, commit)?;
            }
            Err(Unavailable::new("the connection broke"))
        }
    }
    for (approval, is_written) in [(Some(approval()), true), (Some(approval()), false), (None, true), (None, false)] {
        let world = world();
        let device = world.device();
        let is_approval = approval.is_some();
        let prompt = world.enter(&device);
        let step = match approval {
            Some(approval) => prompt.approve(&world.server, approval, world.moment()),
            None => prompt.deny(&world.server, world.moment()),
        };
        let reply = step.run(&Losing(&world.store, is_written));
        assert!(matches!(reply.is_approved(), Err(DevicePageError::Unavailable(_))), "{reply:?}");
        let reply = world.token(poll(&device));
        match (is_written, is_approval) {
            (true, true) => assert_eq!(reply.status(), 200),
            (true, false) => assert_eq!(reply.error(), "access_denied"),
            (false, _) => assert_eq!(reply.error(), "authorization_pending"),
        }
    }
}

/// 7. Neither code is in what the store is shown, in an event, or in a `Debug` output.
#[test]
fn neither_code_of_a_device_is_shown_to_the_store_or_the_log() {
    struct Transcript<'a>(&'a MemoryStore, RefCell<String>);
    impl Store for Transcript<'_> {
        fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
            let found = Store::lookup(self.0, lookup)?;
            self.1.borrow_mut().push_str(&format!("{lookup:?} {found:?}"));
            Ok(found)
        }
        fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
            for change in commit.changes() {
                let record = match change {
                    Change::PutRequest(request) => serde_json::to_string(request).unwrap(),
                    Change::Issue(credential) => serde_json::to_string(credential).unwrap(),
                    _ => String::new(),
                };
                self.1.borrow_mut().push_str(&format!("{change:?}{record}"));
            }
            Store::commit(self.0, commit)
        }
    }
    let world = world();
    let store = Transcript(&world.store, RefCell::default());
    let started = world.server.authorize_device(&post(start()), world.moment()).run(&store);
    let mut shown = format!("{started:?} {:?}", started.event());
    let response = started.result().unwrap();
    let user_code = response.user_code.expose().to_owned();
    let device = Device { device_code: response.device_code.expose().to_owned(), user_code: user_code.clone() };
    let form = post(poll(&device));
    for _ in 0..2 {
        let reply = world.server.token(&form, world.moment()).run(&store);
        shown += &format!("{reply:?} {:?}", reply.event());
    }
    let reply = world.server.verify_user_code(&user_code, world.moment()).run(&store);
    shown += &format!("{reply:?} {:?} {:?}", reply.event(), UserCode::parse(&user_code));
    let VerifyUserCodeReply::Ask(prompt) = reply else { panic!("not asked") };
    let decided = prompt.approve(&world.server, approval(), world.moment()).run(&store);
    shown += &format!("{decided:?} {:?}", decided.event());
    let reply = world.server.token(&form, world.moment()).run(&store);
    shown += &format!("{reply:?} {:?}", reply.event());
    shown += &store.1.borrow();
    let letters: String = user_code.chars().filter(char::is_ascii_alphabetic).collect();
    for secret in [&device.device_code, &user_code, &letters] {
        assert!(!shown.contains(secret.as_str()), "{secret} is in {shown}");
    }
    assert!(Key::of(&device.device_code).is_some() && Timestamp(NOW) == world.at());
}
