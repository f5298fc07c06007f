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

    /// The response to a request, which it consumes.
    fn serve(&mut self, operation: Operation, request: Request) -> Response<Self::Body>;
}

/// Requests, to be served one after the other.
pub type Batch = Box<dyn FnMut()>;

/// What stands in a column of the table.
pub struct Measured {
    pub name: &'static str,
    /// So many requests of an operation, each of which can be served once.
    pub batch: fn(Operation, usize) -> Option<Batch>,
}

pub const LIBRARIES: [Measured; 4] = [
    Measured { name: "floor", batch: crate::floor::batch },
    Measured { name: "grantor", batch: batch::<crate::grantor::Grantor> },
    Measured { name: "oauth-as", batch: batch::<crate::oauth_as::OauthAs> },
    Measured { name: "oxide-auth", batch: batch::<crate::oxide_auth::OxideAuth> },
];

fn batch<L: Library>(operation: Operation, count: usize) -> Option<Batch> {
    if !L::has(operation) {
        return None;
    }
    let mut library = L::new();
    let requests: Vec<_> = (0..count).map(|_| request(&mut library, operation)).collect();
    let mut requests = requests.into_iter();
    let expected = if operation == Operation::Authorize { StatusCode::FOUND } else { StatusCode::OK };
    Some(Box::new(move || {
        let response = library.serve(operation, requests.next().expect("as many requests as are served"));
        // A redirect after the resource owner's decision may be 302 or 303.
        let status = if response.status() == StatusCode::SEE_OTHER { StatusCode::FOUND } else { response.status() };
        assert_eq!(status, expected, "{}", String::from_utf8_lossy(response.body().as_ref()));
    }))
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
    let body: serde_json::Value = serde_json::from_slice(response.body().as_ref()).unwrap();
    let member = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
    (member("access_token"), member("refresh_token"))
}
