//! The pages on which people see what they allowed, and end it. No RFC has them; a store that implements `GrantStore`
//! has what they need.

mod common;

use common::{Demo, Error, alice, app};
use grantor::store::{GrantStore as _, GrantsOf};
use http::StatusCode;

pub(crate) fn main() -> Result<(), Error> {
    let demo = Demo::new()?;
    demo.register(app("gallery")?)?;
    let (printer, gallery) = (demo.client("printer")?, demo.client("gallery")?);
    let (on_phone, at_home, to_gallery) = (demo.log_in(&printer)?, demo.log_in(&printer)?, demo.log_in(&gallery)?);

    // "Connected apps": one line for each, however often she logged in.
    let list = || demo.store.applications(&alice()?, None, 10, demo.now()).map_err(Error::from);
    for app in list()? {
        let name = app.client_name.as_deref().unwrap_or(app.client_id.as_str());
        println!("{name}: {}, {} logins, last at {}", app.scope, app.grants, app.last_granted_at);
    }
    let lines: Vec<_> = list()?.into_iter().map(|app| (app.client_id.to_string(), app.grants)).collect();
    assert_eq!(lines, [("gallery".to_owned(), 1), ("printer".to_owned(), 2)]);

    // "Remove": every grant of hers to this app. `Change::Revoke` ends a single one.
    println!("— Alice removes the printer");
    let of = GrantsOf::SubjectAndClient(alice()?, "printer".parse()?);
    assert_eq!(demo.store.revoke_grants(&of, demo.now())?, 2);
    assert_eq!(demo.get_photos(&on_phone)?.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(demo.get_photos(&at_home)?.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(demo.get_photos(&to_gallery)?.status(), StatusCode::OK);

    println!("— Alice logs out everywhere");
    demo.store.revoke_grants(&GrantsOf::Subject(alice()?), demo.now())?;
    assert_eq!(demo.get_photos(&to_gallery)?.status(), StatusCode::UNAUTHORIZED);
    assert!(list()?.is_empty());
    Ok(())
}
