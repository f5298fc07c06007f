//! Giving tokens up, as when somebody logs out of an app: RFC 7009.

mod common;

use common::{Demo, Error};
use grantor::client::TokenTypeHint;
use http::StatusCode;

pub(crate) fn main() -> Result<(), Error> {
    let demo = Demo::new()?;
    let client = demo.client("printer")?;

    // The refresh token takes every access token of its grant with it (§2.1).
    let tokens = demo.log_in(&client)?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);
    println!("— the printer gives all its tokens up");
    tokens.revoke(&client, demo.moment()).run(&demo.http())?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::UNAUTHORIZED);

    // An access token goes alone, and the refresh token brings another.
    let tokens = demo.log_in(&client)?;
    println!("— the printer gives up one access token");
    let hint = Some(TokenTypeHint::AccessToken);
    client.revoke(tokens.access_token(), hint, demo.moment()).run(&demo.http())?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::UNAUTHORIZED);
    let request = tokens.refresh(&client).ok_or("there is no refresh token")?;
    let refreshed = request.start(demo.moment()).run(&demo.http())?;
    assert_eq!(demo.get_photos(&refreshed)?.status(), StatusCode::OK);
    Ok(())
}
