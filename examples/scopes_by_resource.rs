//! Scope values that belong to one API each: RFC 8707 §2.2, RFC 9068 §3.

mod common;

use common::{CALLBACK, Demo, Error, PHOTOS, alice, app};
use grantor::client::{AuthorizationRequest, RequestError};
use grantor::model::{Audience, Resource};
use grantor::server::Approval;
use http::StatusCode;

const MAIL: &str = "https://api.album.example/mail";

pub(crate) fn main() -> Result<(), Error> {
    let (photos, mail) = (Resource::parse(PHOTOS)?, Resource::parse(MAIL)?);
    let demo = Demo::with(|config| {
        config.resources = Audience::only([photos.clone(), mail.clone()]).ok_or("no resources")?;
        config.scope.of_resource.insert(photos.clone(), "photos.read photos.write".parse()?);
        config.scope.of_resource.insert(mail.clone(), "mail.read".parse()?);
        Ok(())
    })?;
    let mut postcards = app("postcards")?;
    // `profile` belongs to no API, and goes with every token.
    postcards.scope = "profile photos.read mail.read".parse()?;
    demo.register(postcards)?;
    let client = demo.client("postcards")?;

    // Alice is asked once for both APIs.
    let request = AuthorizationRequest::new(CALLBACK.parse()?).scope("profile photos.read mail.read".parse()?);
    let request = request.resource(photos.clone()).resource(mail.clone());
    let (url, pending) = client.begin(request, demo.moment())?;
    let query = demo.browse(&url, |_| Ok(Approval::by(alice()?)))?;

    println!("— a token for the mail says nothing about photos");
    let request = client.callback(pending, &query)?.resource(mail.clone());
    let for_mail = request.start(demo.moment()).run(&demo.http())?;
    assert_eq!(for_mail.scope(), Some(&"profile mail.read".parse()?));

    println!("— and the same refresh token gets one for the photos");
    let request = for_mail.refresh(&client).ok_or("there is no refresh token")?.resource(photos.clone());
    let for_photos = request.start(demo.moment()).run(&demo.http())?;
    assert_eq!(for_photos.scope(), Some(&"profile photos.read".parse()?));

    println!("— which has no right to read mail");
    let request = for_photos.refresh(&client).ok_or("there is no refresh token")?;
    let request = request.scope("mail.read".parse()?).resource(photos.clone());
    let refused = request.start(demo.moment()).run(&demo.http());
    assert_eq!(refused.err().as_ref().and_then(RequestError::code), Some("invalid_scope"));

    println!("— a request that names no API is for the one that its scope belongs to");
    let request = AuthorizationRequest::new(CALLBACK.parse()?).scope("photos.read".parse()?);
    let tokens = demo.log_in_by(&client, request, |prompt| {
        assert_eq!(prompt.asked.audience, photos.clone().into());
        Ok(Approval::by(alice()?))
    })?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);

    // The API's own document names its part.
    assert_eq!(demo.server.config().scope_of(&mail), "mail.read".parse()?);
    Ok(())
}
