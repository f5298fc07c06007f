//! An authorization request that goes past the browser: RFC 9126.

mod common;

use common::{CALLBACK, Demo, Error, alice};
use grantor::client::{AuthorizationRequest, BeginError};
use grantor::server::{Approval, ParConfig};
use http::StatusCode;

pub(crate) fn main() -> Result<(), Error> {
    // At the server: the endpoint exists, and takes the only requests that there are. The metadata says both.
    let demo = Demo::with(|config| {
        let mut par = ParConfig::below(&config.issuer);
        par.require_pushed_authorization_requests = true;
        config.par = Some(par);
        Ok(())
    })?;
    let client = demo.client("printer")?;

    // At the client: the request is pushed (§2.1). A client with a secret authenticates, as at the token endpoint.
    let request = AuthorizationRequest::new(CALLBACK.parse()?).scope("photos.read".parse()?);
    let in_the_browser = client.begin(request.clone(), demo.moment()).map(drop);
    assert_eq!(in_the_browser, Err(BeginError::PushRequired), "the server would refuse it");
    let pushed = client.push(request, demo.moment()).run(&demo.http())?;

    // The browser has nothing but a reference, which is good once and for a minute (§4).
    let query = demo.browse(&pushed.url, |prompt| {
        assert_eq!(prompt.asked.scope, "photos.read".parse()?, "what was pushed");
        Ok(Approval::by(alice()?))
    })?;

    // From here on nothing differs.
    let tokens = client.callback(pushed.pending, &query)?.start(demo.moment()).run(&demo.http())?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);
    println!("— the browser comes with the same reference again");
    assert!(demo.browse(&pushed.url, |_| Ok(Approval::by(alice()?))).is_err(), "the reference is spent");
    Ok(())
}
