//! How a provider's REST API is spoken, as data: headers, credential, and what its refusals mean. It
//! sends nothing.

use gitflare_core::{Code, Error, provider::ProviderId};

use crate::{http::Reply, upstream_error::Refusal};

/// How a provider's API is spoken, as data.
#[derive(Debug)]
pub(crate) struct Dialect {
    pub(crate) provider: ProviderId,
    /// Headers of every request, beside the credential.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// Query parameters of every request, unless it has its own of that name.
    pub(crate) query: &'static [(&'static str, &'static str)],
    /// The `Authorization` header of a token.
    pub(crate) authorization: fn(&str) -> String,
    /// That of a token that somebody pasted, where it is another than that of one from OAuth.
    pub(crate) pasted: Option<fn(&str) -> String>,
    /// How often a read is sent again where the upstream names a wait that fits.
    pub(crate) retries: u32,
    /// The answer's headers that may name the request; the first that does counts.
    pub(crate) request_id: &'static [&'static str],
    /// The answer's headers that tell how often the account may call.
    pub(crate) rate_limit: RateLimitHeaders,
    /// Whether an answer refuses in spite of its status, such as a page to sign in at. With it
    /// redirects are not followed, and judged like any other answer.
    pub(crate) refuses: Option<fn(&Reply) -> bool>,
    /// What a refusal means in the provider's own words; `None` leaves it to the status.
    pub(crate) refusal: fn(&Refusal<'_>) -> Option<Error>,
    /// Words of refusals that pass by themselves: such a read is sent once more.
    pub(crate) passing: &'static [&'static str],
    /// What the provider says is missing from an answer that it gave: the code, and the message.
    pub(crate) missing: fn(&Reply) -> Option<(Code, String)>,
}

/// Names of headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateLimitHeaders {
    /// How many calls there are in a window.
    pub(crate) limit: &'static str,
    /// How many of them are left.
    pub(crate) remaining: &'static str,
    /// When they are renewed, in seconds since 1970 or from now.
    pub(crate) reset: &'static str,
    /// Whether, with none left, every call is refused: some slow calls down first, or count by kinds.
    pub(crate) is_end: bool,
}

/// The retries of an upstream whose limits leave room for them.
pub(crate) const RETRIES: u32 = 2;

/// The `Authorization` of a bearer token (RFC 6750).
pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}
