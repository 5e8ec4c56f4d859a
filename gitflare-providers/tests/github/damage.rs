//! A value that the upstream does not send costs that value alone: what an answer cannot do without
//! is listed here, and is what names the thing.

use crate::github::{
    operations::answer,
    support::{damage::needed, replay::fixture},
};

const NEEDED: &[(&str, &[&str])] = &[
    ("profile", &["/id"]),
    ("repository", &["/full_name", "/id", "/name"]),
    ("repositories", &["/*/full_name", "/*/id", "/*/name"]),
    ("branches", &["/*/commit", "/*/commit/sha", "/*/name"]),
    ("tags", &["/*/name"]),
    ("commits", &["/*/parents/*/sha", "/*/sha"]),
    (
        "commit",
        &["/files/*/filename", "/files/*/status", "/parents/*/sha"],
    ),
    ("pull_requests", &["/*/id", "/*/number"]),
    ("pull_request", &[]),
    ("files", &["/*/filename", "/*/status"]),
    ("contributors", &[]),
    ("releases", &[]),
    ("check_runs", &["/check_runs", "/check_runs/*/id"]),
    ("statuses", &["/statuses", "/statuses/*/id"]),
    ("deployments", &["/*/id"]),
    ("root_tree", &["/tree", "/tree/*/path", "/tree/*/type"]),
];

#[tokio::test]
async fn a_value_that_was_not_sent_costs_that_value_alone() {
    for (operation, paths) in NEEDED {
        let body = fixture(&format!("github/{operation}.json"));
        let survives = async |body: String| answer(operation, &body).await.is_ok();
        assert_eq!(needed(&body, survives).await, *paths, "{operation}");
    }
}
