//! The URLs that people are shown about a client: [RFC 7591 §5].
//!
//! [RFC 7591 §5]: https://www.rfc-editor.org/rfc/rfc7591#section-5

use super::error::RegistrationError;
use crate::address::is_public_address;
use crate::model::PageUrl;

/// Checks a URL that people will be shown. [RFC 7591 §5]: "it must be extremely careful with any URL provided by the
/// client that will be displayed to the user". Given hosts, [RFC 7591 §5]: "The authorization server SHOULD check to
/// see if the "logo_uri", "tos_uri", "client_uri", and "policy_uri" have the same host and scheme as the those defined
/// in the array of "redirect_uris"".
///
/// [RFC 7591 §5]: https://www.rfc-editor.org/rfc/rfc7591#section-5
pub(super) fn page(name: &'static str, url: &str, hosts: Option<&[String]>) -> Result<PageUrl, RegistrationError> {
    let page = PageUrl::parse(url).map_err(|_| RegistrationError::member(name, "is not an https URL"))?;
    if !is_public(&page) {
        return Err(RegistrationError::member(name, "leads into a private network"));
    }
    if hosts.is_some_and(|hosts| !hosts.contains(&page.host())) {
        return Err(RegistrationError::member(name, "is at another host than the redirect URIs"));
    }
    Ok(page)
}

/// Tells if the host may be on the Internet, as far as its name tells: no address of a private network, no name without
/// a dot, and none of a domain that is reserved for such networks.
pub(in crate::server) fn is_public(page: &PageUrl) -> bool {
    const RESERVED: [&str; 5] = ["localhost", "local", "internal", "home.arpa", "test"];
    let host = page.host();
    let name = host.trim_end_matches('.');
    let is_reserved =
        |domain: &&str| name.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    match page.address() {
        Some(address) => is_public_address(address),
        None => name.contains('.') && !RESERVED.iter().any(is_reserved),
    }
}
