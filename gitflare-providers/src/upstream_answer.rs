//! What an upstream answered: status, headers, and a body that an adapter reads its wire structs
//! from. It judges no status.

use std::fmt::Write;

use gitflare_core::{Code, Error, Result};
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;

use crate::{
    dialect::Dialect,
    http::{Reply, is_page},
    lenient,
    upstream_error::request_id,
};

/// An answer to a request that was accepted.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    pub(crate) dialect: &'static Dialect,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.reply.status
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.reply.headers
    }

    /// A header; `None` when it is absent or not visible ASCII.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.reply.headers.get(name)?.to_str().ok()
    }

    /// Whether it is a page for people.
    pub(crate) fn is_page(&self) -> bool {
        is_page(&self.reply.headers)
    }

    /// The body, of which an optional value that cannot be read is unknown. Of an answer that was read row
    /// by row it is what stands around the rows, with an empty list in their place.
    ///
    /// # Errors
    /// `UPSTREAM_UNAVAILABLE` when it is not what was asked for.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        lenient::read(&self.reply.body).map_err(|error| self.unusable(unreadable(&error)))
    }

    /// The error of an answer that cannot be used.
    pub(crate) fn unusable(&self, detail: impl Into<String>) -> Error {
        let name = self.dialect.provider.name();
        self.error(
            Code::UpstreamUnavailable,
            format!("{name} gave no usable answer."),
        )
        .with_detail(detail)
    }

    /// An error about this answer.
    pub(crate) fn error(&self, code: Code, message: impl Into<String>) -> Error {
        let id = request_id(&self.reply.headers, self.dialect.request_id);
        Error::upstream(code, self.dialect.provider, message).with_upstream(self.reply.status, id)
    }

    /// What the provider says is missing from it.
    pub(crate) fn missing(&self) -> Option<Error> {
        let (code, message) = (self.dialect.missing)(&self.reply)?;
        Some(self.error(code, message))
    }
}

/// Where a body cannot be read, for the log. The library's own words may quote the body.
pub(crate) fn unreadable(error: &sonic_rs::Error) -> String {
    let mut detail = String::from("the body cannot be read: ");
    let _ = write!(
        detail,
        "{:?} error in line {} column {}",
        error.classify(),
        error.line(),
        error.column()
    );
    detail
}

#[cfg(test)]
impl Answer {
    pub(crate) fn for_test(headers: &[(&'static str, &str)], body: &str) -> Self {
        use gitflare_core::provider::ProviderId;
        use reqwest::header::{HeaderName, HeaderValue};

        use crate::dialect::{RateLimitHeaders, bearer};

        let headers = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_str(value).unwrap())
        });
        Self {
            reply: Reply {
                status: 200,
                headers: headers.collect(),
                body: body.as_bytes().to_vec(),
                has_list: false,
            },
            dialect: &Dialect {
                provider: ProviderId::GITHUB,
                headers: &[],
                query: &[],
                authorization: bearer,
                pasted: None,
                retries: 0,
                request_id: &["x-request-id"],
                rate_limit: RateLimitHeaders {
                    limit: "x-ratelimit-limit",
                    remaining: "x-ratelimit-remaining",
                    reset: "x-ratelimit-reset",
                    is_end: true,
                },
                refuses: None,
                refusal: |_| None,
                passing: &[],
                missing: |_| None,
            },
        }
    }
}
