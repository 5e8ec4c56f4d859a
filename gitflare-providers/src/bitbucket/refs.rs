//! Branches, tags, and the commit that a ref leads to. A name with a slash is no part of any other
//! path at Bitbucket, so a ref is resolved first and the commit is asked for from then on.
//! <https://jira.atlassian.com/browse/BCLOUD-9969>

use gitflare_core::{
    Code, Error, Page, PageRequest, Result, Timestamp,
    model::{Branch, Tag, Tagger},
    provider::{Call, CommitId, Endpoint, ProviderId, RefSelector, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, WireLinks, below, href, object},
    person::{WirePerson, name_and_email},
};
use crate::{
    listing::{Api, List, present},
    wire,
};

pub(super) async fn branches(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Branch>> {
    let list = below(Endpoint::Branches, repo, &["refs", "branches"]);
    let into = |wire: WireRef| wire.into_branch();
    let page = client.rows(call, list, page, into).await?;
    let is_broken = page.items.iter().any(Option::is_none);
    let mut page = present(page);
    if is_broken {
        page.errors.push(Error::upstream(
            Code::ResourceNotFound,
            ProviderId::BITBUCKET,
            "Bitbucket names no commit for one of the branches, which is left out.",
        ));
    }
    Ok(page)
}

pub(super) fn tags(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Tags, repo, &["refs", "tags"]))
}

/// The commit that a selector leads to; `None` in an empty repository.
pub(super) async fn resolve(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    endpoint: Endpoint,
    at: &RefSelector,
) -> Result<Option<CommitId>> {
    let default;
    let (name, folders): (&str, &[&str]) = match at {
        RefSelector::DefaultBranch => match client.default_branch(call, repo).await? {
            None => return Ok(None),
            Some(name) => {
                default = name;
                (&default, &["branches"])
            }
        },
        RefSelector::Branch(name) => (name.as_str(), &["branches"]),
        RefSelector::Ref(name) => {
            if let Ok(commit) = CommitId::parse(name.as_str()) {
                return Ok(Some(commit));
            }
            (name.as_str(), &["branches", "tags"])
        }
    };
    let folders = folders.iter().map(|folder| {
        let name = name.split('/');
        ["refs", folder].into_iter().chain(name).collect::<Vec<_>>()
    });
    // Bitbucket itself tells commits of pull requests by twelve digits.
    let is_commit = matches!(at, RefSelector::Ref(_)) && is_beginning(name);
    let commit = is_commit.then(|| vec!["commit", name]);
    let asked = commit.into_iter().chain(folders);
    let asked = asked.map(|segments| object(repo, &segments));
    let asked = asked.collect::<Result<_>>()?;
    let is_missing = |refusal: &Error| refusal.code() == Code::ResourceNotFound;
    let answer = client
        .first_of(call, endpoint, repo, asked, is_missing)
        .await?;
    tip(answer.json()?).map(Some)
}

/// Whether a text may be how a commit's id begins.
pub(super) fn is_beginning(text: &str) -> bool {
    (7..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn tip(wire: WireTip) -> Result<CommitId> {
    let hash = wire.hash.or(wire.target.and_then(|target| target.hash));
    hash.and_then(|hash| CommitId::parse(&hash).ok())
        .ok_or_else(|| {
            Error::upstream(
                Code::UpstreamUnavailable,
                ProviderId::BITBUCKET,
                "Bitbucket names no commit for this ref.",
            )
        })
}

/// A commit, or the ref that leads to one.
#[derive(Debug, Deserialize)]
struct WireTip {
    hash: Option<String>,
    target: Option<WireTarget>,
}

/// A branch or a tag.
#[derive(Debug, Deserialize)]
pub(super) struct WireRef {
    name: String,
    /// `null` for a ref that leads nowhere.
    target: Option<WireTarget>,
    links: Option<WireLinks>,
    /// Of annotated tags, as the next two.
    #[serde(default, deserialize_with = "wire::filled")]
    message: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    date: Option<Timestamp>,
    tagger: Option<WirePerson>,
}

#[derive(Debug, Deserialize)]
struct WireTarget {
    hash: Option<String>,
}

impl WireRef {
    fn into_branch(self) -> Option<Branch> {
        Some(Branch {
            name: self.name,
            commit_sha: self.target?.hash?,
            // Restrictions are told to administrators alone.
            protected: None,
            default: None,
            web_url: href(self.links.unwrap_or_default().html),
        })
    }
}

impl From<WireRef> for Tag {
    fn from(wire: WireRef) -> Self {
        let (name, email) = wire
            .tagger
            .and_then(|tagger| tagger.raw)
            .map_or((None, None), |raw| name_and_email(&raw));
        let tagger = Tagger {
            name,
            email,
            date: wire.date,
        };
        let is_known = tagger.name.is_some() || tagger.email.is_some() || tagger.date.is_some();
        Self {
            name: wire.name,
            commit_sha: wire.target.and_then(|target| target.hash),
            message: wire.message,
            tagger: is_known.then_some(tagger),
            web_url: href(wire.links.unwrap_or_default().html),
        }
    }
}
