//! Every read of GitFlic: the requests it makes, to the letter, its answers, and what the client gets.

use gitflare_core::{
    model::PullRequestFilter,
    provider::{
        CommitId, CommitPrefix, ContentQuery, FilePath, GitRef, RefSelector, TreePath, TreeQuery,
    },
};
use gitflare_providers::{
    conformance::{Case, Read, Slice, Subject},
    gitflic::Gitflic,
};
use serde_json::json;
use url::Url;

use crate::gitflic::{
    SHA, WEB, believing, below, repo,
    support::table::{Row, Table, fixture, number},
};

const GITFLIC: Table = Table("gitflic");

pub(crate) fn subject() -> Subject {
    Subject {
        adapter: |stand_in| {
            let url = format!("{}/rest-api", stand_in.url());
            Box::new(believing(Gitflic::new(stand_in.http(), &url, Some(WEB))))
        },
        base: "/rest-api",
        repo: repo(),
        own_words: &[
            "utf-8",
            "30",
            "general",
            "inline",
            "old",
            "new",
            "approved",
            "changes_requested",
            "commented",
            "dismissed",
            "gitflic",
            "conn_conformance",
            "https://gitflic.ru/project/mill/loom-engine/commit/",
            "https://gitflic.ru/project/mill/loom-engine/merge-request/",
            "https://gitflic.ru/project/mill/loom-engine/release/",
            "https://gitflic.ru/project/mill/loom-engine/ci-cd/pipeline/",
            "https://gitflic.ru/user/",
            "https://gitflic.ru/",
            // A path from the folder that was asked for.
            "src/",
            "pipeline #42",
            "pipeline #41",
            "pipeline #40",
            "user",
            "group",
            "organization",
            "public",
            "private",
            "added",
            "removed",
            "renamed",
            "modified",
            "merged",
            "closed",
            "open",
            "completed",
            "in_progress",
            "success",
            "failure",
            "file",
            "directory",
        ],
        page,
        cases: cases(),
    }
}

/// Pages count from 0; whether one is the last is said by their number alone.
fn page(url: &Url, total: usize) -> Slice {
    let size = number(url, "size").unwrap_or(10);
    let current = number(url, "page").unwrap_or(0);
    let start = (current * size).min(total);
    let about = json!({
        "size": size, "totalElements": total, "totalPages": total.div_ceil(size), "number": current,
    });
    Slice {
        rows: start..total.min(start + size),
        headers: Vec::new(),
        members: vec![("page", about)],
    }
}

fn cases() -> Vec<Case> {
    let mut rows = account();
    rows.extend(refs());
    rows.extend(around());
    rows.extend(history());
    rows.extend(pull_requests());
    rows.extend(checks());
    rows.extend(trees());
    rows.push(
        case(
            "file",
            Read::Contents(ContentQuery {
                at: RefSelector::Ref(GitRef::parse("ref", SHA).unwrap()),
                path: FilePath::parse("path", "docs/a guide.md").unwrap(),
            }),
            &[],
        )
        .answer(
            "file",
            &below(&format!(
                "/blob/download?commitHash={SHA}&file=docs%2Fa+guide.md"
            )),
            fixture("gitflic/file.txt"),
        ),
    );
    rows.into_iter().map(Row::done).collect()
}

fn case(name: &'static str, read: Read, exchanges: &[(&'static str, String)]) -> Row {
    let exchanges: Vec<(&str, &str)> = exchanges
        .iter()
        .map(|(fixture, target)| (*fixture, target.as_str()))
        .collect();
    GITFLIC.case(name, read, &exchanges)
}

/// What a page of that answer cannot do without, and its rows.
fn needs(answer: &str, key: &str, rows: &[&str]) -> Vec<String> {
    let around = ["page", "page/totalPages", "_embedded"];
    let mut all: Vec<_> = around.iter().map(|it| format!("{answer}/{it}")).collect();
    all.push(format!("{answer}/_embedded/{key}"));
    all.extend(
        rows.iter()
            .map(|row| format!("{answer}/_embedded/{key}/*/{row}")),
    );
    all
}

/// A list that is one request.
fn list(name: &'static str, read: Read, target: &str, pointer: &'static str, rows: &[&str]) -> Row {
    let key = pointer.rsplit('/').next().unwrap();
    let row = case(name, read, &[(name, below(target))]).list(name, pointer);
    with(row, needs(name, key, rows))
}

fn with(row: Row, needs: impl IntoIterator<Item = String>) -> Row {
    let needs: Vec<String> = needs.into_iter().collect();
    let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
    row.needs(&needs)
}

fn account() -> Vec<Row> {
    let project = ["id", "alias", "owner", "owner/alias"];
    let own = project.map(|it| format!("repository/{it}")).to_vec();
    let lists = [
        needs("my", "projectModelList", &project),
        needs("shared", "projectList", &["id", "alias", "ownerAlias"]),
    ];
    vec![
        case(
            "profile",
            Read::Viewer,
            &[("profile", "user/me".to_owned())],
        )
        .needs(&["profile/id"]),
        with(
            case(
                "repositories",
                Read::Repositories,
                &[
                    ("my", "project/my?page=0&size=25".to_owned()),
                    ("shared", "project/shared?page=0&size=25".to_owned()),
                ],
            )
            .list("my", "/_embedded/projectModelList"),
            lists.concat(),
        ),
        with(
            case("repository", Read::Repository, &[("repository", below(""))]),
            own.clone(),
        ),
        with(
            case(
                "a repository by name",
                Read::RepositoryNamed("mill/loom-engine".to_owned()),
                &[("repository", below(""))],
            )
            .golden(&["repository"]),
            own,
        ),
    ]
}

fn refs() -> Vec<Row> {
    vec![
        list(
            "branches",
            Read::Branches,
            "/branch?page=0&size=25",
            "/_embedded/branchList",
            &["name"],
        ),
        list(
            "tags",
            Read::Tags,
            "/tag?page=0&size=25",
            "/_embedded/tagList",
            &["name"],
        ),
        list(
            "releases",
            Read::Releases,
            "/release?page=0&size=25",
            "/_embedded/releaseTagModelList",
            &[],
        ),
    ]
}

fn around() -> Vec<Row> {
    let people = |name, read, rest: &str| {
        let target = below(&format!("/{rest}?page=0&size=25"));
        let row = case(name, read, &[("people", target)]).golden(&["people"]);
        with(
            row.list("people", "/_embedded/userList"),
            needs("people", "userList", &[]),
        )
    };
    vec![
        // One that was deleted is none.
        with(
            case(
                "forks",
                Read::Forks,
                &[("forked", below("/forked?page=0&size=25"))],
            )
            .list("forked", "/_embedded/projectList"),
            needs("forked", "projectList", &["id", "alias", "ownerAlias"]),
        ),
        list(
            "labels",
            Read::Labels,
            "/labels?page=0&size=25",
            "/_embedded/labelList",
            &[],
        ),
        people("stargazers", Read::Stargazers, "stars"),
        people("watchers", Read::Watchers, "followers"),
        people("assignees", Read::Assignees, "users-can-be-assigned"),
    ]
}

fn history() -> Vec<Row> {
    let of = |name: &str| Read::Commits(Some(GitRef::parse("branch", name).unwrap()));
    let branch = |name, read, target: &str| {
        let row = case(name, read, &[("commits", below(target))]).golden(&["commits"]);
        with(
            row.list("commits", "/_embedded/commitList"),
            needs("commits", "commitList", &["hash"]),
        )
    };
    vec![
        branch("commits", Read::Commits(None), "/commits?page=0&size=25"),
        branch("of a branch", of("main"), "/commits/main?page=0&size=25"),
        // An encoded slash in a path would be refused.
        branch(
            "of a branch with a slash",
            of("weave/new"),
            "/commits?branch=weave%2Fnew&page=0&size=25",
        ),
        case(
            "single_commit",
            Read::Commit(CommitPrefix::parse(SHA).unwrap()),
            &[("single_commit", below(&format!("/commit/{SHA}")))],
        )
        .needs(&["single_commit/hash"]),
        case(
            "commit_diff",
            Read::CommitDiff(CommitId::parse(SHA).unwrap()),
            &[
                (
                    "files",
                    below(&format!("/commit/{SHA}/file?page=0&size=100")),
                ),
                // This one came without its lines.
                (
                    "late",
                    below(&format!("/commit/{SHA}/diff?filePath=late.txt")),
                ),
            ],
        ),
    ]
}

fn pull_requests() -> Vec<Row> {
    let of = |name, filter| {
        let target = below("/merge-request/list?page=0&size=25");
        let row = case(
            name,
            Read::PullRequests(filter),
            &[("pull_requests", target)],
        );
        with(
            row,
            needs("pull_requests", "mergeRequestModelList", &["id", "localId"]),
        )
    };
    vec![
        of("pull_requests", PullRequestFilter::All)
            .list("pull_requests", "/_embedded/mergeRequestModelList"),
        of("open", PullRequestFilter::Open),
        of("closed", PullRequestFilter::Closed),
        of("merged", PullRequestFilter::Merged),
        case(
            "single_pull_request",
            Read::PullRequest(4),
            &[("single_pull_request", below("/merge-request/4"))],
        )
        .needs(&["single_pull_request/id", "single_pull_request/localId"]),
        with(
            case(
                "comments",
                Read::Comments(4),
                &[(
                    "discussions",
                    below("/merge-request/4/discussions?page=0&size=25"),
                )],
            )
            .golden(&["discussions"])
            .list("discussions", "/_embedded/restDiscussionModelList"),
            needs("discussions", "restDiscussionModelList", &[]),
        ),
        case(
            "pull_request_diff",
            Read::PullRequestDiff(4),
            &[
                ("pull_request", below("/merge-request/4")),
                ("changes", below("/merge-request/4/changes?page=0&size=100")),
            ],
        )
        .needs(&[
            "pull_request/id",
            "pull_request/localId",
            "changes/commitBlobs",
            "changes/page",
            "changes/page/totalPages",
        ]),
    ]
}

fn checks() -> Vec<Row> {
    let list = || ("pipelines", below("/cicd/pipeline?page=0&size=25"));
    let own = needs("pipelines", "restPipelineModelList", &["id"]);
    let head = needs("head", "commitList", &["hash"]);
    let at = |kind: fn(GitRef) -> RefSelector, name: &str| {
        Read::Checks(kind(GitRef::parse("ref", name).unwrap()))
    };
    let sha = "89abcdef0123456789abcdef0123456789abcdef";
    vec![
        with(
            case(
                "checks",
                Read::Checks(RefSelector::DefaultBranch),
                &[("repository", below("")), list()],
            )
            .list("pipelines", "/_embedded/restPipelineModelList"),
            [
                own.clone(),
                ["id", "alias"]
                    .map(|it| format!("repository/{it}"))
                    .to_vec(),
            ]
            .concat(),
        ),
        // What is no branch would not be found.
        with(
            case(
                "checks of a branch",
                at(RefSelector::Branch, "main"),
                &[("head", below("/commits/main?page=0&size=1")), list()],
            )
            .golden(&["checks"]),
            [own.clone(), head].concat(),
        ),
        with(
            case("checks of a commit", at(RefSelector::Ref, sha), &[list()]),
            own,
        ),
    ]
}

fn trees() -> Vec<Row> {
    let folder = |at, path: Option<&str>, recursive| {
        Read::FileTree(TreeQuery {
            at,
            path: path.map(|path| TreePath::parse("path", path).unwrap()),
            recursive,
        })
    };
    let branch = RefSelector::Branch(GitRef::parse("branch", "weave/new").unwrap());
    let commit = || RefSelector::Ref(GitRef::parse("ref", SHA).unwrap());
    let blobs = |rest: &str| below(&format!("/blob/recursive?commitHash={SHA}{rest}"));
    let list = needs("file_tree", "apiFileInfoTupleList", &["path"]);
    vec![
        with(
            case(
                "file_tree",
                folder(RefSelector::DefaultBranch, None, false),
                &[("file_tree", below("/files?page=0&size=25"))],
            )
            .list("file_tree", "/_embedded/apiFileInfoTupleList"),
            list.clone(),
        ),
        with(
            case(
                "a folder of a branch",
                folder(branch, Some("src/weave"), false),
                &[(
                    "file_tree",
                    below("/files?filepath=src%2Fweave&branch=weave%2Fnew&page=0&size=25"),
                )],
            )
            .golden(&["file_tree"]),
            list,
        ),
        with(
            case(
                "a whole tree",
                folder(RefSelector::DefaultBranch, None, true),
                &[
                    ("head", below("/commits?page=0&size=1")),
                    ("blobs", blobs("")),
                ],
            ),
            [
                needs("head", "commitList", &["hash"]),
                vec!["blobs/*/filePath".to_owned()],
            ]
            .concat(),
        ),
        case(
            "a tree of a commit",
            folder(commit(), None, false),
            &[("blobs", blobs(""))],
        )
        .needs(&["blobs/*/filePath"]),
        // Whether paths begin at the root or at the folder is not documented.
        case(
            "a folder of a commit",
            folder(commit(), Some("src"), false),
            &[("below", blobs("&directory=src"))],
        )
        .needs(&["below/*/filePath"]),
    ]
}

#[tokio::test]
async fn gitflic_keeps_every_promise_of_an_adapter() {
    subject().run().await;
}
