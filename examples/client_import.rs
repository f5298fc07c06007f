//! A list of clients that another server had, taken over: RFC 7591 §2.

mod common;

use common::{CALLBACK, Demo, Error};
use grantor::record::ClientImport;
use http::StatusCode;
use serde_json::json;

pub(crate) fn main() -> Result<(), Error> {
    // What the old server exports: client metadata by the names of the RFC.
    let list = [
        json!({
            "client_id": "gallery",
            "redirect_uris": [CALLBACK, "https://*.gallery.example/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
            "scope": "photos.read",
            "logo_uri": "https://gallery.example/logo.png",
        }),
        json!({ "client_id": "bank", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt" }),
    ];

    // Each becomes a record, or is refused; whatever is not taken has a remark, for a person to read.
    let demo = Demo::new()?;
    let mut refused = Vec::new();
    for imported in ClientImport::default().read_all(&list) {
        let client_id = imported.client_id.unwrap_or_default();
        for remark in &imported.remarks {
            println!("{client_id}: {remark}");
        }
        match imported.client {
            Some(record) => demo.register(record)?,
            None => refused.push(client_id),
        }
    }
    assert_eq!(refused, ["bank"]);

    let tokens = demo.log_in(&demo.client("gallery")?)?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);
    Ok(())
}
