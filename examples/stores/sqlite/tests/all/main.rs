//! The store from outside, and what a file may hold when it is opened.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test tells its findings by panicking"
)]

mod common;
mod contract;
mod files;
mod groups;
mod migration;
mod own_tables;
mod purging;
mod queues;
mod races;
