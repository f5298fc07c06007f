//! Authorization server metadata: [RFC 8414 §3].
//!
//! [RFC 8414 §3]: https://www.rfc-editor.org/rfc/rfc8414#section-3

use serde::Deserialize;

use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::{Issuer, Metadata, Transport, split_at_path, transport, well_known_path};
use crate::step::{Pause, Step, machine};
use crate::wire::{Fault, RequestError, ServerAnswer, excerpt_of_url, get};

machine! {
    /// The machine that finds an authorization server's metadata.
    Discover {
        Fetch = DiscoverFetch,
        Reply = Result<Metadata, DiscoverError>,
    }
}

/// The metadata could not be had: no place has a usable document. Of the errors of several places, the most telling is
/// kept: that of the issuer's own document, else that of another issuer's, else that of the first place, which is
/// [RFC 8414]'s.
///
/// [RFC 8414]: https://www.rfc-editor.org/rfc/rfc8414
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoverError {
    /// The document is missing or cannot be used.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The document is another issuer's. [RFC 8414 §3.3]: "If these values are not identical, the data contained in the
    /// response MUST NOT be used." Holds the document's `issuer` if it is a valid issuer, else an excerpt of it.
    ///
    /// [RFC 8414 §3.3]: https://www.rfc-editor.org/rfc/rfc8414#section-3.3
    #[error("the metadata is that of another issuer: {0}")]
    OtherIssuer(String),
}

impl DiscoverError {
    fn weight(&self) -> u8 {
        match self {
            Self::Request(RequestError::Unusable { fault: Fault::Unreadable(_), .. }) => 2,
            Self::OtherIssuer(_) => 1,
            Self::Request(_) => 0,
        }
    }
}

/// Returns the more telling of two errors by weight; the earlier one if they weigh the same.
pub(super) fn more_telling<E>(before: Option<E>, error: E, weight: impl Fn(&E) -> u8) -> E {
    match before {
        Some(before) if weight(&before) >= weight(&error) => before,
        _ => error,
    }
}

/// Starts to find the metadata of this issuer.
///
/// The first place is that of [RFC 8414 §3.1]. If it has no document of this issuer, the places of
/// [OpenID Connect Discovery] are tried: the issuer's path after the well-known part ([RFC 8414 §5]) and, as OpenID
/// Connect has it, before it.
///
/// An unreadable member that most clients do not need does not spoil the document: see [`Metadata::unreadable`]. An
/// unusable `token_endpoint` does, since credentials are sent there: one that is not a URL, one without TLS, or one on
/// the loopback interface when the issuer is not. Other endpoints that break these rules are left out.
///
/// [RFC 8414 §3.1]: https://www.rfc-editor.org/rfc/rfc8414#section-3.1
/// [OpenID Connect Discovery]: https://openid.net/specs/openid-connect-discovery-1_0.html
/// [RFC 8414 §5]: https://www.rfc-editor.org/rfc/rfc8414#section-5
///
/// `run` returns the [`Metadata`], or a [`DiscoverError`].
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
fn next(issuer: Issuer, mut places: Vec<String>, failed: Option<DiscoverError>) -> Step<Discover> {
    let Some(place) = places.pop() else {
        return Step::Done(Err(failed.unwrap_or(RequestError::Unsendable.into())));
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
    failed: Option<DiscoverError>,
}

impl Pause<Fetch> for DiscoverFetch {
    type Machine = Discover;

    fn effect(&self) -> &Fetch {
        &self.fetch
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<Discover> {
        let document = ServerAnswer::new(answer).map_err(DiscoverError::from);
        let error = match document.and_then(|answer| read(&answer, &self.issuer)) {
            Ok(metadata) => return Step::Done(Ok(metadata)),
            Err(error) => error,
        };
        // An unreachable host is not asked for another document.
        let is_reached = !matches!(error, DiscoverError::Request(RequestError::Unavailable(_)));
        let failed = more_telling(self.failed, error, DiscoverError::weight);
        if is_reached { next(self.issuer, self.places, Some(failed)) } else { Step::Done(Err(failed)) }
    }
}

/// Reads the document if it is this issuer's. The issuer is checked first, so that another issuer's document is not
/// judged.
fn read(answer: &ServerAnswer, issuer: &Issuer) -> Result<Metadata, DiscoverError> {
    #[derive(Deserialize)]
    struct Issued {
        issuer: Option<String>,
    }
    let issued = answer.document::<Issued>()?.issuer.ok_or_else(|| answer.unusable(Fault::Missing("issuer")))?;
    // RFC 8414 §3.3: "The "issuer" value returned MUST be identical to the authorization server's issuer identifier
    // value into which the well-known URI string was inserted to create the URL used to retrieve the metadata."
    if issued != issuer.as_str() {
        let is_sound = issued.len() <= LONGEST_SHOWN && Issuer::parse_in_private_network(&issued).is_ok();
        return Err(DiscoverError::OtherIssuer(if is_sound { issued } else { excerpt_of_url(&issued) }));
    }
    let mut metadata = answer.document::<Metadata>()?;
    metadata.leave_out(|url| is_downgrade(issuer.as_str(), url.as_str()));
    if metadata.unreadable().contains(&"token_endpoint") {
        return Err(answer.unusable(Fault::Unreadable("token_endpoint")).into());
    }
    Ok(metadata)
}

/// The most bytes of another issuer's name that are shown.
const LONGEST_SHOWN: usize = 2048;

/// Tells if a document would lead to a less protected place. Plain http is for a server on this very host, or within
/// one private network that the application named; a document from elsewhere must not lead there, nor to anything
/// without TLS: [RFC 9728 §7.7].
///
/// [RFC 9728 §7.7]: https://www.rfc-editor.org/rfc/rfc9728#section-7.7
pub(super) fn is_downgrade(from: &str, to: &str) -> bool {
    let to = transport(to);
    to != Transport::Https && to != transport(from)
}
