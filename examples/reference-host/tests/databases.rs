//! Several hosts on one store in PostgreSQL: the server that `GRANTOR_POSTGRES` names, and several databases of it as
//! several servers. `tests/run stores` starts one.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test tells its findings by panicking"
)]

#[path = "all/client.rs"]
#[allow(dead_code, reason = "it has more than is needed here")]
mod client;
#[path = "all/process.rs"]
#[allow(dead_code, reason = "it has more than is needed here")]
mod process;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio_postgres::config::Host;
use tokio_postgres::{Config, NoTls};

use crate::client::Browser;
use crate::process::Running;

const ISSUER: &str = "http://127.0.0.1:9";

static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// Makes this many databases, and returns the arguments that name them as one store.
fn databases(count: usize) -> Vec<String> {
    let address = std::env::var("GRANTOR_POSTGRES").unwrap_or_default();
    assert!(!address.is_empty(), "GRANTOR_POSTGRES is to name a database; `tests/run stores` starts one");
    let config: Config = address.parse().expect("an address");
    let [Host::Unix(folder), ..] = config.get_hosts() else { panic!("the database of the tests has a Unix socket") };
    let folder: String = form_urlencoded::byte_serialize(folder.to_string_lossy().as_bytes()).collect();
    let user = config.get_user().expect("a user");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (client, connection) = config.connect(NoTls).await.expect("the database answers");
        let connection = tokio::spawn(connection);
        let mut arguments = Vec::new();
        for _ in 0..count {
            let name = format!("host_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
            client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
            arguments.extend(["--store".to_owned(), format!("postgres://{user}@{folder}/{name}")]);
        }
        drop(client);
        connection.await.expect("no panic").expect("it ends");
        arguments
    })
}

fn host(databases: &[String]) -> Running {
    let arguments: Vec<_> = ["--issuer", ISSUER].into_iter().chain(databases.iter().map(String::as_str)).collect();
    Running::with(&arguments)
}

fn refresh_token(page: &client::Page) -> String {
    assert_eq!(page.status, 200, "{page:?}");
    page.json()["refresh_token"].as_str().expect("a refresh token").to_owned()
}

#[test]
fn hosts_on_one_store_are_one_server() {
    for count in [1, 4] {
        let databases = databases(count);
        // They may start at the same moment, on databases without tables.
        let [one, other] = thread::scope(|scope| {
            [(), ()].map(|()| scope.spawn(|| host(&databases))).map(|started| started.join().expect("it starts"))
        });
        // Whoever logs in at one is logged in at the other, and a page of one is answered at the other.
        let mut browser = Browser::new(&one.base);
        let page = browser.consent_page();
        let mut elsewhere = browser.in_another_tab(&other.base);
        let code = elsewhere.decide(&page, "approve", &["read", "write"]).redirect("code").expect("a code");
        let mut clients = [Browser::new(&one.base), Browser::new(&other.base)];
        let mut token = refresh_token(&clients[0].redeem(&code));
        for turn in 0..6 {
            let before = token.clone();
            token = refresh_token(&clients[turn % 2].refresh(&before));
        }
        // A replay at either revokes at both.
        assert_eq!(clients[1].redeem(&code).status, 400);
        assert_eq!(clients[0].refresh(&token).status, 400);
        // A page of people's own lists what they allowed at both.
        let mut another = Browser::new(&one.base);
        let code = another.code();
        let token = refresh_token(&clients[1].redeem(&code));
        let applications = another.in_another_tab(&other.base).get("/applications");
        assert!(applications.body.contains("Photo &#60;Printer&#62;"), "{applications:?}");
        assert_eq!(clients[0].refresh(&token).status, 200);
    }
}

#[test]
fn of_racers_at_several_hosts_one_wins() {
    let databases = databases(2);
    let hosts = [(); 4].map(|()| host(&databases));
    let code = Browser::new(&hosts[0].base).code();
    for presented in ["the code", "the refresh token"] {
        // Each round has a grant of its own, since a replay revokes it.
        let token = (presented != "the code").then(|| {
            let code = Browser::new(&hosts[1].base).code();
            refresh_token(&Browser::new(&hosts[2].base).redeem(&code))
        });
        let present = |base: &str| match &token {
            Some(token) => Browser::new(base).refresh(token).status,
            None => Browser::new(base).redeem(&code).status,
        };
        let statuses: Vec<u16> = thread::scope(|scope| {
            let racers: Vec<_> = hosts.iter().map(|host| scope.spawn(|| present(&host.base))).collect();
            racers.into_iter().map(|racer| racer.join().expect("it is answered")).collect()
        });
        let won = statuses.iter().filter(|status| **status == 200).count();
        match presented {
            "the code" => assert_eq!(won, 1, "{statuses:?}"),
            // A retry within the grace gets tokens too.
            _ => assert!(won >= 1, "{statuses:?}"),
        }
        assert!(statuses.iter().all(|status| matches!(status, 200 | 400)), "{statuses:?}");
    }
}

#[test]
fn stores_that_cannot_be_one_are_refused() {
    let mut command = process::command();
    let command = command.args(["--store", "memory", "--store", "postgres://a@localhost/b"]);
    let output = command.stderr(std::process::Stdio::piped()).output().expect("it runs");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("one store, or several of PostgreSQL"));
}
