//! A request that is answered without a page, since the person allowed all of it before: `prompt=none` of OpenID
//! Connect Core. Only a client whose identity is proven gets that (RFC 8252 §8.6); this one is, by the https of its
//! redirect URI.

mod common;

use common::{CALLBACK, Demo, Error, alice};
use grantor::client::{AuthorizationRequest, CallbackError};
use grantor::model::{AuthenticationEvent, PromptValue};
use grantor::server::{Approval, AuthorizeReply, Interaction};
use grantor::store::{GrantStore as _, GrantsOf};
use http::{Request, StatusCode};

pub(crate) fn main() -> Result<(), Error> {
    let demo = Demo::new()?;
    let client = demo.client("printer")?;
    let silently = |scope: &str| -> Result<_, Error> {
        let request = AuthorizationRequest::new(CALLBACK.parse()?).scope(scope.parse()?);
        Ok(client.begin(request.prompt([PromptValue::None]), demo.moment())?)
    };

    // Alice allows it once, on a page.
    let tokens = demo.log_in(&client)?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);

    // From then on the printer gets tokens without one, for as long as she is logged in and ends nothing.
    let login = AuthenticationEvent::at(demo.now());
    let (url, pending) = silently("photos.read")?;
    let query = answer(&demo, &url, Some(&login))?;
    let tokens = client.callback(pending, &query)?.start(demo.moment()).run(&demo.http())?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);

    // More than that has to be asked, and so has a login. The client learns which, and sends her to a page then.
    for (scope, login, error) in
        [("photos.read photos.write", Some(&login), "consent_required"), ("photos.read", None, "login_required")]
    {
        let (url, pending) = silently(scope)?;
        let query = answer(&demo, &url, login)?;
        let Err(CallbackError::Refused(refused)) = client.callback(pending, &query).map(drop) else {
            return Err("not refused".into());
        };
        println!("— {scope}: {}", refused.error);
        assert_eq!(refused.error, error);
    }
    Ok(())
}

/// The host at the authorization endpoint, for whoever is logged in at this browser.
fn answer(demo: &Demo, url: &str, login: Option<&AuthenticationEvent>) -> Result<String, Error> {
    let request = Request::get(url).body("")?;
    let AuthorizeReply::Ask(prompt) = demo.server.authorize(&request, demo.moment()).run(&demo.host()) else {
        return Err("the request is wrong".into());
    };
    assert!(prompt.is_silent(), "a host shows its pages otherwise");

    // What Alice allowed to this client and has not ended is what her consent covers.
    let of = GrantsOf::SubjectAndClient(alice()?, prompt.recipient.client_id.clone());
    let held = if login.is_some() { demo.store.held_grants(&of, None, 100, demo.now())? } else { Vec::new() };
    let open = prompt.needs(login, held.iter().map(|held| &*held.grant));
    let step = match (open, login.and_then(|login| login.auth_time)) {
        (None, Some(auth_time)) => {
            let approval = Approval::by(alice()?).authenticated_at(auth_time);
            prompt.approve(&demo.server, approval, demo.moment())
        }
        (open, _) => prompt.refuse(&demo.server, open.unwrap_or(Interaction::Login), demo.moment()),
    };
    let response = step.run(&demo.host());
    let (_, query) = response.location().and_then(|url| url.split_once('?')).ok_or("no redirect")?;
    Ok(query.to_owned())
}
