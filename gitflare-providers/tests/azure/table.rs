//! Every read of Azure DevOps: the requests it makes, to the letter, its answers, and what the client
//! gets.

use gitflare_core::{
    model::PullRequestFilter,
    provider::{
        CommitId, CommitPrefix, CompareQuery, ContentQuery, FilePath, GitRef, RefSelector,
        TreePath, TreeQuery,
    },
};
use gitflare_providers::{
    azure::Azure,
    conformance::{Case, Read, Slice, Subject},
};
use url::Url;

use crate::azure::{
    PARENT, SHA, below, blob, repo,
    support::table::{Row, Table, fixture, number},
};

const AZURE: Table = Table("azure");

pub(crate) fn subject() -> Subject {
    Subject {
        adapter: |stand_in| {
            let url = format!("{}/tfs", stand_in.url());
            Box::new(Azure::new(stand_in.http(), &url).unwrap())
        },
        base: "/tfs",
        repo: repo(),
        own_words: OWN_WORDS,
        page,
        cases: cases(),
    }
}

const OWN_WORDS: &[&str] = &[
    "azure",
    "conn_conformance",
    "mill~5f0d2c1e-7a31-4c9e-8b55-2f6a1d3e9c01~7c1d9b52-3e0f-4f5a-9d41-0c5a5f8f1a27",
    "mill~5f0d2c1e-7a31-4c9e-8b55-2f6a1d3e9c01~9e3f1d74-5021-4b7c-9f63-2e7c7bab3c49",
    "mill~6a1e3d2f-8b42-4dae-9c66-3a7b2e4f0d12~8d2e0c63-4f10-4a6b-8e52-1d6b6a9a2b38",
    "mill~6a1e3d2f-8b42-4dae-9c66-3a7b2e4f0d12~a1d2e3f4-5a6b-4c7d-8e9f-0a1b2c3d4e5f",
    "mill~5f0d2c1e-7a31-4c9e-8b55-2f6a1d3e9c01~b1d2e3f4-5a6b-4c7d-8e9f-0a1b2c3d4e5f",
    "mill/Loom Works/",
    "mill/Attic/",
    // Without the account that stands in it.
    "https://dev.azure.com/",
    "mill/Loom%20Works/_git/loom-engine/pullrequest/",
    "continuous-integration/",
    "src/",
    "project",
    "private",
    "internal",
    "open",
    "merged",
    "closed",
    "completed",
    "in_progress",
    "success",
    "failure",
    "neutral",
    "added",
    "utf-8",
    "30",
    "12",
    "diverged",
    "general",
    "inline",
    "old",
    "new",
    "approved",
    "changes_requested",
    "commented",
    "dismissed",
    "22.1",
    "22.2",
    "23.1",
    "24.1",
    // Of comments whose deletion, or whose type, is not told.
    "22.3",
    "25.1",
    "26.1",
    "modified",
    "removed",
    "renamed",
    "directory",
    "file",
    "symlink",
    "submodule",
    "040000",
    // The patches, which nobody sends.
    "@@ -1,2 +1,2 @@\n weft\n-warp\n+warp two\n",
    "@@ -0,0 +1 @@\n+new\n\\ No newline at end of file\n",
    "@@ -1,2 +0,0 @@\n-old\n-older\n",
    "@@ -1 +1,2 @@\n # Guide\n+More\n",
    "@@ -1 +0,0 @@\n-# Guide\n",
    "@@ -1 +1 @@\n-Subproject commit 2929292929292929292929292929292929292929\n+Subproject commit 2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a\n",
];

/// Refs go on by a token in a header; trees and repositories come whole; other rows are counted.
fn page(url: &Url, total: usize) -> Slice {
    let any = |names: &[&str]| names.iter().find_map(|name| number(url, name));
    let size = any(&["$top", "searchCriteria.$top", "top"]).unwrap_or(total);
    if !url.path().ends_with("/refs") {
        let skipped = any(&["$skip", "searchCriteria.$skip", "skip"]);
        let start = skipped.unwrap_or(0).min(total);
        return Slice {
            rows: start..total.min(start + size),
            ..Slice::default()
        };
    }
    let (_, token) = url
        .query_pairs()
        .find(|(name, _)| name == "continuationToken")
        .unwrap_or_default();
    let start = token.rsplit(':').next().unwrap().parse().unwrap_or(0);
    let end = total.min(start + size);
    let token = (end < total).then(|| format!("2026-01-01T00:00+00:{end}"));
    Slice {
        rows: start..end,
        headers: token
            .map(|token| ("x-ms-continuationtoken", token))
            .into_iter()
            .collect(),
        members: Vec::new(),
    }
}

fn cases() -> Vec<Case> {
    let mut rows = account();
    rows.extend(refs_and_history());
    rows.extend(diffs());
    rows.extend(pull_requests());
    rows.extend(checks());
    rows.extend(trees());
    rows.extend(contents());
    rows.push(comparison());
    rows.into_iter().map(Row::done).collect()
}

const PROFILE: &str = "_apis/profile/profiles/me?api-version=7.1";

fn account() -> Vec<Row> {
    let accounts = "_apis/accounts?memberId=11111111-2222-4333-8444-555555555555&api-version=7.1";
    let list = "mill/_apis/git/repositories?includeLinks=false&includeHidden=false&api-version=7.1";
    let named = "mill/Loom%20Works/_apis/git/repositories/loom-engine?api-version=7.1";
    let repository = [
        "repository/id",
        "repository/name",
        "repository/project",
        "repository/project/id",
        "repository/project/name",
    ];
    vec![
        AZURE
            .case("profile", Read::Viewer, &[("profile", PROFILE)])
            .needs(&["profile/id"]),
        AZURE
            .case(
                "repositories",
                Read::Repositories,
                &[
                    ("profile", PROFILE),
                    ("accounts", accounts),
                    ("repositories", list),
                ],
            )
            .needs(&[
                "profile/id",
                "accounts/value",
                "accounts/value/*",
                "accounts/value/*/accountName",
                "repositories/value",
                "repositories/value/*/id",
                "repositories/value/*/name",
                "repositories/value/*/project",
                "repositories/value/*/project/id",
                "repositories/value/*/project/name",
            ]),
        AZURE
            .case(
                "repository",
                Read::Repository,
                &[("repository", &below(""))],
            )
            .needs(&repository),
        AZURE
            .case(
                "a repository by name",
                Read::RepositoryNamed("mill/Loom Works/loom-engine".to_owned()),
                &[("repository", named)],
            )
            .golden(&["repository"])
            .needs(&repository),
        AZURE
            .case(
                "forks",
                Read::Forks,
                &[
                    (
                        "instance",
                        "mill/_apis/connectionData?api-version=7.1-preview.1",
                    ),
                    (
                        "forks",
                        &below("/forks/4c0e1f62-9d3b-4a58-8e11-6f2b7c8d9e03"),
                    ),
                ],
            )
            .needs(&[
                "instance/instanceId",
                "forks/value",
                "forks/value/*/id",
                "forks/value/*/name",
                "forks/value/*/project",
                "forks/value/*/project/id",
                "forks/value/*/project/name",
            ]),
    ]
}

fn refs_and_history() -> Vec<Row> {
    let branches = below("/refs?filter=heads%2F&%24top=25");
    let tags = below("/refs?filter=tags%2F&peelTags=true&%24top=25");
    let by_name = Read::Commits(Some(GitRef::parse("branch", "weave/new").unwrap()));
    let version = "searchCriteria.itemVersion.version=weave%2Fnew&searchCriteria.itemVersion.versionType=branch";
    let rows = ["commits/value", "commits/value/*/commitId"];
    vec![
        AZURE
            .case("branches", Read::Branches, &[("branches", &branches)])
            .list("branches", "/value")
            .needs(&[
                "branches/value",
                "branches/value/*/name",
                "branches/value/*/objectId",
            ]),
        AZURE
            .case("tags", Read::Tags, &[("tags", &tags)])
            .list("tags", "/value")
            .needs(&["tags/value", "tags/value/*/name"]),
        AZURE
            .case(
                "commits",
                Read::Commits(None),
                &[("commits", &below("/commits?searchCriteria.%24top=25"))],
            )
            .list("commits", "/value")
            .needs(&rows),
        AZURE
            .case(
                "commits of a branch",
                by_name,
                &[(
                    "commits",
                    &below(&format!("/commits?{version}&searchCriteria.%24top=25")),
                )],
            )
            .golden(&["commits"])
            .list("commits", "/value")
            .needs(&rows),
    ]
}

/// The contents of the changed files that both diffs have.
fn with_contents(row: Row) -> Row {
    row.answer("before", &blob("20"), "weft\nwarp\n")
        .answer("after", &blob("21"), "weft\nwarp two\n")
        .answer("new", &blob("22"), "new")
        .answer("old", &blob("23"), "old\nolder\n")
}

fn diffs() -> Vec<Row> {
    let commit = below(&format!("/commits/{SHA}?changeCount=0"));
    let changes = below(&format!(
        "/diffs/commits?baseVersion={PARENT}&baseVersionType=commit&targetVersion={SHA}&targetVersionType=commit&diffCommonCommit=false&%24top=2000&%24skip=0"
    ));
    let iterations = below("/pullRequests/4/iterations");
    let of_iteration =
        below("/pullRequests/4/iterations/2/changes?%24compareTo=0&%24top=2000&%24skip=0");
    let of_commit = AZURE
        .case(
            "commit_diff",
            Read::CommitDiff(CommitId::parse(SHA).unwrap()),
            &[("commit", &commit), ("changes", &changes)],
        )
        .answer("guide before", &blob("24"), "# Guide\n")
        .answer("guide", &blob("25"), "# Guide\nMore\n")
        .answer("logo before", &blob("27"), "\u{0}PNG")
        .answer("logo", &blob("28"), "\u{0}PNG2")
        .needs(NEEDED_OF_COMMIT);
    let of_pull_request = AZURE
        .case(
            "pull_request_diff",
            Read::PullRequestDiff(4),
            &[
                ("iterations", &iterations),
                ("iteration_changes", &of_iteration),
            ],
        )
        .needs(NEEDED_OF_ITERATION);
    let alone = AZURE
        .case(
            "single_commit",
            Read::Commit(CommitPrefix::parse(SHA).unwrap()),
            &[("single_commit", &commit)],
        )
        .needs(&["single_commit/commitId"]);
    vec![
        with_contents(of_commit),
        with_contents(of_pull_request),
        alone,
    ]
}

/// A content that is not to be had costs no more than a patch.
const NEEDED_OF_COMMIT: &[&str] = &[
    "changes/changes",
    "commit/commitId",
    "commit/parents",
    "commit/parents/*",
];
const NEEDED_OF_ITERATION: &[&str] = &[
    "iteration_changes/changeEntries",
    "iteration_changes/nextSkip!",
    "iterations/value",
    "iterations/value/*",
    "iterations/value/*/id",
];

fn pull_requests() -> Vec<Row> {
    let with = |name, filter, status: &str| {
        let list = below(&format!(
            "/pullrequests?searchCriteria.status={status}&%24top=25"
        ));
        AZURE
            .case(
                name,
                Read::PullRequests(filter),
                &[("pull_requests", &list)],
            )
            .golden(&["pull_requests"])
            .list("pull_requests", "/value")
            .needs(&["pull_requests/value", "pull_requests/value/*/pullRequestId"])
    };
    vec![
        with("pull_requests", PullRequestFilter::All, "all"),
        with("open", PullRequestFilter::Open, "active"),
        with("merged", PullRequestFilter::Merged, "completed"),
        with("closed", PullRequestFilter::Closed, "abandoned"),
        AZURE
            .case(
                "commits of a pull request",
                Read::PullRequestCommits(4),
                &[("commits", &below("/pullRequests/4/commits?%24top=25"))],
            )
            .golden(&["commits"])
            .needs(&["commits/value", "commits/value/*/commitId"]),
        // A group votes by its members alone.
        AZURE
            .case(
                "reviews",
                Read::Reviews(4),
                &[("reviewers", &below("/pullRequests/4/reviewers"))],
            )
            .golden(&["reviewers"])
            .list("reviewers", "/value")
            .needs(&["reviewers/value"]),
        AZURE
            .case(
                "comments",
                Read::Comments(4),
                &[("threads", &below("/pullRequests/4/threads"))],
            )
            .golden(&["threads"])
            .needs(&[
                "threads/value",
                "threads/value/*/comments/*/id",
                "threads/value/*/id",
            ]),
        AZURE
            .case(
                "single_pull_request",
                Read::PullRequest(4),
                &[("single_pull_request", &below("/pullrequests/4"))],
            )
            .needs(&["single_pull_request/pullRequestId"]),
    ]
}

fn checks() -> Vec<Row> {
    let main = below("/refs?filter=heads%2Fmain&peelTags=true&%24top=100");
    let list = below(&format!("/commits/{SHA}/statuses?latestOnly=true&top=25"));
    let needs = [
        "checks/value",
        "main/value",
        "main/value/*",
        "main/value/*/name",
        "main/value/*/objectId",
    ];
    let branch = GitRef::parse("branch", "main").unwrap();
    vec![
        AZURE
            .case(
                "checks",
                Read::Checks(RefSelector::DefaultBranch),
                &[
                    ("repository", &below("")),
                    ("main", &main),
                    ("checks", &list),
                ],
            )
            .list("checks", "/value")
            .needs(&needs),
        AZURE
            .case(
                "checks of a branch",
                Read::Checks(RefSelector::Branch(branch)),
                &[("main", &main), ("checks", &list)],
            )
            .golden(&["checks"])
            .needs(&needs),
    ]
}

fn trees() -> Vec<Row> {
    let tree = |recursive: bool| {
        let tree = "b".repeat(40);
        below(&format!("/trees/{tree}?recursive={recursive}"))
    };
    let items = |rest: &str| below(&format!("/items?scopePath=%2F{rest}&%24format=json"));
    let needs = [
        "items/value",
        "items/value/*",
        "items/value/*/gitObjectType",
        "items/value/*/objectId",
        "file_tree/treeEntries",
        "file_tree/treeEntries/*/gitObjectType",
        "file_tree/treeEntries/*/relativePath",
    ];
    let whole = Read::FileTree(TreeQuery {
        recursive: true,
        ..TreeQuery::default()
    });
    let folder = Read::FileTree(TreeQuery {
        at: RefSelector::Ref(GitRef::parse("ref", SHA).unwrap()),
        path: Some(TreePath::parse("path", "src").unwrap()),
        recursive: false,
    });
    let file = Read::FileTree(TreeQuery {
        at: RefSelector::DefaultBranch,
        path: Some(TreePath::parse("path", "docs/latest").unwrap()),
        recursive: true,
    });
    let link = serde_json::json!({
        "objectId": "c".repeat(40), "gitObjectType": "blob", "commitId": SHA, "path": "/docs/latest", "isSymLink": true,
    });
    let commit = format!(
        "src&recursionLevel=none&versionDescriptor.version={SHA}&versionDescriptor.versionType=commit"
    );
    vec![
        AZURE
            .case("file_entry", file, &[])
            .answer(
                "item",
                &items("docs%2Flatest&recursionLevel=none"),
                serde_json::json!({"count": 1, "value": [link]}).to_string(),
            )
            .needs(&["item/value", "item/value/*", "item/value/*/gitObjectType"]),
        AZURE
            .case(
                "file_tree",
                Read::FileTree(TreeQuery::default()),
                &[
                    ("items", &items("&recursionLevel=none")),
                    ("file_tree", &tree(false)),
                ],
            )
            .list("file_tree", "/treeEntries")
            .needs(&needs),
        AZURE
            .case(
                "a whole tree",
                whole,
                &[
                    ("items", &items("&recursionLevel=none")),
                    ("file_tree", &tree(true)),
                ],
            )
            .golden(&["file_tree"])
            .needs(&needs),
        AZURE
            .case(
                "a folder",
                folder,
                &[("items", &items(&commit)), ("file_tree", &tree(false))],
            )
            .golden(&["folder"])
            .needs(&needs),
    ]
}

fn contents() -> Vec<Row> {
    let read = Read::Contents(ContentQuery {
        at: RefSelector::DefaultBranch,
        path: FilePath::parse("path", "docs/a guide.md").unwrap(),
    });
    let item = below("/items?path=%2Fdocs%2Fa+guide.md&includeContentMetadata=true&%24format=json");
    let three = "3".repeat(40);
    let told = format!(
        r#"{{"objectId": "{three}", "gitObjectType": "blob", "commitId": "{SHA}", "path": "/docs/a guide.md", "contentMetadata": {{"encoding": 65001}}}}"#
    );
    let link = told.replace("\"path\"", "\"isSymLink\": true, \"path\"");
    let octets = below(&format!("/blobs/{three}?%24format=octetstream"));
    let needs = ["item/gitObjectType", "item/objectId"];
    vec![
        AZURE
            .case("file", read.clone(), &[])
            .answer("item", &item, &*told)
            .answer("file", &octets, fixture("azure/file.txt"))
            .needs(&needs),
        AZURE
            .case("link", read, &[])
            .answer("item", &item, link)
            .answer("text", &octets, "../README.md")
            .needs(&["item/gitObjectType", "item/objectId"]),
    ]
}

fn comparison() -> Row {
    let base = "7654321076543210765432107654321076543210";
    let name = |name| GitRef::parse("ref", name).unwrap();
    let read = Read::Compare(CompareQuery {
        base: name(base),
        head: name(SHA),
        with_commits: true,
    });
    let commit = |sha: &str| below(&format!("/commits/{sha}?changeCount=0"));
    let changes = below(&format!(
        "/diffs/commits?baseVersion={base}&baseVersionType=commit&targetVersion={SHA}&targetVersionType=commit&diffCommonCommit=true&%24top=2000&%24skip=0"
    ));
    let diverged = fixture("azure/changes.json")
        .replace("\"aheadCount\": 1", "\"aheadCount\": 2")
        .replace("\"behindCount\": 0", "\"behindCount\": 1")
        .replace(
            &format!("\"baseCommit\": \"{PARENT}\""),
            &format!("\"baseCommit\": \"{base}\""),
        );
    let row = AZURE
        .case("compare", read, &[])
        .answer("base", &commit(base), "{}")
        .answer("head", &commit(SHA), "{}")
        .answer("changes", &changes, diverged)
        .answer("guide before", &blob("24"), "# Guide\n")
        .answer("guide", &blob("25"), "# Guide\nMore\n")
        .answer("logo before", &blob("27"), "\u{0}PNG")
        .answer("logo", &blob("28"), "\u{0}PNG2");
    with_contents(row).needs(&["changes/changes", "changes/commonCommit"])
}

#[tokio::test]
async fn azure_keeps_every_promise_of_an_adapter() {
    subject().run().await;
}
