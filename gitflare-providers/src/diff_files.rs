//! The changed files of a diff, gathered over the pages of an upstream's list up to the contract's
//! caps. Which list that is, and what its rows look like, each adapter says.

use gitflare_core::{
    Limit, PageRequest, Result,
    filter::FirewallReport,
    model::{Diff, DiffFile, DiffStats, MAX_FILES},
    provider::Call,
};
use serde::de::DeserializeOwned;

use crate::{
    listing::{Api, List},
    patch::PatchBudget,
    upstream_answer::Answer,
};

/// Every page can be as short as the upstream likes; the walk ends all the same.
const MAX_PAGES: usize = 2 * MAX_FILES / 100;

/// Changed files, and whether there are more.
#[derive(Debug)]
pub(crate) struct DiffFiles {
    pub(crate) files: Vec<DiffFile>,
    pub(crate) truncated: bool,
    budget: PatchBudget,
    /// Lines of all files; `None` when one of them has an unknown number.
    additions: Option<u64>,
    deletions: Option<u64>,
}

impl DiffFiles {
    fn new() -> Self {
        Self {
            files: Vec::new(),
            truncated: false,
            budget: PatchBudget::new(),
            additions: Some(0),
            deletions: Some(0),
        }
    }

    /// The files that came at once.
    pub(crate) fn of(files: impl Iterator<Item = DiffFile>) -> Self {
        let mut all = Self::new();
        files.for_each(|file| all.add(file));
        all
    }

    /// Walks the pages of a list of changed files. Also gives what stood around the rows of the first.
    ///
    /// # Errors
    /// Those of [`Api::rows`].
    pub(crate) async fn walk<W>(
        client: &impl Api,
        call: &Call,
        list: List<'_>,
    ) -> Result<(Self, Option<Answer>)>
    where
        W: DeserializeOwned + Into<DiffFile>,
    {
        let mut all = Self::new();
        let mut head = None;
        let mut request = PageRequest::first(Limit::MAX);
        for _ in 0..MAX_PAGES {
            let each = |file: W| all.add(file.into());
            let listing = client.listing(call, &list, &request, each).await?;
            head = head.or(listing.answer);
            // What follows is missing then.
            all.truncated |= !listing.page.errors.is_empty();
            match listing.page.next {
                // A page without rows may stand before one with some.
                Some(next) if !all.truncated => request.position = Some(next),
                _ => return Ok((all, head)),
            }
        }
        all.truncated = true;
        Ok((all, head))
    }

    fn add(&mut self, mut file: DiffFile) {
        // A file without text has no lines to count; one that lost its text has an unknown number.
        let counted = |count: Option<u64>| count.or((!file.patch_truncated).then_some(0));
        let sum = |total: Option<u64>, count| Some(total? + counted(count)?);
        self.additions = sum(self.additions, file.additions);
        self.deletions = sum(self.deletions, file.deletions);
        if self.files.len() == MAX_FILES {
            self.truncated = true;
            return;
        }
        // No pattern can tell whether it is blocked.
        if file.path.is_empty() && file.patch.take().is_some() {
            file.patch_truncated = true;
        }
        let budget = &mut self.budget;
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

    /// The diff without its two ends, which the caller knows. Totals are those of the files that
    /// came, and unknown when some did not.
    pub(crate) fn into_diff(self) -> Diff {
        let known = |total: Option<u64>| total.filter(|_| !self.truncated);
        Diff {
            base_sha: None,
            head_sha: None,
            stats: DiffStats {
                files: known(Some(self.files.len() as u64)),
                additions: known(self.additions),
                deletions: known(self.deletions),
            },
            truncated: self.truncated,
            files: self.files,
            firewall: FirewallReport::default(),
        }
    }
}
