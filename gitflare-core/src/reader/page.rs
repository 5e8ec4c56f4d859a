//! What a typed read answers with. Everything here has passed the firewall.

use std::{ops::Deref, slice, vec};

use crate::{
    Error, Limit,
    filter::FirewallReport,
    provider::{ProviderId, RateLimit},
};

/// One page of a list.
#[derive(Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// The rows; may be fewer than the limit, or none, with more to come.
    pub items: Vec<T>,
    /// The limit in force.
    pub limit: Limit,
    /// The cursor of the next page; `None` when there is none.
    pub next_cursor: Option<String>,
    /// Whether anything was left out of this page.
    pub has_more: bool,
    /// Report of the firewall's work on this page; `None` where the answer does not carry it, as over
    /// HTTP for what has no files.
    pub firewall: Option<FirewallReport>,
    /// Sources that could not be read, where several were asked; empty when the page is complete.
    pub errors: Vec<Error>,
    /// The last rate limit that each upstream reported for the accounts of this read; of a gateway in
    /// this process alone.
    pub rate_limits: Vec<(ProviderId, RateLimit)>,
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'p, T> IntoIterator for &'p Page<T> {
    type Item = &'p T;
    type IntoIter = slice::Iter<'p, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

/// The answer of an operation that is not a list with cursors.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer<T> {
    /// The resource, filtered.
    pub value: T,
    /// Report of the firewall's work on it; `None` where the answer does not carry it, as over HTTP for
    /// what has no files.
    pub firewall: Option<FirewallReport>,
    /// Sources that could not be read, where several were asked; empty when it is complete.
    pub errors: Vec<Error>,
    /// The last rate limit that each upstream reported for the accounts of this read; of a gateway in
    /// this process alone.
    pub rate_limits: Vec<(ProviderId, RateLimit)>,
}

impl<T> Deref for Answer<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
