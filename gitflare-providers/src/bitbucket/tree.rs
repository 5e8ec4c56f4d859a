//! File trees. The ref is resolved on the first page and the cursor keeps the commit. Bitbucket sends
//! no modes and no blob ids.
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-source/>

use gitflare_core::{
    Code, Error, Page, PageRequest, Result,
    model::{TreeEntry, TreeEntryType},
    provider::{Call, CommitId, Endpoint, ProviderId, RepoRef, TreePath, TreeQuery},
};
use serde::Deserialize;

use super::{
    client::{Client, below, object},
    refs,
};
use crate::{
    listing::Api,
    pinned::{pin, unpin},
    wire::{Rows, Word},
};

/// How deep Bitbucket is asked to walk; deeper walks are refused for being too slow.
const MAX_DEPTH: usize = 10;

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &TreeQuery,
    page: PageRequest,
) -> Result<Page<TreeEntry>> {
    let limit = page.limit;
    let path = query.path.as_ref();
    let (commit, position) = match &page.position {
        Some(position) => unpin(position)?,
        None => match refs::resolve(client, call, repo, Endpoint::FileTree, &query.at).await? {
            Some(commit) => {
                if let Some(path) = path
                    && let Some(file) = file_at(client, call, repo, &commit, path).await?
                {
                    return Ok(Page::last(vec![file]));
                }
                (commit, None)
            }
            None => return Ok(Page::last(Vec::new())),
        },
    };
    let folders: Vec<&str> = path.map_or(Vec::new(), |path| path.as_str().split('/').collect());
    let depth = query.recursive.then(|| MAX_DEPTH.to_string());
    let list = below(Endpoint::FileTree, repo, &["src", commit.as_str()])
        .at(&folders)
        .folder()
        .query_opt("max_depth", depth);
    let page = PageRequest { limit, position };
    let mut entries: Page<TreeEntry> = client.rows(call, list, page, WireEntry::into).await?;
    if query.recursive {
        let unopened = below_depth(&entries.items, folders.len());
        entries.errors.extend(unopened);
    }
    Ok(pin(entries, &commit))
}

/// What stands at a path unless it is a folder: asked for as one it would come as it is.
async fn file_at(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitId,
    path: &TreePath,
) -> Result<Option<TreeEntry>> {
    let folders = path.as_str().split('/');
    let segments: Vec<&str> = ["src", commit.as_str()]
        .into_iter()
        .chain(folders)
        .collect();
    let get = object(repo, &segments)?.query("format", "meta");
    let answer = client.item(call, Endpoint::FileTree, repo, get).await?;
    match answer.json::<WireMeta>()?.kind.as_str() {
        "commit_directory" => Ok(None),
        "commit_file" => Ok(Some(answer.json::<WireEntry>()?.into())),
        _ => Err(answer.unusable("neither a file nor a folder")),
    }
}

/// What is missing from a page: a folder at the deepest level was not opened.
fn below_depth(entries: &[TreeEntry], root: usize) -> Option<Error> {
    let is_deepest = |entry: &TreeEntry| {
        entry.kind == TreeEntryType::Directory && entry.path.split('/').count() >= root + MAX_DEPTH
    };
    entries.iter().any(is_deepest).then(|| {
        Error::upstream(
            Code::UnsupportedEndpoint,
            ProviderId::BITBUCKET,
            format!(
                "Bitbucket lists no more than {MAX_DEPTH} levels of folders at once: list deeper ones with `path`."
            ),
        )
    })
}

#[derive(Debug, Deserialize)]
struct WireMeta {
    #[serde(rename = "type")]
    kind: Word,
}

#[derive(Debug, Deserialize)]
struct WireEntry {
    path: String,
    #[serde(rename = "type")]
    kind: Word,
    size: Option<u64>,
    #[serde(default)]
    attributes: Attributes,
}

/// A word by the reference, a list of words in answers.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Attributes {
    Words(Rows<Word>),
    Word(Word),
    Other(serde::de::IgnoredAny),
}

impl Default for Attributes {
    fn default() -> Self {
        Self::Words(Rows::default())
    }
}

impl Attributes {
    pub(super) fn have(&self, word: &str) -> bool {
        match self {
            Self::Words(words) => words.0.iter().any(|known| known.as_str() == word),
            Self::Word(known) => known.as_str() == word,
            Self::Other(_) => false,
        }
    }
}

impl From<WireEntry> for TreeEntry {
    fn from(wire: WireEntry) -> Self {
        let path = wire.path.trim_end_matches('/');
        let kind = match wire.kind.as_str() {
            "commit_directory" => TreeEntryType::Directory,
            _ if wire.attributes.have("subrepository") => TreeEntryType::Submodule,
            _ if wire.attributes.have("link") => TreeEntryType::Symlink,
            _ => TreeEntryType::File,
        };
        Self {
            name: path.rsplit('/').next().unwrap_or(path).to_owned(),
            path: path.to_owned(),
            kind,
            mode: None,
            sha: None,
            size: wire.size.filter(|_| kind == TreeEntryType::File),
        }
    }
}
