//! What GitLab's refusals become: limits, policies, missing rights and missing things told apart.

use gitflare_core::{Code, PageRequest, model::PullRequestFilter, provider::Provider};
use gitflare_providers::conformance::Reply;

use crate::gitlab::{Upstream, repo, support::call};

const MERGE_REQUESTS: &str =
    "projects/7/merge_requests?state=opened&order_by=created_at&sort=desc&per_page=25";

async fn refused(reply: Reply) -> gitflare_core::Error {
    refused_in(
        reply,
        r#"{"id": 7, "path": "x", "path_with_namespace": "m/x"}"#,
    )
    .await
}

async fn refused_in(reply: Reply, project: &str) -> gitflare_core::Error {
    let up = Upstream::start(&[(MERGE_REQUESTS, reply), ("projects/7", Reply::ok(project))]).await;
    up.provider
        .pull_requests(
            &call(),
            &repo(),
            PullRequestFilter::Open,
            PageRequest::default(),
        )
        .await
        .unwrap_err()
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let message = |status, text: &str| Reply::new(status, format!(r#"{{"message": "{text}"}}"#));
    let html = |status| Reply::new(status, "<html>").with("content-type", "text/html");
    for (reply, code) in [
        (message(401, "401 Unauthorized"), Code::AuthExpired),
        (
            Reply::new(
                401,
                r#"{"error": "invalid_token", "error_description": "Token is expired."}"#,
            ),
            Code::AuthExpired,
        ),
        (
            Reply::new(
                403,
                r#"{"error": "insufficient_scope", "error_description": "x", "scope": "api"}"#,
            ),
            Code::InsufficientScope,
        ),
        (message(403, "403 Forbidden"), Code::InsufficientScope),
        (html(451), Code::AccessBlockedByPolicy),
        (
            message(403, "Your account has been blocked."),
            Code::AccessBlockedByPolicy,
        ),
        (
            message(403, "Your password expired."),
            Code::AccessBlockedByPolicy,
        ),
        (
            message(403, "You must accept the Terms of Service"),
            Code::AccessBlockedByPolicy,
        ),
        (html(403), Code::UpstreamUnavailable),
        (
            message(404, "404 Project Not Found"),
            Code::RepositoryNotFound,
        ),
        (message(404, "404 Not Found"), Code::ResourceNotFound),
        (
            Reply::new(400, r#"{"error": "state does not have a valid value"}"#),
            Code::InvalidRequest,
        ),
        (message(422, "x"), Code::InvalidRequest),
        (message(409, "x"), Code::InvalidRequest),
        (message(451, "x"), Code::AccessBlockedByPolicy),
        (
            message(500, "500 Internal Server Error"),
            Code::UpstreamUnavailable,
        ),
        (html(502), Code::UpstreamUnavailable),
        (html(520), Code::UpstreamUnavailable),
        (html(524), Code::UpstreamTimeout),
        (html(504), Code::UpstreamTimeout),
    ] {
        let shown = format!("{reply:?}");
        let error = refused(reply).await;
        assert_eq!(error.code(), code, "{shown}");
        assert_eq!(error.provider_request_id(), Some("01HXFIXTURE"), "{shown}");
        assert!(error.upstream_status().is_some(), "{shown}");
    }
}

#[tokio::test]
async fn a_feature_that_is_switched_off_is_told_from_a_missing_right() {
    let forbidden = || Reply::new(403, r#"{"message": "403 Forbidden"}"#);
    for (level, code) in [
        ("disabled", Code::UnsupportedEndpoint),
        ("private", Code::InsufficientScope),
    ] {
        let project = format!(
            r#"{{"id": 7, "path": "x", "path_with_namespace": "m/x", "merge_requests_access_level": "{level}"}}"#
        );
        assert_eq!(
            refused_in(forbidden(), &project).await.code(),
            code,
            "{level}"
        );
    }
    // Some lists are not found instead.
    let missing = Reply::new(404, r#"{"message": "404 Not Found"}"#);
    let project = r#"{"id": 7, "path": "x", "path_with_namespace": "m/x", "merge_requests_access_level": "disabled"}"#;
    let refused = refused_in(missing, project).await;
    assert_eq!(refused.code(), Code::UnsupportedEndpoint);
}

#[tokio::test]
async fn limits_say_when_they_end() {
    // sec: SR-9
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    let limited = || Reply::new(429, "Retry later").with("content-type", "text/plain");
    for (reply, seconds) in [
        (limited().with("retry-after", "37"), 37),
        (limited().with("retry-after", "-1"), 60),
        (
            limited()
                .with("date", DATE)
                .with("ratelimit-reset", "784111877"),
            100,
        ),
        (limited(), 60),
    ] {
        let shown = format!("{reply:?}");
        let error = refused(reply).await;
        assert_eq!(error.code(), Code::RateLimited, "{shown}");
        assert_eq!(error.retry_after_seconds(), Some(seconds), "{shown}");
    }
}

#[tokio::test]
async fn a_token_that_gitlab_refuses_is_no_credential() {
    let up = Upstream::start(&[(
        "user",
        Reply::new(401, r#"{"message": "401 Unauthorized"}"#),
    )])
    .await;
    let refused = up.provider.viewer(&call()).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidCredentials);
    let body = r#"{"id": 1, "username": "a", "state": "deactivated"}"#;
    let up = Upstream::start(&[("user", Reply::ok(body))]).await;
    let refused = up.provider.viewer(&call()).await.unwrap_err();
    assert_eq!(refused.code(), Code::AccessBlockedByPolicy);
}

#[tokio::test]
async fn the_request_is_named_by_whoever_answered() {
    let refused_with = async |name: &'static str, value: &str| {
        let reply = Reply::new(502, "<html>")
            .with("x-request-id", "<hidden>")
            .with(name, value);
        let error = refused(reply).await;
        error.provider_request_id().map(str::to_owned)
    };
    let meta = r#"{"correlation_id":"01HXMETA","version":"1"}"#;
    assert_eq!(
        refused_with("x-gitlab-meta", meta).await.as_deref(),
        Some("01HXMETA")
    );
    assert_eq!(
        refused_with("cf-ray", "8f2-AMS").await.as_deref(),
        Some("8f2-AMS")
    );
    assert_eq!(refused_with("x-other", "1").await, None);
}
