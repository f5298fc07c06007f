//! An MCP client that signs in: given the URL of a server, it lists the tools and calls one.
//!
//! `cargo run --bin mcp-client -- --loopback http://127.0.0.1:8000/mcp`
//!
//! [`sign_in`] is all that it has to do with OAuth. `json_rpc` speaks MCP, `browser` sends a person to a page.

mod browser;
mod json_rpc;
mod sign_in;

use clap::Parser;
use grantor::model::{ClientId, Issuer};
use serde_json::{Value, json};

use crate::json_rpc::Session;
use crate::sign_in::SignIn;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Lists the tools of an MCP server, and calls one.
#[derive(Parser)]
struct Arguments {
    /// The URL of the server.
    url: String,
    /// The tool to call. Default: the first one.
    #[arg(long)]
    tool: Option<String>,
    /// The arguments for the tool.
    #[arg(long, default_value = "{}")]
    arguments: String,
    /// The revision of the protocol.
    #[arg(long, default_value = "2025-11-25")]
    protocol_version: String,
    /// For development: connect to this machine, by plain http too.
    #[arg(long)]
    loopback: bool,
    /// The URL of this client's metadata document, for servers that take one.
    #[arg(long)]
    document: Option<ClientId>,
    /// The identifier of this client, where it was registered beforehand.
    #[arg(long, requires = "issuer")]
    client_id: Option<ClientId>,
    /// The authorization server at which it was registered. No other is shown its secret.
    #[arg(long)]
    issuer: Option<Issuer>,
    /// Its secret there.
    #[arg(long, env, hide_env_values = true)]
    client_secret: Option<String>,
    /// Acts for itself, without a person: by its secret, or by the assertion.
    #[arg(long)]
    unattended: bool,
    /// An assertion that somebody signed for it: RFC 7523 §2.1.
    #[arg(long, env, hide_env_values = true)]
    assertion: Option<String>,
}

fn main() -> Result<(), Failed> {
    let program = Arguments::parse();
    let (tool, arguments) = (program.tool.clone(), serde_json::from_str::<Value>(&program.arguments)?);
    let (url, version) = (program.url.clone(), program.protocol_version.clone());
    let mut sign_in = SignIn::new(program)?;
    let mut session = Session::begin(&url, &version, |request| sign_in.send(request))?;
    let tools = session.call("tools/list", json!({}))?;
    let names: Vec<_> =
        tools["tools"].as_array().into_iter().flatten().filter_map(|tool| tool["name"].as_str()).collect();
    println!("tools: {}", names.join(", "));
    if let Some(name) = tool.as_deref().or(names.first().copied()) {
        let result = session.call("tools/call", json!({"name": name, "arguments": arguments}))?;
        println!("{name}: {}", result["content"][0]["text"].as_str().unwrap_or_default());
    }
    Ok(())
}
