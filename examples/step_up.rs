//! An operation that asks for a stronger or a more recent login: RFC 9470.

mod common;

use std::time::Duration;

use common::{CALLBACK, Demo, Error, alice};
use grantor::client::{AuthorizationRequest, Challenge};
use grantor::model::Acr;
use grantor::server::Approval;
use http::StatusCode;

pub(crate) fn main() -> Result<(), Error> {
    // At the API: Alice has used a second factor, within the last five minutes (§3).
    let second_factor = Acr::parse("urn:album:second-factor")?;
    let mut demo = Demo::new()?;
    demo.requirement = demo.requirement.acr_values([second_factor.clone()]).max_age(Duration::from_secs(300));

    let client = demo.client("printer")?;
    let tokens = demo.log_in(&client)?;
    let refused = demo.get_photos(&tokens)?;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);

    // At the client: the challenge says what the next authorization request has to ask for (§4).
    let challenge = Challenge::of(refused.headers()).ok_or("there is no challenge")?;
    assert_eq!(challenge.error.as_deref(), Some("insufficient_user_authentication"));
    println!("— the printer asks Alice again, as the challenge says");
    let acr_values = challenge.acr_values.unwrap_or_default();
    let max_age = challenge.max_age.unwrap_or_default().to_string();
    let request = AuthorizationRequest::new(CALLBACK.parse()?)
        .scope("photos.read".parse()?)
        .parameter("acr_values", &acr_values)
        .parameter("max_age", &max_age);

    // At the authorization server: the prompt says how Alice is to be authenticated, and the approval how she was (§5).
    let tokens = demo.log_in_by(&client, request, |prompt| {
        assert_eq!((&*prompt.asked.acr_values, prompt.asked.max_age), (&[second_factor.clone()][..], Some(300)));
        Ok(Approval::by(alice()?).with_acr(second_factor).authenticated_at(demo.now()))
    })?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);

    // A login grows old, and a refresh does not make it new.
    demo.wait(Duration::from_secs(301));
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::UNAUTHORIZED);
    Ok(())
}
