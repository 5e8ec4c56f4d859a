//! Every read of GitLab: the requests it makes, to the letter, its answers, and what the client gets.

use gitflare_core::{
    model::{DeploymentState, PullRequestFilter},
    provider::{
        CommitId, CommitPrefix, CompareQuery, ContentQuery, DeploymentFilter, FilePath,
        RefSelector, TreePath, TreeQuery,
    },
};
use gitflare_providers::{
    conformance::{Case, Read, Reply, Slice, Subject},
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
            "utf-8",
            "120000",
            "30",
            "6",
            "3333333333333333333333333333333333333333",
            "100755",
            "diverged",
            "general",
            "inline",
            "old",
            "new",
            "approved",
            "changes_requested",
            "commented",
            "dismissed",
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
    rows.extend(contents());
    rows.push(comparison());
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
    rows.extend(talk());
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

fn talk() -> Vec<Row> {
    let below = |rest: &str| format!("projects/7/merge_requests/11/{rest}");
    let reviewers = below("reviewers?per_page=25");
    let notes =
        below("notes?sort=asc&order_by=created_at&activity_filter=only_comments&per_page=25");
    vec![
        GITLAB
            .case(
                "commits of a pull request",
                Read::PullRequestCommits(11),
                &[("commits", &below("commits?per_page=25"))],
            )
            .golden(&["commits"])
            .list("commits", "")
            .needs(&["commits/*/id"]),
        // Who approves stands in the list of reviewers once more.
        GITLAB
            .case(
                "reviews",
                Read::Reviews(11),
                &[
                    ("approvals", &below("approvals")),
                    ("reviewers", &reviewers),
                ],
            )
            .golden(&["approvals", "reviewers"])
            .list("reviewers", "")
            .needs(&[
                "approvals/approved_by",
                "approvals/approved_by/*/user",
                "approvals/approved_by/*/user/id",
                "reviewers/*/user",
                "reviewers/*/user/id",
            ]),
        GITLAB
            .case("comments", Read::Comments(11), &[("notes", &notes)])
            .golden(&["notes"])
            .list("notes", "")
            .needs(&["notes/*/id"]),
    ]
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

fn contents() -> Vec<Row> {
    let read = |at, path: &str| {
        Read::Contents(ContentQuery {
            at,
            path: FilePath::parse("path", path).unwrap(),
        })
    };
    let told = |sha: &str, size: &str, is_executable: &str| {
        Reply::ok("")
            .with("x-gitlab-blob-id", sha)
            .with("x-gitlab-size", size)
            .with("x-gitlab-commit-id", SHA)
            .with("x-gitlab-execute-filemode", is_executable)
    };
    let file = "projects/7/repository/files/docs%2Fa%20guide%2Emd";
    let link = "projects/7/repository/files/files%2Flatest";
    let folder =
        format!("projects/7/repository/tree?ref={SHA}&path=files&per_page=100&pagination=keyset");
    vec![
        GITLAB
            .case(
                "file",
                read(RefSelector::DefaultBranch, "docs/a guide.md"),
                &[],
            )
            .reply(
                "told",
                &format!("{file}?ref=HEAD"),
                told(&"3".repeat(40), "30", "true"),
            )
            .answer(
                "file",
                &format!("{file}/raw?ref={SHA}"),
                fixture("gitlab/file.txt"),
            ),
        // A line without an end reads like a link: its folder says that it is one.
        GITLAB
            .case(
                "link",
                read(RefSelector::Branch(git_ref("main")), "files/latest"),
                &[("file_tree", &folder)],
            )
            .reply(
                "told",
                &format!("{link}?ref=refs%2Fheads%2Fmain"),
                told("c3e8f8d745cc87e3a9248358d9352bb7f9a0aeba", "6", "false"),
            )
            .answer("text", &format!("{link}/raw?ref={SHA}"), "run.sh")
            .needs(&["file_tree/*/name", "file_tree/*/path", "file_tree/*/type"]),
    ]
}

fn comparison() -> Row {
    let base = "5555555555666666666677777777778888888888";
    let read = Read::Compare(CompareQuery {
        base: git_ref(base),
        head: git_ref(SHA),
        with_commits: true,
    });
    let common = format!("projects/7/repository/merge_base?refs%5B%5D={base}&refs%5B%5D={SHA}");
    let list = format!("projects/7/repository/compare?from={base}&to={SHA}&straight=false");
    GITLAB
        .case("compare", read, &[("compare", &list)])
        .answer(
            "common",
            &common,
            r#"{"id": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"}"#,
        )
        .needs(&[
            "common/id",
            "compare/commits/*/id",
            "compare/diffs",
            "compare/diffs/*/new_path",
        ])
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
