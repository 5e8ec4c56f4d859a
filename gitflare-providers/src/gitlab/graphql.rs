//! Projects by their ids in one call. What a row tells is what REST tells; a row that GraphQL tells
//! otherwise, or leaves out, is left to REST. <https://docs.gitlab.com/api/graphql/reference/#queryprojects>

use gitflare_core::{
    Result, Timestamp,
    model::{Owner, Repository, Visibility},
    provider::{Call, KnownRepository, ProviderId, Told},
};
use serde::Deserialize;

use super::{client::Client, repositories::owner_type};
use crate::{
    graphql::{self, Response},
    wire,
};

const QUERY: &str = "query($ids: [ID!]) { projects(ids: $ids, first: 100) { nodes { \
    id path fullPath description visibility archived isForked webUrl httpUrlToRepo \
    createdAt updatedAt namespace { id fullPath } repository { rootRef } } } }";

/// The rows of these projects.
pub(super) async fn repositories(
    client: &Client,
    call: &Call,
    known: &[KnownRepository],
) -> Result<Option<Vec<Told>>> {
    let id = |known: &KnownRepository| format!("{PROJECT}{}", known.repo.id);
    let ids: Vec<String> = known.iter().map(id).collect();
    let Some(answer) = graphql::ask(&client.upstream, call, QUERY, &ids).await? else {
        return Ok(None);
    };
    let Ok(response) = answer.json::<Response<WireProjects>>() else {
        return Ok(None);
    };
    let mut nodes: Vec<_> = response.data.projects.nodes;
    let told = ids.iter().map(|id| {
        let at = nodes.iter().position(|node| node.id == *id)?;
        nodes.swap_remove(at).into_repository(call).map(Ok)
    });
    Ok(Some(told.collect()))
}

/// What stands before a project's number in its global id.
const PROJECT: &str = "gid://gitlab/Project/";

#[derive(Debug, Deserialize)]
struct WireProjects {
    projects: WireNodes,
}

#[derive(Debug, Deserialize)]
struct WireNodes {
    nodes: Vec<WireProject>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProject {
    id: String,
    path: String,
    full_path: String,
    namespace: Option<WireNamespace>,
    description: Option<String>,
    visibility: Option<String>,
    archived: Option<bool>,
    is_forked: Option<bool>,
    repository: Option<WireGit>,
    web_url: Option<String>,
    http_url_to_repo: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireNamespace {
    id: String,
    full_path: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireGit {
    root_ref: Option<String>,
}

impl WireNamespace {
    /// Its number and its kind stand in the global id: `gid://gitlab/Group/8`,
    /// `gid://gitlab/Namespaces::UserNamespace/8`.
    fn into_owner(self) -> Option<Owner> {
        let (kind, id) = self.id.strip_prefix("gid://gitlab/")?.rsplit_once('/')?;
        let kind = match kind {
            "Group" => "group",
            "Namespaces::UserNamespace" => "user",
            _ => return None,
        };
        Some(Owner {
            id: Some(id.to_owned()),
            login: Some(self.full_path),
            kind: owner_type(kind),
        })
    }
}

impl WireProject {
    /// `None` for one that REST must tell: one without commits, whose default branch GraphQL does not
    /// know, and a fork, of which REST says only as much as the caller may see.
    fn into_repository(self, call: &Call) -> Option<Repository> {
        let default_branch = self.repository?.root_ref?;
        let owner = self.namespace?.into_owner()?;
        if self.is_forked != Some(false) {
            return None;
        }
        let visibility = self.visibility.as_deref();
        Some(Repository {
            provider: ProviderId::GITLAB,
            connection_id: call.connection_id.clone(),
            id: self.id.strip_prefix(PROJECT)?.to_owned(),
            node_id: None,
            private: visibility.map(|word| word != Visibility::Public.as_str()),
            visibility: visibility.and_then(Visibility::parse),
            name: self.path,
            full_name: self.full_path,
            owner,
            description: self.description,
            archived: self.archived,
            fork: None,
            default_branch: Some(default_branch),
            language: None,
            web_url: self.web_url,
            clone_url: self.http_url_to_repo,
            created_at: self.created_at,
            updated_at: self.updated_at,
            pushed_at: None,
        })
    }
}
