//! The GitFlare server as a library: configuration, keys, storage, HTTP, and [`Server`], which puts
//! them together. The binary `gitflare` is a thin shell around it; a Rust service can start the
//! same server on a port of its own, or embed the core's gateway without any socket.

#![forbid(unsafe_code)]

mod cleanup;
pub mod cli;
pub mod config;
mod deliveries;
pub mod http;
mod keys;
pub mod log;
mod passwords;
mod private;
mod retention;
mod rotation;
pub mod run;
#[cfg(feature = "sandbox")]
pub mod sandbox;
mod server;
pub mod storage;
mod upstreams;

pub use server::{Running, Server};
