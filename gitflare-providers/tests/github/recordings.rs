//! Recordings of the real service: every one that fits an operation maps without error, and every
//! value in the answer was sent.

use serde_json::Value;

use crate::github::{
    support::recorded::{folder, read},
    table::subject,
};

/// The file, and the answer of the table that it stands in for.
const RECORDINGS: &[(&str, &str)] = &[
    ("user.json", "profile"),
    ("repo.json", "repository"),
    ("repos.json", "repositories"),
    ("reposWithNull.json", "repositories"),
    ("repos_filter.json", "repositories"),
    ("branches.json", "branches"),
    ("branch.json", "branches"),
    ("commits.json", "commits"),
    ("commit.json", "commits"),
    ("commit.json", "commit"),
    ("pulls.json", "pull_requests"),
    ("pr.json", "pull_requests"),
    ("pr.json", "pull_request"),
    ("pr_files.json", "files"),
    ("pr_files_page2.json", "files"),
    ("release.json", "releases"),
    ("releases.json", "releases"),
    ("status.json", "statuses"),
    ("statuses.json", "statuses"),
    ("deployment.json", "deployments"),
    ("issue_comments.json", "issue_comments"),
    ("pr_comments.json", "line_comments"),
    ("compare.json", "compare"),
];

/// The recording as the body that the operation reads: rows that came alone or inside of a search
/// become a list.
fn body(operation: &str, recorded: &str) -> Value {
    let recorded: Value = serde_json::from_str(recorded).unwrap();
    let rows = match recorded {
        Value::Object(mut search) if search.contains_key("items") => {
            search.remove("items").unwrap()
        }
        Value::Object(_) if operation.ends_with('s') => Value::Array(vec![recorded]),
        other => other,
    };
    match operation {
        "statuses" => serde_json::json!({ "statuses": rows }),
        _ => rows,
    }
}

#[tokio::test]
async fn every_recording_maps_and_nothing_is_invented() {
    let Some(folder) = folder("github") else {
        return;
    };
    let subject = subject();
    for (name, operation) in RECORDINGS {
        let recorded = read(&folder, name);
        let case = match *operation {
            "commit" => "commit_diff",
            "pull_request" | "files" => "pull_request_diff",
            "check_runs" => "checks of a commit",
            "issue_comments" => "comments",
            "line_comments" => "comments on lines",
            other => other,
        };
        let body = body(operation, &recorded).to_string();
        let answer = subject.read_with(case, operation, &body).await;
        let answer = answer.unwrap_or_else(|error| panic!("{name} as {operation}: {error}"));
        assert_ne!(answer, Value::Array(Vec::new()), "{name} as {operation}");
    }
}
