//! Character sets of [RFC 6749 appendix A], and the macro for names that are strings of one of them.
//!
//! [RFC 6749 appendix A]: https://www.rfc-editor.org/rfc/rfc6749#appendix-A

/// The error for a value that has a character outside its set ([RFC 6749 appendix A]), is empty, or is too long.
///
/// [RFC 6749 appendix A]: https://www.rfc-editor.org/rfc/rfc6749#appendix-A
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is empty, too long, or not of its syntax")]
pub struct SyntaxError(pub(crate) &'static str);

/// Tells if a text has only bytes of a set. It always looks at all bytes, since without an early exit several are
/// checked at once, and most texts are valid.
pub(crate) fn only(text: &str, is_member: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, byte| all & is_member(byte))
}

/// Tells if the byte is a `VSCHAR = %x20-7E`.
pub(crate) fn is_vschar(byte: u8) -> bool {
    (0x20..=0x7E).contains(&byte)
}

/// Tells if the byte is an `NQCHAR = %x21 / %x23-5B / %x5D-7E`.
pub(crate) fn is_nqchar(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)
}

/// Tells if the character is a `UNICODECHARNOCRLF = %x09 / %x20-7E / %x80-D7FF / %xE000-FFFD / %x10000-10FFFF`.
pub(crate) fn is_unicodecharnocrlf(character: char) -> bool {
    matches!(character, '\t' | '\u{20}'..='\u{7E}' | '\u{80}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Tells if the byte is an `unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~"` ([RFC 3986 §2.3]).
///
/// [RFC 3986 §2.3]: https://www.rfc-editor.org/rfc/rfc3986#section-2.3
pub(crate) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Tells if the byte is a character of base64url: "A-Z", "a-z", "0-9", "-" or "_" ([RFC 4648 §5]).
///
/// [RFC 4648 §5]: https://www.rfc-editor.org/rfc/rfc4648#section-5
pub(crate) fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Implements reading and writing as text for a type that has `parse` and `as_str`.
macro_rules! text_form {
    ($name:ident, $error:ty) => {
        impl TryFrom<String> for $name {
            type Error = $error;
            fn try_from(text: String) -> Result<Self, $error> {
                Self::parse(&text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $error;
            fn from_str(text: &str) -> Result<Self, $error> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
pub(crate) use text_form;

/// Defines an immutable, cheaply cloned string with a syntax of its own.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $limit:literal, $is_valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// The greatest length, in bytes.
            pub const MAX_LEN: usize = $limit;

            /// Checks the syntax.
            ///
            /// # Errors
            /// The text is empty, longer than [`Self::MAX_LEN`], or not of this syntax.
            pub fn parse(text: &str) -> Result<Self, $crate::model::SyntaxError> {
                let is_valid: fn(&str) -> bool = $is_valid;
                if text.is_empty() || text.len() > $limit || !is_valid(text) {
                    return Err($crate::model::SyntaxError($what));
                }
                Ok(Self(text.into()))
            }

            /// The text, as written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        $crate::model::syntax::text_form!($name, $crate::model::SyntaxError);
    };
}
pub(crate) use name;
