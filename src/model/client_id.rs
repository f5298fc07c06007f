//! Client identifiers.

use super::syntax::{is_vschar, name, only};

name! {
    /// A `client_id`: RFC 6749 §2.2, `*VSCHAR` (appendix A.1).
    ClientId, "client_id", 2048, |text| only(text, is_vschar)
}
