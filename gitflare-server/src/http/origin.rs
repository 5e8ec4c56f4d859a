//! Where a request comes from: the listener, the client's socket, and the app that serves both.

use std::{net::IpAddr, sync::Arc};

use tokio::sync::mpsc;

use super::{app::App, inspect::HostNames};

/// Listener and peer of a connection.
#[derive(Debug)]
pub(super) struct Entrance {
    /// Whether this is the internal listener.
    pub(super) is_internal: bool,
    /// The names by which clients may call it.
    pub(super) hosts: HostNames,
}

/// Facts shared by the requests of one connection.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) app: Arc<App>,
    pub(super) entrance: Arc<Entrance>,
    pub(super) peer: IpAddr,
    /// Dropped when the request is done; the drain waits for all of them.
    /// `None` in a mounted service, whose server waits for its own requests.
    pub(super) _in_flight: Option<mpsc::Sender<()>>,
}
