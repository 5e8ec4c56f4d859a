//! Lists in pages: which rows a request asks for, and addresses of other pages. Where those
//! addresses stand (header or body) is the dialect's.

use serde_json::Value;
use url::form_urlencoded;

use super::{Call, Request};

/// The longest page of any provider.
const LONGEST: usize = 100;

/// How a provider names the page and its size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbering {
    pub(crate) page: &'static str,
    pub(crate) size: &'static str,
    pub(crate) default_size: usize,
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Value>,
    /// From 1.
    pub(crate) number: usize,
    pub(crate) size: usize,
    /// How many rows the whole list has.
    pub(crate) total: usize,
}

impl Page {
    /// The page that a request asks for. What cannot be read is the default.
    pub(crate) fn of(request: &Request, numbering: Numbering, rows: Vec<Value>) -> Self {
        let positive = |name: &str| {
            let number = request.query(name).and_then(|text| text.parse().ok());
            number.filter(|number: &usize| *number > 0)
        };
        let size = positive(numbering.size).unwrap_or(numbering.default_size);
        let size = size.min(LONGEST);
        let number = positive(numbering.page).unwrap_or(1);
        let total = rows.len();
        let skipped = (number - 1).saturating_mul(size);
        Self {
            rows: rows.into_iter().skip(skipped).take(size).collect(),
            number,
            size,
            total,
        }
    }

    /// The number of the last page; 0 when the list is empty.
    pub(crate) const fn last(&self) -> usize {
        self.total.div_ceil(self.size)
    }

    /// The number of the next page; `None` after the last.
    pub(crate) fn next(&self) -> Option<usize> {
        (self.number < self.last()).then(|| self.number + 1)
    }
}

/// The address of a page of the same list: the request's query with these pairs in place of its own.
pub(crate) fn url_with(call: &Call<'_>, pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in &call.request.query {
        if !pairs.iter().any(|(known, _)| known == name) {
            query.append_pair(name, value);
        }
    }
    query.extend_pairs(pairs);
    let (base, path) = (call.world.web_url(), &call.request.path);
    format!("{base}{path}?{}", query.finish())
}

/// An entry of a `Link` header (RFC 8288).
pub(crate) fn link(url: &str, relation: &str) -> String {
    format!("<{url}>; rel=\"{relation}\"")
}
