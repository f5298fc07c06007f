//! What a resource server asks for when it refuses, in `WWW-Authenticate`: RFC 6750 §3, RFC 9470 §3, RFC 9728 §5.1.

use std::collections::BTreeMap;

use http::HeaderMap;
use url::Url;

use crate::model::{Endpoint, Resource, Scope};
use crate::wire::{AnyChallenge, challenges, excerpt_of_url, lenient, peer_text};

/// The challenge of a response. Each member is there if the resource server sent it, and it can be read.
///
/// What it says comes from the resource server, and is worth as much trust. The texts for the client's developer are as
/// clean as those of an [`ErrorResponse`](super::ErrorResponse); `realm` and the further parameters are as they were
/// sent, and at most 8 KiB each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// The scheme, as it was sent: `Bearer`, or another that has OAuth's parameters, `DPoP` say.
    pub scheme: String,
    /// The code: `invalid_token`, `insufficient_scope`, `insufficient_user_authentication`, say. None: the request had
    /// no token.
    pub error: Option<String>,
    /// A text for the client's developer.
    pub error_description: Option<String>,
    /// A page for the client's developer.
    pub error_uri: Option<String>,
    /// What is protected: RFC 9110 §11.5.
    pub realm: Option<String>,
    /// What the token must be good for. Its tokens are those that spaces separate, one or several: a comma is a
    /// character of a scope token (RFC 6749 §3.3).
    pub scope: Option<Scope>,
    /// How the resource owner is to be authenticated: the parameter of this name for the next authorization request
    /// (RFC 9470 §4).
    pub acr_values: Option<String>,
    /// How many seconds ago the resource owner may have been authenticated: the parameter of this name, likewise.
    pub max_age: Option<u64>,
    /// Where the resource server says what it is and whose tokens it takes: for
    /// [`discover_resource`](fn@super::discover_resource).
    pub resource_metadata: Option<Endpoint>,
    /// Every other parameter, by its name in lower case: `service` or `claims`, say.
    pub parameters: BTreeMap<String, String>,
    unreadable: Vec<&'static str>,
}

impl Challenge {
    /// The challenge in a response's headers, if there is one that a client of OAuth can answer: the first of the
    /// scheme `Bearer`; if there is none, the first of any scheme that has `resource_metadata` (RFC 9728 §5.1: "This
    /// parameter MAY also be used in WWW-Authenticate responses using [...] schemes other than "Bearer""), or that of
    /// `DPoP` (RFC 9449 §7.1).
    ///
    /// What it leaves out is taken from the others: from those of the same scheme everything, from those of another one
    /// what is not about the token that was shown, `resource_metadata` and `scope`.
    ///
    /// A `resource_metadata` that is relative is [unreadable](Self::unreadable); see [`Challenge::of_resource`].
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        Self::read(headers, None)
    }

    /// The same of a response of this resource, by which a relative `resource_metadata` is resolved (RFC 3986 §5).
    #[must_use]
    pub fn of_resource(resource: &Resource, headers: &HeaderMap) -> Option<Self> {
        Self::read(headers, Url::parse(resource.as_str()).ok().as_ref())
    }

    /// The parameters that were there and cannot be read: `scope`, `max_age`, `resource_metadata`.
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

    /// Takes from another challenge what this one does not have.
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

    /// RFC 9110 §11.2: "each parameter name MUST only occur once per challenge". Of those that do not, the last one
    /// that can be read counts.
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

    /// A parameter that could be read elsewhere is not missed.
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

/// A relative reference, at the resource that wrote it.
fn resolve(base: &Url, reference: &str) -> Option<Endpoint> {
    // What has a scheme of its own is not relative, and was read already.
    match Url::parse(reference) {
        Err(url::ParseError::RelativeUrlWithoutBase) => Endpoint::parse(base.join(reference).ok()?.as_str()).ok(),
        _ => None,
    }
}
