//! A browser without a screen: it keeps cookies, follows redirects, and sends back every field of a form.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use crate::service::http::{Client, Response, basic};
use crate::service::servers::secret;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"; // and its challenge: RFC 7636 appendix B
const AUTHORIZE: &str = "/authorize?response_type=code&client_id=site&redirect_uri=https%3A%2F%2Falbums.example%2Fcallback\
    &scope=a&state=s&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

/// One person's browser.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    origin: String,
    cookies: BTreeMap<String, String>,
}

/// What a client holds after a person has allowed it.
#[derive(Clone, Debug, Default)]
pub struct Holds {
    /// The code, spent.
    pub code: String,
    /// An access token.
    pub access_token: String,
    /// A refresh token.
    pub refresh_token: String,
}

impl Browser {
    /// At that address, without cookies.
    pub fn new(from: Ipv4Addr, to: SocketAddr) -> Self {
        Self { client: Client::from(from, to), origin: format!("http://{to}"), cookies: BTreeMap::new() }
    }

    /// Forgets all cookies: a new window that remembers nothing.
    pub fn forget(&mut self) {
        self.cookies.clear();
    }

    /// Is sent to the authorization endpoint by a client.
    pub fn authorize(&mut self) -> io::Result<Response> {
        self.go("GET", AUTHORIZE, &[])
    }

    /// Sends that page's form, with these fields filled in.
    pub fn submit(&mut self, page: &Response, filled: &[(&str, &str)]) -> io::Result<Response> {
        let html = page.text();
        let form = Form::read(&html).ok_or_else(|| io::Error::other(format!("{}: no form", page.status)))?;
        let mut fields = form.fields;
        for (name, value) in filled {
            fields.retain(|(found, _)| found != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.go("POST", &form.action, &fields)
    }

    /// Logs in at that page; what comes after.
    pub fn log_in(&mut self, page: &Response, username: &str) -> io::Result<Response> {
        let password = format!("{username}'s password");
        self.submit(page, &[("username", username), ("password", &password)])
    }

    /// From the client to a page that asks whether to allow it.
    pub fn up_to_consent(&mut self, username: &str) -> io::Result<Response> {
        let page = self.authorize()?;
        if asks_for_consent(&page) { Ok(page) } else { self.log_in(&page, username) }
    }

    /// Allows the client: its code.
    pub fn code(&mut self, username: &str) -> io::Result<String> {
        let page = self.up_to_consent(username)?;
        let back = self.submit(&page, &[("decision", "approve")])?;
        let location = back.header("location").unwrap_or_default();
        let code = location.split_once("code=").map(|(_, rest)| rest.split('&').next().unwrap_or_default().to_owned());
        code.ok_or_else(|| io::Error::other(format!("no code but {} {location}", back.status)))
    }

    /// Allows the client, which exchanges the code.
    pub fn holds(&mut self, username: &str) -> io::Result<Holds> {
        let code = self.code(username)?;
        let response = exchange(&mut self.client, &code)?;
        let member = |name: &str| response.member(name).ok_or_else(|| io::Error::other(response.text()));
        Ok(Holds { access_token: member("access_token")?, refresh_token: member("refresh_token")?, code })
    }

    fn go(&mut self, method: &str, path: &str, fields: &[(&str, &str)]) -> io::Result<Response> {
        let mut response = self.send(method, path, fields)?;
        for _ in 0..5 {
            let location = response.header("location").filter(|_| (300..400).contains(&response.status));
            let Some(location) = location.map(|location| location.strip_prefix(&self.origin).unwrap_or(location))
            else {
                break;
            };
            if !location.starts_with('/') {
                break;
            }
            let location = location.to_owned();
            response = self.send("GET", &location, &[])?;
        }
        Ok(response)
    }

    fn send(&mut self, method: &str, path: &str, fields: &[(&str, &str)]) -> io::Result<Response> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (cookies, origin) = (cookies.join("; "), self.origin.clone());
        let mut headers = vec![("Accept", "text/html")];
        if !cookies.is_empty() {
            headers.push(("Cookie", &cookies));
        }
        let response = if method == "POST" {
            headers.push(("Origin", &origin));
            self.client.post(path, &headers, fields)?
        } else {
            self.client.get(path, &headers)?
        };
        for (_, cookie) in response.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let Some((name, value)) = pair.split_once('=') else { continue };
            if value.is_empty() || attributes.to_ascii_lowercase().contains("max-age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(response)
    }
}

/// Whether a page is the one that a person who is logged in sees.
pub fn asks_for_consent(page: &Response) -> bool {
    page.status == 200 && page.text().contains("name=\"decision\"")
}

/// The client exchanges a code.
pub fn exchange(client: &mut Client, code: &str) -> io::Result<Response> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", "https://albums.example/callback"),
        ("code_verifier", VERIFIER),
    ];
    client.post("/token", &[("Authorization", &basic(("site", secret())))], &form)
}

/// The client refreshes.
pub fn refresh(client: &mut Client, token: &str) -> io::Result<Response> {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    client.post("/token", &[("Authorization", &basic(("site", secret())))], &form)
}

/// A page's first form.
struct Form {
    action: String,
    fields: Vec<(String, String)>,
}

impl Form {
    fn read(html: &str) -> Option<Self> {
        let (_, rest) = html.split_once("<form")?;
        let form = rest.split_once("</form>").map_or(rest, |(form, _)| form);
        let (tag, inside) = form.split_once('>')?;
        let mut fields = Vec::new();
        for input in inside.split("<input").skip(1) {
            let tag = input.split_once('>').map_or(input, |(tag, _)| tag);
            let chosen = !tag.contains("type=\"checkbox\"") || tag.contains(" checked");
            if let Some(name) = attribute(tag, "name").filter(|_| chosen) {
                fields.push((name, attribute(tag, "value").unwrap_or_default()));
            }
        }
        Some(Self { action: attribute(tag, "action")?, fields })
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    let plain = [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#38;", "&"),
        ("&#x2f;", "/"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ];
    Some(plain.iter().fold(value.to_owned(), |value, (written, meant)| value.replace(written, meant)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_sends_what_a_browser_would() {
        let html = r#"<p><form method="post" action="/a?b=c&amp;d=e"><input type="hidden" name="csrf" value="x&quot;y">
            <input type="checkbox" name="scope" value="a" checked> <input type="checkbox" name="scope" value="b">
            <input name="username"><button name="decision" value="deny"></form><form action="/other">"#;
        let form = Form::read(html).unwrap();
        assert_eq!(form.action, "/a?b=c&d=e");
        let fields: Vec<_> = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(fields, [("csrf", "x\"y"), ("scope", "a"), ("username", "")]);
    }
}
