//! One file of a commit. GitFlic tells nothing of it but its bytes: neither its mode, nor whether it is a
//! link, nor the object that it is.

use gitflare_core::{
    Code, Error, Result,
    model::{Content, ContentType},
    provider::{Call, CommitId, ContentQuery, Held, ProviderId, RefSelector, RepoRef},
};

use super::{
    client::{Client, object},
    refs,
};
use crate::{file, upstream_error::recode};

pub(super) async fn read(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &ContentQuery,
    held: Held<'_>,
) -> Result<Content> {
    let commit = resolve(client, call, repo, &query.at).await?;
    let path = query.path.as_str();
    let content = Content {
        commit_sha: Some(commit.as_str().to_owned()),
        ..Content::new(path, ContentType::File)
    };
    if held.has(&content) {
        return Ok(content);
    }
    let get = object(repo, &["blob", "download"])?
        .query("commitHash", commit.as_str().to_owned())
        .query("file", path.to_owned());
    file::fill(client, call, repo, content, get).await
}

/// The commit of a selector. A `ref` is a branch or a whole id: the files of tags are not found by name.
async fn resolve(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    at: &RefSelector,
) -> Result<CommitId> {
    let branch = match at {
        RefSelector::DefaultBranch => None,
        RefSelector::Branch(name) => Some(name),
        RefSelector::Ref(name) => match CommitId::parse(name.as_str()) {
            Ok(commit) => return Ok(commit),
            Err(_) => Some(name),
        },
    };
    let head = refs::head(client, call, repo, branch).await;
    let head = head.map_err(|error| match (at, error.code()) {
        (RefSelector::Ref(_), Code::ResourceNotFound) => recode(
            &error,
            Code::InvalidRequest,
            "GitFlic finds the files of branches and of whole commit ids: `ref` is neither.",
        ),
        _ => error,
    })?;
    head.ok_or_else(|| {
        Error::upstream(
            Code::ResourceNotFound,
            ProviderId::GITFLIC,
            "The repository has no commits yet.",
        )
    })
}
