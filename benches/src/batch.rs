//! A batch of requests, made ready so that only the serving is measured.

use http::{Response, StatusCode, header};
use url::Url;

use crate::scenario::{self, CLIENT, Operation, Request, SERVICE};

/// An OAuth library behind an HTTP server's handler.
pub trait Library: Sized + 'static {
    type Body: AsRef<[u8]>;

    /// A server without tokens.
    fn new() -> Self;

    /// Whether it has the operation at all.
    fn has(operation: Operation) -> bool;

    /// How many blocks of 64 bytes it hands to SHA-256 in an operation.
    fn blocks(operation: Operation) -> usize;

    /// The response to a request, which it consumes.
    fn serve(&mut self, operation: Operation, request: Request) -> Response<Self::Body>;
}

/// A library and an operation, for as many requests as one likes.
pub trait Bench {
    /// Makes so many requests ready, and whatever has to happen before them.
    fn prepare(&mut self, count: usize);

    /// Serves one of them. This is what is measured.
    fn serve(&mut self);
}

/// What stands in a column of the table.
pub struct Measured {
    pub name: &'static str,
    /// None if the library lacks the operation.
    pub bench: fn(Operation) -> Option<Box<dyn Bench>>,
    /// How many blocks of 64 bytes it hands to SHA-256.
    pub blocks: fn(Operation) -> usize,
}

/// All draw from the operating system's generator, but for the column that says so.
pub const LIBRARIES: [Measured; 5] = [
    Measured { name: "by hand", bench: crate::by_hand::bench, blocks: crate::by_hand::blocks },
    measured::<crate::grantor::Grantor>("grantor"),
    measured::<crate::grantor::WithThreadRng>("grantor, thread's generator"),
    measured::<crate::oauth_as::OauthAs>("oauth-as"),
    measured::<crate::oxide_auth::OxideAuth>("oxide-auth"),
];

const fn measured<L: Library>(name: &'static str) -> Measured {
    Measured { name, bench: bench::<L>, blocks: L::blocks }
}

fn bench<L: Library>(operation: Operation) -> Option<Box<dyn Bench>> {
    L::has(operation).then(|| Box::new(Serving { library: L::new(), operation, requests: Vec::new() }) as Box<_>)
}

struct Serving<L> {
    library: L,
    operation: Operation,
    requests: Vec<Request>,
}

impl<L: Library> Bench for Serving<L> {
    fn prepare(&mut self, count: usize) {
        self.requests.extend((0..count).map(|_| request(&mut self.library, self.operation)));
    }

    fn serve(&mut self) {
        let request = self.requests.pop().expect("as many requests as are served");
        let response = self.library.serve(self.operation, request);
        let status = response.status();
        let is_expected = match self.operation {
            Operation::Authorize => status.is_redirection(),
            Operation::Push => status == StatusCode::CREATED,
            Operation::Poll => status == StatusCode::BAD_REQUEST, // authorization_pending
            _ => status == StatusCode::OK,
        };
        assert!(is_expected, "{status} {}", String::from_utf8_lossy(response.body().as_ref()));
    }
}

/// A request that can be served once, and whatever has to happen before it.
pub fn request<L: Library>(library: &mut L, operation: Operation) -> Request {
    match operation {
        Operation::Authorize => scenario::authorize(CLIENT),
        Operation::Code => code(library, CLIENT),
        Operation::CodeConfidential => code(library, SERVICE),
        Operation::Refresh => scenario::refresh(CLIENT, &tokens(library, CLIENT).1),
        Operation::ClientCredentials => scenario::client_credentials(),
        Operation::Introspect => scenario::introspect(&tokens(library, SERVICE).0),
        Operation::Revoke => scenario::revoke(&tokens(library, SERVICE).1),
        Operation::Check => scenario::photos(&tokens(library, CLIENT).0),
        Operation::Push => scenario::push(),
        Operation::Poll => {
            let response = library.serve(Operation::Poll, scenario::authorize_device());
            scenario::poll(&members(&response, ["device_code"])[0])
        }
    }
}

fn code<L: Library>(library: &mut L, client_id: &str) -> Request {
    let response = library.serve(Operation::Authorize, scenario::authorize(client_id));
    let location = Url::parse(response.headers()[header::LOCATION].to_str().unwrap()).unwrap();
    let (_, code) = location.query_pairs().find(|(name, _)| name == "code").unwrap_or_else(|| panic!("{location}"));
    scenario::exchange(client_id, &code)
}

/// The access token and the refresh token of a code flow.
fn tokens<L: Library>(library: &mut L, client_id: &str) -> (String, String) {
    let exchange = code(library, client_id);
    let response = library.serve(Operation::Code, exchange);
    members(&response, ["access_token", "refresh_token"]).into()
}

fn members<const N: usize>(response: &Response<impl AsRef<[u8]>>, names: [&str; N]) -> [String; N] {
    let body: serde_json::Value = serde_json::from_slice(response.body().as_ref()).unwrap();
    names.map(|name| body[name].as_str().unwrap_or_else(|| panic!("{body}")).to_owned())
}
