//! Many tasks of a client, one token set, and one refresh for all of them: RFC 6749 §6, RFC 9700 §4.14.2.

mod common;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use common::{Demo, Error};
use grantor::client::{RefreshError, SharedTokens, TokenSet, TokenTypeHint};
use http::StatusCode;

pub(crate) fn main() -> Result<(), Error> {
    let demo = Demo::new()?;
    let client = demo.client("printer")?;
    // A clone of it is the same token set.
    let shared = SharedTokens::new(demo.log_in(&client)?);

    // Whoever finds that the access token has ended takes the turn to refresh; the others wait for what comes of it.
    // Two refreshes with one refresh token would be a race, whose loser may be taken for a thief.
    demo.wait(Duration::from_secs(10 * 60));
    println!("— twenty tasks want an access token");
    let before = demo.requests();
    let get = || shared.get(&client, demo.moment(), &demo.http());
    let all: Vec<Result<Arc<TokenSet>, RefreshError>> = thread::scope(|scope| {
        let tasks: Vec<_> = (0..20).map(|_| scope.spawn(get)).collect();
        tasks.into_iter().filter_map(|task| task.join().ok()).collect()
    });
    assert_eq!((all.len(), demo.requests() - before), (20, 1), "one refresh for twenty");
    let current = get()?;
    for tokens in all {
        assert_eq!(tokens?.access_token(), current.access_token());
    }

    // An API refuses a token before its time. Whoever is told says so, and whoever comes next refreshes.
    println!("— the API refuses the new one");
    let hint = Some(TokenTypeHint::AccessToken);
    client.revoke(current.access_token(), hint, demo.moment()).run(&demo.http())?;
    assert_eq!(demo.get_photos(&current)?.status(), StatusCode::UNAUTHORIZED);
    shared.refused(&current);
    assert_eq!(demo.get_photos(&*get()?)?.status(), StatusCode::OK);
    Ok(())
}
