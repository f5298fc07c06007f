//! An authorization server that runs [grantor]: what a newcomer starts, reads and copies from.
//!
//! | module | what |
//! |---|---|
//! | [`web`] | the router: each endpoint hands its request to grantor and sends what comes back |
//! | [`interaction`] | the steps between: login, consent, and the decision |
//! | [`applications`] | what people allowed, to be looked at and ended |
//! | [`pages`] | the HTML, and the headers that keep it safe |
//! | [`session`] | who sits at which browser |
//! | [`seal`], [`pending`] | requests that wait for an answer, sealed in the browser's page |
//! | [`press`] | buttons that are pressed twice |
//! | [`users`], [`guesses`], [`throttle`] | passwords, client secrets, and protection against guessing them |
//! | [`address`], [`base`] | behind a proxy: where a request comes from, and where the host's paths begin |
//! | [`host`] | the store, in memory or [in SQLite](grantor_sqlite), and the policy that grantor's machines ask |
//! | [`moment`] | the clock and the randomness that grantor takes as arguments |
//! | [`config`], [`demo`] | what it runs with |
//! | [`playground`] | every flow, run against this server and drawn |

pub mod address;
pub mod applications;
pub mod base;
pub mod config;
pub mod demo;
mod form;
pub mod guesses;
pub mod host;
mod host_for;
pub mod interaction;
pub mod moment;
pub mod pages;
pub mod pending;
pub mod playground;
pub mod press;
pub mod seal;
pub mod session;
pub mod throttle;
pub mod users;
pub mod web;
