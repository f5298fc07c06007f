//! An authorization request that goes past the browser: RFC 9126.
//!
//! The server has the endpoint. The client has no method for it yet; what it sends is what it would have put into the
//! URL, so a request made by hand does.

mod common;

use common::{CALLBACK, Demo, Error, ISSUER, alice};
use grantor::client::AuthorizationRequest;
use grantor::server::{Approval, ParConfig};
use http::{Request, StatusCode, header};

pub(crate) fn main() -> Result<(), Error> {
    // At the server: the endpoint exists, and the metadata names it.
    let demo = Demo::with(|config| {
        config.par = Some(ParConfig::at(format!("{ISSUER}/par").parse()?));
        Ok(())
    })?;
    let client = demo.client("printer")?;
    let par = client.server().pushed_authorization_request_endpoint.as_ref().ok_or("there is no such endpoint")?;

    // At the client: the request is pushed (§2.1). A client with a secret adds it here, as at the token endpoint.
    let request = AuthorizationRequest::new(CALLBACK.parse()?).scope("photos.read".parse()?);
    let (url, pending) = client.begin(request, demo.moment())?;
    let (authorization_endpoint, query) = url.split_once('?').ok_or("no query")?;
    let push = Request::post(par.as_str()).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let pushed = demo.send(push.body(query.into())?)?;
    assert_eq!(pushed.status(), StatusCode::CREATED);

    // The browser has nothing but a reference, which is good once and for a minute (§4).
    let pushed: serde_json::Value = serde_json::from_slice(pushed.body())?;
    let request_uri = pushed.get("request_uri").and_then(|value| value.as_str()).ok_or("no request_uri")?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("client_id", client.client_id().as_str()).append_pair("request_uri", request_uri);
    let url = format!("{authorization_endpoint}?{}", query.finish());
    let query = demo.browse(&url, |prompt| {
        assert_eq!(prompt.asked.scope, "photos.read".parse()?, "what was pushed");
        Ok(Approval::by(alice()?))
    })?;

    // From here on nothing differs.
    let tokens = client.callback(pending, &query)?.start(demo.moment()).run(&demo.http())?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);
    println!("— the browser comes with the same reference again");
    assert!(demo.browse(&url, |_| Ok(Approval::by(alice()?))).is_err(), "the reference is spent");
    Ok(())
}
