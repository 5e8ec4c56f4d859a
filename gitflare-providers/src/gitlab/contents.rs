//! One file. What it is stands in the headers of its address, so that the bytes are asked for only when
//! they are wanted. GitLab follows no link and tells of none: what reads like the text of a link is
//! looked up in its folder, and so is what is no file.
//! <https://docs.gitlab.com/api/repository_files/>

use gitflare_core::{
    Code, Error, Limit, PageRequest, Result,
    model::{Content, ContentType},
    provider::{Call, ContentQuery, Endpoint, Held, ProviderId, RepoRef},
};

use super::{
    client::{Client, KEYSET, below},
    commits,
    tree::WireEntry,
};
use crate::{file, listing::Api, request::Get, upstream_answer::Answer};

/// The longest text that may be that of a link.
const LONGEST_LINK: u64 = 4096;
/// How many pages of a folder are looked through for a name.
const MAX_PAGES: usize = 10;

pub(super) async fn read(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &ContentQuery,
    held: Held<'_>,
) -> Result<Content> {
    let path = query.path.as_str();
    let name = commits::ref_name(&query.at).unwrap_or_else(|| "HEAD".to_owned());
    let head = at(repo, path)?.query("ref", &*name).head();
    let head = client.item(call, Endpoint::Contents, repo, head).await;
    let content = match head {
        Ok(head) => described(path, &head),
        Err(error) if error.code() == Code::ResourceNotFound => {
            return other(client, call, repo, query, error).await;
        }
        Err(error) => return Err(error),
    };
    let commit = content.commit_sha.clone().unwrap_or(name);
    let may_be_link = content.size.is_none_or(|size| size <= LONGEST_LINK);
    // A link of the same text is another object in all but its name: it is looked up, without its bytes.
    if held.has(&content) || (may_be_link && held.has(&linked(content.clone()))) {
        let known = match may_be_link {
            true => looked_up(client, call, repo, query, content.clone(), &commit).await?,
            false => content.clone(),
        };
        if held.has(&known) {
            return Ok(known);
        }
    }
    let get = at(repo, path)?.then("raw").query("ref", &*commit);
    let content = file::fill(client, call, repo, content, get).await?;
    let text = content.content.as_deref();
    let reads_like_link =
        may_be_link && text.is_some_and(|text| !text.is_empty() && !text.contains(['\n', '\0']));
    let is_empty = content.size == Some(0);
    match reads_like_link || is_empty {
        true => looked_up(client, call, repo, query, content, &commit).await,
        false => Ok(content),
    }
}

/// The same as what its folder calls it.
async fn looked_up(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &ContentQuery,
    content: Content,
    commit: &str,
) -> Result<Content> {
    Ok(match find(client, call, repo, query, commit).await? {
        Look::Entry(entry) if entry.is_link() => linked(content),
        Look::Entry(entry) if entry.is_submodule() => {
            submodule(&entry, &content.path, content.commit_sha)
        }
        Look::Entry(_) | Look::Nothing => content,
        // It may be a link, whose text is a path that the firewall judges as one.
        Look::GivenUp => return Err(unknown_kind()),
    })
}

/// The address of a file.
fn at(repo: &RepoRef, path: &str) -> Result<Get<'static>> {
    Ok(Get::new(&["projects", &*repo.id, "repository", "files"])?.file(path))
}

/// What the headers of a file say of it.
fn described(path: &str, head: &Answer) -> Content {
    let header = |name: &str| head.header(name).map(str::to_owned);
    Content {
        mode: (header("x-gitlab-execute-filemode").as_deref() == Some("true"))
            .then(|| "100755".to_owned()),
        sha: header("x-gitlab-blob-id"),
        size: header("x-gitlab-size").and_then(|size| size.parse().ok()),
        commit_sha: header("x-gitlab-commit-id"),
        ..Content::new(path, ContentType::File)
    }
}

/// The same, now that it is known to be a link.
fn linked(content: Content) -> Content {
    Content {
        mode: Some("120000".to_owned()),
        sha: content.sha,
        size: content.size,
        commit_sha: content.commit_sha,
        target: content.content,
        ..Content::new(&content.path, ContentType::Symlink)
    }
}

fn submodule(entry: &WireEntry, path: &str, commit_sha: Option<String>) -> Content {
    Content {
        mode: Some("160000".to_owned()),
        sha: entry.id().map(str::to_owned),
        commit_sha,
        ..Content::new(path, ContentType::Submodule)
    }
}

/// What stands at a path where there is no file: a submodule, a folder, or nothing.
async fn other(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &ContentQuery,
    missing: Error,
) -> Result<Content> {
    let at = commits::resolve(client, call, repo, Endpoint::Contents, &query.at).await?;
    let Some(commit) = at else {
        return Err(missing);
    };
    match find(client, call, repo, query, commit.as_str()).await? {
        Look::Entry(entry) if entry.is_submodule() => {
            let path = query.path.as_str();
            Ok(submodule(&entry, path, Some(commit.as_str().to_owned())))
        }
        Look::Entry(entry) if entry.is_folder() => Err(query.is_folder()),
        _ => Err(missing),
    }
}

/// The error of a text that may be a link, in a folder that is too long to look it up in.
fn unknown_kind() -> Error {
    Error::upstream(
        Code::UnsupportedEndpoint,
        ProviderId::GITLAB,
        "GitLab does not tell whether this is a file or a link, and its folder has too many entries to find out.",
    )
}

/// What a look through a folder came to.
enum Look {
    Entry(WireEntry),
    Nothing,
    /// The folder has more entries than are looked through.
    GivenUp,
}

/// The entry of the file's folder that has its name.
async fn find(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &ContentQuery,
    commit: &str,
) -> Result<Look> {
    let (folder, name) = query.path.split();
    let list = below(Endpoint::Contents, repo, &["repository", "tree"])
        .query("ref", commit)
        .query_opt("path", folder)
        .paged(&KEYSET);
    let mut request = PageRequest::first(Limit::MAX);
    for _ in 0..MAX_PAGES {
        let own = |entry: WireEntry| entry;
        let page = client
            .rows(call, list.clone(), request.clone(), own)
            .await?;
        let mut entries = page.items.into_iter();
        if let Some(entry) = entries.find(|entry| entry.name() == name) {
            return Ok(Look::Entry(entry));
        }
        match page.next {
            Some(next) => request.position = Some(next),
            None => return Ok(Look::Nothing),
        }
    }
    Ok(Look::GivenUp)
}
