//! What GitHub's refusals become: limits, policies, missing rights and missing things told apart.

use gitflare_core::{
    Code, ConnectionId, PageRequest,
    provider::{Call, ContentQuery, FilePath, Held, Provider, RefSelector, TreeQuery},
};
use gitflare_providers::conformance::Reply;

use crate::github::{
    Upstream, git_ref, repo,
    support::{call, call_with},
};

const BRANCHES: &str = "repositories/7/branches?per_page=25";

async fn refused(reply: Reply) -> gitflare_core::Error {
    let up = Upstream::start(&[
        (BRANCHES, reply),
        (
            "repositories/7",
            Reply::ok(r#"{"id": 7, "name": "x", "full_name": "m/x"}"#),
        ),
    ])
    .await;
    up.provider
        .branches(&call(), &repo(), PageRequest::default())
        .await
        .unwrap_err()
}

fn message(status: u16, text: &str) -> Reply {
    Reply::new(
        status,
        format!(r#"{{"message": "{text}", "documentation_url": "d"}}"#),
    )
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    for (reply, code) in [
        (message(401, "Bad credentials"), Code::AuthExpired),
        (
            message(403, "Resource not accessible by integration"),
            Code::InsufficientScope,
        ),
        (
            message(403, "Must have admin rights to Repository."),
            Code::InsufficientScope,
        ),
        (
            message(
                403,
                "Resource protected by organization SAML enforcement. x",
            ),
            Code::AccessBlockedByPolicy,
        ),
        (
            message(403, "x").with(
                "x-github-sso",
                "required; url=https://github.com/orgs/o/sso",
            ),
            Code::AccessBlockedByPolicy,
        ),
        (
            message(
                403,
                "Although you appear to have the correct authorization credentials, the `o` organization has enabled OAuth App access restrictions",
            ),
            Code::AccessBlockedByPolicy,
        ),
        (
            message(
                403,
                "Access to this resource has been blocked by the organization",
            ),
            Code::AccessBlockedByPolicy,
        ),
        (
            message(403, "the organization has an IP allow list enabled"),
            Code::AccessBlockedByPolicy,
        ),
        (
            Reply::new(
                403,
                r#"{"message": "Repository access blocked", "block": {"reason": "tos"}}"#,
            ),
            Code::AccessBlockedByPolicy,
        ),
        (
            Reply::new(
                451,
                r#"{"message": "Repository access blocked", "block": {"reason": "dmca"}}"#,
            ),
            Code::AccessBlockedByPolicy,
        ),
        // Of a page in front of GitHub the status is enough.
        (
            Reply::new(451, "<html>").with("content-type", "text/html"),
            Code::AccessBlockedByPolicy,
        ),
        (
            message(409, "Git Repository is unavailable."),
            Code::UpstreamUnavailable,
        ),
        (
            message(422, "The \\\"push\\\" event cannot have more than 20 hooks"),
            Code::InvalidRequest,
        ),
        (
            message(
                403,
                "The history or contributor list is too large to list contributors for this repository via the API.",
            ),
            Code::UnsupportedEndpoint,
        ),
        (
            message(403, "Maximum number of login attempts exceeded."),
            Code::AuthExpired,
        ),
        (message(404, "Not Found"), Code::ResourceNotFound),
        (message(410, "gone"), Code::ResourceNotFound),
        (
            message(422, "No commit found for SHA: x"),
            Code::ResourceNotFound,
        ),
        (message(422, "Validation Failed"), Code::InvalidRequest),
        (
            Reply::new(
                422,
                r#"{"message": "Validation Failed", "errors": [{"resource": "Branch", "code": "missing"}]}"#,
            ),
            Code::ResourceNotFound,
        ),
        // Policies about tokens, which no scope helps against.
        (
            message(
                403,
                "`mill` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a personal access token with fine-grained permissions.",
            ),
            Code::AccessBlockedByPolicy,
        ),
        (
            message(
                403,
                "The 'mill' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater than 366 days.",
            ),
            Code::AccessBlockedByPolicy,
        ),
        (
            Reply::new(403, r#"{"message": "Sorry.", "block": {"reason": "x"}}"#),
            Code::AccessBlockedByPolicy,
        ),
        (message(500, "Server Error"), Code::UpstreamUnavailable),
        (
            Reply::new(502, "<html>unicorn</html>"),
            Code::UpstreamUnavailable,
        ),
        (Reply::new(504, "x"), Code::UpstreamTimeout),
    ] {
        let shown = format!("{reply:?}");
        let error = refused(reply).await;
        assert_eq!(error.code(), code, "{shown}");
        assert_eq!(error.provider_request_id(), Some("C0DE:1:2:3"), "{shown}");
        assert!(error.upstream_status().is_some(), "{shown}");
        // sec: SR-9
        assert!(!error.message().contains("SAML"), "{shown}");
    }
}

#[tokio::test]
async fn a_ref_is_no_tree_and_a_pull_request_no_issue() {
    let folder = "c".repeat(40);
    let no_commit = r#"{"message": "No commit found for SHA"}"#;
    let comment = r#"[{"id": 1, "body": "x", "html_url": "https://github.com/mill/loom/issues/5#issuecomment-1"}]"#;
    let up = Upstream::start(&[
        (
            &format!("repositories/7/commits/{folder}?per_page=1"),
            Reply::new(422, no_commit),
        ),
        (
            "repositories/7/issues/5/comments?per_page=25",
            Reply::ok(comment),
        ),
    ])
    .await;
    // Its entries would be named without the folder that they are in.
    let at = RefSelector::Ref(git_ref(&folder));
    let query = ContentQuery {
        at: at.clone(),
        path: FilePath::parse("path", "credentials").unwrap(),
    };
    let refused = up
        .provider
        .contents(&call(), &repo(), &query, Held::default())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::ResourceNotFound);
    let query = TreeQuery {
        at,
        path: None,
        recursive: false,
    };
    let page = PageRequest::default;
    let refused = up
        .provider
        .file_tree(&call(), &repo(), &query, page())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::ResourceNotFound);
    let refused = up.provider.comments(&call(), &repo(), 5, page()).await;
    assert_eq!(refused.unwrap_err().code(), Code::ResourceNotFound);
}

#[tokio::test]
async fn limits_are_told_from_missing_rights_and_say_when_they_end() {
    // sec: SR-9
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (reply, seconds) in [
        (message(403, "x").with("retry-after", "37"), 37),
        (message(429, "x").with("retry-after", "37"), 37),
        (message(429, "x").with("retry-after", "999999"), 3600),
        (
            message(403, "API rate limit exceeded for user")
                .with("x-ratelimit-remaining", "0")
                .with("date", DATE)
                .with("x-ratelimit-reset", "784111877"),
            100,
        ),
        (
            message(403, "You have exceeded a secondary rate limit.")
                .with("x-ratelimit-remaining", "4900")
                .with("date", DATE)
                .with("x-ratelimit-reset", "784114877"),
            60,
        ),
        (
            message(403, "You have triggered an abuse detection mechanism"),
            60,
        ),
        (message(429, "Too many"), 60),
    ] {
        let shown = format!("{reply:?}");
        let error = refused(reply).await;
        assert_eq!(error.code(), Code::RateLimited, "{shown}");
        assert_eq!(error.retry_after_seconds(), Some(seconds), "{shown}");
    }
}

#[tokio::test]
async fn a_token_that_github_refuses_is_no_credential() {
    let up = Upstream::start(&[("user", message(401, "Bad credentials"))]).await;
    let refused = up.provider.viewer(&call()).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidCredentials);
}

#[tokio::test]
async fn what_is_missing_is_looked_into() {
    let missing = || message(404, "Not Found");
    let installed = |logins: &[&str]| {
        let rows: Vec<_> = logins
            .iter()
            .enumerate()
            .map(|(id, login)| format!(r#"{{"id": {id}, "account": {{"login": "{login}"}}}}"#))
            .collect();
        Reply::ok(format!(r#"{{"installations": [{}]}}"#, rows.join(",")))
    };
    for (token, installations, code) in [
        ("gho_fixture", None, Code::RepositoryNotFound),
        (
            "ghu_fixture",
            Some(installed(&[])),
            Code::InstallationNotFound,
        ),
        (
            "ghu_fixture",
            Some(installed(&["other"])),
            Code::InstallationNotFound,
        ),
        (
            "ghu_fixture",
            Some(installed(&["other", "Mill"])),
            Code::RepositoryNotFound,
        ),
        (
            "ghu_fixture",
            Some(message(500, "x")),
            Code::RepositoryNotFound,
        ),
    ] {
        let mut routes = vec![(BRANCHES, missing()), ("repositories/7", missing())];
        routes.extend(installations.map(|reply| ("user/installations?per_page=100", reply)));
        let up = Upstream::start(&routes).await;
        let call = call_with(token);
        let below = up
            .provider
            .branches(&call, &repo(), PageRequest::default())
            .await;
        assert_eq!(below.unwrap_err().code(), code, "{token}");
        let itself = up.provider.repository(&call, &repo()).await;
        assert_eq!(itself.unwrap_err().code(), code, "{token}");
    }
    let up = Upstream::start(&[("user/installations?per_page=100", installed(&[]))]).await;
    let nothing = up
        .provider
        .repositories(&call_with("ghu_x"), PageRequest::default())
        .await;
    assert_eq!(nothing.unwrap_err().code(), Code::InstallationNotFound);
}

#[tokio::test]
async fn an_account_whose_calls_are_used_up_is_not_called_again() {
    let used_up = Reply::ok("[]")
        .with("date", "Sun, 06 Nov 1994 08:49:37 GMT")
        .with("x-ratelimit-limit", "5000")
        .with("x-ratelimit-remaining", "0")
        .with("x-ratelimit-reset", "784112377");
    let up = Upstream::start(&[(BRANCHES, used_up)]).await;
    let call = call();
    assert_eq!(up.provider.rate_limit(&call.connection_id), None);
    let branches = async |call: &Call| {
        up.provider
            .branches(call, &repo(), PageRequest::default())
            .await
    };
    // The last one counted is still an answer.
    assert!(branches(&call).await.is_ok());
    let told = up.provider.rate_limit(&call.connection_id).unwrap();
    assert_eq!((told.limit, told.remaining), (Some(5000), 0));
    assert!((595..=600).contains(&told.resets_in_seconds), "{told:?}");
    let refused = branches(&call).await.unwrap_err();
    assert_eq!(refused.code(), Code::RateLimited);
    assert!(
        refused
            .retry_after_seconds()
            .is_some_and(|seconds| seconds > 590)
    );
    assert_eq!(up.asked().len(), 1);
    // Another account has calls of its own.
    let other = Call {
        connection_id: ConnectionId::parse("conn_other").unwrap(),
        ..call_with("other")
    };
    assert!(branches(&other).await.is_ok());
}
