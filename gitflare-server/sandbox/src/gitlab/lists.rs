//! GitLab's pages: by number, and by what the last page ended with (keyset).

use serde_json::Value;

use crate::kit::{
    Answer, Call,
    paging::{Numbering, Page, link, url_with},
};

const NUMBERING: Numbering = Numbering {
    page: "page",
    size: "per_page",
    default_size: 20,
};

/// A page by number.
pub(super) fn rows(call: &Call<'_>, rows: Vec<Value>) -> Answer {
    let page = Page::of(call.request, NUMBERING, rows);
    let next = page.next();
    numbered(call, page, next)
}

/// The same of a list that GitLab does not count: every full page says that another one follows.
pub(super) fn uncounted(call: &Call<'_>, rows: Vec<Value>) -> Answer {
    let page = Page::of(call.request, NUMBERING, rows);
    let next = (page.rows.len() == page.size).then(|| page.number + 1);
    numbered(call, page, next)
}

fn numbered(call: &Call<'_>, page: Page, next: Option<usize>) -> Answer {
    let answer = Answer::json(200, &Value::Array(page.rows))
        .with("x-page", page.number.to_string())
        .with("x-per-page", page.size.to_string());
    let Some(next) = next.map(|next| next.to_string()) else {
        return answer.with("x-next-page", "");
    };
    let link = link(&url_with(call, &[(NUMBERING.page, &next)]), "next");
    answer.with("x-next-page", next).with("link", link)
}

/// A page after a key, when the call asks for keyset paging: `key` names a row, `parameter`
/// carries the name.
pub(super) fn keyset(
    call: &Call<'_>,
    list: Vec<Value>,
    parameter: &str,
    key: impl Fn(&Value) -> String,
) -> Answer {
    if call.query("pagination") != Some("keyset") {
        return rows(call, list);
    }
    let start = match call.query(parameter) {
        Some(after) => match list.iter().position(|row| key(row) == after) {
            Some(at) => at + 1,
            None => return Answer::message(422, "Invalid page token"),
        },
        None => 0,
    };
    let page = Page::of(call.request, NUMBERING, list[start..].to_vec());
    let is_last = page.total <= page.size;
    let last = page.rows.last().map(&key);
    let answer = Answer::json(200, &Value::Array(page.rows));
    match last {
        Some(last) if !is_last => {
            answer.with("link", link(&url_with(call, &[(parameter, &last)]), "next"))
        }
        _ => answer,
    }
}
