//! Recordings of the real service: every one that fits an operation maps without error, and every
//! value in the answer was sent.

use gitflare_core::{
    PageRequest,
    model::PullRequestFilter,
    provider::{CommitId, Provider, RefSelector},
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
    "gitlab",
    "conn_fixture",
    "user",
    "group",
    "modified",
    "added",
    "removed",
    "renamed",
    "merged",
    "open",
    "completed",
    "queued",
    "in_progress",
    "cancelled",
    "failure",
    "public",
    "private",
];

fn value(answer: impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap()
}

/// What an operation makes of a recording.
async fn answer(name: &str, body: &str) -> Value {
    let first = PageRequest::default;
    let (call, repo) = (call(), repo());
    let up = async |target: &str| Upstream::start(&[(target, Reply::ok(body))]).await.gitlab;
    // One object of a list that was recorded alone.
    let listed = if body.trim_start().starts_with('[') {
        body.to_owned()
    } else {
        format!("[{body}]")
    };
    let list = async |target: &str| {
        Upstream::start(&[(target, Reply::ok(&*listed))])
            .await
            .gitlab
    };
    match name {
        "user.json" => value(up("user").await.viewer(&call).await.unwrap()),
        "repo.json" => value(up("projects/7").await.repository(&call, &repo).await.unwrap()),
        "repos.json" | "repos_filter.json" => value(
            up("projects?membership=true&order_by=id&sort=asc&per_page=25&pagination=keyset")
                .await
                .repositories(&call, first())
                .await
                .unwrap()
                .items,
        ),
        "branch.json" | "branches.json" | "branches_filter.json" => value(
            list("projects/7/repository/branches?per_page=25&pagination=keyset")
                .await
                .branches(&call, &repo, first())
                .await
                .unwrap()
                .items,
        ),
        "tag.json" | "tags.json" => value(
            list("projects/7/repository/tags?order_by=updated&sort=desc&per_page=25&pagination=keyset")
                .await
                .tags(&call, &repo, first())
                .await
                .unwrap()
                .items,
        ),
        "commit.json" | "commits.json" => value(
            list("projects/7/repository/commits?per_page=25")
                .await
                .commits(&call, &repo, None, first())
                .await
                .unwrap()
                .items,
        ),
        "commit_diff.json" => {
            let path = format!("projects/7/repository/commits/{SHA}");
            let up = Upstream::start(&[
                (&path, Reply::ok(json!({"id": SHA}).to_string())),
                (&format!("{path}/diff?per_page=100"), Reply::ok(body)),
            ])
            .await;
            let commit = CommitId::parse(SHA).unwrap();
            value(up.gitlab.commit_diff(&call, &repo, &commit).await.unwrap())
        }
        "merge.json" | "merges.json" | "merge_with_diffrefs.json" => value(
            list("projects/7/merge_requests?state=all&order_by=created_at&sort=desc&per_page=25")
                .await
                .pull_requests(&call, &repo, PullRequestFilter::All, first())
                .await
                .unwrap()
                .items,
        ),
        "merge_diffs.json" | "merge_diffs_page2.json" => {
            let up = Upstream::start(&[
                ("projects/7/merge_requests/1", Reply::ok(json!({}).to_string())),
                ("projects/7/merge_requests/1/diffs?per_page=100", Reply::ok(body)),
            ])
            .await;
            value(up.gitlab.pull_request_diff(&call, &repo, 1).await.unwrap())
        }
        "release.json" | "releases.json" => value(
            list("projects/7/releases?order_by=released_at&sort=desc&per_page=25")
                .await
                .releases(&call, &repo, first())
                .await
                .unwrap()
                .items,
        ),
        "status.json" | "statuses.json" => {
            let target = format!(
                "projects/7/repository/commits/{SHA}/statuses?all=false&order_by=id&sort=desc&per_page=25"
            );
            let at = RefSelector::Ref(git_ref(SHA));
            value(list(&target).await.checks(&call, &repo, &at, first()).await.unwrap().items)
        }
        other => panic!("{other} fits no operation"),
    }
}

#[tokio::test]
async fn every_recording_maps_and_nothing_is_invented() {
    let Some(folder) = folder("gitlab") else {
        return;
    };
    for name in [
        "user.json",
        "repo.json",
        "repos.json",
        "repos_filter.json",
        "branch.json",
        "branches.json",
        "branches_filter.json",
        "tag.json",
        "tags.json",
        "commit.json",
        "commits.json",
        "commit_diff.json",
        "merge.json",
        "merges.json",
        "merge_with_diffrefs.json",
        "merge_diffs.json",
        "merge_diffs_page2.json",
        "release.json",
        "releases.json",
        "status.json",
        "statuses.json",
    ] {
        let body = read(&folder, name);
        let answer = answer(name, &body).await;
        let empty = answer.as_array().is_some_and(Vec::is_empty);
        assert!(!empty, "{name} became nothing");
        let mut ours = OURS.to_vec();
        // Counted here, and asked by.
        let counts: Vec<_> = (0..100).map(|count| count.to_string()).collect();
        if name.contains("diff") {
            ours.extend(counts.iter().map(String::as_str));
        }
        ours.push(SHA);
        assert_nothing_invented(name, &answer, &body, &ours);
    }
}
