//! A response that the browser posts to the client, so that the code stands in no URL: OAuth 2.0 Form Post Response
//! Mode.

mod common;

use common::{CALLBACK, Demo, Error, alice};
use grantor::client::AuthorizationRequest;
use grantor::model::ResponseMode;
use grantor::server::Approval;
use http::{Request, StatusCode, header};

pub(crate) fn main() -> Result<(), Error> {
    let demo = Demo::new()?;
    let client = demo.client("printer")?;

    // At the client: the request names the response mode.
    let request = AuthorizationRequest::new(CALLBACK.parse()?).scope("photos.read".parse()?);
    let (url, pending) = client.begin(request.response_mode(ResponseMode::FormPost), demo.moment())?;

    // At the server: the decision is the same, and the response is a page with a form. With a script the browser posts
    // it at once, without one the person presses the button.
    let response = demo.approve(&url, |prompt| {
        assert_eq!(prompt.recipient.response_mode(), ResponseMode::FormPost);
        Ok(Approval::by(alice()?))
    })?;
    let form = response.form_post().ok_or("no form")?.clone();
    let page = response.into_http();
    common::network::show_response(&page);
    assert_eq!(page.status(), StatusCode::OK);

    // The browser posts the form to the client.
    let mut body = form_urlencoded::Serializer::new(String::new());
    let body = form.fields().fold(&mut body, |body, (name, value)| body.append_pair(name, value)).finish();
    let post = Request::post(form.action().as_str()).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let post = post.body(body)?;

    // At the client: the callback reads the body in place of the query.
    let tokens = client.callback_form_post(pending, &post)?.start(demo.moment()).run(&demo.http())?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);
    Ok(())
}
