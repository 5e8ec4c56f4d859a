//! Lists in pages, as each provider pages them.

use serde_json::Value;
use url::form_urlencoded;

use super::http::{Answer, Request};

/// The page that a request asks for: (number, size).
fn wanted(request: &Request, default: usize) -> (usize, usize) {
    let number = |name: &str| {
        request
            .query(name)
            .and_then(|text| text.parse::<usize>().ok())
    };
    let size = number("per_page")
        .filter(|size| *size > 0)
        .unwrap_or(default)
        .min(100);
    (number("page").filter(|page| *page > 0).unwrap_or(1), size)
}

/// A `Link` to a page of the same list: the request's query with these pairs in place of its own.
fn link(base: &str, request: &Request, pairs: &[(&str, &str)], relation: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in &request.query {
        if !pairs.iter().any(|(known, _)| known == name) {
            query.append_pair(name, value);
        }
    }
    for (name, value) in pairs {
        query.append_pair(name, value);
    }
    format!(
        "<{base}{}?{}>; rel=\"{relation}\"",
        request.path,
        query.finish()
    )
}

/// GitHub's pages: by number, with a `Link` while there is another page. `wrap` puts the rows into
/// what stands around them.
pub(super) fn by_link(
    base: &str,
    request: &Request,
    rows: Vec<Value>,
    wrap: impl FnOnce(Vec<Value>, usize) -> Value,
) -> Answer {
    let (page, size) = wanted(request, 30);
    let total = rows.len();
    let rows: Vec<_> = rows
        .into_iter()
        .skip((page - 1) * size)
        .take(size)
        .collect();
    let answer = Answer::json(200, &wrap(rows, total));
    let last = total.div_ceil(size);
    if page < last {
        let next = link(base, request, &[("page", &(page + 1).to_string())], "next");
        let last = link(base, request, &[("page", &last.to_string())], "last");
        return answer.with("link", format!("{next}, {last}"));
    }
    answer
}

/// GitLab's pages by number.
pub(super) fn by_number(base: &str, request: &Request, rows: Vec<Value>) -> Answer {
    let (page, size) = wanted(request, 20);
    let total = rows.len();
    let rows: Vec<_> = rows
        .into_iter()
        .skip((page - 1) * size)
        .take(size)
        .collect();
    let answer = Answer::json(200, &Value::Array(rows))
        .with("x-page", page.to_string())
        .with("x-per-page", size.to_string());
    if page * size < total {
        let number = (page + 1).to_string();
        let next = link(base, request, &[("page", &number)], "next");
        answer.with("x-next-page", number).with("link", next)
    } else {
        answer.with("x-next-page", "")
    }
}

/// GitLab's pages by what the last one ended with: `key` names a row, `parameter` carries the name.
pub(super) fn by_keyset(
    base: &str,
    request: &Request,
    rows: Vec<Value>,
    parameter: &str,
    key: impl Fn(&Value) -> String,
) -> Answer {
    if request.query("pagination") != Some("keyset") {
        return by_number(base, request, rows);
    }
    let (_, size) = wanted(request, 20);
    let start = match request.query(parameter) {
        Some(after) => match rows.iter().position(|row| key(row) == after) {
            Some(at) => at + 1,
            None => return super::faults::message(422, "Invalid page token"),
        },
        None => 0,
    };
    let end = (start + size).min(rows.len());
    let page = rows[start..end].to_vec();
    let more = end < rows.len();
    let last = page.last().map(&key);
    let answer = Answer::json(200, &Value::Array(page));
    match last {
        Some(last) if more => {
            let next = link(base, request, &[(parameter, &last)], "next");
            answer.with("link", next)
        }
        _ => answer,
    }
}
