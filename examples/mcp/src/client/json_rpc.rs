//! JSON-RPC over the streamable HTTP of the Model Context Protocol, in both of its lifecycles: with the handshake of
//! `initialize`, and without it, since 2026-07-28. There is no OAuth in here.

use grantor::Fetch;
use http::{HeaderValue, Request, Response};
use serde_json::{Value, json};

use crate::Failed;

/// The last revision that has a handshake.
const STATEFUL: &str = "2025-11-25";

/// A session with a server. `send` sends a request, and brings the response that is not about authorization.
pub(crate) struct Session<S> {
    url: String,
    send: S,
    version: String,
    session_id: Option<HeaderValue>,
    id: u64,
}

impl<S: FnMut(&Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Failed>> Session<S> {
    /// Begins a session, by this revision of the protocol.
    pub(crate) fn begin(url: &str, version: &str, send: S) -> Result<Self, Failed> {
        let mut session = Self { url: url.to_owned(), send, version: version.to_owned(), session_id: None, id: 0 };
        if !session.is_stateless() {
            let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client_info()});
            let result = session.call("initialize", params)?;
            if let Some(version) = result["protocolVersion"].as_str() {
                session.version = version.to_owned();
            }
            session.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))?;
        }
        Ok(session)
    }

    fn is_stateless(&self) -> bool {
        self.version.as_str() > STATEFUL
    }

    /// Calls a method, and returns its result.
    pub(crate) fn call(&mut self, method: &str, mut params: Value) -> Result<Value, Failed> {
        self.id += 1;
        if self.is_stateless() {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": self.version,
                "io.modelcontextprotocol/clientInfo": client_info(),
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        let message = json!({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params});
        let mut answer = self.post(&message)?;
        match answer.get("error") {
            Some(error) => Err(format!("{method}: {error}").into()),
            None => Ok(answer["result"].take()),
        }
    }

    fn post(&mut self, message: &Value) -> Result<Value, Failed> {
        let mut request = Request::post(&self.url)
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", &self.version);
        if self.is_stateless() {
            request = request.header("mcp-method", message["method"].as_str().unwrap_or_default());
            if let Some(name) = message["params"]["name"].as_str() {
                request = request.header("mcp-name", name);
            }
        }
        if let Some(session_id) = &self.session_id {
            request = request.header("mcp-session-id", session_id);
        }
        let response = (self.send)(&request.body(message.to_string().into_bytes())?)?;
        if let Some(session_id) = response.headers().get("mcp-session-id") {
            self.session_id = Some(session_id.clone());
        }
        if response.body().len() > Fetch::MAX_RESPONSE_LEN {
            return Err("the response is too long".into());
        }
        let text = String::from_utf8_lossy(response.body());
        if !response.status().is_success() {
            return Err(format!("{}: {text}", response.status()).into());
        }
        Ok(message_of(&response, &text))
    }
}

fn client_info() -> Value {
    json!({"name": "grantor-mcp-client", "version": env!("CARGO_PKG_VERSION")})
}

/// The message of a response: its JSON, or the last event of its stream. `Null` if there is none.
fn message_of(response: &Response<Vec<u8>>, text: &str) -> Value {
    let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.starts_with("text/event-stream") {
        return serde_json::from_str(text).unwrap_or_default();
    }
    let mut data = text.lines().rev().filter_map(|line| line.strip_prefix("data:"));
    data.find_map(|json| serde_json::from_str(json.trim()).ok()).unwrap_or_default()
}
