//! Commits of a branch, newest first, pinned to the tip that the first page saw.

use gitflare_core::{
    Page, PageRequest, Result,
    model::Commit,
    provider::{CommitPrefix, GitRef, RefSelector},
};
use gix::ObjectId;

use super::{
    diff,
    history::Histories,
    objects::{RawCommit, title_of},
    repo::{Repo, counted, read_counted},
};

pub(super) fn list(
    repo: &Repo,
    histories: &Histories,
    branch: Option<&GitRef>,
    page: &PageRequest,
) -> Result<Page<Commit>> {
    let (tip, sent) = match &page.position {
        Some(position) => read_counted(repo, position)?,
        None => {
            let at = branch.map_or(RefSelector::DefaultBranch, |name| {
                RefSelector::Branch(name.clone())
            });
            match repo.resolve(&at)? {
                Some(tip) => (tip, 0),
                None => return Ok(Page::last(Vec::new())),
            }
        }
    };
    let limit = page.limit.get();
    let mut ids = histories.slice(repo, tip, sent, limit + 1)?;
    let next = (ids.len() > limit).then(|| counted(tip, sent + limit));
    ids.truncate(limit);
    let items = ids
        .into_iter()
        .map(|id| Ok(describe(id, &repo.commit(id)?)))
        .collect::<Result<_>>()?;
    Ok(Page::new(items, next))
}

/// One commit, with the counts of its changes.
pub(super) fn find(repo: &Repo, prefix: &CommitPrefix) -> Result<Commit> {
    let id = repo.commit_beginning(prefix)?;
    Ok(Commit {
        stats: diff::stats_of(repo, id)?,
        ..describe(id, &repo.commit(id)?)
    })
}

pub(super) fn describe(id: ObjectId, commit: &RawCommit) -> Commit {
    let message = commit.message();
    Commit {
        sha: id.to_string(),
        title: Some(title_of(&message)),
        message: Some(message),
        author: commit.author(),
        committer: commit.committer(),
        parents: Some(commit.parents.iter().map(ToString::to_string).collect()),
        stats: None,
        web_url: None,
    }
}
