//! The threads that serve: one for each core, each with a runtime, connections and a pool of upstream
//! connections of its own, so that a request stays where it began and wakes no other thread. The
//! thread that starts the others is the first of them. A service that embeds the gateway keeps its
//! own runtime.

use std::{io, thread::available_parallelism};

use gitflare_providers::use_pool;
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::oneshot,
};

/// How many threads serve.
pub(crate) fn count() -> usize {
    available_parallelism().map_or(1, Into::into)
}

/// The runtime of one thread.
pub(crate) fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// The threads beside the one that started them. They end when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Cores {
    pub(crate) handles: Vec<Handle>,
    /// Dropped, they end the threads.
    _running: Vec<oneshot::Sender<()>>,
}

impl Cores {
    /// Starts all but the first.
    ///
    /// # Errors
    /// The system's, when it gives no threads.
    pub(crate) fn beside_this() -> io::Result<Self> {
        let mut cores = Self::default();
        for number in 1..count() {
            let runtime = runtime()?;
            let handle = runtime.handle().clone();
            let (running, stopped) = oneshot::channel::<()>();
            std::thread::Builder::new()
                .name(format!("core-{number}"))
                .spawn(move || {
                    use_pool(number);
                    drop(runtime.block_on(stopped));
                    // A thread deep in a repository is not waited for.
                    runtime.shutdown_background();
                })?;
            cores.handles.push(handle);
            cores._running.push(running);
        }
        Ok(cores)
    }
}
