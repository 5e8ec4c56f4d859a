//! What two commits have that the other one lacks, in the order of `git rev-list`, and the best of what
//! they have in common. Both histories are walked at once and painted, until all that is left is common.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet, hash_map::Entry},
};

use gitflare_core::{
    Code, Result,
    model::{Comparison, MAX_COMPARED_COMMITS},
    provider::{CompareQuery, GitRef, RefSelector},
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
    let tip = |side: &str, name: &GitRef| {
        let found = repo.resolve(&RefSelector::Ref(name.clone()));
        let unknown = || errors::no_resource(format!("`{side}` names no branch, tag or commit."));
        found
            .map_err(|error| match error.code() {
                Code::ResourceNotFound => unknown(),
                _ => error,
            })?
            .ok_or_else(unknown)
    };
    let (base, head) = (tip("base", &query.base)?, tip("head", &query.head)?);
    let range = between(repo, base, head)?;
    let merge_base = range
        .merge_base
        .ok_or_else(|| errors::no_resource("The two names have no common ancestor."))?;
    // A copy that ends early may hide a better one, unless one side is the other's ancestor.
    if range.is_cut() && merge_base != base && merge_base != head {
        return Err(errors::no_resource(
            "The copy of the repository is shallow: what the two names have in common is not in it.",
        ));
    }
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
        commits_truncated: commits.is_some().then_some(
            range
                .ahead
                .is_none_or(|ahead| ahead > MAX_COMPARED_COMMITS as u64),
        ),
        ahead_by: range.ahead,
        behind_by: range.behind,
        commits,
        ..comparison
    })
}

/// What one commit has that another one lacks, and the other way round.
struct Range {
    /// `None` where a shallow copy ends before all of them are counted.
    ahead: Option<u64>,
    /// As `ahead`.
    behind: Option<u64>,
    /// The newest of those ahead.
    newest: Vec<ObjectId>,
    /// The best common ancestor, the newest of several.
    merge_base: Option<ObjectId>,
}

impl Range {
    fn is_cut(&self) -> bool {
        self.ahead.is_none() || self.behind.is_none()
    }
}

/// What a commit has that an ancestor of it lacks, in order; `None` when that is no ancestor.
pub(super) fn since(
    repo: &Repo,
    ancestor: ObjectId,
    head: ObjectId,
) -> Result<Option<Vec<ObjectId>>> {
    let (walk, order) = painted(repo, ancestor, head)?;
    let paint = |id: &ObjectId| walk.met[id].paint;
    let is_ancestor = order.iter().all(|id| paint(id) != BASE);
    let since = || order.iter().filter(|id| paint(id) == HEAD).copied();
    Ok(is_ancestor.then(|| since().collect()))
}

/// Both histories as far as needed, painted, and the commits in the order in which they came first.
fn painted(repo: &Repo, base: ObjectId, head: ObjectId) -> Result<(Walk, Vec<ObjectId>)> {
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
    Ok((walk, order))
}

fn between(repo: &Repo, base: ObjectId, head: ObjectId) -> Result<Range> {
    let (walk, order) = painted(repo, base, head)?;
    let met = &walk.met;
    let own = |paint: u8| {
        let own = order.iter().filter(move |id| met[*id].paint == paint);
        own.copied().collect::<Vec<_>>()
    };
    let counted = |own: &[ObjectId]| -> Result<Option<u64>> {
        for id in own {
            if repo.is_shallow_boundary(*id)? {
                return Ok(None);
            }
        }
        Ok(Some(own.len() as u64))
    };
    let mut newest = own(HEAD);
    let (ahead, behind) = (counted(&newest)?, counted(&own(BASE))?);
    newest.truncate(MAX_COMPARED_COMMITS);
    Ok(Range {
        ahead,
        behind,
        newest,
        merge_base: walk.merge_base(),
    })
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
    /// How many were met before.
    number: usize,
    parents: Vec<ObjectId>,
    is_queued: bool,
    was_passed: bool,
}

impl Walk {
    /// Paints a commit; whether that changed anything.
    fn paint(&mut self, repo: &Repo, id: ObjectId, paint: u8) -> Result<bool> {
        let number = self.met.len();
        if let Entry::Vacant(place) = self.met.entry(id) {
            let commit = repo.commit(id)?;
            let parents = match repo.is_shallow_boundary(id)? {
                true => Vec::new(),
                false => commit.parents.clone(),
            };
            place.insert(Met {
                paint: 0,
                time: commit.order_time(),
                number,
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

    /// Of the common commits the newest that is no other one's ancestor, the first met of equals: what
    /// `git merge-base` says.
    fn merge_base(&self) -> Option<ObjectId> {
        let is_common = |met: &&Met| met.paint == BOTH;
        let common = || self.met.values().filter(is_common);
        let ancestors: HashSet<_> = common().flat_map(|met| met.parents.iter()).collect();
        let best = self
            .met
            .iter()
            .filter(|(id, met)| met.paint == BOTH && !ancestors.contains(id));
        best.max_by_key(|(_, met)| (met.time, Reverse(met.number)))
            .map(|(id, _)| *id)
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
