//! Those who share a token set, on threads and in tasks, and the server that they would ask.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use grantor::client::{RefreshError, SharedTokens, TokenSet};
use grantor::{Answer, AsyncHttp, Fetch, HttpHost, Timestamp, Unavailable};
use serde_json::json;

use crate::canned::*;
use crate::common::*;

/// When the tokens of these tests end, and when they begin to be worn.
pub const END: Timestamp = Timestamp(NOW + 3600);
pub const WORN: Timestamp = Timestamp(NOW + 3590);

pub fn tokens() -> SharedTokens {
    SharedTokens::new(set("old", Some("refresh")))
}

pub fn set(access_token: &str, refresh_token: Option<&str>) -> TokenSet {
    let record = json!({
        "issuer": "https://server.example", "access_token": access_token, "refresh_token": refresh_token,
        "requested_at": NOW, "expires_at": END,
    });
    serde_json::from_value(record).unwrap()
}

/// A server that counts, answers the same every time, and takes its time.
pub struct Server {
    answer: Answer<Fetch>,
    asked: AtomicUsize,
}

impl Server {
    pub fn that_answers(answer: Answer<Fetch>) -> Self {
        Self { answer, asked: AtomicUsize::new(0) }
    }

    pub fn that_refreshes() -> Self {
        Self::that_answers(json(200, r#"{"access_token":"new","refresh_token":"next","expires_in":3600}"#))
    }

    pub fn that_is_down() -> Self {
        Self::that_answers(Err(Unavailable::new("connection refused")))
    }

    pub fn that_ended_it() -> Self {
        Self::that_answers(json(400, r#"{"error":"invalid_grant"}"#))
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl grantor::Http for &Server {
    fn fetch(&self, _: &Fetch) -> Answer<Fetch> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(30));
        self.answer.clone()
    }
}

impl AsyncHttp for &Server {
    async fn fetch_async(&self, _: &Fetch) -> Answer<Fetch> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        for _ in 0..5 {
            turn_over().await;
        }
        self.answer.clone()
    }
}

/// What becomes of it, in a word.
pub fn word(outcome: &Result<Arc<TokenSet>, RefreshError>) -> String {
    match outcome {
        Ok(tokens) => tokens.access_token().expose().to_owned(),
        Err(RefreshError::Ended) => "ended".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// As many threads that start at once.
pub fn on_threads(tokens: &SharedTokens, server: &Server, now: Timestamp, count: usize) -> Vec<String> {
    let client = public_client();
    let start = Barrier::new(count);
    std::thread::scope(|scope| {
        let one = || {
            start.wait();
            word(&tokens.get(&client, at_moment(now), &HttpHost(server)))
        };
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// As many tasks on one thread.
pub fn in_tasks(tokens: &SharedTokens, server: &Server, now: Timestamp, count: usize) -> Vec<String> {
    let client = public_client();
    let words = Mutex::new(Vec::new());
    let task = |_| -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(async {
            let outcome = tokens.get_async(&client, at_moment(now), &HttpHost(server)).await;
            words.lock().unwrap().push(word(&outcome));
        })
    };
    run_all((0..count).map(task).collect());
    words.into_inner().unwrap()
}

pub type Crowd = fn(&SharedTokens, &Server, Timestamp, usize) -> Vec<String>;
pub const CROWDS: [(&str, Crowd, usize); 2] = [("threads", on_threads, 16), ("tasks", in_tasks, 200)];
