//! A value that the upstream does not send costs that value alone: what an answer cannot do without
//! is listed here, and is what names the thing.

use crate::gitlab::{
    operations::answer,
    support::{damage::needed, replay::fixture},
};

const NEEDED: &[(&str, &[&str])] = &[
    ("profile", &["/id"]),
    ("repository", &["/id", "/path", "/path_with_namespace"]),
    (
        "repositories",
        &["/*/id", "/*/path", "/*/path_with_namespace"],
    ),
    ("branches", &["/*/commit", "/*/commit/id", "/*/name"]),
    ("tags", &["/*/name"]),
    ("commits", &["/*/id"]),
    ("commit", &["/id"]),
    ("diff", &["/*/new_path"]),
    ("pull_requests", &["/*/id", "/*/iid"]),
    ("pull_request", &[]),
    ("contributors", &[]),
    ("releases", &[]),
    ("checks", &["/*/id"]),
    ("deployments", &["/*/id"]),
    ("file_tree", &["/*/name", "/*/path", "/*/type"]),
];

#[tokio::test]
async fn a_value_that_was_not_sent_costs_that_value_alone() {
    for (operation, paths) in NEEDED {
        let body = fixture(&format!("gitlab/{operation}.json"));
        let survives = async |body: String| answer(operation, &body).await.is_ok();
        assert_eq!(needed(&body, survives).await, *paths, "{operation}");
    }
}
