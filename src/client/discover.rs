//! Authorization server metadata: RFC 8414 §3.

use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::{Issuer, Metadata, Transport, split_at_path, transport, well_known_path};
use crate::step::{Pause, Step, machine};
use crate::wire::{Fault, RequestError, ServerAnswer, get};

machine! {
    /// The machine that finds an authorization server's metadata.
    Discover {
        Fetch = DiscoverFetch,
        Reply = Result<Metadata, DiscoverError>,
    }
}

/// The metadata could not be had.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoverError {
    /// No place has a document that can be used; this is what became of the first, which is RFC 8414's.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// RFC 8414 §3.3: "If these values are not identical, the data contained in the response MUST NOT be used."
    #[error("the metadata is that of another issuer: {0}")]
    OtherIssuer(Issuer),
}

/// Starts to find the metadata of this issuer.
///
/// Its place is that of RFC 8414 §3.1; where that has no document, those of OpenID Connect Discovery are tried, with
/// the issuer's path after the well-known part (RFC 8414 §5) and, as OpenID Connect has it, before.
#[must_use = "a machine does nothing until it is driven to its reply"]
pub fn discover(issuer: &Issuer) -> Step<Discover> {
    let url = issuer.as_str();
    let (host, path) = split_at_path(url);
    let mut places = vec![
        format!("{}/.well-known/openid-configuration", url.trim_end_matches('/')),
        format!("{host}{}", well_known_path(url, "oauth-authorization-server")),
    ];
    if !path.trim_end_matches('/').is_empty() {
        places.insert(1, format!("{host}{}", well_known_path(url, "openid-configuration")));
    }
    next(issuer.clone(), places, None)
}

/// Asks at the last of these places.
fn next(issuer: Issuer, mut places: Vec<String>, failed: Option<RequestError>) -> Step<Discover> {
    let Some(place) = places.pop() else {
        return Step::Done(Err(failed.unwrap_or(RequestError::Unsendable).into()));
    };
    match get(&place) {
        Ok(fetch) => Step::Fetch(DiscoverFetch { fetch, issuer, places, failed }),
        Err(error) => Step::Done(Err(error.into())),
    }
}

/// Waits for a metadata document.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct DiscoverFetch {
    fetch: Fetch,
    issuer: Issuer,
    places: Vec<String>,
    failed: Option<RequestError>,
}

impl Pause<Fetch> for DiscoverFetch {
    type Machine = Discover;

    fn effect(&self) -> &Fetch {
        &self.fetch
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<Discover> {
        let document = ServerAnswer::new(answer).and_then(|answer| {
            let metadata = answer.json::<Metadata>()?;
            if has_downgrade(&metadata) { Err(answer.unusable(Fault::Malformed)) } else { Ok(metadata) }
        });
        match document {
            // RFC 8414 §3.3: "The "issuer" value returned MUST be identical to the authorization server's issuer
            // identifier value into which the well-known URI string was inserted to create the URL used to retrieve the
            // metadata."
            Ok(metadata) if metadata.issuer == self.issuer => Step::Done(Ok(metadata)),
            Ok(metadata) => Step::Done(Err(DiscoverError::OtherIssuer(metadata.issuer))),
            // A host that cannot be reached is not asked for another document.
            Err(error @ RequestError::Unavailable(_)) => Step::Done(Err(self.failed.unwrap_or(error).into())),
            Err(error) => next(self.issuer, self.places, Some(self.failed.unwrap_or(error))),
        }
    }
}

/// Plain http is for a server on this very host, or within one private network that the application named. What is
/// elsewhere has no business there, and nothing without TLS: RFC 9728 §7.7.
pub(super) fn is_downgrade(from: &str, to: &str) -> bool {
    let to = transport(to);
    to != Transport::Https && to != transport(from)
}

fn has_downgrade(metadata: &Metadata) -> bool {
    metadata.endpoints().any(|endpoint| is_downgrade(metadata.issuer.as_str(), endpoint.as_str()))
}
