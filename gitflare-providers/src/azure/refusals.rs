//! What Azure DevOps' refusals mean by its own words, dead tokens above all: they come with any status.
//! <https://learn.microsoft.com/en-us/azure/devops/integrate/concepts/rate-limits>

use gitflare_core::{Code, Error, provider::ProviderId};

use memchr::memmem;
use serde::Deserialize;

use super::{claims::lacks, values::ANONYMOUS};
use crate::{
    http::{Reply, is_page},
    upstream_error::Refusal,
};

/// Whether an answer refuses in spite of its status: by the page to sign in at, which a dead token gets,
/// or by the words of a refusal.
pub(super) fn is_refusal(reply: &Reply) -> bool {
    reply.status == 203 || is_page(&reply.headers) || has_refusal(reply)
}

/// Longer than a refusal is.
const MAX_REFUSAL: usize = 16 * 1024;

fn has_refusal(reply: &Reply) -> bool {
    #[derive(Deserialize)]
    struct WireRefusal {
        #[serde(rename = "typeKey")]
        _type_key: String,
    }
    let kind = reply.headers.get("content-type");
    // A file may hold such words, too.
    let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    is_json
        && reply.body.len() <= MAX_REFUSAL
        && memmem::find(&reply.body, b"\"typeKey\"").is_some()
        && serde_json::from_slice::<WireRefusal>(&reply.body).is_ok()
}

pub(super) const ASLEEP: &str =
    "The organization sleeps at Azure DevOps until one of its owners signs in there.";
pub(super) const NO_BRANCHES: &str = "The repository has no branches yet.";
pub(super) const NO_PATH: &str = "There is no such path at that commit.";
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
/// `scope` is the one that what was asked for needs.
pub(super) fn refusal(refusal: &Refusal<'_>, scope: &str) -> Option<Error> {
    let error = |code, message: &str| Some(refusal.error(code, message));
    let is = |names: &[&str]| {
        let key = refusal.member("typeKey");
        names.contains(&key.as_str()) || refusal.says(names)
    };
    match refusal.status() {
        _ if is(&["TF400733"]) => Some(refusal.rate_limited("x-ratelimit-reset")),
        200 if !refusal.member("typeKey").is_empty() => not_found(refusal).or_else(|| {
            let message = "Azure DevOps gave no usable answer.";
            error(Code::UpstreamUnavailable, message)
        }),
        // The page to sign in at comes with any of them.
        203 => error(Code::AuthExpired, NO_LONGER),
        200..=299 if refusal.is_page() => error(Code::AuthExpired, NO_LONGER),
        302 | 307 if leads_to_sign_in(refusal) => error(Code::AuthExpired, NO_LONGER),
        401 | 403
            if refusal
                .header("www-authenticate")
                .is_some_and(|text| text.contains("insufficient_scope")) =>
        {
            error(Code::InsufficientScope, LACKS_SCOPE)
        }
        401 | 403 if is(&["TF400813"]) => Some(not_authorized(refusal, scope)),
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
        503 if is(&["TF24668"]) => error(Code::UpstreamUnavailable, ASLEEP),
        400 if is(&["TF400898"]) => error(
            Code::UpstreamUnavailable,
            "Azure DevOps is temporarily unavailable.",
        ),
        _ => None,
    }
}

const NO_LONGER: &str = "Azure DevOps no longer accepts the connection's credential.";

/// Whether a redirect is the way to the page to sign in at.
fn leads_to_sign_in(refusal: &Refusal<'_>) -> bool {
    let to = refusal.header("location").unwrap_or_default();
    [
        "_signin",
        "login.microsoftonline.com",
        "vssps.visualstudio.com",
    ]
    .iter()
    .any(|place| to.contains(place))
}

const POLICY: &str = "A policy of the Azure DevOps organization blocks this access.";

const LACKS_SCOPE: &str = "The connection's token lacks a scope that Azure DevOps asks for.";

/// The message quotes the person by id or address. An empty or anonymous person is a token that nobody
/// knows; a token that lacks the scope says so itself.
fn not_authorized(refusal: &Refusal<'_>, scope: &str) -> Error {
    let is_unknown = refusal.says(&["''", "anonymous access", ANONYMOUS]);
    let lacks_scope = || {
        let token = refusal.token();
        token.is_some_and(|token| lacks(token.expose(), scope))
    };
    match is_unknown {
        true => refusal.error(Code::AuthExpired, NO_LONGER),
        false if lacks_scope() => refusal.error(Code::InsufficientScope, LACKS_SCOPE),
        false => refusal.error(Code::AccessBlockedByPolicy, POLICY),
    }
}

fn not_found(refusal: &Refusal<'_>) -> Option<Error> {
    let kind = refusal.header("content-type").unwrap_or_default();
    let key = refusal.member("typeKey");
    let (code, message) = match &*key {
        "GitRepositoryNotFoundException"
        | "ProjectDoesNotExistException"
        | "ProjectDoesNotExistWithNameException" => (Code::RepositoryNotFound, NO_REPOSITORY),
        "GitUnresolvableToCommitException"
        | "GitCommitDoesNotExistException"
        | "GitPullRequestNotFoundException" => (
            Code::ResourceNotFound,
            "Azure DevOps has no such resource, or the connection cannot see it.",
        ),
        "GitItemNotFoundException" => (Code::ResourceNotFound, NO_PATH),
        _ if refusal.says(&["TF401019", "TF200016", "VS800075"]) => {
            (Code::RepositoryNotFound, NO_REPOSITORY)
        }
        _ if refusal.says(&["TF401174"]) => (Code::ResourceNotFound, NO_PATH),
        // No such route, or not in this version.
        _ if kind.starts_with("text/plain") && refusal.header("x-tfs-serviceerror").is_some() => (
            Code::InternalError,
            "Azure DevOps did not understand the gateway's request.",
        ),
        _ if kind.starts_with("text/html")
            || refusal.is_empty()
            || refusal.says(&["VS800", "Host not found", "ServiceOwner not found"]) =>
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
