//! A client that nobody registers: its identifier is the URL of a document that it publishes (client ID metadata
//! documents, which the Model Context Protocol has for clients that meet a server for the first time).
//!
//! The server fetches the document when the client comes. Here the client's web site is a function; in a server of your
//! own, `Policy::fetch` sends the request by the rule that it has, and keeps what it may.
//! `examples/reference-host/src/documents` is the whole of that.

mod common;

use common::{CALLBACK, Demo, Error, ISSUER, alice};
use grantor::client::{AuthorizationRequest, ClientMetadata, Registration};
use grantor::model::ClientId;
use grantor::server::{Approval, ClientIdMetadataDocumentConfig};
use grantor::{Answer, Fetch, FromCache, Policy, Unavailable};
use http::{Response, StatusCode, header};

const CLIENT_ID: &str = "https://poster.example/oauth/client.json";

/// The web, as the server sees it: one document.
struct Web(String);

impl Policy for Web {
    fn fetch(&self, fetch: &Fetch) -> Answer<Fetch> {
        // The rule, for those who really connect: which addresses, how much, and what may come from a cache.
        let rule = fetch.rule();
        assert!(rule.public_addresses_only && rule.max_response_len == 5 * 1024);
        assert_ne!(rule.from_cache, FromCache::Nothing);
        if fetch.request().uri() != CLIENT_ID {
            return Err(Unavailable::new("there is no such host"));
        }
        let response = Response::builder().header(header::CONTENT_TYPE, "application/json");
        response.body(self.0.clone().into_bytes()).map_err(Unavailable::new)
    }
}

pub(crate) fn main() -> Result<(), Error> {
    // At the server: such clients are welcome, for this scope.
    let mut demo = Demo::with(|config| {
        let mut documents = ClientIdMetadataDocumentConfig::default();
        documents.scope = "photos.read".parse()?;
        config.client_id_metadata_documents = Some(documents);
        Ok(())
    })?;
    let server = demo.server.config().metadata();

    // At the client, once for all servers: what it is, to be published at the URL that is its identifier.
    let client_id: ClientId = CLIENT_ID.parse()?;
    let poster = ClientMetadata::new().client_name("Poster printer").redirect_uri(&CALLBACK.parse()?);
    let document = serde_json::to_string(&poster.document_at(&client_id))?;
    println!("— {CLIENT_ID} has\n{document}");
    demo.policy = Box::new(Web(document));

    // It looks if the server takes such clients, and is one: nothing was exchanged before.
    assert!(server.client_id_metadata_document_supported);
    let client = Registration::public(ISSUER.parse()?, client_id).at(server)?;
    let request = AuthorizationRequest::new(CALLBACK.parse()?).scope("photos.read".parse()?);
    let tokens = demo.log_in_by(&client, request, |prompt| {
        // People are shown the host, which nobody can make up, beside the name, which everybody can.
        assert_eq!(prompt.client_host().as_deref(), Some("poster.example"));
        assert_eq!(prompt.client_name.as_deref(), Some("Poster printer"));
        Ok(Approval::by(alice()?))
    })?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);
    Ok(())
}
