//! Recordings of the real service: every one that fits an operation maps without error, and every
//! value in the answer was sent.

use gitflare_core::{
    PageRequest,
    model::PullRequestFilter,
    provider::{CommitId, DeploymentFilter, Provider, RefSelector},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    SHA, Upstream, git_ref, repo,
    support::{
        call,
        recorded::{assert_nothing_invented, folder, read},
        replay::Reply,
    },
};

/// What is ours in every answer.
const OURS: &[&str] = &[
    "github",
    "conn_fixture",
    "user",
    "organization",
    "modified",
    "merged",
    "completed",
    "open",
];

fn value(answer: impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap()
}

/// What an operation makes of a recording.
async fn answer(name: &str, body: &str) -> Value {
    let first = PageRequest::default;
    let (call, repo) = (call(), repo());
    let up = async |target: &str| Upstream::start(&[(target, Reply::ok(body))]).await.github;
    let listed = |body: &str| format!("[{body}]");
    match name {
        "user.json" => value(up("user").await.viewer(&call).await.unwrap()),
        "repo.json" => value(
            up("repositories/7")
                .await
                .repository(&call, &repo)
                .await
                .unwrap(),
        ),
        "repos.json" | "reposWithNull.json" | "repos_filter.json" => {
            let rows: Value = serde_json::from_str(body).unwrap();
            // A search wraps the same rows.
            let rows = rows.get("items").cloned().unwrap_or(rows);
            let target = "user/repos?affiliation=owner%2Ccollaborator%2Corganization_member&visibility=all&sort=created&direction=asc&per_page=25";
            let up = Upstream::start(&[(target, Reply::ok(rows.to_string()))]).await;
            value(up.github.repositories(&call, first()).await.unwrap().items)
        }
        "branches.json" | "branch.json" => {
            let body = if name == "branch.json" {
                listed(body)
            } else {
                body.to_owned()
            };
            let up =
                Upstream::start(&[("repositories/7/branches?per_page=25", Reply::ok(body))]).await;
            value(
                up.github
                    .branches(&call, &repo, first())
                    .await
                    .unwrap()
                    .items,
            )
        }
        "tags.json" => value(
            up("repositories/7/tags?per_page=25")
                .await
                .tags(&call, &repo, first())
                .await
                .unwrap()
                .items,
        ),
        "commits.json" => value(
            up("repositories/7/commits?per_page=25")
                .await
                .commits(&call, &repo, None, first())
                .await
                .unwrap()
                .items,
        ),
        "commit.json" => {
            let commit = CommitId::parse(SHA).unwrap();
            let target = format!("repositories/7/commits/{SHA}");
            value(
                up(&target)
                    .await
                    .commit_diff(&call, &repo, &commit)
                    .await
                    .unwrap(),
            )
        }
        "pulls.json" => value(
            up("repositories/7/pulls?state=all&sort=created&direction=desc&per_page=25")
                .await
                .pull_requests(&call, &repo, PullRequestFilter::All, first())
                .await
                .unwrap()
                .items,
        ),
        "pr.json" | "pr_files.json" | "pr_files_page2.json" => {
            let (pull, files) = if name == "pr.json" {
                (body.to_owned(), "[]".to_owned())
            } else {
                (json!({}).to_string(), body.to_owned())
            };
            let up = Upstream::start(&[
                ("repositories/7/pulls/1", Reply::ok(pull)),
                (
                    "repositories/7/pulls/1/files?per_page=100",
                    Reply::ok(files),
                ),
            ])
            .await;
            value(up.github.pull_request_diff(&call, &repo, 1).await.unwrap())
        }
        "releases.json" => value(
            up("repositories/7/releases?per_page=25")
                .await
                .releases(&call, &repo, first())
                .await
                .unwrap()
                .items,
        ),
        "statuses.json" => {
            let up = Upstream::start(&[
                (
                    &format!("repositories/7/commits/{SHA}/check-runs?filter=latest&per_page=25"),
                    Reply::ok(r#"{"check_runs": []}"#),
                ),
                (
                    &format!("repositories/7/commits/{SHA}/status?per_page=25"),
                    Reply::ok(if body.trim_start().starts_with('[') {
                        format!(r#"{{"statuses": {body}}}"#)
                    } else {
                        body.to_owned()
                    }),
                ),
            ])
            .await;
            let at = RefSelector::Ref(git_ref(SHA));
            value(
                up.github
                    .checks(&call, &repo, &at, first())
                    .await
                    .unwrap()
                    .items,
            )
        }
        "deployment.json" => {
            let id = serde_json::from_str::<Value>(body).unwrap()["id"].to_string();
            let up = Upstream::start(&[
                (
                    "repositories/7/deployments?per_page=25",
                    Reply::ok(listed(body)),
                ),
                (
                    &format!("repositories/7/deployments/{id}/statuses?per_page=1"),
                    Reply::ok("[]"),
                ),
            ])
            .await;
            let filter = DeploymentFilter::default();
            value(
                up.github
                    .deployments(&call, &repo, &filter, first())
                    .await
                    .unwrap()
                    .items,
            )
        }
        other => panic!("{other} fits no operation"),
    }
}

#[tokio::test]
async fn every_recording_maps_and_nothing_is_invented() {
    let Some(folder) = folder("github") else {
        return;
    };
    for name in [
        "user.json",
        "repo.json",
        "repos.json",
        "reposWithNull.json",
        "repos_filter.json",
        "branches.json",
        "branch.json",
        "tags.json",
        "commits.json",
        "commit.json",
        "pulls.json",
        "pr.json",
        "pr_files.json",
        "pr_files_page2.json",
        "releases.json",
        "statuses.json",
        "deployment.json",
    ] {
        let body = read(&folder, name);
        let answer = answer(name, &body).await;
        let empty = answer.as_array().is_some_and(Vec::is_empty);
        assert!(!empty, "{name} became nothing");
        let mut ours = OURS.to_vec();
        // Counted here; asked by; put in front of ids.
        ours.extend(["0", "1", "2", "3", SHA]);
        let shown = answer.to_string().replace("status:", "");
        let answer: Value = serde_json::from_str(&shown).unwrap();
        assert_nothing_invented(name, &answer, &body, &ours);
    }
}
