//! A browser without a screen, and a client of the token endpoint.

use std::collections::HashMap;

use form_urlencoded::Serializer;
use serde_json::Value;
use ureq::Agent;
use ureq::http::HeaderMap;

/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Where the client is redirected to. Nothing listens there.
pub(crate) const CALLBACK: &str = "http://127.0.0.1:49152/callback";

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header is text"))
    }

    /// The value of a form's field.
    pub(crate) fn field(&self, name: &str) -> String {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\" value=\"")).expect("the page has the field");
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    /// A parameter of the redirect.
    pub(crate) fn redirect(&self, name: &str) -> Option<String> {
        let (_, query) = self.header("location").split_once('?')?;
        form_urlencoded::parse(query.as_bytes()).find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

pub(crate) struct Browser {
    base: String,
    agent: Agent,
    pub(crate) cookies: HashMap<String, String>,
    /// The languages that it asks for.
    pub(crate) languages: &'static str,
}

impl Browser {
    pub(crate) fn new(base: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).max_redirects(0).build();
        Self { base: base.to_owned(), agent: config.new_agent(), cookies: HashMap::new(), languages: "en" }
    }

    /// The same browser, as it is now.
    pub(crate) fn in_another_tab(&self, base: &str) -> Self {
        Self { cookies: self.cookies.clone(), ..Self::new(base) }
    }

    pub(crate) fn get(&mut self, path: &str) -> Page {
        let request = self.agent.get(format!("{}{path}", self.base)).header("cookie", self.cookie());
        let request = request.header("accept-language", self.languages);
        let response = request.call().expect("the host answers");
        self.page(response)
    }

    pub(crate) fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        let request = self.agent.post(format!("{}{path}", self.base)).header("cookie", self.cookie());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.send(Serializer::new(String::new()).extend_pairs(form).finish());
        let response = response.expect("the host answers");
        self.page(response)
    }

    fn cookie(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn page(&mut self, mut response: ureq::http::Response<ureq::Body>) -> Page {
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().expect("a cookie is text").split(';').next().unwrap_or_default();
            let (name, value) = cookie.split_once('=').expect("a cookie has a value");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let body = response.body_mut().read_to_string().expect("the body is text");
        Page { status: response.status().as_u16(), headers: response.headers().clone(), body }
    }

    pub(crate) fn authorize(&mut self) -> Page {
        self.get(&authorize_path())
    }

    /// The same for another client and another scope.
    pub(crate) fn authorize_as(&mut self, client_id: &str, scope: &str) -> Page {
        let form = authorize_form().map(|(name, value)| match name {
            "client_id" => (name, client_id),
            "scope" => (name, scope),
            _ => (name, value),
        });
        self.get(&Serializer::new("/authorize?".to_owned()).extend_pairs(form).finish())
    }

    /// Fills in the login form of a page.
    pub(crate) fn log_in(&mut self, page: &Page, username: &str, password: &str) -> Page {
        let (csrf, request) = (page.field("csrf"), page.field("request"));
        let form = [("csrf", &*csrf), ("request", &request), ("username", username), ("password", password)];
        self.post("/login", &form)
    }

    /// Logs in and goes where that leads: to the consent page.
    pub(crate) fn consent_page(&mut self) -> Page {
        let login = self.authorize();
        let redirect = self.log_in(&login, "alice", "wonderland");
        assert_eq!(redirect.status, 303, "{redirect:?}");
        let location = redirect.header("location").to_owned();
        self.get(&location)
    }

    /// Presses a button of the consent page.
    pub(crate) fn decide(&mut self, page: &Page, decision: &str, scope: &[&str]) -> Page {
        let (csrf, request) = (page.field("csrf"), page.field("request"));
        let mut form = vec![("csrf", &*csrf), ("request", &*request), ("decision", decision)];
        form.extend(scope.iter().map(|token| ("scope", *token)));
        self.post("/consent", &form)
    }

    /// The whole way to a code.
    pub(crate) fn code(&mut self) -> String {
        let page = self.consent_page();
        self.decide(&page, "approve", &["read", "write"]).redirect("code").expect("a code")
    }

    pub(crate) fn redeem(&mut self, code: &str) -> Page {
        self.redeem_as("app", code)
    }

    pub(crate) fn redeem_as(&mut self, client_id: &str, code: &str) -> Page {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client_id),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.post("/token", &form)
    }

    pub(crate) fn refresh(&mut self, refresh_token: &str) -> Page {
        let form = [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", refresh_token)];
        self.post("/token", &form)
    }
}

/// A sound authorization request.
pub(crate) fn authorize_form() -> [(&'static str, &'static str); 7] {
    [
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", CALLBACK),
        ("scope", "read write"),
        ("state", "xyz"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

pub(crate) fn authorize_path() -> String {
    Serializer::new("/authorize?".to_owned()).extend_pairs(authorize_form()).finish()
}
