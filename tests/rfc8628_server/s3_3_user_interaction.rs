//! RFC 8628 §3.3: the person, the page and the decision.

use crate::common::*;
use crate::*;

// §3.3 User Interaction

/// §6.1: "strip dashes and other punctuation", "uppercased before a comparison", and "stripping of all characters
/// outside the chosen character set".
#[test]
fn a_user_code_is_taken_however_it_is_typed() {
    let world = world();
    let device = world.device();
    let letters: String = device.user_code.chars().filter(char::is_ascii_alphabetic).collect();
    let (first, second) = letters.split_at(4);
    for typed in [
        letters.clone(),
        letters.to_lowercase(),
        format!(" {first} {second} "),
        format!("{first}–{second}"),
        format!("{first}-{second}0"),
        letters.chars().map(|letter| format!("{letter}.")).collect(),
    ] {
        assert!(matches!(world.verify(&typed), VerifyUserCodeReply::Ask(_)), "{typed}");
    }
    for typed in [&letters[1..], &format!("{letters}B"), "", "AEIOU", "\u{1F4FA}"] {
        assert_eq!(world.page_error(typed), DevicePageError::UserCodeMalformed, "{typed}");
    }
}

/// What the person is asked, and what helps them to see that it is their own device. RFC 8628 §5.4: "The authorization
/// server SHOULD display information about the device so that the user could notice if a software client was attempting
/// to impersonate a hardware device."
#[test]
fn the_person_sees_who_asks_for_what_since_when_and_from_where() {
    let world = world().with_client(public("tv").with(|client| client.client_name = Some("A television".to_owned())));
    let mut request = post(start().set("client_id", "tv").set("scope", "read"));
    request.extensions_mut().insert(AskedFrom::new("192.0.2.7\u{202e}, a flat\n in Oslo"));
    let reply = Reply::of(world.server.authorize_device(&request, world.moment()).run(&world).into_http());
    let prompt = match world.verify(&reply.member("user_code").unwrap()) {
        VerifyUserCodeReply::Ask(prompt) => prompt,
        VerifyUserCodeReply::Refuse(error) => panic!("{error}"),
    };
    assert_eq!((prompt.client_id.as_str(), prompt.client_name.as_deref()), ("tv", Some("A television")));
    assert_eq!(prompt.asked.scope, scope("read"));
    assert_eq!(prompt.user_code.to_string(), reply.member("user_code").unwrap());
    assert_eq!(prompt.asked_from.as_deref(), Some("192.0.2.7, a flat in Oslo"));
    assert_eq!((prompt.issued_at, prompt.expires_at), (Timestamp(NOW), Timestamp(NOW + LIFETIME)));
    assert_eq!(AskedFrom::new(&"é".repeat(300)).as_str().chars().count(), AskedFrom::MAX_CHARS);
}

/// RFC 7591 §5: a client that registered itself may name itself as it likes.
#[test]
fn the_person_is_told_that_nobody_has_checked_the_name_of_a_client_that_registered_itself() {
    for registration in [None, Some(DynamicRegistration::at(Timestamp(NOW)))] {
        let is_told = registration.is_some();
        let world = world().with_client(public("app").with(|client| client.registration = registration));
        let kept = serde_json::to_string(&world.enter(&world.device())).unwrap();
        let prompt: DevicePrompt = serde_json::from_str(&kept).unwrap();
        assert_eq!(prompt.client_is_self_registered, is_told);
    }
}

/// The host keeps the prompt, as JSON if it likes.
#[test]
fn a_prompt_can_be_kept_as_json_and_decided_later() {
    let mut world = world();
    let device = world.device();
    let kept = serde_json::to_string(&world.enter(&device)).unwrap();
    assert!(kept.starts_with(r#"{"version":1,"client_id":"app""#), "{kept}");
    world.later(LIFETIME - 1);
    let prompt: DevicePrompt = serde_json::from_str(&kept).unwrap();
    assert_eq!(serde_json::to_string(&prompt).unwrap(), kept);
    assert_eq!(world.decide_on(prompt, Some(approval())).is_approved(), Ok(true));
    assert!(serde_json::from_str::<DevicePrompt>(&kept.replacen(":1,", ":2,", 1)).is_err());
}

/// What the host tells of the approval is in the grant, as with a redirect.
#[test]
fn an_approval_is_that_of_any_grant() {
    let world = world();
    let device = world.device();
    let told = Approval::by(subject()).narrowed_to(scope("read")).authenticated_at(Timestamp(NOW - 60));
    assert_eq!(world.decide_on(world.enter(&device), Some(told)).is_approved(), Ok(true));
    let reply = world.token(poll(&device));
    assert_eq!(reply.member("scope").as_deref(), Some("read"));
    let grant = world.presented(&reply.access_token()).grant;
    assert_eq!((grant.grant_type.as_str(), grant.subject.clone()), (devices::GRANT_TYPE, Some(subject())));
    assert_eq!(grant.authentication.auth_time, Some(Timestamp(NOW - 60)));
    assert_eq!(grant.id.partition(), world.request_of(&device).request.key.partition);
}

/// Nothing of what was asked for is a denial.
#[test]
fn an_approval_of_nothing_is_a_denial() {
    let world = world();
    let device = world.device();
    let nothing = approval().narrowed_to(scope("other"));
    assert_eq!(world.decide_on(world.enter(&device), Some(nothing)).is_approved(), Ok(false));
    assert_eq!(polled(&world, &device), (400, "access_denied".to_owned()));
}

/// The client's record counts as it is when the person decides.
#[test]
fn a_client_that_may_no_longer_ask_is_denied_and_one_that_is_gone_is_not_answered_for() {
    for (change, expected) in [
        ((|client| client.grant_types.clear()) as fn(&mut grantor::record::Client), Ok(false)),
        (|client| client.disabled = true, Err(DevicePageError::ClientGone)),
    ] {
        let mut world = world();
        let device = world.device();
        let prompt = world.enter(&device);
        world = world.with_client(public("app").with(change));
        let decided = world.decide_on(prompt, Some(approval()));
        assert_eq!(decided.is_approved(), expected.as_ref().copied());
    }
    let world = world();
    let device = world.device();
    let prompt = world.enter(&device);
    let world = world.with_client(public("app").with(|client| client.disabled = true));
    assert_eq!(world.page_error(&device.user_code), DevicePageError::ClientGone);
    // A denial is the person's, whatever became of the client.
    assert_eq!(world.decide_on(prompt, None).is_approved(), Ok(false));
    assert!(world.stored(&device).denied);
}

#[test]
fn a_decision_is_made_once() {
    for first in [Some(approval()), None] {
        for second in [Some(approval()), None] {
            let world = world();
            let device = world.device();
            let (one, other) = (world.enter(&device), world.enter(&device));
            let approved = first.is_some();
            assert_eq!(world.decide_on(one, first.clone()).is_approved(), Ok(approved));
            assert_eq!(world.decide_on(other, second).is_approved(), Err(&DevicePageError::Ended));
            assert_eq!(world.page_error(&device.user_code), DevicePageError::Ended);
            let reply = world.token(poll(&device));
            assert_eq!(reply.status() == 200, approved, "{reply:?}");
        }
    }
}

/// "Once the user interaction is complete, the server instructs the user to return to their device."
#[test]
fn the_page_after_the_decision_sends_the_person_back_to_the_device() {
    let world = world();
    let page = |approval| Reply::of(world.decide_on(world.enter(&world.device()), approval).into_http());
    let approved = page(Some(approval()));
    assert_eq!((approved.status(), approved.body()), (200, "Done. Go back to your device.\n"));
    assert_eq!((page(None).status(), page(None).body()), (200, "The device was denied.\n"));
    let prompt = world.enter(&world.device());
    let down = world.with_outage(At::Commit, Some(9));
    let reply = Reply::of(down.decide_on(prompt, None).into_http());
    assert_eq!((reply.status(), reply.header("retry-after"), reply.is_page()), (503, Some("9"), true));
}

/// A poll that comes between the read and the write of a denial: it is read again.
#[test]
fn a_denial_is_written_though_the_device_polls_meanwhile() {
    struct Polling<'a>(&'a World, &'a Device, std::cell::Cell<u32>);
    impl Store for Polling<'_> {
        fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
            Store::lookup(self.0, lookup)
        }
        fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
            if let Some(left) = self.2.get().checked_sub(1) {
                self.2.set(left);
                self.0.token(poll(self.1));
            }
            Store::commit(self.0, commit)
        }
    }
    for (polls, expected) in [(1, Ok(false)), (3, Ok(false)), (4, Err(DevicePageError::Busy))] {
        let world = world();
        let device = world.device();
        let step = world.enter(&device).deny(&world.server, world.moment());
        let reply = step.run(&Polling(&world, &device, polls.into()));
        assert_eq!(reply.is_approved(), expected.as_ref().copied(), "{polls}");
        assert_eq!(polled(&world, &device).1 == "access_denied", expected.is_ok());
        // An approval does not care for the polls.
        let device = world.device();
        let step = world.enter(&device).approve(&world.server, approval(), world.moment());
        assert_eq!(step.run(&Polling(&world, &device, 4.into())).is_approved(), Ok(true));
    }
}
