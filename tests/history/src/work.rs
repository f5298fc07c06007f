//! The work: chains of requests about one grant each, in which whatever may be spent once is presented at two hosts at
//! the same time.

use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use form_urlencoded::Serializer;

use crate::hosts::Hosts;
use crate::http::{Browser, Page, answer, refusal};
use crate::record::{Answer, Asked, Chain, Entry, Kind};

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "http://127.0.0.1:49152/callback";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

const REQUEST: [(&str, &str); 6] = [
    ("response_type", "code"),
    ("client_id", "app"),
    ("redirect_uri", CALLBACK),
    ("scope", "read write"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

/// A person with a browser and an application, who works until told to stop.
pub(crate) struct Worker<'a> {
    hosts: &'a Hosts,
    began: Instant,
    browser: Browser,
    clients: [Browser; 2],
    chain: Chain,
    /// Answers of the rest of the run.
    pub(crate) counts: &'a Mutex<Counts>,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) chains: usize,
    pub(crate) abandoned: usize,
    pub(crate) requests: usize,
    pub(crate) unknown: usize,
    pub(crate) contested: usize,
}

/// A form of the token endpoint.
type Form<'a> = Vec<(&'a str, &'a str)>;

impl<'a> Worker<'a> {
    pub(crate) fn new(hosts: &'a Hosts, began: Instant, counts: &'a Mutex<Counts>) -> Self {
        let clients = [Browser::new(), Browser::new()];
        Self { hosts, began, browser: Browser::new(), clients, chain: Chain::new(), counts }
    }

    /// Does one chain. It ends early if the way to it is blocked by an outage.
    pub(crate) fn work(&mut self, number: usize) -> Chain {
        let done = match number % 5 {
            0 => self.code_at_two(),
            1 => self.refresh_tokens_at_two(),
            2 => self.revoked(),
            3 => self.device(),
            _ => self.pushed(),
        };
        let chain = std::mem::take(&mut self.chain);
        let mut counts = self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        counts.chains += 1;
        counts.abandoned += usize::from(done.is_none());
        counts.requests += chain.len();
        counts.unknown += chain.iter().filter(|entry| entry.answer == Answer::Unknown).count();
        chain
    }

    fn host(&self) -> usize {
        rand::random_range(..self.hosts.len())
    }

    /// Two hosts, which are one and the same now and then.
    fn two(&self) -> [usize; 2] {
        [self.host(), self.host()]
    }

    /// A code is presented twice; if both were answered, the grant has ended.
    fn code_at_two(&mut self) -> Option<()> {
        let code = self.code()?;
        let granted = self.contest(Kind::Code, &code, &redeem(&code));
        self.introspect(granted.first()?)
    }

    /// A refresh token is presented at one host, which must work, and then its successor at two.
    fn refresh_tokens_at_two(&mut self) -> Option<()> {
        let code = self.code()?;
        let mut tokens = self.ask(Kind::Code, &code, &redeem(&code))?;
        for _ in 0..3 {
            self.introspect(tokens.first()?)?;
            let token = tokens.get(1)?.clone();
            tokens = self.ask(Kind::RefreshToken, &token, &refresh(&token))?;
        }
        self.introspect(tokens.first()?)?;
        let token = tokens.get(1)?.clone();
        self.contest(Kind::RefreshToken, &token, &refresh(&token));
        Some(())
    }

    /// A grant is revoked at one host, and used at others.
    fn revoked(&mut self) -> Option<()> {
        let code = self.code()?;
        let tokens = self.ask(Kind::Code, &code, &redeem(&code))?;
        let (access_token, refresh_token) = (tokens.first()?, tokens.get(1)?);
        self.introspect(access_token)?;
        let (host, form) = (self.host(), [("token", &**refresh_token), ("client_id", "app")]);
        let base = self.hosts.base(host);
        let [client, _] = &mut self.clients;
        let entry = timed(self.began, Asked::Revoke, host, || answer(client.post(&base, "/revoke", &form)));
        self.chain.push(entry);
        self.introspect(access_token)?;
        self.ask(Kind::RefreshToken, refresh_token, &refresh(refresh_token));
        self.introspect(access_token)
    }

    /// A device's code is approved at one host, and polled with at two.
    fn device(&mut self) -> Option<()> {
        let (base, elsewhere) = (self.hosts.base(self.host()), self.hosts.base(self.host()));
        let started = self.clients[0].post(&base, "/device_authorization", &[("client_id", "tv")])?;
        let (device_code, user_code) = (started.member("device_code")?, started.member("user_code")?);
        let page = self.logged_in(&elsewhere, "/device")?;
        let page =
            self.browser.post(&elsewhere, "/device", &[("csrf", &page.field("csrf")?), ("user_code", &user_code)])?;
        let page = self.follow(&elsewhere, page)?;
        let decided = self.decide(&elsewhere, &page)?;
        (decided.status < 400).then_some(())?;
        let form = vec![("grant_type", DEVICE_CODE), ("client_id", "tv"), ("device_code", &*device_code)];
        let granted = self.contest(Kind::DeviceCode, &device_code, &form);
        self.introspect(granted.first()?)
    }

    /// A pushed request is opened at two hosts, and approved at both at the same time.
    fn pushed(&mut self) -> Option<()> {
        let base = self.hosts.base(self.host());
        let reference = self.clients[0].post(&base, "/par", &REQUEST)?.member("request_uri")?;
        let query = [("client_id", "app"), ("request_uri", &*reference)];
        let path = Serializer::new("/authorize?".to_owned()).extend_pairs(query).finish();
        let [one, other] = self.two();
        let bases = [self.hosts.base(one), self.hosts.base(other)];
        let pages = [self.logged_in(&bases[0], &path)?, self.logged_in(&bases[1], &path)?];
        let forms = pages.each_ref().map(consent);
        let [Some(first), Some(second)] = &forms else { return None };
        let mut elsewhere = self.browser.another_tab();
        let asked = || Asked::Spend { kind: Kind::PushedRequest, credential: reference.clone() };
        let (began, browser) = (self.began, &mut self.browser);
        let entries = thread::scope(|scope| {
            let one = scope
                .spawn(|| timed(began, asked(), one, || decision(browser.post(&bases[0], "/consent", &pairs(first)))));
            let other =
                timed(began, asked(), other, || decision(elsewhere.post(&bases[1], "/consent", &pairs(second))));
            one.join().ok().map(|one| [one, other])
        })?;
        self.contested(entries);
        Some(())
    }

    /// The whole way to a code, at one host or two.
    fn code(&mut self) -> Option<String> {
        let (base, elsewhere) = (self.hosts.base(self.host()), self.hosts.base(self.host()));
        let path = Serializer::new("/authorize?".to_owned()).extend_pairs(REQUEST).finish();
        let page = self.logged_in(&base, &path)?;
        self.decide(&elsewhere, &page)?.redirect("code")
    }

    /// Opens a page, and logs in if it asks for that.
    fn logged_in(&mut self, base: &str, path: &str) -> Option<Page> {
        let page = self.browser.get(base, path)?;
        if !page.body.contains("name=\"password\"") {
            return Some(page);
        }
        let (csrf, request) = (page.field("csrf")?, page.field("request")?);
        let form = [("csrf", &*csrf), ("request", &request), ("username", "alice"), ("password", "wonderland")];
        let redirect = self.browser.post(base, "/login", &form)?;
        self.follow(base, redirect)
    }

    fn follow(&mut self, base: &str, page: Page) -> Option<Page> {
        let mut page = page;
        for _ in 0..3 {
            if page.body.contains("name=\"password\"") {
                let (csrf, request) = (page.field("csrf")?, page.field("request")?);
                let form = [("csrf", &*csrf), ("request", &request), ("username", "alice"), ("password", "wonderland")];
                page = self.browser.post(base, "/login", &form)?;
            } else if page.location.starts_with('/') {
                page = self.browser.get(base, &page.location.clone())?;
            }
        }
        Some(page)
    }

    fn decide(&mut self, base: &str, page: &Page) -> Option<Page> {
        self.browser.post(base, "/consent", &pairs(&consent(page)?))
    }

    /// Presents something at one host.
    fn ask(&mut self, kind: Kind, credential: &str, form: &Form<'_>) -> Option<Vec<String>> {
        let (host, asked) = (self.host(), Asked::Spend { kind, credential: credential.to_owned() });
        let (base, [client, _]) = (self.hosts.base(host), &mut self.clients);
        let entry = timed(self.began, asked, host, || answer(client.post(&base, "/token", form)));
        let granted = granted(&entry);
        self.chain.push(entry);
        granted
    }

    /// Presents something at two hosts at the same time, and returns what one of them granted.
    fn contest(&mut self, kind: Kind, credential: &str, form: &Form<'_>) -> Vec<String> {
        let [one, other] = self.two();
        let bases = [self.hosts.base(one), self.hosts.base(other)];
        let asked = || Asked::Spend { kind, credential: credential.to_owned() };
        let (began, [client, another]) = (self.began, &mut self.clients);
        let entries = thread::scope(|scope| {
            let one = scope.spawn(|| timed(began, asked(), one, || answer(client.post(&bases[0], "/token", form))));
            let other = timed(began, asked(), other, || answer(another.post(&bases[1], "/token", form)));
            one.join().ok().map(|one| [one, other])
        });
        entries.map(|entries| self.contested(entries)).unwrap_or_default()
    }

    fn contested(&mut self, entries: [Entry; 2]) -> Vec<String> {
        let granted = entries.iter().find_map(granted).unwrap_or_default();
        self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner).contested += 1;
        self.chain.extend(entries);
        granted
    }

    fn introspect(&mut self, token: &str) -> Option<()> {
        let (host, asked) = (self.host(), Asked::Introspect { token: token.to_owned() });
        let (base, [client, _]) = (self.hosts.base(host), &mut self.clients);
        let form = [("token", token), ("client_id", "api"), ("client_secret", "n4bQgYhMfWWaL28IIEB6Mw")];
        let entry = timed(self.began, asked, host, || answer(client.post(&base, "/introspect", &form)));
        self.chain.push(entry);
        Some(())
    }
}

fn timed(began: Instant, asked: Asked, host: usize, ask: impl FnOnce() -> Answer) -> Entry {
    let before = began.elapsed();
    let answer = ask();
    Entry { asked, host, began: before, ended: began.elapsed(), answer }
}

fn granted(entry: &Entry) -> Option<Vec<String>> {
    if let Answer::Granted(granted) = &entry.answer { Some(granted.clone()) } else { None }
}

fn redeem(code: &str) -> Form<'_> {
    vec![
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

fn refresh(refresh_token: &str) -> Form<'_> {
    vec![("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", refresh_token)]
}

/// The form of a consent page, approved.
fn consent(page: &Page) -> Option<[(&'static str, String); 4]> {
    let (csrf, request) = (page.field("csrf")?, page.field("request")?);
    Some([("csrf", csrf), ("request", request), ("decision", "approve".to_owned()), ("scope", "read".to_owned())])
}

fn pairs<'a>(form: &'a [(&'static str, String)]) -> Form<'a> {
    form.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// The answer to a decision.
fn decision(page: Option<Page>) -> Answer {
    match page {
        Some(page) if page.status == 303 => match page.redirect("code") {
            Some(code) => Answer::Granted(vec![code]),
            None => refusal(page.redirect("error").unwrap_or_default()),
        },
        Some(page) if (400..500).contains(&page.status) => Answer::Refused(page.status.to_string()),
        _ => Answer::Unknown,
    }
}
