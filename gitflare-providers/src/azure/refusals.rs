//! What Azure DevOps' refusals mean by its own words, dead tokens above all: they come with any status.
//! <https://learn.microsoft.com/en-us/azure/devops/integrate/concepts/rate-limits>

use gitflare_core::{Code, Error, provider::ProviderId};

use super::values::ANONYMOUS;
use crate::{
    http::{Reply, is_page},
    upstream_error::Refusal,
};

/// Whether what came is the page to sign in at, or the way there: a dead token gets 203 or 302.
pub(super) fn is_sign_in(reply: &Reply) -> bool {
    reply.status == 203 || is_page(&reply.headers)
}

pub(super) const NO_BRANCHES: &str = "The repository has no branches yet.";
pub(super) const NO_REPOSITORY: &str =
    "Azure DevOps has no such repository, or the connection cannot see it.";

pub(super) fn no_repository() -> Error {
    Error::upstream(
        Code::RepositoryNotFound,
        ProviderId::AZURE,
        "A repository at Azure DevOps is named `organization/project/repository`.",
    )
}

/// What a refusal means by Azure's own words: the name of an exception, else the number in front of
/// its message, which may be in any language.
pub(super) fn refusal(refusal: &Refusal<'_>) -> Option<Error> {
    let error = |code, message: &str| Some(refusal.error(code, message));
    let is = |names: &[&str]| {
        let key = refusal.member("typeKey");
        names.contains(&key.as_str()) || refusal.says(names)
    };
    match refusal.status() {
        // A page to sign in at, or the way there.
        200..=399 => error(
            Code::AuthExpired,
            "Azure DevOps no longer accepts the connection's credential.",
        ),
        _ if is(&["TF400733"]) => Some(refusal.rate_limited("x-ratelimit-reset")),
        401 | 403 if is(&["TF400813"]) => Some(not_authorized(refusal)),
        401 | 403
            if refusal
                .header("www-authenticate")
                .is_some_and(|text| text.contains("insufficient_scope")) =>
        {
            error(
                Code::InsufficientScope,
                "The connection's token lacks a scope that Azure DevOps asks for.",
            )
        }
        403 if is(&["VS403463", "conditional access"]) => {
            error(Code::AccessBlockedByPolicy, POLICY)
        }
        403 => error(
            Code::InsufficientScope,
            "The account may not do this at Azure DevOps.",
        ),
        404 => not_found(refusal),
        400 if is(&["VS403403"]) => error(Code::ResourceNotFound, NO_BRANCHES),
        400 if is(&[
            "AccountException",
            "VssInvalidPreviewVersionException",
            "VssVersionOutOfRangeException",
        ]) =>
        {
            error(
                Code::InternalError,
                "Azure DevOps did not understand the gateway's request.",
            )
        }
        429 => Some(refusal.rate_limited("x-ratelimit-reset")),
        503 if is(&["TF24668"]) => error(
            Code::UpstreamUnavailable,
            "The organization sleeps at Azure DevOps until one of its owners signs in there.",
        ),
        // It passes: once more.
        400 | 500 if is(&["TF400898"]) => {
            let message = "Azure DevOps is temporarily unavailable.";
            let error = refusal.error(Code::UpstreamUnavailable, message);
            Some(error.with_retry_after(1))
        }
        _ => None,
    }
}

const POLICY: &str = "A policy of the Azure DevOps organization blocks this access.";

/// The message quotes the person by id or address: none of it is kept. An empty or anonymous person is
/// a token that nobody knows.
fn not_authorized(refusal: &Refusal<'_>) -> Error {
    let error = match refusal.says(&["''", "anonymous access", ANONYMOUS]) {
        true => refusal.error(
            Code::AuthExpired,
            "Azure DevOps no longer accepts the connection's credential.",
        ),
        false => refusal.error(Code::AccessBlockedByPolicy, POLICY),
    };
    error.with_detail("upstream said TF400813")
}

fn not_found(refusal: &Refusal<'_>) -> Option<Error> {
    let kind = refusal.header("content-type").unwrap_or_default();
    let key = refusal.member("typeKey");
    let (code, message) = match &*key {
        "GitRepositoryNotFoundException"
        | "ProjectDoesNotExistException"
        | "ProjectDoesNotExistWithNameException" => (Code::RepositoryNotFound, NO_REPOSITORY),
        _ if refusal.says(&["TF401019", "TF200016", "VS800075"]) => {
            (Code::RepositoryNotFound, NO_REPOSITORY)
        }
        // No such route, or not in this version.
        _ if kind.starts_with("text/plain") && refusal.header("x-tfs-serviceerror").is_some() => (
            Code::InternalError,
            "Azure DevOps did not understand the gateway's request.",
        ),
        _ if kind.starts_with("text/html")
            || refusal.is_empty()
            || refusal.says(&["VS800", "Host not found"]) =>
        {
            (
                Code::InstallationNotFound,
                "Azure DevOps has no such organization, or the connection cannot see it.",
            )
        }
        _ => return None,
    };
    Some(refusal.error(code, message))
}
