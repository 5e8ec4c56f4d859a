//! Changed files, as commits and pull requests list them alike. GitHub ends every such list at 3,000
//! files.

use gitflare_core::model::{DiffFile, FileStatus};
use serde::Deserialize;

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
