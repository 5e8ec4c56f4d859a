//! GitHub's GraphQL API, as far as it answers repositories by their node ids.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::objects;
use crate::kit::{Answer, Call, Repo, graphql, people::Person};

/// `nodes(ids: ..)`; what cannot be seen is null, with an error that names its place.
pub(super) async fn query(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let ids = match graphql::ids(call.request) {
        Ok(ids) => ids,
        Err(refused) => return Ok(refused),
    };
    let (mut nodes, mut errors) = (Vec::new(), Vec::new());
    for (at, id) in ids.iter().enumerate() {
        let number = id.strip_prefix("R_").and_then(|number| number.parse().ok());
        let repo = number.and_then(|number| call.world.by_id(person, number));
        if repo.is_none() {
            let why = format!("Could not resolve to a node with the global id of '{id}'.");
            errors.push(json!({"type": "NOT_FOUND", "path": ["nodes", at], "message": why}));
        }
        nodes.push(repo.map_or(Value::Null, |repo| repository(call, &repo)));
    }
    let answer = graphql::answer(call.request, &json!({"nodes": nodes}), &errors);
    Ok(answer)
}

/// The repository that REST shows, in GraphQL's names.
fn repository(call: &Call<'_>, repo: &Repo) -> Value {
    let rest = objects::repository(call.world, repo, call.caller.is_admin());
    let visibility = rest["visibility"].as_str().unwrap_or_default();
    let branch = (!repo.is_empty()).then(|| json!({"name": rest["default_branch"]}));
    json!({
        "__typename": "Repository", "id": rest["node_id"], "databaseId": rest["id"], "name": rest["name"],
        "nameWithOwner": rest["full_name"], "description": rest["description"], "isPrivate": rest["private"],
        "visibility": visibility.to_uppercase(), "isArchived": rest["archived"], "isFork": rest["fork"],
        "isEmpty": repo.is_empty(), "url": rest["html_url"], "createdAt": rest["created_at"],
        "updatedAt": rest["updated_at"], "pushedAt": rest["pushed_at"], "defaultBranchRef": branch,
        "primaryLanguage": null,
        "owner": {
            "__typename": rest["owner"]["type"], "id": rest["owner"]["node_id"],
            "databaseId": rest["owner"]["id"], "login": rest["owner"]["login"],
        },
    })
}
