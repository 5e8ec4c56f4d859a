//! Every read of GitLab: the requests it makes, to the letter, its answers, and what the client gets.

use gitflare_core::{
    model::{DeploymentState, PullRequestFilter},
    provider::{CommitId, CommitPrefix, DeploymentFilter, RefSelector, TreePath, TreeQuery},
};
use gitflare_providers::{
    conformance::{Case, Read, Slice, Subject},
    gitlab::Gitlab,
};
use url::Url;

use crate::gitlab::{
    SHA, git_ref, repo,
    support::table::{Row, Table, fixture, number},
};

const GITLAB: Table = Table("gitlab");

pub(crate) fn subject() -> Subject {
    Subject {
        adapter: |stand_in| {
            let url = format!("{}/api/v4", stand_in.url());
            Box::new(Gitlab::new(stand_in.http(), &url).unwrap())
        },
        base: "/api/v4",
        repo: repo(),
        own_words: &[
            "gitlab",
            "conn_conformance",
            "user",
            "group",
            "added",
            "removed",
            "renamed",
            "modified",
            "type_changed",
            "merged",
            "closed",
            "open",
            "completed",
            "in_progress",
            "queued",
            "failure",
            "neutral",
            "cancelled",
            "skipped",
            "action_required",
            "pending",
            "file",
            "directory",
            "symlink",
            "submodule",
        ],
        page,
        cases: cases(),
    }
}

/// By token, named in a `Link`, what is asked for by keyset; by number, in a header, everything else.
fn page(url: &Url, total: usize) -> Slice {
    let size = number(url, "per_page").unwrap_or(20);
    let start = match number(url, "page_token") {
        Some(token) => token,
        None => (number(url, "page").unwrap_or(1) - 1) * size,
    };
    let end = total.min(start + size);
    let by_keyset = url.query_pairs().any(|(key, _)| key == "pagination");
    let more = if by_keyset {
        (
            "link",
            format!("<{}?page_token={end}>; rel=\"next\"", url.path()),
        )
    } else {
        ("x-next-page", (end / size + 1).to_string())
    };
    Slice {
        rows: start..end,
        headers: if end < total { vec![more] } else { Vec::new() },
        members: Vec::new(),
    }
}

fn cases() -> Vec<Case> {
    let mut rows = account();
    rows.extend(around());
    rows.extend(history());
    rows.extend(merge_requests());
    rows.extend(checks_and_trees());
    rows.extend(deployments());
    rows.into_iter().map(Row::done).collect()
}

fn account() -> Vec<Row> {
    let path = "mill/weavers/loom-engine";
    let repository = [
        "repository/id",
        "repository/path",
        "repository/path_with_namespace",
    ];
    let by_keyset =
        |rest: &str| format!("projects/7/repository/{rest}per_page=25&pagination=keyset");
    let own = "projects?membership=true&order_by=id&sort=asc&per_page=25&pagination=keyset";
    vec![
        GITLAB
            .case("profile", Read::Viewer, &[("profile", "user")])
            .needs(&["profile/id"]),
        GITLAB
            .case("repositories", Read::Repositories, &[("repositories", own)])
            .list("repositories", "")
            .needs(&[
                "repositories/*/id",
                "repositories/*/path",
                "repositories/*/path_with_namespace",
            ]),
        GITLAB
            .case(
                "repository",
                Read::Repository,
                &[("repository", "projects/7")],
            )
            .needs(&repository),
        // The whole path is one segment.
        GITLAB
            .case(
                "a repository by path",
                Read::RepositoryNamed(path.to_owned()),
                &[("repository", "projects/mill%2Fweavers%2Floom-engine")],
            )
            .golden(&["repository"])
            .needs(&repository),
        GITLAB
            .case(
                "branches",
                Read::Branches,
                &[("branches", &by_keyset("branches?"))],
            )
            .list("branches", "")
            .needs(&[
                "branches/*/commit",
                "branches/*/commit/id",
                "branches/*/name",
            ]),
        GITLAB
            .case(
                "tags",
                Read::Tags,
                &[("tags", &by_keyset("tags?order_by=updated&sort=desc&"))],
            )
            .list("tags", "")
            .needs(&["tags/*/name"]),
        GITLAB
            .case(
                "contributors",
                Read::Contributors,
                &[(
                    "contributors",
                    "projects/7/repository/contributors?order_by=commits&sort=desc&per_page=25",
                )],
            )
            .list("contributors", ""),
        GITLAB
            .case(
                "releases",
                Read::Releases,
                &[(
                    "releases",
                    "projects/7/releases?order_by=released_at&sort=desc&per_page=25",
                )],
            )
            .list("releases", ""),
    ]
}

fn around() -> Vec<Row> {
    vec![
        GITLAB
            .case(
                "forks",
                Read::Forks,
                &[(
                    "repositories",
                    "projects/7/forks?order_by=id&sort=asc&per_page=25",
                )],
            )
            .golden(&["repositories"])
            .list("repositories", "")
            .needs(&[
                "repositories/*/id",
                "repositories/*/path",
                "repositories/*/path_with_namespace",
            ]),
        GITLAB
            .case(
                "labels",
                Read::Labels,
                &[("labels", "projects/7/labels?per_page=25")],
            )
            .list("labels", ""),
        GITLAB
            .case(
                "stargazers",
                Read::Stargazers,
                &[("starrers", "projects/7/starrers?per_page=25")],
            )
            .golden(&["people"])
            .list("starrers", "")
            .needs(&["starrers/*/user"]),
        GITLAB
            .case(
                "assignees",
                Read::Assignees,
                &[("people", "projects/7/users?per_page=25")],
            )
            .golden(&["people"])
            .list("people", ""),
    ]
}

fn history() -> Vec<Row> {
    let commit = format!("projects/7/repository/commits/{SHA}");
    let list = |query: &str| format!("projects/7/repository/commits?{query}per_page=25");
    vec![
        GITLAB
            .case("commits", Read::Commits(None), &[("commits", &list(""))])
            .list("commits", "")
            .needs(&["commits/*/id"]),
        GITLAB
            .case(
                "commits of a branch",
                Read::Commits(Some(git_ref("feature/warp-3"))),
                &[(
                    "commits",
                    &list("ref_name=refs%2Fheads%2Ffeature%2Fwarp-3&"),
                )],
            )
            .golden(&["commits"])
            .needs(&["commits/*/id"]),
        GITLAB
            .case(
                "single_commit",
                Read::Commit(CommitPrefix::parse("1111111111").unwrap()),
                &[(
                    "commit",
                    "projects/7/repository/commits/1111111111?stats=true",
                )],
            )
            .needs(&["commit/id"]),
        GITLAB
            .case(
                "commit_diff",
                Read::CommitDiff(CommitId::parse(SHA).unwrap()),
                &[
                    ("commit", &commit),
                    ("diff", &format!("{commit}/diff?per_page=100")),
                ],
            )
            .needs(&["commit/id", "diff/*/new_path"]),
    ]
}

fn merge_requests() -> Vec<Row> {
    let states = [
        ("pull_requests", PullRequestFilter::All, "all"),
        ("open pull requests", PullRequestFilter::Open, "opened"),
        ("closed pull requests", PullRequestFilter::Closed, "closed"),
        ("merged pull requests", PullRequestFilter::Merged, "merged"),
    ];
    let mut rows: Vec<Row> = states
        .into_iter()
        .map(|(name, state, word)| {
            let target = format!(
                "projects/7/merge_requests?state={word}&order_by=created_at&sort=desc&per_page=25"
            );
            GITLAB
                .case(
                    name,
                    Read::PullRequests(state),
                    &[("pull_requests", &target)],
                )
                .golden(&["pull_requests"])
                .list("pull_requests", "")
                .needs(&["pull_requests/*/id", "pull_requests/*/iid"])
        })
        .collect();
    rows.push(
        GITLAB
            .case(
                "single_pull_request",
                Read::PullRequest(11),
                &[("single_pull_request", "projects/7/merge_requests/11")],
            )
            .needs(&["single_pull_request/id", "single_pull_request/iid"]),
    );
    rows.push(
        GITLAB
            .case(
                "pull_request_diff",
                Read::PullRequestDiff(12),
                &[
                    ("pull_request", "projects/7/merge_requests/12"),
                    ("diff", "projects/7/merge_requests/12/diffs?per_page=100"),
                ],
            )
            .needs(&["diff/*/new_path"]),
    );
    rows
}

fn checks_and_trees() -> Vec<Row> {
    let tip = format!("[{{\"id\": \"{SHA}\"}}]");
    let tip_of = |query: &str| format!("projects/7/repository/commits?{query}per_page=1");
    let checks = |name, at, query: &str| {
        let target = format!(
            "projects/7/repository/commits/{SHA}/statuses?all=false&order_by=id&sort=desc{query}&per_page=25"
        );
        GITLAB
            .case(name, Read::Checks(at), &[("checks", &target)])
            .golden(&["checks"])
            .list("checks", "")
    };
    let branch = RefSelector::Branch(git_ref("feature/warp-3"));
    let tree = format!(
        "projects/7/repository/tree?ref={SHA}&recursive=true&path=files%2FC%23+%26+co&per_page=25&pagination=keyset"
    );
    let query = TreeQuery {
        at: RefSelector::Branch(git_ref("main")),
        path: Some(TreePath::parse("path", "files/C# & co").unwrap()),
        recursive: true,
    };
    vec![
        checks("checks", RefSelector::Ref(git_ref(SHA)), "").needs(&["checks/*/id"]),
        checks(
            "checks of the default branch",
            RefSelector::DefaultBranch,
            "",
        )
        .answer("tip", &tip_of(""), &*tip)
        .needs(&["checks/*/id", "tip/*", "tip/*/id"]),
        checks("checks of a branch", branch, "&ref=feature%2Fwarp-3")
            .answer(
                "tip",
                &tip_of("ref_name=refs%2Fheads%2Ffeature%2Fwarp-3&"),
                &*tip,
            )
            .needs(&["checks/*/id", "tip/*", "tip/*/id"]),
        checks("checks of a tag", RefSelector::Ref(git_ref("v2.0.0")), "")
            .answer("tip", &tip_of("ref_name=v2.0.0&"), &*tip)
            .needs(&["checks/*/id", "tip/*", "tip/*/id"]),
        GITLAB
            .case("file_tree", Read::FileTree(query), &[("file_tree", &tree)])
            .answer("tip", &tip_of("ref_name=refs%2Fheads%2Fmain&"), &*tip)
            .list("file_tree", "")
            .needs(&[
                "file_tree/*/name",
                "file_tree/*/path",
                "file_tree/*/type",
                "tip/*",
                "tip/*/id",
            ]),
    ]
}

fn deployments() -> Vec<Row> {
    let row = |name, environment: Option<&str>, state, query: &str| {
        let target = format!("projects/7/deployments?order_by=id&sort=desc{query}&per_page=25");
        let filter = DeploymentFilter {
            environment: environment.map(str::to_owned),
            state,
        };
        GITLAB
            .case(name, Read::Deployments(filter), &[("deployments", &target)])
            .golden(&["deployments"])
            .list("deployments", "")
            .needs(&["deployments/*/id"])
    };
    let in_state =
        |name, state, word: &str| row(name, None, Some(state), &format!("&status={word}"));
    vec![
        row("deployments", None, None, ""),
        row(
            "deployments to an environment",
            Some("review/warp"),
            Some(DeploymentState::Success),
            "&environment=review%2Fwarp&status=success",
        ),
        pending(),
        in_state(
            "running deployments",
            DeploymentState::InProgress,
            "running",
        ),
        in_state("failed deployments", DeploymentState::Failure, "failed"),
        in_state(
            "cancelled deployments",
            DeploymentState::Cancelled,
            "canceled",
        ),
    ]
}

/// Two of GitLab's words are one of ours; it takes one at a time.
fn pending() -> Row {
    let target = |word: &str| {
        format!("projects/7/deployments?order_by=id&sort=desc&status={word}&per_page=25")
    };
    let filter = DeploymentFilter {
        environment: None,
        state: Some(DeploymentState::Pending),
    };
    let blocked = fixture("gitlab/deployments.json");
    GITLAB
        .case(
            "pending deployments",
            Read::Deployments(filter),
            &[("deployments", &target("created"))],
        )
        .answer("blocked", &target("blocked"), blocked)
        .golden(&["deployments", "deployments"])
        .needs(&["blocked/*/id", "deployments/*/id"])
}

#[tokio::test]
async fn gitlab_keeps_every_promise_of_an_adapter() {
    subject().run().await;
}
