//! Repositories by their node ids in one call. What a row tells is what REST tells; a row that GraphQL
//! tells otherwise is left to REST. <https://docs.github.com/en/graphql/reference/queries#nodes>

use gitflare_core::{
    Code, Result, Timestamp,
    model::{Owner, OwnerType, Repository, Visibility},
    provider::{Call, KnownRepository, ProviderId, Told},
};
use serde::Deserialize;

use super::client::{Client, NO_REPOSITORY};
use crate::{
    graphql::{self, Response},
    wire::{self, Id},
};

const QUERY: &str = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Repository { \
    id databaseId name nameWithOwner description isPrivate visibility isArchived isFork url \
    createdAt updatedAt pushedAt \
    owner { __typename login ... on User { databaseId } ... on Organization { databaseId } } \
    defaultBranchRef { name } primaryLanguage { name } } } }";

/// The rows of repositories whose node ids are known; the others are left to REST, which names them.
pub(super) async fn repositories(
    client: &Client,
    call: &Call,
    known: &[KnownRepository],
) -> Result<Option<Vec<Told>>> {
    let mut told: Vec<Told> = known.iter().map(|_| None).collect();
    let node = |(at, known): (usize, &KnownRepository)| Some((at, known.node_id.clone()?));
    let (places, ids): (Vec<_>, Vec<_>) = known.iter().enumerate().filter_map(node).unzip();
    if ids.is_empty() {
        return Ok(Some(told));
    }
    let Some(answer) = graphql::ask(&client.upstream, call, QUERY, &ids).await? else {
        return Ok(None);
    };
    let Ok(response) = answer.json::<Response<WireNodes>>() else {
        return Ok(None);
    };
    let is_gone = |at: usize| {
        response.errors.iter().any(|error| {
            let is_of = error.path.last().and_then(serde_json::Value::as_u64) == Some(at as u64);
            is_of && error.kind.as_deref() == Some("NOT_FOUND")
        })
    };
    for (at, (node, place)) in response.data.nodes.into_iter().zip(places).enumerate() {
        told[place] = match node {
            Some(node) => node
                .into_repository(call, &known[place])
                .map(|row| Ok(client.default_branches.note(row))),
            None if is_gone(at) => Some(Err(answer.error(Code::RepositoryNotFound, NO_REPOSITORY))),
            // Another refusal: REST says which.
            None => None,
        };
    }
    Ok(Some(told))
}

#[derive(Debug, Deserialize)]
struct WireNodes {
    nodes: Vec<Option<WireNode>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireNode {
    id: String,
    database_id: Option<Id>,
    name: String,
    name_with_owner: String,
    owner: WireOwner,
    description: Option<String>,
    is_private: bool,
    visibility: String,
    is_archived: bool,
    is_fork: bool,
    default_branch_ref: Option<WireName>,
    primary_language: Option<WireName>,
    url: String,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    pushed_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireOwner {
    #[serde(rename = "__typename")]
    kind: String,
    login: String,
    database_id: Option<Id>,
}

#[derive(Debug, Deserialize)]
struct WireName {
    name: String,
}

impl WireNode {
    /// `None` for one that REST must tell: of another id than the one approved, or without commits,
    /// where GraphQL knows no default branch.
    fn into_repository(self, call: &Call, known: &KnownRepository) -> Option<Repository> {
        let id = String::from(self.database_id?);
        let default_branch = self.default_branch_ref?.name;
        (id == known.repo.id).then(|| Repository {
            provider: ProviderId::GITHUB,
            connection_id: call.connection_id.clone(),
            id,
            node_id: Some(self.id),
            name: self.name,
            full_name: self.name_with_owner,
            owner: Owner {
                id: self.owner.database_id.map(Into::into),
                login: Some(self.owner.login),
                kind: match self.owner.kind.as_str() {
                    "User" => Some(OwnerType::User),
                    "Organization" => Some(OwnerType::Organization),
                    _ => None,
                },
            },
            description: self.description,
            private: Some(self.is_private),
            visibility: Visibility::parse(&self.visibility.to_ascii_lowercase()),
            archived: Some(self.is_archived),
            fork: Some(self.is_fork),
            default_branch: Some(default_branch),
            language: self.primary_language.map(|language| language.name),
            // REST's `clone_url` is the page's address with this end.
            clone_url: Some(format!("{}.git", self.url)),
            web_url: Some(self.url),
            created_at: self.created_at,
            updated_at: self.updated_at,
            pushed_at: self.pushed_at,
        })
    }
}
