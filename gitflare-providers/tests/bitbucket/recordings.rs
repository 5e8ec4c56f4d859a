//! Recordings of the real service: every one that fits an operation maps without error, and every
//! value in the answer was sent.

use serde_json::{Value, json};

use crate::bitbucket::{
    support::recorded::{folder, read},
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
];

/// The recording as the body that the operation reads, as a last page: where it goes on is not
/// recorded.
fn body(operation: &str, recorded: &str) -> String {
    let mut recorded: Value = serde_json::from_str(recorded).unwrap();
    if operation.ends_with('s') || operation == "file_tree" {
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
            other => (other, other),
        };
        let body = body(operation, &read(&folder, name));
        let answer = subject.read_with(case, answer, &body).await;
        let answer = answer.unwrap_or_else(|error| panic!("{name} as {operation}: {error}"));
        assert_ne!(answer, Value::Array(Vec::new()), "{name} as {operation}");
    }
}
