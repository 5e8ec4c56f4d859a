//! A GET as adapters build it: a path of encoded segments and a query. It knows no host and no
//! credential.

use std::borrow::Cow;

use gitflare_core::{Error, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a path segment must not hold unencoded: all but the unreserved characters (RFC 3986,
/// section 2.3).
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A GET: path, query, and the statuses that are answers to it.
#[derive(Clone, Debug)]
pub(crate) struct Get<'a> {
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, Cow<'a, str>)>,
    pub(crate) also: &'static [u16],
    /// The most bytes of an answer that is a text of any kind; `None` for JSON, which has a depth to
    /// watch.
    pub(crate) text: Option<usize>,
}

impl<'a> Get<'a> {
    /// A GET of these path segments, each encoded whole.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for a segment that is empty, `.` or `..`: it would name another path (SR-7).
    pub(crate) fn new<S: AsRef<str>>(segments: &[S]) -> Result<Self> {
        let mut path = String::with_capacity(64);
        for segment in segments {
            let segment = segment.as_ref();
            if matches!(segment, "" | "." | "..") {
                return Err(Error::invalid_request(
                    "A path parameter must not be empty, `.` or `..`.",
                ));
            }
            path.push('/');
            path.extend(utf8_percent_encode(segment, SEGMENT));
        }
        Ok(Self {
            path,
            query: Vec::new(),
            also: &[],
            text: None,
        })
    }

    /// Adds a query parameter.
    pub(crate) fn query(mut self, key: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// Is answered with a text that is no JSON, of at most that many bytes.
    pub(crate) fn text(mut self, most: usize) -> Self {
        self.text = Some(most);
        self
    }

    /// Takes these statuses for answers, beside 200 and 203.
    pub(crate) fn also(mut self, statuses: &'static [u16]) -> Self {
        self.also = statuses;
        self
    }
}
