//! Client identifiers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::page_url::PageUrl;
use super::syntax::{is_vschar, name, only};

name! {
    /// A `client_id`: [RFC 6749 §2.2], [appendix A.1]: `*VSCHAR`.
    ///
    /// [RFC 6749 §2.2]: https://www.rfc-editor.org/rfc/rfc6749#section-2.2
    /// [appendix A.1]: https://www.rfc-editor.org/rfc/rfc6749#appendix-A.1
    ClientId, "client_id", 2048, |text| only(text, is_vschar)
}

impl ClientId {
    /// Writes random bits as the identifier of a client that registers itself.
    pub(crate) fn drawn(random: [u8; 16]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random).into())
    }

    /// Returns the host of an identifier that is a URL, in lower case; `None` for any other.
    pub(crate) fn host(&self) -> Option<String> {
        PageUrl::parse(self.as_str()).ok().map(|url| url.host())
    }
}
