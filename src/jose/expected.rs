//! The properties that a JSON Web Token has to have for one purpose: [RFC 8725 §3].
//!
//! [RFC 8725 §3]: https://www.rfc-editor.org/rfc/rfc8725#section-3

use std::time::Duration;

use super::Header;

/// The properties that a JSON Web Token has to have. Tokens for different purposes have rules that exclude each other
/// ([RFC 8725 §3.12]), and their type is the first of these.
///
/// [RFC 8725 §3.12]: https://www.rfc-editor.org/rfc/rfc8725#section-3.12
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected<'a> {
    pub(super) typ: Typ<'a>,
    pub(super) issuer: Option<&'a str>,
    pub(super) audience: Option<&'a str>,
    pub(super) is_sole_audience: bool,
    pub(super) must_expire: bool,
    pub(super) max_age: Option<Duration>,
    pub(super) leeway: Duration,
}

/// The type that a token has to have (`typ`): [RFC 8725 §3.11].
///
/// [RFC 8725 §3.11]: https://www.rfc-editor.org/rfc/rfc8725#section-3.11
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typ<'a> {
    /// This one.
    Is(&'a str),
    /// One of these, or none: for tokens that are older than explicit types.
    AbsentOr(&'a [&'a str]),
}

impl Typ<'_> {
    pub(super) fn is_met_by(self, header: &Header) -> bool {
        match self {
            Self::Is(name) => header.is_of_type(name),
            Self::AbsentOr(names) => header.typ().is_none() || names.iter().any(|name| header.is_of_type(name)),
        }
    }
}

impl<'a> Expected<'a> {
    /// The leeway for clocks that differ, if no other is named.
    pub const LEEWAY: Duration = Duration::from_secs(10);
    /// The greatest leeway. [RFC 7519 §4.1.4]: "usually no more than a few minutes".
    ///
    /// [RFC 7519 §4.1.4]: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4
    pub const MAX_LEEWAY: Duration = Duration::from_secs(5 * 60);

    /// Expects a token of this issuer for this audience, which says when it expires.
    #[must_use]
    pub fn token(typ: Typ<'a>, issuer: &'a str, audience: &'a str) -> Self {
        Self { issuer: Some(issuer), audience: Some(audience), must_expire: true, ..Self::any(typ) }
    }

    /// Expects a proof that was made just now, this long ago at most, and names neither an issuer nor an audience.
    #[must_use]
    pub fn proof(typ: &'a str, max_age: Duration) -> Self {
        Self { max_age: Some(max_age), ..Self::any(Typ::Is(typ)) }
    }

    fn any(typ: Typ<'a>) -> Self {
        Self {
            typ,
            issuer: None,
            audience: None,
            is_sole_audience: false,
            must_expire: false,
            max_age: None,
            leeway: Self::LEEWAY,
        }
    }

    /// Refuses a list of audiences, be it of one: `aud` has to be a text. Whoever else is in a list could use the token
    /// too.
    #[must_use]
    pub fn with_sole_audience(self) -> Self {
        Self { is_sole_audience: true, ..self }
    }

    /// Refuses a token that was issued (`iat`) longer ago, or does not say when it was.
    #[must_use]
    pub fn with_max_age(self, max_age: Duration) -> Self {
        Self { max_age: Some(max_age), ..self }
    }

    /// Sets the leeway for clocks that differ, up to [`MAX_LEEWAY`](Self::MAX_LEEWAY).
    #[must_use]
    pub fn with_leeway(self, leeway: Duration) -> Self {
        Self { leeway: leeway.min(Self::MAX_LEEWAY), ..self }
    }
}
