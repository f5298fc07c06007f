//! Protected resources: RFC 8707 §2.

use url::Url;

use super::endpoint::is_of_a_uri;
use super::syntax::{name, only};

name! {
    /// A protected resource, by its resource indicator. RFC 8707 §2: "Its value MUST be an absolute URI [...] The URI
    /// MUST NOT include a fragment component."
    Resource, "resource", 2048,
    |text| only(text, |byte| is_of_a_uri(byte) && byte != b'#') && Url::parse(text).is_ok()
}
