//! A client that registers itself: RFC 7591, and RFC 7592 for what comes after.
//!
//! The server says who may register, and for what at most. The client keeps what it was told, goes on with the code
//! flow, changes its name, and leaves.

mod common;

use common::{CALLBACK, Demo, Error, ISSUER, alice};
use grantor::client::{AuthorizationRequest, ClientMetadata, Registered, register};
use grantor::server::{Approval, Registrants, RegistrationConfig};
use grantor::store::PurgeClients as _;
use http::StatusCode;

pub(crate) fn main() -> Result<(), Error> {
    // At the server: the endpoint, below which each client finds its own. Whoever comes may register, for this scope.
    let demo = Demo::with(|config| {
        let mut registration = RegistrationConfig::at(format!("{ISSUER}/register").parse()?);
        registration.registrants = Registrants::Anybody;
        registration.scope = "photos.read photos.write".parse()?;
        config.registration = Some(registration);
        Ok(())
    })?;
    let server = demo.server.config().metadata();

    // At the client: it says what it is (RFC 7591 §2), once for each server.
    let poster = ClientMetadata::new().client_name("Poster printer").redirect_uri(&CALLBACK.parse()?);
    let poster = poster.scope(&"photos.read".parse()?);
    let registered = register(&server, &poster, None, demo.moment()).run(&demo.http())?;
    // It keeps the answer with its secrets, by the issuer that it is good at.
    let kept = serde_json::to_string(&registered)?;
    let registered: Registered = serde_json::from_str(&kept)?;

    // From here on it is a client like any other.
    let client = registered.registration()?.at(server)?;
    let request = AuthorizationRequest::new(CALLBACK.parse()?).scope("photos.read".parse()?);
    let (url, pending) = client.begin(request, demo.moment())?;
    let query = demo.browse(&url, |prompt| {
        // Nobody has checked the name: say so where you show it.
        assert_eq!(prompt.client_name.as_deref(), Some("Poster printer"));
        Ok(Approval::by(alice()?))
    })?;
    let tokens = client.callback(pending, &query)?.start(demo.moment()).run(&demo.http())?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);

    println!("— it has another name now (RFC 7592 §2.2)");
    let renamed = registered.metadata().clone().client_name("Poster and postcard printer");
    let registered = registered.update(&renamed, demo.moment()).run(&demo.http())?;
    assert_eq!(registered.metadata().text("client_name"), Some("Poster and postcard printer"));

    println!("— it leaves, and its tokens with it (RFC 7592 §2.3)");
    registered.delete(demo.moment()).run(&demo.http())?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::UNAUTHORIZED);

    // At the server, now and then: clients that nobody uses are forgotten, here those of more than a month ago.
    let month = 30 * 24 * 60 * 60;
    let forgotten = demo.store.purge_clients(grantor::Timestamp(demo.now().0 - month), 500)?;
    assert_eq!(forgotten, 0, "it left just now");
    Ok(())
}
