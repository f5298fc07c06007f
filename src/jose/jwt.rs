//! JSON Web Tokens: [RFC 7519 §4], [§7.2]; [RFC 8725 §3].
//!
//! [RFC 7519 §4]: https://www.rfc-editor.org/rfc/rfc7519#section-4
//! [§7.2]: https://www.rfc-editor.org/rfc/rfc7519#section-7.2
//! [RFC 8725 §3]: https://www.rfc-editor.org/rfc/rfc8725#section-3

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Expected, Verified};
use crate::model::Timestamp;
use crate::model::json::{self, JsonFault};

/// The most levels of arrays and objects in a claims set.
const MAX_DEPTH: usize = 16;

/// The claims of a JSON Web Token whose signature was verified, and that is for whoever reads it, of the type that was
/// expected, and valid at this time: [RFC 7519 §4].
///
/// ```
/// use grantor::jose::{Expected, JwtClaims, JwtError, Typ, Verified};
/// use grantor::Timestamp;
///
/// fn read(verified: &Verified, now: Timestamp) -> Result<JwtClaims, JwtError> {
///     let expected = Expected::token(Typ::Is("at+jwt"), "https://server.example", "https://api.example");
///     verified.claims(&expected, now)
/// }
/// ```
///
/// [RFC 7519 §4]: https://www.rfc-editor.org/rfc/rfc7519#section-4
#[derive(Clone, PartialEq)]
pub struct JwtClaims {
    members: Map<String, Value>,
    expires_at: Option<Timestamp>,
    issued_at: Option<Timestamp>,
}

/// An error in a JSON Web Token whose signature is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwtError {
    /// The token is of another type (`typ`), so that it was signed for another purpose.
    #[error("the token is of another type")]
    Type,
    /// The claims are not a JSON object, or are nested too deep.
    #[error("the claims are not a JSON object")]
    Malformed,
    /// A claim is repeated.
    #[error("a claim is repeated")]
    Repeated,
    /// A claim is missing or not of its kind.
    #[error("the claim {0} is missing or not of its kind")]
    Claim(&'static str),
    /// The token was issued by somebody else (`iss`).
    #[error("the token is of another issuer")]
    Issuer,
    /// The token is for somebody else (`aud`).
    #[error("the token is for another audience")]
    Audience,
    /// The token has expired (`exp`).
    #[error("the token has expired")]
    Expired,
    /// The token is not yet valid (`nbf`).
    #[error("the token is not yet valid")]
    NotYet,
    /// The token was issued later than now (`iat`).
    #[error("the token was issued in the future")]
    InFuture,
    /// The token was issued too long ago (`iat`).
    #[error("the token was issued too long ago")]
    TooOld,
}

impl Verified {
    /// Reads the claims, and checks that the token is what was expected, at this time.
    ///
    /// # Errors
    /// See [`JwtError`].
    pub fn claims(&self, expected: &Expected<'_>, now: Timestamp) -> Result<JwtClaims, JwtError> {
        if !expected.typ.is_met_by(self.header()) {
            return Err(JwtError::Type);
        }
        let text = std::str::from_utf8(self.payload()).map_err(|_| JwtError::Malformed)?;
        let claims = JwtClaims::parse(text)?;
        claims.check(expected, now)?;
        Ok(claims)
    }
}

impl JwtClaims {
    fn parse(text: &str) -> Result<Self, JwtError> {
        // RFC 7519 §4: "The Claim Names within a JWT Claims Set MUST be unique; JWT parsers MUST either reject JWTs
        // with duplicate Claim Names or use a JSON parser that returns only the lexically last duplicate member name".
        let members = json::strict_object(text, MAX_DEPTH).map_err(|fault| match fault {
            JsonFault::Repeated => JwtError::Repeated,
            JsonFault::Malformed | JsonFault::TooDeep => JwtError::Malformed,
        })?;
        for name in ["iss", "sub", "jti"] {
            if members.get(name).is_some_and(|value| !value.is_string()) {
                return Err(JwtError::Claim(name));
            }
        }
        let expires_at = time(&members, "exp", f64::floor)?;
        let issued_at = time(&members, "iat", f64::ceil)?;
        Ok(Self { members, expires_at, issued_at })
    }

    fn check(&self, expected: &Expected<'_>, now: Timestamp) -> Result<(), JwtError> {
        if let Some(issuer) = expected.issuer
            && self.issuer() != Some(issuer)
        {
            return Err(if self.issuer().is_none() { JwtError::Claim("iss") } else { JwtError::Issuer });
        }
        self.check_audience(expected)?;
        let (leeway, latest) = (expected.leeway, now.after(expected.leeway));
        // RFC 7519 §4.1.4: "The processing of the "exp" claim requires that the current date/time MUST be before the
        // expiration date/time listed in the "exp" claim."
        match self.expires_at {
            Some(end) if end.after(leeway).is_past(now) => return Err(JwtError::Expired),
            None if expected.must_expire => return Err(JwtError::Claim("exp")),
            _ => {}
        }
        // RFC 7519 §4.1.5: "The "nbf" (not before) claim identifies the time before which the JWT MUST NOT be accepted
        // for processing."
        if time(&self.members, "nbf", f64::ceil)?.is_some_and(|start| start > latest) {
            return Err(JwtError::NotYet);
        }
        match self.issued_at {
            Some(issued) if issued > latest => Err(JwtError::InFuture),
            Some(issued) if expected.max_age.is_some_and(|age| is_older(issued, age, leeway, now)) => {
                Err(JwtError::TooOld)
            }
            None if expected.max_age.is_some() => Err(JwtError::Claim("iat")),
            _ => Ok(()),
        }
    }

    /// Checks the audience. [RFC 7519 §4.1.3]: "If the principal processing the claim does not identify itself with a
    /// value in the "aud" claim when this claim is present, then the JWT MUST be rejected."
    ///
    /// [RFC 7519 §4.1.3]: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3
    fn check_audience(&self, expected: &Expected<'_>) -> Result<(), JwtError> {
        let audience = match (self.members.get("aud"), expected.audience) {
            (None, None) => return Ok(()),
            (None, Some(_)) => return Err(JwtError::Claim("aud")),
            (Some(_), None) => return Err(JwtError::Audience),
            (Some(Value::String(one)), Some(own)) if one == own => return Ok(()),
            (Some(Value::String(_)), Some(_)) => return Err(JwtError::Audience),
            (Some(Value::Array(values)), Some(_)) if values.iter().all(Value::is_string) => values,
            (Some(_), Some(_)) => return Err(JwtError::Claim("aud")),
        };
        let is_named = audience.iter().any(|value| value.as_str() == expected.audience);
        if is_named && !expected.is_sole_audience { Ok(()) } else { Err(JwtError::Audience) }
    }

    /// The issuer (`iss`).
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.text("iss")
    }

    /// The subject (`sub`).
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// The token's identifier (`jti`).
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.text("jti")
    }

    /// The recipients (`aud`), of which one was expected.
    pub fn audience(&self) -> impl Iterator<Item = &str> {
        let value = self.members.get("aud");
        let many = value.and_then(Value::as_array).into_iter().flatten();
        value.filter(|value| value.is_string()).into_iter().chain(many).filter_map(Value::as_str)
    }

    /// The time at which the token expires (`exp`), a part of a second left out.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// The time at which the token was issued (`iat`), a part of a second counted as a whole one.
    #[must_use]
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }

    /// Returns a claim by its name.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// All claims.
    #[must_use]
    pub fn all(&self) -> &Map<String, Value> {
        &self.members
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Value::as_str)
    }
}

/// Leaves out the values, which may be about people.
impl fmt::Debug for JwtClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JwtClaims").field(&self.members.keys().collect::<Vec<_>>()).finish()
    }
}

/// Reads a NumericDate ([RFC 7519 §2]), which may have a fraction.
///
/// [RFC 7519 §2]: https://www.rfc-editor.org/rfc/rfc7519#section-2
fn time(
    members: &Map<String, Value>,
    name: &'static str,
    whole: fn(f64) -> f64,
) -> Result<Option<Timestamp>, JwtError> {
    let Some(value) = members.get(name) else { return Ok(None) };
    let seconds = match (value.as_u64(), value.as_f64()) {
        (Some(seconds), _) => Some(seconds),
        // Within this range a number with a fraction is exact to the second, and one beyond it is refused below.
        (None, Some(seconds)) if (0.0..=Timestamp::END.0 as f64).contains(&seconds) => Some(whole(seconds) as u64),
        _ => None,
    };
    let time = seconds.map(Timestamp).filter(|time| *time <= Timestamp::END);
    time.map(Some).ok_or(JwtError::Claim(name))
}

fn is_older(issued: Timestamp, age: Duration, leeway: Duration, now: Timestamp) -> bool {
    issued.after(age).after(leeway) < now
}
