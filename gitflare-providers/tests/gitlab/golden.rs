//! Each operation over its fixture: the one request it makes, to the letter, and the canonical form
//! of the answer.

use gitflare_core::{
    PageRequest, Result,
    model::{DeploymentState, PullRequestFilter},
    provider::{CommitId, DeploymentFilter, Provider, RefSelector, RepoRef, TreePath, TreeQuery},
};
use serde::Serialize;

use crate::gitlab::{
    SHA, Upstream, git_ref, repo,
    support::{
        call,
        replay::{Reply, fixture},
        upstream::items,
    },
};

fn check<T: Serialize>(name: &str, answer: Result<T>) {
    Upstream::check(name, answer);
}

#[tokio::test]
async fn the_viewer_has_no_address_that_the_person_hides() {
    let up = Upstream::of("user", "profile").await;
    check("profile", up.provider.viewer(&call()).await);
    let head = up.replay.heads().remove(0);
    for line in [
        "authorization: bearer fixture-token",
        "accept: application/json",
        "user-agent: gitflare/",
        "accept-encoding: gzip",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
}

#[tokio::test]
async fn repositories_are_those_of_the_member_and_carry_no_secret() {
    let up = Upstream::of(
        "projects?membership=true&order_by=id&sort=asc&per_page=25&pagination=keyset",
        "repositories",
    )
    .await;
    let page = up
        .provider
        .repositories(&call(), PageRequest::default())
        .await;
    check("repositories", items(page));
    assert!(fixture("gitlab/repositories.json").contains("fixture-must-not-be-kept"));
    assert!(!fixture("gitlab/repositories.golden.json").contains("fixture-must-not-be-kept"));
}

#[tokio::test]
async fn a_repository_is_read_by_id_and_by_its_whole_path_as_one_segment() {
    for (key, target) in [
        ("7", "projects/7"),
        (
            "mill/weavers/loom-engine",
            "projects/mill%2Fweavers%2Floom-engine",
        ),
    ] {
        let up = Upstream::of(target, "repository").await;
        let repo = RepoRef {
            id: key.to_owned(),
            full_name: None,
        };
        check("repository", up.provider.repository(&call(), &repo).await);
        check(
            "repository",
            up.provider.find_repository(&call(), key).await,
        );
    }
}

#[tokio::test]
async fn branches() {
    let up = Upstream::of(
        "projects/7/repository/branches?per_page=25&pagination=keyset",
        "branches",
    )
    .await;
    let page = up
        .provider
        .branches(&call(), &repo(), PageRequest::default())
        .await;
    check("branches", items(page));
}

#[tokio::test]
async fn tags() {
    let up = Upstream::of(
        "projects/7/repository/tags?order_by=updated&sort=desc&per_page=25&pagination=keyset",
        "tags",
    )
    .await;
    let page = up
        .provider
        .tags(&call(), &repo(), PageRequest::default())
        .await;
    check("tags", items(page));
}

#[tokio::test]
async fn contributors_come_largest_first() {
    let up = Upstream::of(
        "projects/7/repository/contributors?order_by=commits&sort=desc&per_page=25",
        "contributors",
    )
    .await;
    let page = up
        .provider
        .contributors(&call(), &repo(), PageRequest::default())
        .await;
    check("contributors", items(page));
}

#[tokio::test]
async fn releases() {
    let up = Upstream::of(
        "projects/7/releases?order_by=released_at&sort=desc&per_page=25",
        "releases",
    )
    .await;
    let page = up
        .provider
        .releases(&call(), &repo(), PageRequest::default())
        .await;
    check("releases", items(page));
}

#[tokio::test]
async fn commits_of_the_default_branch_and_of_a_named_one() {
    for (branch, target) in [
        (None, "projects/7/repository/commits?per_page=25"),
        (
            Some("feature/warp-3"),
            "projects/7/repository/commits?ref_name=feature%2Fwarp-3&per_page=25",
        ),
    ] {
        let up = Upstream::of(target, "commits").await;
        let branch = branch.map(git_ref);
        let page = up
            .provider
            .commits(&call(), &repo(), branch.as_ref(), PageRequest::default())
            .await;
        check("commits", items(page));
    }
}

#[tokio::test]
async fn a_commit_diff_has_the_totals_of_the_commit() {
    let up = Upstream::start(&[
        (
            &format!("projects/7/repository/commits/{SHA}"),
            Reply::fixture("gitlab/commit.json"),
        ),
        (
            &format!("projects/7/repository/commits/{SHA}/diff?per_page=100"),
            Reply::fixture("gitlab/diff.json"),
        ),
    ])
    .await;
    let commit = CommitId::parse(SHA).unwrap();
    check(
        "commit_diff",
        up.provider.commit_diff(&call(), &repo(), &commit).await,
    );
}

#[tokio::test]
async fn every_state_of_pull_requests_is_sent_in_gitlabs_word() {
    for (state, word) in [
        (PullRequestFilter::Open, "opened"),
        (PullRequestFilter::Closed, "closed"),
        (PullRequestFilter::Merged, "merged"),
        (PullRequestFilter::All, "all"),
    ] {
        let target = format!(
            "projects/7/merge_requests?state={word}&order_by=created_at&sort=desc&per_page=25"
        );
        let up = Upstream::of(&target, "pull_requests").await;
        let page = up
            .provider
            .pull_requests(&call(), &repo(), state, PageRequest::default())
            .await;
        check("pull_requests", items(page));
    }
}

#[tokio::test]
async fn a_pull_request_diff_counts_what_it_can() {
    let up = Upstream::start(&[
        (
            "projects/7/merge_requests/12",
            Reply::fixture("gitlab/pull_request.json"),
        ),
        (
            "projects/7/merge_requests/12/diffs?per_page=100",
            Reply::fixture("gitlab/diff.json"),
        ),
    ])
    .await;
    check(
        "pull_request_diff",
        up.provider.pull_request_diff(&call(), &repo(), 12).await,
    );
}

#[tokio::test]
async fn checks_are_asked_for_by_the_commit_that_the_ref_leads_to() {
    let tip = format!("[{{\"id\": \"{SHA}\"}}]");
    let statuses = format!(
        "projects/7/repository/commits/{SHA}/statuses?all=false&order_by=id&sort=desc&per_page=25"
    );
    let of_branch = format!(
        "projects/7/repository/commits/{SHA}/statuses?all=false&order_by=id&sort=desc&ref=feature%2Fwarp-3&per_page=25"
    );
    for (at, resolving, target) in [
        (
            RefSelector::DefaultBranch,
            Some("projects/7/repository/commits?per_page=1"),
            &statuses,
        ),
        (
            RefSelector::Branch(git_ref("feature/warp-3")),
            Some("projects/7/repository/commits?ref_name=feature%2Fwarp-3&per_page=1"),
            &of_branch,
        ),
        (
            RefSelector::Ref(git_ref("v2.0.0")),
            Some("projects/7/repository/commits?ref_name=v2.0.0&per_page=1"),
            &statuses,
        ),
        (RefSelector::Ref(git_ref(SHA)), None, &statuses),
    ] {
        let mut routes = vec![(target.as_str(), Reply::fixture("gitlab/checks.json"))];
        routes.extend(resolving.map(|target| (target, Reply::ok(tip.as_str()))));
        let up = Upstream::start(&routes).await;
        let page = up
            .provider
            .checks(&call(), &repo(), &at, PageRequest::default())
            .await;
        check("checks", items(page));
        let asked: Vec<_> = resolving.into_iter().chain([target.as_str()]).collect();
        assert_eq!(up.asked(), asked);
    }
}

#[tokio::test]
async fn deployments_are_filtered_upstream_or_refused() {
    let base = "projects/7/deployments?order_by=id&sort=desc";
    for (environment, state, more) in [
        (None, None, ""),
        (Some("review/warp"), None, "&environment=review%2Fwarp"),
        (None, Some((DeploymentState::Pending, "created")), ""),
        (None, Some((DeploymentState::InProgress, "running")), ""),
        (None, Some((DeploymentState::Failure, "failed")), ""),
        (
            Some("production"),
            Some((DeploymentState::Success, "success")),
            "&environment=production",
        ),
        (None, Some((DeploymentState::Cancelled, "canceled")), ""),
    ] {
        let status = state.map_or(String::new(), |(_, word)| format!("&status={word}"));
        let up = Upstream::of(&format!("{base}{more}{status}&per_page=25"), "deployments").await;
        let filter = DeploymentFilter {
            environment: environment.map(str::to_owned),
            state: state.map(|(state, _)| state),
        };
        let page = up
            .provider
            .deployments(&call(), &repo(), &filter, PageRequest::default())
            .await;
        check("deployments", items(page));
    }
    let up = Upstream::start(&[]).await;
    for state in [
        DeploymentState::Queued,
        DeploymentState::Error,
        DeploymentState::Inactive,
    ] {
        let filter = DeploymentFilter {
            environment: None,
            state: Some(state),
        };
        let error = up
            .provider
            .deployments(&call(), &repo(), &filter, PageRequest::default())
            .await
            .unwrap_err();
        assert_eq!(error.code(), gitflare_core::Code::InvalidRequest);
        assert_eq!(
            error.message(),
            "GitLab has no deployments in that `state`; it must be one of: pending, in_progress, success, failure, cancelled."
        );
    }
    assert!(up.asked().is_empty(), "refused before anything is asked");
}

#[tokio::test]
async fn a_file_tree_is_of_the_commit_that_the_ref_leads_to() {
    let tip = format!("[{{\"id\": \"{SHA}\"}}]");
    let tree = format!(
        "projects/7/repository/tree?ref={SHA}&recursive=true&path=files%2FC%23+%26+co&per_page=25&pagination=keyset"
    );
    let up = Upstream::start(&[
        (
            "projects/7/repository/commits?ref_name=main&per_page=1",
            Reply::ok(tip),
        ),
        (&tree, Reply::fixture("gitlab/file_tree.json")),
    ])
    .await;
    let query = TreeQuery {
        at: RefSelector::Branch(git_ref("main")),
        path: Some(TreePath::parse("path", "files/C# & co").unwrap()),
        recursive: true,
    };
    let page = up
        .provider
        .file_tree(&call(), &repo(), &query, PageRequest::default())
        .await;
    check("file_tree", items(page));
}
