//! Every read of Bitbucket: the requests it makes, to the letter, its answers, and what the client
//! gets.

use gitflare_core::{
    model::PullRequestFilter,
    provider::{
        CommitId, CommitPrefix, CompareQuery, ContentQuery, DeploymentFilter, FilePath, GitRef,
        RefSelector, TreePath, TreeQuery,
    },
};
use gitflare_providers::{
    bitbucket::Bitbucket,
    conformance::{Case, Read, Slice, Subject},
};
use serde_json::json;
use url::Url;

use crate::bitbucket::{
    SHA, below, repo,
    support::table::{Row, Table, fixture, number},
};

const BITBUCKET: Table = Table("bitbucket");

pub(crate) fn subject() -> Subject {
    Subject {
        adapter: |stand_in| {
            let url = format!("{}/2.0", stand_in.url());
            Box::new(Bitbucket::new(stand_in.http(), &url).unwrap())
        },
        base: "/2.0",
        repo: repo(),
        own_words: &[
            "utf-8",
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
            "bitbucket",
            "conn_conformance",
            // Without the account that stands in it.
            "https://bitbucket.org/",
            "user",
            "organization",
            "public",
            "private",
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
            "success",
            "failure",
            "cancelled",
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

/// The pipelines service numbers its pages and never says where the next one is; everybody else does.
fn page(url: &Url, total: usize) -> Slice {
    let size = number(url, "pagelen").unwrap_or(10);
    let current = number(url, "page").unwrap_or(1);
    let start = ((current - 1) * size).min(total);
    let end = total.min(start + size);
    let members = if url.path().ends_with("/deployments") {
        vec![
            ("page", json!(current)),
            ("pagelen", json!(size)),
            ("size", json!(total)),
        ]
    } else if end < total {
        // Old hosts stand in some of these links: nobody calls them.
        let next = format!("https://bitbucket.org{}?page={}", url.path(), current + 1);
        vec![("next", json!(next))]
    } else {
        vec![("next", json!(""))]
    };
    Slice {
        rows: start..end,
        headers: Vec::new(),
        members,
    }
}

fn cases() -> Vec<Case> {
    let mut rows = account();
    rows.extend(history());
    rows.extend(pull_requests());
    rows.extend(checks_and_deployments());
    rows.extend(trees());
    rows.extend(contents());
    rows.push(comparison());
    rows.into_iter().map(Row::done).collect()
}

fn account() -> Vec<Row> {
    let repository = ["repository/uuid", "repository/full_name"];
    let workspaces = "user/workspaces?sort=slug&pagelen=100";
    vec![
        BITBUCKET
            .case("profile", Read::Viewer, &[("profile", "user")])
            .needs(&["profile/uuid"]),
        BITBUCKET
            .case(
                "repositories",
                Read::Repositories,
                &[
                    ("workspaces", workspaces),
                    (
                        "repositories",
                        "repositories/mill?role=member&sort=full_name&pagelen=25",
                    ),
                ],
            )
            .list("repositories", "/values")
            .needs(&[
                "repositories/values",
                "repositories/values/*/uuid",
                "repositories/values/*/full_name",
                "workspaces/values",
                "workspaces/values/*",
                "workspaces/values/*/workspace",
                "workspaces/values/*/workspace/slug",
            ]),
        BITBUCKET
            .case(
                "repository",
                Read::Repository,
                &[("repository", &below(""))],
            )
            .needs(&repository),
        BITBUCKET
            .case(
                "a repository by name",
                Read::RepositoryNamed("mill/loom-engine".to_owned()),
                &[("repository", "repositories/mill/loom-engine")],
            )
            .golden(&["repository"])
            .needs(&repository),
        BITBUCKET
            .case(
                "branches",
                Read::Branches,
                &[("branches", &below("/refs/branches?pagelen=25"))],
            )
            .list("branches", "/values")
            .needs(&["branches/values", "branches/values/*/name"]),
        BITBUCKET
            .case(
                "forks",
                Read::Forks,
                &[("repositories", &below("/forks?pagelen=25"))],
            )
            .golden(&["repositories"])
            .list("repositories", "/values")
            .needs(&[
                "repositories/values",
                "repositories/values/*/uuid",
                "repositories/values/*/full_name",
            ]),
        BITBUCKET
            .case(
                "watchers",
                Read::Watchers,
                &[("watchers", &below("/watchers?pagelen=25"))],
            )
            .list("watchers", "/values")
            .needs(&["watchers/values"]),
        BITBUCKET
            .case(
                "tags",
                Read::Tags,
                &[("tags", &below("/refs/tags?pagelen=25"))],
            )
            .list("tags", "/values")
            .needs(&["tags/values", "tags/values/*/name"]),
    ]
}

const DEFAULT: &str = "?fields=uuid%2Cmainbranch.name";

/// What is asked to find the head of the default branch.
fn at_default(rest: &str) -> [(&'static str, String); 3] {
    let (name, rest) = rest.split_once(' ').unwrap();
    let name = ["commits", "checks", "file_tree"]
        .into_iter()
        .find(|known| *known == name)
        .unwrap();
    [
        ("default", below(DEFAULT)),
        ("main", below("/refs/branches/main")),
        (name, below(&format!("/{rest}"))),
    ]
}

fn case(name: &'static str, read: Read, exchanges: &[(&'static str, String)]) -> Row {
    let exchanges: Vec<(&str, &str)> = exchanges
        .iter()
        .map(|(fixture, target)| (*fixture, target.as_str()))
        .collect();
    BITBUCKET.case(name, read, &exchanges)
}

const RESOLVED: &[&str] = &["main/target", "main/target/hash"];

fn history() -> Vec<Row> {
    let list = format!("commits/{SHA}?pagelen=25");
    let rows = ["commits/values", "commits/values/*/hash"];
    let by_name = Read::Commits(Some(GitRef::parse("branch", "weave/new").unwrap()));
    vec![
        case(
            "commits",
            Read::Commits(None),
            &at_default(&format!("commits {list}")),
        )
        .list("commits", "/values")
        .needs(&[RESOLVED, &rows].concat()),
        // The slashes of a name are slashes of the path, and the commit is asked for.
        case(
            "commits of a branch",
            by_name,
            &[
                ("main", below("/refs/branches/weave/new")),
                ("commits", below(&format!("/{list}"))),
            ],
        )
        .golden(&["commits"])
        .list("commits", "/values")
        .needs(&[RESOLVED, &rows].concat()),
        case(
            "single_commit",
            Read::Commit(CommitPrefix::parse(&SHA[..12]).unwrap()),
            &[
                ("commit", below(&format!("/commit/{}", &SHA[..12]))),
                (
                    "counts",
                    below(&format!("/diffstat/{}?pagelen=500", &SHA[..12])),
                ),
            ],
        )
        .needs(&["commit/hash", "counts/values"]),
        case(
            "commit_diff",
            Read::CommitDiff(CommitId::parse(SHA).unwrap()),
            &[
                ("commit", below(&format!("/commit/{SHA}"))),
                ("files", below(&format!("/diffstat/{SHA}?pagelen=500"))),
            ],
        )
        .answer(
            "diff",
            &below(&format!("/diff/{SHA}?binary=false")),
            text("diff.txt"),
        )
        .needs(&["commit/hash"]),
    ]
}

fn text(name: &str) -> String {
    fixture(&format!("bitbucket/{name}"))
}

const BASE: &str = "89abcdef0123456789abcdef0123456789abcdef";
const MERGE: &str = "aaaabbbbccccddddeeeeaaaabbbbccccddddeeee";

/// Where the whole id of a commit is asked for.
fn whole(beginning: &str) -> String {
    format!("/commit/{beginning}?fields=hash")
}

fn hash(id: &str) -> String {
    json!({ "hash": id }).to_string()
}

fn pull_requests() -> Vec<Row> {
    let list = |states: &str| below(&format!("/pullrequests?{states}pagelen=25"));
    let needs = ["pull_requests/values", "pull_requests/values/*/id"];
    let with = |name, filter, states: &str| {
        case(
            name,
            Read::PullRequests(filter),
            &[("pull_requests", list(states))],
        )
        .golden(&["pull_requests"])
        .list("pull_requests", "/values")
        .needs(&needs)
    };
    let all = "state=OPEN&state=MERGED&state=DECLINED&state=SUPERSEDED&";
    vec![
        with("pull_requests", PullRequestFilter::All, all),
        with("open", PullRequestFilter::Open, "state=OPEN&"),
        with("merged", PullRequestFilter::Merged, "state=MERGED&"),
        with(
            "closed",
            PullRequestFilter::Closed,
            "state=DECLINED&state=SUPERSEDED&",
        ),
        case(
            "single_pull_request",
            Read::PullRequest(4),
            &[("single_pull_request", below("/pullrequests/4"))],
        )
        .answer("head", &below(&whole("0123456789ab")), hash(SHA))
        .answer("base", &below(&whole("89abcdef0123")), hash(BASE))
        .answer("merge", &below(&whole("aaaabbbbcccc")), hash(MERGE))
        .needs(&["single_pull_request/id"]),
        case(
            "commits of a pull request",
            Read::PullRequestCommits(4),
            &[("commits", below("/pullrequests/4/commits?pagelen=25"))],
        )
        .golden(&["commits"])
        .list("commits", "/values")
        .needs(&["commits/values", "commits/values/*/hash"]),
        case(
            "reviews",
            Read::Reviews(4),
            &[("participants", below("/pullrequests/4"))],
        )
        .golden(&["participants"]),
        case(
            "comments",
            Read::Comments(4),
            &[(
                "comments",
                below("/pullrequests/4/comments?sort=created_on&pagelen=25"),
            )],
        )
        .list("comments", "/values")
        .needs(&["comments/values", "comments/values/*/id"]),
        case(
            "pull_request_diff",
            Read::PullRequestDiff(4),
            &[
                ("pull_request", below("/pullrequests/4")),
                ("files", below("/pullrequests/4/diffstat?pagelen=500")),
            ],
        )
        .answer(
            "diff",
            &below("/pullrequests/4/diff?binary=false"),
            text("diff.txt"),
        )
        .answer("head", &below(&whole("0123456789ab")), hash(SHA))
        // Bitbucket does not find every commit by its beginning.
        .answer("base", &below(&whole("89abcdef0123")), r#"{"hash": null}"#)
        .needs(&["pull_request/id"]),
    ]
}

fn checks_and_deployments() -> Vec<Row> {
    let statuses = format!("commit/{SHA}/statuses");
    let needs = ["checks/values", "checks/values/*/key"];
    let branch = GitRef::parse("branch", "main").unwrap();
    let by_branch = Read::Checks(RefSelector::Branch(branch));
    let deployments = [
        ("deployments", below("/deployments?pagelen=25")),
        ("environments", below("/environments?pagelen=100")),
    ];
    vec![
        case(
            "checks",
            Read::Checks(RefSelector::DefaultBranch),
            &at_default(&format!("checks {statuses}?pagelen=25")),
        )
        .list("checks", "/values")
        .needs(&[RESOLVED, &needs].concat()),
        case(
            "checks of a branch",
            by_branch,
            &[
                ("main", below("/refs/branches/main")),
                (
                    "checks",
                    below(&format!("/{statuses}?refname=main&pagelen=25")),
                ),
            ],
        )
        .golden(&["checks"])
        .needs(&[RESOLVED, &needs].concat()),
        case(
            "deployments",
            Read::Deployments(DeploymentFilter::default()),
            &deployments,
        )
        .list("deployments", "/values")
        .needs(&[
            "deployments/values",
            "deployments/values/*/uuid",
            "environments/values",
            "environments/values/*/uuid",
        ]),
    ]
}

fn trees() -> Vec<Row> {
    let needs = [
        "file_tree/values",
        "file_tree/values/*/path",
        "file_tree/values/*/type",
    ];
    let commit = RefSelector::Ref(GitRef::parse("ref", SHA).unwrap());
    let folder = Read::FileTree(TreeQuery {
        at: commit.clone(),
        path: Some(TreePath::parse("path", "src/weave").unwrap()),
        recursive: false,
    });
    let file = Read::FileTree(TreeQuery {
        at: commit.clone(),
        path: Some(TreePath::parse("path", "docs/a guide.md").unwrap()),
        recursive: false,
    });
    let whole = Read::FileTree(TreeQuery {
        at: commit,
        path: None,
        recursive: true,
    });
    vec![
        case(
            "file_tree",
            Read::FileTree(TreeQuery::default()),
            &at_default(&format!("file_tree src/{SHA}/?pagelen=25")),
        )
        .list("file_tree", "/values")
        .needs(&[RESOLVED, &needs].concat()),
        case(
            "a folder",
            folder,
            &[
                (
                    "folder",
                    below(&format!("/src/{SHA}/src/weave?format=meta")),
                ),
                (
                    "file_tree",
                    below(&format!("/src/{SHA}/src/weave/?pagelen=25")),
                ),
            ],
        )
        .golden(&["file_tree"])
        .needs(&[&["folder/type"], &needs[..]].concat()),
        case("file_entry", file, &[])
            .answer(
                "meta",
                &below(&format!("/src/{SHA}/docs/a%20guide.md?format=meta")),
                r#"{"path": "docs/a guide.md", "type": "commit_file", "size": 30, "attributes": ["executable"]}"#,
            )
            .needs(&["meta/path", "meta/type"]),
        case(
            "a whole tree",
            whole,
            &[(
                "file_tree",
                below(&format!("/src/{SHA}/?max_depth=10&pagelen=25")),
            )],
        )
        .golden(&["file_tree"])
        .needs(&needs),
    ]
}

fn contents() -> Vec<Row> {
    let read = Read::Contents(ContentQuery {
        at: RefSelector::Ref(GitRef::parse("ref", SHA).unwrap()),
        path: FilePath::parse("path", "docs/a guide.md").unwrap(),
    });
    let at = |query: &str| below(&format!("/src/{SHA}/docs/a%20guide.md{query}"));
    let meta = r#"{"path": "docs/a guide.md", "type": "commit_file", "size": 30, "attributes": ["executable"]}"#;
    let kept =
        r#"{"path": "docs/a guide.md", "type": "commit_file", "size": 130, "attributes": ["lfs"]}"#;
    vec![
        case("file", read.clone(), &[])
            .answer("meta", &at("?format=meta"), meta)
            .answer("file", &at(""), fixture("bitbucket/file.txt"))
            .needs(&["meta/type"]),
        // The bytes would lead to another host.
        case("lfs", read, &[])
            .answer("meta", &at("?format=meta"), kept)
            .needs(&["meta/attributes", "meta/attributes/*", "meta/type"]),
    ]
}

fn comparison() -> Row {
    let base = "7654321076543210765432107654321076543210";
    let parent = "89abcdef0123456789abcdef0123456789abcdef";
    let name = |name| GitRef::parse("ref", name).unwrap();
    let read = Read::Compare(CompareQuery {
        base: name(base),
        head: name(SHA),
        with_commits: true,
    });
    let commits = below(&format!(
        "/commits?include={SHA}&exclude={base}&pagelen=100"
    ));
    // The commit with the changes comes first.
    let files = below(&format!(
        "/diffstat/{SHA}..{parent}?topic=false&pagelen=500"
    ));
    case("compare", read, &[("commits", commits), ("files", files)])
        .answer(
            "common",
            &below(&format!("/merge-base/{SHA}..{base}")),
            format!(r#"{{"hash": "{parent}"}}"#),
        )
        .answer(
            "diff",
            &below(&format!("/diff/{SHA}..{parent}?binary=false&topic=false")),
            text("diff.txt"),
        )
        .needs(&["commits/values", "commits/values/*/hash", "common/hash"])
}

#[tokio::test]
async fn bitbucket_keeps_every_promise_of_an_adapter() {
    subject().run().await;
}
