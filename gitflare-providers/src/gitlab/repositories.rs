//! Projects. Only the fields named here are ever read: the same objects carry runner tokens and
//! import URLs with credentials, which must not reach memory, logs or clients.

use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Owner, OwnerType, Repository, Visibility},
    provider::{Call, Endpoint, ProviderId, RepoRef},
};
use serde::{Deserialize, de::IgnoredAny};

use super::client::{Client, KEYSET};
use crate::{
    listing::{Api, List},
    wire::{self, Id, Word},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    page: PageRequest,
) -> Result<Page<Repository>> {
    let list = List::new(Endpoint::Repositories, &KEYSET, &["projects"])
        // Else every public project of the instance is listed.
        // <https://docs.gitlab.com/api/projects/#list-all-projects>
        .query("membership", "true")
        .query("order_by", "id")
        .query("sort", "asc");
    let into = |wire: WireProject| wire.into_repository(call);
    client.rows(call, list, page, into).await
}

pub(super) async fn find(client: &Client, call: &Call, repo: &RepoRef) -> Result<Repository> {
    find_by_path(client, call, &repo.id).await
}

/// GitLab takes the full path where it takes the id.
pub(super) async fn find_by_path(
    client: &Client,
    call: &Call,
    full_path: &str,
) -> Result<Repository> {
    let answer = client.project(call, full_path).await?;
    Ok(answer.json::<WireProject>()?.into_repository(call))
}

#[derive(Debug, Deserialize)]
pub(super) struct WireProject {
    id: Id,
    path: String,
    path_with_namespace: String,
    namespace: Option<WireNamespace>,
    description: Option<String>,
    visibility: Option<Word>,
    archived: Option<bool>,
    /// Sent for forks of projects that the caller can see, so its absence says nothing.
    forked_from_project: Option<IgnoredAny>,
    default_branch: Option<String>,
    web_url: Option<String>,
    http_url_to_repo: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct WireNamespace {
    id: Option<Id>,
    full_path: Option<String>,
    kind: Option<Word>,
}

pub(super) fn owner_type(kind: &str) -> Option<OwnerType> {
    match kind {
        "user" => Some(OwnerType::User),
        "group" => Some(OwnerType::Group),
        _ => None,
    }
}

impl WireProject {
    pub(super) fn into_repository(self, call: &Call) -> Repository {
        let visibility = self.visibility.as_ref().map(Word::as_str);
        Repository {
            node_id: None,
            provider: ProviderId::GITLAB,
            connection_id: call.connection_id.clone(),
            id: self.id.into(),
            private: visibility.map(|word| word != Visibility::Public.as_str()),
            visibility: visibility.and_then(Visibility::parse),
            name: self.path,
            full_name: self.path_with_namespace,
            owner: match self.namespace {
                Some(namespace) => Owner {
                    id: namespace.id.map(Into::into),
                    login: namespace.full_path,
                    kind: namespace.kind.and_then(|kind| owner_type(kind.as_str())),
                },
                None => Owner {
                    id: None,
                    login: None,
                    kind: None,
                },
            },
            description: self.description,
            archived: self.archived,
            fork: self.forked_from_project.map(|_| true),
            default_branch: self.default_branch,
            language: None,
            web_url: self.web_url,
            clone_url: self.http_url_to_repo,
            created_at: self.created_at,
            updated_at: self.updated_at,
            // `last_activity_at` counts issues and comments too: it is no push.
            pushed_at: None,
        }
    }
}
