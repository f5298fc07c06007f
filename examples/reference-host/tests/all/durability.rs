//! `kill -9` and restart: nothing lost, nothing revived.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::client::Browser;
use crate::process::Running;

/// A grant as its client knows it.
struct Held {
    code: String,
    refresh_token: String,
}

fn obtain(base: &str) -> Held {
    let mut browser = Browser::new(base);
    let code = browser.code();
    let tokens = browser.redeem(&code);
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let refresh_token = tokens.json()["refresh_token"].as_str().expect("a refresh token").to_owned();
    Held { code, refresh_token }
}

#[test]
fn r108_kill_9_loses_no_token_and_revives_no_code() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("grantor.sqlite");
    let host = Running::on_file(&file);
    let mut held: Vec<_> = (0..4).map(|_| obtain(&host.base)).collect();
    let revoked = obtain(&host.base);
    assert_eq!(Browser::new(&host.base).redeem(&revoked.code).status, 400, "the replay revokes the grant");
    let mut host = Some(host);

    for _ in 0..3 {
        let running = host.take().unwrap_or_else(|| Running::on_file(&file));
        kill_while_refreshing(running, &mut held);
    }

    let host = Running::on_file(&file);
    let mut client = Browser::new(&host.base);
    for held in held {
        let refreshed = client.refresh(&held.refresh_token);
        assert_eq!(refreshed.status, 200, "what was answered before the end still refreshes: {refreshed:?}");
        let replay = client.redeem(&held.code);
        assert_eq!(
            (replay.status, &replay.json()["error"]),
            (400, &"invalid_grant".into()),
            "a spent code stays spent"
        );
        let refresh_token = refreshed.json()["refresh_token"].as_str().expect("a refresh token").to_owned();
        assert_eq!(client.refresh(&refresh_token).status, 400, "and its replay revokes the grant");
    }
    assert_eq!(client.refresh(&revoked.refresh_token).status, 400, "a revoked grant stays revoked");
}

/// Every grant is refreshed over and over while the host is killed. What was answered is held; whether the request that
/// found the host dead was carried out, nobody knows.
fn kill_while_refreshing(host: Running, held: &mut [Held]) {
    let base = host.base.clone();
    let refreshed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for held in held {
            let (base, refreshed) = (&base, &refreshed);
            scope.spawn(move || {
                while let Some(refresh_token) = try_refresh(base, &held.refresh_token) {
                    held.refresh_token = refresh_token;
                    refreshed.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let started = Instant::now();
        while refreshed.load(Ordering::Relaxed) < 100 && started.elapsed() < Duration::from_secs(60) {
            thread::sleep(Duration::from_millis(1));
        }
        drop(host);
    });
    assert!(refreshed.into_inner() >= 100, "it was killed amid refreshes");
}

/// The next refresh token; none if the host does not answer.
fn try_refresh(base: &str, refresh_token: &str) -> Option<String> {
    let form = [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", refresh_token)];
    let mut response = ureq::post(format!("{base}/token")).send_form(form).ok()?;
    let tokens: serde_json::Value = serde_json::from_str(&response.body_mut().read_to_string().ok()?).ok()?;
    tokens["refresh_token"].as_str().map(str::to_owned)
}
