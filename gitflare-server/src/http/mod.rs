//! The HTTP surface: sockets, limits, the route table, credentials, CORS, and one canonical shape
//! for every answer. It decides nothing about tenants, tokens or repositories (the gateway does)
//! and holds no SQL.
//!
//! It has three floors; a file imports from its own floor or from below.
//!
//! 1. The vocabulary of a request, in the files of this folder: [`route`], [`refusal`], [`reply`],
//!    [`exchange`], [`visit`], [`credentials`], [`app`] and what they need.
//! 2. Views ([`pages`]) and the handlers that fill them or answer with JSON: [`api`], [`hosted`],
//!    [`testapp`], [`openapi`]. Handlers of one folder do not import those of another.
//! 3. [`assembly`]: the route table, and a request's way through it. Sockets and timers (`listen`,
//!    `connection`), head checks ([`inspect`]), route ([`router`]), credential (`auth`), handler
//!    (`dispatch`), answer (`respond`).

mod api;
mod app;
mod assembly;
mod backlog;
mod bodies;
mod body;
mod client_documents;
mod cookie;
mod cors;
mod credentials;
mod csrf;
mod describe;
mod exchange;
mod form;
pub(crate) mod guided;
mod hosted;
mod inbox;
mod inspect;
mod json;
mod linking;
mod metrics;
mod multipart;
mod network;
pub(crate) mod openapi;
mod origin;
mod pages;
mod proxy;
mod rate_limit;
mod reconnect;
mod record;
mod refusal;
mod reply;
mod room;
mod route;
mod router;
mod seal;
mod session;
mod settings;
mod standing;
mod testapp;
mod throttle;
mod typed;
mod visit;

pub(crate) use app::App;
pub use assembly::{
    listen::{Listeners, serve, serve_on},
    routes::ROUTES,
    service::{ResponseFuture, Service, service},
};
pub use network::{InvalidNetwork, Network};
pub use rate_limit::RateLimits;
pub use route::{Access, Route, RouteMethod};
pub use settings::{AdminKeys, Limits, Mail, Mailer, ServiceSettings, SignUpMode, Surface};
