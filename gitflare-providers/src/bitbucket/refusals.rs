//! What Bitbucket's refusals mean by its own words, which come as JSON, as plain text, or not at all.
//! <https://developer.atlassian.com/cloud/bitbucket/rest/intro/#standardized-error-responses>

use gitflare_core::{Code, Error};

use crate::upstream_error::{Refusal, recode};

/// Of a read that the account was approved for: somebody there has ended it since.
pub(super) fn role_too_low(refusal: Error) -> Error {
    match refusal.message() == ROLE_TOO_LOW {
        true => recode(&refusal, Code::AccessBlockedByPolicy, ROLE_TOO_LOW),
        false => refusal,
    }
}

pub(super) const NO_REPOSITORY: &str =
    "Bitbucket has no such repository, or the connection cannot see it.";

const ROLE_TOO_LOW: &str = "The account's role at Bitbucket is too low for this.";

/// The texts with which Bitbucket names what a workspace or an account decided.
const POLICIES: &[&str] = &[
    "allow-listed",
    "allowlist",
    "whitelist",
    "ip address",
    "two-step",
    "two-factor",
    "single sign-on",
    " sso",
];

/// How the message begins that says which scopes a token needs.
pub(super) const LACKS_SCOPE: &str = "The connection's token lacks a scope that Bitbucket asks for";
/// The most scopes that a message names.
const MAX_SCOPES: usize = 16;

/// Which scopes are needed: by the refusal's own words, else by the header that comes with every answer.
fn lacks_scope(refusal: &Refusal<'_>) -> String {
    let mut needed = refusal.texts("/error/detail/required");
    if needed.is_empty() {
        let header = refusal.header("x-accepted-oauth-scopes");
        let header = header.unwrap_or_default().split(',');
        needed = header.map(|scope| scope.trim().to_owned()).collect();
    }
    let is_scope = |scope: &String| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":-_".contains(&byte);
        (1..=64).contains(&scope.len()) && scope.bytes().all(is_plain)
    };
    needed.retain(is_scope);
    needed.truncate(MAX_SCOPES);
    match needed.is_empty() {
        true => format!("{LACKS_SCOPE}."),
        false => format!("{LACKS_SCOPE}: it needs `{}`.", needed.join("`, `")),
    }
}

/// What a refusal means by Bitbucket's own words.
pub(super) fn refusal(refusal: &Refusal<'_>) -> Option<Error> {
    let error = |code, message: &str| Some(refusal.error(code, message));
    let says = |any_of: &[&str]| refusal.says(any_of) || refusal.writes(any_of);
    match refusal.status() {
        403 if says(POLICIES) => error(
            Code::AccessBlockedByPolicy,
            "A policy of the Bitbucket workspace or account blocks this access.",
        ),
        403 if says(&["privilege scopes"]) => error(Code::InsufficientScope, &lacks_scope(refusal)),
        403 if says(&["access denied", "forbidden"]) => {
            error(Code::InsufficientScope, ROLE_TOO_LOW)
        }
        400 if refusal.says(&["invalid pagelen"]) => error(
            Code::InternalError,
            "Bitbucket did not understand the gateway's request.",
        ),
        404 if refusal.says(&["no workspace with identifier"]) => error(
            Code::InstallationNotFound,
            "Bitbucket has no such workspace, or the connection cannot see it.",
        ),
        404 if refusal.mentions("There is no API hosted at this URL") => error(
            Code::InternalError,
            "Bitbucket did not understand the gateway's request.",
        ),
        404 if refusal.begins(&["repository "]) || refusal.says(&["access to this repository"]) => {
            error(Code::RepositoryNotFound, NO_REPOSITORY)
        }
        410 if refusal.mentions("CHANGE-") => error(
            Code::UnsupportedEndpoint,
            "Bitbucket has withdrawn this part of its API.",
        ),
        // The text is no JSON, and rarely is there a word on when to come back.
        429 => Some(refusal.rate_limited("x-ratelimit-reset")),
        // A diff or a listing that takes too long to make.
        // <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commits/>
        555 => error(
            Code::UpstreamTimeout,
            "Bitbucket gave up: what was asked for is too large for it.",
        ),
        _ => None,
    }
}
