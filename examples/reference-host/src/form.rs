//! The forms of pages.

/// The fields of a form. A missing field is empty.
pub(crate) struct Form<'a>(pub(crate) &'a [u8]);

impl Form<'_> {
    /// The values of a field.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = String> {
        form_urlencoded::parse(self.0).filter(move |(other, _)| other == name).map(|(_, value)| value.into_owned())
    }

    /// The value of a field.
    pub(crate) fn get(&self, name: &str) -> String {
        self.all(name).next().unwrap_or_default()
    }
}
