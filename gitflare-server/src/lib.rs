//! The GitFlare server as a library.
//!
//! - [`service`] makes the HTTP surface of a gateway a hyper (and by the feature `tower` a tower)
//!   service, to be mounted in a server that exists already; [`Service::background`] starts the
//!   work that no request waits for.
//! - [`Server`] is the ready-made shell around it: configuration, keys, SQLite, listeners. The
//!   binary `gitflare` runs it by [`main_with`].
//! - A Rust service that needs no HTTP embeds the core's gateway alone, over [`storage`].

#![forbid(unsafe_code)]

mod accounts;
mod background;
mod cli;
pub mod config;
mod health;
#[doc(hidden)] // What our own tests read beside the items below: the route table, the listeners.
pub mod http;
mod keys;
mod log;
mod maintenance;
mod passwords;
mod private;
mod rotation;
mod run;
#[doc(hidden)] // Our own tests and examples start it; it is no part of the library.
#[cfg(feature = "sandbox")]
pub mod sandbox;
mod server;
pub mod storage;
mod upstreams;

pub use background::Background;
pub use http::{
    AdminKeys, Limits, RateLimits, ResponseFuture, Service, ServiceSettings, SignUpMode, Surface,
    service,
};
pub use run::main_with;
pub use server::{Running, Server};
