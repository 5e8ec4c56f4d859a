//! One page of a list as it came: its rows are read out of the body, which they may borrow from.

use gitflare_core::{Page, Position, Result};
use serde::Deserialize;

use crate::{upstream::Answer, wire::Rows};

/// The answer to a list's request, and where the next page starts.
#[derive(Debug)]
pub(crate) struct Listing {
    answer: Option<Answer>,
    next: Option<Position>,
}

impl Listing {
    /// A page, and the upstream's own pointer to the next.
    pub(crate) fn new(answer: Answer, next: Option<Position>) -> Self {
        Self {
            answer: Some(answer),
            next,
        }
    }

    /// The list of a repository without commits, for which upstreams have other answers.
    pub(crate) fn empty() -> Self {
        Self {
            answer: None,
            next: None,
        }
    }

    /// The rows of the page.
    ///
    /// # Errors
    /// `UPSTREAM_UNAVAILABLE` when the body is not such a list.
    pub(crate) fn page<'a, W: Deserialize<'a>>(&'a self) -> Result<Page<W>> {
        self.page_in(|rows: Rows<W>| rows)
    }

    /// The rows of a page that is an object around them.
    ///
    /// # Errors
    /// `UPSTREAM_UNAVAILABLE` when the body is not such an object.
    pub(crate) fn page_in<'a, T: Deserialize<'a>, W>(
        &'a self,
        rows: impl FnOnce(T) -> Rows<W>,
    ) -> Result<Page<W>> {
        Ok(Page {
            items: match &self.answer {
                Some(answer) => rows(answer.json()?).0,
                None => Vec::new(),
            },
            next: self.next.clone(),
        })
    }
}
