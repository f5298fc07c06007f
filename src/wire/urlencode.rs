//! Writing `application/x-www-form-urlencoded`: [RFC 6749 appendix B].
//!
//! [RFC 6749 appendix B]: https://www.rfc-editor.org/rfc/rfc6749#appendix-B

use serde::Serializer as _;
use serde::ser::SerializeMap as _;
use url::form_urlencoded;

/// Appends parameters to a text, which is a form from this offset on.
pub(super) fn append<'a>(
    text: String,
    start: usize,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut form = form_urlencoded::Serializer::for_suffix(text, start);
    // Texts are always accepted by the serializer. (Entries are used because a sequence of pairs would copy each name.)
    if let Ok(mut map) = serde_urlencoded::Serializer::new(&mut form).serialize_map(None) {
        parameters.into_iter().for_each(|(name, value)| drop(map.serialize_entry(name, value)));
        drop(map.end());
    }
    form.finish()
}

/// Returns a form of these parameters.
pub(crate) fn form_of<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    append(String::new(), 0, parameters)
}
