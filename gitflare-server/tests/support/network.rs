//! A network between nodes and their database, which can be slow, swallow what is sent, and cut every
//! connection. What is swallowed arrives when the network is well again, as TCP would send it anew:
//! a commit may come long after its sender has given up.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UnixStream},
    runtime::Runtime,
    sync::watch,
    time::sleep,
};

/// What becomes of that which is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    Clear,
    /// Each piece takes so long, each way.
    Slow(Duration),
    /// Nothing arrives, until it clears.
    Silent,
}

#[derive(Clone, Copy, Debug)]
struct State {
    weather: Weather,
    /// How often all connections were cut.
    cuts: u64,
}

/// The network to one Unix socket.
pub(crate) struct Network {
    address: SocketAddr,
    state: watch::Sender<State>,
    _runtime: Runtime,
}

impl Network {
    pub(crate) fn to(socket: PathBuf) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (state, seen) = watch::channel(State {
            weather: Weather::Clear,
            cuts: 0,
        });
        runtime.spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (socket, seen) = (socket.clone(), seen.clone());
                tokio::spawn(async move {
                    // A connection that is cut ends by a reset, not in order.
                    let _ = near.set_zero_linger();
                    let Ok(far) = UnixStream::connect(socket).await else {
                        return;
                    };
                    let (from_near, to_near) = near.into_split();
                    let (from_far, to_far) = far.into_split();
                    let cuts = seen.borrow().cuts;
                    let mut until_cut = seen.clone();
                    tokio::select! {
                        () = pass(from_near, to_far, seen.clone()) => {}
                        () = pass(from_far, to_near, seen) => {}
                        _ = until_cut.wait_for(|state| state.cuts > cuts) => {}
                    }
                });
            }
        });
        Self {
            address,
            state,
            _runtime: runtime,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn turn(&self, weather: Weather) {
        self.state.send_modify(|state| state.weather = weather);
    }

    /// Cuts every connection.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }
}

/// Passes on what is sent, until one side ends.
async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut seen: watch::Receiver<State>,
) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let arrives = seen.wait_for(|state| state.weather != Weather::Silent);
        let Ok(weather) = arrives.await.map(|state| state.weather) else {
            return;
        };
        if let Weather::Slow(delay) = weather {
            sleep(delay).await;
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
