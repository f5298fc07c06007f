//! An authorization server that runs [grantor]: what a newcomer starts, reads and copies from.
//!
//! | module | content |
//! |---|---|
//! | [`web`], [`endpoints`] | the routes: each endpoint hands its request to grantor and sends what comes back |
//! | [`interaction`] | the steps between: login, consent, and the decision |
//! | [`devices`] | the page where people type in what a device shows |
//! | [`applications`] | the applications that people allowed, to be viewed and revoked |
//! | [`pages`] | the HTML, and the headers that keep it safe |
//! | `details` | the types of authorization details, and their words on the consent page |
//! | [`sentences`] | what each scope value stands for, in the languages of people |
//! | [`session`] | the person at each browser |
//! | [`seal`], [`pending`] | requests that wait for an answer, sealed in the browser's page |
//! | [`press`] | buttons that are pressed twice |
//! | [`users`], [`guesses`], [`throttle`] | passwords, client secrets, and protection against guessing them |
//! | [`address`], [`base`] | behind a proxy: the sender of a request, and the base of the host's paths |
//! | [`host`] | the store, in memory or [in SQLite](grantor_sqlite), and the policy that grantor's machines ask |
//! | [`moment`] | the clock and the randomness that grantor takes as arguments |
//! | [`arguments`], [`config`], [`demo`] | the settings |
//! | [`serve`], [`connections`], [`tls`] | connections and their limits |
//! | [`documents`] | the metadata documents of clients, fetched from public addresses and kept |
//! | [`registered`], [`administration`] | clients: of the configuration, and of the store, with commands for these |
//! | [`registration`] | clients that register themselves |
//! | [`signals`], [`reload`], [`housekeeping`] | stopping, reading files again, forgetting what has expired |
//! | [`audit`], [`log`], [`exchange`] | the events, as lines of JSON |
//! | [`metrics`], [`measured`], [`watch`], [`health`] | the metrics, and the health of the server |
//!
//! `docs/production.md` says what to change in a copy that is to serve real people, and how to run it.
//!
//! The playground, which runs every flow against this server and draws it, is a crate of its own. A copy of this host
//! does without it where [`web`] joins it, and where a machine's host is wrapped by its `Recorder`.

pub mod address;
pub mod administration;
pub mod applications;
pub mod arguments;
pub mod audit;
pub mod base;
pub mod config;
pub mod connections;
pub mod demo;
mod details;
pub mod devices;
pub mod documents;
pub mod endpoints;
pub mod exchange;
mod form;
pub mod guesses;
pub mod health;
pub mod host;
pub mod housekeeping;
pub mod interaction;
mod late;
pub mod log;
pub mod measured;
pub mod metrics;
pub mod moment;
pub mod pages;
pub mod pending;
pub mod press;
pub mod registered;
pub mod registration;
pub mod reload;
mod remembered;
pub mod seal;
pub mod sentences;
pub mod serve;
pub mod session;
pub mod signals;
pub mod throttle;
pub mod tls;
pub mod users;
pub mod watch;
pub mod web;
