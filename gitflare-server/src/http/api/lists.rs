//! Collections of our own objects, as every list route reads and writes them.

use gitflare_core::gateway::{ListQuery, Listing, Query};
use serde::Serialize;

use super::super::{bodies::Collection, exchange::Exchange, refusal::Refusal, reply::Reply};

/// The query of a list, with `limit` and `cursor` already picked out.
pub(super) struct ListRequest {
    query: Query,
    pub(super) page: ListQuery,
}

impl ListRequest {
    pub(super) fn of(x: &Exchange) -> Result<Self, Refusal> {
        let query = x.query()?;
        let page = ListQuery::from_query(&query)?;
        Ok(Self { query, page })
    }

    /// A filter, as sent.
    pub(super) fn filter(&self, name: &str) -> Result<Option<String>, Refusal> {
        Ok(self.query.value(name)?.map(str::to_owned))
    }
}

/// A page of objects.
pub(super) fn reply<T: Serialize>(listing: &Listing<T>) -> Result<Reply, Refusal> {
    Reply::ok(&Collection {
        data: &listing.items,
        page_info: &listing.page_info,
    })
}
