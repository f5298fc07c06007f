//! Servers as black boxes: built, started, driven over loopback, and ended.

pub mod build;
pub mod command;
pub mod http;
pub mod process;
pub mod servers;
pub mod wire;
