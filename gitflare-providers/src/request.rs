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

/// The same for what stands in for a path.
const FILE: &AsciiSet = &SEGMENT.add(b'.');

/// How we name ourselves to upstreams.
pub(crate) const AGENT: &str = concat!("gitflare/", env!("CARGO_PKG_VERSION"));

/// A GET: path, query, and the statuses that are answers to it.
#[derive(Clone, Debug)]
pub(crate) struct Get<'a> {
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, Cow<'a, str>)>,
    pub(crate) also: &'static [u16],
    /// The most bytes of an answer that is a text of any kind; `None` for JSON, which has a depth to
    /// watch.
    pub(crate) text: Option<usize>,
    /// Whether that text may be a page for people, as a file may.
    pub(crate) may_be_page: bool,
    /// What the answer should be, where that is not what the dialect asks for.
    pub(crate) accept: Option<&'static str>,
    /// Whether headers are all that is wanted.
    pub(crate) is_head: bool,
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
            may_be_page: false,
            accept: None,
            is_head: false,
        })
    }

    /// Adds a query parameter.
    pub(crate) fn query(mut self, key: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// Is answered with a text that is no JSON and no page for people, of at most that many bytes.
    pub(crate) fn text(mut self, most: usize) -> Self {
        self.text = Some(most);
        self
    }

    /// Is answered with the bytes of the file at that path, at most that many. Servers name the type of
    /// what they send by the ending of the name: a page in the place of another file is none.
    pub(crate) fn bytes_of(self, path: &str, most: usize) -> Self {
        let name = path.rsplit('/').next().unwrap_or_default();
        let name = name.to_ascii_lowercase();
        Self {
            may_be_page: name.contains(".htm") || name.contains(".xhtm") || name.contains(".shtm"),
            ..self.text(most)
        }
    }

    /// Adds a path of a file as one segment, its dots encoded as well: some servers read what follows
    /// the last one as a format.
    pub(crate) fn file(mut self, path: &str) -> Self {
        self.path.push('/');
        self.path.extend(utf8_percent_encode(path, FILE));
        self
    }

    /// Adds one path segment.
    pub(crate) fn then(mut self, segment: &str) -> Self {
        self.path.push('/');
        self.path.extend(utf8_percent_encode(segment, SEGMENT));
        self
    }

    /// Asks for another form of the answer.
    pub(crate) fn accept(mut self, form: &'static str) -> Self {
        self.accept = Some(form);
        self
    }

    /// Asks for the headers alone.
    pub(crate) fn head(mut self) -> Self {
        self.is_head = true;
        self
    }

    /// Takes these statuses for answers, beside 200 and 203.
    pub(crate) fn also(mut self, statuses: &'static [u16]) -> Self {
        self.also = statuses;
        self
    }
}
