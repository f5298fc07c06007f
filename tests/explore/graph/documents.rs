//! The machines of the authorization server for a client that is not in the store, and has a metadata document.

use grantor::model::{ClientId, GrantType, Issuer, RedirectUri, ResponseType, Scope};
use grantor::record::Client;
use grantor::server::{
    AuthorizeReply, ClientIdMetadataDocumentConfig, Config, DeviceConfig, ParConfig, VerifyUserCodeReply,
};
use grantor::{Answer, Fetch, Hosted, Moment, Policy, Server};
use http::{Request, Response};

use super::client::json;
use super::devices::GRANT_TYPE;
use super::server::{CHALLENGE, Flow, approval, exchange, form, leak, moment};
use super::{Drawing, Graph, NOW, World};
use crate::counter::Counter;
use crate::model::Model;
use crate::paused::hold;
use crate::scene::Plain;

/// The client.
pub(super) const CLIENT: &str = "https://app.example/client.json";

fn server() -> &'static Server {
    let mut config = Config::new(Issuer::parse("https://server.example").unwrap());
    config.consult_issuance = false;
    config.par = Some(ParConfig::below(&config.issuer));
    config.device = Some(DeviceConfig::below(&config.issuer));
    config.token.grant_types.push(GrantType::DeviceCode);
    let mut section = ClientIdMetadataDocumentConfig::default();
    section.scope = Scope::parse("read write").unwrap();
    section.grant_types.push(GrantType::DeviceCode);
    config.client_id_metadata_documents = Some(section);
    leak(Server::new(config).unwrap())
}

/// A document with this redirect URI and, beside what all have, this grant type.
fn document(redirect_uri: &str, grant_type: &str) -> Response<Vec<u8>> {
    let body = format!(
        r#"{{"client_id":"{CLIENT}","redirect_uris":["{redirect_uri}"],"grant_types":["authorization_code","refresh_token","{grant_type}"]}}"#
    );
    let mut response = json(200, &body);
    response.headers_mut().insert("content-type", "application/json".parse().unwrap());
    response
}

/// The document, and what there may be in its place: this one, or none.
fn responses(name: &'static str, another: Response<Vec<u8>>) -> [(&'static str, Response<Vec<u8>>); 4] {
    [
        ("its document", document("https://client.example/cb", GRANT_TYPE)),
        (name, another),
        ("an error", json(404, "")),
        ("nonsense", json(200, "<html>")),
    ]
}

struct Web;

impl Policy for Web {
    fn fetch(&self, _: &Fetch) -> Answer<Fetch> {
        Ok(document("https://client.example/cb", GRANT_TYPE))
    }
}

/// What the store holds without the client, and with it, as an operator may register it.
fn stores(model: &Model) -> [(&'static str, Model); 3] {
    let id = ClientId::parse(CLIENT).unwrap();
    let mut registered = Client::public(id);
    registered.redirect_uris = vec![RedirectUri::parse("https://client.example/cb").unwrap()];
    registered.grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::DeviceCode];
    registered.response_types = vec![ResponseType::Code];
    registered.scope = Scope::parse("read write").unwrap();
    let disabled = registered.clone().disable();
    [
        ("no client", model.clone().with_clients(Vec::new())),
        ("registered client", model.clone().with_clients(vec![registered])),
        ("disabled client", model.clone().with_clients(vec![disabled])),
    ]
}

pub(super) fn drawings() -> Vec<Drawing> {
    let flow = Flow::of(CLIENT, super::NOW);
    let another = document("https://other.example/cb", GRANT_TYPE);
    let (stores, responses) = (stores(&flow.authorized), responses("another redirect_uri", another));
    let world = World { stores: &stores, responses: &responses };
    let server = server();
    let query = format!("response_type=code&client_id={CLIENT}&{CHALLENGE}");
    let request = leak(Request::get(format!("/authorize?{query}")).body("").unwrap());
    let authorize = Graph::of("", hold(server.authorize(request, moment())), world);
    let host = Hosted { store: Plain(stores[0].1.clone().into()), policy: Web };
    let AuthorizeReply::Ask(prompt) = server.authorize(request, moment()).run(&host) else {
        panic!("the request is sound")
    };
    let decide = Graph::of("", hold(prompt.clone().approve(server, approval(), moment())), world)
        .and_if("denied", Graph::of("", hold(prompt.deny(server, moment())), world));
    let push = Graph::of("", hold(server.push(leak(form(&query)), moment())), world);
    let exchange = leak(form(&format!("{}&client_id={CLIENT}", exchange(&flow.code))));
    let token = Graph::of("", hold(server.token(exchange, moment())), world);
    [
        ("server::Authorize", "the authorization endpoint, by a client with a metadata document", authorize),
        ("server::AuthorizeDecision", "the resource owner's decision, for a client with a metadata document", decide),
        ("server::Push", "the pushed authorization request endpoint, by a client with a metadata document", push),
        ("server::Token", "the token endpoint, authorization code, by a client with a metadata document", token),
    ]
    .into_iter()
    .chain(devices(server))
    .map(|(machine, what, graph)| Drawing { machine, what, graph })
    .collect()
}

/// The machines of the device grant.
fn devices(server: &'static Server) -> [(&'static str, &'static str, Graph); 4] {
    let at = |seed| Moment::new(NOW, &mut Counter(seed));
    let host = Hosted { store: Plain(Model::new(Vec::new()).into()), policy: Web };
    let request = leak(form(&format!("client_id={CLIENT}")));
    let started = server.authorize_device(request, at(1)).run(&host);
    let codes = started.result().unwrap();
    let (device_code, user_code) = (codes.device_code.expose(), codes.user_code.expose());
    let VerifyUserCodeReply::Ask(prompt) = server.verify_user_code(user_code, at(2)).run(&host) else {
        panic!("it waits")
    };
    let poll = leak(form(&format!("grant_type={GRANT_TYPE}&device_code={device_code}&client_id={CLIENT}")));
    let waits = stores(&host.store.0.lock().unwrap());
    let _ = prompt.clone().approve(server, approval(), at(3)).run(&host);
    let [(_, approved), (_, registered), _] = stores(&host.store.0.lock().unwrap());
    let polled = [("it waits", waits[0].1.clone()), ("it was approved", approved), ("registered client", registered)];
    let responses = responses("no device grant", document("https://client.example/cb", "refresh_token"));
    let world = World { stores: &waits, responses: &responses };
    let verify = Graph::of("", hold(server.verify_user_code(user_code, moment())), world);
    let decide = Graph::of("", hold(prompt.clone().approve(server, approval(), moment())), world)
        .and_if("denied", Graph::of("", hold(prompt.deny(server, moment())), world));
    let start = Graph::of("", hold(server.authorize_device(request, moment())), world);
    let token = Graph::of("", hold(server.token(poll, moment())), World { stores: &polled, ..world });
    [
        ("server::AuthorizeDevice", "the device authorization endpoint, by a client with a metadata document", start),
        (
            "server::VerifyUserCode",
            "the page where a person enters a user code, for a client with a metadata document",
            verify,
        ),
        ("server::DeviceDecision", "the person's decision on a device, for a client with a metadata document", decide),
        ("server::Token", "the token endpoint, device code, by a client with a metadata document", token),
    ]
}
