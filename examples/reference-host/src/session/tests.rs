use std::sync::Arc;

use grantor::store::MemoryStore;
use grantor_sqlite::SqliteStore;
use tempfile::TempDir;

use super::*;

fn issuer(text: &str) -> Issuer {
    Issuer::parse(text).expect("an issuer")
}

fn with(cookies: &[&[u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for cookie in cookies {
        headers.append(header::COOKIE, HeaderValue::from_bytes(cookie).expect("a header"));
    }
    headers
}

/// Returns the request that a browser sends after this answer.
fn after(cookie: &HeaderValue) -> HeaderMap {
    with(&[cookie.as_bytes().split(|byte| *byte == b';').next().expect("a pair")])
}

fn subject(text: &str) -> Subject {
    Subject::parse(text).expect("a subject")
}

fn users() -> Users {
    let user = |name: &str| {
        let user = User { subject: subject(name), name: name.to_owned(), password: Digest::of("x") };
        (name.to_owned(), Arc::new(user))
    };
    Users::new([user("alice"), user("bob")].into())
}

async fn both() -> (Vec<Sessions>, TempDir) {
    let directory = tempfile::tempdir().expect("a directory");
    let sqlite = SqliteStore::open(directory.path().join("store.sqlite")).expect("it opens");
    let stores = [AnyStore::Memory(Arc::new(MemoryStore::new())), AnyStore::Sqlite(sqlite)];
    let mut all = Vec::new();
    for store in stores {
        all.push(Sessions::open(&issuer("https://as.example"), &store).await.expect("it opens"));
    }
    (all, directory)
}

async fn who(sessions: &Sessions, headers: &HeaderMap, now: u64) -> Option<(String, u64)> {
    let visit = sessions.visit(headers, &users(), Timestamp(now)).await.expect("it is read");
    visit.login.map(|login| (login.user.name.clone(), login.at.0))
}

#[tokio::test]
async fn a_session_ends_in_time_at_the_next_login_and_at_a_log_out() {
    let (both, _directory) = both().await;
    for sessions in both {
        let log_in = async |headers: &HeaderMap, whose, now| {
            after(&sessions.log_in(headers, subject(whose), Timestamp(now)).await.expect("it is written"))
        };
        let first = log_in(&HeaderMap::new(), "alice", 1000).await;
        assert_eq!(who(&sessions, &first, 1000 + LIFETIME - 1).await, Some(("alice".to_owned(), 1000)));
        assert_eq!(who(&sessions, &first, 1000 + LIFETIME).await, None);
        let second = log_in(&first, "alice", 1010).await;
        assert_eq!(who(&sessions, &first, 1010).await, None, "whoever knew the old name knows nothing");
        assert_eq!(who(&sessions, &second, 1010).await, Some(("alice".to_owned(), 1010)));
        let bobs = log_in(&HeaderMap::new(), "bob", 1010).await;
        let phone = log_in(&HeaderMap::new(), "alice", 900).await;
        sessions.log_out(&subject("alice")).await.expect("it is written");
        assert_eq!(who(&sessions, &second, 1010).await, None);
        assert_eq!(who(&sessions, &phone, 1010).await, None);
        assert_eq!(who(&sessions, &bobs, 1010).await, Some(("bob".to_owned(), 1010)));
        let unknown = log_in(&HeaderMap::new(), "carol", 1010).await;
        assert_eq!(who(&sessions, &unknown, 1010).await, None, "a user whom the host does not know any more");
    }
}

#[tokio::test]
async fn the_first_of_a_persons_sessions_ends_for_a_new_one_whatever_the_clock_says() {
    let (both, _directory) = both().await;
    for sessions in both {
        let mut browsers = Vec::new();
        let steps = (0..MAX_SESSIONS as u64 + 5).map(|number| 10_000 - number * 60);
        for now in steps {
            let cookie = sessions.log_in(&HeaderMap::new(), subject("alice"), Timestamp(now)).await;
            browsers.push(after(&cookie.expect("it is written")));
        }
        for (number, browser) in browsers.iter().enumerate() {
            assert_eq!(who(&sessions, browser, 10_000).await.is_some(), number >= 5, "{number}");
        }
        sessions.purge(Timestamp(10_000 + LIFETIME)).await.expect("it is written");
        for browser in &browsers {
            assert_eq!(who(&sessions, browser, 10_000).await, None);
        }
    }
}

#[tokio::test]
async fn a_file_keeps_sessions_and_what_pages_are_sealed_with() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("store.sqlite");
    let open = async || {
        let store = AnyStore::Sqlite(SqliteStore::open(path.clone()).expect("it opens"));
        Sessions::open(&issuer("https://as.example"), &store).await.expect("it opens")
    };
    let sessions = open().await;
    let cookie = sessions.log_in(&HeaderMap::new(), subject("alice"), Timestamp(1000)).await.expect("it is written");
    let sealed = sessions.seal().seal(Purpose::Login, &[], b"value").expect("randomness");
    drop(sessions);
    let sessions = open().await;
    assert_eq!(who(&sessions, &after(&cookie), 1001).await, Some(("alice".to_owned(), 1000)));
    assert_eq!(sessions.seal().open(Purpose::Login, &[], &sealed).as_deref(), Some(&b"value"[..]));
}

#[test]
fn cookies_are_this_servers_own_and_guarded_where_the_issuer_is_https() {
    let names = |text| {
        let Cookies { browser, session, secure } = Cookies::of(&issuer(text));
        (browser, session, secure)
    };
    for https in ["https://as.example", "HTTPS://as.example", "https://as.example/one"] {
        let (browser, session, secure) = names(https);
        assert!(browser.starts_with("__Host-grantor-") && session.starts_with("__Host-grantor-") && secure, "{https}");
    }
    let [(one, ..), (other, ..)] = ["http://127.0.0.1:8080", "http://127.0.0.1:8081"].map(names);
    assert!(one.starts_with("grantor-") && other.starts_with("grantor-") && one != other);
    let cookie = set_cookie("__Host-x", "1", true);
    assert_eq!(cookie, "__Host-x=1; Path=/; HttpOnly; SameSite=Lax; Secure");
}

#[test]
fn a_cookie_is_found_among_those_of_other_programs() {
    let cases: [(&[&[u8]], Option<&str>); 8] = [
        (&[b"a=1"], Some("1")),
        (&[b"session=x; a=1; b=2"], Some("1")),
        (&[b"session=x", b"a=1"], Some("1")),
        (&[b"name=J\xc3\xbcrgen \xff; a=1"], Some("1")),
        (&[b"aa=2;a=1"], Some("1")),
        (&[b"junk; ; =; a=1"], Some("1")),
        (&[b"b=a=1"], None),
        (&[], None),
    ];
    for (cookies, expected) in cases {
        assert_eq!(cookie(&with(cookies), "a"), expected, "{cookies:?}");
    }
}
