//! The URLs of pages that a client has for people.

use std::net::IpAddr;
use std::sync::Arc;

use serde::Deserialize;

use super::syntax::text_form;
use super::uri::{Transport, Uri, has_characters_of_a_uri};

/// The URL of a page or image about a client, which people are shown: `client_uri`, `logo_uri`, `tos_uri`, `policy_uri`
/// of [RFC 7591 §2]. It uses https and has no user name; it may have a fragment.
///
/// The client chose it, so treat it with care: show it as a link that says where it leads, or fetch an image by your
/// own server from [public addresses](crate::is_public_address) only.
///
/// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct PageUrl(Arc<str>);

/// The error for a text that is not the URL of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the URL of a page must use https, have no user name, and not be too long")]
pub struct PageUrlError;

impl PageUrl {
    /// The greatest length of the URL, in bytes.
    pub const MAX_LEN: usize = 2048;

    /// Checks that the text can be the URL of a page.
    ///
    /// # Errors
    /// See [`PageUrlError`].
    pub fn parse(text: &str) -> Result<Self, PageUrlError> {
        let is_page = text.len() <= Self::MAX_LEN
            && has_characters_of_a_uri(fragment_of(text))
            && page_of(text).is_some_and(|uri| uri.transport() == Transport::Https);
        if is_page { Ok(Self(text.into())) } else { Err(PageUrlError) }
    }

    /// The URL, as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, in lower case.
    #[must_use]
    pub fn host(&self) -> String {
        page_of(&self.0).map(|uri| uri.host().to_ascii_lowercase()).unwrap_or_default()
    }

    /// The address, if the URL has one in place of a name.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        page_of(&self.0)?.address()
    }
}

/// Returns the URL without its fragment.
fn page_of(text: &str) -> Option<Uri<'_>> {
    Uri::parse(text.split('#').next().unwrap_or_default()).ok()
}

fn fragment_of(text: &str) -> &str {
    text.split_once('#').map_or("", |(_, fragment)| fragment)
}

text_form!(PageUrl, PageUrlError);
