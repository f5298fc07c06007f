//! The mapping between HTTP and types: forms and queries, the `Authorization` header, redirects and JSON replies; and
//! on the other side, requests to another server and its responses.

mod answer;
mod authorization;
mod challenges;
mod error_event;
mod excerpt;
mod fault;
mod form;
mod form_post;
mod further;
mod introspection;
pub(crate) mod lenient;
mod members;
mod object;
mod redirect;
mod refusal;
mod registration;
mod reply;
mod request;
mod request_error;
mod urlencode;

pub(crate) use answer::ServerAnswer;
pub(crate) use authorization::{Authorization, bearer};
pub use authorization::{AuthorizationHeaderError, BasicCredentials};
pub(crate) use challenges::{AnyChallenge, challenges};
pub(crate) use error_event::serialize_error;
pub(crate) use excerpt::{excerpt_of_url, is_invisible, peer_text};
pub use fault::Fault;
pub(crate) use form::{Form, Param, form_body};
pub use form::{FormError, MAX_FORM_LEN};
pub use form_post::FormPost;
pub(crate) use further::Further;
pub use introspection::Introspection;
pub(crate) use introspection::{introspection_form, introspection_request, introspection_response};
pub(crate) use members::{Member, MemberError, RawMembers};
pub(crate) use object::Object;
pub(crate) use redirect::{Parameters, see_other, with_parameters};
pub use registration::Registration;
pub(crate) use reply::{allow_any_origin, document, empty, is_preflight, json, preflight, text};
pub use request::Authentication;
pub(crate) use request::{Identity, PostForm, get, json_request};
pub use request_error::{ErrorResponse, Remedy, RequestError};
pub(crate) use urlencode::form_of;
