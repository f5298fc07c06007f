//! The way from a refused request to tokens: all that an MCP client has to do with OAuth.

use std::net::TcpListener;
use std::time::SystemTime;

use grantor::client::{ActingBy, ClientMetadata, Next, Profile, Protected, Registration};
use grantor::model::{GrantType, RedirectUri, Resource, Secret};
use grantor::{Fetch, Http as _, HttpHost, Moment};
use http::{Request, Response, header};
use outgoing::{Guard, Ureq};

use crate::{Arguments, Failed, browser};

/// What is held for one MCP server. To stay signed in until the next start, keep `server`, a serde value, where the
/// system keeps passwords.
pub(crate) struct SignIn {
    server: Protected,
    profile: Profile,
    http: HttpHost<Ureq>,
    listener: TcpListener,
}

impl SignIn {
    pub(crate) fn new(arguments: Arguments) -> Result<Self, Failed> {
        let guard = if arguments.loopback { Guard::new().allow_loopback() } else { Guard::new() };
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let redirect_uri = RedirectUri::parse(&format!("http://{}/callback", listener.local_addr()?))?;
        let metadata = ClientMetadata::new().client_name("grantor's MCP client").member("application_type", "native");
        let mut profile = Profile::new(redirect_uri).described_by(metadata).offline().origin_as_server();
        if let Some(document) = arguments.document {
            profile = profile.document(document);
        }
        profile = profile.acting_by(match arguments.assertion {
            Some(assertion) => ActingBy::Extension(
                GrantType::Extension("urn:ietf:params:oauth:grant-type:jwt-bearer".into()),
                vec![("assertion".to_owned(), assertion)],
            ),
            None if arguments.unattended => ActingBy::ClientCredentials,
            None => ActingBy::Person,
        });
        let mut server = Protected::new(Resource::parse(&arguments.url)?);
        if let (Some(issuer), Some(client_id)) = (arguments.issuer, arguments.client_id) {
            server = server.with_registration(match arguments.client_secret {
                Some(secret) => Registration::confidential(issuer, client_id, Secret::new(secret)),
                None => Registration::public(issuer, client_id),
            });
        }
        Ok(Self { server, profile, http: HttpHost(Ureq::new(guard)), listener })
    }

    /// Sends a request, with a token once there is one. A refusal leads to a token with which it is sent again.
    pub(crate) fn send(&mut self, request: &Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Failed> {
        loop {
            let mut request = request.clone();
            request.headers_mut().extend(self.server.authorization().map(|value| (header::AUTHORIZATION, value)));
            let response = self.http.0.fetch(&Fetch::new(request))?;
            let step = self.server.received(response.status(), response.headers(), &self.profile, moment());
            match step.run(&self.http)? {
                Next::Again(granted) => self.server.arrived(granted),
                Next::Ask { url, pending } => {
                    self.server.asked(&pending);
                    browser::open(&url)?;
                    let query = browser::wait(&self.listener)?;
                    self.server.arrived(pending.callback(&query, moment())?.run(&self.http)?);
                }
                // The response is about something else, or no token helps.
                _ => return Ok(response),
            }
        }
    }
}

/// The time and the randomness of one request.
fn moment() -> Moment {
    Moment::new(SystemTime::now(), &mut rand::rng())
}
