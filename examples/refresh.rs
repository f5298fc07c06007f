//! Refreshing, with refresh tokens that rotate: RFC 6749 §6, RFC 9700 §4.14.2.

mod common;

use std::time::Duration;

use common::{Demo, Error};
use grantor::client::TokenSet;
use grantor::server::RefreshPolicy;
use http::StatusCode;

pub(crate) fn main() -> Result<(), Error> {
    // As it comes: each refresh spends the refresh token and brings a new one. For 30 seconds the spent one may be
    // presented again, by a client that lost the response.
    let demo = Demo::with(|config| {
        config.token.access_token_lifetime = Duration::from_secs(10 * 60);
        config.token.refresh = RefreshPolicy::Rotate { grace: Duration::from_secs(30) };
        Ok(())
    })?;
    let client = demo.client("printer")?;
    let first = demo.log_in(&client)?;

    demo.wait(Duration::from_secs(10 * 60));
    assert!(first.needs_refresh(demo.now()));
    assert_eq!(demo.get_photos(&first)?.status(), StatusCode::UNAUTHORIZED);

    let refresh = |tokens: &TokenSet| -> Result<TokenSet, Error> {
        let request = tokens.refresh(&client).ok_or("there is no refresh token")?;
        Ok(request.start(demo.moment()).run(&demo.http())?)
    };
    println!("— the client refreshes, and once more with the same refresh token, as if the response had been lost");
    let second = refresh(&first)?;
    assert_eq!(demo.get_photos(&second)?.status(), StatusCode::OK);
    let retried = refresh(&first)?;
    assert_eq!(demo.get_photos(&retried)?.status(), StatusCode::OK);

    // Later, either a thief presents it or the client does after a thief did. Nobody knows which, so the grant ends,
    // and the client has to ask Alice again.
    demo.wait(Duration::from_secs(30));
    println!("— somebody presents the first refresh token again");
    assert!(refresh(&first).is_err());
    assert_eq!(demo.get_photos(&second)?.status(), StatusCode::UNAUTHORIZED);
    assert!(refresh(&second).is_err());
    Ok(())
}
