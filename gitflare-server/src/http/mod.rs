//! The HTTP surface: sockets, limits, the route table, credentials, CORS, and one canonical shape
//! for every answer. It decides nothing about tenants, tokens or repositories (the gateway does)
//! and holds no SQL.
//!
//! A request passes [`listen`] (sockets, timers) → [`inspect`] (Host, framing, size) → [`router`]
//! over [`routes`] → [`exchange`] (credential of the route, handler in its own task) →
//! [`respond`].

mod api;
mod auth;
mod body;
mod connection;
mod cookie;
mod cors;
mod csrf;
mod describe;
mod exchange;
mod form;
mod guard;
mod hosted;
mod inspect;
mod json;
mod listen;
mod metrics;
mod open_files;
pub mod openapi;
mod pages;
mod proxy;
mod rate_limit;
mod respond;
mod router;
mod routes;
mod session;
mod settings;
mod testapp;
mod throttle;

use std::{
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use gitflare_core::{Result, SystemRandom, gateway::Gateway};
use gitflare_providers::Callbacks;

use crate::passwords::Argon2Passwords;

pub use auth::AdminKeys;
pub use listen::{Listeners, serve};
pub use rate_limit::RateLimits;
pub use routes::{Access, ROUTES, Route, Verb};
pub use settings::{HttpSettings, Limits};

/// Everything that requests share.
pub struct App {
    gateway: Gateway,
    settings: HttpSettings,
    rate_limits: Arc<RateLimits>,
    throttle: throttle::Throttle,
    passwords: Argon2Passwords,
    routes: &'static [Route],
    router: router::Router,
    metrics: metrics::Metrics,
    testapp: testapp::Seal,
    callbacks: Result<Callbacks>,
    own_address: OnceLock<SocketAddr>,
    has_internal_listener: AtomicBool,
    is_draining: AtomicBool,
}

impl App {
    /// An app over a gateway. `rate_limits` are the ones that the gateway asks for admission too.
    #[must_use]
    pub fn new(gateway: Gateway, settings: HttpSettings, rate_limits: Arc<RateLimits>) -> Self {
        let callbacks = Callbacks::new(settings.private_callbacks.clone());
        Self {
            gateway,
            settings,
            rate_limits,
            throttle: throttle::Throttle::new(),
            passwords: Argon2Passwords::new(),
            routes: ROUTES,
            router: router::Router::new(ROUTES),
            metrics: metrics::Metrics::new(ROUTES.len()),
            testapp: testapp::Seal::new(&SystemRandom),
            callbacks,
            own_address: OnceLock::new(),
            has_internal_listener: AtomicBool::new(false),
            is_draining: AtomicBool::new(false),
        }
    }

    /// The gateway.
    #[must_use]
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The client that calls apps.
    pub(crate) fn callbacks(&self) -> Result<&Callbacks> {
        self.callbacks.as_ref().map_err(Clone::clone)
    }

    /// Where this process reaches itself; `None` before it serves.
    fn own_address(&self) -> Option<SocketAddr> {
        self.own_address.get().copied()
    }

    fn has_internal_listener(&self) -> bool {
        self.has_internal_listener.load(Ordering::Relaxed)
    }

    fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
