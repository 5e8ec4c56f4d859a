//! How Azure DevOps pages its lists: by a token in a header, or by rows that are counted here, under
//! one of three pairs of names. Lists that come whole have no rule.

use gitflare_core::{PageRequest, Position, Result};

use crate::{
    listing::Paging,
    pagination::{self, Keys},
    request::Get,
};

/// Refs, in pages that name the next one in a header, for as long as there is one.
pub(super) const TOKENS: Paging = Paging::Pages {
    ask: |get, page| {
        let get = get.query("$top", page.limit.get().to_string());
        match &page.position {
            Some(position) => pagination::apply(get, KEYS, position.fields()),
            None => Ok(get),
        }
    },
    next: |answer, _, _| {
        let token = answer.header("x-ms-continuationtoken");
        pagination::from_value(answer, KEYS, KEYS[0], token)
    },
    otherwise: None,
};
const KEYS: Keys = &["continuationToken"];

/// Most lists: rows are counted, and a full page may have one after it.
pub(super) const COUNTED: Paging = Paging::Pages {
    ask: |get, page| skip(get, page, "$top", "$skip"),
    next: |_, page, rows| next(page, rows),
    otherwise: None,
};
/// The same under the names that histories have for it.
pub(super) const HISTORY: Paging = Paging::Pages {
    ask: |get, page| skip(get, page, "searchCriteria.$top", "searchCriteria.$skip"),
    next: |_, page, rows| next(page, rows),
    otherwise: None,
};
/// And under those of statuses, which lack the dollar sign.
pub(super) const STATUSES: Paging = Paging::Pages {
    ask: |get, page| skip(get, page, "top", "skip"),
    next: |_, page, rows| next(page, rows),
    otherwise: None,
};

fn skip<'a>(
    get: Get<'a>,
    page: &'a PageRequest,
    top: &'static str,
    skip: &'static str,
) -> Result<Get<'a>> {
    let get = get.query(top, page.limit.get().to_string());
    Ok(match skipped(page)? {
        0 => get,
        rows => get.query(skip, rows.to_string()),
    })
}

/// How many rows came before a page.
pub(super) fn skipped(page: &PageRequest) -> Result<u64> {
    let Some(position) = &page.position else {
        return Ok(0);
    };
    let mut fields = position.fields();
    let rows = fields.number()?;
    fields.end()?;
    Ok(rows)
}

fn next(page: &PageRequest, rows: usize) -> Result<Option<Position>> {
    let after = skipped(page)?.saturating_add(rows as u64);
    Ok((rows >= page.limit.get()).then(|| Position::new().number(after)))
}
