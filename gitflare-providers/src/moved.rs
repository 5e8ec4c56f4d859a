//! Names that an upstream has changed: of each connection, the first segment of a path and the one that
//! stands for it now. Kept in memory, per node; bounded, and forgetting costs another look.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use gitflare_core::ConnectionId;
use hashlink::LruCache;

const MAX_NAMES: usize = 1000;
/// How long a name that was looked for in vain is not looked for again.
const IN_VAIN_FOR: Duration = Duration::from_secs(600);

/// What names were found to have become.
#[derive(Debug)]
pub(crate) struct Moved {
    /// Mostly nothing has moved, and then nothing is looked up.
    is_used: AtomicBool,
    names: Mutex<LruCache<(ConnectionId, String), Name>>,
}

#[derive(Debug)]
struct Name {
    /// `None` where it was looked for in vain.
    now: Option<String>,
    at: Instant,
}

impl Default for Moved {
    fn default() -> Self {
        Self {
            is_used: AtomicBool::new(false),
            names: Mutex::new(LruCache::new(MAX_NAMES)),
        }
    }
}

impl Moved {
    /// The path under the name that its first segment has now; `None` where it is the same.
    pub(crate) fn follow(&self, connection: &ConnectionId, path: &str) -> Option<String> {
        let (name, rest) = path.strip_prefix('/')?.split_once('/')?;
        let now = self.now(connection, name)?;
        Some(format!("/{now}/{rest}"))
    }

    /// The name that stands for this one now; `None` where it is the same.
    pub(crate) fn now(&self, connection: &ConnectionId, name: &str) -> Option<String> {
        if !self.is_used.load(Ordering::Acquire) {
            return None;
        }
        let mut names = self.lock();
        let known = names.get_mut(&(connection.clone(), name.to_owned()))?;
        known.now.clone()
    }

    /// Whether a name was looked for lately, and not found.
    pub(crate) fn is_lost(&self, connection: &ConnectionId, name: &str) -> bool {
        let mut names = self.lock();
        let known = names.get_mut(&(connection.clone(), name.to_owned()));
        known.is_some_and(|known| known.now.is_none() && known.at.elapsed() < IN_VAIN_FOR)
    }

    /// Notes what a name has become; `None` where it was looked for in vain.
    pub(crate) fn note(&self, connection: &ConnectionId, name: &str, now: Option<String>) {
        let at = Instant::now();
        let key = (connection.clone(), name.to_owned());
        self.lock().insert(key, Name { now, at });
        self.is_used.store(true, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<(ConnectionId, String), Name>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
