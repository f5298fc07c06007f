//! Access token scope: [RFC 6749 §3.3], [appendix A.4].
//!
//! [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
//! [appendix A.4]: https://www.rfc-editor.org/rfc/rfc6749#appendix-A.4

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use super::syntax::{is_nqchar, only, text_form};

/// A set of scope tokens, kept in the order in which they were written. Cheap to clone; may be empty.
#[derive(Clone, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct Scope(Option<Arc<str>>);

/// The error for a text that is not `scope-token *( SP scope-token )`, or is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("scope is not a list of scope-tokens separated by single spaces")]
pub struct ScopeError;

/// The greatest length of a scope, in bytes, whose tokens are compared one by one: up to here that is no slower than
/// putting them into a set.
const SHORT: usize = 128;

impl Scope {
    /// The greatest length of a scope, in bytes.
    pub const MAX_LEN: usize = 4096;

    /// The scope without a token.
    pub const EMPTY: Self = Self(None);

    /// Parses a list of scope tokens; the empty text is the empty scope. A token that repeats counts once.
    ///
    /// # Errors
    /// The text does not match `scope = scope-token *( SP scope-token )`, `scope-token = 1*( %x21 / %x23-5B / %x5D-7E
    /// )` of [RFC 6749 §3.3], or is too long.
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.is_empty() {
            return Ok(Self::EMPTY);
        }
        if text.len() > Self::MAX_LEN || text.split(' ').any(|token| token.is_empty() || !only(token, is_nqchar)) {
            return Err(ScopeError);
        }
        // Most scopes have no repetition, and are kept as they are.
        let scope = Self(Some(text.into()));
        if scope.repeats() { Ok(Self::collect(scope.tokens())) } else { Ok(scope) }
    }

    /// The same as [`parse`](Self::parse), with any white space between the tokens and around them. [RFC 6749 §3.3]
    /// allows one space between two tokens and no other; accept more only where no other party can read the same text
    /// differently.
    ///
    /// # Errors
    /// The same as [`parse`](Self::parse), except for white space.
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    pub fn parse_with_white_space(text: &str) -> Result<Self, ScopeError> {
        if text.len() > Self::MAX_LEN {
            return Err(ScopeError);
        }
        Self::parse(&text.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Tells if a token occurs twice. Few tokens are compared with each other, which would take too long for many.
    fn repeats(&self) -> bool {
        if self.is_short() {
            return self.words().enumerate().any(|(at, word)| self.words().take(at).any(|before| before == word));
        }
        let mut seen = BTreeSet::new();
        !self.words().all(|word| seen.insert(word))
    }

    fn is_short(&self) -> bool {
        self.as_str().len() <= SHORT
    }

    /// Returns the tokens, in order.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        self.0.as_deref().into_iter().flat_map(|text| text.split(' '))
    }

    /// True if the scope has this token. Case matters.
    #[must_use]
    pub fn contains(&self, token: &str) -> bool {
        self.has(token.as_bytes())
    }

    fn has(&self, token: &[u8]) -> bool {
        self.words().any(|own| own == token)
    }

    /// Returns the tokens as bytes, since the search behind `str::split` is made for longer texts.
    fn words(&self) -> impl Iterator<Item = &[u8]> {
        self.0.as_deref().into_iter().flat_map(|text| text.as_bytes().split(|byte| *byte == b' '))
    }

    /// True if the scope has no token.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// True if every token of this scope is in the other.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        if self.is_short() || other.is_short() {
            return self.words().all(|token| other.has(token));
        }
        let others: BTreeSet<_> = other.words().collect();
        self.words().all(|token| others.contains(token))
    }

    /// Returns the tokens that both scopes have, in this one's order.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        if self.is_subset(other) {
            return self.clone();
        }
        let others: BTreeSet<_> = other.tokens().collect();
        Self::collect(self.tokens().filter(|token| others.contains(token)))
    }

    /// Returns the tokens for which the predicate is true, in order.
    pub(crate) fn filtered(&self, is_kept: impl Fn(&str) -> bool) -> Self {
        // Mostly, all of them are kept.
        if self.tokens().all(&is_kept) {
            return self.clone();
        }
        Self::collect(self.tokens().filter(|token| is_kept(token)))
    }

    /// Returns the tokens of both scopes, this one's first: the scope to ask for when a resource server wants more than
    /// was granted ([RFC 6750 §3.1], `insufficient_scope`). The union of two very long scopes may be longer than
    /// [`Self::MAX_LEN`].
    ///
    /// [RFC 6750 §3.1]: https://www.rfc-editor.org/rfc/rfc6750#section-3.1
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::collect(self.tokens().chain(other.tokens()))
    }

    /// The text of the scope; empty for the empty scope.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    fn collect<'a>(tokens: impl Iterator<Item = &'a str>) -> Self {
        let mut seen = BTreeSet::new();
        let kept: Vec<_> = tokens.filter(|token| seen.insert(*token)).collect();
        Self((!kept.is_empty()).then(|| kept.join(" ").into()))
    }
}

/// Compares as sets. [RFC 6749 §3.3]: "their order does not matter".
///
/// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        self.is_subset(other) && other.is_subset(self)
    }
}

impl Eq for Scope {}

text_form!(Scope, ScopeError);

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({:?})", self.as_str())
    }
}
