//! Branches, tags, and the commit at the head of a branch.

use gitflare_core::{
    Code, Limit, Page, PageRequest, Result,
    model::{Branch, Tag, Tagger},
    provider::{Call, CommitId, Endpoint, GitRef, RepoRef},
};
use serde::Deserialize;

use super::{
    api::{Commit, Ident, Moment},
    client::{Client, below, missing},
};
use crate::{
    listing::{Api, List},
    wire::known,
};

pub(super) fn branches(repo: &RepoRef) -> Result<List<'_>> {
    below(Endpoint::Branches, repo, &["branch"])
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
    // Servers of this kind refuse an encoded slash in a path.
    let (list, query) = match name {
        Some(name) if !name.contains('/') => {
            (below(Endpoint::Commits, repo, &["commits", name])?, None)
        }
        _ => (below(Endpoint::Commits, repo, &["commits"])?, name),
    };
    let found = client.rows(call, list.query_opt("branch", query), page, map);
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
    last_commit: Commit,
    default: Option<bool>,
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

impl From<WireBranch> for Branch {
    fn from(wire: WireBranch) -> Self {
        Self {
            name: wire.name,
            commit_sha: wire.last_commit.hash,
            // Rules are told in a list of their own, by patterns.
            protected: None,
            default: wire.default,
            web_url: None,
        }
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
