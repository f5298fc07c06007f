//! Redirects back to the client: RFC 6749 §4.1.2, §4.1.2.1, §4.2.2, §4.2.2.1.

use http::{HeaderValue, Response, StatusCode, header};

use super::reply::no_store;
use super::urlencode::append;

/// Which component of the redirect URI carries the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parameters {
    /// RFC 6749 §4.1.2: "by adding the following parameters to the query component of the redirection URI".
    Query,
    /// RFC 6749 §4.2.2: "by adding the following parameters to the fragment component of the redirection URI".
    Fragment,
}

/// The URI with the parameters added. Absent ones are left out.
pub(crate) fn with_parameters<'a>(
    uri: &str,
    component: Parameters,
    parameters: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
) -> String {
    let location = match component {
        Parameters::Query => with_query(uri),
        Parameters::Fragment => format!("{uri}#"),
    };
    let start = location.len();
    append(location, start, parameters.into_iter().filter_map(|(name, value)| Some((name, value?))))
}

/// The URI in its form for a request with a query of parameters. OAuth 2.1 §2.3: "query string component [...], which
/// MUST be retained when adding additional query parameters"; RFC 6749 §3.1 has the same of the authorization endpoint.
fn with_query(uri: &str) -> String {
    let mut location = String::with_capacity(uri.len() + 512); // most parameters fit
    location.push_str(uri);
    match location.find('?') {
        None => location.push('?'),
        Some(at) if at + 1 < location.len() && !location.ends_with('&') => location.push('&'),
        Some(_) => {}
    }
    location
}

/// RFC 9700 §4.12: "the authorization server SHOULD use HTTP status code 303 (See Other)", and servers "MUST NOT
/// use the HTTP 307 status code for redirection", so that no POST of credentials is repeated.
pub(crate) fn see_other(location: &str) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    let headers = response.headers_mut();
    no_store(headers);
    // RFC 9700 §4.2.4: keep the authorization response out of the `Referer` header.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // What is put together here is printable ASCII.
    if let Ok(location) = HeaderValue::from_str(location) {
        headers.insert(header::LOCATION, location);
        *response.status_mut() = StatusCode::SEE_OTHER;
    } else {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    response
}
