//! The upper floor of the HTTP surface: the route table, and a request's way from a socket through
//! it to a written answer. Nothing below imports from here.

mod auth;
mod connection;
mod dispatch;
mod guard;
pub(super) mod listen;
mod open_files;
mod respond;
pub(super) mod routes;

use std::sync::Arc;

use gitflare_core::gateway::Gateway;

use super::{app::App, rate_limit::RateLimits, settings::HttpSettings};

impl App {
    /// An app that serves every route over a gateway. `rate_limits` are the ones that the gateway
    /// asks for admission too.
    #[must_use]
    pub fn new(gateway: Gateway, settings: HttpSettings, rate_limits: Arc<RateLimits>) -> Self {
        Self::with_routes(gateway, settings, rate_limits, routes::ROUTES)
    }
}
