//! The changes of a commit or a pull request, file by file.

use serde::{Deserialize, Serialize};

use super::{content::named_by_link, words};
use crate::{
    Result,
    filter::{Filterable, FirewallReport, Screen, TextKind},
};

/// The most files a diff lists; beyond it `truncated` is true.
pub const MAX_FILES: usize = 3000;
/// The most patch text a diff holds, in bytes; files beyond it come without patch.
pub const MAX_PATCH_BYTES: usize = 10 * 1024 * 1024;

/// The changes between two commits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    /// The older side; `None` for a commit without parents.
    pub base_sha: Option<String>,
    /// The newer side.
    pub head_sha: Option<String>,
    /// Counts over all that is known, blocked files and files beyond the caps included.
    pub stats: DiffStats,
    /// Whether the diff goes on beyond [`MAX_FILES`] or [`MAX_PATCH_BYTES`].
    pub truncated: bool,
    /// The changed files.
    pub files: Vec<DiffFile>,
    /// Report of the firewall's work on this diff; written by the filter, not by providers.
    pub firewall: FirewallReport,
}

/// Counts over a diff.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct DiffStats {
    /// Number of changed files.
    pub files: Option<u64>,
    /// Number of added lines.
    pub additions: Option<u64>,
    /// Number of removed lines.
    pub deletions: Option<u64>,
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DiffFile {
    /// The path on the newer side (on the older one when removed).
    pub path: String,
    /// The path it was renamed or copied from.
    pub previous_path: Option<String>,
    /// Kind of the change.
    pub status: FileStatus,
    /// Number of added lines.
    pub additions: Option<u64>,
    /// Number of removed lines.
    pub deletions: Option<u64>,
    /// Whether either side is binary; `None` where the provider does not say.
    pub binary: Option<bool>,
    /// The hunks from the first `@@` on; `None` for binary files and beyond a limit.
    pub patch: Option<String>,
    /// Whether a limit, or the firewall as a whole, cost the patch or part of it.
    pub patch_truncated: bool,
}

words! {
    /// Kind of a change to a file.
    FileStatus {
        /// The file is new.
        Added = "added",
        /// Other content or mode.
        Modified = "modified",
        /// The file was deleted.
        Removed = "removed",
        /// Under another path.
        Renamed = "renamed",
        /// A copy of another file.
        Copied = "copied",
        /// Became a link, a submodule or a file.
        TypeChanged = "type_changed",
    }
}

impl DiffFile {
    /// Every path that the file has or had.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.path.as_str()).chain(self.previous_path.as_deref())
    }

    /// Whether a side may be the text of a link to a blocked path, which `contents` hides; counts it when so.
    /// Few hosts tell links in diffs from files: a line alone that names such a path is taken for one.
    fn tells_link_to(&self, screen: &mut Screen<'_>) -> bool {
        let texts = self.patch.as_deref().map(lone_lines);
        let [old, new] = texts.unwrap_or_default();
        let before = self.previous_path.as_ref().unwrap_or(&self.path);
        let sides = [(before, old), (&self.path, new)];
        let paths: Vec<_> = sides
            .into_iter()
            .filter_map(|(path, text)| Some(named_by_link(path, text?)))
            .flatten()
            .collect();
        !paths.is_empty() && screen.strips(paths.iter().map(String::as_str))
    }
}

/// The old and the new side of a patch, where that is one line without an end, as links are.
fn lone_lines(patch: &str) -> [Option<&str>; 2] {
    const NO_END: &str = "\\ No newline";
    let mut lines = patch.split('\n');
    let head = lines.next().unwrap_or_default();
    let mut ranges = head.split(' ').skip(1);
    let mut is_one = |sign: char| {
        let range = ranges.next().and_then(|range| range.strip_prefix(sign));
        range.is_some_and(|range| range == "1" || range == "1,1")
    };
    let [old, new] = [is_one('-'), is_one('+')];
    if !(old || new) {
        return [None, None];
    }
    let lines: Vec<_> = lines.collect();
    let lone = |sign: char| {
        let mut pairs = lines.windows(2);
        let found = pairs.find(|pair| pair[0].starts_with(sign) && pair[1].starts_with(NO_END));
        found.map(|pair| &pair[0][1..])
    };
    [
        old.then(|| lone('-')).flatten(),
        new.then(|| lone('+')).flatten(),
    ]
}

impl Filterable for Diff {
    fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        let before = screen.report();
        let mut files = Vec::with_capacity(self.files.len());
        for mut file in self.files {
            // A rename is blocked by either name, or moving `.env` to `notes` would leak it.
            if screen.strips(file.paths()) {
                continue;
            }
            // Nobody knows what a change without a name is a change of.
            if file.path.is_empty() && file.patch.take().is_some() {
                file.patch_truncated = true;
            }
            if file.tells_link_to(screen) {
                file.patch = None;
                file.patch_truncated = true;
            }
            if let Some(patch) = &mut file.patch {
                screen.text(patch, TextKind::Patch { path: &file.path })?;
            }
            files.push(file);
        }
        self.files = files;
        self.firewall += screen.report().since(before);
        Ok(Some(self))
    }
}
