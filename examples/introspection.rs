//! An API that does not share the store, and asks the authorization server about each token: RFC 7662.

mod common;

use std::time::Duration;

use common::{Demo, Error, ISSUER, PHOTOS};
use grantor::model::Secret;
use grantor::record;
use grantor::resource::{Cache, Introspector, Registration};
use http::{Request, header};

pub(crate) fn main() -> Result<(), Error> {
    let demo = Demo::new()?;
    let client = demo.client("printer")?;

    // At the authorization server: the API is a client with a secret, which may ask about tokens that are for it.
    let secret = Secret::generate(&mut getrandom::SysRng)?;
    let mut record = record::Client::confidential("photos-api".parse()?, secret.expose());
    record.resource_server = Some(vec![PHOTOS.parse()?]);
    demo.register(record)?;

    // At the API: whom it asks, as whom, and how long it goes by an answer. A token that is revoked meanwhile is taken
    // for so long.
    let registration = Registration::confidential(ISSUER.parse()?, "photos-api".parse()?, secret);
    let introspector = Introspector::at(&registration, &demo.server.config().metadata())?
        .with_cache(Cache::new(10_000, Duration::from_secs(30)));

    let tokens = demo.log_in(&client)?;
    let request = Request::get("/photos").header(header::AUTHORIZATION, tokens.authorization()).body("")?;
    println!("— the printer asks for photos twice");
    let is_served = || {
        let check = demo.api.check_by_introspection(&request, &demo.requirement, &introspector, demo.moment());
        check.run(&demo.http()).into_result().is_ok()
    };
    let before = demo.requests();
    assert!(is_served() && is_served());
    assert_eq!(demo.requests() - before, 1, "the second time, the answer is remembered");

    println!("— the printer gives the token up");
    tokens.revoke(&client, demo.moment()).run(&demo.http())?;
    assert!(is_served());
    demo.wait(Duration::from_secs(30));
    assert!(!is_served());
    Ok(())
}
