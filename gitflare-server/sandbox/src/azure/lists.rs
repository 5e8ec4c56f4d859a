//! Azure's lists: whole, by a token in a header, or by rows to skip, whose parameters have a dollar sign
//! or not. `count` is that of the page.

use serde_json::{Value, json};

use super::error;
use crate::kit::{Answer, Call};

/// A list that comes whole.
pub(super) fn whole(rows: &[Value]) -> Answer {
    Answer::json(200, &json!({"value": rows, "count": rows.len()}))
}

/// The names of the two parameters, and how many rows come without the first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counting {
    pub(super) top: &'static [&'static str],
    pub(super) skip: &'static [&'static str],
    pub(super) default: usize,
}

pub(super) const COMMITS: Counting = Counting {
    top: &["searchCriteria.$top", "$top"],
    skip: &["searchCriteria.$skip", "$skip"],
    default: 100,
};
/// The default is what the service has, whatever the documents say.
pub(super) const PULL_REQUESTS: Counting = Counting {
    top: &["$top"],
    skip: &["$skip"],
    default: 101,
};
pub(super) const STATUSES: Counting = Counting {
    top: &["top"],
    skip: &["skip"],
    default: 1000,
};
pub(super) const DIFFS: Counting = Counting {
    top: &["$top"],
    skip: &["$skip"],
    default: 100,
};
pub(super) const CHANGES: Counting = Counting {
    top: &["top"],
    skip: &["skip"],
    default: 100,
};

fn number(call: &Call<'_>, names: &[&str]) -> Option<usize> {
    names.iter().find_map(|name| call.query(name)?.parse().ok())
}

/// The rows that a call asks for, and whether they are the last.
pub(super) fn counted(
    call: &Call<'_>,
    counting: Counting,
    rows: Vec<Value>,
) -> (Vec<Value>, usize, bool) {
    let skip = number(call, counting.skip).unwrap_or(0);
    let top = number(call, counting.top).unwrap_or(counting.default);
    let end = skip.saturating_add(top);
    let is_last = end >= rows.len();
    (
        rows.into_iter().skip(skip).take(top).collect(),
        end,
        is_last,
    )
}

/// A page of a list whose end nobody tells.
pub(super) fn page(call: &Call<'_>, counting: Counting, rows: Vec<Value>) -> Answer {
    let (rows, ..) = counted(call, counting, rows);
    Answer::json(200, &json!({"count": rows.len(), "value": rows}))
}

/// Refs: all of them, or pages with a token.
pub(super) fn tokens(call: &Call<'_>, rows: Vec<Value>) -> Answer {
    let token = call.query("continuationToken");
    let start = match token.map(|token| token.strip_prefix("from:")?.parse::<usize>().ok()) {
        None => 0,
        Some(Some(start)) => start,
        Some(None) => {
            let message = "The continuation token is not valid.";
            return error(400, "InvalidArgumentValueException", message);
        }
    };
    let top = match number(call, &["$top"]) {
        Some(top) => top.min(1000),
        None if token.is_some() => 100,
        None => rows.len(),
    };
    let end = start.saturating_add(top);
    let is_last = end >= rows.len();
    let rows: Vec<_> = rows.into_iter().skip(start).take(top).collect();
    match is_last {
        true => whole(&rows),
        false => whole(&rows).with("x-ms-continuationtoken", format!("from:{end}")),
    }
}
