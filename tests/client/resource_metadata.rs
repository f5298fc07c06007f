//! What resources say of themselves in the wild, most of them servers of the Model Context Protocol: whose document is
//! taken, where it is looked for, and what of it has to be readable. RFC 9728 §2, §3.1, §3.3.

use std::cell::RefCell;

use grantor::client::{
    DiscoverResourceError, Fault, RequestError, ResourceMatch, discover_resource, discover_resource_matching,
};
use grantor::model::{Endpoint, ResourceMetadata};
use grantor::{Answer, Fetch, HttpHost, Unavailable};
use serde_json::{Value, json};

use crate::canned::*;
use crate::common::resource;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
const STRICT: ResourceMatch = ResourceMatch::Identical;

fn document(name: &str) -> Value {
    json!({"resource": name, "authorization_servers": ["https://server.example"]})
}

/// What becomes of discovery, and which paths were asked.
fn ask(
    url: &str,
    place: Option<&str>,
    matching: ResourceMatch,
    at: impl Fn(&str) -> Answer<Fetch>,
) -> (Result<ResourceMetadata, DiscoverResourceError>, Vec<String>) {
    let asked = RefCell::new(Vec::new());
    let http = HttpHost(|fetch: &Fetch| {
        let path = fetch.request().uri().path_and_query().unwrap().to_string();
        asked.borrow_mut().push(path.clone());
        at(&path)
    });
    let place = place.map(|place| Endpoint::parse(place).unwrap());
    let reply = discover_resource_matching(&resource(url), place.as_ref(), matching).run(&http);
    (reply, asked.into_inner())
}

fn about(url: &str, name: &str, matching: ResourceMatch) -> bool {
    match ask(url, Some("https://api.example/m"), matching, |_| json(200, document(name))).0 {
        Ok(metadata) => metadata.resource == resource(name),
        Err(DiscoverResourceError::OtherResource(other)) => other.as_str() != name,
        Err(DiscoverResourceError::Request(RequestError::Unusable {
            fault: Fault::Unreadable("resource"), ..
        })) => false,
        Err(other) => panic!("{url} {name}: {other}"),
    }
}

// §3.3 Protected Resource Metadata Validation

/// RFC 3986 §6.2.2.1, §6.2.3: these are equal by the rules of every URL, and the path is not.
#[test]
fn the_same_resource_may_be_written_in_more_than_one_way() {
    for (url, name) in [
        ("https://mcp.example", "https://mcp.example/"),
        ("https://mcp.example/", "https://mcp.example"),
        ("https://MCP.Example/mcp", "https://mcp.example/mcp"),
        ("HTTPS://mcp.example/mcp", "https://mcp.example/mcp"),
        ("https://mcp.example:443/mcp", "https://mcp.example/mcp"),
        ("https://mcp.example/mcp?a=B", "https://mcp.example:443/mcp?a=B"),
    ] {
        for matching in [STRICT, ResourceMatch::Above] {
            assert!(about(url, name, matching), "{url} {name}");
        }
    }
}

#[test]
fn a_resource_above_is_taken_by_name_alone() {
    let above = [
        ("https://mcp.example/mcp", "https://mcp.example"),
        ("https://mcp.example/mcp", "https://mcp.example/"),
        ("https://mcp.example/mcp/", "https://mcp.example/mcp"),
        ("https://mcp.example/mcp", "https://mcp.example/mcp/"),
        ("https://mcp.example/a/b/c", "https://MCP.example:443/a/b"),
        ("https://mcp.example/a?x=y", "https://mcp.example/a"),
    ];
    let elsewhere = [
        ("https://mcp.example/mcp", "https://evil.example/mcp"),
        ("https://mcp.example/mcp", "https://mcp.example.evil.example/"),
        ("https://mcp.example/mcp", "https://evil.mcp.example"),
        ("https://mcp.example/mcp", "https://mcp.example:8443"),
        ("https://mcp.example/mcp", "http://mcp.example/mcp"),
        ("https://mcp.example/mcp", "https://user@mcp.example/"),
        ("https://mcp.example/mcp", "https://mcp.example/mc"),
        ("https://mcp.example/mcp", "https://mcp.example/mcp/below"),
        ("https://mcp.example/mcp", "https://mcp.example/MCP"),
        ("https://mcp.example/mcp", "https://mcp.example/?x=y"),
        ("https://mcp.example/mcp%2Fx", "https://mcp.example/mcp"),
        ("https://mcp.example/mcp/../other/x", "https://mcp.example/mcp"),
        ("https://mcp.example/mcp/%2e%2e/other/x", "https://mcp.example/mcp"),
        ("https://mcp.example", "https://mcp.example/mcp"),
        ("urn:example:photos:1", "urn:example:photos"),
    ];
    for (url, name) in above {
        assert!(about(url, name, ResourceMatch::Above) && !about(url, name, STRICT), "{url} {name}");
    }
    for (url, name) in elsewhere {
        assert!(!about(url, name, ResourceMatch::Above) && !about(url, name, STRICT), "{url} {name}");
    }
}

// §3.1 Protected Resource Metadata Request

/// MCP, "Protected Resource Metadata Discovery Requirements": at the path of the endpoint, then at the root.
#[test]
fn the_place_at_the_root_is_the_second() {
    for wrong in [json(404, ""), json(401, ""), json(200, "{}"), response(200, "text/html", "<html>"), json(302, "")] {
        let at_root =
            |path: &str| if path == WELL_KNOWN { json(200, document("https://a.example/mcp")) } else { wrong.clone() };
        let (reply, asked) = ask("https://a.example/mcp", None, STRICT, at_root);
        assert_eq!(reply.unwrap().resource, resource("https://a.example/mcp"));
        assert_eq!(asked, [&format!("{WELL_KNOWN}/mcp"), WELL_KNOWN]);
    }
    // The root's own document is about the root.
    let at_root =
        |path: &str| if path == WELL_KNOWN { json(200, document("https://a.example")) } else { json(404, "") };
    let (reply, _) = ask("https://a.example/mcp", None, STRICT, at_root);
    assert!(
        matches!(reply, Err(DiscoverResourceError::OtherResource(other)) if other == resource("https://a.example"))
    );
    let (reply, asked) = ask("https://a.example/mcp", None, ResourceMatch::Above, at_root);
    assert_eq!((reply.unwrap().resource, asked.len()), (resource("https://a.example"), 2));
    // Its own place has another's.
    let shared = |path: &str| {
        json(200, document(if path == WELL_KNOWN { "https://a.example/mcp" } else { "https://b.example" }))
    };
    assert!(ask("https://a.example/mcp", None, STRICT, shared).0.is_ok());
}

#[test]
fn a_place_is_asked_once_and_a_place_that_is_named_alone() {
    let nothing = |_: &str| json(404, "");
    for url in ["https://a.example", "https://a.example/"] {
        assert_eq!(ask(url, None, STRICT, nothing).1, [WELL_KNOWN], "{url}");
    }
    assert_eq!(ask("https://a.example/?x=y", None, STRICT, nothing).1, [&format!("{WELL_KNOWN}?x=y"), WELL_KNOWN]);
    assert_eq!(ask("https://a.example/mcp", Some("https://a.example/m"), STRICT, nothing).1, ["/m"]);
    let (reply, asked) = ask("https://a.example/mcp", None, STRICT, |_| Err(Unavailable::new("no route")));
    assert!(matches!(reply, Err(DiscoverResourceError::Request(RequestError::Unavailable(_)))));
    assert_eq!(asked.len(), 1);
}

/// What became of the resource's own document tells more than that there is another's, and that more than that there is
/// none.
#[test]
fn the_most_telling_error_is_told() {
    let mut unusable = document("https://a.example/mcp");
    unusable["authorization_servers"] = json!(["http://localhost"]);
    let (own, others) = (json(200, unusable), json(200, document("https://b.example")));
    let told = |first: &Answer<Fetch>, second: &Answer<Fetch>| {
        let at = |path: &str| if path == WELL_KNOWN { second.clone() } else { first.clone() };
        match ask("https://a.example/mcp", None, STRICT, at).0.unwrap_err() {
            DiscoverResourceError::OtherResource(_) => "another's".to_owned(),
            DiscoverResourceError::Request(RequestError::Unusable { fault, status, .. }) => {
                format!("{fault:?} {status}")
            }
            other => panic!("{other}"),
        }
    };
    for (first, second, expected) in [
        (&json(401, ""), &json(404, ""), "Status 401 Unauthorized"),
        (&json(404, ""), &others, "another's"),
        (&others, &json(404, ""), "another's"),
        (&others, &own, r#"Unreadable("authorization_servers") 200 OK"#),
        (&own, &others, r#"Unreadable("authorization_servers") 200 OK"#),
    ] {
        assert_eq!(told(first, second), expected);
    }
}

// §2 Protected Resource Metadata

#[test]
fn r100_a_member_that_cannot_be_read_is_left_out_and_named() {
    let read = |name: &str, member: Value| {
        let mut body = document("https://api.example");
        body[name] = member;
        answered(discover_resource(&resource("https://api.example"), None), &json(200, body)).unwrap()
    };
    for (name, bad) in [
        ("scopes_supported", json!("openid profile")),
        ("scopes_supported", json!([1])),
        ("bearer_methods_supported", json!("header")),
        ("resource_name", json!(7)),
        ("resource_documentation", json!({})),
    ] {
        let metadata = read(name, bad);
        assert_eq!(metadata.unreadable(), [name]);
        assert_eq!(serde_json::to_value(&metadata).unwrap(), document("https://api.example"), "{name}");
    }
    assert_eq!(read("resource_documentation", json!("")), read("resource_documentation", Value::Null));
    // Servers that cannot be meant beside one that can: plain http, this very host, no URL, nothing.
    for bad in ["http://internal:8080", "http://localhost", "server.example", "https://a.example#b"] {
        for servers in [json!([bad, "https://auth.example"]), json!(["https://auth.example", bad, 7])] {
            let metadata = read("authorization_servers", servers);
            assert_eq!(metadata.authorization_servers, ["https://auth.example".parse().unwrap()], "{bad}");
            assert_eq!(metadata.unreadable(), ["authorization_servers"], "{bad}");
        }
    }
    for none in [json!([]), json!([""]), json!(""), Value::Null] {
        let metadata = read("authorization_servers", none);
        assert!(metadata.authorization_servers.is_empty() && metadata.unreadable().is_empty());
    }
}

#[test]
fn what_has_no_name_here_is_kept_as_it_is() {
    let mut body = document("https://api.example");
    body["jwks_uri"] = json!("https://api.example/jwks");
    body["dpop_bound_access_tokens_required"] = json!(true);
    let metadata = answered(discover_resource(&resource("https://api.example"), None), &json(200, &body)).unwrap();
    assert_eq!(metadata.members["dpop_bound_access_tokens_required"], json!(true));
    assert_eq!(serde_json::to_value(&metadata).unwrap(), body);
}

/// §3.2: redirects of documents stay refused, of the same origin too.
#[test]
fn a_redirect_is_not_followed() {
    let moved = |_: &str| with_header(json(307, ""), "location", "/.well-known/oauth-protected-resource");
    let (reply, asked) = ask("https://a.example/mcp", Some("https://a.example/m"), STRICT, moved);
    let Err(DiscoverResourceError::Request(RequestError::Unusable { fault, .. })) = reply else { panic!("{reply:?}") };
    assert_eq!((fault, asked.len()), (Fault::Redirect, 1));
}
