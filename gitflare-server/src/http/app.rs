//! What all requests share: gateway, settings, limits, route table, counters. It is made once and
//! decides nothing.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use gitflare_core::{Result, SystemRandom, gateway::Gateway};
use gitflare_providers::Callbacks;

use super::{
    metrics::Metrics,
    rate_limit::RateLimits,
    route::{Matched, Route},
    router::Router,
    seal::Seal,
    settings::HttpSettings,
    throttle::Throttle,
};
use crate::passwords::Argon2Passwords;

/// Everything that requests share.
pub struct App {
    gateway: Gateway,
    pub(super) settings: HttpSettings,
    pub(super) rate_limits: Arc<RateLimits>,
    pub(super) throttle: Throttle,
    pub(super) passwords: Argon2Passwords,
    pub(super) routes: &'static [Route],
    pub(super) router: Router,
    pub(super) metrics: Metrics,
    pub(super) testapp: Seal,
    callbacks: Result<Callbacks>,
    own_address: OnceLock<SocketAddr>,
    has_internal_listener: AtomicBool,
    is_draining: AtomicBool,
}

impl App {
    /// An app that serves a route table over a gateway.
    pub(super) fn with_routes(
        gateway: Gateway,
        settings: HttpSettings,
        rate_limits: Arc<RateLimits>,
        routes: &'static [Route],
    ) -> Self {
        let callbacks = Callbacks::new(settings.private_callbacks.clone());
        Self {
            gateway,
            settings,
            rate_limits,
            throttle: Throttle::new(),
            passwords: Argon2Passwords::new(),
            routes,
            router: Router::new(routes),
            metrics: Metrics::new(routes),
            testapp: Seal::new(&SystemRandom),
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

    /// The route at this position of the table.
    pub(super) fn matched(&self, index: usize) -> Matched {
        Matched {
            route: &self.routes[index],
            index,
        }
    }

    /// Records the listeners that serve this app. The first call counts.
    pub(super) fn listens(&self, own_address: SocketAddr, has_internal: bool) {
        self.has_internal_listener
            .store(has_internal, Ordering::Relaxed);
        let _ = self.own_address.set(own_address);
    }

    /// Turns readiness off for good.
    pub(super) fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// The client that calls apps.
    pub(crate) fn callbacks(&self) -> Result<&Callbacks> {
        self.callbacks.as_ref().map_err(Clone::clone)
    }

    /// Where this process reaches itself; `None` before it serves.
    pub(super) fn own_address(&self) -> Option<SocketAddr> {
        self.own_address.get().copied()
    }

    pub(super) fn has_internal_listener(&self) -> bool {
        self.has_internal_listener.load(Ordering::Relaxed)
    }

    pub(super) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
