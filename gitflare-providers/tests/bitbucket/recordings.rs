//! Recordings of the real service: every one that fits an operation maps without error, and every
//! value in the answer was sent.

use gitflare_core::{
    Code, PageRequest,
    provider::{ContentQuery, FilePath, GitRef, Held, Provider, RefSelector},
};
use gitflare_providers::{
    bitbucket::Bitbucket,
    conformance::{Reply, StandIn},
};
use serde_json::{Value, json};

use crate::bitbucket::{
    SHA, repo,
    support::{
        call,
        recorded::{folder, read},
        table::fixture,
    },
    table::subject,
};

/// The file, and the answer of the table that it stands in for.
const RECORDINGS: &[(&str, &str)] = &[
    ("user.json", "profile"),
    ("repo.json", "repository"),
    ("repo.json", "repositories"),
    ("repos.json", "repositories"),
    ("repos-2.json", "repositories"),
    ("repos_filter.json", "repositories"),
    ("branch.json", "branches"),
    ("branches.json", "branches"),
    ("branches_filter.json", "branches"),
    ("tag.json", "tags"),
    ("tags.json", "tags"),
    ("commit.json", "commits"),
    ("commits.json", "commits"),
    ("commit.json", "commit"),
    ("pr.json", "pull_requests"),
    ("prs.json", "pull_requests"),
    ("pr.json", "pull_request"),
    ("status.json", "checks"),
    ("statuses.json", "checks"),
    ("content_list.json", "file_tree"),
    ("prcomments.json", "comments"),
    ("prcomment.json", "comments"),
    ("review.json", "comments"),
    ("diffstat.json", "files of a commit"),
    ("pr_diffstat.json", "files of a pull request"),
];

/// The recording as the body that the operation reads, as a last page: where it goes on is not
/// recorded.
fn body(operation: &str, recorded: &str) -> String {
    let mut recorded: Value = serde_json::from_str(recorded).unwrap();
    if operation.ends_with('s') || ["file_tree", "files"].contains(&operation) {
        if recorded.get("values").is_none() {
            recorded = json!({ "values": [recorded] });
        }
        recorded["next"] = Value::Null;
    }
    recorded.to_string()
}

#[tokio::test]
async fn every_recording_maps_and_nothing_is_invented() {
    let Some(folder) = folder("bitbucket") else {
        return;
    };
    let subject = subject();
    for (name, operation) in RECORDINGS {
        let (case, answer) = match *operation {
            "commit" => ("commit_diff", "commit"),
            "pull_request" => ("pull_request_diff", "pull_request"),
            "files of a commit" => ("commit_diff", "files"),
            "files of a pull request" => ("pull_request_diff", "files"),
            other => (other, other),
        };
        let body = body(answer, &read(&folder, name));
        let answer = subject.read_with(case, answer, &body).await;
        let answer = answer.unwrap_or_else(|error| panic!("{name} as {operation}: {error}"));
        assert_ne!(answer, Value::Array(Vec::new()), "{name} as {operation}");
    }
}

#[tokio::test]
async fn the_recorded_workspaces_are_walked() {
    let Some(folder) = folder("bitbucket") else {
        return;
    };
    let workspaces = read(&folder, "user_workspaces.json");
    let stand_in =
        StandIn::answering(
            move |_, target, _| match target.starts_with("/2.0/user/workspaces") {
                true => Reply::ok(workspaces.clone()),
                false => Reply::ok(fixture("bitbucket/repositories.json")),
            },
        )
        .await;
    let provider = Bitbucket::new(stand_in.http(), &format!("{}/2.0", stand_in.url())).unwrap();
    let mut page = PageRequest::default();
    while let Some(next) = provider
        .repositories(&call(), page.clone())
        .await
        .unwrap()
        .next
    {
        page.position = Some(next);
    }
    let asked = stand_in.asked();
    for slug in ["my-workspace", "team-workspace"] {
        let path = format!("/2.0/repositories/{slug}?");
        assert!(asked.iter().any(|it| it.starts_with(&path)), "{asked:?}");
    }
}

#[tokio::test]
async fn recorded_refusals_have_their_codes() {
    let Some(folder) = folder("bitbucket") else {
        return;
    };
    for (name, code) in [
        ("error.json", Code::RepositoryNotFound),
        ("content_fail.json", Code::ResourceNotFound),
    ] {
        let body = read(&folder, name);
        let stand_in = StandIn::answering(move |_, target, _| match target.contains("/src/") {
            true => Reply::new(404, body.clone()),
            false => Reply::ok(fixture("bitbucket/repository.json")),
        })
        .await;
        let url = format!("{}/2.0", stand_in.url());
        let provider = Bitbucket::new(stand_in.http(), &url).unwrap();
        let query = ContentQuery {
            at: RefSelector::Ref(GitRef::parse("ref", SHA).unwrap()),
            path: FilePath::parse("path", "README.md.asdas").unwrap(),
        };
        let held = Held::default();
        let read = provider.contents(&call(), &repo(), &query, held).await;
        assert_eq!(read.unwrap_err().code(), code, "{name}");
    }
}
