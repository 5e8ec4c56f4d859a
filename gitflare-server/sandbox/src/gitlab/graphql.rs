//! GitLab's GraphQL API, as far as it answers projects by their ids.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::objects;
use crate::kit::{Answer, Call, Repo, graphql, people::Person};

/// `projects(ids: ..)`; what cannot be seen is left out.
pub(super) async fn query(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let ids = match graphql::ids(call.request) {
        Ok(ids) => ids,
        Err(refused) => return Ok(refused),
    };
    let number = |id: &String| id.strip_prefix("gid://gitlab/Project/")?.parse().ok();
    let mut wanted: Vec<u64> = ids.iter().filter_map(number).collect();
    // In GitLab's order, newest first, whatever was asked.
    wanted.sort_unstable();
    let repos = wanted.iter().rev();
    let nodes: Vec<_> = repos
        .filter_map(|id| call.world.by_id(person, *id))
        .map(|repo| project(call, &repo))
        .collect();
    let root = json!({"projects": {"nodes": nodes}});
    Ok(graphql::answer(call.request, &root, &[]))
}

/// The project that REST shows, in GraphQL's names.
fn project(call: &Call<'_>, repo: &Repo) -> Value {
    let rest = objects::project(call.world, repo, 0);
    let branch = (!repo.is_empty()).then(|| rest["default_branch"].clone());
    json!({
        "__typename": "Project", "id": format!("gid://gitlab/Project/{}", repo.id), "name": rest["name"],
        "path": rest["path"], "fullPath": rest["path_with_namespace"], "description": rest["description"],
        "visibility": rest["visibility"], "archived": rest["archived"], "isForked": false,
        "webUrl": rest["web_url"], "httpUrlToRepo": rest["http_url_to_repo"],
        "createdAt": rest["created_at"], "updatedAt": rest["updated_at"],
        "namespace": {
            "id": format!("gid://gitlab/Group/{}", rest["namespace"]["id"]),
            "fullPath": rest["namespace"]["full_path"],
        },
        "repository": {"rootRef": branch, "empty": repo.is_empty()},
    })
}
