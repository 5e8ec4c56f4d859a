//! Two lists of an upstream as one: first the one, then the other. A position says in which of them a
//! page stands, and then where. What the lists are each adapter says.

use gitflare_core::{Error, Page, PageRequest, Position, Result};

/// Which of two lists a page is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    First,
    Second,
}

const FIRST: u64 = 0;
const SECOND: u64 = 1;

/// The list that a page is of, and the page of that list.
///
/// # Errors
/// `INVALID_CURSOR` for a position of neither.
pub(crate) fn turn(page: &PageRequest) -> Result<(Phase, PageRequest)> {
    let limit = page.limit;
    let Some(position) = &page.position else {
        return Ok((Phase::First, PageRequest::first(limit)));
    };
    let mut fields = position.fields();
    let phase = match fields.number()? {
        FIRST => Phase::First,
        SECOND => Phase::Second,
        _ => return Err(Error::invalid_cursor("a page of no such list")),
    };
    let position = (!fields.is_empty()).then(|| fields.rest());
    Ok((phase, PageRequest { limit, position }))
}

/// A page of the first list that was asked for so.
///
/// # Errors
/// What is missing from that list, when it has nothing at all: then the second one's first page is the
/// answer, for an empty page would only send the caller on.
pub(crate) fn first<T>(asked: &PageRequest, mut rows: Page<T>) -> Result<Page<T>, Vec<Error>> {
    if asked.position.is_none() && rows.next.is_none() && rows.items.is_empty() {
        return Err(rows.errors);
    }
    rows.next = Some(match &rows.next {
        Some(next) => Position::new().number(FIRST).then(next),
        None => Position::new().number(SECOND),
    });
    Ok(rows)
}

/// A page of the second list, with what was missing from the first one on the way to it.
pub(crate) fn second<T>(mut rows: Page<T>, mut missing: Vec<Error>) -> Page<T> {
    missing.append(&mut rows.errors);
    rows.errors = missing;
    let next = rows.next.as_ref();
    rows.next = next.map(|next| Position::new().number(SECOND).then(next));
    rows
}

#[cfg(test)]
mod tests {
    use gitflare_core::Limit;

    use super::*;

    fn slice(name: &str, length: u64, page: &PageRequest) -> Page<String> {
        let start = page.position.as_ref();
        let start = start.map_or(0, |position| position.fields().number().unwrap());
        let end = length.min(start + page.limit.get() as u64);
        let next = (end < length).then(|| Position::new().number(end));
        Page::new(
            (start..end).map(|row| format!("{name}{row}")).collect(),
            next,
        )
    }

    fn page_of(lengths: [u64; 2], request: &PageRequest) -> Page<String> {
        let (phase, mut page) = turn(request).unwrap();
        let mut missing = Vec::new();
        if phase == Phase::First {
            let mut rows = slice("a", lengths[0], &page);
            rows.errors.push(Error::not_found("a"));
            match first(&page, rows) {
                Ok(page) => return page,
                Err(errors) => (missing, page) = (errors, PageRequest::first(page.limit)),
            }
        }
        second(slice("b", lengths[1], &page), missing)
    }

    #[test]
    fn what_is_missing_from_an_empty_first_list_is_told_with_the_second() {
        for (lengths, told) in [([0, 1], 1), ([1, 1], 1)] {
            let page = page_of(lengths, &PageRequest::default());
            assert_eq!(page.errors.len(), told, "{lengths:?}");
        }
    }

    /// Lists of these lengths, two rows to a page.
    fn walk(lengths: [u64; 2]) -> Vec<String> {
        let mut pages = Vec::new();
        let mut request = PageRequest::first(Limit::new(2).unwrap());
        loop {
            let page = page_of(lengths, &request);
            pages.push(page.items.join(" "));
            match page.next {
                Some(next) => request.position = Some(next),
                None => return pages,
            }
        }
    }

    #[test]
    fn the_second_list_follows_the_first_and_nothing_is_lost() {
        assert_eq!(walk([3, 1]), ["a0 a1", "a2", "b0"]);
        assert_eq!(walk([1, 3]), ["a0", "b0 b1", "b2"]);
        assert_eq!(walk([0, 1]), ["b0"], "no empty page first");
        assert_eq!(walk([0, 0]), [""]);
        assert_eq!(walk([2, 0]), ["a0 a1", ""]);
    }

    #[test]
    fn a_position_of_neither_list_is_invalid() {
        for position in [Position::new().number(2), Position::new().text("a")] {
            let request = PageRequest {
                position: Some(position),
                ..PageRequest::default()
            };
            assert!(turn(&request).is_err(), "{request:?}");
        }
    }
}
