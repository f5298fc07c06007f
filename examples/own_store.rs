//! A store of your own, to start from: `examples/common/map_store.rs`, which the documentation of `Store` shows too. It
//! has a map for each kind of record, all behind one mutex, and keeps the storage contract, which the test at the end
//! of this file runs.
//!
//! With a database in place of the maps, each arm of `Tables::apply` becomes a statement whose precondition is inside:
//! the documentation of `grantor::store` has them for SQL. Two optional traits are not there: `Purge`, which forgets
//! what has expired (this store forgets nothing), and `GrantStore`, which lists what people allowed.

mod common;
#[path = "common/map_store.rs"]
mod map_store;

use std::sync::Arc;

use common::{Error, ISSUER};
use grantor::Moment;
use grantor::model::GrantType;
use grantor::record::Client;
use grantor::server::{Config, Server};
use grantor::store::{Change, Commit, Outcome, Store};
use http::{Request, StatusCode, header};
use map_store::MapStore;

pub(crate) fn main() -> Result<(), Error> {
    let mut client = Client::confidential("backup".parse()?, "a-secret-that-was-drawn-at-random");
    client.grant_types = vec![GrantType::ClientCredentials];
    let store = MapStore::default();
    assert_eq!(store.commit(&Commit::of(Change::PutClient(Arc::new(client))))?, Outcome::Applied);

    let server = Server::new(Config::new(ISSUER.parse()?))?;
    let body = "grant_type=client_credentials&client_id=backup&client_secret=a-secret-that-was-drawn-at-random";
    let request = Request::post("/token").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let (request, now) = (request.body(body)?, std::time::SystemTime::now());
    let response = server.token(&request, Moment::try_new(now, &mut getrandom::SysRng)?).run(&store).into_http();
    common::network::show_response(&response);
    assert_eq!(response.status(), StatusCode::OK);
    Ok(())
}

/// In your `Cargo.toml`: `grantor = { version = "…", features = ["store-contract"] }` among the `dev-dependencies`.
#[cfg(test)]
#[test]
fn the_store_keeps_the_contract() {
    grantor::store::contract::check(MapStore::default);
}
