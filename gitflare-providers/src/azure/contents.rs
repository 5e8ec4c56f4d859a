//! One file: its object by its path, then the bytes by the object's id. The call that would send both
//! at once guesses the encoding of a text, and is not used.
//! <https://learn.microsoft.com/en-us/rest/api/azure/devops/git/blobs/get-blob>

use gitflare_core::{
    Result,
    model::{Content, ContentType},
    provider::{Call, ContentQuery, Endpoint, Held, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, object},
    refs::{is_other_version, items},
};
use crate::{file, listing::Api, wire::Word};

pub(super) async fn read(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &ContentQuery,
    held: Held<'_>,
) -> Result<Content> {
    let path = [
        ("path", format!("/{}", query.path.as_str())),
        ("includeContentMetadata", "true".to_owned()),
    ];
    let items = items(repo, &query.at, path)?;
    let answer = client
        .first_of(call, Endpoint::Contents, repo, items, is_other_version)
        .await?;
    let item: WireItem = answer.json()?;
    let (Some(id), Some(object_kind)) = (item.object_id, item.git_object_type) else {
        return Err(answer.unusable("an item without its object"));
    };
    let kind = match object_kind {
        _ if item.is_folder == Some(true) => return Err(query.is_folder()),
        kind if kind.is("tree") => return Err(query.is_folder()),
        kind if kind.is("commit") => ContentType::Submodule,
        _ if item.is_sym_link == Some(true) => ContentType::Symlink,
        _ => ContentType::File,
    };
    let content = Content {
        sha: Some(id.clone()),
        commit_sha: item.commit_id,
        ..Content::new(query.path.as_str(), kind)
    };
    if kind == ContentType::Submodule || held.has(&content) {
        return Ok(content);
    }
    let get = object(repo, &["blobs", &*id])?.query("$format", "octetstream");
    if let Some(bytes) = file::bytes(client, call, repo, &content.path, get).await? {
        return Ok(content.with_bytes(bytes));
    }
    let get = object(repo, &["blobs", &*id])?.query("$format", "json");
    let told = client.item(call, Endpoint::Contents, repo, get).await?;
    let size = told.json::<WireBlob>()?.size;
    Ok(Content { size, ..content }.too_large())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireItem {
    object_id: Option<String>,
    git_object_type: Option<Word>,
    commit_id: Option<String>,
    is_folder: Option<bool>,
    is_sym_link: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct WireBlob {
    size: Option<u64>,
}
