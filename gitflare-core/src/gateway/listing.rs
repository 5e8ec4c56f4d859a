//! Pages of our own objects: the same limits and cursors as unified reads, over rows that the
//! storage lists by id. A cursor is bound to the list and its filters.

use serde::{Deserialize, Serialize};

use super::{Gateway, Query};
use crate::{
    Error, Limit, PageRequest, Position, Result, Timestamp,
    cursor::{CursorKeys, CursorScope},
    storage::ListRange,
};

/// `limit` and `cursor` of a list.
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    /// Page size; the cursor's, or the default, when absent.
    pub limit: Option<Limit>,
    /// The `next_cursor` of the page before; `None` for the first page.
    pub cursor: Option<String>,
}

impl ListQuery {
    /// Picks both out of a query.
    ///
    /// # Errors
    /// `INVALID_LIMIT`, `INVALID_CURSOR`, `PAGINATION_NOT_SUPPORTED` for page numbers, or
    /// `INVALID_REQUEST` when one is repeated.
    pub fn from_query(query: &Query) -> Result<Self> {
        query.refuse_page_numbers()?;
        Ok(Self {
            limit: query.limit()?,
            cursor: query.cursor()?.map(str::to_owned),
        })
    }
}

/// A page of our own objects.
#[derive(Clone, Debug)]
pub struct Listing<T> {
    /// The objects of this page, by id.
    pub items: Vec<T>,
    /// Continuation of the list.
    pub page_info: PageInfo,
}

/// Continuation of a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct PageInfo {
    /// The limit in force.
    pub limit: Limit,
    /// The sealed cursor of the next page.
    pub next_cursor: Option<String>,
    /// Whether anything was left out of this page.
    pub has_more: bool,
}

/// Opens the cursor, if any. The limit is part of it: sent again it must be equal (CU-6).
pub(super) fn open_page(
    keys: &CursorKeys,
    sent_limit: Option<Limit>,
    cursor: Option<&str>,
    scope: &CursorScope<'_>,
    now: Timestamp,
) -> Result<PageRequest> {
    let Some(cursor) = cursor else {
        return Ok(PageRequest::first(sent_limit.unwrap_or_default()));
    };
    let (position, limit) = keys.open(cursor, scope, now)?;
    if sent_limit.is_some_and(|sent| sent != limit) {
        return Err(Error::invalid_cursor("issued for another limit"));
    }
    Ok(PageRequest {
        limit,
        position: Some(position),
    })
}

/// Identity of a list with all its filters, which its cursors are bound to.
#[derive(Clone, Copy, Debug)]
pub(super) struct List<'a> {
    pub(super) route: &'static str,
    pub(super) filters: &'a [(&'static str, Option<&'a str>)],
}

impl Gateway {
    /// One page of a list. `rows` gets the range to read; `id_of` names a row's id.
    pub(super) async fn page_of<T>(
        &self,
        list: List<'_>,
        query: &ListQuery,
        rows: impl AsyncFnOnce(ListRange<'_>) -> Result<Vec<T>>,
        id_of: impl Fn(&T) -> &str,
    ) -> Result<Listing<T>> {
        let now = self.clock.now();
        let scope = CursorScope {
            endpoint: list.route,
            filters: list.filters,
            ..CursorScope::default()
        };
        let page = open_page(
            &self.cursors,
            query.limit,
            query.cursor.as_deref(),
            &scope,
            now,
        )?;
        let after = match &page.position {
            Some(position) => Some(position.fields().text()?),
            None => None,
        };
        let limit = page.limit;
        let mut items = rows(ListRange {
            after,
            limit: limit.get() + 1,
        })
        .await?;
        let has_more = items.len() > limit.get();
        items.truncate(limit.get());
        let next_cursor = match items.last().filter(|_| has_more) {
            Some(last) => {
                Some(
                    self.cursors
                        .seal(&Position::new().text(id_of(last)), limit, &scope, now)?,
                )
            }
            None => None,
        };
        Ok(Listing {
            items,
            page_info: PageInfo {
                limit,
                next_cursor,
                has_more,
            },
        })
    }
}
