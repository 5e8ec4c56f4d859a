//! One file: its object by its path, then the bytes by the object's id. The call that would send both
//! at once guesses the encoding of a text, and is not used.
//! <https://learn.microsoft.com/en-us/rest/api/azure/devops/git/blobs/get-blob>

use gitflare_core::{
    Code, Error, Result,
    model::{Content, ContentType},
    provider::{Call, CommitId, ContentQuery, Endpoint, Held, ProviderId, RefSelector, RepoRef},
};
use serde::Deserialize;

use super::client::{Client, object};
use crate::{file, listing::Api, upstream_answer::Answer, wire::Word};

pub(super) async fn read(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &ContentQuery,
    held: Held<'_>,
) -> Result<Content> {
    let answer = find(client, call, repo, query).await?;
    let item: WireItem = answer.json()?;
    if let Some("GitItemNotFoundException" | "GitUnresolvableToCommitException") =
        item.type_key.as_deref()
    {
        return Err(Error::upstream(
            Code::ResourceNotFound,
            ProviderId::AZURE,
            "There is no such path at that commit.",
        ));
    }
    let (Some(id), Some(object_kind)) = (item.object_id, item.git_object_type) else {
        // A refusal may come with the status of an answer.
        return Err(answer.unusable("an item without its object"));
    };
    let kind = match object_kind.as_str() {
        "tree" => return Err(query.is_folder()),
        _ if item.is_folder == Some(true) => return Err(query.is_folder()),
        "commit" => ContentType::Submodule,
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

/// The item at the path. What kind of name a ref is has to be said: a branch comes first.
async fn find(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &ContentQuery,
) -> Result<Answer> {
    let (name, kinds): (Option<&str>, &[&str]) = match &query.at {
        RefSelector::DefaultBranch => (None, &[""]),
        RefSelector::Branch(name) => (Some(name.as_str()), &["branch"]),
        RefSelector::Ref(name) if CommitId::parse(name.as_str()).is_ok() => {
            (Some(name.as_str()), &["commit"])
        }
        RefSelector::Ref(name) => (Some(name.as_str()), &["branch", "tag"]),
    };
    let mut missing = None;
    for kind in kinds {
        let mut get = object(repo, &["items"])?
            .query("path", format!("/{}", query.path.as_str()))
            .query("includeContentMetadata", "true");
        if let Some(name) = name {
            get = get
                .query("versionDescriptor.version", name.to_owned())
                .query("versionDescriptor.versionType", *kind);
        }
        // Else the content would come as it is.
        let get = get.query("$format", "json");
        match client.item(call, Endpoint::Contents, repo, get).await {
            Ok(answer) => return Ok(answer),
            Err(error) if error.code() == Code::ResourceNotFound => missing = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(missing.unwrap_or_else(|| query.is_folder()))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireItem {
    object_id: Option<String>,
    git_object_type: Option<Word>,
    commit_id: Option<String>,
    is_folder: Option<bool>,
    is_sym_link: Option<bool>,
    /// Of a refusal that comes with the status of an answer.
    type_key: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireBlob {
    size: Option<u64>,
}
