//! Changed files, as commits and merge requests list them alike: twenty to a page unless asked
//! otherwise, so one diff is a walk over pages up to the contract's caps.

use gitflare_core::{
    Limit, Page, PageRequest, Result,
    filter::FirewallReport,
    model::{Diff, DiffFile, DiffStats, FileStatus, MAX_FILES},
    provider::Call,
};
use serde::Deserialize;

use super::client::{Client, List};
use crate::patch::{self, PatchBudget};

/// Every page can be as short as the upstream likes; the walk ends all the same.
const MAX_PAGES: usize = 2 * MAX_FILES / 100;

/// The files of a diff, and whether there are more.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) files: Vec<DiffFile>,
    pub(super) truncated: bool,
    additions: Option<u64>,
    deletions: Option<u64>,
}

/// Walks the pages of a list of changed files.
pub(super) async fn files(client: &Client, call: &Call, list: &List<'_>) -> Result<Files> {
    let mut all = Files {
        files: Vec::new(),
        truncated: false,
        additions: Some(0),
        deletions: Some(0),
    };
    let mut budget = PatchBudget::new();
    let mut request = PageRequest::first(Limit::MAX);
    for _ in 0..MAX_PAGES {
        let listing = client.list(call, list, &request).await?;
        let page: Page<WireFile> = listing.page()?;
        let done = page.items.is_empty();
        for wire in page.items {
            all.add(wire.into(), &mut budget);
        }
        match page.next {
            Some(next) if !done && !all.truncated => request.position = Some(next),
            _ => return Ok(all),
        }
    }
    all.truncated = true;
    Ok(all)
}

impl Files {
    fn add(&mut self, mut file: DiffFile, budget: &mut PatchBudget) {
        // A file without text has no lines to count; one that lost its text has an unknown number.
        let counted = |count: Option<u64>| count.or((!file.patch_truncated).then_some(0));
        let sum = |total: Option<u64>, count| Some(total? + counted(count)?);
        self.additions = sum(self.additions, file.additions);
        self.deletions = sum(self.deletions, file.deletions);
        if self.files.len() == MAX_FILES {
            self.truncated = true;
            return;
        }
        if file
            .patch
            .as_deref()
            .is_some_and(|text| !budget.takes(text))
        {
            file.patch = None;
            file.patch_truncated = true;
        }
        self.files.push(file);
    }

    /// The diff without its two ends, which the caller knows.
    pub(super) fn into_diff(self) -> Diff {
        Diff {
            base_sha: None,
            head_sha: None,
            stats: DiffStats {
                files: (!self.truncated).then_some(self.files.len() as u64),
                additions: self.additions.filter(|_| !self.truncated),
                deletions: self.deletions.filter(|_| !self.truncated),
            },
            truncated: self.truncated,
            files: self.files,
            firewall: FirewallReport::default(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct WireFile {
    diff: Option<String>,
    new_path: String,
    old_path: Option<String>,
    a_mode: Option<String>,
    b_mode: Option<String>,
    new_file: Option<bool>,
    renamed_file: Option<bool>,
    deleted_file: Option<bool>,
    /// Newer releases; so is the next one.
    collapsed: Option<bool>,
    too_large: Option<bool>,
}

impl WireFile {
    fn status(&self) -> FileStatus {
        if self.new_file == Some(true) {
            FileStatus::Added
        } else if self.deleted_file == Some(true) {
            FileStatus::Removed
        } else if self.renamed_file == Some(true) {
            FileStatus::Renamed
        } else if self.changes_type() {
            FileStatus::TypeChanged
        } else {
            FileStatus::Modified
        }
    }

    /// The first three digits of a mode are the kind of entry.
    fn changes_type(&self) -> bool {
        let kind = |mode: &Option<String>| {
            mode.as_ref()
                .and_then(|mode| mode.get(..3).map(str::to_owned))
        };
        matches!((kind(&self.a_mode), kind(&self.b_mode)), (Some(a), Some(b)) if a != b)
    }

    /// Whether a limit of the upstream cost the text.
    fn is_limited(&self) -> bool {
        match (self.collapsed, self.too_large) {
            // Old releases say nothing: an unmoved file of the same mode has changed in content.
            (None, None) => {
                let text = self.diff.as_deref().unwrap_or_default();
                text.is_empty()
                    && self.status() == FileStatus::Modified
                    && self.a_mode == self.b_mode
            }
            (collapsed, too_large) => collapsed == Some(true) || too_large == Some(true),
        }
    }
}

/// What Git writes in place of hunks.
fn is_binary(text: &str) -> bool {
    text.lines()
        .any(|line| line.starts_with("Binary files ") && line.ends_with(" differ"))
}

impl From<WireFile> for DiffFile {
    fn from(wire: WireFile) -> Self {
        let (status, limited) = (wire.status(), wire.is_limited());
        let text = wire.diff.unwrap_or_default();
        let hunks = patch::hunks(&text).map(str::len);
        let binary = match hunks {
            Some(_) => Some(false),
            None if is_binary(&text) => Some(true),
            None => None,
        };
        let patch = hunks.filter(|_| !limited).map(|length| {
            let mut text = text;
            text.drain(..text.len() - length);
            text
        });
        let counts = patch.as_deref().map(patch::count_lines);
        Self {
            previous_path: wire.old_path.filter(|_| status == FileStatus::Renamed),
            path: wire.new_path,
            status,
            additions: counts.map(|(added, _)| added),
            deletions: counts.map(|(_, removed)| removed),
            binary,
            patch,
            patch_truncated: limited,
        }
    }
}
