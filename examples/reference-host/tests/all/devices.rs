//! Devices: the page where people type in what one shows, and what keeps strangers off it (RFC 8628 §5).

use crate::client::{Browser, Page};
use crate::process::{CONFIG, Running, command};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

const TV: &str = r#"
[[client]]
client_id = "tv"
client_name = "A <Television>"
grant_types = ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]
response_types = []
scope = "read write"
"#;

fn config() -> String {
    CONFIG.replacen("[server]\n", "[server]\ndevice_authorization = true\n", 1) + TV
}

fn host() -> Running {
    Running::configured(&config(), "memory")
}

/// A device, which has no browser.
struct Device {
    http: Browser,
    client_id: &'static str,
    device_code: String,
    user_code: String,
}

impl Device {
    fn start(host: &Running) -> Self {
        Self::of(host, "tv")
    }

    fn of(host: &Running, client_id: &'static str) -> Self {
        let mut http = Browser::new(&host.base);
        let page = http.post("/device_authorization", &[("client_id", client_id)]);
        assert_eq!(page.status, 200, "{page:?}");
        let json = page.json();
        let member = |name: &str| json[name].as_str().expect(name).to_owned();
        assert_eq!(member("verification_uri"), format!("{}/device", host.base));
        Self { http, client_id, device_code: member("device_code"), user_code: member("user_code") }
    }

    fn poll(&mut self) -> Page {
        let form = [("grant_type", GRANT_TYPE), ("device_code", &*self.device_code), ("client_id", self.client_id)];
        self.http.post("/token", &form)
    }

    fn error(&mut self) -> String {
        self.poll().json()["error"].as_str().unwrap_or_default().to_owned()
    }
}

impl Browser {
    /// Types a code in on a page.
    fn enter(&mut self, page: &Page, user_code: &str) -> Page {
        self.post("/device", &[("csrf", &*page.field("csrf")), ("user_code", user_code)])
    }

    /// The page for user codes, and what it leads to.
    fn type_in(&mut self, user_code: &str) -> Page {
        let page = self.get("/device");
        self.enter(&page, user_code)
    }

    /// Logs in on a page, and follows the redirect.
    fn log_in_as(&mut self, page: &Page, username: &str, password: &str) -> Page {
        let redirect = self.log_in(page, username, password);
        assert_eq!(redirect.status, 303, "{redirect:?}");
        let location = redirect.header("location").to_owned();
        self.get(&location)
    }

    /// The page on which alice decides about a device.
    fn asked_about(&mut self, device: &Device) -> Page {
        let login = self.type_in(&device.user_code);
        let consent = self.log_in_as(&login, "alice", "wonderland");
        assert!(consent.body.contains(&device.user_code), "{}", consent.body);
        consent
    }
}

#[test]
fn a_device_gets_its_tokens_once_somebody_has_typed_its_code_and_allowed_it() {
    let host = host();
    let mut device = Device::start(&host);
    assert_eq!(device.error(), "authorization_pending");
    let mut browser = Browser::new(&host.base);
    // However it is typed.
    let login = browser.type_in(&device.user_code.to_lowercase().replace('-', " "));
    assert!(login.body.contains("to continue to <strong>A &#60;Television&#62;</strong>"), "{}", login.body);
    let consent = browser.log_in_as(&login, "alice", "wonderland");
    for told in ["a device", "in front of you", &device.user_code, "A &#60;Television&#62;", "127.0.0.1", "UTC"] {
        assert!(consent.body.contains(told), "{told}: {}", consent.body);
    }
    let done = browser.decide(&consent, "approve", &["read"]);
    assert!(done.status == 200 && done.body.contains("Your device is connected"), "{done:?}");
    // Pressed again, the button has the same answer.
    assert!(browser.decide(&consent, "approve", &["read"]).body.contains("Your device is connected"));
    let tokens = device.poll();
    assert_eq!((tokens.status, tokens.json()["scope"].as_str()), (200, Some("read")), "{tokens:?}");
    assert!(tokens.json()["refresh_token"].is_string());
    assert!(browser.get("/applications").body.contains("A &#60;Television&#62;"));
    // It is known here by now, and the code is not good any more.
    assert_eq!(browser.type_in(&device.user_code).status, 400);
    // Whoever is logged in is asked at once.
    let consent = browser.type_in(&Device::start(&host).user_code);
    assert!(consent.body.contains("value=\"approve\""), "{}", consent.body);
}

#[test]
fn a_device_that_is_denied_is_told_so() {
    let host = host();
    let mut device = Device::start(&host);
    let mut browser = Browser::new(&host.base);
    let consent = browser.asked_about(&device);
    let done = browser.decide(&consent, "deny", &[]);
    assert!(done.status == 200 && done.body.contains("The device was denied"), "{done:?}");
    assert_eq!(device.error(), "access_denied");
    // Nothing of the request is an approval too.
    let mut device = Device::start(&host);
    let consent = browser.type_in(&device.user_code);
    assert!(browser.decide(&consent, "approve", &[]).body.contains("The device was denied"));
    assert_eq!(device.error(), "access_denied");
}

/// RFC 8628 §3.3.1: "The server SHOULD display the "user_code" to the user and ask them to verify that it matches".
#[test]
fn a_code_that_comes_with_the_link_is_always_confirmed() {
    let host = host();
    let mut device = Device::start(&host);
    let mut browser = Browser::new(&host.base);
    // Logged in or not.
    for _ in 0..2 {
        let page = browser.get(&format!("/device?user_code={}", device.user_code));
        assert_eq!((page.status, page.header("location")), (200, ""));
        assert!(page.body.contains(&format!("value=\"{}\"", device.user_code)), "{}", page.body);
        assert!(page.body.contains("Does your device show this very code?") && !page.body.contains("approve"));
        browser.consent_page();
    }
    assert_eq!(device.error(), "authorization_pending");
    let odd = browser.get("/device?user_code=%22%3E%3Cscript%3E");
    assert!(odd.status == 200 && !odd.body.contains("<script"), "{}", odd.body);
    let long = browser.get(&format!("/device?user_code={}", "%C3%A9".repeat(5000)));
    assert!(long.status == 200 && long.body.len() < 4096);
}

/// Invariant 13: somebody who entered a code elsewhere cannot have anybody else approve it.
#[test]
fn another_session_than_the_one_that_entered_the_code_cannot_approve() {
    let host = host();
    let mut device = Device::start(&host);
    let (mut alice, mut other) = (Browser::new(&host.base), Browser::new(&host.base));
    let login = alice.type_in(&device.user_code);
    // The login page of one browser in another one.
    let page = other.authorize();
    let form = [
        ("csrf", &*page.field("csrf")),
        ("request", &login.field("request")),
        ("username", "alice"),
        ("password", "wonderland"),
    ];
    assert_eq!(other.post("/login", &form).status, 410);
    // The same person, logged in at both.
    let consent = alice.log_in_as(&login, "alice", "wonderland");
    let theirs = other.consent_page();
    let request = consent.field("request");
    assert_eq!(other.get(&format!("/consent?request={request}")).status, 410);
    let form = [("csrf", &*theirs.field("csrf")), ("request", &request), ("decision", "approve"), ("scope", "read")];
    assert_eq!(other.post("/consent", &form).status, 403);
    assert_eq!(device.error(), "authorization_pending");
    // Another person, who logs in at the browser in which the code was entered, is asked nothing of the first one's.
    let login = alice.authorize();
    alice.log_in(&login, "bob", "builder");
    assert_eq!(alice.get(&format!("/consent?request={request}")).status, 410);
}

#[test]
fn a_form_of_another_sites_making_enters_no_code() {
    let host = host();
    let device = Device::start(&host);
    // Without the cookie that comes with the page, or with another page's.
    let mut browser = Browser::new(&host.base);
    let page = browser.get("/device");
    let mut stranger = Browser::new(&host.base);
    assert_eq!(stranger.enter(&page, &device.user_code).status, 403);
    let own = stranger.get("/device");
    assert_eq!(stranger.enter(&page, &device.user_code).status, 403);
    assert_eq!(stranger.post("/device", &[("user_code", &device.user_code)]).status, 403);
    assert!(stranger.enter(&own, &device.user_code).body.contains("name=\"password\""));
    for page in [browser.get("/device"), browser.type_in("no such code"), browser.asked_about(&device)] {
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{page:?}");
        assert_eq!((page.header("x-frame-options"), page.header("cache-control")), ("DENY", "no-store"));
    }
}

/// RFC 8628 §5.1: "it is recommended that the server rate-limit user code attempts."
#[test]
fn guessing_a_user_code_has_to_wait_in_a_session_and_at_an_address() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("config.toml");
    std::fs::write(&file, config()).expect("the configuration is written");
    let mut command = command();
    command.arg("--config").arg(&file).args(["--store", "memory", "--trust-proxy", "127.0.0.0/8"]);
    let host = Running::wait(command.spawn().expect("it starts"), directory).0;
    let device = Device::start(&host);
    let mut guesser = Browser::new(&host.base);
    for number in 0..5 {
        assert_eq!(guesser.type_in(&format!("BCDF-GHJ{}", ['K', 'L', 'M', 'N', 'P'][number])).status, 400);
    }
    let waits = guesser.type_in(&device.user_code);
    assert_eq!(waits.status, 429, "even the right code has to wait");
    assert!(waits.header("retry-after").parse::<u32>().is_ok());
    assert!(waits.body.contains("too many wrong codes") && waits.body.contains("name=\"user_code\""));
    // Somebody else at that address does not wait, until as many as there may be have failed.
    for _ in 0..3 {
        let mut another = Browser::new(&host.base);
        assert!(another.type_in(&device.user_code).body.contains("name=\"password\""));
        (0..5).for_each(|_| assert_eq!(another.type_in("BCDF-GHJK").status, 400));
    }
    assert_eq!(Browser::new(&host.base).type_in(&device.user_code).status, 429);
    // Elsewhere nobody waits.
    let page = guesser.get("/device");
    let cookies: Vec<_> = guesser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let elsewhere = |cookie: &str, csrf: &str| {
        let request = ureq::post(format!("{}/device", host.base)).header("x-forwarded-for", "198.51.100.7");
        let request = request.header("cookie", cookie).config().http_status_as_error(false).build();
        request.send_form([("csrf", csrf), ("user_code", &device.user_code)]).expect("the host answers").status()
    };
    assert_eq!(elsewhere(&cookies.join("; "), &page.field("csrf")), 429, "the session waits wherever it is");
    let mut honest = Browser::new(&host.base);
    let page = honest.get("/device");
    let cookies: Vec<_> = honest.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(elsewhere(&cookies.join("; "), &page.field("csrf")), 200);
}

#[test]
fn a_host_without_devices_has_no_page_for_them() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    assert_eq!(browser.get("/device").status, 404);
    assert_eq!(browser.post("/device", &[("user_code", "WDJB-MJHT")]).status, 404);
    let refused = browser.post("/device_authorization", &[("client_id", "app")]);
    assert_eq!((refused.status, refused.json()["error"].as_str()), (404, Some("invalid_request")));
    let metadata = browser.get("/.well-known/oauth-authorization-server").json();
    assert!(metadata["device_authorization_endpoint"].is_null());
    let with = self::host();
    let metadata = Browser::new(&with.base).get("/.well-known/oauth-authorization-server").json();
    assert_eq!(metadata["device_authorization_endpoint"], format!("{}/device_authorization", with.base));
    assert!(metadata["grant_types_supported"].as_array().is_some_and(|all| all.iter().any(|it| it == GRANT_TYPE)));
}

#[test]
fn the_demo_has_a_device() {
    let (host, password) = Running::demo();
    let mut device = Device::of(&host, "demo-device");
    let mut browser = Browser::new(&host.base);
    assert!(browser.get("/").body.contains("Connect a device"));
    let login = browser.type_in(&device.user_code);
    let consent = browser.log_in_as(&login, "alice", &password);
    assert!(consent.body.contains("Demo Picture Frame"), "{}", consent.body);
    browser.decide(&consent, "approve", &["photos.read"]);
    assert_eq!(device.poll().status, 200);
}

/// A device asks every five seconds, which is too often for a log.
#[test]
fn polls_are_counted_and_not_logged() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("config.toml");
    std::fs::write(&file, config()).expect("the configuration is written");
    let mut command = command();
    command.arg("--config").arg(&file).args(["--store", "memory"]).stderr(std::process::Stdio::piped());
    let host = Running::wait(command.spawn().expect("it starts"), directory).0;
    let mut device = Device::start(&host);
    assert_eq!(device.error(), "authorization_pending");
    assert_eq!(device.error(), "slow_down");
    let mut browser = Browser::new(&host.base);
    browser.type_in("BCDF-GHJK");
    let consent = browser.asked_about(&device);
    browser.decide(&consent, "approve", &["read"]);
    assert_eq!(device.poll().status, 200);
    let user_code = device.user_code.clone();
    let log = host.log();
    let names: Vec<_> = log.iter().filter_map(|line| line["event"].as_str()).collect();
    for name in ["device_started", "device_page_refused", "asked", "authorized", "issued"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert!(!names.contains(&"polled"), "{names:?}");
    assert!(!log.iter().any(|line| line.to_string().contains(&user_code)));
}
