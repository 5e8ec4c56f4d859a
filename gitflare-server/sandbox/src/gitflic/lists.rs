//! GitFlic's pages: numbered from 0, the rows under a key of their own below `_embedded`.

use serde_json::{Value, json};

use crate::kit::Call;

const DEFAULT_SIZE: usize = 10;
const MAX_SIZE: usize = 100;

/// A page of rows, and what `page` says about it.
pub(super) fn cut(call: &Call<'_>, rows: Vec<Value>) -> (Vec<Value>, Value) {
    let number = |name: &str| call.query(name).and_then(|text| text.parse::<usize>().ok());
    let size = number("size").filter(|size| *size > 0);
    let size = size.unwrap_or(DEFAULT_SIZE).min(MAX_SIZE);
    let page = number("page").unwrap_or(0);
    let total = rows.len();
    let skipped = page.saturating_mul(size);
    let rows = rows.into_iter().skip(skipped).take(size).collect();
    let about = json!({
        "size": size, "totalElements": total, "totalPages": total.div_ceil(size), "number": page,
    });
    (rows, about)
}

/// A page of rows under `key`.
pub(super) fn page(call: &Call<'_>, key: &str, rows: Vec<Value>) -> Value {
    let (rows, about) = cut(call, rows);
    let mut body = json!({"_embedded": {}, "page": about});
    body["_embedded"][key] = Value::Array(rows);
    body
}
