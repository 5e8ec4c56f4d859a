//! Recordings of the real service: every one that fits an operation maps without error, and every
//! value in the answer was sent.

use gitflare_core::{
    PageRequest,
    provider::{CommitId, Provider, TreePath, TreeQuery},
};
use gitflare_providers::{
    azure::Azure,
    conformance::{Reply, StandIn},
};
use serde_json::{Value, json};

use crate::azure::{
    SHA, repo,
    support::{
        call,
        recorded::{at, folder, read},
        table::fixture,
    },
    table::subject,
};

/// The file of recorded answers, and the answer of the table that it stands in for.
const RECORDINGS: &[(&str, &str)] = &[
    ("repo.json", "repository"),
    ("repo.json", "repositories"),
    ("repos.json", "repositories"),
    ("branches.json", "branches"),
    ("branches_filter.json", "branches"),
    ("tags.json", "tags"),
    ("commit.json", "commits"),
    ("commits.json", "commits"),
    ("pr.json", "pull_requests"),
];

/// Recorded answers that are one of several in a read: the read, and the answer.
const PARTS: &[(&str, &str, &str)] = &[
    ("compare.json", "compare", "changes"),
    ("content.json", "file", "item"),
];

/// The same for the published examples, by how their files' names begin.
const EXAMPLES: &[(&str, &str, &str)] = &[
    ("repositories", "GET__git_repositories.json", "repositories"),
    (
        "repositories",
        "GET__git_repositories__repositoryId_",
        "repositories",
    ),
    (
        "refs",
        "GET__git_repositories__repositoryId__refs_heads.json",
        "branches",
    ),
    (
        "refs",
        "GET__git_repositories__repositoryId__refs_tags",
        "tags",
    ),
    (
        "commits",
        "GET__git_repositories__repositoryId__commits",
        "commits",
    ),
    (
        "pullRequests",
        "GET__git_repositories__repositoryId__pullRequests",
        "pull_requests",
    ),
    (
        "pullRequests",
        "GET__git_pullRequests.json",
        "pull_requests",
    ),
    ("statuses", "GET", "checks"),
    ("trees", "GET", "file_tree"),
];

/// A body as the list that the operation reads.
fn body(operation: &str, recorded: &str) -> String {
    let recorded = recorded.trim_start_matches('\u{feff}');
    let mut recorded: Value = serde_json::from_str(recorded).unwrap();
    if operation.ends_with('s') && !recorded["value"].is_array() {
        recorded = json!({ "value": [recorded] });
    }
    recorded.to_string()
}

/// Ids, full names and pages, which the adapter puts together out of what was sent.
fn composed(body: &str) -> Vec<&'static str> {
    let body: Value = serde_json::from_str(body).unwrap();
    let one = vec![body.clone()];
    let rows = body["value"].as_array().unwrap_or(&one);
    let texts = rows.iter().flat_map(|row| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (project, name) = (&row["project"], text(&row["name"]));
        let id = format!("mill~{}~{}", text(&project["id"]), text(&row["id"]));
        let (url, repository) = (text(&row["url"]), &row["repository"]);
        let organization = url.split('/').nth(3).unwrap_or_default();
        let page = format!(
            "{organization}/{}/_git/{}/pullrequest/",
            text(&repository["project"]["name"]),
            text(&repository["name"])
        );
        let full_name = format!("mill/{}/{name}", text(&project["name"]));
        let remote = text(&repository["remoteUrl"]);
        let remote = remote.rsplit("dev.azure.com/").next().unwrap_or_default();
        [id, full_name, page, format!("{remote}/pullrequest/")]
    });
    texts.map(|text| &*text.leak()).collect()
}

async fn maps(name: &str, operation: &str, body: &str) {
    maps_in(name, (operation, operation), body).await;
}

async fn maps_in(name: &str, (operation, answer): (&str, &str), body: &str) {
    let mut subject = subject();
    // What every other request is answered with.
    let others = ["[]"];
    subject.own_words = [subject.own_words, &composed(body), &others]
        .concat()
        .leak();
    let answer = subject.read_with(operation, answer, body).await;
    let answer = answer.unwrap_or_else(|error| panic!("{name} as {operation}: {error:?}"));
    assert_ne!(answer, Value::Array(Vec::new()), "{name} as {operation}");
}

#[tokio::test]
async fn every_recording_maps_and_nothing_is_invented() {
    if let Some(folder) = folder("azure") {
        for (name, operation) in RECORDINGS {
            maps(name, operation, &body(operation, &read(&folder, name))).await;
        }
        for (name, operation, answer) in PARTS {
            maps_in(name, (operation, answer), &read(&folder, name)).await;
        }
    }
}

#[tokio::test]
async fn the_recorded_folder_leads_to_its_tree() {
    let Some(folder) = folder("azure") else {
        return;
    };
    let recorded = read(&folder, "content_list.json");
    let stand_in = StandIn::answering(move |_, target, _| {
        Reply::ok(
            match target.contains("/trees/9804b758e84cac41a6acc4d011f57310a1f63102") {
                true => fixture("azure/file_tree.json"),
                false => recorded.clone(),
            },
        )
    })
    .await;
    let provider = Azure::new(stand_in.http(), &stand_in.url()).unwrap();
    let page = PageRequest::default();
    let (call, repo, whole) = (call(), repo(), TreeQuery::default());
    let tree = provider.file_tree(&call, &repo, &whole, page).await;
    assert!(!tree.unwrap().items.is_empty());
}

#[tokio::test]
async fn every_published_example_maps_and_nothing_is_invented() {
    let Some(folder) = at("azure-rest-examples") else {
        return;
    };
    for (area, start, operation) in EXAMPLES {
        let files = std::fs::read_dir(folder.join(area)).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let names: Vec<_> = names.filter(|name| name.starts_with(start)).collect();
        assert!(!names.is_empty(), "{area}: {start}");
        for name in names {
            let text = read(&folder.join(area), &name);
            let example: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
            let recorded = &example["responses"]["200"]["body"];
            let is_list = recorded["value"].as_array().is_some_and(Vec::is_empty);
            if !is_list {
                maps(&name, operation, &body(operation, &recorded.to_string())).await;
            }
        }
    }
}

/// The read that each published list of changes belongs to, and the member that holds its rows.
const CHANGES: &[(&str, &str, &str)] = &[
    ("commitDiffs", "commit", "changes"),
    ("changes", "first commit", "changes"),
    (
        "pullRequestIterationChanges",
        "pull request",
        "changeEntries",
    ),
];

/// An upstream with these changes, where every file has one row more than before.
async fn with_changes(read: &str, example: &Value) -> (StandIn, Azure) {
    let mut commit: Value = serde_json::from_str(&fixture("azure/commit.json")).unwrap();
    if read == "first commit" {
        commit["parents"] = json!([]);
    }
    let (commit, example) = (commit.to_string(), example.to_string());
    let stand_in = StandIn::answering(move |_, target, _| {
        let path = target.split('?').next().unwrap_or_default();
        let mut asked = target.split(['?', '&']);
        // All rows of an example are on its first page, however many it counts.
        if asked.any(|part| part.contains("skip=") && !part.ends_with("skip=0")) {
            return Reply::ok(json!({"changes": [], "changeEntries": []}).to_string());
        }
        Reply::ok(match path.rsplit('/').next().unwrap_or_default() {
            "iterations" => fixture("azure/iterations.json"),
            "changes" => example.clone(),
            "commits" if path.contains("/diffs/") => example.clone(),
            // Which object a path is, where the list does not tell.
            "items" => json!({"objectId": "ab".repeat(20)}).to_string(),
            id if path.contains("/blobs/") => format!("row\n{id}\n"),
            _ => commit.clone(),
        })
    })
    .await;
    let provider = Azure::new(stand_in.http(), &stand_in.url()).unwrap();
    (stand_in, provider)
}

#[tokio::test]
async fn every_published_list_of_changes_is_told_file_by_file() {
    let Some(folder) = at("azure-rest-examples") else {
        return;
    };
    for (area, read_as, member) in CHANGES {
        for file in std::fs::read_dir(folder.join(area)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let text = read(&folder.join(area), &name);
            let example: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
            let mut body = example["responses"]["200"]["body"].clone();
            body["allChangesIncluded"] = json!(true);
            let (_stand_in, provider) = with_changes(read_as, &body).await;
            let diff = match *read_as {
                "pull request" => provider.pull_request_diff(&call(), &repo(), 4).await,
                _ => {
                    let commit = CommitId::parse(SHA).unwrap();
                    provider.commit_diff(&call(), &repo(), &commit).await
                }
            };
            let diff = diff.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            let rows = body[*member].as_array().unwrap().iter();
            let sent = rows.filter(|row| row["item"]["isFolder"] != true);
            let mut sent: Vec<_> = sent
                .map(|row| {
                    row["item"]["path"]
                        .as_str()
                        .unwrap()
                        .trim_start_matches('/')
                })
                .collect();
            let mut told: Vec<_> = diff.files.iter().map(|file| file.path.as_str()).collect();
            sent.sort_unstable();
            told.sort_unstable();
            assert!(!told.is_empty(), "{name}");
            assert_eq!(told, sent, "{name}");
        }
    }
}

/// The body of a published example.
fn example(folder: &std::path::Path, name: &str) -> Value {
    let text = read(folder, name);
    let mut example: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
    example["responses"]["200"]["body"].take()
}

#[tokio::test]
async fn the_published_discussion_is_what_people_said() {
    let Some(folder) = at("azure-rest-examples") else {
        return;
    };
    let of = "GET__git_repositories__repositoryId__pullRequests__pullRequestId__";
    let threads = example(
        &folder.join("pullRequestThreads"),
        &format!("{of}threads.json"),
    );
    let mut said = Vec::new();
    for thread in threads["value"].as_array().unwrap() {
        for comment in thread["comments"].as_array().unwrap() {
            if comment["commentType"] == "text" && comment["isDeleted"] != true {
                said.push(format!("{}.{}", thread["id"], comment["id"]));
            }
        }
    }
    assert!(!said.is_empty());
    let mut subject = subject();
    // Ids and answers are told by the thread, too.
    let own = said.clone().leak().iter().map(String::as_str);
    subject.own_words = subject
        .own_words
        .iter()
        .copied()
        .chain(own)
        .collect::<Vec<_>>()
        .leak();
    let told = subject
        .read_with("comments", "threads", &threads.to_string())
        .await;
    let told = told.unwrap();
    let mut ids: Vec<_> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    said.sort();
    assert_eq!(ids, said);
    // Nobody has voted in this one.
    let reviewers = example(
        &folder.join("pullRequestReviewers"),
        &format!("{of}reviewers.json"),
    );
    let told = subject
        .read_with("reviews", "reviewers", &reviewers.to_string())
        .await;
    assert_eq!(told.unwrap(), json!([]));
}

#[tokio::test]
async fn the_published_path_of_a_file_is_its_one_entry() {
    let Some(folder) = at("azure-rest-examples") else {
        return;
    };
    let name = "GET__git_repositories__repositoryId__items_scopePath-_filePath_.json";
    let items = example(&folder.join("items"), name).to_string();
    let stand_in = StandIn::answering(move |_, _, _| Reply::ok(items.clone())).await;
    let provider = Azure::new(stand_in.http(), &stand_in.url()).unwrap();
    let path = "MyWebSite/MyWebSite/Views/Home/_Home.cshtml";
    let query = TreeQuery {
        path: Some(TreePath::parse("path", path).unwrap()),
        ..TreeQuery::default()
    };
    let page = PageRequest::default();
    let tree = provider
        .file_tree(&call(), &repo(), &query, page)
        .await
        .unwrap();
    let seen: Vec<_> = tree
        .items
        .iter()
        .map(|row| (&*row.path, row.sha.as_deref()))
        .collect();
    let sha = "61a86fdaa79e5c6f5fb6e4026508489feb6ed92c";
    assert_eq!(seen, [(path, Some(sha))]);
}
