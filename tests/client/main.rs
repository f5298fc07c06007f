//! The client, by grant and by what can go wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

#[path = "../common/canned.rs"]
mod canned;
#[path = "../common/mod.rs"]
mod common;

mod authentication;
mod authorization_code;
mod back_off;
mod challenges;
mod crowd;
mod faults;
mod grants;
mod implicit;
mod kept;
mod knowing;
mod mix_up;
mod other_words;
mod protected;
mod pushing;
mod refused_token;
mod register;
mod registration;
mod resource_metadata;
mod secrecy;
mod shared_protected;
mod shared_refresh;
mod tolerance;
mod waiting;
