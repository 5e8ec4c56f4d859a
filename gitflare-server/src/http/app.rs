//! What all requests share: gateway, settings, limits, route table, counters. It is made once and
//! decides nothing; only the gateway can be another one later.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use gitflare_core::{
    Error, Result, SystemRandom,
    gateway::{DeliveryOutcome, Gateway, Retention},
};
use gitflare_providers::{Callbacks, Loopback};
use serde_json::Value;
use tokio::sync::Notify;

use super::{
    client_documents::ClientDocuments,
    cors::panel_origin,
    guided::Guided,
    inbox::Inbox,
    metrics::Metrics,
    room::Room,
    route::{Matched, Route},
    router::Router,
    seal::Seal,
    settings::ServiceSettings,
    throttle::Throttle,
};
use crate::passwords::Argon2Passwords;

/// Writes the OpenAPI document of a server at this base address with these routes.
pub(super) type Describe = fn(&str, &[&'static Route]) -> Value;

/// Everything that requests share.
pub(crate) struct App {
    gateway: RwLock<Arc<Gateway>>,
    pub(super) settings: ServiceSettings,
    pub(super) throttle: Throttle,
    pub(super) passwords: Argon2Passwords,
    routes: &'static [Route],
    pub(super) router: Router,
    pub(super) metrics: Metrics,
    pub(super) testapp: Seal,
    pub(super) inbox: Inbox,
    pub(super) hook_room: Arc<Room>,
    pub(super) answer_room: Arc<Room>,
    guided: OnceLock<Guided>,
    /// Writes the OpenAPI document.
    describe: Describe,
    openapi: OnceLock<Value>,
    callbacks: Result<Callbacks>,
    pub(super) client_documents: ClientDocuments,
    /// The path below which browsers find the pages; empty at the root.
    pub(super) base_path: String,
    deliveries: Arc<Notify>,
    own_address: OnceLock<SocketAddr>,
    loopback: OnceLock<Result<Loopback>>,
    has_internal_listener: AtomicBool,
    is_draining: AtomicBool,
}

impl App {
    /// An app that serves a route table over a gateway.
    pub(super) fn with_routes(
        gateway: Arc<Gateway>,
        settings: ServiceSettings,
        routes: &'static [Route],
        describe: Describe,
    ) -> Self {
        let base_path = base_path(&settings.panel_url).to_owned();
        let named = settings.private_callbacks.clone();
        let callbacks = match settings.loopback_callbacks {
            true => Callbacks::with_loopback(named),
            false => Callbacks::new(named),
        };
        let client_documents = ClientDocuments::new(settings.document_hosts.clone());
        Self {
            gateway: RwLock::new(gateway),
            throttle: Throttle::new(),
            passwords: Argon2Passwords::new(),
            routes,
            router: Router::new(routes, settings.surface),
            settings,
            metrics: Metrics::new(routes),
            testapp: Seal::new(&SystemRandom),
            inbox: Inbox::new(&SystemRandom),
            hook_room: Room::of_hooks(),
            answer_room: Room::of_answers(),
            guided: OnceLock::new(),
            describe,
            openapi: OnceLock::new(),
            callbacks,
            client_documents,
            base_path,
            deliveries: Arc::default(),
            own_address: OnceLock::new(),
            loopback: OnceLock::new(),
            has_internal_listener: AtomicBool::new(false),
            is_draining: AtomicBool::new(false),
        }
    }

    /// The gateway that handlers call. A request keeps the one that it began with.
    #[must_use]
    pub(crate) fn gateway(&self) -> Arc<Gateway> {
        let gateway = self.gateway.read();
        Arc::clone(&gateway.unwrap_or_else(PoisonError::into_inner))
    }

    /// Gives later requests another gateway over the same storage.
    #[cfg(feature = "server")]
    pub(super) fn replace_gateway(&self, gateway: Arc<Gateway>) {
        let mut current = self.gateway.write().unwrap_or_else(PoisonError::into_inner);
        self.metrics.waiting.note_refreshes(&current);
        *current = gateway;
    }

    /// The routes that are served, in the table's order.
    pub(super) fn routes(&self) -> impl Iterator<Item = &'static Route> + Clone {
        let surface = self.settings.surface;
        self.routes.iter().filter(move |route| route.is_on(surface))
    }

    /// Wakes whoever delivers events when one was queued.
    pub(crate) fn deliveries(&self) -> &Arc<Notify> {
        &self.deliveries
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

    /// The OpenAPI document, written when it is first asked for.
    pub(super) fn openapi(&self) -> &Value {
        self.openapi.get_or_init(|| {
            let routes: Vec<_> = self.routes().collect();
            (self.describe)(&self.settings.public_url, &routes)
        })
    }

    /// What the sandbox tells its test app; `None` on a server that is no sandbox.
    pub(super) fn guided(&self) -> Option<&Guided> {
        self.guided.get()
    }

    /// Makes this the server of a sandbox. The first call counts.
    #[cfg(feature = "sandbox")]
    pub(super) fn guide(&self, guided: Guided) {
        let _ = self.guided.set(guided);
    }

    /// Counts an attempt to deliver an event.
    pub(crate) fn delivery_tried(&self, outcome: &DeliveryOutcome) {
        self.metrics.delivery_tried(outcome);
    }

    /// Counts a delivery that is given up.
    pub(crate) fn delivery_given_up(&self) {
        self.metrics.delivery_given_up();
    }

    /// Turns readiness off for good.
    pub(super) fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// How long what can be chosen is kept.
    pub(crate) fn retention(&self) -> Retention {
        let mut retention = Retention::default();
        retention.usage_days = self.settings.usage_retention_days;
        retention.audit_days = self.settings.audit_retention_days;
        retention
    }

    /// The client that calls apps.
    pub(crate) fn callbacks(&self) -> Result<&Callbacks> {
        self.callbacks.as_ref().map_err(Clone::clone)
    }

    /// The client that calls this server itself.
    pub(super) fn loopback(&self) -> Result<&Loopback> {
        let own_address = self
            .own_address
            .get()
            .ok_or_else(|| Error::internal("the listener's address is not known"))?;
        let made = self.loopback.get_or_init(|| {
            let host = self.settings.public_url.split("//").nth(1);
            let host = host.and_then(|rest| rest.split('/').next());
            Loopback::new(*own_address, host.unwrap_or_default())
        });
        made.as_ref().map_err(Clone::clone)
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

/// The path of a base URL, without a slash at its end.
fn base_path(url: &str) -> &str {
    url[panel_origin(url).len()..].trim_end_matches('/')
}
