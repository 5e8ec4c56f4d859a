//! One file: what stands at its path, then the bytes. Of a link the bytes are its text, and of a
//! submodule its commit. What is kept by Git LFS is never asked for: the bytes lead to another host.
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-source/>

use gitflare_core::{
    Code, Error, Result,
    model::{Content, ContentType, LfsPointer},
    provider::{Call, ContentQuery, Endpoint, Held, ProviderId, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, object},
    refs,
    tree::Attributes,
};
use crate::{file, listing::Api, wire::Word};

pub(super) async fn read(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &ContentQuery,
    held: Held<'_>,
) -> Result<Content> {
    let commit = refs::resolve(client, call, repo, Endpoint::Contents, &query.at).await?;
    let commit = commit.ok_or_else(no_commits)?;
    let path = query.path.as_str();
    let folders = path.split('/');
    let segments: Vec<&str> = ["src", commit.as_str()]
        .into_iter()
        .chain(folders)
        .collect();
    let get = object(repo, &segments)?.query("format", "meta");
    let answer = client.item(call, Endpoint::Contents, repo, get).await?;
    let meta: WireMeta = answer.json()?;
    match meta.kind.as_str() {
        "commit_directory" => return Err(query.is_folder()),
        "commit_file" => {}
        _ => return Err(answer.unusable("neither a file nor a folder")),
    }
    let is = |word: &str| meta.attributes.have(word);
    let (kind, mode) = match () {
        () if is("subrepository") => (ContentType::Submodule, Some("160000")),
        () if is("link") => (ContentType::Symlink, Some("120000")),
        () if is("executable") => (ContentType::File, Some("100755")),
        () => (ContentType::File, None),
    };
    let content = Content {
        mode: mode.map(str::to_owned),
        size: meta.size.filter(|_| kind != ContentType::Submodule),
        commit_sha: Some(commit.as_str().to_owned()),
        ..Content::new(path, kind)
    };
    if is("lfs") {
        return Ok(Content {
            size: None,
            lfs: Some(LfsPointer::default()),
            ..content
        });
    }
    if held.has(&content) {
        return Ok(content);
    }
    let get = object(repo, &segments)?;
    if kind == ContentType::Submodule {
        let bytes = file::bytes(client, call, repo, &content.path, get).await?;
        let sha = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let sha = sha.map(|sha| sha.trim().to_owned());
        return Ok(Content {
            sha: sha.filter(|sha| sha.bytes().all(|byte| byte.is_ascii_hexdigit())),
            ..content
        });
    }
    file::fill(client, call, repo, content, get).await
}

fn no_commits() -> Error {
    Error::upstream(
        Code::ResourceNotFound,
        ProviderId::BITBUCKET,
        "The repository has no commits yet.",
    )
}

#[derive(Debug, Deserialize)]
struct WireMeta {
    #[serde(rename = "type")]
    kind: Word,
    size: Option<u64>,
    #[serde(default)]
    attributes: Attributes,
}
