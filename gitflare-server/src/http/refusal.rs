//! Why a request is not answered with what it asked for: an error of the core with its HTTP status,
//! and the headers that go with it. How it is written stands in `assembly/respond.rs`.

use gitflare_core::{Code, Error};
use http::{HeaderName, HeaderValue, StatusCode, header};

/// Refusal of a request.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) error: Error,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) closes: bool,
    /// The word of RFC 6749, section 5.2, where that shape is wanted.
    pub(super) oauth_word: Option<&'static str>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self {
            status: StatusCode::from_u16(error.code().status())
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            error,
            headers: Vec::new(),
            closes: false,
            oauth_word: None,
        }
    }
}

impl Refusal {
    /// The transport's own refusal: `INVALID_REQUEST` with a status of its own. What is left of
    /// the request may be unread, so the connection closes, except where nothing can be.
    pub(super) fn transport(status: StatusCode, message: &str) -> Self {
        Self {
            status,
            closes: status != StatusCode::METHOD_NOT_ALLOWED,
            ..Error::invalid_request(message).into()
        }
    }

    /// Closes the connection after the answer.
    pub(super) fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    /// Adds a header; a value that cannot be one is left out.
    pub(super) fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Adds headers to those that the answer has.
    pub(super) fn with_headers(
        mut self,
        headers: impl Iterator<Item = (HeaderName, HeaderValue)>,
    ) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Answers in the shape of RFC 6749 with this word (`invalid_client` and the like), and its
    /// statuses: 400 for whatever the client did wrong, 401 for `invalid_client`.
    pub(super) fn in_oauth_shape(mut self, word: &'static str) -> Self {
        self.oauth_word = Some(word);
        if self.status == StatusCode::FORBIDDEN {
            self.status = StatusCode::BAD_REQUEST;
        }
        self
    }

    /// 410 with this message: the resource existed once.
    pub(super) fn gone(message: &str) -> Self {
        Self {
            status: StatusCode::GONE,
            ..Error::new(Code::ResourceNotFound, message).into()
        }
    }

    /// The status that it is answered with.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// The `Retry-After` header; `None` without a time.
    pub(super) fn retry_after(&self) -> Option<(HeaderName, HeaderValue)> {
        let seconds = self.error.retry_after_seconds()?;
        let is_passing = matches!(self.status.as_u16(), 429 | 503);
        is_passing.then(|| (header::RETRY_AFTER, seconds.into()))
    }

    /// The error that the client is answered with.
    pub(super) fn error(&self) -> &Error {
        &self.error
    }
}
