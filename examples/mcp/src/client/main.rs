//! An MCP client that signs in: given the URL of a server, it lists the tools and calls one.
//!
//! `cargo run --bin mcp-client -- --loopback http://127.0.0.1:8000/mcp`
//!
//! [`sign_in`] is all that it has to do with OAuth. `json_rpc` speaks MCP, `browser` sends a person to a page.

mod browser;
mod json_rpc;
mod sign_in;

use clap::Parser;
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
    #[command(flatten)]
    ways: sign_in::Ways,
}

fn main() -> Result<(), Failed> {
    let Arguments { url, tool, arguments, protocol_version, ways } = Arguments::parse();
    let arguments: Value = serde_json::from_str(&arguments)?;
    let mut sign_in = SignIn::new(&url, ways)?;
    let mut session = Session::begin(&url, &protocol_version, |request| sign_in.send(request))?;
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
