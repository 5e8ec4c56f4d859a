//! Sockets: accepting connections within the caps, and ending them in order. What is said on a
//! connection is [`super::connection`]'s business.

use std::{
    collections::HashMap,
    future::{Future, poll_fn},
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    super::{
        app::App,
        inspect::HostNames,
        network::Network,
        origin::{Entrance, Origin},
        proxy,
    },
    connection,
    open_files::room_for_connections,
    service::Service,
};

/// Pause before accepting again when the system has no sockets left.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

/// The bound sockets to serve on.
#[derive(Debug)]
pub struct Listeners {
    /// The public listener.
    pub public: TcpListener,
    /// The internal one, where `/v1/connections*` needs no key.
    pub internal: Option<TcpListener>,
}

/// Serves until `shutdown` completes, then drains: readiness off, no new connections, requests in
/// flight finish within the drain timeout (DU-6).
///
/// # Errors
/// When a listener's own address cannot be read.
pub async fn serve(
    service: Service,
    listeners: Listeners,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    serve_on(Vec::new(), service, listeners, shutdown).await
}

/// The same on these runtimes too: each connection belongs to one, and they take turns.
///
/// # Errors
/// As [`serve`].
pub async fn serve_on(
    cores: Vec<Handle>,
    service: Service,
    listeners: Listeners,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let app = service.app;
    app.listens(
        reachable(listeners.public.local_addr()?),
        listeners.internal.is_some(),
    );
    let mut acceptors = JoinSet::new();
    let (drain, draining) = watch::channel(false);
    let (in_flight, mut all_done) = mpsc::channel(1);
    let caps = Arc::new(Caps::new(&app));
    let sockets = [(Some(listeners.public), false), (listeners.internal, true)];
    for (socket, is_internal) in sockets {
        let Some(socket) = socket else { continue };
        let hosts = HostNames::new(&app.settings, socket.local_addr()?, is_internal);
        let acceptor = Acceptor {
            app: Arc::clone(&app),
            entrance: Arc::new(Entrance { is_internal, hosts }),
            caps: Arc::clone(&caps),
            cores: cores.clone(),
            taken: 0,
            in_flight: in_flight.clone(),
            draining: draining.clone(),
        };
        acceptors.spawn(acceptor.accept(socket));
    }
    drop(in_flight);

    shutdown.await;
    app.drain();
    drain.send_replace(true);
    while acceptors.join_next().await.is_some() {}
    // Every connection and request holds a sender: when all are gone, all are done.
    if timeout(app.settings.limits.drain_timeout, all_done.recv())
        .await
        .is_err()
    {
        tracing::warn!("requests were still in flight when the drain timeout ended");
    }
    Ok(())
}

/// The address by which this machine reaches a listener that may listen everywhere.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// One listening socket and what its connections need.
struct Acceptor {
    app: Arc<App>,
    entrance: Arc<Entrance>,
    caps: Arc<Caps>,
    /// The runtimes beside this one.
    cores: Vec<Handle>,
    /// Number of connections so far.
    taken: usize,
    in_flight: mpsc::Sender<()>,
    draining: watch::Receiver<bool>,
}

impl Acceptor {
    async fn accept(mut self, socket: TcpListener) {
        loop {
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                _ = self.draining.wait_for(|&draining| draining) => break,
            };
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer),
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection failed");
                    sleep(EXHAUSTED_PAUSE).await;
                }
            }
        }
        // The system has already completed these handshakes: serve them rather than reset them.
        while let Poll::Ready(Ok((stream, peer))) =
            poll_fn(|cx| Poll::Ready(socket.poll_accept(cx))).await
        {
            self.admit(stream, peer);
        }
    }

    /// Starts serving a connection, or closes it when there are too many.
    fn admit(&mut self, stream: TcpStream, peer: SocketAddr) {
        let address = peer.ip().to_canonical();
        let Some(permit) = self.caps.take(address) else {
            self.app.metrics.connection_refused();
            return;
        };
        self.app.metrics.connection_opened();
        let origin = Origin {
            app: Arc::clone(&self.app),
            entrance: Arc::clone(&self.entrance),
            peer: address,
            _in_flight: Some(self.in_flight.clone()),
        };
        let draining = self.draining.clone();
        let served = async move |stream: io::Result<TcpStream>| {
            let app = Arc::clone(&origin.app);
            match stream {
                Ok(stream) => connection::serve(stream, origin, draining).await,
                Err(error) => tracing::warn!(%error, "a connection was lost"),
            }
            app.metrics.connection_closed();
            drop(permit);
        };
        self.taken = self.taken.wrapping_add(1);
        match self.cores.get(self.taken % (self.cores.len() + 1)) {
            // A socket belongs to the runtime that it is registered with.
            Some(core) => drop(core.spawn(async move {
                served(stream.into_std().and_then(TcpStream::from_std)).await;
            })),
            None => drop(tokio::spawn(async move { served(Ok(stream)).await })),
        }
    }
}

/// Number of connections, in all and by address.
struct Caps {
    total: Arc<Semaphore>,
    per_address: usize,
    exempt: Vec<Network>,
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

impl Caps {
    fn new(app: &App) -> Self {
        let limits = &app.settings.limits;
        Self {
            total: Arc::new(Semaphore::new(
                limits.connections.min(room_for_connections()),
            )),
            per_address: limits.connections_per_address,
            exempt: app.settings.trusted_proxies.clone(),
            by_address: Mutex::new(HashMap::new()),
        }
    }

    fn take(self: &Arc<Self>, address: IpAddr) -> Option<ConnectionPermit> {
        let total = Arc::clone(&self.total).try_acquire_owned().ok()?;
        let mut counts = self
            .by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= self.per_address && !proxy::is_trusted(&self.exempt, address) {
            return None;
        }
        *count += 1;
        Some(ConnectionPermit {
            caps: Arc::clone(self),
            address,
            _total: total,
        })
    }
}

/// A connection's permit under the caps, given back when dropped.
struct ConnectionPermit {
    caps: Arc<Caps>,
    address: IpAddr,
    _total: OwnedSemaphorePermit,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut counts = self
            .caps
            .by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}
