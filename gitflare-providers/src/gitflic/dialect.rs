//! How GitFlic's API is spoken, for the adapter and the typed client alike: headers, the credential,
//! and what a refusal means. It sends nothing.

use gitflare_core::{Code, Error, provider::ProviderId};

use crate::{
    request::AGENT,
    upstream::{Dialect, RateLimitHeaders},
    upstream_error::Refusal,
};

/// The headers that may name a request; GitFlic documents none.
pub(super) const REQUEST_ID: &[&str] = &["x-request-id", "request-id"];

pub(super) const DIALECT: Dialect = Dialect {
    provider: ProviderId::GITFLIC,
    headers: &[("accept", "application/json"), (USER_AGENT, AGENT)],
    query: &[],
    authorization: |token| format!("token {token}"),
    pasted: None,
    // One call of 500 an hour is worth more than an answer a little sooner.
    retries: 0,
    request_id: REQUEST_ID,
    // None was ever seen: what an account has left is not known.
    rate_limit: RateLimitHeaders {
        limit: "x-ratelimit-limit",
        remaining: "x-ratelimit-remaining",
        reset: "x-ratelimit-reset",
        is_end: true,
    },
    refuses: None,
    refusal,
    passing: &[],
    missing: |_| None,
};

/// The header by which GitFlic's filter tells callers apart.
pub(super) const USER_AGENT: &str = "user-agent";

/// What a refusal means. Only JSON is GitFlic's own: the filter in front of the public service answers
/// with pages, whatever the status.
fn refusal(refusal: &Refusal<'_>) -> Option<Error> {
    let error = |code, message: &str| Some(refusal.error(code, message));
    match refusal.status() {
        // How long to wait is not invented.
        429 if refusal.retry_after().is_none() => error(
            Code::RateLimited,
            "GitFlic limits how often this account may be read.",
        ),
        429 => None,
        401 if refusal.is_empty() => error(
            Code::AuthExpired,
            "GitFlic no longer accepts the connection's credential.",
        ),
        // Of a legal block the status alone is the word, whoever sends it (RFC 7725).
        451 => None,
        400..=499 if !refusal.is_json() => error(
            Code::UpstreamUnavailable,
            "GitFlic cannot be reached: something in front of it refuses the call.",
        ),
        403 if refusal.mentions("AuthenticationException") => error(
            Code::AuthExpired,
            "GitFlic no longer accepts the connection's credential.",
        ),
        404 if refusal.mentions("BranchNotFoundException") => {
            error(Code::ResourceNotFound, "GitFlic has no such branch.")
        }
        404 | 410 => error(
            Code::RepositoryNotFound,
            "GitFlic has no such project, the connection cannot see it, or this installation does not offer the call.",
        ),
        415 => error(
            Code::InvalidRequest,
            "GitFlic does not accept these parameters.",
        ),
        _ => None,
    }
}
