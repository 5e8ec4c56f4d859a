//! From an upstream's "next page" to a [`Position`] and back. A position holds allow-listed query
//! pairs, never a URL: whatever an upstream writes into a link, the next call goes to our own path.

use std::borrow::Cow;

use gitflare_core::{Error, Position, PositionFields, Result};
use serde_json::Value;
use url::Url;

use crate::{request::Get, upstream_answer::Answer, wire::known};

/// The longest value of a pair that is taken into a cursor.
const MAX_VALUE: usize = 1024;

/// The query parameters that may go on to the next page, by their place in the list. The list is
/// part of what cursors mean: append, never reorder.
pub(crate) type Keys = &'static [&'static str];

/// The position that the `Link` header's `rel="next"` names.
///
/// # Errors
/// `UPSTREAM_UNAVAILABLE` when there is a next page, but nothing by which to ask for it.
pub(crate) fn from_link(answer: &Answer, keys: Keys) -> Result<Option<Position>> {
    let links = answer.headers().get_all("link").iter();
    let links = links.map(|value| value.to_str());
    // What cannot be read may be the way on.
    let links = links.collect::<Result<Vec<_>, _>>();
    let links = links.map_err(|_| answer.unusable("a link that is no text"))?;
    let next = links.into_iter().find_map(|header| link_of(header, "next"));
    from_url(answer, keys, next)
}

/// The number of the last page, by the `page` of the `Link` header's `rel="last"`; `None` without it.
pub(crate) fn last_page(answer: &Answer) -> Option<u64> {
    let links = answer.headers().get_all("link").iter();
    let last = links
        .filter_map(|value| value.to_str().ok())
        .find_map(|header| link_of(header, "last"))?;
    let base = Url::parse("https://relative.invalid/").ok()?;
    let url = base.join(last).ok()?;
    let (_, number) = url.query_pairs().find(|(key, _)| key == "page")?;
    number.parse().ok()
}

/// The position that the URL of a next page names; `None` without one.
///
/// # Errors
/// `UPSTREAM_UNAVAILABLE` when there is a next page, but nothing by which to ask for it.
pub(crate) fn from_url(
    answer: &Answer,
    keys: Keys,
    next: Option<&str>,
) -> Result<Option<Position>> {
    let Some(link) = next else { return Ok(None) };
    // Only the query is of interest; the base lets relative links through.
    let lost = || answer.unusable("the link to the next page cannot be followed");
    let base = Url::parse("https://relative.invalid/").map_err(|_| lost())?;
    let url = base.join(link).map_err(|_| lost())?;
    let mut position = Position::new();
    for (key, value) in url.query_pairs() {
        let Some(index) = keys.iter().position(|known| *known == key) else {
            continue;
        };
        position = pair(position, index, &value).ok_or_else(lost)?;
    }
    if position.fields().is_empty() {
        return Err(lost());
    }
    Ok(Some(position))
}

/// The text by which a body says where the list goes on; none, and an empty one, is its end.
///
/// # Errors
/// `UPSTREAM_UNAVAILABLE` for what is no text: whether the list ends there is unknown.
pub(crate) fn pointer(answer: &Answer, sent: Option<Value>) -> Result<Option<String>> {
    match sent {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(known(Some(text))),
        Some(_) => Err(answer.unusable("what says where the list goes on is no text")),
    }
}

/// The position of the page whose number (or token) stands in a header or body; `None` when it is
/// empty. `key` is one of `keys`.
///
/// # Errors
/// `UPSTREAM_UNAVAILABLE` when it is nothing to ask with.
pub(crate) fn from_value(
    answer: &Answer,
    keys: Keys,
    key: &'static str,
    value: Option<&str>,
) -> Result<Option<Position>> {
    let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    keys.iter()
        .position(|known| *known == key)
        .and_then(|index| pair(Position::new(), index, value))
        .map(Some)
        .ok_or_else(|| answer.unusable("the next page has no usable name"))
}

/// The number that a position has for a key; `None` without such a pair.
pub(crate) fn number(position: &Position, keys: Keys, key: &str) -> Option<u64> {
    let mut fields = position.fields();
    while !fields.is_empty() {
        let kind = fields.number().ok()?;
        let index = usize::try_from(kind / 2).ok()?;
        let is_wanted = keys.get(index) == Some(&key);
        if kind % 2 == 0 {
            let number = fields.number().ok()?;
            if is_wanted {
                return Some(number);
            }
        } else {
            fields.text().ok()?;
        }
    }
    None
}

/// The next page, which leads back unless the number of its page grows. `place` is where the page is whose
/// answer this is; the first one is number 1. Pages without numbers are not judged.
pub(crate) fn growing(
    next: Option<Position>,
    place: Option<&Position>,
    keys: Keys,
    key: &str,
) -> Option<Position> {
    let next = next?;
    let here = place.map_or(Some(1), |place| number(place, keys, key));
    match (here, number(&next, keys, key)) {
        (Some(here), Some(there)) if there <= here => Some(Position::new()),
        _ => Some(next),
    }
}

/// Puts the pairs of a position into a request; the start of the list when there is none.
///
/// # Errors
/// `INVALID_CURSOR` when the position is not of this kind.
pub(crate) fn apply<'a>(
    mut get: Get<'a>,
    keys: Keys,
    mut fields: PositionFields<'a>,
) -> Result<Get<'a>> {
    while !fields.is_empty() {
        let kind = fields.number()?;
        let key = usize::try_from(kind / 2)
            .ok()
            .and_then(|index| keys.get(index))
            .ok_or_else(|| Error::invalid_cursor("position names an unknown parameter"))?;
        let value: Cow<'a, str> = if kind % 2 == 0 {
            fields.number()?.to_string().into()
        } else {
            fields.text()?.into()
        };
        get = get.query(key, value);
    }
    Ok(get)
}

/// Appends a pair: which key and whether the value is a number, then the value. `None` for a value
/// that no upstream has reason to send.
fn pair(position: Position, index: usize, value: &str) -> Option<Position> {
    let kind = u64::try_from(index).ok()? * 2;
    let canonical = value
        .parse::<u64>()
        .ok()
        .filter(|number| number.to_string() == value);
    match canonical {
        Some(number) => Some(position.number(kind).number(number)),
        None if value.len() <= MAX_VALUE && !value.chars().any(char::is_control) => {
            Some(position.number(kind + 1).text(value))
        }
        None => None,
    }
}

/// The target of that relation in one `Link` header (RFC 8288).
fn link_of<'h>(header: &'h str, wanted: &str) -> Option<&'h str> {
    let mut rest = header;
    while let Some(start) = rest.find('<') {
        let (target, after) = rest[start + 1..].split_once('>')?;
        // A link's parameters end where the next link starts.
        let end = after.find('<').unwrap_or(after.len());
        let is_wanted = after[..end].split([';', ',']).any(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("rel")
                    && value
                        .trim()
                        .trim_matches('"')
                        .split_ascii_whitespace()
                        .any(|relation| relation.eq_ignore_ascii_case(wanted))
            })
        });
        if is_wanted {
            return Some(target);
        }
        rest = &after[end..];
    }
    None
}

#[cfg(test)]
mod tests {
    use gitflare_core::Code;

    use super::*;

    const KEYS: Keys = &["page", "after", "cursor"];

    fn next(link: &str) -> Result<Option<Position>> {
        from_link(&Answer::for_test(&[("link", link)], "[]"), KEYS)
    }

    fn query(position: &Position) -> Result<String> {
        let get = apply(Get::new(&["a"])?, KEYS, position.fields())?;
        Ok(get
            .query
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect::<Vec<_>>()
            .join("&"))
    }

    #[test]
    fn the_next_link_becomes_its_allow_listed_pairs() {
        for (link, expected) in [
            ("<https://h/x?page=2>; rel=\"next\"", Some("page=2")),
            (
                "<https://h/x?page=1>; rel=\"prev\", <https://h/x?page=3&per_page=9>; rel=\"next\"",
                Some("page=3"),
            ),
            ("<https://h/x?page=9>; rel=\"last\"", None),
            ("<https://h/a;b,c?page=2>; rel=next", Some("page=2")),
            (
                "</x?after=Y3Vyc29y%3D%3D>; rel=\"last next\"",
                Some("after=Y3Vyc29y=="),
            ),
            (
                "<http://169.254.169.254/x?page=7&token=t>; rel=next",
                Some("page=7"),
            ),
            ("<https://h/x?page=007>; rel=next", Some("page=007")),
            ("", None),
            ("garbage", None),
            ("<https://h/x?page=2", None),
        ] {
            let position = next(link).unwrap();
            let got = position.map(|position| query(&position).unwrap());
            assert_eq!(got.as_deref(), expected, "{link}");
        }
    }

    #[test]
    fn the_last_page_is_known_by_its_link() {
        for (link, expected) in [
            (
                "<https://h/x?page=2>; rel=\"next\", <https://h/x?per_page=1&page=17>; rel=\"last\"",
                Some(17),
            ),
            ("<https://h/x?page=2>; rel=\"next\"", None),
            ("<https://h/x?page=x>; rel=\"last\"", None),
            ("<https://h/x>; rel=last", None),
            ("", None),
        ] {
            let answer = Answer::for_test(&[("link", link)], "{}");
            assert_eq!(last_page(&answer), expected, "{link}");
        }
    }

    #[test]
    fn a_next_page_that_cannot_be_asked_for_is_not_the_end() {
        for link in [
            "<https://h/x>; rel=next",
            "<https://h/x?other=1>; rel=next",
            "<https://h/x?cursor=%00>; rel=next",
        ] {
            assert_eq!(
                next(link).unwrap_err().code(),
                Code::UpstreamUnavailable,
                "{link}"
            );
        }
    }

    #[test]
    fn a_position_of_another_kind_is_invalid() {
        for position in [
            Position::new().text("page"),
            Position::new().number(99).number(1),
            Position::new().number(0).text("2"),
            Position::new().number(0),
        ] {
            assert_eq!(
                query(&position).unwrap_err().code(),
                Code::InvalidCursor,
                "{position:?}"
            );
        }
    }
}
