//! What Bitbucket's refusals become: limits, policies, missing rights and missing things told apart.

use gitflare_core::{
    Code, PageRequest,
    provider::{CompareQuery, GitRef, Provider, RefSelector},
};
use gitflare_providers::{
    bitbucket::Bitbucket,
    conformance::{Reply, StandIn},
};

use crate::bitbucket::{
    SHA, below, repo,
    support::{call, table::fixture},
};

/// What becomes of this answer to a list of branches, whose repository exists.
async fn refused(reply: Reply) -> gitflare_core::Error {
    let list = below("/refs/branches?pagelen=25");
    let repository = below("");
    let stand_in = StandIn::answering(move |_, target, _| {
        match target.strip_prefix("/2.0/").unwrap_or(target) {
            target if target == list => reply.clone(),
            target if target == repository => Reply::ok(fixture("bitbucket/repository.json")),
            _ => Reply::new(418, "{}"),
        }
    })
    .await;
    let provider = Bitbucket::new(stand_in.http(), &format!("{}/2.0", stand_in.url())).unwrap();
    provider
        .branches(&call(), &repo(), PageRequest::default())
        .await
        .unwrap_err()
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let words = |status, text: &str| {
        let body = format!(r#"{{"type": "error", "error": {{"message": "{text}"}}}}"#);
        Reply::new(status, body)
    };
    for (reply, code) in [
        (
            words(
                401,
                "Token is invalid, expired, or not supported for this endpoint.",
            ),
            Code::AuthExpired,
        ),
        (Reply::new(401, ""), Code::AuthExpired),
        (
            words(
                403,
                "Your credentials lack one or more required privilege scopes.",
            ),
            Code::InsufficientScope,
        ),
        (
            words(
                403,
                "To access this repository, an admin has to allow-listed IP",
            ),
            Code::AccessBlockedByPolicy,
        ),
        (
            words(403, "You must enable two-step verification to access this"),
            Code::AccessBlockedByPolicy,
        ),
        (
            words(403, "Access denied. You must have write or admin access."),
            Code::AccessBlockedByPolicy,
        ),
        (
            Reply::new(403, "Forbidden").with("content-type", "text/plain"),
            Code::AccessBlockedByPolicy,
        ),
        (
            Reply::new(403, "Access denied. You must have write or admin access.")
                .with("content-type", "text/plain"),
            Code::AccessBlockedByPolicy,
        ),
        (
            Reply::new(403, "This IP address is not on the allowlist")
                .with("content-type", "text/plain"),
            Code::AccessBlockedByPolicy,
        ),
        (words(403, "x"), Code::InsufficientScope),
        (
            Reply::new(
                410,
                r#"{"type": "error", "error": {"message": "Resource removed", "detail": "CHANGE-2770"}}"#,
            ),
            Code::UnsupportedEndpoint,
        ),
        (
            words(404, "Repository mill/gone not found"),
            Code::RepositoryNotFound,
        ),
        (
            words(404, "No workspace with identifier 'gone'."),
            Code::InstallationNotFound,
        ),
        (Reply::new(404, "Not Found"), Code::ResourceNotFound),
        (
            words(410, "CHANGE-2770 - Functionality has been deprecated"),
            Code::UnsupportedEndpoint,
        ),
        (
            Reply::new(410, r#"{"message": "CHANGE-2770 - gone", "detail": "x"}"#),
            Code::UnsupportedEndpoint,
        ),
        (
            Reply::new(429, "Rate limit for this resource has been exceeded")
                .with("content-type", "text/plain"),
            Code::RateLimited,
        ),
        (Reply::new(555, ""), Code::UpstreamTimeout),
        (words(400, "Invalid pagelen"), Code::InternalError),
        (words(500, "x"), Code::UpstreamUnavailable),
        (Reply::new(503, "<html>"), Code::UpstreamUnavailable),
        (Reply::new(504, ""), Code::UpstreamTimeout),
        (Reply::ok("<html>"), Code::UpstreamUnavailable),
    ] {
        let shown = format!("{reply:?}");
        let error = refused(reply).await;
        assert_eq!(error.code(), code, "{shown}");
        assert_eq!(error.provider_request_id(), Some("01HXFIXTURE"), "{shown}");
    }
}

#[tokio::test]
async fn the_scopes_that_are_missing_are_named() {
    let words = "Your credentials lack one or more required privilege scopes.";
    let detailed = format!(
        r#"{{"error": {{"message": "{words}", "detail": {{"required": ["pipeline", "read:user:bitbucket", "<b>"], "granted": ["account"]}}}}}}"#
    );
    let vague = Reply::new(403, format!(r#"{{"error": {{"message": "{words}"}}}}"#));
    for (reply, told) in [
        (
            Reply::new(403, detailed),
            ": it needs `pipeline`, `read:user:bitbucket`.",
        ),
        (
            vague
                .clone()
                .with("x-accepted-oauth-scopes", "pullrequest, webhook"),
            ": it needs `pullrequest`, `webhook`.",
        ),
        (vague, "asks for."),
    ] {
        let error = refused(reply).await;
        assert_eq!(error.code(), Code::InsufficientScope);
        assert!(error.message().ends_with(told), "{error}");
    }
}

#[tokio::test]
async fn where_every_workspace_refuses_there_is_no_answer() {
    let stand_in = StandIn::answering(|_, target, _| match target {
        target if target.starts_with("/2.0/user/workspaces") => {
            Reply::ok(r#"{"values": [{"workspace": {"slug": "a"}}, {"workspace": {"slug": "b"}}]}"#)
        }
        _ => Reply::new(403, "{}"),
    })
    .await;
    let provider = Bitbucket::new(stand_in.http(), &format!("{}/2.0", stand_in.url())).unwrap();
    let refused = provider.repositories(&call(), PageRequest::default()).await;
    assert_eq!(refused.unwrap_err().code(), Code::InsufficientScope);
}

#[tokio::test]
async fn a_comparison_says_which_name_is_unknown() {
    let other = "7654321076543210765432107654321076543210";
    for (base, head, known, told) in [
        ("nope", SHA, "", "`base`"),
        (SHA, "nope", "", "`head`"),
        (SHA, other, SHA, "`head`"),
        (SHA, other, "both", "no common ancestor"),
    ] {
        let repository = format!("/2.0/{}", below(""));
        let stand_in = StandIn::answering(move |_, target, _| match target {
            target if target == repository => Reply::ok(fixture("bitbucket/repository.json")),
            target
                if target.contains("/commit/") && (known == "both" || target.ends_with(known)) =>
            {
                Reply::ok("{}")
            }
            _ => Reply::new(404, r#"{"error": {"message": "Commit not found"}}"#),
        })
        .await;
        let url = format!("{}/2.0", stand_in.url());
        let provider = Bitbucket::new(stand_in.http(), &url).unwrap();
        let name = |name| GitRef::parse("ref", name).unwrap();
        let query = CompareQuery {
            base: name(base),
            head: name(head),
            with_commits: false,
        };
        let error = provider
            .compare(&call(), &repo(), &query)
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::ResourceNotFound);
        assert!(error.message().contains(told), "{base} {head}: {error}");
    }
}

#[tokio::test]
async fn a_workspace_that_bitbucket_blocked_is_a_policy() {
    let stand_in = StandIn::answering(|_, target, _| match target {
        target if target.starts_with("/2.0/user/workspaces") => {
            Reply::ok(fixture("bitbucket/workspaces.json"))
        }
        _ => Reply::new(410, r#"{"error": {"message": "Marked as spam"}}"#),
    })
    .await;
    let provider = Bitbucket::new(stand_in.http(), &format!("{}/2.0", stand_in.url())).unwrap();
    let refused = provider.repositories(&call(), PageRequest::default()).await;
    assert_eq!(refused.unwrap_err().code(), Code::AccessBlockedByPolicy);
}

#[tokio::test]
async fn a_workspace_that_refuses_costs_its_own_rows_alone() {
    for status in [403, 404, 410] {
        let stand_in = StandIn::answering(move |_, target, _| match target {
            target if target.starts_with("/2.0/user/workspaces") => Reply::ok(
                r#"{"values": [{"workspace": {"slug": "closed"}}, {"workspace": {"slug": "mill"}}]}"#,
            ),
            target if target.starts_with("/2.0/repositories/mill") => {
                Reply::ok(fixture("bitbucket/repositories.json"))
            }
            _ => Reply::new(status, r#"{"error": {"message": "Only allow-listed IP addresses"}}"#),
        })
        .await;
        let url = format!("{}/2.0", stand_in.url());
        let provider = Bitbucket::new(stand_in.http(), &url).unwrap();
        let page = provider.repositories(&call(), PageRequest::default()).await;
        let page = page.unwrap();
        assert!(!page.items.is_empty(), "{status}");
        assert_eq!(page.errors.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_shortened_id_is_a_ref() {
    // So does Bitbucket name the commits of pull requests.
    let whole = format!(r#"{{"hash": "{SHA}"}}"#);
    let repository = format!("/2.0/{}", below(""));
    let stand_in = StandIn::answering(move |_, target, _| match target {
        target if target == repository => Reply::ok(fixture("bitbucket/repository.json")),
        target if target.ends_with("/commit/0123456789ab") => Reply::ok(whole.clone()),
        target if target.contains("/statuses") => Reply::ok(r#"{"values": []}"#),
        _ => Reply::new(404, r#"{"error": {"message": "No such ref"}}"#),
    })
    .await;
    let url = format!("{}/2.0", stand_in.url());
    let provider = Bitbucket::new(stand_in.http(), &url).unwrap();
    let at = |name| RefSelector::Ref(GitRef::parse("ref", name).unwrap());
    let read = async |name| {
        let page = PageRequest::default();
        provider.checks(&call(), &repo(), &at(name), page).await
    };
    read("0123456789ab").await.unwrap();
    assert!(stand_in.asked().last().unwrap().contains(SHA));
    let missing = read("no-such-branch").await.unwrap_err();
    assert_eq!(missing.code(), Code::ResourceNotFound);
}

#[tokio::test]
async fn a_limit_is_renewed_in_seconds_from_now() {
    let reply = Reply::new(429, "Rate limit for this resource has been exceeded")
        .with("x-ratelimit-limit", "60, 60;w=3600")
        .with("x-ratelimit-reset", "879");
    let error = refused(reply).await;
    assert_eq!(error.retry_after_seconds(), Some(879));
}
