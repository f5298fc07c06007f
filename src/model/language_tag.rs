//! Language tags, for pages in a language that a person reads.

use super::syntax::name;

name! {
    /// A language tag of BCP 47, such as `de-CH`, by its form: subtags of letters and digits, with hyphens between
    /// them. Compare tags without regard to case.
    LanguageTag, "language tag", 64, |text| {
        let is_subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        text.split('-').all(is_subtag)
    }
}

impl LanguageTag {
    /// Reads the tags in a `ui_locales`, "ordered by preference", at most 16 of them. Others, and what is no tag, are
    /// left out: "An error SHOULD NOT result if some or all of the requested locales are not supported"
    /// ([OpenID Connect Core 1.0 §3.1.2.1]).
    ///
    /// [OpenID Connect Core 1.0 §3.1.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
    #[must_use]
    pub fn parse_values(text: &str) -> Vec<Self> {
        text.split(' ').filter_map(|tag| Self::parse(tag).ok()).take(16).collect()
    }
}
