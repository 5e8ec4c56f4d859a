//! One file. Ref, then folder by folder to the entry of its tree, then the blob: GitHub's own call for
//! contents follows links, and would hand out what they point at under their harmless names.
//! <https://docs.github.com/en/rest/git/blobs>

use gitflare_core::{
    Result,
    model::{Content, ContentType},
    provider::{Call, ContentQuery, Endpoint, Held, RepoRef},
};

use super::{client::Client, commits, tree};
use crate::{file, request::Get};

/// The bytes as they are.
const RAW: &str = "application/vnd.github.raw+json";

pub(super) async fn read(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &ContentQuery,
    held: Held<'_>,
) -> Result<Content> {
    let commit = commits::resolve(client, call, repo, Endpoint::Contents, &query.at).await?;
    let commit = commit.ok_or_else(tree::no_such_path)?;
    let path = query.path.as_str();
    let entry = tree::entry(client, call, repo, commit.clone(), path).await?;
    let entry = entry.ok_or_else(|| query.is_folder())?;
    let kind = match (entry.kind.as_str(), entry.mode.as_deref()) {
        // Where it comes from stands in no tree.
        ("commit", _) => ContentType::Submodule,
        (_, Some("120000")) => ContentType::Symlink,
        _ => ContentType::File,
    };
    let sha = entry.sha.ok_or_else(tree::no_id)?;
    let content = Content {
        mode: entry.mode,
        sha: Some(sha.clone()),
        size: entry.size,
        commit_sha: Some(commit.as_str().to_owned()),
        ..Content::new(path, kind)
    };
    if kind == ContentType::Submodule || held.has(&content) {
        return Ok(content);
    }
    let get = Get::new(&["repositories", &repo.id, "git", "blobs", &sha])?.accept(RAW);
    file::fill(client, call, repo, content, get).await
}
