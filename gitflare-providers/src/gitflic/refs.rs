//! Branches, tags, and the commit at the head of a branch.

use gitflare_core::{
    Code, Error, Limit, Page, PageRequest, Result,
    model::{Branch, Tag, Tagger},
    provider::{Call, CommitId, Endpoint, GitRef, ProviderId, RepoRef},
};
use serde::Deserialize;

use super::{
    api::{Commit, Ident, Moment, is_plain},
    client::{Client, below, missing},
};
use crate::{
    listing::{Api, List, present},
    wire::known,
};

pub(super) async fn branches(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Branch>> {
    let list = below(Endpoint::Branches, repo, &["branch"])?;
    let mut lost = 0;
    let into = |wire: WireBranch| {
        let branch = wire.into_branch();
        lost += u32::from(branch.is_none());
        branch
    };
    let mut found = present(client.rows(call, list, page, into).await?);
    if lost > 0 {
        found.errors.push(Error::upstream(
            Code::ResourceNotFound,
            ProviderId::GITFLIC,
            format!(
                "{lost} branches of this page are left out: GitFlic names no commit of theirs."
            ),
        ));
    }
    Ok(found)
}

pub(super) fn tags(repo: &RepoRef) -> Result<List<'_>> {
    below(Endpoint::Tags, repo, &["tag"])
}

/// A page of the commits of a branch, of the main branch when `None`: empty where there are none yet,
/// `RESOURCE_NOT_FOUND` where there is no such branch.
pub(super) async fn history<T: Send>(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    branch: Option<&GitRef>,
    page: PageRequest,
    map: impl FnMut(Commit) -> T + Send,
) -> Result<Page<T>> {
    let name = branch.map(GitRef::as_str);
    let (list, query) = match name {
        Some(name) if is_plain(name) => (below(Endpoint::Commits, repo, &["commits", name])?, None),
        _ => (below(Endpoint::Commits, repo, &["commits"])?, name),
    };
    // Before it is asked what may be missing in it.
    client.admit(call, repo).await?;
    let list = list.query_opt("branch", query).admitted();
    let found = client.rows(call, list, page, map);
    found.await.or_else(|error| match (error.code(), name) {
        (Code::ResourceNotFound, None) => Ok(Page::last(Vec::new())),
        (_, Some(_)) => Err(missing(&error)),
        _ => Err(error),
    })
}

/// The newest commit of a branch, of the main branch when `None`; `None` without commits.
pub(super) async fn head(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    branch: Option<&GitRef>,
) -> Result<Option<CommitId>> {
    let first = PageRequest::first(Limit::new(1)?);
    let found = history(client, call, repo, branch, first, |commit| commit.hash).await?;
    let hash = found.items.into_iter().next();
    // What is no commit id leads nowhere.
    Ok(hash.and_then(|hash| CommitId::parse(&hash).ok()))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireBranch {
    name: String,
    last_commit: Option<WireHead>,
    default: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct WireHead {
    hash: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireTag {
    name: String,
    /// The commit; `objectId` beside it is the tag's own where it has a message.
    commit_id: Option<String>,
    full_message: Option<String>,
    person_ident: Option<Ident>,
    light_weight: Option<bool>,
}

impl WireBranch {
    /// `None` without a commit: a branch is the name of one.
    fn into_branch(self) -> Option<Branch> {
        Some(Branch {
            name: self.name,
            commit_sha: known(self.last_commit?.hash)?,
            // Rules are told in a list of their own, by patterns.
            protected: None,
            default: self.default,
            web_url: None,
        })
    }
}

impl From<WireTag> for Tag {
    fn from(wire: WireTag) -> Self {
        let ident = wire.person_ident;
        let ident = ident.filter(|_| wire.light_weight != Some(true));
        Self {
            name: wire.name,
            commit_sha: known(wire.commit_id),
            message: known(wire.full_message),
            tagger: ident.map(|ident| Tagger {
                name: known(ident.name),
                email: known(ident.email_address),
                date: ident.when.as_ref().and_then(Moment::timestamp),
            }),
            web_url: None,
        }
    }
}
