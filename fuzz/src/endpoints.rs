//! Each endpoint, from the raw bytes of a request. Codes, tokens and secrets cannot be guessed: the input has them only
//! where it names them in braces, and so it can be told whether a reply was earned.

use grantor::consult::{Extension, Password};
use grantor::model::{AuthorizationDetails, Digest, GrantType, Key};
use grantor::record::Client;
use grantor::resource::ResourceServer;
use grantor::server::{
    AuthorizeReply, ClientIdMetadataDocumentConfig, DetailMembers, DevicePrompt, Event, MemberKind, ParConfig, Prompt,
    Registrants, RegistrationConfig, VerifyUserCodeReply,
};
use grantor::store::{Lookup, Store};
use grantor::{Answer, Fetch, Hosted, Policy, Timestamp};
use http::{Method, Request, Response, StatusCode};
use serde_json::json;

use crate::common::documents::{DOCUMENT, document, served};
use crate::common::registering::{
    INITIAL, Managed, Members as _, as_bearer, metadata, record, register_by, request as registration,
};
use crate::common::{
    CALLBACK, CHALLENGE, FormPage, People, Reply, SECRET, VERIFIER, With as _, World, approval, authorize, basic,
    client_credentials, confidential, devices, get, params, photos, public, scope,
};
use crate::raw;

/// The input is a request. Its path says to which endpoint.
pub fn endpoints(input: &[u8]) {
    // Most inputs are no HTTP, and need no world.
    if raw::request(input).is_none() {
        return;
    }
    let scene = Scene::new(input);
    let words = scene.words.each_ref().map(|(name, word)| (*name, word.as_str()));
    let Some(request) = raw::request(&raw::fill(input, &words)) else { return };
    match request.uri().path() {
        "/token" => scene.token(&request),
        "/introspect" => scene.introspect(&request),
        "/revoke" => scene.revoke(&request),
        "/par" => scene.push(&request),
        "/register" => scene.register(&request),
        path if path.starts_with("/register/") => scene.configure(&request),
        "/device_authorization" => scene.authorize_device(&request),
        "/device" => scene.decide(&request),
        "/photos" => scene.check(&request),
        _ => scene.authorize(&request),
    }
}

/// People, and the web, on which one client has a document.
struct Outside;

impl Policy for Outside {
    fn password(&self, question: &Password) -> Answer<Password> {
        People.password(question)
    }
    fn extension(&self, question: &Extension) -> Answer<Extension> {
        People.extension(question)
    }
    fn fetch(&self, fetch: &Fetch) -> Answer<Fetch> {
        let (request, rule) = (fetch.request(), fetch.rule());
        assert!(request.method() == Method::GET && request.uri().scheme_str() == Some("https"), "{fetch:?}");
        assert!(rule.public_addresses_only && request.body().is_empty(), "{fetch:?}");
        let mut missing = Response::new(Vec::new());
        *missing.status_mut() = StatusCode::NOT_FOUND;
        let grant_types = json!(["authorization_code", "refresh_token", devices::GRANT_TYPE]);
        let document = document().set("redirect_uris", json!([CALLBACK])).set("grant_types", grant_types);
        Ok(if request.uri() == DOCUMENT { served(&document) } else { missing })
    }
}

/// The same with a type of authorization details.
fn with_details(world: World) -> World {
    let payment = DetailMembers::new().required("to", MemberKind::Text).optional("amount", MemberKind::Any);
    let payment = payment.optional("actions", MemberKind::List).optional("locations", MemberKind::List);
    let world = world.with(|config| config.authorization_details.add("payment", payment));
    [public("app"), confidential("web", SECRET)].into_iter().fold(world, |world, client| {
        world.with_client(client.with(|client| client.authorization_details_types = vec!["payment".to_owned()]))
    })
}

/// A world with a code and tokens of the public client `app`, a device of it that was approved and one that waits, a
/// token of the confidential client `web`, and a client that registered itself.
struct Scene<'a> {
    input: &'a [u8],
    world: World,
    photos: ResourceServer,
    words: [(&'static str, String); 16],
}

impl<'a> Scene<'a> {
    fn new(input: &'a [u8]) -> Self {
        let world = with_details(World::new().with_everything().with_devices());
        let world = world.with(|config| {
            let mut section = RegistrationConfig::below(&config.issuer);
            section.registrants = Registrants::Tokens(vec![Digest::of(INITIAL)]);
            section.scope = scope("read");
            config.registration = Some(section);
            config.par = Some(ParConfig::below(&config.issuer));
            let mut section = ClientIdMetadataDocumentConfig::default();
            (section.scope, section.grant_types) = (scope("read"), config.token.grant_types.clone());
            config.client_id_metadata_documents = Some(section);
        });
        let photos = photos::photos_with(|config| {
            (config.accept_unrestricted, config.token_in_body, config.token_in_query) = (true, true, true);
        });
        let code = world.code(authorize());
        let (access, refresh) = world.tokens();
        let own = world.token(client_credentials()).access_token();
        let managed = Managed::of(&register_by(&world, &as_bearer(registration(metadata()), INITIAL)));
        let (device, waiting) = (world.device(), world.device());
        world.approve_device(&device);
        let words = [
            ("{initial}", INITIAL.to_owned()),
            ("{managed}", managed.client_id),
            ("{registration}", managed.token),
            ("{device}", device.device_code),
            ("{waiting}", waiting.device_code),
            ("{user}", waiting.user_code),
            ("{code}", code),
            ("{access}", access),
            ("{refresh}", refresh),
            ("{own}", own),
            ("{secret}", SECRET.to_owned()),
            ("{basic}", basic("web", SECRET)),
            ("{verifier}", VERIFIER.to_owned()),
            ("{challenge}", CHALLENGE.to_owned()),
            ("{callback}", CALLBACK.to_owned()),
            ("{document}", DOCUMENT.to_owned()),
        ];
        Self { input, world, photos, words }
    }

    fn host(&self) -> Hosted<&World, Outside> {
        Hosted { store: &self.world, policy: Outside }
    }

    /// Whether the input names one of these.
    fn has(&self, words: &[&str]) -> bool {
        words.iter().any(|word| raw::contains(self.input, word))
    }

    /// Whether the store still has it, and its grant.
    fn is_alive(&self, name: &str) -> bool {
        let token = self.words.iter().find(|(other, _)| *other == name);
        let key = token.and_then(|(_, token)| Key::of(token)).unwrap();
        let lookup = Lookup::of(key);
        let found = Store::lookup(&self.world, &lookup).unwrap();
        found.credential(key).is_some_and(|presented| !presented.revoked)
    }

    fn token(&self, request: &Request<Vec<u8>>) {
        let reply = self.world.server.token(request, self.world.moment()).run(&self.host());
        let event = reply.event();
        let reply = self.sound(Reply::of(reply.into_http()), &[200, 400, 401, 405, 413]);
        let Event::Issued { grant_type, .. } = event else {
            assert!(reply.status() != 200 && !reply.body().contains("access_token"), "{reply:?}");
            return;
        };
        assert!(!reply.access_token().is_empty());
        // Neither the codes nor the refresh token have any, so only a grant that is opened here can.
        let details = reply.member("authorization_details");
        let held = [GrantType::AuthorizationCode, GrantType::DeviceCode, GrantType::RefreshToken];
        let is_opened = !held.contains(&grant_type);
        assert!(details.is_none() || is_opened && self.has(&["authorization_details"]), "{details:?}");
        assert!(details.is_none_or(|text| text.parse::<AuthorizationDetails>().is_ok()));
        let is_earned = match grant_type {
            GrantType::AuthorizationCode => self.has(&["{code}"]) && self.has(&["{verifier}"]),
            GrantType::RefreshToken => self.has(&["{refresh}"]),
            GrantType::DeviceCode => self.has(&["{device}"]),
            GrantType::ClientCredentials => self.has(&["{secret}", "{basic}"]),
            // The host knows the password, and the assertion.
            GrantType::Password | GrantType::Extension(_) => true,
            other => panic!("issued for {other}"),
        };
        assert!(is_earned, "tokens for {grant_type}");
    }

    fn authorize_device(&self, request: &Request<Vec<u8>>) {
        let reply = self.world.server.authorize_device(request, self.world.moment()).run(&self.host());
        let is_started = matches!(reply.event(), Event::DeviceStarted { .. });
        let reply = self.sound(Reply::of(reply.into_http()), &[200, 400, 401, 405, 413]);
        assert_eq!(reply.member("user_code").is_some(), is_started, "{reply:?}");
        assert_eq!(reply.status() == 200, is_started, "{reply:?}");
    }

    /// A person types what the body is.
    fn decide(&self, request: &Request<Vec<u8>>) {
        let typed = String::from_utf8_lossy(request.body());
        let reply = self.world.server.verify_user_code(&typed, self.world.moment()).run(&self.host());
        let VerifyUserCodeReply::Ask(prompt) = reply else { return };
        assert!(self.has(&["{user}"]), "a user code was guessed");
        let session = serde_json::to_string(&prompt).unwrap();
        let prompt: DevicePrompt = serde_json::from_str(&session).unwrap();
        let reply = prompt.approve(&self.world.server, approval(), self.world.moment()).run(&self.world);
        assert_eq!(reply.is_approved(), Ok(true));
        self.sound(Reply::of(reply.into_http()), &[200]);
        let (_, waiting) = self.words.iter().find(|(name, _)| *name == "{waiting}").unwrap();
        let device = devices::Device { device_code: waiting.clone(), user_code: String::new() };
        assert_eq!(self.world.token(devices::poll(&device)).status(), 200);
    }

    fn introspect(&self, request: &Request<Vec<u8>>) {
        let reply = self.world.server.introspect(request, self.world.moment()).run(&self.world);
        let is_active = matches!(reply.event(), Event::Introspected { active: true, .. });
        let reply = self.sound(Reply::of(reply.into_http()), &[200, 400, 401, 405, 413]);
        assert_eq!(reply.member("active").as_deref() == Some("true"), is_active);
        assert!(!is_active || self.has(&["{own}"]) && self.has(&["{secret}", "{basic}"]), "{reply:?}");
    }

    fn revoke(&self, request: &Request<Vec<u8>>) {
        let reply = self.world.server.revoke(request, self.world.moment()).run(&self.host());
        let revoked = matches!(reply.event(), Event::Revoked { grant: Some(_), .. });
        let reply = self.sound(Reply::of(reply.into_http()), &[200, 400, 401, 405, 413]);
        assert!(!revoked || reply.status() == 200);
        assert!(self.is_alive("{code}"));
        assert!(self.is_alive("{own}") || self.has(&["{own}"]) && self.has(&["{secret}", "{basic}"]));
        assert!(self.is_alive("{refresh}") || self.has(&["{refresh}"]));
        assert!(self.is_alive("{access}") || self.has(&["{access}", "{refresh}"]));
        assert_eq!(revoked, !["{own}", "{refresh}", "{access}"].iter().all(|name| self.is_alive(name)));
    }

    /// What was pushed can be opened by the client that pushed it, and leads to it alone.
    fn push(&self, request: &Request<Vec<u8>>) {
        let reply = self.world.server.push(request, self.world.moment()).run(&self.host());
        let pushed_by = match reply.event() {
            Event::Pushed { client_id, .. } => Some(client_id),
            _ => None,
        };
        let reply = self.sound(Reply::of(reply.into_http()), &[201, 400, 401, 405, 413]);
        assert_eq!(
            (reply.status() == 201, reply.member("request_uri").is_some()),
            (pushed_by.is_some(), pushed_by.is_some())
        );
        let (Some(client_id), Some(request_uri)) = (pushed_by, reply.member("request_uri")) else { return };
        let is_public = ["app", DOCUMENT].contains(&client_id.as_str());
        assert!(is_public || self.has(&["{secret}", "{basic}"]), "{reply:?}");
        let query = get(params(&[("client_id", client_id.as_str()), ("request_uri", &request_uri)]));
        let opened = self.world.server.authorize(&query, self.world.moment()).run(&self.host());
        let AuthorizeReply::Ask(prompt) = opened else { panic!("not asked: {:?}", opened.event()) };
        assert_eq!((&prompt.recipient.client_id, prompt.recipient.redirect_uri.as_str()), (&client_id, CALLBACK));
    }

    /// A client comes in by an initial access token, with what the server lets it have.
    fn register(&self, request: &Request<Vec<u8>>) {
        let reply = self.world.server.register(request, self.world.moment()).run(&self.world);
        let is_registered = matches!(reply.event(), Event::Registered { is_self_registered: false, .. });
        let reply = self.sound(Reply::of(reply.into_http()), &[201, 400, 401, 405, 413]);
        assert_eq!((reply.status() == 201, reply.member("client_id").is_some()), (is_registered, is_registered));
        if is_registered {
            assert!(self.has(&["{initial}"]), "{reply:?}");
            self.is_within(&record(&self.world, &Managed::of(&reply).client_id));
        }
    }

    /// A client is read, changed and deleted by its registration access token, and by nothing else.
    fn configure(&self, request: &Request<Vec<u8>>) {
        let before = ["app", "web"].map(|client_id| record(&self.world, client_id));
        let managed = &self.words[1].1;
        let revision = record(&self.world, managed).revision;
        let reply = self.world.server.configure(request, self.world.moment()).run(&self.world);
        let event = reply.event();
        let is_done = matches!(
            event,
            Event::RegistrationRead { .. } | Event::RegistrationUpdated { .. } | Event::RegistrationDeleted { .. }
        );
        let reply = self.sound(Reply::of(reply.into_http()), &[200, 204, 400, 401, 403, 405, 413]);
        assert_eq!(matches!(reply.status(), 200 | 204), is_done, "{reply:?}");
        assert!(!is_done || self.has(&["{managed}"]) && self.has(&["{registration}"]), "{reply:?}");
        let after = record(&self.world, managed);
        self.is_within(&after);
        assert_eq!(after.disabled, matches!(event, Event::RegistrationDeleted { .. }));
        assert_eq!(after.revision != revision, is_done && !matches!(event, Event::RegistrationRead { .. }));
        assert_eq!(["app", "web"].map(|client_id| record(&self.world, client_id)), before);
    }

    /// Whether a client that was registered has no more than it may have, whatever it asked for.
    fn is_within(&self, client: &Client) {
        let section = self.world.server.config().registration.as_ref().unwrap();
        assert!(client.scope.is_subset(&section.scope), "{client:?}");
        assert!(client.grant_types.iter().all(|grant_type| section.grant_types.contains(grant_type)), "{client:?}");
        assert!(client.require_pkce && client.require_redirect_uri && client.resource_server.is_none(), "{client:?}");
        for uri in &client.redirect_uris {
            let url = url::Url::parse(uri.as_str()).unwrap();
            assert!(matches!(url.scheme(), "https" | "http") && url.username().is_empty(), "{uri:?}");
            let is_loopback = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
            assert!(url.scheme() == "https" || is_loopback, "{uri:?}");
        }
    }

    fn check(&self, request: &Request<Vec<u8>>) {
        let requirement = photos::reading();
        match self.photos.check(request, &requirement, Timestamp(self.world.now)).run(&self.world).into_result() {
            Ok(access) => {
                assert!(self.has(&["{access}", "{own}"]) && requirement == photos::reading(), "{access:?}");
            }
            Err(refusal) => {
                let reply = self.sound(Reply::of(refusal.into_http()), &[400, 401]);
                assert!(reply.header("www-authenticate").unwrap().starts_with("Bearer "));
            }
        }
    }

    fn authorize(&self, request: &Request<Vec<u8>>) {
        let response = match self.world.server.authorize(request, self.world.moment()).run(&self.host()) {
            AuthorizeReply::Respond(response) => response,
            AuthorizeReply::Refuse(refusal) => {
                let session = serde_json::to_string(&refusal).unwrap();
                self.world.tell(serde_json::from_str(&session).unwrap())
            }
            AuthorizeReply::Ask(prompt) => {
                let session = serde_json::to_string(&prompt).unwrap();
                let prompt: Prompt = serde_json::from_str(&session).unwrap();
                prompt.approve(&self.world.server, approval(), self.world.moment()).run(&self.host())
            }
        };
        let is_authorized = matches!(response.event(), Event::Authorized { .. } | Event::Issued { .. });
        let reply = self.sound(Reply::of(response.into_http()), &[200, 303, 400, 405, 413]);
        if reply.status() == 200 {
            self.posted(request, &FormPage::of(&reply), is_authorized);
            return;
        }
        if reply.status() != 303 {
            assert!(reply.is_page(), "{reply:?}");
            return;
        }
        assert!(reply.location().strip_prefix(CALLBACK).is_some_and(|rest| rest.starts_with(['?', '#'])), "{reply:?}");
        assert!(url::Url::parse(reply.location()).is_ok());
        assert_eq!(reply.parameter("code").or_else(|| reply.parameter("access_token")).is_some(), is_authorized);
        assert!(reply.parameter("state").is_none_or(|state| states(request).contains(&state)), "{reply:?}");
        assert!(!is_authorized || reply.parameter("state") == states(request).pop(), "{reply:?}");
    }

    /// A page that posts the response goes to the client too, and has what a redirect would have.
    fn posted(&self, request: &Request<Vec<u8>>, page: &FormPage, is_authorized: bool) {
        assert_eq!((page.method.as_str(), page.action.as_str(), page.scripts.len()), ("post", CALLBACK, 1));
        assert_eq!(page.field("code").or_else(|| page.field("access_token")).is_some(), is_authorized);
        let state = page.field("state").map(str::to_owned);
        assert!(state.as_ref().is_none_or(|state| states(request).contains(state)), "{page:?}");
        assert!(!is_authorized || state == states(request).pop(), "{page:?}");
    }

    /// What holds for every reply.
    fn sound(&self, reply: Reply, statuses: &[u16]) -> Reply {
        assert!(statuses.contains(&reply.status()), "{reply:?}");
        let is_plain = |text: &[u8]| text.iter().all(|byte| (0x20..=0x7E).contains(byte));
        assert!(reply.0.headers().values().all(|value| is_plain(value.as_bytes())), "{reply:?}");
        assert_eq!(reply.status() == 401, reply.header("www-authenticate").is_some() && reply.status() != 400);
        if reply.header("content-type") == Some("application/json") {
            let body: serde_json::Value = serde_json::from_str(reply.body()).unwrap();
            assert!(body.is_object(), "{reply:?}");
        }
        if reply.status() >= 400 {
            let is_secret = |name| !matches!(name, "{challenge}" | "{callback}" | "{managed}" | "{document}");
            let secrets = self.words.iter().filter(|(name, _)| is_secret(*name));
            for (name, secret) in secrets {
                assert!(
                    !format!("{reply:?}").contains(secret) && !reply.body().contains(secret),
                    "{name} in {reply:?}"
                );
            }
        }
        reply
    }
}

/// The `state` parameters that have a value.
fn states(request: &Request<Vec<u8>>) -> Vec<String> {
    let form = match *request.method() {
        Method::GET => request.uri().query().unwrap_or_default().as_bytes(),
        _ => request.body(),
    };
    let states = form_urlencoded::parse(form).filter(|(name, value)| name == "state" && !value.is_empty());
    states.map(|(_, value)| value.into_owned()).collect()
}
