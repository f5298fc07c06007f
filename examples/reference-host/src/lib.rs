//! An authorization server that runs [grantor]: what a newcomer starts, reads and copies from.
//!
//! | module | what |
//! |---|---|
//! | [`web`] | the router: each endpoint hands its request to grantor and sends what comes back |
//! | [`interaction`] | the steps between: login, consent, and the decision |
//! | [`applications`] | what people allowed, to be looked at and ended |
//! | [`pages`] | the HTML, and the headers that keep it safe |
//! | [`session`] | who sits at which browser |
//! | [`users`], [`throttle`] | passwords, and protection against guessing them |
//! | [`host`] | the store, in memory or [in SQLite](grantor_sqlite), and the policy that grantor's machines ask |
//! | [`moment`] | the clock and the randomness that grantor takes as arguments |
//! | [`config`], [`demo`] | what it runs with |
//!
//! The playground, which runs every flow against this server and draws it, is a crate of its own. A copy of this host
//! does without it where [`web::router`] joins it, and where a machine's host is wrapped by its `Recorder`.

pub mod applications;
pub mod config;
pub mod demo;
mod form;
pub mod host;
pub mod interaction;
pub mod moment;
pub mod pages;
pub mod session;
pub mod throttle;
pub mod users;
pub mod web;
