//! Visitors: each browser, and its runs. They live in memory, limited in number and age.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, HeaderValue, header};
use grantor::Timestamp;
use grantor::model::{Digest, Issuer};

use crate::flows::Flow;
use crate::moment;
use crate::runs::Run;
use crate::trace::Recorder;

/// The time for which a browser's runs are kept after it was last seen, in seconds.
const LIFETIME: u64 = 60 * 60;

/// The most browsers.
const MAX_VISITORS: usize = 500;

/// The most runs of a browser; the oldest is forgotten first.
const MAX_RUNS: usize = 8;

/// The most names of a run's authorization request.
const MAX_NAMES: usize = 8;

/// All browsers, by the digest of their cookie's value.
#[derive(Debug)]
pub(crate) struct Visitors {
    visitors: Mutex<HashMap<Digest, Visitor>>,
    cookie_name: String,
    secure: bool,
}

#[derive(Debug)]
struct Visitor {
    csrf: String,
    /// The network from which the browser was first seen.
    network: IpAddr,
    runs: VecDeque<Run>,
    next_id: u64,
    /// The run that the browser was last seen on its way through.
    on_its_way: Option<u64>,
    expires_at: Timestamp,
}

/// The way to find the run of a request between the authorization endpoint and the redirect back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way<'a> {
    /// By the `state` or the `request_uri` in these parameters, where the way begins or ends.
    Parameters(&'a str),
    /// By the request's name on the server's pages; without one, the last run.
    Name(Option<&'a str>),
}

impl Visitors {
    /// Creates an empty set of visitors. The cookie's name depends on the issuer, because two servers on one machine
    /// share cookies across ports and must not use one name.
    pub(crate) fn new(issuer: &Issuer) -> Self {
        let secure = issuer.is_https();
        let own: String = Digest::of(issuer.as_str()).to_string().chars().take(8).collect();
        let cookie_name = format!("{}playground-{own}", if secure { "__Host-" } else { "" });
        Self { visitors: Mutex::default(), cookie_name, secure }
    }

    /// Returns the value for the forms of this browser, and the cookie to be set if it is new here.
    ///
    /// # Errors
    /// The operating system has no randomness.
    pub(crate) fn visit(
        &self,
        headers: &HeaderMap,
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<(String, Option<HeaderValue>), getrandom::Error> {
        if let Some(csrf) = self.with(headers, now, |visitor| visitor.csrf.clone()) {
            return Ok((csrf, None));
        }
        let (id, csrf) = (moment::token()?, moment::token()?);
        let visitor = Visitor {
            csrf: csrf.clone(),
            network: network(peer),
            runs: VecDeque::new(),
            next_id: 1,
            on_its_way: None,
            expires_at: Timestamp(now.0.saturating_add(LIFETIME)),
        };
        let mut visitors = self.lock();
        if visitors.len() >= MAX_VISITORS {
            visitors.retain(|_, visitor| !visitor.expires_at.is_past(now));
        }
        if visitors.len() >= MAX_VISITORS
            && let Some(key) = dispensable(&visitors)
        {
            visitors.remove(&key);
        }
        visitors.insert(Digest::of(&id), visitor);
        drop(visitors);
        Ok((csrf, Some(self.cookie(&id))))
    }

    /// Tells if a form comes from a page of this browser. Equality of digests takes constant time.
    pub(crate) fn csrf_matches(&self, headers: &HeaderMap, presented: &str, now: Timestamp) -> bool {
        let matches = |visitor: &mut Visitor| Digest::of(presented) == Digest::of(&visitor.csrf);
        self.with(headers, now, matches).unwrap_or_default()
    }

    /// Starts a run; `None` if the browser is not known.
    pub(crate) fn start(&self, headers: &HeaderMap, flow: &'static Flow, now: Timestamp) -> Option<Run> {
        self.with(headers, now, |visitor| {
            let run = Run::new(visitor.next_id, flow);
            visitor.next_id = visitor.next_id.saturating_add(1);
            if visitor.runs.len() == MAX_RUNS {
                visitor.runs.pop_front();
            }
            visitor.runs.push_back(run.clone());
            run
        })
    }

    /// Returns the browser's run with this number.
    pub(crate) fn run(&self, headers: &HeaderMap, id: u64, now: Timestamp) -> Option<Run> {
        self.with(headers, now, |visitor| visitor.runs.iter().find(|run| run.id == id).cloned()).flatten()
    }

    /// Notes that the browser will be sent to this URL of the authorization server, and come back with this `state`, if
    /// it is sent with a request.
    pub(crate) fn send_away(&self, headers: &HeaderMap, id: u64, (url, state): (&str, Option<&str>), now: Timestamp) {
        self.with(headers, now, |visitor| {
            visitor.on_its_way = Some(id);
            if let Some(run) = visitor.runs.iter_mut().find(|run| run.id == id) {
                run.state = state.map(Digest::of);
                run.request_uri = url.split_once('?').and_then(|(_, query)| parameter(query, "request_uri"));
                run.is_back = false;
            }
        });
    }

    /// Returns the recorder of the run that the browser is on its way through.
    pub(crate) fn on_its_way(&self, headers: &HeaderMap, way: Way<'_>, now: Timestamp) -> Option<(u64, Recorder)> {
        self.with(headers, now, |visitor| {
            match way {
                Way::Parameters(query) => {
                    let run = visitor.of_state(query).or_else(|| visitor.of_request_uri(query));
                    visitor.on_its_way = run.map(|run| run.id);
                }
                Way::Name(None) => {}
                Way::Name(Some(name)) => {
                    let name = Digest::of(name);
                    let of_name = visitor.runs.iter().find(|run| run.names.contains(&name));
                    visitor.on_its_way = of_name.map(|run| run.id).or(visitor.on_its_way);
                }
            }
            let id = visitor.on_its_way?;
            let run = visitor.runs.iter().find(|run| run.id == id && !run.is_back);
            run.map(|run| (id, run.recorder()))
        })
        .flatten()
    }

    /// Notes the name that a page of the server gave the authorization request of this run. In two tabs, two runs can
    /// be under way.
    pub(crate) fn name(&self, headers: &HeaderMap, id: u64, name: &str, now: Timestamp) {
        self.with(headers, now, |visitor| {
            if let Some(run) = visitor.runs.iter_mut().find(|run| run.id == id)
                && !run.names.contains(&Digest::of(name))
            {
                run.names.truncate(MAX_NAMES - 1);
                run.names.insert(0, Digest::of(name));
            }
        });
    }

    /// Returns the run that an authorization response belongs to, by its `state`. A browser may send the same request
    /// again, by a reload or with the back button, and finds the same run, whose response was handled the first time.
    pub(crate) fn come_back(&self, headers: &HeaderMap, response: &str, now: Timestamp) -> Option<Run> {
        self.with(headers, now, |visitor| {
            let id = visitor.of_state(response)?.id;
            visitor.is_back(id)
        })
        .flatten()
    }

    /// Notes that nothing of this run happens at the authorization server any more.
    pub(crate) fn is_back(&self, headers: &HeaderMap, id: u64, now: Timestamp) {
        self.with(headers, now, |visitor| visitor.is_back(id));
    }

    /// Forgets browsers that were not seen for long.
    pub(crate) fn purge(&self, now: Timestamp) {
        self.lock().retain(|_, visitor| !visitor.expires_at.is_past(now));
    }

    fn with<R>(&self, headers: &HeaderMap, now: Timestamp, look: impl FnOnce(&mut Visitor) -> R) -> Option<R> {
        let key = Digest::of(self.cookie_of(headers)?);
        let mut visitors = self.lock();
        let visitor = visitors.get_mut(&key).filter(|visitor| !visitor.expires_at.is_past(now))?;
        visitor.expires_at = Timestamp(now.0.saturating_add(LIFETIME));
        Some(look(visitor))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Visitor>> {
        self.visitors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cookie_of<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        // Cookies are read as bytes, because another program's cookie that is not text must not hide this one.
        let cookies = headers.get_all(header::COOKIE).into_iter();
        let mut pairs = cookies.flat_map(|cookies| cookies.as_bytes().split(|byte| *byte == b';'));
        pairs.find_map(|pair| {
            let value = pair.trim_ascii().strip_prefix(self.cookie_name.as_bytes())?.strip_prefix(b"=")?;
            str::from_utf8(value).ok()
        })
    }

    /// Returns the cookie. `Lax`: the redirect back from the authorization server carries it, a form on another site
    /// does not.
    fn cookie(&self, value: &str) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let cookie = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}", self.cookie_name);
        HeaderValue::try_from(cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

/// Returns the visit that is ended for a new one: of the network that has the most, so that a stranger who opens many
/// ends their own; there one without runs, then the one that was last seen the longest ago.
fn dispensable(visitors: &HashMap<Digest, Visitor>) -> Option<Digest> {
    let mut counts: HashMap<IpAddr, usize> = HashMap::new();
    for visitor in visitors.values() {
        *counts.entry(visitor.network).or_default() += 1;
    }
    let most = counts.values().max()?;
    let crowded = visitors.iter().filter(|(_, visitor)| counts.get(&visitor.network) == Some(most));
    let first = crowded.min_by_key(|(_, visitor)| (!visitor.runs.is_empty(), visitor.expires_at));
    first.map(|(key, _)| *key)
}

/// Returns the network of an address. The holder of one IPv6 address has 2^64 of them.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address @ IpAddr::V4(_) => address,
    }
}

impl Visitor {
    fn is_back(&mut self, id: u64) -> Option<Run> {
        if self.on_its_way == Some(id) {
            self.on_its_way = None;
        }
        let run = self.runs.iter_mut().find(|run| run.id == id)?;
        run.is_back = true;
        Some(run.clone())
    }

    fn of_state(&self, parameters: &str) -> Option<&Run> {
        let state = parameter(parameters, "state")?;
        self.runs.iter().find(|run| run.state == Some(state))
    }

    fn of_request_uri(&self, parameters: &str) -> Option<&Run> {
        let request_uri = parameter(parameters, "request_uri")?;
        self.runs.iter().find(|run| run.request_uri == Some(request_uri))
    }
}

/// Returns the digest of a parameter.
fn parameter(parameters: &str, name: &str) -> Option<Digest> {
    form_urlencoded::parse(parameters.as_bytes()).find(|(other, _)| other == name).map(|(_, value)| Digest::of(&value))
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test tells its findings by panicking")]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn visitors(issuer: &str) -> Visitors {
        Visitors::new(&Issuer::parse(issuer).expect("an issuer"))
    }

    /// Returns the headers of a browser that has been here.
    fn visit(visitors: &Visitors, peer: [u8; 4], now: Timestamp) -> HeaderMap {
        let (_, cookie) = visitors.visit(&HeaderMap::new(), Ipv4Addr::from(peer).into(), now).expect("randomness");
        let cookie = cookie.expect("a new one");
        let pair = cookie.to_str().expect("text").split(';').next().expect("a pair");
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(pair).expect("a value"))])
    }

    fn start(visitors: &Visitors, browser: &HeaderMap) -> Run {
        visitors.start(browser, crate::flows::FLOWS[0], NOW).expect("a run")
    }

    #[test]
    fn a_cookie_of_another_program_that_is_no_text_hides_nothing() {
        let visitors = visitors("http://127.0.0.1:8080");
        let browser = visit(&visitors, [192, 0, 2, 1], NOW);
        let own = browser.get(header::COOKIE).expect("a cookie").as_bytes();
        let both = HeaderValue::from_bytes(&[b"other=\xff; ", own].concat()).expect("a value");
        let headers = HeaderMap::from_iter([(header::COOKIE, both)]);
        assert!(visitors.with(&headers, NOW, |_| ()).is_some());
    }

    #[test]
    fn a_stranger_who_opens_many_visits_ends_their_own() {
        let visitors = visitors("http://127.0.0.1:8080");
        let quiet = visit(&visitors, [192, 0, 2, 1], NOW);
        let active = visit(&visitors, [192, 0, 2, 2], NOW);
        start(&visitors, &active);
        for second in 0..3 * MAX_VISITORS as u64 {
            let stranger = visit(&visitors, [192, 0, 2, 3], Timestamp(NOW.0 + 1 + second / 100));
            start(&visitors, &stranger);
        }
        assert_eq!(visitors.lock().len(), MAX_VISITORS);
        for (browser, who) in [(quiet, "who has no run"), (active, "who has one")] {
            assert!(visitors.with(&browser, NOW, |_| ()).is_some(), "the visit of somebody else {who}");
        }
    }

    #[test]
    fn at_one_address_a_visit_without_runs_ends_first() {
        let visitors = visitors("http://127.0.0.1:8080");
        let active = visit(&visitors, [192, 0, 2, 2], NOW);
        start(&visitors, &active);
        for _ in 0..2 * MAX_VISITORS {
            visit(&visitors, [192, 0, 2, 2], Timestamp(NOW.0 + 1));
        }
        assert!(visitors.with(&active, NOW, |_| ()).is_some());
    }

    #[test]
    fn in_two_tabs_each_page_belongs_to_its_own_run() {
        let visitors = visitors("http://127.0.0.1:8080");
        let browser = visit(&visitors, [192, 0, 2, 2], NOW);
        let on_its_way = |way: Way<'_>| visitors.on_its_way(&browser, way, NOW).map(|(id, _)| id);
        for (state, name) in [("state-1", "name-1"), ("state-2", "name-2")] {
            let run = start(&visitors, &browser);
            visitors.send_away(
                &browser,
                run.id,
                (&format!("https://as.example?request_uri=of-{state}"), Some(state)),
                NOW,
            );
            assert_eq!(on_its_way(Way::Parameters(&format!("client_id=a&request_uri=of-{state}"))), Some(run.id));
            assert_eq!(on_its_way(Way::Parameters(&format!("state={state}"))), Some(run.id));
            visitors.name(&browser, run.id, name, NOW);
        }
        assert_eq!(on_its_way(Way::Name(Some("name-1"))), Some(1));
        assert_eq!(on_its_way(Way::Name(Some("name-2"))), Some(2));
        assert_eq!(on_its_way(Way::Name(Some("unheard of"))), Some(2), "the last");
        assert_eq!(visitors.come_back(&browser, "state=state-1", NOW).map(|run| run.id), Some(1));
        assert_eq!(on_its_way(Way::Name(Some("name-1"))), None, "it is back: nothing more is recorded");
        assert_eq!(on_its_way(Way::Name(Some("name-2"))), Some(2), "the other is not");
    }

    #[test]
    fn two_servers_on_one_machine_have_cookies_of_different_names() {
        let name = |issuer| visitors(issuer).cookie_name;
        assert_ne!(name("http://127.0.0.1:8080"), name("http://127.0.0.1:8081"));
        assert!(name("https://as.example").starts_with("__Host-playground-"));
    }
}
