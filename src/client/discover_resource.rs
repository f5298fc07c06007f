//! Protected resource metadata: RFC 9728 §3.

use super::discover::is_downgrade;
use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::{Endpoint, Issuer, Resource, ResourceMetadata, Transport, transport};
use crate::step::{Pause, Step, machine};
use crate::wire::{Fault, RequestError, ServerAnswer, get};

machine! {
    /// The machine that finds out whose tokens a protected resource takes.
    DiscoverResource {
        Fetch = DiscoverResourceFetch,
        Reply = Result<ResourceMetadata, DiscoverResourceError>,
    }
}

/// The metadata could not be had.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoverResourceError {
    /// There is no document that can be used.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// RFC 9728 §3.3: "If these values are not identical, the data contained in the response MUST NOT be used."
    #[error("the metadata is that of another resource: {0}")]
    OtherResource(Resource),
}

/// Starts to find the metadata of this resource: where its [`Challenge`](super::Challenge) says or, without one, at the
/// resource's own well-known place (RFC 9728 §3.1, §5).
///
/// The resource is the one that the client meant to ask, as it wrote it, and never one that the answer names: RFC 9728
/// §3.3, §7.3.
#[must_use = "a machine does nothing until it is driven to its reply"]
pub fn discover_resource(resource: &Resource, place: Option<&Endpoint>) -> Step<DiscoverResource> {
    let place = place.cloned().or_else(|| ResourceMetadata::url(resource));
    let place = place.filter(|place| !is_downgrade(resource.as_str(), place.as_str()));
    match place.ok_or(RequestError::Unsendable).and_then(|place| Ok((get(place.as_str())?, place))) {
        Ok((fetch, place)) => Step::Fetch(DiscoverResourceFetch { fetch, resource: resource.clone(), place }),
        Err(error) => Step::Done(Err(error.into())),
    }
}

/// Waits for a metadata document.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct DiscoverResourceFetch {
    fetch: Fetch,
    resource: Resource,
    place: Endpoint,
}

impl Pause<Fetch> for DiscoverResourceFetch {
    type Machine = DiscoverResource;

    fn effect(&self) -> &Fetch {
        &self.fetch
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<DiscoverResource> {
        let document = ServerAnswer::new(answer).and_then(|answer| {
            let metadata = answer.json::<ResourceMetadata>()?;
            // In a private network are those that the network itself names.
            let from = [self.resource.as_str(), self.place.as_str()];
            let is_downgrade = |issuer: &Issuer| match transport(issuer.as_str()) {
                Transport::PlainHttp => from.iter().any(|from| is_downgrade(from, issuer.as_str())),
                _ => is_downgrade(self.resource.as_str(), issuer.as_str()),
            };
            if !metadata.authorization_servers.iter().any(is_downgrade) {
                Ok(metadata)
            } else {
                Err(answer.unusable(Fault::Malformed))
            }
        });
        Step::Done(match document {
            // RFC 9728 §3.3: "the resource value returned MUST be identical to the URL that the client used to make the
            // request to the resource server."
            Ok(metadata) if metadata.resource.as_str() == self.resource.as_str() => Ok(metadata),
            Ok(metadata) => Err(DiscoverResourceError::OtherResource(metadata.resource)),
            Err(error) => Err(error.into()),
        })
    }
}
