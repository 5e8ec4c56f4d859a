//! Bitbucket's three families of pages: by number with `next`, by an opaque mark with `next`, and
//! by number and size alone, without `next`.

use serde_json::{Value, json};

use super::{
    error,
    query::{Query, in_order},
};
use crate::kit::{Answer, Call, paging::url_with};

/// The pages of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pages {
    family: Family,
    default_length: usize,
    max_length: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Numbered,
    Opaque,
    Counted,
}

/// Repositories, statuses, hooks, workspaces.
pub(super) const NUMBERED: Pages = Pages {
    family: Family::Numbered,
    default_length: 10,
    max_length: 100,
};
/// Pull requests, whose pages are shorter than documented.
pub(super) const PULL_REQUESTS: Pages = Pages {
    max_length: 50,
    ..NUMBERED
};
/// The files of a change.
pub(super) const DIFFSTAT: Pages = Pages {
    default_length: 500,
    max_length: 500,
    ..NUMBERED
};
/// Branches, tags, folders.
pub(super) const OPAQUE: Pages = Pages {
    family: Family::Opaque,
    ..NUMBERED
};
pub(super) const COMMITS: Pages = Pages {
    default_length: 30,
    ..OPAQUE
};
/// What the pipelines service lists.
pub(super) const COUNTED: Pages = Pages {
    family: Family::Counted,
    ..NUMBERED
};

/// A page of those `rows` that `q` wants, in the order of `sort`.
pub(super) fn page(call: &Call<'_>, pages: Pages, mut rows: Vec<Value>) -> Answer {
    if let Some(text) = call.query("q") {
        match Query::parse(text).filter(|query| query.is_about(&rows)) {
            Some(query) => rows.retain(|row| query.holds(row)),
            None => return error(400, "Invalid query"),
        }
    }
    if let Some(member) = call.query("sort") {
        in_order(&mut rows, member);
    }
    let length = match call.query("pagelen").map(str::parse) {
        None => pages.default_length,
        Some(Ok(length)) if (1..=pages.max_length).contains(&length) => length,
        Some(_) => return error(400, "Invalid pagelen"),
    };
    let start = match (call.query("page"), pages.family) {
        (None, _) => Some(0),
        (Some(mark), Family::Opaque) => from_mark(mark),
        (Some(number), _) => number
            .parse()
            .ok()
            .and_then(|number: usize| number.checked_sub(1)?.checked_mul(length)),
    };
    let Some(start) = start else {
        return error(400, "Invalid page");
    };
    let (total, end) = (rows.len(), start.saturating_add(length));
    let values: Vec<_> = rows.into_iter().skip(start).take(length).collect();
    let mut body = json!({"values": values, "pagelen": length});
    if pages.family != Family::Opaque {
        body["page"] = json!(start / length + 1);
        body["size"] = json!(total);
    }
    if end < total && pages.family != Family::Counted {
        let next = match pages.family {
            Family::Opaque => mark(end),
            _ => (end / length + 1).to_string(),
        };
        body["next"] = json!(url_with(call, &[("page", &next)]));
    }
    Answer::json(200, &body)
}

/// A mark of a place in a list, which is no number.
fn mark(at: usize) -> String {
    hex::encode(format!("at{at}"))
}

fn from_mark(mark: &str) -> Option<usize> {
    let text = String::from_utf8(hex::decode(mark).ok()?).ok()?;
    text.strip_prefix("at")?.parse().ok()
}
