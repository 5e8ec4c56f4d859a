//! Changed files, as commits and pull requests list them alike. One diff is a walk over pages up to
//! the contract's caps; GitHub itself ends every such list at 3,000 files.

use gitflare_core::{
    Limit, Result,
    filter::FirewallReport,
    model::{Diff, DiffFile, DiffStats, FileStatus, MAX_FILES},
    provider::{Call, RepoRef},
};
use serde::Deserialize;

use super::client::{Client, at, next};
use crate::{
    patch::PatchBudget,
    upstream::{Answer, Get},
    wire::Rows,
};

/// Every page can be as short as the upstream likes; the walk ends all the same.
const MAX_PAGES: usize = 2 * MAX_FILES / 100;

/// The files of a diff, and whether there are more.
#[derive(Debug, Default)]
pub(super) struct Files {
    files: Vec<DiffFile>,
    truncated: bool,
    additions: u64,
    deletions: u64,
}

/// Walks the pages of changed files at a path; `read` finds them in an answer.
pub(super) async fn files(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    segments: &[&str],
    per_page: Option<Limit>,
    mut read: impl FnMut(&Answer) -> Result<Option<Rows<WireFile>>> + Send,
) -> Result<Files> {
    let mut all = Files::default();
    let mut budget = PatchBudget::new();
    let mut position = None;
    for _ in 0..MAX_PAGES {
        let mut get = Get::new(segments)?.of_diffs();
        if let Some(limit) = per_page {
            get = get.query("per_page", limit.get().to_string());
        }
        let get = at(get, position.as_ref())?;
        let answer = client.item(call, repo, get).await?;
        let page = read(&answer)?.unwrap_or_default();
        let done = page.0.is_empty();
        for wire in page {
            all.add(wire.into(), &mut budget);
        }
        match next(&answer, position.as_ref())? {
            Some(next) if !done && !all.truncated => position = Some(next),
            _ => return Ok(all),
        }
    }
    all.truncated = true;
    Ok(all)
}

impl Files {
    fn add(&mut self, mut file: DiffFile, budget: &mut PatchBudget) {
        self.additions += file.additions.unwrap_or_default();
        self.deletions += file.deletions.unwrap_or_default();
        if self.files.len() == MAX_FILES {
            self.truncated = true;
            return;
        }
        let fits = file.patch.as_deref().is_none_or(|text| budget.takes(text));
        if !fits {
            file.patch = None;
            file.patch_truncated = true;
        }
        self.files.push(file);
    }

    /// The diff without its two ends, which the caller knows. `changed` is how many files the
    /// upstream says it has.
    pub(super) fn into_diff(self, changed: Option<u64>) -> Diff {
        let listed = self.files.len() as u64;
        let truncated = self.truncated || changed.is_some_and(|changed| changed > listed);
        Diff {
            base_sha: None,
            head_sha: None,
            stats: DiffStats {
                files: changed.or((!truncated).then_some(listed)),
                additions: Some(self.additions),
                deletions: Some(self.deletions),
            },
            truncated,
            files: self.files,
            firewall: FirewallReport::default(),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct WireFile {
    filename: String,
    previous_filename: Option<String>,
    status: String,
    additions: Option<u64>,
    deletions: Option<u64>,
    /// Absent for binary files, pure renames, and what is over GitHub's limits.
    patch: Option<String>,
}

fn status(word: &str) -> FileStatus {
    match word {
        "added" => FileStatus::Added,
        "removed" => FileStatus::Removed,
        "renamed" => FileStatus::Renamed,
        "copied" => FileStatus::Copied,
        // The entry's kind or mode, not its content.
        "changed" => FileStatus::TypeChanged,
        _ => FileStatus::Modified,
    }
}

impl From<WireFile> for DiffFile {
    fn from(wire: WireFile) -> Self {
        let status = status(&wire.status);
        let has_lines = wire.additions.unwrap_or_default() + wire.deletions.unwrap_or_default() > 0;
        Self {
            path: wire.filename,
            previous_path: wire.previous_filename,
            status,
            additions: wire.additions,
            deletions: wire.deletions,
            // Without lines it may be binary, empty or merely renamed: GitHub does not say.
            binary: (has_lines || wire.patch.is_some()).then_some(false),
            patch_truncated: has_lines && wire.patch.is_none(),
            patch: wire.patch,
        }
    }
}
