//! Changed files, as commits and merge requests list them alike.

use gitflare_core::model::{DiffFile, FileStatus};
use serde::Deserialize;

use crate::patch;

#[derive(Debug, Deserialize)]
pub(super) struct WireFile {
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
        } else if self.renamed_file == Some(true) || self.has_two_paths() {
            FileStatus::Renamed
        } else if self.changes_type() {
            FileStatus::TypeChanged
        } else {
            FileStatus::Modified
        }
    }

    fn has_two_paths(&self) -> bool {
        self.old_path
            .as_ref()
            .is_some_and(|old| *old != self.new_path)
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
        let has_two_paths = wire.has_two_paths() || status == FileStatus::Renamed;
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
            // Whatever the change is called: lines of both sides leave, and the firewall looks at both.
            previous_path: wire.old_path.filter(|_| has_two_paths),
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
