//! Clients that publish a metadata document, and the web on which it stands.

use std::fmt::Display;
use std::ops::Deref;
use std::sync::Mutex;

use grantor::model::{Endpoint, GrantType};
use grantor::server::{
    Approval, AuthorizeReply, ClientIdMetadataDocumentConfig, Config, DeviceDecisionReply, DevicePageError,
    DevicePrompt, ParConfig, Prompt, VerifyUserCodeReply,
};
use grantor::{Answer, Fetch, Hosted, Policy, Unavailable};
use http::{Request, Response};
use serde_json::{Value, json};

use super::devices::{Device, GRANT_TYPE};
use super::{CALLBACK, Params, Reply, SECRET, With as _, World, authorize, exchange, get, post, scope};

/// The client identifier, which is the URL of its document.
pub const DOCUMENT: &str = "https://app.example.com/oauth/client.json";

/// A document as clients publish them.
pub fn document() -> Value {
    json!({
        "client_id": DOCUMENT,
        "client_name": "Example App",
        "client_uri": "https://app.example.com",
        "redirect_uris": [CALLBACK, "http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none"
    })
}

/// The document of a device: nobody is redirected to it.
pub fn document_of_a_device() -> Value {
    json!({
        "client_id": DOCUMENT,
        "client_name": "Example Frame",
        "grant_types": [GRANT_TYPE, "refresh_token"],
        "token_endpoint_auth_method": "none"
    })
}

/// The response with this document.
pub fn served(document: &Value) -> Response<Vec<u8>> {
    let response = Response::builder().header("content-type", "application/json");
    response.body(document.to_string().into_bytes()).unwrap()
}

/// A server at which clients may have documents, and what the web answers.
pub struct Web {
    pub world: World,
    answer: Mutex<Answer<Fetch>>,
    sent: Mutex<Vec<Fetch>>,
}

impl Deref for Web {
    type Target = World;
    fn deref(&self) -> &World {
        &self.world
    }
}

impl Policy for &Web {
    fn fetch(&self, fetch: &Fetch) -> Answer<Fetch> {
        self.sent.lock().unwrap().push(fetch.clone());
        self.answer.lock().unwrap().clone()
    }
}

impl Web {
    pub fn new() -> Self {
        Self::with(|_| ())
    }

    /// With something changed in the section.
    pub fn with(change: impl FnOnce(&mut ClientIdMetadataDocumentConfig)) -> Self {
        let mut section = ClientIdMetadataDocumentConfig::default();
        section.scope = scope("read write");
        change(&mut section);
        Self::of(World::new().with(|config: &mut Config| {
            config.par = Some(ParConfig::at(Endpoint::parse("https://server.example.com/par").unwrap()));
            config.client_id_metadata_documents = Some(section);
        }))
    }

    /// For devices, and with the document of one.
    pub fn with_devices() -> Self {
        let Self { world, .. } = Self::with(|section| section.grant_types.push(GrantType::DeviceCode));
        let web = Self::of(world.with_devices());
        web.serve(&document_of_a_device());
        web
    }

    /// Over this world.
    pub fn of(world: World) -> Self {
        // A resource server, which is told about every token.
        let api = super::confidential("api", SECRET).with(|client| client.resource_server = Some(Vec::new()));
        let world = world.with_client(api);
        Self { world, answer: Mutex::new(Ok(served(&document()))), sent: Mutex::default() }
    }

    /// From now on the document is this.
    pub fn serve(&self, document: &Value) {
        self.answer(served(document));
    }

    pub fn answer(&self, response: Response<Vec<u8>>) {
        *self.answer.lock().unwrap() = Ok(response);
    }

    /// From now on the document's server cannot be reached.
    pub fn down(&self) {
        *self.answer.lock().unwrap() = Err(Unavailable::new("no route to host"));
    }

    /// From now on the document's server is too busy for this many seconds.
    pub fn busy(&self, seconds: u32) {
        *self.answer.lock().unwrap() = Err(Unavailable::new("it is busy").with_retry_after(seconds));
    }

    /// What was sent since this was asked last.
    pub fn sent(&self) -> Vec<Fetch> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    fn host(&self) -> Hosted<&World, &Self> {
        Hosted { store: &self.world, policy: self }
    }

    pub fn authorize(&self, query: impl Display) -> AuthorizeReply {
        self.server.authorize(&get(query), self.moment()).run(&self.host())
    }

    pub fn ask(&self, query: impl Display) -> Prompt {
        match self.authorize(query) {
            AuthorizeReply::Ask(prompt) => prompt,
            refused => panic!("not asked: {:?}", refused.event()),
        }
    }

    /// A request that only the person is told about.
    pub fn page(&self, query: impl Display) -> Reply {
        match self.authorize(query) {
            AuthorizeReply::Respond(response) => {
                let reply = Reply::of(response.into_http());
                assert!(reply.is_page(), "{reply:?}");
                reply
            }
            other => panic!("no page: {:?}", other.event()),
        }
    }

    pub fn approve(&self, prompt: Prompt) -> Reply {
        let step = prompt.approve(&self.server, super::approval(), self.moment());
        Reply::of(step.run(&self.host()).into_http())
    }

    pub fn deny(&self, prompt: Prompt) -> Reply {
        Reply::of(prompt.deny(&self.server, self.moment()).run(&self.host()).into_http())
    }

    pub fn code(&self) -> String {
        self.approve(self.ask(asking())).parameter("code").unwrap()
    }

    pub fn token(&self, form: impl Display) -> Reply {
        self.token_by(&post(form))
    }

    pub fn token_by(&self, request: &Request<Vec<u8>>) -> Reply {
        Reply::of(self.server.token(request, self.moment()).run(&self.host()).into_http())
    }

    pub fn event(&self, form: impl Display) -> grantor::server::Event {
        self.server.token(&post(form), self.moment()).run(&self.host()).event()
    }

    /// The access token and the refresh token of a code flow.
    pub fn tokens(&self) -> (String, String) {
        self.token(redeeming(&self.code())).tokens()
    }

    pub fn push(&self, form: impl Display) -> Reply {
        Reply::of(self.server.push(&post(form), self.moment()).run(&self.host()).into_http())
    }

    pub fn revoke(&self, form: impl Display) -> Reply {
        Reply::of(self.server.revoke(&post(form), self.moment()).run(&self.host()).into_http())
    }

    pub fn authorize_device(&self, form: impl Display) -> Reply {
        Reply::of(self.server.authorize_device(&post(form), self.moment()).run(&self.host()).into_http())
    }

    /// A device of the client, which waits.
    pub fn device(&self) -> Device {
        let reply = self.authorize_device(starting());
        let member = |name| reply.member(name).unwrap_or_else(|| panic!("not started: {reply:?}"));
        Device { device_code: member("device_code"), user_code: member("user_code") }
    }

    /// A person types the user code of a device.
    pub fn verify(&self, device: &Device) -> VerifyUserCodeReply {
        self.server.verify_user_code(&device.user_code, self.moment()).run(&self.host())
    }

    pub fn enter(&self, device: &Device) -> DevicePrompt {
        match self.verify(device) {
            VerifyUserCodeReply::Ask(prompt) => prompt,
            VerifyUserCodeReply::Refuse(error) => panic!("not asked: {error}"),
        }
    }

    pub fn device_page_error(&self, device: &Device) -> DevicePageError {
        match self.verify(device) {
            VerifyUserCodeReply::Refuse(error) => error,
            VerifyUserCodeReply::Ask(prompt) => panic!("asked: {prompt:?}"),
        }
    }

    pub fn decide_on(&self, prompt: DevicePrompt, approval: Option<Approval>) -> DeviceDecisionReply {
        match approval {
            Some(approval) => prompt.approve(&self.server, approval, self.moment()).run(&self.host()),
            None => prompt.deny(&self.server, self.moment()).run(&self.host()),
        }
    }

    /// What a resource server learns of a token.
    pub fn is_active(&self, token: &str) -> bool {
        let form = super::params(&[("client_id", "api"), ("client_secret", SECRET), ("token", token)]);
        let reply = self.server.introspect(&post(form), self.moment()).run(&self.host());
        reply.result().unwrap().is_some()
    }
}

/// A sound authorization request of the client.
pub fn asking() -> Params {
    authorize().set("client_id", DOCUMENT)
}

/// A sound token request with its code.
pub fn redeeming(code: &str) -> Params {
    exchange(code).set("client_id", DOCUMENT)
}

/// A device authorization request of the client.
pub fn starting() -> Params {
    super::params(&[("client_id", DOCUMENT), ("scope", "read")])
}

/// A poll of the client's device.
pub fn polling(device: &Device) -> Params {
    super::devices::poll(device).set("client_id", DOCUMENT)
}

pub fn refreshing(refresh_token: &str) -> Params {
    super::params(&[("grant_type", "refresh_token"), ("client_id", DOCUMENT), ("refresh_token", refresh_token)])
}
