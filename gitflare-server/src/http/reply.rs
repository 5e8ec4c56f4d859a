//! What a handler answers with. The headers that every answer has are added where it is written.

use gitflare_core::Error;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::refusal::Refusal;

/// What a handler answers with.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) content_type: Option<&'static str>,
    pub(super) body: Vec<u8>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Reply {
    /// A JSON answer.
    pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Result<Self, Refusal> {
        // Most pages are some kilobytes; growing from nothing would copy them several times.
        let mut body = Vec::with_capacity(8 * 1024);
        serde_json::to_writer(&mut body, value)
            .map_err(|error| Error::internal(format!("an answer could not be written: {error}")))?;
        Ok(Self {
            status,
            content_type: Some("application/json"),
            body,
            headers: Vec::new(),
        })
    }

    /// `200` with JSON.
    pub(super) fn ok(value: &impl Serialize) -> Result<Self, Refusal> {
        Self::json(StatusCode::OK, value)
    }

    /// `201` with JSON.
    pub(super) fn created(value: &impl Serialize) -> Result<Self, Refusal> {
        Self::json(StatusCode::CREATED, value)
    }

    /// `303` to an address of ours, or one that was verified. Answers are never stored and tell no
    /// referrer by default (OA-3).
    pub(super) fn see_other(location: &str) -> Result<Self, Refusal> {
        let location = HeaderValue::from_str(location)
            .map_err(|_| Error::internal("an address cannot be a header"))?;
        Ok(Self {
            status: StatusCode::SEE_OTHER,
            headers: vec![(header::LOCATION, location)],
            ..Self::no_content()
        })
    }

    /// Adds a header.
    pub(super) fn with_header(mut self, header: (HeaderName, HeaderValue)) -> Self {
        self.headers.push(header);
        self
    }

    /// `204`.
    pub(super) fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            content_type: None,
            body: Vec::new(),
            headers: Vec::new(),
        }
    }
}
