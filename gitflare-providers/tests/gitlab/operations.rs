//! Each operation over one body of the upstream: what recordings and damaged fixtures are put through.

use gitflare_core::{
    PageRequest, Result,
    model::PullRequestFilter,
    provider::{CommitId, DeploymentFilter, Provider, RefSelector, TreeQuery},
};
use serde_json::Value;

use crate::gitlab::{
    SHA, Upstream, git_ref, repo,
    support::{
        call,
        replay::Reply,
        upstream::{rows, value},
    },
};

/// What an operation, by the name of its fixture, makes of a body.
pub(crate) async fn answer(operation: &str, body: &str) -> Result<Value> {
    let first = PageRequest::default;
    let (call, repo) = (call(), repo());
    let at = RefSelector::Ref(git_ref(SHA));
    let up = async |target: &str| Upstream::start(&[(target, Reply::ok(body))]).await.provider;
    match operation {
        "profile" => value(up("user").await.viewer(&call).await),
        "repository" => value(up("projects/7").await.repository(&call, &repo).await),
        "repositories" => {
            let target =
                "projects?membership=true&order_by=id&sort=asc&per_page=25&pagination=keyset";
            rows(up(target).await.repositories(&call, first()).await)
        }
        "branches" => {
            let up = up("projects/7/repository/branches?per_page=25&pagination=keyset").await;
            rows(up.branches(&call, &repo, first()).await)
        }
        "tags" => {
            let target = "projects/7/repository/tags?order_by=updated&sort=desc&per_page=25&pagination=keyset";
            rows(up(target).await.tags(&call, &repo, first()).await)
        }
        "commits" => {
            let up = up("projects/7/repository/commits?per_page=25").await;
            rows(up.commits(&call, &repo, None, first()).await)
        }
        "commit" | "commit_files" => {
            let (commit, files) = match operation {
                "commit" => (body.to_owned(), "[]"),
                _ => (format!(r#"{{"id": "{SHA}"}}"#), body),
            };
            let path = format!("projects/7/repository/commits/{SHA}");
            let up = Upstream::start(&[
                (&path, Reply::ok(commit)),
                (&format!("{path}/diff?per_page=100"), Reply::ok(files)),
            ])
            .await;
            let commit = CommitId::parse(SHA).unwrap();
            value(up.provider.commit_diff(&call, &repo, &commit).await)
        }
        "pull_requests" => {
            let target =
                "projects/7/merge_requests?state=all&order_by=created_at&sort=desc&per_page=25";
            let up = up(target).await;
            rows(
                up.pull_requests(&call, &repo, PullRequestFilter::All, first())
                    .await,
            )
        }
        "pull_request" | "diff" => {
            let (pull, files) = match operation {
                "diff" => ("{}", body),
                _ => (body, "[]"),
            };
            let path = "projects/7/merge_requests/1";
            let up = Upstream::start(&[
                (path, Reply::ok(pull)),
                (&format!("{path}/diffs?per_page=100"), Reply::ok(files)),
            ])
            .await;
            value(up.provider.pull_request_diff(&call, &repo, 1).await)
        }
        "contributors" => {
            let target =
                "projects/7/repository/contributors?order_by=commits&sort=desc&per_page=25";
            rows(up(target).await.contributors(&call, &repo, first()).await)
        }
        "releases" => {
            let up = up("projects/7/releases?order_by=released_at&sort=desc&per_page=25").await;
            rows(up.releases(&call, &repo, first()).await)
        }
        "checks" => {
            let target = format!(
                "projects/7/repository/commits/{SHA}/statuses?all=false&order_by=id&sort=desc&per_page=25"
            );
            rows(up(&target).await.checks(&call, &repo, &at, first()).await)
        }
        "deployments" => {
            let up = up("projects/7/deployments?order_by=id&sort=desc&per_page=25").await;
            let filter = DeploymentFilter::default();
            rows(up.deployments(&call, &repo, &filter, first()).await)
        }
        "file_tree" => {
            let target = format!(
                "projects/7/repository/tree?ref={SHA}&recursive=false&per_page=25&pagination=keyset"
            );
            let query = TreeQuery {
                at,
                path: None,
                recursive: false,
            };
            rows(
                up(&target)
                    .await
                    .file_tree(&call, &repo, &query, first())
                    .await,
            )
        }
        other => panic!("{other} is no operation"),
    }
}
