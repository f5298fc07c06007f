//! The engine as a host sees it: imports that do not clash, hosts and stores whose types are chosen at run time, safe
//! defaults.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use std::sync::Arc;

use common::{ASSERTION, SECRET, World, block_on, client_credentials, confidential, params, password, post, turn_over};

/// With everything imported that there is at the root and in `store`, each method has one meaning: these lines compile.
mod every_method_has_one_meaning {
    use grantor::store::*;
    use grantor::*;

    use super::{Arc, block_on};

    #[test]
    fn of_a_store() {
        let (lookup, commit) = (Lookup::default(), Commit::new([]).unwrap());
        let store = Arc::new(MemoryStore::new());
        assert!(store.lookup(&lookup).unwrap().client().is_none());
        assert_eq!(store.commit(&commit).unwrap(), Outcome::Applied);
        assert!(block_on(store.lookup_async(&lookup)).unwrap().client().is_none());
        assert_eq!(block_on(store.commit_async(&commit)).unwrap(), Outcome::Applied);
        let (by_reference, by_value) = (&MemoryStore::new(), MemoryStore::new());
        assert!(by_reference.lookup(&lookup).is_ok() && by_value.lookup(&lookup).is_ok());
    }

    #[test]
    fn of_an_http_client() {
        struct Offline;
        impl Http for Offline {
            fn fetch(&self, _: &Fetch) -> Answer<Fetch> {
                Err(Unavailable::new("blocking"))
            }
        }
        impl AsyncHttp for Offline {
            async fn fetch_async(&self, _: &Fetch) -> Answer<Fetch> {
                Err(Unavailable::new("async"))
            }
        }
        let issuer = model::Issuer::parse("https://server.example").unwrap();
        let blocking = client::discover(&issuer).run(&HttpHost(Offline)).unwrap_err();
        let asynchronous = block_on(client::discover(&issuer).run_async(&HttpHost(Offline))).unwrap_err();
        assert_eq!(
            (blocking.to_string(), asynchronous.to_string()),
            ("unavailable: blocking".into(), "unavailable: async".into())
        );
    }
}

mod types_that_are_chosen_at_run_time {
    use grantor::store::{BoxedStore, MemoryStore};
    use grantor::{AsyncPolicy, BoxedHost, DefaultPolicy, Hosted};

    use super::*;

    struct Slow(MemoryStore);

    impl grantor::store::AsyncStore for Slow {
        async fn lookup_async(&self, lookup: &grantor::store::Lookup) -> grantor::Answer<grantor::store::Lookup> {
            turn_over().await;
            grantor::store::Store::lookup(&self.0, lookup)
        }
        async fn commit_async(&self, commit: &grantor::store::Commit) -> grantor::Answer<grantor::store::Commit> {
            turn_over().await;
            grantor::store::Store::commit(&self.0, commit)
        }
    }

    fn stores() -> [BoxedStore; 2] {
        let store = || MemoryStore::new().with_client(confidential("web", SECRET));
        [BoxedStore::new(store()), BoxedStore::new(Slow(store()))]
    }

    fn is_send<T: Send>(value: T) -> T {
        value
    }

    #[test]
    fn a_store() {
        let world = World::new();
        for store in stores() {
            let request = post(client_credentials());
            let reply = block_on(is_send(world.server.token(&request, world.moment()).run_async(&store)));
            assert!(reply.result().is_ok());
            let host = Hosted { store: store.clone(), policy: DefaultPolicy };
            let reply = block_on(world.server.token(&request, world.moment()).run_async(&host));
            assert!(reply.result().is_ok());
        }
    }

    struct Refuses;

    impl AsyncPolicy for Refuses {
        async fn issuance_async(&self, _: &grantor::consult::Issuance) -> grantor::Answer<grantor::consult::Issuance> {
            Ok(grantor::consult::Verdict::Refuse)
        }
    }

    #[test]
    fn a_host_with_all_that_it_answers() {
        let world = World::new();
        for store in stores() {
            let hosts = [BoxedHost::new(store.clone()), BoxedHost::new(Hosted { store, policy: Refuses })];
            let is_issued = hosts.map(|host| {
                let request = post(client_credentials());
                block_on(is_send(world.server.token(&request, world.moment()).run_async(&host))).result().is_ok()
            });
            assert_eq!(is_issued, [true, false]);
        }
    }
}

mod a_host_by_hand {
    use grantor::host::{AsyncHost, Host};
    use grantor::store::{Commit, Lookup, Store};
    use grantor::{Answer, Unavailable};

    use super::*;

    /// It answers what it must, and nothing else.
    struct Least<'a>(&'a World);

    impl Host for Least<'_> {
        fn lookup(&self, effect: &Lookup) -> Answer<Lookup> {
            Store::lookup(self.0, effect)
        }
        fn commit(&self, effect: &Commit) -> Answer<Commit> {
            Store::commit(self.0, effect)
        }
    }

    impl AsyncHost for Least<'_> {
        async fn lookup_async(&self, effect: &Lookup) -> Answer<Lookup> {
            Store::lookup(self.0, effect)
        }
        async fn commit_async(&self, effect: &Commit) -> Answer<Commit> {
            Store::commit(self.0, effect)
        }
    }

    /// Every other answer has a default, the safe one: nobody is vouched for, and nothing is sent.
    #[test]
    fn needs_two_methods() {
        let world = World::new().with_everything();
        let extension = params(&[("grant_type", ASSERTION), ("assertion", "x")]).of_web();
        for (form, is_issued) in [(client_credentials(), true), (password(), false), (extension, false)] {
            let request = post(form);
            let blocking = world.server.token(&request, world.moment()).run(&Least(&world));
            let asynchronous = block_on(world.server.token(&request, world.moment()).run_async(&Least(&world)));
            assert_eq!([blocking.result().is_ok(), asynchronous.result().is_ok()], [is_issued; 2]);
        }
        let issuer = grantor::model::Issuer::parse("https://server.example").unwrap();
        let error = grantor::client::discover(&issuer).run(&Least(&world)).unwrap_err().to_string();
        assert!(error.contains("no HTTP client"), "{error}");
        let _: Unavailable = Unavailable::new("");
    }
}
