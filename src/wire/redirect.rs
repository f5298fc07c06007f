//! Redirects back to the client: [RFC 6749 §4.1.2], [§4.1.2.1], [§4.2.2], [§4.2.2.1].
//!
//! [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
//! [§4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
//! [§4.2.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2
//! [§4.2.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2.1

use http::{HeaderValue, Response, StatusCode, header};

use super::reply::no_store;
use super::urlencode::append;

/// The component of the redirect URI that carries the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parameters {
    /// The query. [RFC 6749 §4.1.2]: "by adding the following parameters to the query component of the redirection
    /// URI".
    ///
    /// [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
    Query,
    /// The fragment. [RFC 6749 §4.2.2]: "by adding the following parameters to the fragment component of the
    /// redirection URI".
    ///
    /// [RFC 6749 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2
    Fragment,
}

/// Returns the URI with the parameters added. Absent ones are left out.
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

/// Returns the URI with an empty or open query, to which parameters can be appended. [OAuth 2.1 §2.3]: "query string
/// component [...], which MUST be retained when adding additional query parameters"; [RFC 6749 §3.1] says the same of
/// the authorization endpoint.
///
/// [OAuth 2.1 §2.3]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-2.3
/// [RFC 6749 §3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1
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

/// Returns a redirect. [RFC 9700 §4.12]: "the authorization server SHOULD use HTTP status code 303 (See Other)", and
/// "MUST NOT use the HTTP 307 status code for redirection", so that no POST of credentials is repeated.
///
/// [RFC 9700 §4.12]: https://www.rfc-editor.org/rfc/rfc9700#section-4.12
pub(crate) fn see_other(location: &str) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    let headers = response.headers_mut();
    no_store(headers);
    // RFC 9700 §4.2.4: keep the authorization response out of the `Referer` header.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // The location is printable ASCII by now.
    if let Ok(location) = HeaderValue::from_str(location) {
        headers.insert(header::LOCATION, location);
        *response.status_mut() = StatusCode::SEE_OTHER;
    } else {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    response
}
