//! What two commits have that the other one lacks, in the order of `git rev-list`. Both histories are
//! walked at once and painted, until all that is left is common.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, hash_map::Entry},
};

use gitflare_core::{
    Result,
    model::{Comparison, MAX_COMPARED_COMMITS},
    provider::{CompareQuery, RefSelector},
};
use gix::ObjectId;

use super::{commits, diff, errors, repo::Repo};

/// What is reached from the base, and what from the head.
const BASE: u8 = 1;
const HEAD: u8 = 2;
const BOTH: u8 = BASE | HEAD;

/// How many common commits are looked at in vain before the walk ends. A commit can be dated before its
/// own parents: what lies behind a common one may have been met already, as somebody's own.
const MAX_IN_VAIN: usize = 1000;

pub(super) fn compare(repo: &Repo, query: &CompareQuery) -> Result<Comparison> {
    let tip = |name: &gitflare_core::provider::GitRef| {
        let found = repo.resolve(&RefSelector::Ref(name.clone()))?;
        found.ok_or_else(|| errors::no_resource("The repository has no commits yet."))
    };
    let (base, head) = (tip(&query.base)?, tip(&query.head)?);
    let range = between(repo, base, head)?;
    let merge_base = repo
        .merge_base(base, head)?
        .ok_or_else(|| errors::no_resource("The two names have no common ancestor."))?;
    let changes = diff::between(repo, Some(merge_base), head, diff::MAX_PATCHED_FILES)?;
    let names = [base, head, merge_base].map(|id| id.to_string());
    let comparison = Comparison::of(changes, &names[0], &names[1], &names[2]);
    let commits = match query.with_commits {
        true => {
            let newest = range.newest.iter();
            let described = newest.map(|id| Ok(commits::describe(*id, &repo.commit(*id)?)));
            Some(described.collect::<Result<_>>()?)
        }
        false => None,
    };
    Ok(Comparison {
        ahead_by: Some(range.ahead),
        behind_by: Some(range.behind),
        commits_truncated: commits
            .is_some()
            .then_some(range.ahead > MAX_COMPARED_COMMITS as u64),
        commits,
        ..comparison
    })
}

/// What one commit has that another one lacks, and the other way round.
struct Range {
    ahead: u64,
    behind: u64,
    /// The newest of those ahead.
    newest: Vec<ObjectId>,
}

fn between(repo: &Repo, base: ObjectId, head: ObjectId) -> Result<Range> {
    let mut walk = Walk::default();
    walk.paint(repo, base, BASE)?;
    walk.paint(repo, head, HEAD)?;
    let mut order = Vec::new();
    let mut in_vain = 0;
    while walk.own > 0 || in_vain < MAX_IN_VAIN {
        repo.deadline.check()?;
        let Some((id, is_first)) = walk.pop() else {
            break;
        };
        let (paint, changed) = walk.pass_on(repo, id)?;
        in_vain = match paint == BOTH && !changed {
            true => in_vain + 1,
            false => 0,
        };
        if is_first {
            order.push(id);
        }
    }
    let is_own = |id: &ObjectId, paint: u8| walk.met[id].paint == paint;
    let mut ahead: Vec<_> = order
        .iter()
        .filter(|id| is_own(id, HEAD))
        .copied()
        .collect();
    let range = Range {
        ahead: ahead.len() as u64,
        behind: order.iter().filter(|id| is_own(id, BASE)).count() as u64,
        newest: {
            ahead.truncate(MAX_COMPARED_COMMITS);
            ahead
        },
    };
    for id in &order {
        if walk.met[id].paint != BOTH && repo.is_shallow_boundary(*id)? {
            return Err(errors::no_resource(
                "The copy of the repository is shallow: what the two names have in common is not in it.",
            ));
        }
    }
    Ok(range)
}

#[derive(Default)]
struct Walk {
    met: HashMap<ObjectId, Met>,
    queue: BinaryHeap<(u64, Reverse<u64>, ObjectId)>,
    /// How many in the queue belong to one side alone.
    own: usize,
    count: u64,
}

struct Met {
    paint: u8,
    time: u64,
    parents: Vec<ObjectId>,
    is_queued: bool,
    was_passed: bool,
}

impl Walk {
    /// Paints a commit; whether that changed anything.
    fn paint(&mut self, repo: &Repo, id: ObjectId, paint: u8) -> Result<bool> {
        if let Entry::Vacant(place) = self.met.entry(id) {
            let commit = repo.commit(id)?;
            let parents = match repo.is_shallow_boundary(id)? {
                true => Vec::new(),
                false => commit.parents.clone(),
            };
            place.insert(Met {
                paint: 0,
                time: commit.order_time(),
                parents,
                is_queued: false,
                was_passed: false,
            });
        }
        let Some(met) = self.met.get_mut(&id) else {
            return Ok(false);
        };
        let painted = met.paint | paint;
        if painted == met.paint {
            return Ok(false);
        }
        match (met.is_queued, painted == BOTH) {
            (true, true) => self.own -= 1,
            (false, false) => self.own += 1,
            _ => {}
        }
        met.paint = painted;
        if !met.is_queued {
            met.is_queued = true;
            self.queue.push((met.time, Reverse(self.count), id));
            self.count += 1;
        }
        Ok(true)
    }

    /// The next commit in order, and whether it comes for the first time.
    fn pop(&mut self) -> Option<(ObjectId, bool)> {
        let (_, _, id) = self.queue.pop()?;
        let met = self.met.get_mut(&id)?;
        met.is_queued = false;
        if met.paint != BOTH {
            self.own -= 1;
        }
        Some((id, !std::mem::replace(&mut met.was_passed, true)))
    }

    /// Paints the parents of a commit like the commit; its paint, and whether that changed any.
    fn pass_on(&mut self, repo: &Repo, id: ObjectId) -> Result<(u8, bool)> {
        let Some(met) = self.met.get(&id) else {
            return Ok((0, false));
        };
        let (paint, parents) = (met.paint, met.parents.clone());
        let mut changed = false;
        for parent in parents {
            let was_own = self.met.get(&parent).is_some_and(|met| met.was_passed);
            // A common commit is news only where it was taken for somebody's own.
            changed |= self.paint(repo, parent, paint)? && was_own;
        }
        Ok((paint, changed))
    }
}
