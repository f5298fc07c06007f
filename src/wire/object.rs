//! A JSON object, written member by member: [RFC 8259 §4].
//!
//! The replies that every request ends in are flat and short. serde_json looks at each of their bytes by itself; here
//! those texts in which nothing has to be escaped, which is nearly all, are seen as such at once. The others, and every
//! other value, are written by serde_json.
//!
//! [RFC 8259 §4]: https://www.rfc-editor.org/rfc/rfc8259#section-4

use http::{Response, StatusCode};
use serde::Serialize;

use super::reply::json_text;
use crate::model::only;

/// An object in the making.
pub(crate) struct Object(Vec<u8>);

impl Object {
    pub(crate) fn new() -> Self {
        // Room for most replies, so that no part of a token is left behind in a buffer that was too small.
        let mut written = Vec::with_capacity(256);
        written.push(b'{');
        Self(written)
    }

    /// Adds a member whose value is a text.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.quote(text);
    }

    /// Adds a member.
    pub(crate) fn member(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.name(name);
        self.write(value);
    }

    /// Returns the reply whose body is the object.
    pub(crate) fn reply(mut self, status: StatusCode) -> Response<Vec<u8>> {
        self.0.push(b'}');
        json_text(status, self.0)
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        self.quote(name);
        self.0.push(b':');
    }

    fn quote(&mut self, text: &str) {
        // By RFC 8259 §7, quotation mark, reverse solidus and the control characters have to be escaped, and no others.
        if !only(text, |byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
            return self.write(text);
        }
        self.0.reserve(text.len() + 2);
        self.0.push(b'"');
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(b'"');
    }

    /// Writes a value. Those of the protocol's records cannot fail; one that does is `null`.
    fn write(&mut self, value: &(impl Serialize + ?Sized)) {
        let start = self.0.len();
        if serde_json::to_writer(&mut self.0, value).is_err() {
            self.0.truncate(start);
            self.0.extend_from_slice(b"null");
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use serde_json::{Value, json};

    use crate::wire::object::Object;

    #[test]
    fn what_is_written_is_read_back() {
        let texts = ["", "plain", "\"", "\\", "a\"b\\c", "\u{0}\u{1f}\u{7f}", "\u{e9}\u{20ac}\u{1f511}", "\n\t/"];
        let mut object = Object::new();
        for (number, text) in texts.iter().enumerate() {
            object.text(&format!("{number}{text}"), text);
        }
        object.member("list", &["a", "b"]);
        object.member("number", &u64::MAX);
        object.member("nested", &json!({ "a": { "\"": null } }));
        let read: Value = serde_json::from_slice(object.reply(StatusCode::OK).body()).unwrap();
        for (number, text) in texts.iter().enumerate() {
            assert_eq!(read[format!("{number}{text}")], **text);
        }
        assert_eq!(read["list"], json!(["a", "b"]));
        assert_eq!(read["number"], u64::MAX);
        assert_eq!(read["nested"], json!({ "a": { "\"": null } }));
        assert_eq!(read.as_object().unwrap().len(), texts.len() + 3);
        assert_eq!(Object::new().reply(StatusCode::OK).body(), b"{}");
    }

    #[test]
    fn a_value_that_cannot_be_written_is_null() {
        let mut object = Object::new();
        object.member("a", &std::collections::BTreeMap::from([((1, 2), 3)]));
        object.text("b", "c");
        assert_eq!(object.reply(StatusCode::OK).body(), br#"{"a":null,"b":"c"}"#);
    }
}
