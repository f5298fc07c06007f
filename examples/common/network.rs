//! The network, in which a request is a function call, and which prints what it carries.

use std::sync::atomic::Ordering;

use grantor::store::GrantStore as _;
use grantor::{Answer, Fetch, Http, Unavailable};
use http::{HeaderMap, Request, Response, header};

use super::Demo;

/// An HTTP client that calls the servers in place of sending: of one that sends, `examples/adapters` has two.
pub struct Network<'a>(pub &'a Demo);

impl Http for Network<'_> {
    fn fetch(&self, fetch: &Fetch) -> Answer<Fetch> {
        show_request(fetch.request());
        let response = self.0.respond(fetch.request())?;
        show_response(&response);
        Ok(response)
    }
}

impl Demo {
    /// What the server or the API at this URL answers.
    pub(super) fn respond(&self, request: &Request<Vec<u8>>) -> Answer<Fetch> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let (server, moment, host) = (&self.server, self.moment(), self.host());
        Ok(match request.uri().path() {
            "/token" => server.token(request, moment).run(&host).into_http(),
            "/introspect" => server.introspect(request, moment).run(&host).into_http(),
            "/revoke" => server.revoke(request, moment).run(&host).into_http(),
            "/device_authorization" => server.authorize_device(request, moment).run(&host).into_http(),
            "/par" => server.push(request, moment).run(&host).into_http(),
            "/register" => server.register(request, moment).run(&host).into_http(),
            path if path.starts_with("/register/") => {
                let reply = server.configure(request, moment).run(&host);
                // What a client was granted ends with it.
                if let Some(grants) = reply.grants_to_end() {
                    self.store.revoke_grants(&grants, self.now())?;
                }
                reply.into_http()
            }
            "/photos" => photos(self, request),
            path if path == server.config().metadata_path() => server.metadata(request),
            path if path == self.api.config().metadata_path() => self.api.metadata(request),
            path => return Err(Unavailable::new(format!("there is nothing at {path}"))),
        })
    }
}

/// The API: whoever has a good access token sees photos.
fn photos(demo: &Demo, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    match demo.api.check(request, &demo.requirement, demo.now()).run(&demo.store).into_result() {
        Ok(access) => Response::new(format!("the photos of {}", access.subject().unwrap_or("nobody")).into_bytes()),
        Err(refusal) => refusal.into_http(),
    }
}

pub fn show_request(request: &Request<Vec<u8>>) {
    println!("→ {} {}", request.method(), request.uri());
    show(request.headers(), request.body());
}

pub fn show_response(response: &Response<Vec<u8>>) {
    println!("← {}", response.status());
    show(response.headers(), response.body());
}

/// Prints the headers that matter here, and the body.
fn show(headers: &HeaderMap, body: &[u8]) {
    for name in [header::AUTHORIZATION, header::LOCATION, header::WWW_AUTHENTICATE] {
        for value in headers.get_all(&name) {
            println!("  {name}: {}", String::from_utf8_lossy(value.as_bytes()));
        }
    }
    if !body.is_empty() {
        println!("  {}", String::from_utf8_lossy(body));
    }
}
