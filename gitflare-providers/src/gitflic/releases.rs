//! Releases. Who edited one last is told by an id alone, and drafts do not exist.

use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Actor, Asset, Release},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::client::{Client, Told, Web, below, web};
use crate::{
    listing::Api,
    wire::{self, Rows, known},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Release>> {
    let base = client.web(call)?;
    let list = below(Endpoint::Releases, repo, &["release"])?.admitted();
    let mut told = Told::default();
    let into = |mut wire: WireRelease| {
        told.note(repo, wire.project_id.take());
        wire.of(repo, web(&base))
    };
    let found = client.rows(call, list, page, into).await?;
    client.vouch(call, repo, told).await?;
    Ok(found)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRelease {
    id: Option<String>,
    title: Option<String>,
    project_id: Option<String>,
    author_id: Option<String>,
    description: Option<String>,
    tag_name: Option<String>,
    pre_release: Option<bool>,
    attachment_files: Option<Rows<WireFile>>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct WireFile {
    name: Option<String>,
    link: Option<String>,
    /// Not in older releases.
    size: Option<u64>,
}

impl WireRelease {
    fn of(self, repo: &RepoRef, web: Web<'_>) -> Release {
        let id = known(self.id);
        let files = self.attachment_files.unwrap_or_default().into_iter();
        Release {
            web_url: id
                .as_deref()
                .and_then(|id| web.project(repo, &["release", id])),
            id,
            tag_name: known(self.tag_name),
            name: known(self.title),
            description: known(self.description),
            draft: None,
            prerelease: self.pre_release,
            author: known(self.author_id).map(|id| Actor {
                id: Some(id),
                ..Actor::default()
            }),
            assets: files
                .map(|file| Asset {
                    name: file.name,
                    size: file.size,
                    content_type: None,
                    download_url: file.link,
                })
                .collect(),
            created_at: self.created_at,
            published_at: None,
        }
    }
}
