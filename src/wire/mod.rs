//! HTTP ⇄ types: forms and queries, the `Authorization` header, redirects and JSON replies.

mod authorization;
mod form;
mod redirect;
mod reply;

pub(crate) use authorization::Authorization;
pub use authorization::{AuthorizationHeaderError, BasicCredentials};
pub(crate) use form::{Form, Param, form_body};
pub use form::{FormError, MAX_FORM_LEN};
pub(crate) use redirect::{Parameters, redirect, see_other};
pub(crate) use reply::{empty, json, text};
