//! As much of a browser, and of a client, as is needed: what does not answer is no answer, and no panic.

use std::collections::BTreeMap;
use std::time::Duration;

use form_urlencoded::Serializer;
use serde_json::Value;
use ureq::Agent;

use crate::record::Answer;

pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) body: String,
}

impl Page {
    /// The value of a form's field.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\" value=\""))?;
        rest.split('"').next().map(str::to_owned)
    }

    /// A parameter of the redirect.
    pub(crate) fn redirect(&self, name: &str) -> Option<String> {
        let (_, query) = self.location.split_once('?')?;
        form_urlencoded::parse(query.as_bytes()).find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
    }

    pub(crate) fn member(&self, name: &str) -> Option<String> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        body.get(name)?.as_str().map(str::to_owned)
    }
}

/// The answer of an endpoint for clients. Outages and whatever is not understood are not known.
pub(crate) fn answer(page: Option<Page>) -> Answer {
    let Some(page) = page else { return Answer::Unknown };
    let Ok(body) = serde_json::from_str::<Value>(&page.body) else {
        return if page.status == 200 && page.body.is_empty() { Answer::Done } else { Answer::Unknown };
    };
    match (page.status, body.get("active").and_then(Value::as_bool), page.member("error")) {
        (200, Some(is_active), _) => Answer::Active(is_active),
        (200, None, _) => {
            let tokens = ["access_token", "refresh_token"].into_iter().filter_map(|name| page.member(name));
            Answer::Granted(tokens.collect())
        }
        (400, _, Some(error)) => refusal(error),
        _ => Answer::Unknown,
    }
}

/// The answer with an error's code, two of which are outages (RFC 6749 §4.1.2.1).
pub(crate) fn refusal(error: String) -> Answer {
    match error.as_str() {
        "server_error" | "temporarily_unavailable" => Answer::Unknown,
        _ => Answer::Refused(error),
    }
}

/// A browser, whose cookies go to all hosts, since they are one server.
pub(crate) struct Browser {
    agent: Agent,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(20)))
            .build();
        Self { agent: config.new_agent(), cookies: BTreeMap::new() }
    }

    pub(crate) fn get(&mut self, base: &str, path: &str) -> Option<Page> {
        let request = self.agent.get(format!("{base}{path}")).header("cookie", self.cookie());
        let response = request.call().ok()?;
        self.page(response)
    }

    pub(crate) fn post(&mut self, base: &str, path: &str, form: &[(&str, &str)]) -> Option<Page> {
        let request = self.agent.post(format!("{base}{path}")).header("cookie", self.cookie());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.send(Serializer::new(String::new()).extend_pairs(form).finish()).ok()?;
        self.page(response)
    }

    fn cookie(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn page(&mut self, mut response: ureq::http::Response<ureq::Body>) -> Option<Page> {
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().ok()?.split(';').next()?;
            let (name, value) = cookie.split_once('=')?;
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let location = response.headers().get("location").and_then(|value| value.to_str().ok());
        let location = location.unwrap_or_default().to_owned();
        let body = response.body_mut().read_to_string().ok()?;
        Some(Page { status: response.status().as_u16(), location, body })
    }
}

impl Browser {
    /// Another tab of the same browser.
    pub(crate) fn another_tab(&self) -> Self {
        Self { cookies: self.cookies.clone(), ..Self::new() }
    }
}
