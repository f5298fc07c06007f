//! Protected resource metadata: [RFC 9728 §3].
//!
//! [RFC 9728 §3]: https://www.rfc-editor.org/rfc/rfc9728#section-3

use serde::Deserialize;
use url::{Position, Url};

use super::discover::{is_downgrade, more_telling};
use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::{Endpoint, Resource, ResourceMetadata};
use crate::step::{Pause, Step, machine};
use crate::wire::{Fault, RequestError, ServerAnswer, get};

machine! {
    /// The machine that finds a protected resource's metadata.
    DiscoverResource {
        Fetch = DiscoverResourceFetch,
        Reply = Result<ResourceMetadata, DiscoverResourceError>,
    }
}

/// The rule for which resource a document may describe: [RFC 9728 §3.3]. Two resources are the same if they are
/// equivalent by [RFC 3986 §6.2.2.1] and [§6.2.3]: the case of scheme and host, the default port and the slash of an
/// empty path make no difference.
///
/// [RFC 9728 §3.3]: https://www.rfc-editor.org/rfc/rfc9728#section-3.3
/// [RFC 3986 §6.2.2.1]: https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2.1
/// [§6.2.3]: https://www.rfc-editor.org/rfc/rfc3986#section-6.2.3
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResourceMatch {
    /// The requested resource alone. [RFC 9728 §3.3]: "If these values are not identical, the data contained in the
    /// response MUST NOT be used."
    ///
    /// [RFC 9728 §3.3]: https://www.rfc-editor.org/rfc/rfc9728#section-3.3
    #[default]
    Identical,
    /// The requested resource or one above it on the same origin, by whole segments of the path: `https://api.example`
    /// or `https://api.example/mcp/` for `https://api.example/mcp`. Many servers of the Model Context Protocol name the
    /// origin in place of the endpoint.
    ///
    /// The operator of the upper path then decides which server's tokens are sent to the lower one. [RFC 9728 §3.3]
    /// requires "identical" so that one resource cannot speak for another; use this only where an origin belongs to one
    /// party.
    ///
    /// [RFC 9728 §3.3]: https://www.rfc-editor.org/rfc/rfc9728#section-3.3
    Above,
}

impl ResourceMatch {
    fn takes(self, asked: &Resource, named: &Resource) -> bool {
        asked == named || self == Self::Above && is_above(named, asked)
    }
}

/// Tells if one resource is above another, or differs from it only by a slash at the end.
fn is_above(upper: &Resource, lower: &Resource) -> bool {
    let (Ok(upper), Ok(lower)) = (Url::parse(upper.as_str()), Url::parse(lower.as_str())) else { return false };
    let is_same_origin = upper.has_host() && upper[..Position::BeforePath] == lower[..Position::BeforePath];
    let rest = lower.path().strip_prefix(upper.path().trim_end_matches('/'));
    is_same_origin && upper.query().is_none() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The metadata could not be had: no place has a usable document. Of the errors of several places, the most telling is
/// kept: that of the resource's own document, else that of another resource's, else that of the first place.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoverResourceError {
    /// The document is missing or cannot be used.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The document describes another resource. [RFC 9728 §3.3]: "If these values are not identical, the data contained
    /// in the response MUST NOT be used."
    ///
    /// [RFC 9728 §3.3]: https://www.rfc-editor.org/rfc/rfc9728#section-3.3
    #[error("the metadata is that of another resource: {0}")]
    OtherResource(Resource),
}

impl DiscoverResourceError {
    fn weight(&self) -> u8 {
        match self {
            Self::Request(RequestError::Unusable { fault: Fault::Unreadable(_), .. }) => 2,
            Self::OtherResource(_) => 1,
            Self::Request(_) => 0,
        }
    }
}

/// Starts to find the metadata of this resource: at the place that its [`Challenge`](super::Challenge) names or,
/// without one, at the resource's own well-known place ([RFC 9728 §3.1], [§5]). If there is no document of this
/// resource, the one at the root of the host is tried, as the Model Context Protocol asks of clients; it must describe
/// this very resource too.
///
/// `resource` is the one that the client meant to call, as the client wrote it, and never one that a response names:
/// [RFC 9728 §3.3], [§7.3]. To accept the document of a resource above it, use [`discover_resource_matching`].
///
/// [RFC 9728 §3.1]: https://www.rfc-editor.org/rfc/rfc9728#section-3.1
/// [§5]: https://www.rfc-editor.org/rfc/rfc9728#section-5
/// [RFC 9728 §3.3]: https://www.rfc-editor.org/rfc/rfc9728#section-3.3
/// [§7.3]: https://www.rfc-editor.org/rfc/rfc9728#section-7.3
///
/// `run` returns the [`ResourceMetadata`], or a [`DiscoverResourceError`].
#[must_use = "a machine does nothing until it is driven to its reply"]
pub fn discover_resource(resource: &Resource, place: Option<&Endpoint>) -> Step<DiscoverResource> {
    discover_resource_matching(resource, place, ResourceMatch::Identical)
}

/// The same as [`discover_resource`](fn@discover_resource), but accepts documents of another resource by this rule. The
/// client asks for its token for the `resource` of the metadata that is found ([RFC 8707]).
///
/// [RFC 8707]: https://www.rfc-editor.org/rfc/rfc8707
#[must_use = "a machine does nothing until it is driven to its reply"]
pub fn discover_resource_matching(
    resource: &Resource,
    place: Option<&Endpoint>,
    matching: ResourceMatch,
) -> Step<DiscoverResource> {
    let places = match place {
        Some(place) => vec![place.clone()],
        None => places(resource),
    };
    let is_safe = |place: &Endpoint| !is_downgrade(resource.as_str(), place.as_str());
    let places = places.into_iter().filter(is_safe).collect();
    next(Asked { resource: resource.clone(), matching, places, failed: None })
}

/// The resource's own place and that at the root of its host; the last is asked first.
fn places(resource: &Resource) -> Vec<Endpoint> {
    let own = ResourceMetadata::url(resource);
    let root = Url::parse(resource.as_str()).ok().and_then(|url| Resource::parse(&url[..Position::BeforePath]).ok());
    let root = root.and_then(|root| ResourceMetadata::url(&root)).filter(|root| own.as_ref() != Some(root));
    root.into_iter().filter(|_| own.is_some()).chain(own.clone()).collect()
}

/// The resource that is looked for, with the places that remain and the failure so far.
#[derive(Clone, Debug)]
struct Asked {
    resource: Resource,
    matching: ResourceMatch,
    places: Vec<Endpoint>,
    failed: Option<DiscoverResourceError>,
}

/// Asks for the document at the last of the places that remain.
fn next(mut asked: Asked) -> Step<DiscoverResource> {
    let Some(place) = asked.places.pop() else {
        return Step::Done(Err(asked.failed.unwrap_or(RequestError::Unsendable.into())));
    };
    match get(place.as_str()) {
        Ok(fetch) => Step::Fetch(DiscoverResourceFetch { fetch, place, asked }),
        Err(error) => Step::Done(Err(error.into())),
    }
}

/// Waits for a metadata document.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct DiscoverResourceFetch {
    fetch: Fetch,
    place: Endpoint,
    asked: Asked,
}

impl Pause<Fetch> for DiscoverResourceFetch {
    type Machine = DiscoverResource;

    fn effect(&self) -> &Fetch {
        &self.fetch
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<DiscoverResource> {
        let Self { place, asked, .. } = self;
        let document = ServerAnswer::new(answer).map_err(DiscoverResourceError::from);
        let error = match document.and_then(|answer| asked.read(&answer, &place)) {
            Ok(metadata) => return Step::Done(Ok(metadata)),
            Err(error) => error,
        };
        // A host that cannot be reached is not asked for another document.
        let is_reached = !matches!(error, DiscoverResourceError::Request(RequestError::Unavailable(_)));
        let failed = more_telling(asked.failed, error, DiscoverResourceError::weight);
        if is_reached { next(Asked { failed: Some(failed), ..asked }) } else { Step::Done(Err(failed)) }
    }
}

impl Asked {
    /// Reads the document if it describes an accepted resource. The resource is checked first, so that another
    /// resource's document is not judged.
    fn read(&self, answer: &ServerAnswer, place: &Endpoint) -> Result<ResourceMetadata, DiscoverResourceError> {
        #[derive(Deserialize)]
        struct Named {
            resource: Option<String>,
        }
        let named = answer.document::<Named>()?.resource.ok_or_else(|| answer.unusable(Fault::Missing("resource")))?;
        let named = Resource::parse(&named).map_err(|_| answer.unusable(Fault::Unreadable("resource")))?;
        // RFC 9728 §3.3: "the resource value returned MUST be identical to the URL that the client used to make the
        // request to the resource server."
        if !self.matching.takes(&self.resource, &named) {
            return Err(DiscoverResourceError::OtherResource(named));
        }
        let mut metadata = answer.document::<ResourceMetadata>()?;
        // Within a private network, servers that the network itself names are acceptable.
        let from = [self.resource.as_str(), place.as_str()];
        metadata.leave_out(|issuer| from.iter().any(|from| is_downgrade(from, issuer.as_str())));
        // If the metadata names servers, the client goes to no other.
        if metadata.has_no_usable_server() {
            return Err(answer.unusable(Fault::Unreadable("authorization_servers")).into());
        }
        Ok(metadata)
    }
}
