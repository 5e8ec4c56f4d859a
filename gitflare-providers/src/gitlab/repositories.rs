//! Projects. Only the fields named here are ever read: the same objects carry runner tokens and
//! import URLs with credentials, which must not reach memory, logs or clients.

use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Owner, OwnerType, Repository, Visibility},
    provider::{Call, Endpoint, ProviderId},
};
use serde::{Deserialize, de::IgnoredAny};

use super::client::{Client, List, Paging};
use crate::wire::{self, Id, Word};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    page: &PageRequest,
) -> Result<Page<Repository>> {
    let list = List {
        endpoint: Endpoint::Repositories,
        repo: None,
        segments: vec!["projects"],
        // Without `membership` every public project of the instance is listed.
        query: vec![
            ("membership", "true".into()),
            ("order_by", "id".into()),
            ("sort", "asc".into()),
        ],
        paging: Paging::Keyset,
    };
    let listing = client.list(call, &list, page).await?;
    Ok(listing
        .page::<WireProject<'_>>()?
        .map(|wire| wire.into_repository(call)))
}

/// By the numeric id or the full path; GitLab takes either in the same place.
pub(super) async fn find(client: &Client, call: &Call, key: &str) -> Result<Repository> {
    let answer = client.project(call, key).await?;
    Ok(answer.json::<WireProject<'_>>()?.into_repository(call))
}

#[derive(Debug, Deserialize)]
struct WireProject<'a> {
    id: Id,
    path: String,
    path_with_namespace: String,
    #[serde(borrow)]
    namespace: Option<WireNamespace<'a>>,
    description: Option<String>,
    #[serde(borrow)]
    visibility: Option<Word<'a>>,
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
struct WireNamespace<'a> {
    id: Option<Id>,
    full_path: Option<String>,
    #[serde(borrow)]
    kind: Option<Word<'a>>,
}

fn owner_type(kind: &str) -> Option<OwnerType> {
    match kind {
        "user" => Some(OwnerType::User),
        "group" => Some(OwnerType::Group),
        _ => None,
    }
}

impl WireProject<'_> {
    fn into_repository(self, call: &Call) -> Repository {
        let visibility = self.visibility.as_ref().map(Word::as_str);
        Repository {
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
