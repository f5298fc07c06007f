//! Tokens that are good at one of several APIs: RFC 8707.

mod common;

use common::{CALLBACK, Demo, Error, PHOTOS, alice};
use grantor::client::AuthorizationRequest;
use grantor::model::{Audience, Resource};
use grantor::server::Approval;
use http::StatusCode;

const MAIL: &str = "https://api.album.example/mail";

pub(crate) fn main() -> Result<(), Error> {
    let (photos, mail) = (Resource::parse(PHOTOS)?, Resource::parse(MAIL)?);
    let demo = Demo::with(|config| {
        config.resources = Audience::only([photos.clone(), mail.clone()]).ok_or("no resources")?;
        Ok(())
    })?;
    let client = demo.client("printer")?;

    // The client asks Alice for both (§2.1), and each token that it takes is for one of them (§2.2), so that neither
    // API can use at the other what it was shown.
    let request = AuthorizationRequest::new(CALLBACK.parse()?).scope("photos.read".parse()?);
    let request = request.resource(photos.clone()).resource(mail.clone());
    let (url, pending) = client.begin(request, demo.moment())?;
    let query = demo.browse(&url, |prompt| {
        assert!(prompt.asked.audience.includes(&photos) && prompt.asked.audience.includes(&mail));
        Ok(Approval::by(alice()?))
    })?;
    println!("— one access token for the mail");
    let request = client.callback(pending, &query)?.resource(mail);
    let for_mail = request.start(demo.moment()).run(&demo.http())?;
    assert_eq!(demo.get_photos(&for_mail)?.status(), StatusCode::UNAUTHORIZED);

    println!("— and one for the photos");
    let request = for_mail.refresh(&client).ok_or("there is no refresh token")?.resource(photos);
    let for_photos = request.start(demo.moment()).run(&demo.http())?;
    assert_eq!(demo.get_photos(&for_photos)?.status(), StatusCode::OK);

    println!("— what Alice did not grant is refused");
    let other = Resource::parse("https://api.album.example/payments")?;
    let request = for_photos.refresh(&client).ok_or("there is no refresh token")?.resource(other);
    let refused = request.start(demo.moment()).run(&demo.http());
    assert_eq!(refused.err().and_then(|error| error.code().map(str::to_owned)).as_deref(), Some("invalid_target"));
    Ok(())
}
