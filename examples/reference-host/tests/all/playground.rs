//! The playground, without a browser. What a person sees there, the browser tests look at.

use std::process::Stdio;

use crate::client::{Browser, Page};
use crate::process::{CONFIG, Running, command};

/// Pages and endpoints that exist with a playground and not without.
const PATHS: [&str; 4] = ["/playground", "/playground/code", "/playground.css", "/api/photos"];

#[test]
fn with_a_configuration_it_is_off_until_the_configuration_says_otherwise() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    for path in PATHS {
        assert_eq!(browser.get(path).status, 404, "{path}");
    }
    assert!(!browser.get("/").body.contains("playground"));

    let host = Running::configured(&CONFIG.replace("[server]", "[server]\nplayground = true"), "memory");
    let mut browser = Browser::new(&host.base);
    for path in PATHS {
        assert_ne!(browser.get(path).status, 404, "{path}");
    }
    assert!(browser.get("/").body.contains("href=\"/playground\""));
}

#[test]
fn a_flow_that_the_configuration_lacks_is_shown_with_the_reason_and_cannot_be_started() {
    let host = Running::configured(&CONFIG.replace("[server]", "[server]\nplayground = true"), "memory");
    let mut browser = Browser::new(&host.base);
    let index = browser.get("/playground").body;
    assert!(index.contains("has no implicit grant") && !index.contains("href=\"/playground/implicit\""), "{index}");
    assert!(index.contains("href=\"/playground/password\""), "this configuration has the password grant");
    assert!(!browser.get("/playground/implicit").body.contains("<form"));
    let csrf = browser.get("/playground/code").field("csrf");
    assert_eq!(browser.post("/playground/implicit", &[("csrf", &csrf)]).status, 404);
}

#[test]
fn the_api_takes_tokens_whether_or_not_the_configuration_restricts_them_to_resources() {
    for resources in ["", "resources = [\"https://api.example/\"]\n"] {
        let config = CONFIG.replace("[server]", &format!("[server]\nplayground = true\n{resources}"));
        let host = Running::configured(&config, "memory");
        let mut visitor = Visitor { browser: Browser::new(&host.base), password: "wonderland".to_owned() };
        let page = visitor.start("introspection");
        visitor.follow(&page);
        for act in ["read-photos", "introspect"] {
            let page = visitor.act("/playground/run/1", act);
            assert!(
                page.body.rsplit("<section class=\"chapter\"").next().is_some_and(|last| last.contains("outcome good"))
            );
        }
        let audience = format!("{}/api/photos", host.base);
        let page = visitor.act("/playground/run/1", "introspect");
        assert_eq!(page.body.contains(&audience), !resources.is_empty(), "aud with {resources:?}");
        assert!(
            visitor.act("/playground/run/1", "add-photo").body.contains("403"),
            "it has the scope photos.read alone"
        );
    }
}

#[test]
fn a_configuration_that_has_a_client_of_the_playgrounds_name_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("config.toml");
    let text = CONFIG.replace("[server]", "[server]\nplayground = true").replace("\"app\"", "\"playground\"");
    std::fs::write(&file, text).expect("the configuration is written");
    let output = command().stderr(Stdio::piped()).arg("--config").arg(&file).output().expect("it runs");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("client playground: it is there twice"), "{output:?}");
}

#[test]
fn no_page_shows_a_whole_secret() {
    let (host, password) = Running::demo();
    let mut visitor = Visitor { browser: Browser::new(&host.base), password };
    let (run, code) = visitor.run_code("code");
    for act in [
        "read-photos",
        "add-photo",
        "refresh",
        "replay-refresh",
        "introspect",
        "replay-code",
        "read-photos",
        "revoke-access",
        "revoke-refresh",
    ] {
        let page = visitor.act(&run, act);
        assert!(!page.body.contains(&code), "the code is shown after {act}");
        visitor.shows_no_secret(&page);
    }
    for flow in ["client-credentials", "introspection", "metadata", "password"] {
        let page = visitor.start(flow);
        let page = visitor.follow(&page);
        assert!(page.body.contains("outcome good"), "{flow}: {}", page.body);
        visitor.shows_no_secret(&page);
    }
    let token = visitor.run_implicit();
    let page = visitor.browser.get("/playground/run/6");
    assert!(page.body.contains("outcome good") && !page.body.contains(&token), "{}", page.body);
    visitor.shows_no_secret(&page);
}

#[test]
fn a_replayed_code_takes_the_tokens_with_it() {
    let (host, password) = Running::demo();
    let mut visitor = Visitor { browser: Browser::new(&host.base), password };
    let (run, _) = visitor.run_code("replay");
    assert!(visitor.act(&run, "read-photos").body.contains("The API takes the token"));
    let page = visitor.act(&run, "replay-code");
    assert!(page.body.contains("Token: Commit") && page.body.contains(">Revoke<"), "{}", page.body);
    assert!(visitor.act(&run, "read-photos").body.contains("The API refuses the token: 401"));
}

/// The owner's twelve steps of a one-time token and a secret that belong to one transaction.
#[test]
fn a_pushed_request_is_walked_in_twelve_steps_each_with_its_number_and_its_name() {
    let (host, password) = Running::demo();
    let mut visitor = Visitor { browser: Browser::new(&host.base), password };
    let page = visitor.browser.get("/playground/pushed");
    let names = [
        "The client draws a secret",
        "It pushes its request to the server",
        "It gets a one-time request token",
        "Your browser carries the token",
        "The server finds the request",
        "You log in",
        "You approve, or have before",
        "The request token is spent",
        "Your browser brings back a code",
        "Code and secret buy a token",
        "The API takes the token",
        "The request token is none any more",
    ];
    assert!(names.iter().all(|name| page.body.contains(name)), "{}", page.body);

    let sent = visitor.start("pushed");
    let address = sent.header("location").to_owned();
    let (_, query) = address.split_once('?').expect("a query");
    let carried: Vec<_> = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name).collect();
    assert_eq!(carried, ["client_id", "request_uri"], "the browser carries the token and nothing else");
    let (run, _) = visitor.back(&sent);
    let page = visitor.browser.get(&run);
    assert!(page.body.contains("Prints Ltd"), "the request has a type of transaction, and what it is about");
    let steps = |page: &Page, chapter: usize| -> Vec<usize> {
        let chapter = page.body.split("<section class=\"chapter\"").nth(chapter).unwrap_or_default();
        let named = chapter.split("<h3>Step ").skip(1).filter_map(|rest| rest.split_once(": "));
        let named = named.map(|(number, name)| (number.parse().expect("a number"), name));
        named
            .inspect(|(number, name)| assert!(name.starts_with(names[number - 1]), "{number} {name}"))
            .map(|(number, _)| number)
            .collect()
    };
    let page = visitor.act(&run, "read-photos");
    assert_eq!(steps(&page, 1), (1..=10).collect::<Vec<_>>());
    assert_eq!(steps(&page, 2), [11]);
    assert!(page.body.contains("Not taken yet"), "the last one");
    let page = visitor.act(&run, "replay-request");
    assert_eq!(steps(&page, 3), [12]);
    assert!(page.body.contains("The server refuses: 400") && page.body.contains("spent before"), "{}", page.body);
    assert!(!page.body.contains("Not taken yet"));
    visitor.shows_no_secret(&page);
    assert_eq!(visitor.browser.get(&address[address.find("/authorize").expect("a path")..]).status, 400, "nor here");

    // The second time nobody is asked anything. It is another transaction, with a token and a secret of its own.
    let form = [("csrf", &*page.field("csrf")), ("page", &*page.field("page")), ("act", "ask-silently")];
    let sent = visitor.browser.post(&run, &form);
    assert!(sent.header("location").contains("request_uri=") && sent.header("location") != address, "{sent:?}");
    let back = visitor.follow(&sent);
    assert!(back.redirect("code").is_some(), "no page is shown: {back:?}");
    let shown = visitor.follow(&back);
    assert!(shown.header("location").starts_with(&run), "{shown:?}");
    let page = visitor.browser.get(&run);
    assert_eq!(steps(&page, 4), [1, 2, 3, 4, 5, 7, 8, 9, 10], "all but the login: {}", page.body);
    visitor.shows_no_secret(&page);
    let page = visitor.act(&run, "refresh");
    assert_eq!(steps(&page, 5), [0; 0], "this is not a part of the walk");
    assert!(!page.body.contains("outcome bad\">The client") && page.body.contains("Token: Commit"));
}

#[test]
fn a_form_brings_the_code_and_no_address_does() {
    let (host, password) = Running::demo();
    let mut visitor = Visitor { browser: Browser::new(&host.base), password };
    let posted = visitor.decided("form-post");
    assert_eq!((posted.status, posted.header("location")), (200, ""), "{posted:?}");
    let [code, state, iss] = ["code", "state", "iss"].map(|name| posted.field(name));
    let form = [("code", &*code), ("state", &*state), ("iss", &*iss)];
    for (forged, status) in [(vec![("code", &*code), ("iss", &*iss)], 410), (form.to_vec(), 303)] {
        assert_eq!(visitor.browser.post("/playground/callback", &forged).status, status, "{forged:?}");
    }
    let page = visitor.browser.get("/playground/run/1");
    assert!(page.body.contains("outcome good") && page.body.contains("POST /playground/callback"), "{}", page.body);
    assert!(!page.body.contains(&code) && !page.body.contains("GET /playground/callback"), "{}", page.body);
    visitor.shows_no_secret(&page);
    let page = visitor.act("/playground/run/1", "replay-code");
    assert!(page.body.contains("Does the access token still work?"), "{}", page.body);
}

#[test]
fn of_two_payments_the_token_is_good_for_the_one_that_was_allowed() {
    let (host, password) = Running::demo();
    let mut visitor = Visitor { browser: Browser::new(&host.base), password };
    visitor.run_code("code");
    let sent = visitor.start("rich");
    let consent = visitor.follow(&sent);
    for payee in ["Pay 12.50 EUR to Prints Ltd", "Pay 12.50 EUR to Frames Ltd"] {
        assert!(consent.body.contains(payee), "{payee}: {}", consent.body);
    }
    let decided = visitor.approve(&consent, &["1"]);
    visitor.follow(&decided);
    for act in ["introspect", "refresh"] {
        let page = visitor.act("/playground/run/2", act);
        let last = page.body.rsplit("<section class=\"chapter\"").next().unwrap_or_default();
        assert!(last.contains("outcome good") && last.contains("Frames Ltd"), "{act}: {last}");
        assert!(!last.contains("Prints Ltd"), "{act}: {last}");
        visitor.shows_no_secret(&page);
    }
}

#[test]
fn a_client_registers_itself_changes_its_name_and_leaves_with_its_tokens() {
    let (host, password) = Running::demo();
    let mut visitor = Visitor { browser: Browser::new(&host.base), password };
    visitor.start("registration");
    let run = "/playground/run/1";
    let page = visitor.browser.get(run);
    assert!(page.body.contains("Fetch: POST /register") && page.body.contains("201 Created"), "{}", page.body);
    visitor.shows_no_secret(&page);
    let form = [("csrf", &*page.field("csrf")), ("page", &*page.field("page")), ("act", "ask-registered")];
    let sent = visitor.browser.post(run, &form);
    visitor.back(&sent);
    assert!(visitor.act(run, "read-photos").body.contains("The API takes the token"));
    let page = visitor.act(run, "rename");
    assert!(
        page.body.contains("Fetch: PUT /register/") && page.body.contains("It is called Poster and Postcard Shop now")
    );
    let page = visitor.act(run, "deregister");
    assert!(page.body.contains("Fetch: DELETE /register/") && page.body.contains("204 No Content"), "{}", page.body);
    let page = visitor.act(run, "read-photos");
    assert!(page.body.contains("The API refuses the token: 401"), "{}", page.body);
    visitor.shows_no_secret(&page);
}

#[test]
fn a_device_shows_a_code_and_gets_its_tokens_once_somebody_has_typed_it_and_approved() {
    let (host, password) = Running::demo();
    let mut visitor = Visitor { browser: Browser::new(&host.base), password };
    visitor.start("device");
    let run = "/playground/run/1";
    let page = visitor.browser.get(run);
    let (_, code) = page.body.split_once("<strong class=\"code\">").expect("the page shows the user code");
    let user_code = code.split('<').next().unwrap_or_default().to_owned();
    assert!(page.body.contains(&format!("href=\"{}/device\"", host.base)), "{}", page.body);
    let page = visitor.act(run, "poll");
    assert!(page.body.contains("It is too early") && !page.body.contains("Fetch: POST /token"), "{}", page.body);

    // In another tab, as on another machine.
    let form = [("csrf", &*page.field("csrf")), ("page", &*page.field("page")), ("act", "type-user-code")];
    let sent = visitor.browser.post(run, &form);
    assert_eq!((sent.status, sent.header("location")), (303, &*format!("{}/device", host.base)));
    let entry = visitor.browser.get("/device");
    let typed = [("csrf", &*entry.field("csrf")), ("user_code", &*user_code)];
    let login = visitor.browser.post("/device", &typed);
    let password = visitor.password.clone();
    let redirect = visitor.browser.log_in(&login, "alice", &password);
    let consent = visitor.follow(&redirect);
    assert!(consent.body.contains(&user_code), "the page says which device: {}", consent.body);
    let decided = visitor.browser.decide(&consent, "approve", &["photos.read"]);
    assert!(decided.body.contains("Your device is connected"), "{}", decided.body);
    let page = visitor.browser.get(run);
    for step in ["GET /device", "VerifyUserCode: Lookup", "POST /login", "Decide: Commit", "“Your device is connected”"]
    {
        assert!(page.body.contains(step), "{step}: {}", page.body);
    }

    // It asks again when it may.
    let mut page = page;
    while !page.body.contains("The client has an access token") {
        assert!(!page.body.contains("outcome bad"), "{}", page.body);
        std::thread::sleep(std::time::Duration::from_secs(1));
        page = visitor.act(run, "poll");
    }
    assert!(page.body.contains("Fetch: POST /token") && !page.body.contains("class=\"code\""), "{}", page.body);
    visitor.shows_no_secret(&page);
    assert!(visitor.act(run, "read-photos").body.contains("The API takes the token"));
    // What this browser does at the server from now on is no part of the run.
    visitor.browser.get("/device");
    assert!(
        !visitor
            .browser
            .get(run)
            .body
            .rsplit("<section class=\"chapter\"")
            .next()
            .is_some_and(|last| last.contains("GET /device"))
    );
}

#[test]
fn a_run_belongs_to_one_browser_and_its_forms_to_its_pages() {
    let (host, password) = Running::demo();
    let mut visitor = Visitor { browser: Browser::new(&host.base), password };
    let page = visitor.start("client-credentials");
    let run = visitor.follow(&page);
    let mut other = Browser::new(&host.base);
    let csrf = other.get("/playground/code").field("csrf");
    assert_eq!(other.get("/playground/run/1").status, 410);
    assert_eq!(other.post("/playground/run/1", &[("csrf", &csrf), ("act", "read-photos")]).status, 410);
    for csrf in ["", &csrf] {
        let browser = &mut visitor.browser;
        assert_eq!(browser.post("/playground/run/1", &[("csrf", csrf), ("act", "read-photos")]).status, 403);
        assert_eq!(browser.post("/playground/client-credentials", &[("csrf", csrf)]).status, 403);
        assert_eq!(browser.post("/playground/callback/implicit", &[("csrf", csrf)]).status, 403);
    }
    let csrf = run.field("csrf");
    let without_token = [("csrf", &*csrf), ("act", "refresh")];
    assert_eq!(visitor.browser.post("/playground/run/1", &without_token).status, 400, "there is no refresh token");
}

/// Whoever opens the page that waits for a token is a visitor like any other: its form is its own, and there is no run
/// to come back to.
#[test]
fn a_browser_that_only_arrives_has_a_visit_of_its_own() {
    let (host, _) = Running::demo();
    let mut browser = Browser::new(&host.base);
    let csrf = browser.get("/playground/callback/implicit").field("csrf");
    assert_eq!(browser.get("/playground/callback/implicit").field("csrf"), csrf);
    assert_eq!(browser.post("/playground/callback/implicit", &[("csrf", &csrf)]).status, 410);
}

#[test]
fn a_callback_is_taken_once_and_only_for_the_state_that_was_sent_and_a_second_one_finds_the_run() {
    let (host, password) = Running::demo();
    let mut visitor = Visitor { browser: Browser::new(&host.base), password };
    let callback = visitor.callback("code");
    let forged = callback.replace("state=", "state=x");
    assert_eq!(visitor.browser.get(&forged).status, 410);
    assert_eq!(Browser::new(&host.base).get(&callback).status, 410, "another browser");
    let requests = |page: &Page| page.body.matches("Fetch: POST /token").count();
    let mut seen = Vec::new();
    for time in ["at first", "by a reload", "with another code"] {
        let callback = if time == "with another code" { callback.replace("code=", "code=x") } else { callback.clone() };
        let page = visitor.browser.get(&callback);
        assert_eq!((page.status, page.header("location")), (303, "/playground/run/1#last"), "{time}");
        seen.push(requests(&visitor.browser.get("/playground/run/1")));
    }
    assert!(seen[0] > 0 && seen.iter().all(|count| *count == seen[0]), "one exchange: {seen:?}");
}

#[test]
fn a_button_that_is_pressed_twice_does_its_act_once_and_again_from_the_next_page() {
    let (host, password) = Running::demo();
    let mut visitor = Visitor { browser: Browser::new(&host.base), password };
    let page = visitor.start("client-credentials");
    let page = visitor.follow(&page);
    let chapters = |page: &Page| page.body.matches("<section class=\"chapter\"").count();
    let form = [("csrf", &*page.field("csrf")), ("page", &*page.field("page")), ("act", "read-photos")];
    for press in 1..=2 {
        assert_eq!(visitor.browser.post("/playground/run/1", &form).status, 303, "press {press}");
    }
    let next = visitor.browser.get("/playground/run/1");
    assert_eq!(chapters(&next), 2, "{}", next.body);
    let form = [("csrf", &*next.field("csrf")), ("page", &*next.field("page")), ("act", "read-photos")];
    assert_eq!(visitor.browser.post("/playground/run/1", &form).status, 303);
    assert_eq!(chapters(&visitor.browser.get("/playground/run/1")), 3);
}

#[test]
fn in_two_tabs_two_runs_go_their_ways() {
    let (host, password) = Running::demo();
    let mut visitor = Visitor { browser: Browser::new(&host.base), password };
    // Logged in, so that both tabs come to the consent page at once.
    visitor.run_code("code");
    let tabs: Vec<_> = (0..2)
        .map(|_| {
            let sent = visitor.start("code");
            visitor.follow(&sent)
        })
        .collect();
    for (tab, run) in tabs.iter().zip(["/playground/run/2", "/playground/run/3"]) {
        let decided = visitor.browser.decide(tab, "approve", &["photos.read"]);
        let back = visitor.follow(&decided);
        assert!(back.header("location").starts_with(run), "{back:?}");
        let page = visitor.browser.get(run);
        assert!(page.body.contains("outcome good"), "{run}: {}", page.body);
        assert!(page.body.contains("Decide: Commit"), "what happened in its tab is in it: {run}: {}", page.body);
    }
}

#[test]
fn a_browser_keeps_its_last_eight_runs() {
    let (host, password) = Running::demo();
    let mut visitor = Visitor { browser: Browser::new(&host.base), password };
    for _ in 0..9 {
        visitor.start("metadata");
    }
    assert_eq!(visitor.browser.get("/playground/run/1").status, 410);
    assert_eq!(visitor.browser.get("/playground/run/2").status, 200);
}

#[test]
fn the_api_refuses_what_is_no_token_of_its_scope() {
    let (host, _) = Running::demo();
    let mut browser = Browser::new(&host.base);
    let page = browser.get("/api/photos");
    assert_eq!((page.status, page.header("www-authenticate").starts_with("Bearer")), (401, true), "{page:?}");
    assert!(!page.header("www-authenticate").contains("error"), "RFC 6750 §3.1: no error without a token");
    let (_, rest) = page.header("www-authenticate").split_once("resource_metadata=\"").expect("RFC 9728 §5.1");
    let path = rest.split('"').next().unwrap_or_default().replace(&host.base, "");
    assert_eq!(browser.get(&path).json()["authorization_servers"][0], host.base);
    assert_eq!(browser.post("/api/photos", &[]).status, 401);
}

/// Someone who walks through the demo's flows.
struct Visitor {
    browser: Browser,
    password: String,
}

impl Visitor {
    fn start(&mut self, flow: &str) -> Page {
        let page = self.browser.get(&format!("/playground/{flow}"));
        let (csrf, password) = (page.field("csrf"), self.password.clone());
        let page = self
            .browser
            .post(&format!("/playground/{flow}"), &[("csrf", &csrf), ("username", "alice"), ("password", &password)]);
        assert_eq!(page.status, 303, "{page:?}");
        page
    }

    fn follow(&mut self, page: &Page) -> Page {
        let location = page.header("location");
        let path = location.find("/playground").or(location.find("/authorize")).or(location.find("/consent"));
        let path = location[path.expect("a path")..].split('#').next().unwrap_or_default().to_owned();
        self.browser.get(&path)
    }

    /// Through login and consent, to the redirect that leads back.
    fn decided(&mut self, flow: &str) -> Page {
        let sent = self.start(flow);
        self.decide(&sent)
    }

    fn decide(&mut self, sent: &Page) -> Page {
        let mut page = self.follow(sent);
        if page.body.contains("name=\"password\"") {
            let password = self.password.clone();
            let redirect = self.browser.log_in(&page, "alice", &password);
            page = self.follow(&redirect);
        }
        self.approve(&page, &["0"])
    }

    /// Presses the button of the consent page, with these payments ticked.
    fn approve(&mut self, page: &Page, payments: &[&str]) -> Page {
        let (csrf, request) = (page.field("csrf"), page.field("request"));
        let mut form = vec![("csrf", &*csrf), ("request", &*request), ("decision", "approve")];
        form.extend([("scope", "photos.read"), ("scope", "photos.write")]);
        form.extend(payments.iter().map(|position| ("authorization_details", *position)));
        self.browser.post("/consent", &form)
    }

    fn callback(&mut self, flow: &str) -> String {
        let decided = self.decided(flow);
        let location = decided.header("location");
        location[location.find("/playground").expect("the callback")..].to_owned()
    }

    /// A run with a code: its path, and the code.
    fn run_code(&mut self, flow: &str) -> (String, String) {
        let sent = self.start(flow);
        self.back(&sent)
    }

    /// The rest of it, from the redirect to the server.
    fn back(&mut self, sent: &Page) -> (String, String) {
        let decided = self.decide(sent);
        let code = decided.redirect("code").expect("a code");
        let redirect = self.follow(&decided);
        let run = redirect.header("location").split('#').next().unwrap_or_default().to_owned();
        let page = self.browser.get(&run);
        assert!(page.body.contains("outcome good") && !page.body.contains(&code), "{}", page.body);
        self.shows_no_secret(&page);
        (run, code)
    }

    /// Does what the script of the implicit callback does. The token that it got.
    fn run_implicit(&mut self) -> String {
        let decided = self.decided("implicit");
        let (_, fragment) = decided.header("location").split_once('#').expect("a fragment");
        let page = self.follow(&decided);
        assert!(page.header("content-security-policy").contains("script-src 'self';"), "{page:?}");
        let csrf = page.field("csrf");
        let arrived = self.browser.post("/playground/callback/implicit", &[("csrf", &csrf), ("fragment", fragment)]);
        assert_eq!(arrived.status, 303, "{arrived:?}");
        let mut parameters = form_urlencoded::parse(fragment.as_bytes());
        let (_, token) = parameters.find(|(name, _)| name == "access_token").expect("a token");
        token.into_owned()
    }

    fn act(&mut self, run: &str, act: &str) -> Page {
        let page = self.browser.get(run);
        let csrf = page.field("csrf");
        let page = self.browser.post(run, &[("csrf", &csrf), ("page", &page.field("page")), ("act", act)]);
        assert_eq!(page.status, 303, "{act}: {page:?}");
        self.browser.get(run)
    }

    /// Codes, tokens, verifiers and secrets have at least 43 characters of base64url.
    fn shows_no_secret(&self, page: &Page) {
        let body = page.body.replace(&page.field("csrf"), "");
        let is_long = |word: &&str| {
            word.len() >= 40 && word.contains(|letter: char| !letter.is_ascii_lowercase() && letter != '_')
        };
        let words = body.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-' && letter != '_');
        assert_eq!(words.filter(is_long).collect::<Vec<_>>(), Vec::<&str>::new());
        assert!(!body.contains(&self.password), "the password is shown");
    }
}
