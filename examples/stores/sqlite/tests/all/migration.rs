//! A file that an earlier release wrote.

use std::path::Path;

use grantor::Timestamp;
use grantor::model::{ClientId, Digest, Key, Partition};
use grantor::store::{Change, Commit, GrantStore, GrantsOf, Lookup, Outcome, Presented, Store};
use grantor_sqlite::SqliteStore;
use rusqlite::{Connection, params};

/// The schema of version 1, as it was released.
const SCHEMA: &str = "
    CREATE TABLE grants (
        id BLOB PRIMARY KEY,
        partition INTEGER NOT NULL,
        record TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        revoked INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE credentials (
        partition INTEGER NOT NULL,
        digest BLOB NOT NULL,
        grant_id BLOB NOT NULL,
        record TEXT NOT NULL,
        revision INTEGER NOT NULL,
        spent_at INTEGER,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (partition, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE witnesses (
        partition INTEGER NOT NULL,
        digest BLOB NOT NULL,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (partition, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE clients (
        client_id TEXT PRIMARY KEY,
        record TEXT NOT NULL,
        revision INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX grants_by_expiry ON grants (expires_at);
    CREATE INDEX credentials_by_expiry ON credentials (expires_at);
    CREATE INDEX witnesses_by_expiry ON witnesses (expires_at);
    PRAGMA user_version = 1;
";

/// The changes of version 2 to the schema, as they were on the main branch.
const VERSION_2: &str = "
    CREATE TABLE requests (
        partition INTEGER NOT NULL,
        digest BLOB NOT NULL,
        user_code BLOB,
        client_id TEXT NOT NULL,
        record TEXT NOT NULL,
        revision INTEGER NOT NULL,
        spent_at INTEGER,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (partition, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX requests_by_user_code ON requests (partition, user_code) WHERE user_code IS NOT NULL;
    CREATE INDEX requests_by_expiry ON requests (expires_at);
    ALTER TABLE grants ADD COLUMN subject TEXT;
    ALTER TABLE grants ADD COLUMN client_id TEXT NOT NULL DEFAULT '';
    UPDATE grants SET subject = json_extract(record, '$.subject'), client_id = json_extract(record, '$.client_id');
    CREATE INDEX grants_by_subject ON grants (subject, client_id) WHERE subject IS NOT NULL;
    CREATE INDEX grants_by_client ON grants (client_id);
    ALTER TABLE credentials ADD COLUMN reuses INTEGER NOT NULL DEFAULT 0;
    PRAGMA user_version = 2;
";

/// Three grants to one client: a person's, the same person's that is revoked, and the client's own.
const GRANTS: [(u8, &str, bool); 3] = [
    (1, r#""subject":"jürgen \"j\"","grant_type":"authorization_code","auth_time":9,"acr":"urn:example:mfa""#, false),
    (2, r#""subject":"jürgen \"j\"","grant_type":"authorization_code""#, true),
    (3, r#""grant_type":"client_credentials""#, false),
];

const CLIENT: &str = r#"{"version":1,"revision":3,"client_id":"app","client_name":"An app","authentication":{"secret":{"digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","presented":"client_secret_basic"}},"redirect_uris":["https://client.example/cb"],"grant_types":["authorization_code","urn:example:assertion"],"response_types":["code"],"scope":"read write","require_pkce":true,"require_redirect_uri":true,"resource":["https://photos.example/"],"resource_server":["https://photos.example/"]}"#;

fn digest(number: u8) -> Digest {
    Digest::from_bytes([number; 32])
}

fn key(number: u8) -> Key {
    Key { partition: Partition(u16::from(number)), digest: digest(number) }
}

/// Writes what version 1 wrote: each grant with a refresh token, that of the first one spent and followed by an access
/// token.
fn write_version_1(file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let connection = Connection::open(file)?;
    connection.execute_batch(SCHEMA)?;
    let credential = |partition: u8, number: u8, spent_at: Option<i64>, kind: &str| {
        let grant = [vec![0, partition], vec![partition; 16]].concat();
        let id = grantor::model::GrantId::from_bytes(grant.clone().try_into().map_err(|_| "18 bytes")?);
        let digest = digest(number);
        let record = format!(
            r#"{{"version":1,"revision":0,"key":{{"partition":{partition},"digest":"{digest}"}},"grant":"{id}",{kind},"scope":"read","resource":["https://photos.example/"],"issued_at":10,"expires_at":1000}}"#
        );
        connection.execute(
            "INSERT INTO credentials VALUES (?1, ?2, ?3, ?4, 0, ?5, 1000)",
            params![partition, digest.as_bytes(), grant, record, spent_at],
        )?;
        Ok::<_, Box<dyn std::error::Error>>((grant, id))
    };
    for (number, members, revoked) in GRANTS {
        let spent_at = (number == 1).then_some(50);
        let (grant, id) = credential(number, number, spent_at, r#""kind":"refresh_token""#)?;
        let record =
            format!(r#"{{"version":1,"id":"{id}","client_id":"app",{members},"scope":"read","issued_at":10}}"#);
        connection
            .execute("INSERT INTO grants VALUES (?1, ?2, ?3, 1000, ?4)", params![grant, number, record, revoked])?;
    }
    credential(1, 4, None, r#""kind":"access_token","claims":{"tenant":"acme"}"#)?;
    connection.execute("INSERT INTO clients VALUES ('app', ?1, 3)", [CLIENT])?;
    Ok(())
}

#[test]
fn a_file_of_version_1_is_brought_up_to_date_and_nothing_is_lost() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("old.sqlite");
    write_version_1(&file)?;
    is_brought_up_to_date(&file)
}

#[test]
fn a_file_of_version_2_is_brought_up_to_date_and_nothing_is_lost() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("old.sqlite");
    write_version_1(&file)?;
    let connection = Connection::open(&file)?;
    connection.execute_batch(VERSION_2)?;
    connection.execute_batch(
        "INSERT INTO requests VALUES (7, x'01', x'02', 'app', '{}', 4, 50, 1000);
         UPDATE credentials SET reuses = 2 WHERE spent_at IS NOT NULL;",
    )?;
    drop(SqliteStore::open(&file)?);
    let kept: i64 = connection.query_row(
        "SELECT count(*) FROM requests, credentials WHERE reuses = 2 AND (requests.digest, user_code, client_id,
         requests.record, requests.revision, requests.spent_at, requests.expires_at)
         = (x'01', x'02', 'app', '{}', 4, 50, 1000)",
        [],
        |row| row.get(0),
    )?;
    assert_eq!(kept, 1);
    is_brought_up_to_date(&file)
}

fn is_brought_up_to_date(file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    drop(SqliteStore::open(file)?);
    // The second time there is nothing to do.
    let store = SqliteStore::open(file)?;
    let version: i64 = Connection::open(file)?.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    assert_eq!(version, 4);

    let app = ClientId::parse("app")?;
    let keys = [key(1), key(2), key(3), Key { digest: digest(4), ..key(1) }];
    let found = store.lookup(&Lookup::new(Some(app.clone()), keys)?)?;
    assert_eq!(found.client().map(|client| client.revision), Some(3));
    let said = |said: fn(&Presented) -> bool| keys.map(|key| found.credential(key).is_some_and(said));
    assert_eq!(said(|_| true), [true; 4]);
    assert_eq!(said(|it| it.spent_at == Some(Timestamp(50))), [true, false, false, false]);
    assert_eq!(said(|it| it.revoked), [false, true, false, false]);

    let subject = GrantsOf::Subject("jürgen \"j\"".parse()?);
    let listed = |of: &GrantsOf| -> Result<Vec<u16>, grantor::Unavailable> {
        let held = store.held_grants(of, None, 10, Timestamp(20))?;
        Ok(held.iter().map(|held| held.grant.id.partition().0).collect())
    };
    assert_eq!(listed(&subject)?, [1]);
    assert_eq!(listed(&GrantsOf::Client(app))?, [1, 3]);
    assert_eq!(store.revoke_grants(&subject, Timestamp(20))?, 1);
    assert_eq!(listed(&subject)?, [] as [u16; 0]);

    // What is written from here on goes beside it.
    let witness = Change::Witness { key: key(1), until: Timestamp(1000) };
    assert_eq!(store.commit(&Commit::of(witness))?, Outcome::Applied);
    store.purge(Timestamp(1000))?;
    assert!(store.lookup(&Lookup::of(key(3)))?.credentials().is_empty());
    Ok(())
}

/// SQLite decides when it makes a file whether it can give pages back.
#[test]
fn a_file_of_version_1_is_compacted_and_gives_pages_back() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("old.sqlite");
    write_version_1(&file)?;
    let vacuum = || Connection::open(&file)?.query_row("PRAGMA auto_vacuum", [], |row| row.get::<_, i64>(0));
    let store = SqliteStore::open(&file)?;
    store.purge(Timestamp(1))?;
    assert_eq!(vacuum()?, 0);
    drop(store);
    SqliteStore::compact(&file)?;
    assert_eq!(vacuum()?, 2);
    let store = SqliteStore::open(&file)?;
    assert_eq!(store.lookup(&Lookup::of(key(1)))?.credentials().len(), 1);
    assert!(SqliteStore::compact(directory.path().join("missing.sqlite")).is_err());
    assert!(!directory.path().join("missing.sqlite").exists());
    Ok(())
}
