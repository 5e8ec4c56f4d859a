//! Recordings of the real service: every one that fits an operation maps without error, and every
//! value in the answer was sent.

use serde_json::Value;

use crate::gitlab::{
    SHA,
    operations::answer,
    support::recorded::{assert_nothing_invented, folder, read},
};

/// What is ours in every answer, and asked by.
const OURS: &[&str] = &[
    "gitlab",
    "conn_fixture",
    "user",
    "group",
    "modified",
    "added",
    "removed",
    "renamed",
    "merged",
    "open",
    "completed",
    "queued",
    "in_progress",
    "cancelled",
    "failure",
    "public",
    "private",
    "file",
    "directory",
    SHA,
];

/// The file, and the operation that it is an answer to.
const RECORDINGS: &[(&str, &str)] = &[
    ("user.json", "profile"),
    ("repo.json", "repository"),
    ("repo.json", "repositories"),
    ("repos.json", "repositories"),
    ("repos_filter.json", "repositories"),
    ("branch.json", "branches"),
    ("branches.json", "branches"),
    ("branches_filter.json", "branches"),
    ("tag.json", "tags"),
    ("tags.json", "tags"),
    ("commit.json", "commits"),
    ("commits.json", "commits"),
    ("commit.json", "commit"),
    ("commit_diff.json", "commit_files"),
    ("merge.json", "pull_requests"),
    ("merges.json", "pull_requests"),
    ("merge.json", "pull_request"),
    ("merge_with_diffrefs.json", "pull_request"),
    ("merge_diffs.json", "diff"),
    ("merge_diffs_page2.json", "diff"),
    ("release.json", "releases"),
    ("releases.json", "releases"),
    ("status.json", "checks"),
    ("statuses.json", "checks"),
    ("content_list.json", "file_tree"),
];

/// The recording as the body that the operation reads: a row that came alone becomes a list.
fn body(operation: &str, recorded: &str) -> String {
    if recorded.trim_start().starts_with('{') && operation.ends_with('s') {
        return format!("[{recorded}]");
    }
    recorded.to_owned()
}

#[tokio::test]
async fn every_recording_maps_and_nothing_is_invented() {
    let Some(folder) = folder("gitlab") else {
        return;
    };
    for (name, operation) in RECORDINGS {
        let recorded = read(&folder, name);
        let answer = answer(operation, &body(operation, &recorded)).await;
        let answer = answer.unwrap_or_else(|error| panic!("{name} as {operation}: {error}"));
        assert_ne!(answer, Value::Array(Vec::new()), "{name} as {operation}");
        let mut ours = OURS.to_vec();
        // Files and lines are counted here.
        let counts: Vec<_> = (0..100).map(|count| count.to_string()).collect();
        if matches!(
            *operation,
            "commit" | "commit_files" | "pull_request" | "diff"
        ) {
            ours.extend(counts.iter().map(String::as_str));
        }
        assert_nothing_invented(name, &answer, &recorded, &ours);
    }
}
