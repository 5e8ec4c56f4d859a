//! Branches, tags, and the commit that a ref leads to. A filter of refs is a prefix: of `main` the
//! branches `main-2` and `main/3` come along.

use gitflare_core::{
    Code, Error, Result,
    model::{Branch, Tag},
    provider::{Call, CommitId, Endpoint, ProviderId, RefSelector, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below, branch, object},
    pages::TOKENS,
    refusals::NO_PATH,
};
use crate::{
    listing::{Api, List},
    request::Get,
    wire::Rows,
};

pub(super) fn branches(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Branches, &TOKENS, repo, &["refs"])?.query("filter", "heads/"))
}

pub(super) fn tags(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Tags, &TOKENS, repo, &["refs"])?
        .query("filter", "tags/")
        .query("peelTags", "true"))
}

/// Whether a refusal leaves it open that the name is another kind of ref. Where the ref was found, and the
/// path was not, it is not.
pub(super) fn is_other_version(refusal: &Error) -> bool {
    refusal.code() == Code::ResourceNotFound && refusal.message() != NO_PATH
}

/// The reads of what stands at a path at a ref, the likelier one first: of a name it has to be said what
/// kind it is, or a commit and a tag would be taken for a branch. `path` are the parameters in front.
pub(super) fn items<'a>(
    repo: &RepoRef,
    at: &'a RefSelector,
    path: [(&'static str, String); 2],
) -> Result<Vec<Get<'a>>> {
    let path = path.into_iter();
    let get = path.fold(object(repo, &["items"])?, |get, (name, value)| {
        get.query(name, value)
    });
    let (name, kinds): (&'a str, &[&'static str]) = match at {
        RefSelector::DefaultBranch => ("", &[""]),
        RefSelector::Branch(name) => (name.as_str(), &["branch"]),
        RefSelector::Ref(name) if CommitId::parse(name.as_str()).is_ok() => {
            (name.as_str(), &["commit"])
        }
        RefSelector::Ref(name) => (name.as_str(), &["branch", "tag"]),
    };
    let of = |kind: &&'static str| {
        let get = match name {
            "" => get.clone(),
            name => get
                .clone()
                .query("versionDescriptor.version", name)
                .query("versionDescriptor.versionType", *kind),
        };
        // Else the content of a file would come as it is.
        get.query("$format", "json")
    };
    Ok(kinds.iter().map(of).collect())
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
                (&default, &["heads"])
            }
        },
        RefSelector::Branch(name) => (name.as_str(), &["heads"]),
        RefSelector::Ref(name) => {
            if let Ok(commit) = CommitId::parse(name.as_str()) {
                let get = object(repo, &["commits", commit.as_str()])?.query("changeCount", "0");
                client.item(call, endpoint, repo, get).await?;
                return Ok(Some(commit));
            }
            (name.as_str(), &["heads", "tags"])
        }
    };
    for folder in folders {
        if let Some(commit) = named(client, call, repo, endpoint, folder, name).await? {
            return Ok(Some(commit));
        }
    }
    Err(Error::upstream(
        Code::ResourceNotFound,
        ProviderId::AZURE,
        "Azure DevOps has no such branch, tag or commit in this repository.",
    ))
}

/// How many pages of refs that begin alike are looked through.
const MAX_PAGES: usize = 10;

/// The commit behind a ref. In the order of names it comes first of those that begin like it, and that
/// order may be one without letter case.
async fn named(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    endpoint: Endpoint,
    folder: &str,
    name: &str,
) -> Result<Option<CommitId>> {
    let get = object(repo, &["refs"])?
        .query("filter", format!("{folder}/{name}"))
        .query("peelTags", "true")
        .query("$top", "100");
    let whole = format!("refs/{folder}/{name}");
    let mut token: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let page = match &token {
            Some(token) => get.clone().query("continuationToken", token.clone()),
            None => get.clone(),
        };
        let answer = client.item(call, endpoint, repo, page).await?;
        let wire: WireRefs = answer.json()?;
        let found = wire.value.into_iter().find(|known| known.name == whole);
        if let Some(hash) = found.and_then(WireTag::commit) {
            let commit = CommitId::parse(&hash);
            let unusable = |_| answer.unusable("a ref leads to no commit");
            return commit.map(Some).map_err(unusable);
        }
        token = answer.header("x-ms-continuationtoken").map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    Ok(None)
}

#[derive(Debug, Deserialize)]
struct WireRefs {
    value: Rows<WireTag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireBranch {
    name: String,
    object_id: String,
}

/// Any ref; of an annotated tag the object is the tag's own, and peeled it is the commit.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireTag {
    name: String,
    object_id: Option<String>,
    peeled_object_id: Option<String>,
}

impl WireTag {
    fn commit(self) -> Option<String> {
        self.peeled_object_id.or(self.object_id)
    }
}

impl From<WireBranch> for Branch {
    fn from(wire: WireBranch) -> Self {
        Self {
            name: branch(wire.name),
            commit_sha: wire.object_id,
            // Policies would take a call of their own.
            protected: None,
            default: None,
            web_url: None,
        }
    }
}

impl From<WireTag> for Tag {
    fn from(wire: WireTag) -> Self {
        let short = wire.name.strip_prefix("refs/tags/");
        Self {
            name: short.unwrap_or(&wire.name).to_owned(),
            commit_sha: wire.commit(),
            // Each annotated tag would take a call of its own.
            message: None,
            tagger: None,
            web_url: None,
        }
    }
}
