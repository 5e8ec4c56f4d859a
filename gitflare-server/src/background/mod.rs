//! The work that no request waits for: deliveries of events, the clean-up queue, deletion of what
//! has expired, the firewall's configuration of other nodes. One handle starts and stops all of it; what is due the gateway decides.

mod cleanup;
mod deliveries;
mod firewall;
mod retention;

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinSet, time::timeout};

use crate::http::App;

/// Background work that runs until it is stopped or this is dropped.
#[derive(Debug)]
pub struct Background {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Background {
    /// Starts every kind of work on the current runtime.
    pub(crate) fn start(app: &Arc<App>) -> Self {
        let (stop, stopping) = watch::channel(false);
        let stopping = Stopping(stopping);
        let mut tasks = JoinSet::new();
        tasks.spawn(cleanup::run(Arc::clone(app), stopping.clone()));
        tasks.spawn(deliveries::run(Arc::clone(app), stopping.clone()));
        tasks.spawn(firewall::run(Arc::clone(app), stopping.clone()));
        tasks.spawn(retention::run(Arc::clone(app), stopping));
        Self { stop, tasks }
    }

    /// Stops: no new step starts, and the steps under way finish. Deliveries that wait for an
    /// app's answer are not waited for; they come again later.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Tells a task that it is to stop.
#[derive(Clone, Debug)]
pub(crate) struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Waits for this long, or until the work is to stop; whether to go on.
    pub(crate) async fn pause(&mut self, time: Duration) -> bool {
        timeout(time, self.0.wait_for(|&stopping| stopping))
            .await
            .is_err()
    }
}
