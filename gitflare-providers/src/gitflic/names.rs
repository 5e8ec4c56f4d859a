//! Which project a name stands for. GitFlic is asked by names, and a name may go to another project,
//! which nobody has approved. So a name is believed for a while only, unless what was read says itself
//! whose it is; then the project is looked at. Kept in memory, per node and connection; bounded, and
//! forgetting costs one call.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use gitflare_core::{
    ConnectionId,
    provider::{Call, RepoRef},
};
use hashlink::LruCache;
use tokio::sync::MutexGuard;

const MAX_CONNECTIONS: usize = 1_000;
/// Of one connection: more can hardly be read in an hour.
const MAX_NAMES: usize = 500;
/// Names that can be looked up at the same time.
const TURNS: usize = 64;

/// How long a name is believed for each project that its connection reads: looks take 20 calls of the
/// 500 that an account has in an hour, however many projects share them.
const SHARE: Duration = Duration::from_secs(180);
/// No name is believed for longer, even if looks take more calls then.
const LONGEST: Duration = Duration::from_secs(3600);

/// What names were last seen to stand for.
#[derive(Debug)]
pub(super) struct Names {
    /// `None`: by the number of projects that share the calls.
    believed_for: Option<Duration>,
    seen: Mutex<LruCache<ConnectionId, LruCache<String, Seen>>>,
    turns: Vec<tokio::sync::Mutex<()>>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Seen {
    id: String,
    at: Instant,
    /// A name that was only listed takes no look.
    is_read: bool,
}

impl Names {
    pub(super) fn new(believed_for: Option<Duration>) -> Self {
        Self {
            believed_for,
            seen: Mutex::new(LruCache::new(MAX_CONNECTIONS)),
            turns: (0..TURNS).map(|_| tokio::sync::Mutex::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Whether the name is the repository's own still; `None` when it has to be looked up.
    pub(super) fn is_own(&self, call: &Call, repo: &RepoRef) -> Option<bool> {
        let Some(name) = &repo.full_name else {
            return Some(true);
        };
        if self.believed_for == Some(Duration::MAX) {
            return Some(true);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let names = seen.get_mut(&call.connection_id)?;
        let known = names.get_mut(name)?;
        known.is_read = true;
        let (age, is_own) = (known.at.elapsed(), known.id == repo.id);
        let believed_for = self.believed_for.unwrap_or_else(|| match age < SHARE {
            true => SHARE,
            false => share_of(names),
        });
        (age < believed_for).then_some(is_own)
    }

    /// The turn to look a name up: who comes later finds what the first one has seen.
    pub(super) async fn turn(&self, repo: &RepoRef) -> MutexGuard<'_, ()> {
        let place = self.hasher.hash_one(&repo.full_name) as usize % TURNS;
        self.turns[place].lock().await
    }

    /// Notes what a name stands for now.
    pub(super) fn note(&self, call: &Call, name: &str, id: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let names = seen
            .entry(call.connection_id.clone())
            .or_insert_with(|| LruCache::new(MAX_NAMES));
        let now = Seen {
            id: id.to_owned(),
            at: Instant::now(),
            is_read: names.peek(name).is_some_and(|known| known.is_read),
        };
        names.insert(name.to_owned(), now);
    }

    /// Believes a name no longer.
    pub(super) fn forget(&self, call: &Call, name: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(names) = seen.get_mut(&call.connection_id) {
            names.remove(name);
        }
    }
}

/// How long the names of a connection are believed: longer, the more of them are read.
fn share_of(names: &LruCache<String, Seen>) -> Duration {
    let is_read = |seen: &&Seen| seen.is_read && seen.at.elapsed() < LONGEST;
    let count = names.iter().map(|(_, seen)| seen).filter(is_read).count();
    // The name that is asked for is one of them, though its own look may be an hour ago.
    let count = u32::try_from(count.max(1)).unwrap_or(u32::MAX);
    SHARE.saturating_mul(count).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(read: usize, listed: usize) -> LruCache<String, Seen> {
        let mut names = LruCache::new(MAX_NAMES);
        for at in 0..read + listed {
            let seen = Seen {
                id: String::new(),
                at: Instant::now(),
                is_read: at < read,
            };
            names.insert(at.to_string(), seen);
        }
        names
    }

    #[test]
    fn looks_share_twenty_calls_an_hour_and_no_name_is_believed_for_longer_than_that() {
        for (read, listed, minutes) in [(1, 0, 3), (1, 99, 3), (4, 0, 12), (20, 9, 60), (90, 0, 60)]
        {
            let believed_for = share_of(&names(read, listed));
            assert_eq!(believed_for, Duration::from_secs(minutes * 60), "{read}");
        }
    }
}
