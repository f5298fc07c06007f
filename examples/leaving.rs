//! A client that leaves: it is switched off, or ended with all that it holds.

mod common;

use common::{Demo, Error};
use grantor::record::Client;
use grantor::store::{GrantStore as _, Lookup, Store as _};
use http::StatusCode;

pub(crate) fn main() -> Result<(), Error> {
    let demo = Demo::new()?;
    let client = demo.client("printer")?;
    let tokens = demo.log_in(&client)?;
    let record = || -> Result<Client, Error> {
        let found = demo.store.lookup(&Lookup::of_client("printer".parse()?))?;
        Ok(Client::clone(found.client().ok_or("there is no such client")?))
    };

    // Switched off: no endpoint takes it, and its tokens are inactive to whoever introspects. An API that reads the
    // store, as this one, reads no clients, and takes access tokens until they end.
    println!("— the printer is switched off");
    demo.register(record()?.disable())?;
    let refresh =
        || -> Result<_, Error> { Ok(tokens.refresh(&client).ok_or("no refresh token")?.start(demo.moment())) };
    let Err(error) = refresh()?.run(&demo.http()) else { return Err("it was refreshed".into()) };
    assert_eq!(error.code(), Some("invalid_client"));
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);

    println!("— the printer is switched on again, and goes on where it was");
    demo.register(record()?.enable())?;
    let tokens = refresh()?.run(&demo.http())?;

    // Ended: switched off, and its grants revoked, which every API sees. The record stays, so that nobody else gets its
    // id and is taken for it.
    println!("— the printer is ended");
    let ended = demo.store.end_client(record()?, demo.now())?;
    assert_eq!(ended, Some(1), "one grant; `None` would mean that somebody else has changed the record");
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::UNAUTHORIZED);
    assert!(demo.log_in(&client).is_err());
    Ok(())
}
