//! Which project a name stands for. GitFlic is asked by names, and a name may go to another project,
//! which nobody has approved. So a name is looked up before it is read by, though not again for a
//! while: an account may call 500 times an hour. Kept in memory, per node; bounded, and forgetting
//! costs one call.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use gitflare_core::provider::{Call, RepoRef};
use hashlink::LruCache;
use tokio::sync::MutexGuard;

const MAX_NAMES: usize = 10_000;
/// Names that can be looked up at the same time.
const TURNS: usize = 64;

/// How long a name is believed, unless an installation says otherwise.
pub(super) const BELIEVED_FOR: Duration = Duration::from_secs(60);

/// What names were last seen to stand for.
#[derive(Debug)]
pub(super) struct Names {
    believed_for: Duration,
    seen: Mutex<LruCache<String, Seen>>,
    turns: Vec<tokio::sync::Mutex<()>>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Seen {
    id: String,
    at: Instant,
}

impl Names {
    pub(super) fn new(believed_for: Duration) -> Self {
        Self {
            believed_for,
            seen: Mutex::new(LruCache::new(MAX_NAMES)),
            turns: (0..TURNS).map(|_| tokio::sync::Mutex::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Whether the name is the repository's own still; `None` when it has to be looked up.
    pub(super) fn is_own(&self, call: &Call, repo: &RepoRef) -> Option<bool> {
        let Some(name) = &repo.full_name else {
            return Some(true);
        };
        if self.believed_for == Duration::MAX {
            return Some(true);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let known = seen.get(&key(call, name))?;
        (known.at.elapsed() < self.believed_for).then(|| known.id == repo.id)
    }

    /// The turn to look a name up: who comes later finds what the first one has seen.
    pub(super) async fn turn(&self, repo: &RepoRef) -> MutexGuard<'_, ()> {
        let place = self.hasher.hash_one(&repo.full_name) as usize % TURNS;
        self.turns[place].lock().await
    }

    /// Notes what a name stands for now.
    pub(super) fn note(&self, call: &Call, name: &str, id: &str) {
        let now = Seen {
            id: id.to_owned(),
            at: Instant::now(),
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(key(call, name), now);
    }

    /// Believes a name no longer.
    pub(super) fn forget(&self, call: &Call, name: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.remove(&key(call, name));
    }
}

/// A name at the installation that is called.
fn key(call: &Call, name: &str) -> String {
    let installation = call.api_base_url.as_deref().unwrap_or_default();
    format!("{installation} {name}")
}
