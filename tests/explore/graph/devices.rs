//! The machines of the device grant: for each kind of client, with a device as it may stand.

use grantor::server::{DevicePrompt, Server, VerifyUserCodeReply};
use grantor::store::Store;
use grantor::{Moment, Timestamp};

use super::server::{GRACE, Kind, approval, form, leak, moment, server};
use super::{Graph, NOW, World};
use crate::counter::Counter;
use crate::model::Model;
use crate::paused::hold;
use crate::scene::Plain;

pub(super) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A device, and the store as it may stand. Its codes are the same each time.
struct Device {
    device_code: String,
    user_code: String,
    prompt: DevicePrompt,
    stores: Vec<(&'static str, Model)>,
}

impl Device {
    /// A device of this client, and what became of it.
    fn of(client_id: &str, began: Timestamp) -> Self {
        let usual = server(GRACE, false);
        let at = |seed| Moment::new(began, &mut Counter(seed));
        let waits = Plain(Model::new(vec![Kind::Public.client(client_id)]).into());
        let reply = usual.authorize_device(&form(&format!("client_id={client_id}")), at(1)).run(&waits);
        let response = reply.result().unwrap();
        let device_code = response.device_code.expose().to_owned();
        let user_code = response.user_code.expose().to_owned();
        let VerifyUserCodeReply::Ask(prompt) = usual.verify_user_code(&user_code, at(2)).run(&waits) else {
            panic!("it waits")
        };
        let poll = form(&format!("grant_type={GRANT_TYPE}&device_code={device_code}&client_id={client_id}"));
        let poll = |store: &Plain| drop(usual.token(&poll, at(3)).run(store));
        let after = |before: &Plain, step: &dyn Fn(&Plain)| {
            let store = Plain(before.0.lock().unwrap().clone().into());
            step(&store);
            store
        };
        let polled = after(&waits, &poll);
        let denied = after(&waits, &|store| drop(prompt.clone().deny(usual, at(4)).run(store)));
        let approved = after(&waits, &|store| drop(prompt.clone().approve(usual, approval(), at(4)).run(store)));
        let spent = after(&approved, &poll);
        let revoked = after(&approved, &|store| revoke(store, &device_code));
        let model = |store: Plain| store.0.into_inner().unwrap();
        let stores = [
            ("it waits", waits),
            ("it has just polled", polled),
            ("it was denied", denied),
            ("it was approved", approved),
            ("it has its tokens", spent),
            ("its grant was revoked", revoked),
        ];
        Self { device_code, user_code, prompt, stores: stores.map(|(name, store)| (name, model(store))).into() }
    }

    /// The stores with this client, with what came of a device whose time is over and of another's.
    fn known_to(&self, kind: Kind) -> Vec<(&'static str, Model)> {
        let known = |model: &Model| model.clone().with_clients(vec![kind.client("app")]);
        let mut stores: Vec<_> = self.stores.iter().map(|(name, model)| (*name, known(model))).collect();
        let expired = Self::of("app", Timestamp(NOW.0 - 600));
        stores.extend([("it has expired", known(&expired.stores[0].1))]);
        let another = Self::of("other", NOW);
        stores.extend([("another client's", known(&another.stores[0].1))]);
        stores.extend([("no such device", Model::new(vec![kind.client("app")]))]);
        stores
    }
}

fn revoke(store: &Plain, device_code: &str) {
    use grantor::model::Key;
    use grantor::store::{Change, Commit};
    let grant = store.0.lock().unwrap().presented(Key::of(device_code).unwrap()).unwrap().grant.id;
    let _ = Store::commit(store, &Commit::of(Change::Revoke(grant)));
}

/// Asked by each kind of client, as it should be and not.
fn asked(device: &Device, body: &str, start: impl Fn(&'static http::Request<String>) -> super::Next) -> Graph {
    let by = |kind: Kind, is_authenticated: bool| {
        let secret = if (kind == Kind::Public) == is_authenticated { "" } else { "&client_secret=secret" };
        let request = leak(form(&format!("{body}&client_id=app{secret}")));
        let mut stores = device.known_to(kind);
        if !is_authenticated {
            stores.truncate(1);
            stores[0].0 = kind.name();
        }
        Graph::of("", start(request), World { stores: &stores, ..World::default() })
    };
    let all = |is_authenticated| Kind::ALL.map(|kind| by(kind, is_authenticated)).into_iter();
    let graph = all(true).fold(Graph::default(), Graph::and);
    graph.and_if("not authenticated", all(false).fold(Graph::default(), Graph::and))
}

pub(super) fn token() -> Graph {
    let device = Device::of("app", NOW);
    let body = format!("grant_type={GRANT_TYPE}&device_code={}", device.device_code);
    let at = |server: &'static Server| asked(&device, &body, |request| hold(server.token(request, moment())));
    at(server(GRACE, false)).and_if("consult_issuance", at(server(GRACE, true)))
}

pub(super) fn authorize_device() -> Graph {
    let device = Device::of("app", NOW);
    let usual = server(GRACE, false);
    let by = |kind: Kind, more: &str, is_authenticated: bool| {
        let secret = if (kind == Kind::Public) == is_authenticated { "" } else { "&client_secret=secret" };
        let request = leak(form(&format!("client_id=app{secret}{more}")));
        let known = device.stores[0].1.clone().with_clients(vec![kind.client("app")]);
        let stores = [(kind.name(), known), ("unknown client", Model::new(Vec::new()))];
        Graph::of("", hold(usual.authorize_device(request, moment())), World { stores: &stores, ..World::default() })
    };
    let all = |more: &str, is_authenticated| {
        Kind::ALL.map(|kind| by(kind, more, is_authenticated)).into_iter().fold(Graph::default(), Graph::and)
    };
    all("", true)
        .and_if("not authenticated", all("", false))
        .and_if("another scope", all("&scope=admin", true))
        .and_if("another resource", all("&resource=https://api.example/mail", true))
}

/// What a person may find. Nobody else's device has these codes.
fn found(device: &Device) -> Vec<(&'static str, Model)> {
    let mut stores = device.known_to(Kind::Public);
    stores.retain(|(name, _)| *name != "another client's");
    stores.push(("its client is gone", device.stores[0].1.clone().with_clients(Vec::new())));
    stores
}

pub(super) fn verify() -> Graph {
    let device = Device::of("app", NOW);
    let stores = found(&device);
    let world = World { stores: &stores, ..World::default() };
    let usual = server(GRACE, false);
    let at = |typed: &str| Graph::of("", hold(usual.verify_user_code(typed, moment())), world);
    at(&device.user_code).and(Graph::of("no user code", hold(usual.verify_user_code("?", moment())), world))
}

pub(super) fn decide() -> Graph {
    let device = Device::of("app", NOW);
    let stores = found(&device);
    let world = World { stores: &stores, ..World::default() };
    let usual = server(GRACE, false);
    let late = Moment::new(Timestamp(NOW.0 + 600), &mut Counter(7));
    Graph::of("", hold(device.prompt.clone().approve(usual, approval(), moment())), world)
        .and_if("denied", Graph::of("", hold(device.prompt.clone().deny(usual, moment())), world))
        .and_if("too late", Graph::of("", hold(device.prompt.approve(usual, approval(), late)), world))
}
