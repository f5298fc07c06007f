//! What a client writes, a server reads.

use grantor::client::{
    Authentication, AuthorizationRequest, Client, Device, Pending, Polled, Registration, TokenTypeHint,
};
use grantor::model::{Acr, Audience, Key, RedirectUri, Resource, Scope, Secret};
use grantor::server::{
    Approval, ClientAuthentication, ClientAuthenticationMethod, DevicePrompt, Prompt, VerifyUserCodeReply,
};
use grantor::store::{Lookup, Store};
use grantor::{Pause as _, Step, Timestamp};
use http::Request;
use proptest::prelude::*;
use proptest::sample::select;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::common::devices::INTERVAL;
use crate::common::*;
use crate::names::*;
use crate::{cases, client_of, reach};

/// Both ways to show a secret, which the client of this world has.
fn with_secret(world: &World, client_id: &str, client_secret: &str) -> [Client; 2] {
    [Authentication::Basic, Authentication::Post].map(|authentication| {
        let server = world.server.config().metadata();
        let registration = Registration::public(server.issuer.clone(), client_id.parse().unwrap());
        registration.authenticated_by(authentication(Secret::new(client_secret.to_owned()))).at(server).unwrap()
    })
}

impl World {
    fn knows(&self, token: &str) -> bool {
        let key = Key::of(token).unwrap();
        Store::lookup(&self.store, &Lookup::of(key)).unwrap().credential(key).is_some()
    }
}

/// What a client may ask a resource owner for.
#[derive(Clone, Debug)]
struct Asked {
    client_id: String,
    redirect_uri: RedirectUri,
    scope: Scope,
    resource: Vec<Resource>,
    acr_values: Vec<Acr>,
    max_age: Option<u64>,
}

prop_compose! {
    fn asked()(
        client_id in VSCHARS,
        redirect_uri in names(redirect_uris()),
        scope in names(scopes()),
        resource in prop::collection::btree_set(names::<Resource>(resources()), 0..3),
        acr_values in prop::collection::vec(names(NQCHARS), 0..3),
        max_age in any::<Option<u64>>(),
    ) -> Asked {
        Asked { client_id, redirect_uri, scope, resource: resource.into_iter().collect(), acr_values, max_age }
    }
}

impl Asked {
    /// A world where it may be asked for.
    fn world(&self) -> World {
        let client = public(&self.client_id).with(|client| {
            client.redirect_uris = vec![self.redirect_uri.clone()];
            client.scope = self.scope.clone();
        });
        World::new()
            .with(|config| config.resources = Audience::only(self.resource.clone()).unwrap_or_default())
            .with_client(client)
    }

    fn request(&self) -> AuthorizationRequest {
        let request = AuthorizationRequest::new(self.redirect_uri.clone()).scope(self.scope.clone());
        let request = self.resource.iter().cloned().fold(request, AuthorizationRequest::resource);
        let acr_values = self.acr_values.iter().map(Acr::as_str).collect::<Vec<_>>().join(" ");
        let max_age = self.max_age.map(|seconds| seconds.to_string()).unwrap_or_default();
        request.parameter("acr_values", &acr_values).parameter("max_age", &max_age)
    }

    /// The resource owner was authenticated as asked.
    fn approval(&self) -> Approval {
        let approval = approval().authenticated_at(Timestamp(NOW));
        self.acr_values.first().cloned().into_iter().fold(approval, Approval::with_acr)
    }
}

/// A value that was in a session.
fn kept<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(cases())]

    /// RFC 6749 §2.3.1, whatever the identifier and the secret.
    #[test]
    fn the_server_reads_the_credentials_that_the_client_writes(client_id in VSCHARS, client_secret in VSCHARS) {
        for client in with_secret(&World::new(), &client_id, &client_secret) {
            let step = client.client_credentials().start(World::new().moment());
            let Step::Fetch(pause) = step else { panic!("nothing is sent") };
            let read = ClientAuthentication::of(pause.effect().request()).unwrap();
            prop_assert_eq!(read.client_id.as_str(), &client_id);
            let secret = match &read.method {
                ClientAuthenticationMethod::ClientSecretBasic(secret) => secret.as_ref(),
                ClientAuthenticationMethod::ClientSecretPost(secret) => Some(secret),
                _ => None,
            };
            prop_assert_eq!(secret.map(Secret::expose), Some(client_secret.as_str()));
        }
    }

    /// RFC 6749 §4.1.1, RFC 8707 §2.1, RFC 9470 §4. Both sides keep in a session, as JSON, what they keep of it.
    #[test]
    fn the_server_reads_the_authorization_request_that_the_client_writes(asked in asked()) {
        let world = asked.world();
        let client = client_of(&world, &asked.client_id);
        let (url, pending) = client.begin(asked.request(), world.moment()).unwrap();
        let prompt: Prompt = kept(&world.ask(url.split_once('?').unwrap().1));
        prop_assert_eq!(prompt.recipient.client_id.as_str(), &asked.client_id);
        prop_assert_eq!(&prompt.recipient.redirect_uri, &asked.redirect_uri);
        prop_assert_eq!(&prompt.asked.scope, &asked.scope);
        prop_assert_eq!(prompt.asked.audience.resources(), &asked.resource[..]);
        prop_assert_eq!(&prompt.asked.acr_values, &asked.acr_values);
        prop_assert_eq!(prompt.asked.max_age, asked.max_age);

        let reply = world.decide(prompt, Some(asked.approval()));
        let pending: Pending = kept(&pending);
        let exchange = client.callback(pending, reply.location().split_once('?').unwrap().1).unwrap().start(world.moment());
        let tokens = exchange.run(&reach(|request| world.token_by(request).0)).unwrap();
        prop_assert_eq!(tokens.scope(), Some(&asked.scope));
    }

    /// RFC 8628 §3.1, §3.4, RFC 8707 §2. Both sides keep, as JSON, what they keep of it.
    #[test]
    fn the_server_reads_the_device_authorization_request_and_the_poll_that_the_client_writes(asked in asked()) {
        let mut world = asked.world().with_devices();
        let client = client_of(&world, &asked.client_id);
        let request = client.authorize_device().scope(asked.scope.clone());
        let request = asked.resource.iter().cloned().fold(request, |request, resource| request.resource(resource));
        let answered = |world: &World, request: &Request<Vec<u8>>| {
            world.server.authorize_device(request, world.moment()).run(world).into_http()
        };
        let device = request.start(world.moment()).run(&reach(|request| answered(&world, request))).unwrap();
        let device: Device = kept(&device);
        let VerifyUserCodeReply::Ask(prompt) = world.verify(device.user_code()) else { panic!("not asked") };
        let prompt: DevicePrompt = kept(&prompt);
        prop_assert_eq!(prompt.client_id.as_str(), &asked.client_id);
        prop_assert_eq!(&prompt.asked.scope, &asked.scope);
        prop_assert_eq!(prompt.asked.audience.resources(), &asked.resource[..]);

        let decided = world.decide_on(prompt, Some(approval()));
        prop_assert_eq!(decided.is_approved(), Ok(true));
        world.later(INTERVAL);
        let polled = client.poll(&device, world.moment()).run(&reach(|request| world.token_by(request).0)).unwrap();
        let Polled::Tokens(tokens) = polled else { panic!("no tokens") };
        prop_assert_eq!(tokens.scope(), Some(&asked.scope));
    }

    /// RFC 7009 §2.1.
    #[test]
    fn the_server_revokes_the_token_that_the_client_writes(
        client_id in VSCHARS,
        client_secret in VSCHARS,
        hint in select(vec![None, Some(TokenTypeHint::AccessToken), Some(TokenTypeHint::RefreshToken)]),
    ) {
        let world = World::new().with_client(confidential(&client_id, &client_secret));
        for client in with_secret(&world, &client_id, &client_secret) {
            let exchange = client.client_credentials().start(World::new().moment());
            let tokens = exchange.run(&reach(|request| world.token_by(request).0)).unwrap();
            let token = tokens.access_token();
            prop_assert!(world.knows(token.expose()));
            let revoke = |request: &Request<_>| world.server.revoke(request, world.moment()).run(&world).into_http();
            prop_assert!(client.revoke(token, hint, world.moment()).run(&reach(revoke)).is_ok());
            prop_assert!(!world.knows(token.expose()));
        }
    }
}
