//! The time for which a document may be answered from a cache: [CIMD §4.4], [RFC 9111 §4.2.1].
//!
//! [CIMD §4.4]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01#section-4.4
//! [RFC 9111 §4.2.1]: https://www.rfc-editor.org/rfc/rfc9111#section-4.2.1

use std::time::Duration;

use http::{HeaderMap, Response, header};

use super::config::ClientIdMetadataDocumentConfig;

/// The least time for which a document is kept, so that one login does not fetch it for each of its steps.
const LEAST: u64 = 60;
/// The greatest time, after which a client that changed is seen as it is.
const GREATEST: u64 = 24 * 60 * 60;

impl ClientIdMetadataDocumentConfig {
    /// Returns the time for which a host may answer from its cache with a response that came now: its
    /// freshness lifetime ([RFC 9111 §4.2.1]), less its age, but at least a minute and at most a day. A response that
    /// does not state it counts as one of a minute. [CIMD §4.4]: "The authorization server
    /// SHOULD respect HTTP cache headers [...] when caching client metadata, but MAY define its own upper and/or lower
    /// bounds on an acceptable cache lifetime as well."
    ///
    /// [RFC 9111 §4.2.1]: https://www.rfc-editor.org/rfc/rfc9111#section-4.2.1
    /// [CIMD §4.4]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01#section-4.4
    #[must_use]
    pub fn fresh_for<B>(response: &Response<B>) -> Duration {
        let headers = response.headers();
        let age = headers.get(header::AGE).and_then(|age| age.to_str().ok()?.trim().parse::<u64>().ok());
        let fresh = lifetime(headers).unwrap_or_default().saturating_sub(age.unwrap_or_default());
        Duration::from_secs(fresh.clamp(LEAST, GREATEST))
    }
}

/// Returns the lifetime that a shared cache gives a response; `None` if the response does not say, or must not be kept.
fn lifetime(headers: &HeaderMap) -> Option<u64> {
    let values = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives: Vec<_> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let is = |directive: &str, name: &str| directive.split('=').next().is_some_and(|it| it.eq_ignore_ascii_case(name));
    if directives.iter().any(|directive| ["no-store", "no-cache", "private"].iter().any(|name| is(directive, name))) {
        return None;
    }
    // RFC 9111 §4.2.1: "If the cache is shared and the s-maxage response directive [...] is present, use its value".
    let stated = ["s-maxage", "max-age"].into_iter().find_map(|name| {
        let directive = directives.iter().find(|directive| is(directive, name))?;
        directive.split_once('=').map(|(_, seconds)| seconds.trim_matches('"').parse().ok())
    });
    stated.unwrap_or_else(|| {
        let time = |name| httpdate::parse_http_date(headers.get(name)?.to_str().ok()?.trim()).ok();
        Some(time(header::EXPIRES)?.duration_since(time(header::DATE)?).ok()?.as_secs())
    })
}
