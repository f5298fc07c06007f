//! A request for one payment, to the cent: RFC 9396.

mod common;

use common::{CALLBACK, Demo, Error, alice, app};
use grantor::client::{AuthorizationRequest, RequestError};
use grantor::model::{AuthorizationDetail, AuthorizationDetails};
use grantor::resource::Requirement;
use grantor::server::{Approval, AuthorizationDetailsType, DetailMembers, InvalidDetail, MemberKind};
use http::{Request, header};
use serde_json::json;

/// The host's own type. Anything that such an object may not have is refused before Alice is asked.
#[derive(Debug)]
struct Payment;

impl AuthorizationDetailsType for Payment {
    fn check(&self, detail: &AuthorizationDetail) -> Result<(), InvalidDetail> {
        DetailMembers::new()
            .required("actions", MemberKind::List)
            .required("amount", MemberKind::Number)
            .required("creditorName", MemberKind::Text)
            .check(detail)?;
        match detail.member("amount").and_then(|amount| amount.as_f64()) {
            Some(amount) if amount > 0.0 => Ok(()),
            _ => Err(InvalidDetail::new("the amount is not positive")),
        }
    }
}

pub(crate) fn main() -> Result<(), Error> {
    // At the server: the type, and a client that may ask for it.
    let demo = Demo::with(|config| {
        config.authorization_details.add("payment", Payment);
        Ok(())
    })?;
    let mut shop = app("shop")?;
    shop.authorization_details_types = vec!["payment".to_owned()];
    demo.register(shop)?;
    let client = demo.client("shop")?;

    // At the client: two payments. A real client pushes such a request (RFC 9126), so that nobody changes it on the
    // way.
    let prints =
        json!({ "type": "payment", "actions": ["initiate", "status"], "amount": 12.5, "creditorName": "Prints" });
    let frames = json!({ "type": "payment", "actions": ["initiate"], "amount": 80, "creditorName": "Frames" });
    let details: AuthorizationDetails = serde_json::from_value(json!([prints, frames]))?;
    let request = AuthorizationRequest::new(CALLBACK.parse()?).authorization_details(details);
    let tokens = demo.log_in_by(&client, request, |prompt| {
        // On the consent page, each has a box. Alice unticks the frames.
        let asked = &prompt.asked.authorization_details;
        assert_eq!(asked.iter().map(AuthorizationDetail::detail_type).collect::<Vec<_>>(), ["payment", "payment"]);
        Ok(Approval::by(alice()?).narrowed_to_details(asked.at(&[0])))
    })?;

    // The response says what the token is good for (§7), and so the API learns (§9).
    let granted: AuthorizationDetails = serde_json::from_value(json!([prints]))?;
    assert_eq!(*tokens.authorization_details(), granted);
    let request = Request::get("/payments").header(header::AUTHORIZATION, tokens.authorization()).body(Vec::new())?;
    let anything = Requirement::any();
    let access =
        demo.api.check(&request, &anything, demo.now()).run(&demo.store).into_result().map_err(|_| "refused")?;
    assert_eq!(access.authorization_details(), &*granted);

    println!("— a refresh may ask for less");
    let status = json!({ "type": "payment", "actions": ["status"], "amount": 12.5, "creditorName": "Prints" });
    let status: AuthorizationDetails = serde_json::from_value(json!([status]))?;
    let request = tokens.refresh(&client).ok_or("there is no refresh token")?.authorization_details(status.clone());
    let narrow = request.start(demo.moment()).run(&demo.http())?;
    assert_eq!(*narrow.authorization_details(), status);

    println!("— and not for what Alice did not grant");
    let frames: AuthorizationDetails = serde_json::from_value(json!([frames]))?;
    let request = narrow.refresh(&client).ok_or("there is no refresh token")?.authorization_details(frames);
    let refused = request.start(demo.moment()).run(&demo.http());
    assert_eq!(refused.err().as_ref().and_then(RequestError::code), Some("invalid_authorization_details"));
    Ok(())
}
