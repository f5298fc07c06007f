//! RFC 8628 §4 and §5: metadata, and what makes it safe.

use crate::common::*;
use crate::*;

// §4 Discovery Metadata

/// "The value "urn:ietf:params:oauth:grant-type:device_code" is included in values of the "grant_types_supported" key".
#[test]
fn the_metadata_have_the_endpoint_and_the_grant_type() {
    let metadata = world().server.config().metadata();
    assert_eq!(metadata.device_authorization_endpoint.unwrap().as_str(), ENDPOINT);
    assert!(metadata.grant_types_supported.unwrap().iter().any(|name| name == devices::GRANT_TYPE));
    assert!(World::new().server.config().metadata().device_authorization_endpoint.is_none());
}

#[test]
fn a_configuration_that_cannot_be_meant_is_said() {
    let with = |change: fn(&mut grantor::server::Config)| {
        let mut config = world().server.config().clone();
        change(&mut config);
        Server::new(config).err()
    };
    assert_eq!(with(|_| {}), None);
    assert_eq!(with(|config| config.token.grant_types.clear()), Some(ConfigError::DeviceCodeNotTaken));
    let lifetime = |config: &mut grantor::server::Config, seconds| {
        config.device.as_mut().unwrap().lifetime = Duration::from_secs(seconds);
    };
    let mut config = world().server.config().clone();
    for (seconds, expected) in [
        (0, Some(ConfigError::BelowOneSecond("device.lifetime"))),
        (900, None),
        (901, Some(ConfigError::BeyondQuarterHour("device.lifetime"))),
    ] {
        lifetime(&mut config, seconds);
        assert_eq!(Server::new(config.clone()).err(), expected, "{seconds}");
    }
    let without_pause = with(|config| config.device.as_mut().unwrap().interval = Duration::ZERO);
    assert_eq!(without_pause, Some(ConfigError::BelowOneSecond("device.interval")));
}

// §5 Security Considerations

/// §5.2: "a very high entropy code SHOULD be used."
#[test]
fn nobody_guesses_a_device_code() {
    let world = world();
    let (one, other) = (world.device(), world.device());
    assert_eq!(one.device_code.len(), Key::TOKEN_LEN);
    assert_ne!(one.device_code, other.device_code);
    assert_ne!(one.user_code, other.user_code);
}

/// What the audit log learns, from the first request to the last poll.
#[test]
fn the_audit_log_learns_of_it() {
    let world = world();
    let started = |form: Params| world.server.authorize_device(&post(form), world.moment()).run(&world).event();
    assert_eq!(started(start()).name(), "device_started");
    let Event::DeviceRefused { client_id, reason, .. } = started(start().set("scope", "admin")) else { panic!() };
    assert_eq!((client_id.unwrap().as_str(), reason.code()), ("app", "invalid_scope"));
    let device = world.device();
    let Event::DevicePageRefused { reason, .. } = world.verify("BBBB-BBBB").event() else { panic!() };
    assert!(reason.is_guess(), "{reason}");
    assert!(matches!(world.verify(&device.user_code).event(), Event::Asked { .. }));
    let slow_down = |event| match event {
        Event::Polled { slow_down, .. } => slow_down,
        other => panic!("{other:?}"),
    };
    assert!(!slow_down(world.event(poll(&device))));
    assert!(slow_down(world.event(poll(&device))));
    let decided = world.decide_on(world.enter(&device), Some(approval())).event();
    assert!(matches!(decided, Event::Authorized { subject: Some(_), .. }), "{decided:?}");
    assert!(matches!(world.event(poll(&device)), Event::Issued { .. }));
    let device = world.device();
    let denied = world.decide_on(world.enter(&device), None).event();
    assert!(matches!(denied, Event::AuthorizationRefused { .. }), "{denied:?}");
}

/// One read and one write for each request, and a read more where a person types a code.
#[test]
fn round_trips_are_few() {
    struct Counting<'a>(&'a MemoryStore, std::cell::Cell<(u32, u32)>);
    impl Store for Counting<'_> {
        fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
            self.1.set((self.1.get().0 + 1, self.1.get().1));
            Store::lookup(self.0, lookup)
        }
        fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
            self.1.set((self.1.get().0, self.1.get().1 + 1));
            Store::commit(self.0, commit)
        }
    }
    let world = world().with(|config| config.consult_issuance = false);
    let store = Counting(&world.store, std::cell::Cell::default());
    let device = world.device();
    let counted = |what: &dyn Fn()| {
        store.1.set((0, 0));
        what();
        store.1.get()
    };
    let form = post(start());
    assert_eq!(counted(&|| drop(world.server.authorize_device(&form, world.moment()).run(&store))), (1, 1));
    assert_eq!(counted(&|| drop(world.server.verify_user_code(&device.user_code, world.moment()).run(&store))), (2, 0));
    let form = post(poll(&device));
    assert_eq!(counted(&|| drop(world.server.token(&form, world.moment()).run(&store))), (1, 1), "pending");
    let approve = || drop(world.enter(&device).approve(&world.server, approval(), world.moment()).run(&store));
    assert_eq!(counted(&approve), (1, 1));
    assert_eq!(counted(&|| drop(world.server.token(&form, world.moment()).run(&store))), (1, 1), "tokens");
    let other = world.device();
    assert_eq!(counted(&|| drop(world.enter(&other).deny(&world.server, world.moment()).run(&store))), (1, 1));
}

/// Each half of an approval is there, or neither: one commit spends the request, opens the grant and issues its code.
#[test]
fn an_approval_is_one_commit() {
    struct Watching<'a>(&'a MemoryStore, std::cell::RefCell<Vec<Commit>>);
    impl Store for Watching<'_> {
        fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
            Store::lookup(self.0, lookup)
        }
        fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
            self.1.borrow_mut().push(commit.clone());
            Store::commit(self.0, commit)
        }
    }
    let world = world();
    let device = world.device();
    let store = Watching(&world.store, std::cell::RefCell::default());
    let _ = world.enter(&device).approve(&world.server, approval(), world.moment()).run(&store);
    let commits = store.1.take();
    let [commit] = &commits[..] else { panic!("{commits:?}") };
    let [Change::SpendRequest { .. }, Change::Open { grant, .. }, Change::Issue(code)] = commit.changes() else {
        panic!("{commit:?}")
    };
    assert_eq!((code.grant, code.key), (grant.id, Key::of(&device.device_code).unwrap()));
    assert!(matches!(world.request_of(&device).request.kind, PendingKind::Device(_)));
}
