//! Every read of GitHub: the requests it makes, to the letter, its answers, and what the client gets.

use gitflare_core::{
    model::{DeploymentState, PullRequestFilter},
    provider::{
        CommitId, CommitPrefix, CompareQuery, ContentQuery, DeploymentFilter, FilePath,
        RefSelector, TreePath, TreeQuery,
    },
};
use gitflare_providers::{
    conformance::{Case, Read, Reply, Slice, Subject},
    github::Github,
};
use url::Url;

use crate::github::{
    SHA, TREE, git_ref, repo,
    support::table::{Row, Table, fixture, number},
};

const GITHUB: Table = Table("github");
const SUB: &str = "eeeeeeeeeeffffffffff00000000001111111111";

pub(crate) fn subject() -> Subject {
    Subject {
        adapter: |stand_in| {
            let url = format!("{}/api/v3", stand_in.url());
            Box::new(Github::new(stand_in.http(), &url).unwrap())
        },
        base: "/api/v3",
        repo: repo(),
        own_words: &[
            "github",
            "conn_conformance",
            "user",
            "organization",
            "public",
            "modified",
            "added",
            "removed",
            "type_changed",
            "merged",
            "closed",
            "open",
            "completed",
            "in_progress",
            "queued",
            "failure",
            "pending",
            "utf-8",
            "30",
            "9",
            "diverged",
            "general",
            "inline",
            "old",
            "new",
            "approved",
            "changes_requested",
            "commented",
            "dismissed",
            "run:",
            "status:",
            "files/C# & co/",
            "file",
            "directory",
            "symlink",
            "submodule",
        ],
        page,
        cases: cases(),
    }
}

/// Pages by number, named in a `Link`. A tree comes whole.
fn page(url: &Url, total: usize) -> Slice {
    let size = number(url, "per_page").unwrap_or(total);
    let page = number(url, "page").unwrap_or(1);
    let end = total.min(page * size);
    let next = format!("<{}?page={}>; rel=\"next\"", url.path(), page + 1);
    Slice {
        rows: (page - 1) * size..end,
        headers: if end < total {
            vec![("link", next)]
        } else {
            Vec::new()
        },
        members: Vec::new(),
    }
}

fn cases() -> Vec<Case> {
    let mut rows = account();
    rows.extend(around());
    rows.extend(history());
    rows.extend(pull_requests());
    rows.extend(checks());
    rows.extend(deployments());
    rows.extend(trees());
    rows.extend(contents());
    rows.push(comparison());
    rows.into_iter()
        .map(Row::done)
        .map(without_filtered)
        .collect()
}

/// Of the golden rows, those that GitHub's list cannot be asked for by themselves.
fn without_filtered(mut case: Case) -> Case {
    let kept: Option<&[usize]> = match case.name {
        "closed pull requests" => Some(&[2]),
        "merged pull requests" => Some(&[3]),
        "inactive deployments" => Some(&[0]),
        "pending deployments" => Some(&[1]),
        // One file is a list of one.
        "a file" => Some(&[0]),
        _ => None,
    };
    if let Some(kept) = kept {
        case.golden = kept.iter().map(|at| case.golden[*at].clone()).collect();
    }
    case
}

fn account() -> Vec<Row> {
    let named = Read::RepositoryNamed("mill/loom-engine".to_owned());
    let repository = ["repository/full_name", "repository/id", "repository/name"];
    let own = "user/repos?affiliation=owner%2Ccollaborator%2Corganization_member&visibility=all&sort=created&direction=asc&per_page=25";
    vec![
        GITHUB
            .case("profile", Read::Viewer, &[("profile", "user")])
            .needs(&["profile/id"]),
        GITHUB
            .case("repositories", Read::Repositories, &[("repositories", own)])
            .list("repositories", "")
            .needs(&[
                "repositories/*/full_name",
                "repositories/*/id",
                "repositories/*/name",
            ]),
        GITHUB
            .case(
                "repository",
                Read::Repository,
                &[("repository", "repositories/7")],
            )
            .needs(&repository),
        GITHUB
            .case(
                "a repository by name",
                named,
                &[("repository", "repos/mill/loom-engine")],
            )
            .golden(&["repository"])
            .needs(&repository),
        GITHUB
            .case(
                "branches",
                Read::Branches,
                &[("branches", "repositories/7/branches?per_page=25")],
            )
            .list("branches", "")
            .needs(&[
                "branches/*/commit",
                "branches/*/commit/sha",
                "branches/*/name",
            ]),
        GITHUB
            .case(
                "tags",
                Read::Tags,
                &[("tags", "repositories/7/tags?per_page=25")],
            )
            .list("tags", "")
            .needs(&["tags/*/name"]),
        GITHUB
            .case(
                "contributors",
                Read::Contributors,
                &[(
                    "contributors",
                    "repositories/7/contributors?anon=1&per_page=25",
                )],
            )
            .list("contributors", ""),
        GITHUB
            .case(
                "releases",
                Read::Releases,
                &[("releases", "repositories/7/releases?per_page=25")],
            )
            .list("releases", ""),
    ]
}

fn around() -> Vec<Row> {
    let people = |name, read, list: &str| {
        let target = format!("repositories/7/{list}?per_page=25");
        GITHUB
            .case(name, read, &[("people", &target)])
            .golden(&["people"])
            .list("people", "")
    };
    vec![
        GITHUB
            .case(
                "forks",
                Read::Forks,
                &[(
                    "repositories",
                    "repositories/7/forks?sort=oldest&per_page=25",
                )],
            )
            .golden(&["repositories"])
            .list("repositories", "")
            .needs(&[
                "repositories/*/full_name",
                "repositories/*/id",
                "repositories/*/name",
            ]),
        GITHUB
            .case(
                "labels",
                Read::Labels,
                &[("labels", "repositories/7/labels?per_page=25")],
            )
            .list("labels", ""),
        people("stargazers", Read::Stargazers, "stargazers"),
        // Whom GitHub calls watchers elsewhere gave a star.
        people("watchers", Read::Watchers, "subscribers"),
        people("assignees", Read::Assignees, "assignees"),
    ]
}

fn history() -> Vec<Row> {
    let diff = format!("repositories/7/commits/{SHA}");
    let next = format!("<https://api.example/{diff}?page=2>; rel=\"next\"");
    let more = r#"{"sha": "x", "files": [{"filename": "last", "status": "added", "additions": 1, "deletions": 0, "changes": 1, "patch": "@@ -0,0 +1 @@\n+z"}]}"#;
    let needs = ["commits/*/parents/*/sha", "commits/*/sha"];
    vec![
        GITHUB
            .case(
                "commits",
                Read::Commits(None),
                &[("commits", "repositories/7/commits?per_page=25")],
            )
            .list("commits", "")
            .needs(&needs),
        GITHUB
            .case(
                "commits of a branch",
                Read::Commits(Some(git_ref("feature/warp-3"))),
                &[(
                    "commits",
                    "repositories/7/commits?sha=refs%2Fheads%2Ffeature%2Fwarp-3&per_page=25",
                )],
            )
            .golden(&["commits"])
            .needs(&needs),
        // One file to a page: the last one's number is how many there are.
        GITHUB
            .case(
                "single_commit",
                Read::Commit(CommitPrefix::parse("1111111111").unwrap()),
                &[],
            )
            .reply(
                "commit",
                "repositories/7/commits/1111111111?per_page=1",
                Reply::ok(fixture("github/commit.json")).with(
                    "link",
                    "<https://api.example/x?per_page=1&page=6>; rel=\"last\"",
                ),
            )
            .needs(&["commit/parents/*/sha", "commit/sha"]),
        GITHUB
            .case(
                "commit_diff",
                Read::CommitDiff(CommitId::parse(SHA).unwrap()),
                &[],
            )
            .reply(
                "commit",
                &diff,
                Reply::ok(fixture("github/commit.json")).with("link", next),
            )
            .answer("more", &format!("{diff}?page=2"), more)
            .needs(&[
                "commit/files/*/filename",
                "commit/files/*/status",
                "commit/parents/*/sha",
                "more/files/*/filename",
                "more/files/*/status",
            ]),
    ]
}

fn pull_requests() -> Vec<Row> {
    // The list knows no merged state.
    let states = [
        ("pull_requests", PullRequestFilter::All, "all"),
        ("open pull requests", PullRequestFilter::Open, "open"),
        ("closed pull requests", PullRequestFilter::Closed, "closed"),
        ("merged pull requests", PullRequestFilter::Merged, "closed"),
    ];
    let mut rows: Vec<Row> = states
        .into_iter()
        .map(|(name, state, word)| {
            let target = format!(
                "repositories/7/pulls?state={word}&sort=created&direction=desc&per_page=25"
            );
            GITHUB
                .case(
                    name,
                    Read::PullRequests(state),
                    &[("pull_requests", &target)],
                )
                .golden(&["pull_requests"])
                .list("pull_requests", "")
                .needs(&["pull_requests/*/id", "pull_requests/*/number"])
        })
        .collect();
    rows.push(
        GITHUB
            .case(
                "single_pull_request",
                Read::PullRequest(11),
                &[("single_pull_request", "repositories/7/pulls/11")],
            )
            .needs(&["single_pull_request/id", "single_pull_request/number"]),
    );
    rows.extend(talk());
    rows.push(
        GITHUB
            .case(
                "pull_request_diff",
                Read::PullRequestDiff(14),
                &[
                    ("pull_request", "repositories/7/pulls/14"),
                    ("files", "repositories/7/pulls/14/files?per_page=100"),
                ],
            )
            .needs(&["files/*/filename", "files/*/status"]),
    );
    rows
}

fn talk() -> Vec<Row> {
    let below = |rest: &str| format!("repositories/7/{rest}per_page=25");
    let general = below("issues/11/comments?");
    let inline = below("pulls/11/comments?sort=created&direction=asc&");
    vec![
        GITHUB
            .case(
                "commits of a pull request",
                Read::PullRequestCommits(11),
                &[("commits", &below("pulls/11/commits?"))],
            )
            .golden(&["commits"])
            .list("commits", "")
            .needs(&["commits/*/parents/*/sha", "commits/*/sha"]),
        // A draft is nobody's business.
        GITHUB
            .case(
                "reviews",
                Read::Reviews(11),
                &[("reviews", &below("pulls/11/reviews?"))],
            )
            .list("reviews", "")
            .needs(&["reviews/*/id"]),
        GITHUB
            .case(
                "comments",
                Read::Comments(11),
                &[("issue_comments", &general), ("line_comments", &inline)],
            )
            .golden(&["issue_comments", "line_comments"])
            .list("issue_comments", "")
            .needs(&["issue_comments/*/id", "line_comments/*/id"]),
        // Nothing was said on the whole.
        GITHUB
            .case(
                "comments on lines",
                Read::Comments(11),
                &[("line_comments", &inline)],
            )
            .answer("none", &general, "[]")
            .golden(&["line_comments"])
            .list("line_comments", "")
            .needs(&["line_comments/*/id"]),
        // The repository has no issues.
        GITHUB
            .case(
                "comments without issues",
                Read::Comments(11),
                &[("line_comments", &inline)],
            )
            .reply("gone", &general, Reply::new(410, "{}"))
            .golden(&["line_comments"])
            .needs(&["line_comments/*/id"]),
    ]
}

fn checks() -> Vec<Row> {
    let tip = format!(r#"{{"sha": "{SHA}"}}"#);
    let runs = format!("repositories/7/commits/{SHA}/check-runs?filter=latest&per_page=25");
    let statuses = format!("repositories/7/commits/{SHA}/status?per_page=25");
    let row = |name, at| {
        GITHUB
            .case(
                name,
                Read::Checks(at),
                &[("check_runs", &runs), ("statuses", &statuses)],
            )
            .golden(&["check_runs", "statuses"])
            .list("check_runs", "/check_runs")
    };
    let needs = [
        "check_runs/check_runs",
        "check_runs/check_runs/*/id",
        "statuses/statuses",
        "statuses/statuses/*/id",
    ];
    let and = |more: &'static str| [&needs[..], &[more]].concat();
    let none = r#"{"total_count": 0, "check_runs": []}"#;
    vec![
        row("checks of a commit", RefSelector::Ref(git_ref(SHA))).needs(&needs),
        row("checks of the default branch", RefSelector::DefaultBranch)
            .answer(
                "tip",
                "repositories/7/commits?per_page=1",
                format!("[{tip}]"),
            )
            .needs(&and("tip/*/sha")),
        row(
            "checks of a branch",
            RefSelector::Branch(git_ref("feature/warp-3")),
        )
        .answer(
            "tip",
            "repositories/7/commits/heads%2Ffeature%2Fwarp-3?per_page=1",
            &*tip,
        )
        .needs(&and("tip/sha")),
        row("checks of a tag", RefSelector::Ref(git_ref("v2.0.0")))
            .answer("tip", "repositories/7/commits/v2.0.0?per_page=1", &*tip)
            .needs(&and("tip/sha")),
        // A page of nothing would only send the caller on.
        GITHUB
            .case(
                "statuses",
                Read::Checks(RefSelector::Ref(git_ref(SHA))),
                &[("statuses", &statuses)],
            )
            .answer("runs", &runs, none)
            .list("statuses", "/statuses")
            .needs(&[
                "runs/check_runs",
                "statuses/statuses",
                "statuses/statuses/*/id",
            ]),
    ]
}

fn deployments() -> Vec<Row> {
    let row = |name, environment: Option<&str>, state, query: &str| {
        let target = format!("repositories/7/deployments?{query}per_page=25");
        let filter = DeploymentFilter {
            environment: environment.map(str::to_owned),
            state,
        };
        let status = |id: u32| format!("repositories/7/deployments/{id}/statuses?per_page=1");
        GITHUB
            .case(name, Read::Deployments(filter), &[("deployments", &target)])
            .answer(
                "state 9",
                &status(9),
                r#"[{"state": "inactive"}, {"state": "success"}]"#,
            )
            .answer("state 8", &status(8), "[]")
            .golden(&["deployments"])
            .list("deployments", "")
            .needs(&["deployments/*/id"])
    };
    let (inactive, pending) = (DeploymentState::Inactive, DeploymentState::Pending);
    vec![
        row("deployments", None, None, ""),
        row(
            "deployments to an environment",
            Some("review/warp"),
            None,
            "environment=review%2Fwarp&",
        ),
        row("inactive deployments", None, Some(inactive), ""),
        row("pending deployments", None, Some(pending), ""),
    ]
}

fn trees() -> Vec<Row> {
    let query = |path: Option<&str>, recursive| {
        Read::FileTree(TreeQuery {
            at: RefSelector::Branch(git_ref("main")),
            path: path.map(|path| TreePath::parse("path", path).unwrap()),
            recursive,
        })
    };
    let tip = format!(r#"{{"sha": "{SHA}"}}"#);
    let (root, files) = (
        format!("repositories/7/git/trees/{SHA}"),
        format!("repositories/7/git/trees/{TREE}"),
    );
    let below = format!("repositories/7/git/trees/{SUB}?recursive=1");
    let folder = format!(
        r#"{{"sha": "{TREE}", "truncated": false, "tree": [{{"path": "C# & co", "mode": "040000", "type": "tree", "sha": "{SUB}"}}]}}"#
    );
    let main = "repositories/7/commits/heads%2Fmain?per_page=1";
    vec![
        GITHUB
            .case("root_tree", query(None, false), &[("root_tree", &root)])
            .answer("tip", main, &*tip)
            .list("root_tree", "/tree")
            .needs(&[
                "root_tree/tree",
                "root_tree/tree/*/path",
                "root_tree/tree/*/type",
                "tip/sha",
            ]),
        GITHUB
            .case(
                "a file",
                query(Some("README.md"), false),
                &[("root_tree", &root)],
            )
            .answer("tip", main, &*tip)
            .golden(&["root_tree"])
            .needs(&[
                "root_tree/tree",
                "root_tree/tree/*",
                "root_tree/tree/*/path",
                "root_tree/tree/*/type",
                "tip/sha",
            ]),
        GITHUB
            .case(
                "file_tree",
                query(Some("files/C# & co"), true),
                &[("root_tree", &root), ("file_tree", &below)],
            )
            .answer("tip", main, &*tip)
            .answer("folder", &files, folder)
            .list("file_tree", "/tree")
            .needs(&[
                "file_tree/tree",
                "file_tree/tree/*/path",
                "file_tree/tree/*/type",
                "folder/tree",
                "folder/tree/*",
                "folder/tree/*/path",
                "folder/tree/*/sha",
                "folder/tree/*/type",
                "root_tree/tree",
                "root_tree/tree/*",
                "root_tree/tree/*/path",
                "root_tree/tree/*/sha",
                "root_tree/tree/*/type",
                "tip/sha",
            ]),
    ]
}

fn contents() -> Vec<Row> {
    let read = |path: &str| {
        Read::Contents(ContentQuery {
            at: RefSelector::Branch(git_ref("main")),
            path: FilePath::parse("path", path).unwrap(),
        })
    };
    let tip = format!(r#"{{"sha": "{SHA}"}}"#);
    let root = format!("repositories/7/git/trees/{SHA}");
    let blob = |digit: &str| format!("repositories/7/git/blobs/{}", digit.repeat(40));
    let row = |name, path: &str| {
        GITHUB
            .case(name, read(path), &[("root_tree", &root)])
            .answer(
                "tip",
                "repositories/7/commits/heads%2Fmain?per_page=1",
                &*tip,
            )
    };
    let needs = [
        "root_tree/tree",
        "root_tree/tree/*",
        "root_tree/tree/*/path",
        "root_tree/tree/*/sha",
        "root_tree/tree/*/type",
        "tip/sha",
    ];
    vec![
        row("file", "README.md")
            .answer("file", &blob("3"), fixture("github/file.txt"))
            .needs(&needs),
        // Its text, and nothing of what it points at.
        row("link", "link")
            .answer("text", &blob("4"), "README.md")
            .needs(&needs),
        row("submodule", "vendored").needs(&needs),
    ]
}

fn comparison() -> Row {
    let read = Read::Compare(CompareQuery {
        base: git_ref("main"),
        head: git_ref("weave/warp"),
        with_commits: true,
    });
    // The slash of a name is none of the path, and the three dots are between the two names.
    let target = "repositories/7/compare/main...weave%2Fwarp";
    GITHUB
        .case("compare", read, &[("compare", target)])
        .needs(&[
            "compare/commits/*/parents/*/sha",
            "compare/commits/*/sha",
            "compare/files/*/filename",
            "compare/files/*/status",
        ])
}

#[tokio::test]
async fn github_keeps_every_promise_of_an_adapter() {
    subject().run().await;
}
