//! A server of its own for each test, and what a client needs to talk to it.

mod client;
pub(crate) mod consent;
mod forge;
pub(crate) mod linking;
mod repository;
pub(crate) mod schema;
mod seed;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    thread::JoinHandle,
};

use async_trait::async_trait;
use gitflare_core::{
    Clock, CredentialHash, FixedClock, Secret, SystemClock, Timestamp,
    gateway::{Gateway, GatewaySettings, PublicClientRule},
    keys::{KeyRing, MasterKey},
    provider::Provider,
    storage::Storage,
    stores,
};
use gitflare_firewall::FirewallConfig;
use gitflare_providers::local::Local;
use gitflare_server::{
    AdminKeys, Limits, Mailer, RateLimits, Service, ServiceSettings, SignUpMode,
    http::{self, Listeners},
    storage::{
        postgres::{PostgresConfig, PostgresStorage},
        sqlite::SqliteStorage,
    },
};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot};

use crate::cluster::Cluster;
pub(crate) use client::{Client, Request, Response, document, read_answer};
pub(crate) use forge::{Account, Forge, parameter};
pub(crate) use repository::{COMMITS, PLANTED_SECRET, commit_of};
pub(crate) use seed::{Seed, client, connection, tenant, text};

pub(crate) const ADMIN_KEY: &str = "an-admin-key-of-more-than-32-characters";

/// What differs from the usual server.
#[derive(Default)]
pub(crate) struct ServerOptions {
    pub(crate) limits: Limits,
    pub(crate) reads_per_minute: u32,
    pub(crate) gateway: GatewaySettings,
    pub(crate) trusted_proxies: Vec<gitflare_server::Network>,
    pub(crate) with_internal: bool,
    /// Served beside `local`.
    pub(crate) providers: Vec<Arc<dyn Provider>>,
    pub(crate) public_url: Option<&'static str>,
    /// Open without one, whatever the address.
    pub(crate) sign_up: Option<SignUpMode>,
    /// For `/.well-known/security.txt`.
    pub(crate) security_contact: Option<String>,
    pub(crate) public_clients: Vec<PublicClientRule>,
    /// Takes the mail; none is sent without it.
    pub(crate) mailer: Option<Arc<dyn Mailer>>,
    /// Where the documents of these hosts are.
    pub(crate) document_hosts: Vec<(String, SocketAddr)>,
    /// The storage says of itself that it does not work, though it does.
    pub(crate) storage_is_down: bool,
    /// Stands still instead of the system's clock.
    pub(crate) clock: Option<Arc<FixedClock>>,
}

/// A running server with its data folder and repositories; it is stopped when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) internal: Option<SocketAddr>,
    folder: TempDir,
    pub(crate) storage: Arc<dyn Storage>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// A server as it is by default, but for its rate limits, which are off.
    pub(crate) fn start() -> Self {
        Self::with(ServerOptions::default())
    }

    pub(crate) fn with(options: ServerOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = match repository::repositories() {
            Some(root) => root.to_owned(),
            None => folder.path().to_owned(),
        };
        let (started, starting) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let data = folder.path().join("data");
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let public = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                let internal = match options.with_internal {
                    true => Some(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()),
                    false => None,
                };
                let address = public.local_addr().unwrap();
                let internal_address = internal.as_ref().map(|it| it.local_addr().unwrap());
                let storage = match options.storage_is_down {
                    true => Arc::new(Down(open_storage(&data).await)),
                    false => open_storage(&data).await,
                };
                let service = service(&options, &root, address, Arc::clone(&storage)).await;
                started
                    .send((address, internal_address, Arc::clone(&storage)))
                    .unwrap();
                let stopped = async move {
                    let _ = stopped.await;
                };
                http::serve(service, Listeners { public, internal }, stopped)
                    .await
                    .unwrap();
                storage.close().await.unwrap();
            });
        });
        let (address, internal, storage) = starting.recv().unwrap();
        Self {
            address,
            internal,
            folder,
            storage,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Another node over the same storage, without listeners.
    pub(crate) fn another_node(&self, options: &ServerOptions) -> Gateway {
        let limits = Arc::new(RateLimits::new(0));
        let storage = Arc::clone(&self.storage);
        block_on(gateway(options, self.folder.path(), storage, &limits))
    }

    /// Does what the clean-up of a running server does, until nothing is left.
    pub(crate) fn clean_up(&self) {
        let node = self.another_node(&ServerOptions::default());
        block_on(async { while node.clean_up().await.unwrap() > 0 {} });
    }

    /// A client without credentials.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// A client of the internal listener.
    pub(crate) fn internal_client(&self) -> Client {
        Client::new(self.internal.unwrap())
    }

    /// A client with the admin key.
    pub(crate) fn admin(&self) -> Client {
        self.client().with("x-admin-api-key", ADMIN_KEY)
    }

    /// Begins to stop; [`Server::wait`] waits for the end.
    pub(crate) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    pub(crate) fn wait(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            let outcome = thread.join();
            if !std::thread::panicking() {
                outcome.unwrap();
            }
        }
    }
}

/// Runs what is not behind a listener.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// A storage that calls itself out of order.
struct Down(Arc<dyn Storage>);

#[async_trait]
impl Storage for Down {
    stores!(self from &*self.0, usage => self.0.usage());

    async fn is_healthy(&self) -> bool {
        false
    }

    async fn close(&self) -> gitflare_core::Result<()> {
        self.0.close().await
    }
}

/// SQLite, or PostgreSQL where `GITFLARE_TEST_STORAGE` says so: every test runs over either.
async fn open_storage(data: &Path) -> Arc<dyn Storage> {
    let wanted = std::env::var_os("GITFLARE_TEST_STORAGE");
    match wanted.as_deref().and_then(std::ffi::OsStr::to_str) {
        Some("postgres") => {
            let cluster = Cluster::get().expect("GITFLARE_TEST_STORAGE wants PostgreSQL");
            let config = PostgresConfig::new(cluster.database());
            Arc::new(PostgresStorage::open(&config).await.unwrap())
        }
        _ => Arc::new(SqliteStorage::at(data).unwrap()),
    }
}

async fn service(
    options: &ServerOptions,
    root: &Path,
    address: SocketAddr,
    storage: Arc<dyn Storage>,
) -> Service {
    let rate_limits = Arc::new(RateLimits::new(options.reads_per_minute));
    let gateway = gateway(options, root, storage, &rate_limits).await;
    let url = options
        .public_url
        .map_or_else(|| format!("http://{address}"), str::to_owned);
    let mut settings = ServiceSettings::new(url.clone(), url);
    settings.admin_keys = AdminKeys::new(vec![CredentialHash::of(ADMIN_KEY)]);
    settings
        .trusted_proxies
        .clone_from(&options.trusted_proxies);
    settings.sign_up = options.sign_up.unwrap_or(SignUpMode::Open);
    settings.limits = options.limits;
    settings.document_hosts.clone_from(&options.document_hosts);
    settings
        .security_contact
        .clone_from(&options.security_contact);
    settings.rate_limits = rate_limits;
    settings.mailer.clone_from(&options.mailer);
    gitflare_server::service(gateway, settings)
}

pub(crate) async fn gateway(
    options: &ServerOptions,
    root: &Path,
    storage: Arc<dyn Storage>,
    rate_limits: &Arc<RateLimits>,
) -> Gateway {
    let key = MasterKey::new(1, Secret::new((0..32).collect())).unwrap();
    let clock: Arc<dyn Clock> = match &options.clock {
        Some(clock) => Arc::clone(clock) as _,
        None => Arc::new(SystemClock),
    };
    Gateway::builder()
        .shared_storage(storage)
        .provider(Local::at(root).unwrap())
        .providers(options.providers.iter().cloned())
        .firewall(FirewallConfig::default())
        .keys(KeyRing::new(key, Vec::new()))
        .clock(clock)
        .admission(Arc::clone(rate_limits) as _)
        .public_clients(options.public_clients.iter().cloned())
        .settings(options.gateway)
        .build()
        .await
        .unwrap()
}

/// A clock that stands at a time like any other.
pub(crate) fn fixed_clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::at(Timestamp::from_millis(1_800_000_000_000)))
}
