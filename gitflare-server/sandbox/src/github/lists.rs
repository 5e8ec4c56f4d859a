//! GitHub's pages: by number, with a `Link` while there is another page.

use serde_json::{Value, json};

use crate::kit::{
    Answer, Call,
    paging::{Numbering, Page, link, url_with},
};

const NUMBERING: Numbering = Numbering {
    page: "page",
    size: "per_page",
    default_size: 30,
};

/// A page of rows as an array.
pub(super) fn rows(call: &Call<'_>, rows: Vec<Value>) -> Answer {
    page(call, rows, |rows, _| Value::Array(rows))
}

/// A page of rows as a member of an object, beside the total.
pub(super) fn wrapped(call: &Call<'_>, key: &str, rows: Vec<Value>) -> Answer {
    page(call, rows, |rows, total| {
        let mut body = json!({"total_count": total});
        body[key] = Value::Array(rows);
        body
    })
}

/// A page of rows in a body that `wrap` makes of them and the total.
pub(super) fn page(
    call: &Call<'_>,
    rows: Vec<Value>,
    wrap: impl FnOnce(Vec<Value>, usize) -> Value,
) -> Answer {
    let page = Page::of(call.request, NUMBERING, rows);
    let (next, last) = (page.next(), page.last());
    let answer = Answer::json(200, &wrap(page.rows, page.total));
    let Some(next) = next else {
        return answer;
    };
    let to = |number: usize, relation| {
        link(
            &url_with(call, &[(NUMBERING.page, &number.to_string())]),
            relation,
        )
    };
    answer.with(
        "link",
        format!("{}, {}", to(next, "next"), to(last, "last")),
    )
}
