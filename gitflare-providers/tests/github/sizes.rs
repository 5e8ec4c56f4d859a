//! Answers that are larger than the gateway reads: never said to be worth another try, and what is said
//! instead helps. Lists of many rows pass (`tests/outbound/faults.rs`).

use gitflare_core::{
    Code, Error, PageRequest,
    model::PullRequestFilter,
    provider::{CommitId, Provider},
};
use gitflare_providers::conformance::Reply;

use crate::github::{SHA, Upstream, repo, support::call};

fn large(before: &str, after: &str) -> Reply {
    Reply::ok(format!("{before}{}{after}", "y".repeat(17 << 20)))
}

fn assert_final(error: &Error, code: Code, helps: &str) {
    assert_eq!(error.code(), code, "{error}");
    assert!(!error.code().row().retryable, "{error}");
    assert!(error.message().contains(helps), "{error}");
}

#[tokio::test]
async fn one_object_is_no_page_and_cannot_be_made_smaller() {
    let body = large(r#"{"id": 1, "number": 4, "body": ""#, r#""}"#);
    let up = Upstream::start(&[("repositories/7/pulls/4", body)]).await;
    let refused = up.provider.pull_request(&call(), &repo(), 4).await;
    assert_final(
        &refused.unwrap_err(),
        Code::UnsupportedEndpoint,
        "at GitHub",
    );
}

#[tokio::test]
async fn a_diff_is_read_file_by_file_instead() {
    let body = large(
        r#"{"sha": "1", "files": [{"filename": "a", "patch": ""#,
        r#""}]}"#,
    );
    let up = Upstream::start(&[(&format!("repositories/7/commits/{SHA}"), body)]).await;
    let commit = CommitId::parse(SHA).unwrap();
    let refused = up.provider.commit_diff(&call(), &repo(), &commit).await;
    assert_final(
        &refused.unwrap_err(),
        Code::UnsupportedEndpoint,
        "/contents",
    );
}

#[tokio::test]
async fn one_row_that_is_too_large_leaves_those_in_front_of_it() {
    let body = large(r#"[{"id": 1, "number": 4, "body": ""#, r#""}]"#);
    let target = "repositories/7/pulls?state=all&sort=created&direction=desc&per_page=25";
    let up = Upstream::start(&[(target, body)]).await;
    let all = PullRequestFilter::All;
    let refused = up
        .provider
        .pull_requests(&call(), &repo(), all, PageRequest::default())
        .await;
    assert_final(&refused.unwrap_err(), Code::InvalidLimit, "A row");
}
