//! Serialization of errors in events.

/// Writes an error as an object: the code that the requester is told, and the exact reason, which is only for the log.
macro_rules! serialize_error {
    ($error:ty) => {
        impl serde::Serialize for $error {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct as _;
                let mut error = serializer.serialize_struct("Error", 2)?;
                error.serialize_field("error", self.code())?;
                error.serialize_field("description", &self.to_string())?;
                error.end()
            }
        }
    };
}
pub(crate) use serialize_error;
