//! Recordings of the real service: every one that fits an operation maps without error, and every
//! value in the answer was sent.

use serde_json::Value;

use crate::gitlab::{
    support::recorded::{folder, read},
    table::subject,
};

/// The file, and the answer of the table that it stands in for.
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
    ("commit_diff.json", "diff of a commit"),
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
    ("merge_notes.json", "notes"),
    ("merge_note.json", "notes"),
    ("compare.json", "compare"),
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
    let subject = subject();
    for (name, operation) in RECORDINGS {
        let recorded = read(&folder, name);
        let (case, answer) = match *operation {
            "commit" => ("commit_diff", "commit"),
            "diff of a commit" => ("commit_diff", "diff"),
            "pull_request" | "diff" => ("pull_request_diff", *operation),
            "notes" => ("comments", "notes"),
            other => (other, other),
        };
        let body = body(operation, &recorded);
        let answer = subject.read_with(case, answer, &body).await;
        let answer = answer.unwrap_or_else(|error| panic!("{name} as {operation}: {error}"));
        assert_ne!(answer, Value::Array(Vec::new()), "{name} as {operation}");
    }
}
