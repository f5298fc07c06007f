//! The machines of the authorization server for a client that is not in the store, and has a metadata document.

use grantor::model::{ClientId, GrantType, Issuer, RedirectUri, ResponseType, Scope};
use grantor::record::Client;
use grantor::server::{AuthorizeReply, ClientIdMetadataDocumentConfig, Config};
use grantor::{Answer, Fetch, Hosted, Policy, Server};
use http::{Request, Response};

use super::client::json;
use super::server::{CHALLENGE, Flow, approval, exchange, form, leak, moment};
use super::{Drawing, Graph, World};
use crate::model::Model;
use crate::paused::hold;
use crate::scene::Plain;

/// The client.
pub(super) const CLIENT: &str = "https://app.example/client.json";

fn server() -> &'static Server {
    let mut config = Config::new(Issuer::parse("https://server.example").unwrap());
    config.consult_issuance = false;
    config.par = Some(grantor::server::ParConfig::below(&config.issuer));
    let mut section = ClientIdMetadataDocumentConfig::default();
    section.scope = Scope::parse("read write").unwrap();
    config.client_id_metadata_documents = Some(section);
    leak(Server::new(config).unwrap())
}

/// The document, and what there may be in its place.
fn responses() -> [(&'static str, Response<Vec<u8>>); 4] {
    let document = |redirect_uri: &str| {
        let body = format!(
            r#"{{"client_id":"{CLIENT}","redirect_uris":["{redirect_uri}"],"grant_types":["authorization_code","refresh_token"]}}"#
        );
        let mut response = json(200, &body);
        response.headers_mut().insert("content-type", "application/json".parse().unwrap());
        response
    };
    [
        ("its document", document("https://client.example/cb")),
        ("another redirect_uri", document("https://other.example/cb")),
        ("an error", json(404, "")),
        ("nonsense", json(200, "<html>")),
    ]
}

struct Web;

impl Policy for Web {
    fn fetch(&self, _: &Fetch) -> Answer<Fetch> {
        Ok(responses()[0].1.clone())
    }
}

/// What the store holds without the client, and with it, as an operator may register it.
fn stores(flow: &Flow) -> [(&'static str, Model); 3] {
    let id = ClientId::parse(CLIENT).unwrap();
    let mut registered = Client::public(id);
    registered.redirect_uris = vec![RedirectUri::parse("https://client.example/cb").unwrap()];
    registered.grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
    registered.response_types = vec![ResponseType::Code];
    registered.scope = Scope::parse("read write").unwrap();
    let disabled = registered.clone().disable();
    [
        ("no client", flow.authorized.clone().with_clients(Vec::new())),
        ("registered client", flow.authorized.clone().with_clients(vec![registered])),
        ("disabled client", flow.authorized.clone().with_clients(vec![disabled])),
    ]
}

pub(super) fn drawings() -> Vec<Drawing> {
    let flow = Flow::of(CLIENT, super::NOW);
    let (stores, responses) = (stores(&flow), responses());
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
    .map(|(machine, what, graph)| Drawing { machine, what, graph })
    .into()
}
