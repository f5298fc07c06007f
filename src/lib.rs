//! OAuth 2 as pure state machines. The tour is written with the README.
#![forbid(unsafe_code)]

pub mod consult;
mod event;
mod host;
pub mod model;
pub mod server;
pub mod step;
pub mod store;
mod wire;

pub use consult::{AsyncPolicy, DefaultPolicy, Policy};
pub use event::Event;
pub use host::{AsyncHost, Host, Hosted};
pub use model::{Moment, Timestamp};
pub use server::Server;
pub use step::{Answer, Effect, Machine, Pause, Step, Unavailable};
pub use wire::{AuthorizationHeaderError, BasicCredentials, FormError, MAX_FORM_LEN};
