//! What happened, for an audit log: every reply tells it, without a secret, and as JSON if you like.

mod common;

use std::cell::RefCell;

use common::{CALLBACK, Demo, Error, alice};
use grantor::client::AuthorizationRequest;
use grantor::server::{Approval, AuthorizeReply};
use grantor::{Answer, Fetch, HttpHost};
use http::{Request, header};
use serde_json::{Value, to_value};

pub(crate) fn main() -> Result<(), Error> {
    let (demo, log) = (Demo::new()?, RefCell::new(Vec::<Value>::new()));
    let client = demo.client("printer")?;

    // Each handler asks its reply for the event before it sends the response.
    let http = HttpHost(|fetch: &Fetch| -> Answer<Fetch> {
        let reply = demo.server.token(fetch.request(), demo.moment()).run(&demo.host());
        log.borrow_mut().extend(to_value(reply.event()));
        Ok(reply.into_http())
    });
    let (url, pending) = client.begin(AuthorizationRequest::new(CALLBACK.parse()?), demo.moment())?;
    let request = Request::get(url).body("")?;
    let reply = demo.server.authorize(&request, demo.moment()).run(&demo.host());
    log.borrow_mut().extend(to_value(reply.event()));
    let AuthorizeReply::Ask(prompt) = reply else { return Err("refused".into()) };
    let response = prompt.approve(&demo.server, Approval::by(alice()?), demo.moment()).run(&demo.host());
    log.borrow_mut().extend(to_value(response.event()));

    // The code is redeemed, and then once more: somebody has stolen it, and the grant is revoked.
    let (_, query) = response.location().and_then(|url| url.split_once('?')).ok_or("no redirect")?;
    let exchange = client.callback(pending, query)?;
    let tokens = exchange.clone().start(demo.moment()).run(&http)?;
    let request = Request::get("/photos").header(header::AUTHORIZATION, tokens.authorization()).body("")?;
    let check = || demo.api.check(&request, &demo.requirement, demo.now()).run(&demo.store);
    log.borrow_mut().extend(to_value(check().event()));
    assert!(exchange.start(demo.moment()).run(&http).is_err());
    log.borrow_mut().extend(to_value(check().event()));

    let log = log.into_inner();
    log.iter().for_each(|event| println!("{event}"));
    let names: Vec<_> = log.iter().filter_map(|event| event.get("event")?.as_str()).collect();
    assert_eq!(names, ["asked", "authorized", "issued", "accessed", "replayed", "access_refused"]);
    let text = log.iter().map(Value::to_string).collect::<String>();
    assert!(!text.contains(tokens.access_token().expose()));
    Ok(())
}
