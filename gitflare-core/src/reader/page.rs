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
    /// What the firewall stripped and hashed in this page.
    pub firewall: FirewallReport,
    /// What is missing from this page, where it was asked of several providers.
    pub errors: Vec<Error>,
    /// The last rate limit that each upstream reported for the accounts of this read.
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
    /// The resource.
    pub value: T,
    /// What the firewall stripped and hashed in it.
    pub firewall: FirewallReport,
    /// What is missing from it, where it was asked of several providers.
    pub errors: Vec<Error>,
    /// The last rate limit that each upstream reported for the accounts of this read.
    pub rate_limits: Vec<(ProviderId, RateLimit)>,
}

impl<T> Deref for Answer<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
