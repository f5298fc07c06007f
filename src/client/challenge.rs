//! Challenges of a resource server, sent in `WWW-Authenticate`: [RFC 6750 §3], [RFC 9470 §3], [RFC 9728 §5.1].
//!
//! [RFC 6750 §3]: https://www.rfc-editor.org/rfc/rfc6750#section-3
//! [RFC 9470 §3]: https://www.rfc-editor.org/rfc/rfc9470#section-3
//! [RFC 9728 §5.1]: https://www.rfc-editor.org/rfc/rfc9728#section-5.1

use std::collections::BTreeMap;

use http::HeaderMap;
use url::Url;

use crate::model::{Endpoint, Resource, Scope};
use crate::wire::{AnyChallenge, challenges, excerpt_of_url, lenient, peer_text};

/// The challenge of a resource server's response. A member is present if the resource server sent it and it can be
/// read.
///
/// The content deserves as much trust as the resource server does. The texts for the client's developer are cleaned as
/// those of an [`ErrorResponse`](super::ErrorResponse) are; `realm` and the further parameters are as they were sent,
/// and at most 8 KiB each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// The scheme as it was sent: `Bearer`, or another that has OAuth's parameters, such as `DPoP`.
    pub scheme: String,
    /// The error code, such as `invalid_token`, `insufficient_scope` or `insufficient_user_authentication`. `None` if
    /// the request had no token.
    pub error: Option<String>,
    /// An explanation for the client's developer.
    pub error_description: Option<String>,
    /// The URL of a page for the client's developer.
    pub error_uri: Option<String>,
    /// The protection space: [RFC 9110 §11.5].
    ///
    /// [RFC 9110 §11.5]: https://www.rfc-editor.org/rfc/rfc9110#section-11.5
    pub realm: Option<String>,
    /// The scope that the token needs. Scope tokens are separated by one space or more; a comma is a character of a
    /// scope token ([RFC 6749 §3.3]).
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    pub scope: Option<Scope>,
    /// The required authentication of the resource owner: the `acr_values` for the next authorization request
    /// ([RFC 9470 §4]).
    ///
    /// [RFC 9470 §4]: https://www.rfc-editor.org/rfc/rfc9470#section-4
    pub acr_values: Option<String>,
    /// The greatest age of the resource owner's authentication, in seconds: the `max_age` for the next authorization
    /// request ([RFC 9470 §4]).
    ///
    /// [RFC 9470 §4]: https://www.rfc-editor.org/rfc/rfc9470#section-4
    pub max_age: Option<u64>,
    /// The URL of the protected resource metadata, for [`discover_resource`](fn@super::discover_resource).
    pub resource_metadata: Option<Endpoint>,
    /// The other parameters, by their names in lower case: `service` or `claims`, for example.
    pub parameters: BTreeMap<String, String>,
    unreadable: Vec<&'static str>,
}

impl Challenge {
    /// Returns the challenge in a response's headers that an OAuth client can answer: the first of the scheme `Bearer`;
    /// failing that, the first of any scheme that has `resource_metadata` ([RFC 9728 §5.1]: "This parameter MAY also be
    /// used in WWW-Authenticate responses using [...] schemes other than "Bearer""), or that of `DPoP`
    /// ([RFC 9449 §7.1]).
    ///
    /// Parameters that it lacks are taken from the other challenges: all of them from challenges of the same scheme,
    /// but only `resource_metadata` and `scope`, which do not concern the token that was sent, from those of another
    /// scheme.
    ///
    /// A relative `resource_metadata` is [unreadable](Self::unreadable); see [`Challenge::of_resource`].
    ///
    /// [RFC 9728 §5.1]: https://www.rfc-editor.org/rfc/rfc9728#section-5.1
    /// [RFC 9449 §7.1]: https://www.rfc-editor.org/rfc/rfc9449#section-7.1
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        Self::read(headers, None)
    }

    /// Returns the challenge of a response of this resource, as [`of`](Self::of) does, but resolves a relative
    /// `resource_metadata` against the resource ([RFC 3986 §5]).
    ///
    /// [RFC 3986 §5]: https://www.rfc-editor.org/rfc/rfc3986#section-5
    #[must_use]
    pub fn of_resource(resource: &Resource, headers: &HeaderMap) -> Option<Self> {
        Self::read(headers, Url::parse(resource.as_str()).ok().as_ref())
    }

    /// The parameters that were sent and cannot be read: `scope`, `max_age`, `resource_metadata`.
    #[must_use]
    pub fn unreadable(&self) -> &[&'static str] {
        &self.unreadable
    }

    fn read(headers: &HeaderMap, base: Option<&Url>) -> Option<Self> {
        let mut all: Vec<Self> = challenges(headers).into_iter().map(|any| Self::new(any, base)).collect();
        // RFC 9110 §11.1: the scheme is case-insensitive.
        let first = |scheme: &str| all.iter().position(|challenge| challenge.scheme.eq_ignore_ascii_case(scheme));
        let with_metadata = || all.iter().position(Self::has_resource_metadata);
        let at = first("Bearer").or_else(with_metadata).or_else(|| first("DPoP"))?;
        let mut found = all.remove(at);
        for other in all {
            found.complete(other);
        }
        Some(found)
    }

    fn has_resource_metadata(&self) -> bool {
        self.resource_metadata.is_some() || self.unreadable.contains(&"resource_metadata")
    }

    /// Fills in from another challenge the members that this one lacks.
    fn complete(&mut self, other: Self) {
        let is_same = self.scheme.eq_ignore_ascii_case(&other.scheme);
        self.scope = self.scope.take().or(other.scope);
        self.resource_metadata = self.resource_metadata.take().or(other.resource_metadata);
        if is_same {
            self.error = self.error.take().or(other.error);
            self.error_description = self.error_description.take().or(other.error_description);
            self.error_uri = self.error_uri.take().or(other.error_uri);
            self.realm = self.realm.take().or(other.realm);
            self.acr_values = self.acr_values.take().or(other.acr_values);
            self.max_age = self.max_age.or(other.max_age);
            for (name, value) in other.parameters {
                self.parameters.entry(name).or_insert(value);
            }
        }
        let of_both = |name: &&str| is_same || *name != "max_age";
        self.unreadable.extend(other.unreadable.into_iter().filter(of_both));
        self.forget_what_was_read();
    }

    fn new(any: AnyChallenge, base: Option<&Url>) -> Self {
        let mut challenge = Self { scheme: any.scheme, ..Self::default() };
        for (name, value) in any.parameters {
            challenge.set(name, value, base);
        }
        challenge.forget_what_was_read();
        challenge
    }

    /// Sets a parameter. [RFC 9110 §11.2]: "each parameter name MUST only occur once per challenge". If one occurs more
    /// often, the last readable value counts.
    ///
    /// [RFC 9110 §11.2]: https://www.rfc-editor.org/rfc/rfc9110#section-11.2
    fn set(&mut self, name: String, value: String, base: Option<&Url>) {
        match name.as_str() {
            "error" => self.error = Some(peer_text(&value)),
            "error_description" => self.error_description = Some(peer_text(&value)),
            "error_uri" => self.error_uri = Some(excerpt_of_url(&value)),
            "realm" => self.realm = Some(value),
            "acr_values" => self.acr_values = Some(value),
            "scope" => self.replace("scope", lenient::spaced_scope(&value).ok(), |challenge| &mut challenge.scope),
            "max_age" => self.replace("max_age", value.trim().parse().ok(), |challenge| &mut challenge.max_age),
            "resource_metadata" => {
                let url = Endpoint::parse(&value).ok().or_else(|| resolve(base?, &value));
                self.replace("resource_metadata", url, |challenge| &mut challenge.resource_metadata);
            }
            _ => drop(self.parameters.insert(name, value)),
        }
    }

    fn replace<T>(&mut self, name: &'static str, read: Option<T>, member: impl Fn(&mut Self) -> &mut Option<T>) {
        match read {
            Some(value) => *member(self) = Some(value),
            None => self.unreadable.push(name),
        }
    }

    /// Removes from the unreadable parameters those that another challenge had readable.
    fn forget_what_was_read(&mut self) {
        let Self { scope, max_age, resource_metadata, unreadable, .. } = self;
        unreadable.sort_unstable();
        unreadable.dedup();
        unreadable.retain(|name| match *name {
            "scope" => scope.is_none(),
            "max_age" => max_age.is_none(),
            _ => resource_metadata.is_none(),
        });
    }
}

/// Resolves a relative reference against the resource that wrote it.
fn resolve(base: &Url, reference: &str) -> Option<Endpoint> {
    // A reference with a scheme is not relative, and was tried already.
    match Url::parse(reference) {
        Err(url::ParseError::RelativeUrlWithoutBase) => Endpoint::parse(base.join(reference).ok()?.as_str()).ok(),
        _ => None,
    }
}
