//! Protected resources: [RFC 8707 §2].
//!
//! [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::Deserialize;

use super::syntax::{SyntaxError, text_form};
use super::uri::Uri;

/// A protected resource, by its resource indicator. [RFC 8707 §2]: "Its value MUST be an absolute URI [...] The URI
/// MUST NOT include a fragment component."
///
/// The indicator is kept as written. Two resources are equal if they are equivalent by [RFC 3986 §6.2.2] and [§6.2.3]:
/// the case of scheme and host, the default port and the slash of an empty path make no difference. Other paths differ:
/// `/mcp` and `/mcp/` are two resources.
///
/// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
/// [RFC 3986 §6.2.2]: https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2
/// [§6.2.3]: https://www.rfc-editor.org/rfc/rfc3986#section-6.2.3
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Resource {
    text: Arc<str>,
    /// The normal form, which equivalent indicators share; mostly the same text.
    normal: Arc<str>,
}

impl Resource {
    /// The greatest length of an indicator, in bytes.
    pub const MAX_LEN: usize = 2048;

    /// Checks the syntax.
    ///
    /// # Errors
    /// The text is longer than [`Self::MAX_LEN`], or not an absolute URI, or has a fragment or user information.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let uri = Some(text).filter(|text| text.len() <= Self::MAX_LEN).and_then(|text| Uri::parse(text).ok());
        let normal = uri.ok_or(SyntaxError("resource"))?.normalized();
        let text = Arc::from(text);
        let normal = if *normal == *text { Arc::clone(&text) } else { normal.into() };
        Ok(Self { text, normal })
    }

    /// Tells if a location is this resource, or lies below its path.
    pub(crate) fn includes(&self, location: &str) -> bool {
        let Ok(location) = Self::parse(location) else { return false };
        let Some(rest) = location.normal.strip_prefix(&*self.normal) else { return false };
        rest.is_empty() || self.normal.ends_with('/') || !self.normal.contains('?') && rest.starts_with(['/', '?'])
    }

    /// The text, as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl AsRef<str> for Resource {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        self.normal == other.normal
    }
}

impl Eq for Resource {}

impl Hash for Resource {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.normal.hash(state);
    }
}

impl PartialOrd for Resource {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Resource {
    fn cmp(&self, other: &Self) -> Ordering {
        self.normal.cmp(&other.normal)
    }
}

text_form!(Resource, SyntaxError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_includes_what_lies_below_its_path() {
        let cases = [
            (
                "https://a.example",
                &["https://A.example:443/", "https://a.example/b", "https://a.example?x"][..],
                &["http://a.example", "https://a.example.org", "b", ""][..],
            ),
            (
                "https://a.example/b",
                &["https://a.example/b", "https://a.example/b/c", "https://a.example/b?x=1"],
                &["https://a.example/bc", "https://a.example/", "https://a.example/b/../c"],
            ),
            ("https://a.example/b/", &["https://a.example/b/c"], &["https://a.example/b"]),
            (
                "https://a.example/b?x=1",
                &["https://a.example/b?x=1"],
                &["https://a.example/b?x=1/c", "https://a.example/b?x=12"],
            ),
            ("urn:a:b", &["urn:a:b", "urn:a:b/c"], &["urn:a:bc"]),
        ];
        for (resource, inside, outside) in cases {
            let resource = Resource::parse(resource).unwrap_or_else(|error| panic!("{resource}: {error}"));
            assert!(inside.iter().all(|location| resource.includes(location)), "{resource} {inside:?}");
            assert!(!outside.iter().any(|location| resource.includes(location)), "{resource} {outside:?}");
        }
    }
}
