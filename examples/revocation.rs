//! Giving tokens up, as when somebody logs out of an app: RFC 7009.

mod common;

use common::{Demo, Error};
use grantor::client::TokenTypeHint;
use http::StatusCode;

pub fn main() -> Result<(), Error> {
    let demo = Demo::new()?;
    let client = demo.client("printer")?;

    // A token set is given up with all that its grant holds: the refresh token takes the access tokens with it.
    let tokens = demo.log_in(&client)?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);
    tokens.revoke(&client, demo.moment()).run(&demo.http())?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::UNAUTHORIZED);

    // An access token by itself goes alone, and the refresh token brings another.
    let tokens = demo.log_in(&client)?;
    let hint = Some(TokenTypeHint::AccessToken);
    client.revoke(tokens.access_token(), hint, demo.moment()).run(&demo.http())?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::UNAUTHORIZED);
    let request = tokens.refresh(&client).ok_or("there is no refresh token")?;
    let refreshed = request.start(demo.moment()).run(&demo.http())?;
    assert_eq!(demo.get_photos(&refreshed)?.status(), StatusCode::OK);
    Ok(())
}
