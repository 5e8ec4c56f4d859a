//! Two commits compared: what the newer one changes against what both have in common, as a pull request
//! shows it.

use serde::{Deserialize, Serialize};

use super::{Commit, Diff, words};
use crate::{
    Result,
    filter::{Filterable, Screen},
};

/// The most commits that a comparison lists.
pub const MAX_COMPARED_COMMITS: usize = 250;

/// What `head` changes against its merge base with `base` (three dots in Git). `baseSha` is that merge
/// base, `headSha` the commit of `head`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The changes.
    #[serde(flatten)]
    pub diff: Diff,
    /// The commit of `base`.
    pub base_tip_sha: Option<String>,
    /// Where `head` stands.
    pub status: Option<ComparisonStatus>,
    /// How many commits `head` has that `base` lacks; `None` where it is not told.
    pub ahead_by: Option<u64>,
    /// How many commits `base` has that `head` lacks; `None` where it is not told.
    pub behind_by: Option<u64>,
    /// The commits of `head` that `base` lacks, newest first, at most 250; `None` without the scope
    /// `read:commits`, and where they are not told.
    pub commits: Option<Vec<Commit>>,
    /// Whether there are more commits; `None` without a list of them.
    pub commits_truncated: Option<bool>,
}

words! {
    /// Where a commit stands against another one.
    ComparisonStatus(non_exhaustive) {
        /// It is the other one.
        Identical = "identical",
        /// It has all that the other one has, and more.
        Ahead = "ahead",
        /// The other one has all that it has, and more.
        Behind = "behind",
        /// Each has what the other one lacks.
        Diverged = "diverged",
    }
}

impl ComparisonStatus {
    /// Where `head` stands, by the names of the two commits and of their merge base.
    #[must_use]
    pub fn of(base: &str, head: &str, merge_base: &str) -> Self {
        if base == head {
            Self::Identical
        } else if merge_base == base {
            Self::Ahead
        } else if merge_base == head {
            Self::Behind
        } else {
            Self::Diverged
        }
    }
}

impl Comparison {
    /// A comparison of these two commits, whose merge base is known. Of the numbers of commits it knows
    /// those that are 0.
    #[must_use]
    pub fn of(diff: Diff, base: &str, head: &str, merge_base: &str) -> Self {
        let none = |is_none: bool| is_none.then_some(0);
        Self {
            diff: Diff {
                base_sha: Some(merge_base.to_owned()),
                head_sha: Some(head.to_owned()),
                ..diff
            },
            base_tip_sha: Some(base.to_owned()),
            status: Some(ComparisonStatus::of(base, head, merge_base)),
            ahead_by: none(merge_base == head),
            behind_by: none(merge_base == base),
            commits: None,
            commits_truncated: None,
        }
    }
}

impl Filterable for Comparison {
    fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        let Some(diff) = self.diff.pass(screen)? else {
            return Ok(None);
        };
        self.diff = diff;
        let before = screen.report();
        if let Some(commits) = self.commits.take() {
            self.commits = commits.pass(screen)?;
        }
        self.diff.firewall += screen.report().since(before);
        Ok(Some(self))
    }
}
