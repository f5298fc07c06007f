//! The metadata documents of clients (draft-ietf-oauth-client-id-metadata-document): fetched from public addresses, and
//! kept for as long as they say (RFC 9111), but at least a minute and at most a day.

mod network;
mod sending;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{Response, StatusCode, header};
use grantor::consult::Password;
use grantor::model::ClientId;
use grantor::server::ClientIdMetadataDocumentConfig;
use grantor::{Answer, AsyncPolicy, Fetch, FromCache, Server, Unavailable};
use lru::LruCache;
use tokio::sync::Semaphore;
use tokio::time::Instant;

pub use self::network::{Internet, Network};
pub use self::sending::Sender;

/// The most documents that are kept. The one that was unused for the longest time goes first.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// The most requests that are sent at a time: whoever can reach the authorization endpoint can cause them.
const AT_ONCE: usize = 16;

/// The documents that were fetched, and the way to fetch others.
#[derive(Debug)]
pub struct Documents<N = Internet> {
    sender: Sender<N>,
    permits: Semaphore,
    kept: Mutex<LruCache<String, Kept>>,
}

/// A document that made a client, and the time until which it is fresh.
#[derive(Debug)]
struct Kept {
    response: Response<Vec<u8>>,
    until: Instant,
}

impl<N: Network> Documents<N> {
    /// Creates an empty cache, which fetches by this sender.
    pub fn new(sender: Sender<N>) -> Self {
        Self { sender, permits: Semaphore::new(AT_ONCE), kept: Mutex::new(LruCache::new(CAPACITY)) }
    }

    /// Answers from the cache if the rule of the request allows it, and else sends the request.
    ///
    /// # Errors
    /// There is no response. See [`Sender::send`].
    pub async fn fetch(&self, server: &Server, fetch: &Fetch) -> Answer<Fetch> {
        let from_cache = fetch.rule().from_cache;
        let url = fetch.request().uri().to_string();
        let fresh = |kept: &Kept| Instant::now() < kept.until;
        if let Some(response) = self.kept(&url, fresh).filter(|_| from_cache != FromCache::Nothing) {
            return Ok(response);
        }
        let answer = self.send(fetch).await;
        let is_down = match &answer {
            Ok(response) => matches!(response.status().as_u16(), 500 | 502 | 503 | 504),
            Err(_) => true,
        };
        if is_down && from_cache == FromCache::LastGood {
            return self.kept(&url, |_| true).map_or(answer, Ok);
        }
        let response = answer?;
        // "The authorization server MUST NOT cache error responses. The authorization server also MUST NOT cache
        // documents which are invalid or malformed."
        let client_id = ClientId::parse(&url).map_err(Unavailable::new)?;
        if from_cache != FromCache::Nothing && server.client_of_document(&client_id, &response).is_ok() {
            self.keep(url, &response);
        }
        Ok(response)
    }

    async fn send(&self, fetch: &Fetch) -> Answer<Fetch> {
        let Ok(_permit) = self.permits.try_acquire() else {
            return Err(Unavailable::new("too many documents are being fetched").with_retry_after(1));
        };
        self.sender.send(fetch).await.map_err(Unavailable::new)
    }

    fn kept(&self, url: &str, is_good: impl Fn(&Kept) -> bool) -> Option<Response<Vec<u8>>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(url).filter(|kept| is_good(kept)).map(|kept| kept.response.clone())
    }

    fn keep(&self, url: String, response: &Response<Vec<u8>>) {
        let until = Instant::now() + ClientIdMetadataDocumentConfig::fresh_for(response);
        // Nothing else of the response matters, and headers may be long.
        let mut slim = Response::new(response.body().clone());
        *slim.status_mut() = StatusCode::OK;
        let content_type = response.headers().get(header::CONTENT_TYPE).cloned();
        slim.headers_mut().extend(content_type.map(|content_type| (header::CONTENT_TYPE, content_type)));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.put(url, Kept { response: slim, until });
    }
}

/// A policy, and the documents.
#[derive(Debug)]
pub(crate) struct WithDocuments<'a, P> {
    pub(crate) policy: P,
    pub(crate) documents: &'a Documents,
    pub(crate) server: Arc<Server>,
}

impl<P: AsyncPolicy + Sync> AsyncPolicy for WithDocuments<'_, P> {
    fn password_async(&self, question: &Password) -> impl Future<Output = Answer<Password>> + Send {
        self.policy.password_async(question)
    }

    fn fetch_async(&self, fetch: &Fetch) -> impl Future<Output = Answer<Fetch>> + Send {
        self.documents.fetch(&self.server, fetch)
    }
}

#[cfg(test)]
mod tests;
