//! From a 401 to tokens, for a client that knows the URL of an API and no more: the challenge and the metadata of the
//! API (RFC 9728), the metadata of its authorization server (RFC 8414), registration (RFC 7591), consent, and later the
//! refresh. Clients of the Model Context Protocol do all of this.
//!
//! `resource_discovery.rs` takes the same way step by step.

mod common;

use std::time::Duration;

use common::{CALLBACK, Demo, Error, ISSUER, PHOTOS, alice};
use grantor::client::{ClientMetadata, Next, Profile, Protected};
use grantor::model::Resource;
use grantor::server::{Approval, Registrants, RegistrationConfig};
use http::{Request, Response, StatusCode, header};

pub(crate) fn main() -> Result<(), Error> {
    // At the server: whoever comes may register.
    let demo = Demo::with(|config| {
        let mut registration = RegistrationConfig::at(format!("{ISSUER}/register").parse()?);
        registration.registrants = Registrants::Anybody;
        registration.scope = "photos.read photos.write".parse()?;
        config.registration = Some(registration);
        Ok(())
    })?;

    // At the client: what it is, wherever it goes; and what it holds for this API.
    let metadata = ClientMetadata::new().client_name("Poster printer");
    let profile = Profile::new(CALLBACK.parse()?).described_by(metadata);
    let mut photos = Protected::new(Resource::parse(PHOTOS)?);
    assert_eq!(get(&demo, &mut photos, &profile)?.status(), StatusCode::OK);

    // It is kept as a serde value. Later nobody is asked again.
    let kept = serde_json::to_string(&photos)?;
    let mut photos: Protected = serde_json::from_str(&kept)?;
    demo.wait(Duration::from_secs(3600));
    assert_eq!(get(&demo, &mut photos, &profile)?.status(), StatusCode::OK);
    Ok(())
}

/// Calls the API. Any answer is shown to what is held for it, which says how to go on.
fn get(demo: &Demo, photos: &mut Protected, profile: &Profile) -> Result<Response<Vec<u8>>, Error> {
    loop {
        let mut request = Request::get(PHOTOS).body(Vec::new())?;
        request.headers_mut().extend(photos.authorization().map(|value| (header::AUTHORIZATION, value)));
        let response = demo.send(request)?;
        let step = photos.received(response.status(), response.headers(), profile, demo.moment());
        match step.run(&demo.http())? {
            Next::Again(granted) => photos.arrived(granted),
            Next::Ask { url, pending } => {
                photos.asked(&pending);
                let query = demo.browse(&url, |_| Ok(Approval::by(alice()?)))?;
                photos.arrived(pending.callback(&query, demo.moment())?.run(&demo.http())?);
            }
            // The answer is about something else, or the API refuses whatever it is shown.
            _ => return Ok(response),
        }
    }
}
