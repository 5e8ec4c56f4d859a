//! Repositories that are asked for together: what GraphQL tells, what it leaves to REST, and what its
//! refusals mean.

use gitflare_core::{
    Code,
    provider::{KnownRepository, Provider, RepoRef, Told},
};
use gitflare_providers::{
    conformance::{Reply, StandIn},
    github::Github,
};

use crate::github::support::call;

/// What GitHub answers, and what becomes of it for repositories 1 to 5; the fifth has no node id yet.
async fn told(reply: Reply) -> Result<Option<Vec<Told>>, gitflare_core::Error> {
    let host = StandIn::start(&[("/api/graphql", reply)]).await;
    let github = Github::new(host.http(), &format!("{}/api/v3", host.url())).unwrap();
    let known = |number: u32| KnownRepository {
        repo: RepoRef {
            id: number.to_string(),
            full_name: None,
        },
        node_id: (number < 5).then(|| format!("R_{number}")),
    };
    let known: Vec<_> = (1..=5).map(known).collect();
    github.repositories_by_id(&call(), &known).await
}

fn node(id: u32) -> String {
    format!(
        r#"{{"id": "R_{id}", "databaseId": {id}, "name": "n", "nameWithOwner": "o/n", "description": null,
        "isPrivate": true, "visibility": "INTERNAL", "isArchived": false, "isFork": true, "url": "https://h/o/n",
        "createdAt": "2025-01-06T08:00:00Z", "updatedAt": "2025-01-06T08:00:00Z", "pushedAt": null,
        "owner": {{"__typename": "User", "login": "o", "databaseId": 9}},
        "defaultBranchRef": {{"name": "trunk"}}, "primaryLanguage": {{"name": "Rust"}}}}"#
    )
}

#[tokio::test]
async fn a_row_is_told_left_to_rest_or_gone() {
    let body = format!(
        r#"{{"data": {{"nodes": [{}, null, null, {}]}}, "errors": [
        {{"type": "NOT_FOUND", "path": ["nodes", 1], "message": "m"}},
        {{"type": "FORBIDDEN", "path": ["nodes", 2], "message": "m"}}]}}"#,
        node(1),
        node(40),
    );
    let told = told(Reply::ok(body)).await.unwrap().unwrap();
    let [Some(Ok(first)), Some(Err(gone)), None, None, None] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(gone.code(), Code::RepositoryNotFound);
    let row = serde_json::to_value(first).unwrap();
    let expected = serde_json::json!({
        "provider": "github", "connectionId": row["connectionId"], "id": "1", "name": "n", "fullName": "o/n",
        "owner": {"id": "9", "login": "o", "type": "user"}, "description": null, "private": true,
        "visibility": "internal", "archived": false, "fork": true, "defaultBranch": "trunk", "language": "Rust",
        "webUrl": "https://h/o/n", "cloneUrl": "https://h/o/n.git", "createdAt": "2025-01-06T08:00:00.000Z",
        "updatedAt": "2025-01-06T08:00:00.000Z", "pushedAt": null,
    });
    assert_eq!(row, expected);
    assert_eq!(first.node_id.as_deref(), Some("R_1"));
}

#[tokio::test]
async fn a_host_that_does_not_answer_the_query_is_read_singly() {
    for reply in [
        Reply::new(404, r#"{"message": "Not Found"}"#),
        Reply::new(403, r#"{"message": "Resource not accessible"}"#),
        Reply::new(502, "<html>"),
        Reply::ok(r#"{"errors": [{"message": "Field 'visibility' doesn't exist"}]}"#),
        // The quota of GraphQL alone is used up; REST has its own.
        Reply::ok(r#"{"errors": [{"type": "RATE_LIMITED", "message": "m"}]}"#)
            .with("x-ratelimit-resource", "graphql")
            .with("x-ratelimit-remaining", "0")
            .with("x-ratelimit-reset", "4102444800"),
    ] {
        assert!(told(reply).await.unwrap().is_none());
    }
    for (reply, code) in [
        (
            Reply::new(401, r#"{"message": "Bad credentials"}"#),
            Code::AuthExpired,
        ),
        (
            Reply::new(403, r#"{"message": "secondary rate limit"}"#).with("retry-after", "30"),
            Code::RateLimited,
        ),
    ] {
        assert_eq!(told(reply).await.unwrap_err().code(), code);
    }
}
