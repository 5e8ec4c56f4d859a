//! When tokens, secrets, sessions and connections were used last: noted in memory, written together
//! every second, and for one row at most once a minute, whatever number of nodes it is used on. Rows
//! that somebody else has locked are left for the next time.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use gitflare_core::Timestamp;
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use super::Database;

const WRITTEN_EVERY: Duration = Duration::from_secs(1);

/// A table with a column `last_used_at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Used {
    Token,
    Secret,
    Session,
    Connection,
}

impl Used {
    const fn table(self) -> &'static str {
        match self {
            Self::Token => "tokens",
            Self::Secret => "client_secrets",
            Self::Session => "sessions",
            Self::Connection => "connections",
        }
    }
}

type Noted = HashMap<Used, HashMap<String, i64>>;

/// What was used and is not written yet.
#[derive(Debug)]
pub(super) struct Touches {
    noted: Arc<Mutex<Noted>>,
    database: Database,
    task: JoinHandle<()>,
}

impl Drop for Touches {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Touches {
    /// Starts to write what is noted.
    pub(super) fn start(database: Database) -> Self {
        let noted = Arc::<Mutex<Noted>>::default();
        let task = {
            let (database, noted) = (database.clone(), Arc::clone(&noted));
            tokio::spawn(async move {
                let mut ticks = interval(WRITTEN_EVERY);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                loop {
                    ticks.tick().await;
                    write(&database, &noted).await;
                }
            })
        };
        Self {
            noted,
            database,
            task,
        }
    }

    pub(super) fn note(&self, used: Used, id: &str, at: Timestamp) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let times = noted.entry(used).or_default();
        let at = at.as_millis();
        match times.get_mut(id) {
            Some(time) => *time = at.max(*time),
            None => drop(times.insert(id.to_owned(), at)),
        }
    }

    /// Writes what is left, and no more.
    pub(super) async fn close(&self) {
        self.task.abort();
        write(&self.database, &self.noted).await;
    }
}

async fn write(database: &Database, noted: &Mutex<Noted>) {
    let taken = mem::take(&mut *noted.lock().unwrap_or_else(PoisonError::into_inner));
    for (used, times) in taken {
        let table = used.table();
        let (ids, times): (Vec<_>, Vec<_>) = times.into_iter().unzip();
        let statement = format!(
            "WITH used AS (
               SELECT kept.id, noted.at FROM {table} kept
               JOIN unnest($1::text[], $2::bigint[]) AS noted (id, at) ON noted.id = kept.id
               WHERE kept.last_used_at IS NULL OR kept.last_used_at <= noted.at - 60000
               FOR NO KEY UPDATE OF kept SKIP LOCKED)
             UPDATE {table} SET last_used_at = used.at FROM used WHERE used.id = {table}.id"
        );
        let written = async {
            let session = database.session().await?;
            session.execute(&statement, &[&ids, &times]).await
        };
        // May be lost: a time of last use is no promise.
        if let Err(failure) = written.await {
            let error = gitflare_core::Error::from(failure);
            tracing::debug!(table, error = ?error, "times of last use were not written");
        }
    }
}
