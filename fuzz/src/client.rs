//! The client's machines, and the resource server that introspects, against whatever another server answers.

use grantor::client::{
    Client, ClientMetadata, Device, DiscoverError, Polled, Registered, Registration, RequestError, TokenSet, discover,
    discover_resource, register,
};
use grantor::model::{ClientId, Endpoint, Issuer, Metadata, Resource, Secret};
use grantor::resource::{AccessError, Authentication, Introspector, Requirement, ResourceServer};
use grantor::{Answer, Fetch, HttpHost, Moment, Timestamp, Unavailable};
use http::Request;
use serde_json::Value;

use crate::common::Counter;
use crate::raw;

/// The members in which servers say what is for people.
const PROSE: [&str; 9] = [
    "error_description",
    "message",
    "errmsg",
    "error_message",
    "errorMessage",
    "msg",
    "detail",
    "reason",
    "localizedMessage",
];

const NOW: Timestamp = Timestamp(1_000_000);
const ISSUER: &str = "https://server.example";
const PHOTOS: &str = "https://api.example/photos";

/// The input is a response, which each request gets. Its body comes to the redirect URI too, as query and as fragment.
pub fn client(input: &[u8]) {
    let (server, client_id) = (metadata(), ClientId::parse("app").unwrap());
    let registration = Registration::confidential(server.issuer.clone(), client_id, Secret::new("7Fjfp0ZBr1KtDRbn"));
    let client = registration.at(server).unwrap();
    callback(&client, input);
    let input = raw::fill(input, &[("{issuer}", ISSUER), ("{resource}", PHOTOS)]);
    let Some(response) = raw::response(&input) else { return };
    let judge = Judge { input: &input, body: response.body() };
    let http = HttpHost(|_: &Fetch| -> Answer<Fetch> { Ok(response.clone()) });

    match discover(&client.server().issuer).run(&http) {
        Ok(metadata) => assert_eq!(metadata.issuer, client.server().issuer),
        Err(DiscoverError::Request(error)) => judge.error(&error),
        Err(_) => {}
    }
    if let Ok(metadata) = discover_resource(&Resource::parse(PHOTOS).unwrap(), None).run(&http) {
        // RFC 3986 §6.2.3: as the client wrote it, or equivalent.
        assert_eq!(url::Url::parse(metadata.resource.as_str()), url::Url::parse(PHOTOS));
    }
    let refresh_token = Secret::new("8xLOxBtZp8");
    judge.tokens(client.client_credentials().start(moment(NOW)).run(&http));
    judge.tokens(client.refresh(&refresh_token).start(moment(NOW)).run(&http));
    match client.authorize_device().start(moment(NOW)).run(&http) {
        Ok(device) => judge.device(&client, device),
        Err(error) => judge.error(&error),
    }
    if let Err(error) = client.revoke(&refresh_token, None, moment(NOW)).run(&http) {
        judge.error(&error);
    }
    if let Err(error) = client.introspect(&refresh_token, None, moment(NOW)).run(&http) {
        judge.error(&error);
    }
    match register(client.server(), &ClientMetadata::new(), None, moment(NOW)).run(&http) {
        Ok(registered) => judge.registered(&registered, &http),
        Err(error) => judge.error(&error),
    }
    judge.check(&HttpHost(|_: &Fetch| -> Answer<Fetch> { Ok(response.clone()) }));
}

fn moment(now: Timestamp) -> Moment {
    Moment::new(now, &mut Counter(7))
}

fn metadata() -> Metadata {
    let mut server = Metadata::new(Issuer::parse(ISSUER).unwrap());
    let endpoint = |path: &str| Endpoint::parse(&format!("{ISSUER}/{path}")).ok();
    server.authorization_endpoint = endpoint("authorize");
    server.token_endpoint = endpoint("token");
    server.device_authorization_endpoint = endpoint("device");
    server.introspection_endpoint = endpoint("introspect");
    server.revocation_endpoint = endpoint("revoke");
    server.registration_endpoint = endpoint("register");
    server
}

/// Nothing is sent, and no token taken, unless the state is that of the request.
fn callback(client: &Client, input: &[u8]) {
    let request = || grantor::client::AuthorizationRequest::new("https://client.example/cb".parse().unwrap());
    let (_, pending) = client.begin(request(), moment(NOW)).unwrap();
    let (_, implicit) = client.begin_implicit(request(), moment(NOW)).unwrap();
    let filled = raw::fill(input, &[("{state}", pending.state()), ("{issuer}", ISSUER)]);
    let body = raw::response(&filled).map_or(filled, http::Response::into_body);
    let Ok(text) = std::str::from_utf8(&body) else { return };
    let is_ours = raw::contains(input, "{state}");
    match client.callback(pending, text) {
        Ok(request) => assert!(is_ours, "sent without the state: {request:?}"),
        Err(error) => assert!(error.to_string().chars().count() <= 600, "{error}"),
    }
    if let Ok(tokens) = client.callback_implicit(implicit, text, NOW) {
        assert!(is_ours, "taken without the state: {tokens:?}");
    }
}

struct Judge<'a> {
    input: &'a [u8],
    body: &'a [u8],
}

impl Judge<'_> {
    fn tokens(&self, result: Result<TokenSet, RequestError>) {
        match result {
            Ok(tokens) => self.token_set(&tokens),
            Err(error) => self.error(&error),
        }
    }

    fn token_set(&self, tokens: &TokenSet) {
        let text = tokens.access_token().expose();
        assert_eq!(tokens.authorization().to_str().unwrap(), format!("Bearer {text}"));
        let json = serde_json::to_string(tokens).unwrap();
        assert_eq!(serde_json::from_str::<TokenSet>(&json).unwrap().access_token().expose(), text);
        assert!(tokens.expires_at().is_none_or(|end| end >= NOW));
        if text.len() >= 12 {
            self.keeps_quiet(&format!("{tokens:?}"), text);
        }
    }

    fn device(&self, client: &Client, device: Device) {
        assert!(!device.user_code().contains(char::is_control));
        let page = url::Url::parse(device.verification_uri()).unwrap();
        assert!(matches!(page.scheme(), "https" | "http"), "{page}");
        let json = serde_json::to_string(&device).unwrap();
        let device: Device = serde_json::from_str(&json).unwrap();
        let http = HttpHost(|_: &Fetch| -> Answer<Fetch> {
            raw::response(self.input).ok_or_else(|| Unavailable::new("no response"))
        });
        match client.poll(&device, moment(device.poll_at())).run(&http) {
            Ok(Polled::Pending(again)) => assert!(again.poll_at() >= device.poll_at()),
            Ok(Polled::Retry(again, error)) => {
                assert!(again.poll_at() >= device.poll_at());
                self.error(&error);
            }
            Ok(Polled::Tokens(tokens)) => self.token_set(&tokens),
            Ok(_) => {}
            Err(error) => self.error(&error),
        }
    }

    /// What a client was registered with is bound to the server, and so are the requests that it makes by it.
    fn registered(&self, registered: &Registered, http: &HttpHost<impl Fn(&Fetch) -> Answer<Fetch>>) {
        assert_eq!(registered.issuer().as_str(), ISSUER);
        for secret in [registered.client_secret()].into_iter().flatten().filter(|secret| secret.expose().len() >= 12) {
            self.keeps_quiet(&format!("{registered:?}"), secret.expose());
        }
        let json = serde_json::to_string(registered).unwrap();
        let registered: Registered = serde_json::from_str(&json).unwrap();
        if let Ok(registration) = registered.registration() {
            assert_eq!(registration.at(metadata()).unwrap().server().issuer.as_str(), ISSUER);
        }
        let managed = [
            registered.read(moment(NOW)).run(http).map(drop),
            registered.update(registered.metadata(), moment(NOW)).run(http).map(drop),
            registered.delete(moment(NOW)).run(http),
        ];
        for error in managed.into_iter().filter_map(Result::err) {
            self.error(&error);
        }
    }

    fn check(&self, http: &HttpHost<impl Fn(&Fetch) -> Answer<Fetch>>) {
        let photos = ResourceServer::new(Resource::parse(PHOTOS).unwrap());
        let endpoint = Endpoint::parse(&format!("{ISSUER}/introspect")).unwrap();
        let introspector = Introspector::new(endpoint, ClientId::parse("photos").unwrap(), Authentication::None);
        let request =
            Request::get("/photos").header("authorization", "Bearer 2YotnFZFEjr1zCsicMWpAA").body("").unwrap();
        let requirement = Requirement::any();
        match photos.check_by_introspection(&request, &requirement, &introspector, moment(NOW)).run(http).into_result()
        {
            Ok(access) => assert!(access.audience().any(|audience| audience == PHOTOS)),
            Err(refusal) => {
                if let AccessError::Introspection(error) = refusal.error() {
                    self.error(error);
                }
                assert!(matches!(refusal.into_http().status().as_u16(), 401 | 503));
            }
        }
    }

    /// An error ends in a log: it is short, on one line, and has no value of the response's.
    fn error(&self, error: &RequestError) {
        let is_line = |text: &str, most: usize| text.chars().count() <= most && !text.contains(char::is_control);
        match error {
            RequestError::Unusable { excerpt, .. } => {
                assert!(is_line(excerpt, 201), "{excerpt:?}");
                for value in self.values().iter().filter(|value| value.len() >= 5) {
                    self.keeps_quiet(excerpt, value);
                }
            }
            RequestError::Refused(response) => {
                let texts = [Some(&response.error), response.error_description.as_ref(), response.error_uri.as_ref()];
                assert!(texts.into_iter().flatten().all(|text| is_line(text, 500)), "{error:?}");
            }
            _ => {}
        }
    }

    /// A value that stands once in the response does not stand in this text.
    fn keeps_quiet(&self, shown: &str, value: &str) {
        let is_word = value.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let times = self.input.windows(value.len().max(1)).filter(|window| *window == value.as_bytes()).count();
        assert!(!is_word || times != 1 || !shown.contains(value), "{value:?} in {shown:?}");
    }

    /// The texts in a JSON body, but for those that are for people.
    fn values(&self) -> Vec<String> {
        fn walk(value: Value, texts: &mut Vec<String>) {
            match value {
                Value::String(text) => texts.push(text),
                Value::Array(values) => values.into_iter().for_each(|value| walk(value, texts)),
                // What is said to people is shown, with what looks like a secret left out.
                Value::Object(members) => {
                    let members = members.into_iter().filter(|(name, _)| !PROSE.contains(&name.as_str()));
                    members.for_each(|(_, value)| walk(value, texts));
                }
                _ => {}
            }
        }
        let mut texts = Vec::new();
        if !self.body.contains(&b'\\') {
            walk(serde_json::from_slice(self.body).unwrap_or_default(), &mut texts);
        }
        texts
    }
}
