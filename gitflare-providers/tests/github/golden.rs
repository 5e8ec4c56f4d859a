//! Each operation over its fixture: the one request it makes, to the letter, and the canonical form
//! of the answer.

use gitflare_core::{
    PageRequest, Result,
    model::{DeploymentState, PullRequestFilter},
    provider::{CommitId, DeploymentFilter, Provider, RefSelector, TreePath, TreeQuery},
};
use serde::Serialize;

use crate::github::{
    SHA, TREE, Upstream, git_ref, repo,
    support::{call, call_with, replay::Reply, upstream::items},
};

fn check<T: Serialize>(name: &str, answer: Result<T>) {
    Upstream::check(name, answer);
}

#[tokio::test]
async fn the_viewer_keeps_its_nulls_and_every_request_is_pinned() {
    let up = Upstream::of("user", "profile").await;
    check("profile", up.provider.viewer(&call()).await);
    let head = up.replay.heads().remove(0);
    for line in [
        "authorization: bearer fixture-token",
        "accept: application/vnd.github+json",
        "x-github-api-version: 2022-11-28",
        "user-agent: gitflare/",
        "accept-encoding: gzip",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
}

#[tokio::test]
async fn repositories_are_those_the_person_can_see_in_an_order_that_stays() {
    let up = Upstream::of(
        "user/repos?affiliation=owner%2Ccollaborator%2Corganization_member&visibility=all&sort=created&direction=asc&per_page=25",
        "repositories",
    )
    .await;
    let page = up
        .provider
        .repositories(&call(), PageRequest::default())
        .await;
    check("repositories", items(page));
}

#[tokio::test]
async fn an_apps_repositories_come_installation_by_installation() {
    let row = |id: u64| format!(r#"{{"id": {id}, "name": "r{id}", "full_name": "mill/r{id}"}}"#);
    let listed = |rows: &[u64]| {
        let rows: Vec<_> = rows.iter().map(|id| row(*id)).collect();
        Reply::ok(format!(
            r#"{{"total_count": 9, "repositories": [{}]}}"#,
            rows.join(",")
        ))
    };
    let up = Upstream::start(&[
        ("user/installations?per_page=100", Upstream::reply("installations")),
        ("user/installations/20/repositories?per_page=25", listed(&[1, 2]).with(
            "link",
            "<https://elsewhere.example/user/installations/20/repositories?per_page=25&page=2>; rel=\"next\"",
        )),
        ("user/installations/20/repositories?per_page=25&page=2", listed(&[3])),
        ("user/installations/31/repositories?per_page=25", listed(&[])),
    ])
    .await;
    let call = call_with("ghu_fixture");
    let (mut ids, mut request) = (Vec::new(), PageRequest::default());
    loop {
        let page = up
            .provider
            .repositories(&call, request.clone())
            .await
            .unwrap();
        ids.push(
            page.items
                .iter()
                .map(|row| row.id.clone())
                .collect::<Vec<_>>(),
        );
        match page.next {
            Some(next) => request.position = Some(next),
            None => break,
        }
    }
    // The suspended one in between is left out.
    assert_eq!(ids, [vec!["1", "2"], vec!["3"], vec![]]);
}

#[tokio::test]
async fn a_repository_is_read_by_its_number_and_by_its_name() {
    let up = Upstream::of("repositories/7", "repository").await;
    check("repository", up.provider.repository(&call(), &repo()).await);
    let up = Upstream::of("repos/mill/loom-engine", "repository").await;
    let found = up
        .provider
        .find_repository(&call(), "mill/loom-engine")
        .await;
    check("repository", found);
    // sec: SR-7
    for name in [
        "mill",
        "mill/",
        "/loom",
        "mill/../x",
        "mill/a/b",
        "mi%2Fll/x",
        "a b/c",
        "mill/..",
    ] {
        let refused = up
            .provider
            .find_repository(&call(), name)
            .await
            .unwrap_err();
        assert_eq!(
            refused.code(),
            gitflare_core::Code::InvalidRequest,
            "{name}"
        );
    }
    assert_eq!(up.asked().len(), 1);
}

#[tokio::test]
async fn branches() {
    let up = Upstream::of("repositories/7/branches?per_page=25", "branches").await;
    let page = up
        .provider
        .branches(&call(), &repo(), PageRequest::default())
        .await;
    check("branches", items(page));
}

#[tokio::test]
async fn tags() {
    let up = Upstream::of("repositories/7/tags?per_page=25", "tags").await;
    let page = up
        .provider
        .tags(&call(), &repo(), PageRequest::default())
        .await;
    check("tags", items(page));
}

#[tokio::test]
async fn contributors_include_those_without_an_account() {
    let up = Upstream::of(
        "repositories/7/contributors?anon=1&per_page=25",
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
async fn releases_mark_their_drafts() {
    let up = Upstream::of("repositories/7/releases?per_page=25", "releases").await;
    let page = up
        .provider
        .releases(&call(), &repo(), PageRequest::default())
        .await;
    check("releases", items(page));
}

#[tokio::test]
async fn commits_of_the_default_branch_and_of_a_named_one() {
    for (branch, target) in [
        (None, "repositories/7/commits?per_page=25"),
        (
            Some("feature/warp-3"),
            "repositories/7/commits?sha=feature%2Fwarp-3&per_page=25",
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
async fn a_commit_diff_walks_the_pages_of_its_files() {
    let path = format!("repositories/7/commits/{SHA}");
    let link = format!("<https://api.example/{path}?page=2>; rel=\"next\"");
    let more = r#"{"sha": "x", "files": [{"filename": "last", "status": "added", "additions": 1, "deletions": 0, "changes": 1, "patch": "@@ -0,0 +1 @@\n+z"}]}"#;
    let up = Upstream::start(&[
        (&path, Upstream::reply("commit").with("link", link)),
        (&format!("{path}?page=2"), Reply::ok(more)),
    ])
    .await;
    let commit = CommitId::parse(SHA).unwrap();
    let diff = up.provider.commit_diff(&call(), &repo(), &commit).await;
    check("commit_diff", diff);
}

#[tokio::test]
async fn merged_pull_requests_are_told_from_closed_ones() {
    for (state, word, numbers) in [
        (PullRequestFilter::Open, "open", vec![14, 13, 12, 11]),
        (PullRequestFilter::Closed, "closed", vec![12]),
        (PullRequestFilter::Merged, "closed", vec![11]),
        (PullRequestFilter::All, "all", vec![14, 13, 12, 11]),
    ] {
        let target =
            format!("repositories/7/pulls?state={word}&sort=created&direction=desc&per_page=25");
        let up = Upstream::of(&target, "pull_requests").await;
        let page = up
            .provider
            .pull_requests(&call(), &repo(), state, PageRequest::default())
            .await;
        let pulls = items(page).unwrap();
        let got: Vec<_> = pulls.iter().map(|pull| pull.number).collect();
        assert_eq!(got, numbers, "{word}");
        if state == PullRequestFilter::All {
            check("pull_requests", Ok(pulls));
        }
    }
}

#[tokio::test]
async fn a_pull_request_diff_knows_what_it_lacks() {
    let up = Upstream::start(&[
        ("repositories/7/pulls/14", Upstream::reply("pull_request")),
        (
            "repositories/7/pulls/14/files?per_page=100",
            Upstream::reply("files"),
        ),
    ])
    .await;
    let diff = up.provider.pull_request_diff(&call(), &repo(), 14).await;
    check("pull_request_diff", diff);
}

#[tokio::test]
async fn checks_are_runs_then_statuses_of_the_commit_that_the_ref_leads_to() {
    let runs = format!("repositories/7/commits/{SHA}/check-runs?filter=latest&per_page=25");
    let statuses = format!("repositories/7/commits/{SHA}/status?per_page=25");
    let tip = format!(r#"{{"sha": "{SHA}"}}"#);
    for (at, resolving, body) in [
        (
            RefSelector::DefaultBranch,
            Some("repositories/7/commits?per_page=1"),
            format!("[{tip}]"),
        ),
        (
            RefSelector::Branch(git_ref("feature/warp-3")),
            Some("repositories/7/commits/heads%2Ffeature%2Fwarp-3?per_page=1"),
            tip.clone(),
        ),
        (
            RefSelector::Ref(git_ref("v2.0.0")),
            Some("repositories/7/commits/v2.0.0?per_page=1"),
            tip.clone(),
        ),
        (RefSelector::Ref(git_ref(SHA)), None, String::new()),
    ] {
        let mut routes = vec![
            (runs.as_str(), Upstream::reply("check_runs")),
            (statuses.as_str(), Upstream::reply("statuses")),
        ];
        routes.extend(resolving.map(|target| (target, Reply::ok(body))));
        let up = Upstream::start(&routes).await;
        let first = up
            .provider
            .checks(&call(), &repo(), &at, PageRequest::default())
            .await
            .unwrap();
        let request = PageRequest {
            position: first.next,
            ..PageRequest::default()
        };
        check("check_runs", Ok(first.items));
        let last = up.provider.checks(&call(), &repo(), &at, request).await;
        check("statuses", items(last));
        let expected: Vec<_> = resolving.into_iter().chain([&*runs, &*statuses]).collect();
        assert_eq!(up.asked(), expected);
    }
}

#[tokio::test]
async fn a_commit_without_runs_answers_its_statuses_at_once() {
    let up = Upstream::start(&[
        (
            &format!("repositories/7/commits/{SHA}/check-runs?filter=latest&per_page=25"),
            Reply::ok(r#"{"total_count": 0, "check_runs": []}"#),
        ),
        (
            &format!("repositories/7/commits/{SHA}/status?per_page=25"),
            Upstream::reply("statuses"),
        ),
    ])
    .await;
    let at = RefSelector::Ref(git_ref(SHA));
    let page = up
        .provider
        .checks(&call(), &repo(), &at, PageRequest::default())
        .await;
    check("statuses", items(page));
}

#[tokio::test]
async fn deployments_have_the_newest_of_their_states() {
    let state = |id: u32| format!("repositories/7/deployments/{id}/statuses?per_page=1");
    for (environment, wanted, target, ids) in [
        (
            None,
            None,
            "repositories/7/deployments?per_page=25",
            vec!["9", "8"],
        ),
        (
            Some("review/warp"),
            None,
            "repositories/7/deployments?environment=review%2Fwarp&per_page=25",
            vec!["9", "8"],
        ),
        (
            None,
            Some(DeploymentState::Inactive),
            "repositories/7/deployments?per_page=25",
            vec!["9"],
        ),
        (
            None,
            Some(DeploymentState::Pending),
            "repositories/7/deployments?per_page=25",
            vec![],
        ),
    ] {
        let up = Upstream::start(&[
            (target, Upstream::reply("deployments")),
            (
                &state(9),
                Reply::ok(r#"[{"state": "inactive"}, {"state": "success"}]"#),
            ),
            (&state(8), Reply::ok("[]")),
        ])
        .await;
        let filter = DeploymentFilter {
            environment: environment.map(str::to_owned),
            state: wanted,
        };
        let page = up
            .provider
            .deployments(&call(), &repo(), &filter, PageRequest::default())
            .await;
        let deployments = items(page).unwrap();
        let got: Vec<_> = deployments
            .iter()
            .map(|deployment| &*deployment.id)
            .collect();
        assert_eq!(got, ids);
        if environment.is_none() && wanted.is_none() {
            check("deployments", Ok(deployments));
        }
    }
}

#[tokio::test]
async fn a_file_tree_is_of_one_tree_and_its_paths_start_at_the_root() {
    let sub = "eeeeeeeeeeffffffffff00000000001111111111";
    let up = Upstream::start(&[
        (
            "repositories/7/commits/heads%2Fmain?per_page=1",
            Reply::ok(format!(r#"{{"sha": "{SHA}"}}"#)),
        ),
        (&format!("repositories/7/git/trees/{SHA}"), Upstream::reply("root_tree")),
        (
            &format!("repositories/7/git/trees/{TREE}"),
            Reply::ok(format!(
                r#"{{"sha": "{TREE}", "truncated": false, "tree": [{{"path": "C# & co", "mode": "040000", "type": "tree", "sha": "{sub}"}}]}}"#
            )),
        ),
        (&format!("repositories/7/git/trees/{sub}?recursive=1"), Upstream::reply("file_tree")),
    ])
    .await;
    let query = |path: Option<&str>, recursive| TreeQuery {
        at: RefSelector::Branch(git_ref("main")),
        path: path.map(|path| TreePath::parse("path", path).unwrap()),
        recursive,
    };
    let list = async |query: &TreeQuery| {
        up.provider
            .file_tree(&call(), &repo(), query, PageRequest::default())
            .await
    };
    check(
        "file_tree",
        items(list(&query(Some("files/C# & co"), true)).await),
    );
    check("root_tree", items(list(&query(None, false)).await));
    // One file is a list of one.
    let file = items(list(&query(Some("README.md"), false)).await).unwrap();
    assert_eq!(file.len(), 1);
    assert_eq!((&*file[0].path, file[0].size), ("README.md", Some(30)));
    for path in ["absent", "README.md/below", "files/absent"] {
        let missing = list(&query(Some(path), false)).await.unwrap_err();
        assert_eq!(
            missing.code(),
            gitflare_core::Code::ResourceNotFound,
            "{path}"
        );
    }
}
