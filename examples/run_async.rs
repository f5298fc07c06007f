//! The same machines in async code: `run_async` in place of `run`, and the traits whose methods end in `_async`.

mod common;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use common::network::{show_request, show_response};
use common::{CALLBACK, Demo, Error, alice};
use grantor::client::AuthorizationRequest;
use grantor::consult::{Issuance, Terms, Verdict};
use grantor::server::{Approval, AuthorizeReply};
use grantor::{Answer, AsyncHttp, AsyncPolicy, Fetch, Hosted, HttpHost};
use http::{Request, StatusCode};

const MINUTE: Duration = Duration::from_secs(60);

/// A policy that may await: it asks a database, say.
struct Asking;

impl AsyncPolicy for Asking {
    async fn issuance_async(&self, question: &Issuance) -> Answer<Issuance> {
        println!("may {} have {}? Yes, for a minute.", question.client.client_id, question.scope);
        Ok(Verdict::Issue(Terms { access_token_lifetime: Some(MINUTE), ..Terms::default() }))
    }
}

/// A client's network, in which the server is called in place of sending.
struct Network<'a>(&'a Demo);

impl AsyncHttp for Network<'_> {
    async fn fetch_async(&self, fetch: &Fetch) -> Answer<Fetch> {
        let Self(demo) = self;
        show_request(fetch.request());
        // `MemoryStore` is a `Store` and an `AsyncStore`.
        let host = Hosted { store: &demo.store, policy: Asking };
        let response = demo.server.token(fetch.request(), demo.moment()).run_async(&host).await.into_http();
        show_response(&response);
        Ok(response)
    }
}

async fn log_in(demo: &Demo) -> Result<(), Error> {
    let client = demo.client("printer")?;
    let request = AuthorizationRequest::new(CALLBACK.parse()?).scope("photos.read".parse()?);
    let (url, pending) = client.begin(request, demo.moment())?;

    let request = Request::get(url).body("")?;
    let AuthorizeReply::Ask(prompt) = demo.server.authorize(&request, demo.moment()).run_async(&demo.store).await
    else {
        return Err("refused".into());
    };
    let approved = prompt.approve(&demo.server, Approval::by(alice()?), demo.moment()).run_async(&demo.store).await;
    let (_, query) = approved.location().and_then(|url| url.split_once('?')).ok_or("no redirect")?;

    let http = HttpHost(Network(demo));
    let tokens = client.callback(pending, query)?.start(demo.moment()).run_async(&http).await?;
    assert!(tokens.expires_at().is_some_and(|end| end <= demo.now().after(MINUTE)));
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);
    Ok(())
}

pub(crate) fn main() -> Result<(), Error> {
    block_on(log_in(&Demo::new()?))
}

/// As much of a runtime as this needs. Yours is tokio, say.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
