//! The forms of pages.

/// The fields of a form. A missing field is empty.
pub(crate) struct Form<'a>(pub(crate) &'a [u8]);

impl Form<'_> {
    /// The value of a field.
    pub(crate) fn get(&self, name: &str) -> String {
        form_urlencoded::parse(self.0)
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    }
}
