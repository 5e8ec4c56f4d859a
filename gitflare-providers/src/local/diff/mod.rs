//! What a commit changed against its first parent, the empty tree for a first commit. Merges are
//! compared with their first parent only. Limits cost patches and counts, never rows below
//! [`MAX_FILES`].

mod attributes;
mod changes;
mod content;
mod hunks;
mod renames;

use gitflare_core::{
    Result,
    filter::FirewallReport,
    model::{Diff, DiffFile, DiffStats, FileStatus, MAX_FILES, MAX_PATCH_BYTES},
    provider::CommitId,
};
use gix::ObjectId;

pub(crate) use self::content::{Comparison, MAX_PATCHED_BYTES, texts};
use self::{attributes::Attributes, changes::Change, content::Patches};
use super::{deadline::Deadline, objects::lossy, repo::Repo};

/// How many files of one diff come with their patch.
pub(crate) const MAX_PATCHED_FILES: usize = 300;

pub(super) fn of_commit(repo: &Repo, commit: &CommitId) -> Result<Diff> {
    let head = repo.commit_named(commit.as_str())?;
    against_first_parent(repo, head, MAX_PATCHED_FILES)
}

/// The counts of what a commit changed, without its patches; `None` where its parent was not cloned.
pub(super) fn stats_of(repo: &Repo, commit: ObjectId) -> Result<Option<DiffStats>> {
    let diff = against_first_parent(repo, commit, 0)?;
    Ok(Some(diff.stats).filter(|stats| *stats != DiffStats::default()))
}

fn against_first_parent(repo: &Repo, head: ObjectId, patches: usize) -> Result<Diff> {
    let base = repo.commit(head)?.parents.first().copied();
    if base.is_some() && repo.is_shallow_boundary(head)? {
        // The parent was not cloned: against nothing everything would seem new.
        return Ok(unknown(base, head));
    }
    between(repo, base, head, patches)
}

/// What differs between two commits, the first one's side empty when `None`. At most that many files
/// come with their patch.
pub(super) fn between(
    repo: &Repo,
    base: Option<ObjectId>,
    head: ObjectId,
    patches: usize,
) -> Result<Diff> {
    let base_tree = base.map(|base| repo.commit(base)).transpose()?;
    let base_tree = base_tree.map(|commit| commit.tree);
    let found = changes::between(repo, base_tree, repo.commit(head)?.tree)?;
    let list = if found.beyond == 0 {
        renames::detect(repo, found.list)?
    } else {
        found.list
    };

    let mut budget = Budget::new(repo.deadline, patches);
    let mut stats = DiffStats {
        files: Some(list.len() as u64 + found.beyond),
        additions: Some(0),
        deletions: Some(0),
    };
    let mut attributes = Attributes::of(repo);
    let mut unknown_files = 0;
    let files_beyond = list.len() > MAX_FILES || found.beyond > 0;
    let mut files = Vec::with_capacity(list.len().min(MAX_FILES));
    for change in list {
        repo.deadline.check()?;
        let listed = files.len() < MAX_FILES;
        let comparison = content::compare(repo, &mut attributes, &change, budget.patches(listed))?;
        add(&mut stats.additions, comparison.additions);
        add(&mut stats.deletions, comparison.deletions);
        unknown_files += u64::from(comparison.is_unknown());
        if listed {
            files.push(describe(&change, comparison, &mut budget));
        }
    }
    if unknown_files > 0 && stats.files == Some(unknown_files) {
        // The sum over all that is known would be the sum over nothing.
        (stats.additions, stats.deletions) = (None, None);
    }
    Ok(Diff {
        base_sha: base.map(|id| id.to_string()),
        head_sha: Some(head.to_string()),
        stats,
        truncated: files_beyond || budget.text_beyond,
        files,
        firewall: FirewallReport::default(),
    })
}

fn unknown(base: Option<ObjectId>, head: ObjectId) -> Diff {
    Diff {
        base_sha: base.map(|id| id.to_string()),
        head_sha: Some(head.to_string()),
        stats: DiffStats::default(),
        truncated: true,
        files: Vec::new(),
        firewall: FirewallReport::default(),
    }
}

fn add(sum: &mut Option<u64>, count: Option<u64>) {
    *sum = sum.map(|sum| sum + count.unwrap_or(0));
}

/// What is left to spend on patches.
struct Budget {
    /// Half of the time: contents are not read beyond it, so that the rows arrive.
    until: Deadline,
    files: usize,
    bytes: usize,
    /// Whether a patch did not fit any more.
    text_beyond: bool,
}

impl Budget {
    fn new(deadline: Deadline, files: usize) -> Self {
        Self {
            until: deadline.halfway(),
            files,
            bytes: MAX_PATCH_BYTES,
            text_beyond: false,
        }
    }

    fn patches(&self, listed: bool) -> Patches {
        if self.until.has_passed() {
            Patches::OutOfTime
        } else if listed && self.files > 0 && !self.text_beyond {
            Patches::Wanted
        } else {
            Patches::CountOnly
        }
    }

    /// The patch, if it still fits.
    fn take(&mut self, patch: Option<String>) -> Option<String> {
        let patch = patch?;
        match self.bytes.checked_sub(patch.len()) {
            Some(left) => self.bytes = left,
            // The next, smaller one would make the choice look arbitrary: the text ends here.
            None => {
                self.text_beyond = true;
                return None;
            }
        }
        self.files -= 1;
        Some(patch)
    }
}

fn describe(change: &Change, comparison: Comparison, budget: &mut Budget) -> DiffFile {
    let binary = comparison.binary;
    let patch = budget.take(comparison.patch);
    DiffFile {
        path: lossy(&change.path),
        previous_path: change.previous_path.as_deref().map(lossy),
        status: status(change),
        additions: comparison.additions,
        deletions: comparison.deletions,
        binary,
        patch_truncated: patch.is_none() && binary != Some(true),
        patch,
    }
}

fn status(change: &Change) -> FileStatus {
    match (&change.old, &change.new) {
        _ if change.is_rewrite() => FileStatus::Renamed,
        (None, _) => FileStatus::Added,
        (_, None) => FileStatus::Removed,
        (Some(old), Some(new)) if old.mode.kind() != new.mode.kind() => FileStatus::TypeChanged,
        _ => FileStatus::Modified,
    }
}
