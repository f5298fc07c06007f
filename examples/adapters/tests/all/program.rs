//! Programs under test, and the requests that they get.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use ureq::http::Response;
use ureq::{Agent, Body};

pub(crate) const SERVERS: [&str; 3] =
    [env!("CARGO_BIN_EXE_server-axum"), env!("CARGO_BIN_EXE_server-actix"), env!("CARGO_BIN_EXE_server-blocking")];

/// A program that runs. It ends when this is dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        Self { child, lines }
    }

    /// The next line of its output.
    pub(crate) fn line(&mut self) -> String {
        self.lines.next().expect("there is another line").expect("its output is text")
    }

    /// What follows this in the first line that begins with it.
    pub(crate) fn line_after(&mut self, prefix: &str) -> String {
        loop {
            if let Some(rest) = self.line().strip_prefix(prefix) {
                return rest.to_owned();
            }
        }
    }

    pub(crate) fn press_enter(&mut self) {
        self.child.stdin.as_mut().expect("its input is piped").write_all(b"\n").expect("it reads");
    }

    /// Waits until it ends, and returns whether it is content, and what it complains of.
    pub(crate) fn end(mut self) -> (bool, String) {
        drop(self.child.stdin.take());
        let stderr = self.child.stderr.take().expect("its complaints are piped");
        let complaint = std::io::read_to_string(stderr).expect("its complaints are text");
        (self.child.wait().expect("it ends").success(), complaint)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that runs.
pub(crate) struct Server {
    pub(crate) url: String,
    _running: Running,
}

impl Server {
    pub(crate) fn start(program: &str) -> Self {
        Self::with_lifetime(program, 600)
    }

    /// With access tokens of so many seconds.
    pub(crate) fn with_lifetime(program: &str, seconds: u32) -> Self {
        Self::started(Command::new(program).arg("127.0.0.1:0").arg(seconds.to_string()))
    }

    /// With so many seconds for what a peer owes.
    pub(crate) fn with_timeout(program: &str, seconds: u32) -> Self {
        Self::started(Command::new(program).args(["127.0.0.1:0", "600", &seconds.to_string()]))
    }

    fn started(command: &mut Command) -> Self {
        let mut running = Running::start(command);
        // Nobody reads the log, so it goes nowhere, rather than into a pipe that fills.
        drop(running.child.stderr.take());
        Self { url: running.line_after("listening on "), _running: running }
    }

    pub(crate) fn post(&self, path: &str, form: &[(&str, &str)]) -> Response<Body> {
        agent().post(format!("{}{path}", self.url)).send_form(form.iter().copied()).expect("a response")
    }

    /// What the token endpoint issues to `backup`.
    pub(crate) fn token(&self, scope: &str) -> String {
        let secret = demo::DEMO_SECRET;
        let form = [("grant_type", "client_credentials"), ("client_id", "backup"), ("client_secret", secret)];
        let mut response = self.post("/token", &[form.as_slice(), &[("scope", scope)]].concat());
        assert_eq!(response.status(), 200, "{}", self.url);
        let body: serde_json::Value =
            serde_json::from_str(&response.body_mut().read_to_string().expect("a body")).expect("JSON");
        body["access_token"].as_str().expect("an access token").to_owned()
    }

    pub(crate) fn photos(&self, token: Option<&str>) -> Response<Body> {
        let request = agent().get(format!("{}/photos", self.url));
        let request =
            token.into_iter().fold(request, |it, token| it.header("authorization", format!("Bearer {token}")));
        request.call().expect("a response")
    }

    pub(crate) fn add_photo(&self, token: &str) -> Response<Body> {
        let request = agent().post(format!("{}/photos", self.url)).header("authorization", format!("Bearer {token}"));
        request.send("a photo").expect("a response")
    }
}

/// What the test sends its own requests with: a browser that is told where to go.
pub(crate) fn agent() -> Agent {
    Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
}

pub(crate) fn challenge(response: &Response<Body>) -> &str {
    response.headers()["www-authenticate"].to_str().expect("a text")
}

pub(crate) fn text(mut response: Response<Body>) -> String {
    response.body_mut().read_to_string().expect("a text")
}
