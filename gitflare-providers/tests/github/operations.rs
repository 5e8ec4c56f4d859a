//! Each operation over one body of the upstream: what recordings and damaged fixtures are put through.

use gitflare_core::{
    PageRequest, Result,
    model::PullRequestFilter,
    provider::{CommitId, DeploymentFilter, Provider, RefSelector, TreeQuery},
};
use serde_json::Value;

use crate::github::{
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
        "repository" => value(up("repositories/7").await.repository(&call, &repo).await),
        "repositories" => {
            let target = "user/repos?affiliation=owner%2Ccollaborator%2Corganization_member&visibility=all&sort=created&direction=asc&per_page=25";
            rows(up(target).await.repositories(&call, first()).await)
        }
        "branches" => {
            let up = up("repositories/7/branches?per_page=25").await;
            rows(up.branches(&call, &repo, first()).await)
        }
        "tags" => {
            let up = up("repositories/7/tags?per_page=25").await;
            rows(up.tags(&call, &repo, first()).await)
        }
        "commits" => {
            let up = up("repositories/7/commits?per_page=25").await;
            rows(up.commits(&call, &repo, None, first()).await)
        }
        "commit" => {
            let up = up(&format!("repositories/7/commits/{SHA}")).await;
            let commit = CommitId::parse(SHA).unwrap();
            value(up.commit_diff(&call, &repo, &commit).await)
        }
        "pull_requests" => {
            let up =
                up("repositories/7/pulls?state=all&sort=created&direction=desc&per_page=25").await;
            rows(
                up.pull_requests(&call, &repo, PullRequestFilter::All, first())
                    .await,
            )
        }
        "pull_request" | "files" => {
            let (pull, files) = match operation {
                "files" => ("{}", body),
                _ => (body, "[]"),
            };
            let up = Upstream::start(&[
                ("repositories/7/pulls/1", Reply::ok(pull)),
                (
                    "repositories/7/pulls/1/files?per_page=100",
                    Reply::ok(files),
                ),
            ])
            .await;
            value(up.provider.pull_request_diff(&call, &repo, 1).await)
        }
        "contributors" => {
            let up = up("repositories/7/contributors?anon=1&per_page=25").await;
            rows(up.contributors(&call, &repo, first()).await)
        }
        "releases" => {
            let up = up("repositories/7/releases?per_page=25").await;
            rows(up.releases(&call, &repo, first()).await)
        }
        "check_runs" | "statuses" => {
            let (runs, statuses) = match operation {
                "statuses" => (r#"{"check_runs": []}"#, body),
                _ => (body, r#"{"statuses": []}"#),
            };
            let commit = format!("repositories/7/commits/{SHA}");
            let up = Upstream::start(&[
                (
                    &format!("{commit}/check-runs?filter=latest&per_page=25"),
                    Reply::ok(runs),
                ),
                (&format!("{commit}/status?per_page=25"), Reply::ok(statuses)),
            ])
            .await;
            rows(up.provider.checks(&call, &repo, &at, first()).await)
        }
        "deployments" => {
            let all: Vec<Value> = serde_json::from_str(body).unwrap();
            let statuses: Vec<_> = all
                .iter()
                .map(|row| {
                    format!(
                        "repositories/7/deployments/{}/statuses?per_page=1",
                        row["id"]
                    )
                })
                .collect();
            let mut routes = vec![("repositories/7/deployments?per_page=25", Reply::ok(body))];
            routes.extend(statuses.iter().map(|target| (&**target, Reply::ok("[]"))));
            let up = Upstream::start(&routes).await;
            let filter = DeploymentFilter::default();
            rows(
                up.provider
                    .deployments(&call, &repo, &filter, first())
                    .await,
            )
        }
        "root_tree" => {
            let up = up(&format!("repositories/7/git/trees/{SHA}")).await;
            let query = TreeQuery {
                at,
                path: None,
                recursive: false,
            };
            rows(up.file_tree(&call, &repo, &query, first()).await)
        }
        other => panic!("{other} is no operation"),
    }
}
