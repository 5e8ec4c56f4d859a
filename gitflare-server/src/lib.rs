//! The GitFlare server as a library.
//!
//! - [`service`] makes the HTTP surface of a gateway a hyper (and by the feature `tower` a tower)
//!   service, to be mounted in a server that exists already; [`Service::background`] starts the
//!   work that no request waits for.
//! - [`Server`] is the ready-made shell around it: configuration, keys, SQLite, listeners. The
//!   binary `gitflare` runs it by [`main_with`].
//! - A Rust service that needs no HTTP embeds the core's gateway alone, over [`storage`].
//!
//! ```no_run
//! # #[cfg(feature = "service")]
//! # async fn mounted(
//! #     builder: gitflare_core::gateway::GatewayBuilder,
//! #     connection: hyper_util::rt::TokioIo<tokio::net::TcpStream>,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! use gitflare_server::{ServiceSettings, service};
//! use hyper::server::conn::http1;
//!
//! let url = "https://git.example.com";
//! let mut settings = ServiceSettings::new(url, url);
//! // Whom limits of sign-ins and strangers count: what the application has put there.
//! settings.peer = |extensions| extensions.get::<std::net::SocketAddr>().map(|peer| peer.ip());
//! // Limits of tokens and of addresses are one thing, which the gateway asks too.
//! let gateway = builder.admission(settings.rate_limits.clone()).build().await?;
//! let service = service(gateway, settings);
//! let background = service.background();
//! // For each connection that the application has accepted:
//! http1::Builder::new().serve_connection(connection, service.clone()).await?;
//! // At its end:
//! background.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Below a path
//! A surface that is mounted at `https://host/git` has that as its URL, and its sign-in metadata (RFC
//! 8414) at `https://host/.well-known/oauth-authorization-server/git`, which is the application's to
//! route to `/git/.well-known/oauth-authorization-server`. Cookies of the pages have the path `/`.
//!
//! Each is a feature: `service`, `server`, `sqlite` and `postgres`; an adapter that a configuration can
//! name has one of its name.

#![forbid(unsafe_code)]

#[cfg(feature = "server")]
mod accounts;
#[cfg(feature = "server")]
mod assembly;
#[cfg(feature = "service")]
mod background;
#[cfg(feature = "server")]
mod cli;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "server")]
mod cores;
#[cfg(feature = "server")]
mod database;
#[cfg(feature = "server")]
mod health;
#[doc(hidden)] // What our own tests read beside the items below: the route table, the listeners.
#[cfg(feature = "service")]
pub mod http;
#[cfg(feature = "server")]
mod keys;
#[cfg(feature = "server")]
mod log;
#[cfg(feature = "server")]
mod log_queue;
#[cfg(feature = "server")]
mod mail;
#[cfg(feature = "server")]
mod maintenance;
#[cfg(feature = "service")]
mod passwords;
#[cfg(feature = "sqlite")]
mod private;
#[cfg(feature = "service")]
mod process;
#[cfg(feature = "server")]
mod reload;
#[cfg(feature = "server")]
mod rotation;
#[cfg(feature = "server")]
mod run;
#[doc(hidden)] // Our own tests and examples start it; it is no part of the library.
#[cfg(feature = "sandbox")]
pub mod sandbox;
#[cfg(feature = "server")]
mod server;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub mod storage;
#[cfg(feature = "server")]
mod upstreams;

#[cfg(feature = "service")]
pub use background::Background;
#[cfg(feature = "service")]
pub use http::{
    AdminKeys, InvalidNetwork, Limits, Mail, Mailer, Network, RateLimits, ResponseFuture, Service,
    ServiceSettings, SignUpMode, Surface, service,
};
#[cfg(feature = "server")]
pub use run::main_with;
#[cfg(feature = "server")]
pub use server::{Running, Server};
