//! The assembly: a configuration becomes keys, storage, providers, firewall, gateway and listeners,
//! in that order, and all of it ends in the reverse one. Decides nothing itself.

use std::{fmt, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use gitflare_core::{
    Secret, SystemRandom, account_link::AccountLinks, gateway::Gateway, provider::ProviderId,
};
use tokio::{
    net::TcpListener,
    runtime::Handle,
    sync::oneshot,
    task::{self, JoinHandle},
    time::{sleep, timeout},
};

use crate::{
    accounts,
    assembly::Assembly,
    background::Background,
    config::{BaseUrl, Config, Problem, Setting},
    database::Database,
    http::{self, AdminKeys, Listeners, Mailer, RateLimits, Service, ServiceSettings, SignUpMode},
    keys::{self, DataDir},
    mail::Smtp,
    rotation,
    storage::sqlite,
    upstreams,
};

/// Interval of checks for a broken database.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// Longest time that background work may take to finish steps under way.
const BACKGROUND_GRACE: Duration = Duration::from_secs(2);

/// A server that has not been started.
#[derive(Debug)]
pub struct Server {
    config: Config,
    further_roots: Vec<PathBuf>,
    hears_itself: bool,
    document_hosts: Vec<(String, SocketAddr)>,
    cores: Vec<Handle>,
}

impl Server {
    /// A server of this configuration. Port 0 takes any free port.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            further_roots: Vec::new(),
            hears_itself: false,
            document_hosts: Vec::new(),
            cores: Vec::new(),
        }
    }

    /// Serves the repositories below this folder too, behind those of the configured one.
    #[must_use]
    pub fn with_local_root(mut self, root: PathBuf) -> Self {
        self.further_roots.push(root);
        self
    }

    /// Lets events be delivered to this server itself, where the test app of a sandbox receives them.
    #[cfg(feature = "sandbox")]
    pub(crate) const fn hearing_itself(mut self) -> Self {
        self.hears_itself = true;
        self
    }

    /// Asks this host for client metadata documents at that address, in plain http. For a sandbox and
    /// for tests: no setting leads here.
    #[must_use]
    pub fn with_document_host(mut self, host: impl Into<String>, address: SocketAddr) -> Self {
        self.document_hosts.push((host.into(), address));
        self
    }

    /// Serves connections on these runtimes too, each in its turn.
    pub(crate) fn on(mut self, cores: Vec<Handle>) -> Self {
        self.cores = cores;
        self
    }

    /// Opens everything and serves on a task of the current runtime.
    ///
    /// # Errors
    /// What stops the start, as one line.
    pub async fn start(self) -> Result<Running, Problem> {
        let config = &self.config;
        let data = DataDir::open(&config.data_dir)?;
        Database::check_folder(config, &data)?;
        let ring = data.master_keys(config, &SystemRandom)?;
        let database = Database::open(config, &data).await?;
        let storage = database.storage();
        keys::verify(&ring, &*storage).await?;
        rotation::spawn(&storage, &ring);

        let rate_limits = Arc::new(RateLimits::new(config.rate_limit_per_minute));
        let public = bind(config.listen, "GITFLARE_LISTEN").await?;
        let internal = match config.internal_listen {
            Some(address) => Some(bind(address, "GITFLARE_INTERNAL_LISTEN").await?),
            None => None,
        };
        let addr = local_addr(&public)?;
        let internal_addr = internal.as_ref().map(local_addr).transpose()?;

        let base_url = |given: &Option<BaseUrl>| match given {
            Some(url) => url.clone(),
            None => BaseUrl::of_listener(addr),
        };
        let public_url = base_url(&config.public_url);
        let links = AccountLinks::new(&ring);
        let assembly = Assembly {
            keys: ring,
            storage: Arc::clone(&storage),
            clock: database.clock(),
            rate_limits: Arc::clone(&rate_limits),
            public_url: public_url.clone(),
            further_roots: self.further_roots.clone(),
            enforce_platform_auth: config.enforce_platform_auth,
            dev: config.dev,
        };
        let gateway = assembly.gateway(config).await?;
        // Last of what can fail: a key that was made must be shown.
        let (admin_keys, new_admin_key) = data.admin_keys(config, &SystemRandom)?;
        database.agree_on_admin_keys(&admin_keys).await?;
        let admin_keys = AdminKeys::new(admin_keys);
        let panel_url = base_url(&config.panel_url);
        let reached = ServiceSettings::new(public_url.as_str(), panel_url.as_str());
        let sign_up = config.sign_up.unwrap_or(reached.sign_up);
        let is_unused = storage.users().is_empty().await;
        let first_account = (sign_up != SignUpMode::Open
            && is_unused.map_err(|error| Problem::from(&error))?)
        .then(|| accounts::first(&links, &panel_url));
        let settings = ServiceSettings {
            sign_up,
            admin_keys: admin_keys.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            testapp: config.testapp,
            mailer: Smtp::of(config)?.map(|smtp| -> Arc<dyn Mailer> { Arc::new(smtp) }),
            security_contact: config.security_contact.clone(),
            dev: config.dev,
            private_callbacks: self.private_callbacks(),
            loopback_callbacks: self.hears_itself,
            document_hosts: self.document_hosts,
            rate_limits,
            usage_retention_days: config.usage_retention_days,
            audit_retention_days: config.audit_retention_days,
            ..reached
        };
        if config.providers.contains(&ProviderId::LOCAL) {
            tell_local(assembly.local_roots(config));
        }
        let service = http::service(gateway, settings);
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(http::serve_on(
            self.cores,
            service.clone(),
            Listeners { public, internal },
            // A dropped handle stops the server as well as a message does.
            async move { drop(stopped.await) },
        ));
        let background = service.background();
        Ok(Running {
            addr,
            internal_addr,
            assembly,
            admin_keys,
            new_admin_key,
            first_account,
            sign_up,
            data_dir: data.path().to_owned(),
            service,
            background,
            database,
            stop,
            serving,
        })
    }

    fn private_callbacks(&self) -> Vec<String> {
        let allowed = self.config.allow_private_callbacks.iter();
        allowed.map(ToString::to_string).collect()
    }
}

/// Refuses a folder without a database: work on one that is made for it would say that all is well.
fn expect_database(config: &Config) -> Result<(), Problem> {
    let is_there = match config.database {
        crate::config::Database::Sqlite => config.data_dir.join(sqlite::FILES[0]).is_file(),
        crate::config::Database::Postgres(_) => true,
    };
    let folder = config.data_dir.display();
    is_there.then_some(()).ok_or_else(|| {
        Problem::new(format!(
            "{folder} holds no database of GitFlare: name its folder by --data-dir or GITFLARE_DATA_DIR"
        ))
    })
}

/// Seals everything anew with the primary key, where no server runs (KY-4).
///
/// # Errors
/// What stops it, as one line: above all a server that has the data folder.
pub(crate) async fn rotate_keys(config: &Config) -> Result<String, Problem> {
    expect_database(config)?;
    let data = DataDir::open(&config.data_dir)?;
    Database::check_folder(config, &data)?;
    let ring = data.master_keys(config, &SystemRandom)?;
    let storage = Database::open(config, &data).await?.storage();
    keys::verify(&ring, &*storage).await?;
    let rotated = rotation::run(&*storage, &ring).await;
    let closed = storage.close().await;
    let rotated = rotated.map_err(|error| Problem::from(&error))?;
    closed.map_err(|error| Problem::from(&error))?;
    match rotated.unreadable {
        0 => Ok(format!(
            "{} values sealed anew with key {}. Older keys can be taken out of the configuration.\n",
            rotated.replaced,
            ring.primary().id()
        )),
        left => Err(Problem::new(format!(
            "{left} encrypted values are left that no key opens: the old keys must stay"
        ))),
    }
}

/// Counts the rows of the usage log anew, where no server runs.
///
/// # Errors
/// What stops it, as one line: above all a server that has the data folder.
pub(crate) async fn rebuild_usage(config: &Config) -> Result<String, Problem> {
    expect_database(config)?;
    let data = DataDir::open(&config.data_dir)?;
    let storage = Database::open(config, &data).await?.storage();
    let progress = |done: u64, total: u64| tracing::info!(done, total, "counting usage rows");
    let rebuilt = storage.usage().rebuild(&progress).await;
    let closed = storage.close().await;
    rebuilt.and(closed).map_err(|error| Problem::from(&error))?;
    Ok("The counts of the usage log are those of its rows.\n".to_owned())
}

/// A server that serves until it is shut down or dropped.
pub struct Running {
    addr: SocketAddr,
    internal_addr: Option<SocketAddr>,
    assembly: Assembly,
    admin_keys: AdminKeys,
    new_admin_key: Option<Secret<String>>,
    first_account: Option<Secret<String>>,
    sign_up: SignUpMode,
    data_dir: PathBuf,
    service: Service,
    background: Background,
    database: Database,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<io::Result<()>>,
}

impl Running {
    /// The public listener's address, with the port that was taken.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The internal listener's address.
    #[must_use]
    pub const fn internal_addr(&self) -> Option<SocketAddr> {
        self.internal_addr
    }

    /// The base URL of the API.
    #[must_use]
    pub const fn public_url(&self) -> &BaseUrl {
        &self.assembly.public_url
    }

    /// The admin key that this start made, to be shown once.
    #[must_use]
    pub const fn new_admin_key(&self) -> Option<&Secret<String>> {
        self.new_admin_key.as_ref()
    }

    /// The one-time link with which somebody makes the first account; `None` where sign-up is open
    /// or somebody has an account.
    #[must_use]
    pub const fn first_account(&self) -> Option<&Secret<String>> {
        self.first_account.as_ref()
    }

    /// Who may make an account.
    pub(crate) const fn sign_up(&self) -> SignUpMode {
        self.sign_up
    }

    /// Writes that key into a file of the data folder that the owner alone may read; its path.
    pub(crate) fn keep_admin_key(&self) -> Result<PathBuf, Problem> {
        match &self.new_admin_key {
            Some(key) => keys::keep_admin_key(&self.data_dir, key),
            None => Err(Problem::new("no admin key was made")),
        }
    }

    /// The gateway behind the listeners.
    #[must_use]
    pub fn gateway(&self) -> Arc<Gateway> {
        self.service.gateway()
    }

    /// Follows a new configuration as far as a running server can: providers and their secrets,
    /// lifetimes, timeouts, admin keys. All of it or nothing: nothing, too, when its master keys are not
    /// the database's.
    ///
    /// # Errors
    /// What cannot be done, as one line; then everything is as it was.
    pub(crate) async fn reload(&self, config: &Config) -> Result<(), Problem> {
        let data = DataDir::look(&self.data_dir)?;
        // What the next start would refuse is told while somebody looks.
        if let Some(ring) = data.known_master_keys(config)? {
            keys::look(&ring, &*self.database.storage()).await?;
        }
        let gateway = self.assembly.gateway(config).await?;
        let digests = data.known_admin_keys(config)?;
        match digests.is_empty() {
            // A key is made by a start alone, which can show it.
            true => tracing::warn!(
                "no admin key is left: what needs one is closed, and the next start makes one"
            ),
            false => self.database.agree_on_admin_keys(&digests).await?,
        }
        self.admin_keys.replace(digests);
        self.service.replace_gateway(gateway);
        Ok(())
    }

    /// The HTTP surface behind the listeners.
    #[cfg(feature = "sandbox")]
    pub(crate) const fn service(&self) -> &Service {
        &self.service
    }

    /// Completes when nothing can be written before a restart (DU-3); otherwise never.
    pub async fn broken(&self) {
        while !self.database.is_broken() {
            sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Ends in order: no new connections, requests in flight finish, queued rows are written
    /// (DU-6).
    ///
    /// # Errors
    /// What could not be finished, as one line.
    pub async fn shutdown(self) -> Result<(), Problem> {
        drop(self.stop);
        let served = self.serving.await;
        // What takes longer is started again by the next process.
        let _ = timeout(BACKGROUND_GRACE, self.background.stop()).await;
        let closed = self.database.close().await;
        match served {
            Ok(Ok(())) => closed.map_err(|error| Problem::from(&error)),
            Ok(Err(error)) => Err(Problem::new(format!("serving failed: {error}"))),
            Err(_) => Err(Problem::new("the server's task panicked")),
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("addr", &self.addr)
            .field("internal_addr", &self.internal_addr)
            .finish_non_exhaustive()
    }
}

/// Logs what the folders of local repositories hold, beside the start: they may be many.
fn tell_local(roots: Vec<PathBuf>) {
    if roots.is_empty() {
        return;
    }
    task::spawn_blocking(move || match upstreams::survey(&roots) {
        Ok(lines) => {
            for line in lines {
                match line.starts_with("found") {
                    true => tracing::info!("local repositories: {line}"),
                    false => tracing::warn!("local repositories: {line}"),
                }
            }
        }
        Err(told) => tracing::warn!("local repositories: {told}"),
    });
}

async fn bind(address: SocketAddr, variable: &str) -> Result<TcpListener, Problem> {
    TcpListener::bind(address).await.map_err(|error| {
        let next = SocketAddr::new(address.ip(), address.port().checked_add(1).unwrap_or(8080));
        let flag = Setting::find(variable).map(Setting::flag).unwrap_or_default();
        Problem::new(match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "{variable}: another program listens on {address}: stop it, or choose another port (`--{flag} {next}`)"
            ),
            _ => format!("{variable}: cannot listen on {address}: {error}"),
        })
    })
}

fn local_addr(listener: &TcpListener) -> Result<SocketAddr, Problem> {
    listener
        .local_addr()
        .map_err(|error| Problem::new(format!("a listener has no address: {error}")))
}
