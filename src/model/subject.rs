//! Resource owners.

use super::syntax::name;

name! {
    /// A resource owner, by the host's stable identifier (`sub`; [RFC 7519 §4.1.2], [RFC 7662 §2.2]): any text without
    /// control characters.
    ///
    /// [RFC 7519 §4.1.2]: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.2
    /// [RFC 7662 §2.2]: https://www.rfc-editor.org/rfc/rfc7662#section-2.2
    Subject, "subject", 255, |text| !text.contains(char::is_control)
}
