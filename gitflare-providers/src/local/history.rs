//! Histories in the order of `git rev-list`: newest commit first, of equal times the one met first.
//! A history under a pinned tip never changes, so the ids found so far are remembered and the
//! thousandth page costs what the first does.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use gitflare_core::Result;
use gix::ObjectId;

use super::{
    objects::RawCommit,
    recent::{Recent, Weight},
    repo::{HistoryKey, Repo},
};

/// The remembered histories: at most 64, together at most this many commits (about 100 bytes each).
const MAX_COMMITS: usize = 1_000_000;

#[derive(Debug)]
pub(super) struct Histories(Recent<HistoryKey, Arc<Remembered>>);

#[derive(Debug, Default)]
struct Remembered {
    /// `None` until the tip has been read.
    walk: Mutex<Option<Walk>>,
    commits: AtomicUsize,
}

impl Weight for Arc<Remembered> {
    fn weight(&self) -> usize {
        self.commits.load(Ordering::Relaxed)
    }
}

impl Histories {
    pub(super) fn new() -> Self {
        Self(Recent::new(64, MAX_COMMITS))
    }

    /// The commits from the `from`-th on, at most `count`.
    pub(super) fn slice(
        &self,
        repo: &Repo,
        tip: ObjectId,
        from: usize,
        count: usize,
    ) -> Result<Vec<ObjectId>> {
        let key = repo.history_key(tip);
        let remembered = self.0.find_or_insert(key, Arc::default);
        let mut guard = remembered
            .walk
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let walk = match &mut *guard {
            Some(walk) => walk,
            empty => empty.insert(Walk::from(repo, tip)?),
        };
        let end = from.saturating_add(count);
        let result = walk.extend_to(repo, end);
        let ids = walk.emitted.get(from..end.min(walk.emitted.len()));
        let ids = ids.unwrap_or_default().to_vec();
        remembered
            .commits
            .store(walk.emitted.len(), Ordering::Relaxed);
        drop(guard);
        self.0.trim();
        result.map(|()| ids)
    }
}

/// A walk that can be interrupted and continued.
#[derive(Debug)]
struct Walk {
    emitted: Vec<ObjectId>,
    frontier: Frontier,
}

impl Walk {
    fn from(repo: &Repo, tip: ObjectId) -> Result<Self> {
        Ok(Self {
            emitted: Vec::new(),
            frontier: Frontier::from(repo, tip, Texts::Forgotten)?,
        })
    }

    fn extend_to(&mut self, repo: &Repo, len: usize) -> Result<()> {
        while self.emitted.len() < len {
            repo.deadline.check()?;
            match self.frontier.pop(repo)? {
                Some((id, _)) => self.emitted.push(id),
                None => {
                    // Nothing will be met again.
                    self.frontier.seen = HashSet::new();
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Calls `each` with every commit of a history, in order.
pub(super) fn for_each(repo: &Repo, tip: ObjectId, mut each: impl FnMut(&RawCommit)) -> Result<()> {
    let mut frontier = Frontier::from(repo, tip, Texts::Kept)?;
    while let Some((_, commit)) = frontier.pop(repo)? {
        each(&commit);
        repo.deadline.check()?;
    }
    Ok(())
}

/// Whether a waiting commit keeps its message and identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Texts {
    Kept,
    Forgotten,
}

/// The commits that were met and not yet passed on.
#[derive(Debug)]
struct Frontier {
    texts: Texts,
    queue: BinaryHeap<Pending>,
    seen: HashSet<ObjectId>,
    met: u64,
}

#[derive(Debug)]
struct Pending {
    /// Newest first; of equal times the one met first.
    rank: (u64, Reverse<u64>),
    id: ObjectId,
    commit: RawCommit,
}

impl Frontier {
    fn from(repo: &Repo, tip: ObjectId, texts: Texts) -> Result<Self> {
        let mut frontier = Self {
            texts,
            queue: BinaryHeap::new(),
            seen: HashSet::new(),
            met: 0,
        };
        frontier.meet(tip, repo.commit(tip)?);
        Ok(frontier)
    }

    /// The next commit in order. After a failure nothing has changed, so the walk can go on later.
    fn pop(&mut self, repo: &Repo) -> Result<Option<(ObjectId, RawCommit)>> {
        let Some(next) = self.queue.peek() else {
            return Ok(None);
        };
        let mut parents = Vec::new();
        if !repo.is_shallow_boundary(next.id)? {
            for &parent in &next.commit.parents {
                if !self.seen.contains(&parent) && parents.iter().all(|(id, _)| *id != parent) {
                    parents.push((parent, repo.commit(parent)?));
                }
            }
        }
        let next = self.queue.pop();
        for (id, commit) in parents {
            self.meet(id, commit);
        }
        Ok(next.map(|next| (next.id, next.commit)))
    }

    fn meet(&mut self, id: ObjectId, mut commit: RawCommit) {
        self.seen.insert(id);
        let time = commit.order_time();
        if self.texts == Texts::Forgotten {
            commit.forget_texts();
        }
        self.queue.push(Pending {
            rank: (time, Reverse(self.met)),
            id,
            commit,
        });
        self.met += 1;
    }
}

impl Ord for Pending {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank.cmp(&other.rank)
    }
}

impl PartialOrd for Pending {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pending {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl Eq for Pending {}
