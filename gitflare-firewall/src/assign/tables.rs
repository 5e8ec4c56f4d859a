//! Tables that no bar begins or no rule tells: of wikis, of AsciiDoc, of reStructuredText, and words
//! in columns. The name heads a column; what a cell must look like says `cells`.

use super::{
    Reader,
    limits::{LONGEST_NAME, MOST_ROWS, NAME},
};
use crate::{chance::Profile, shape::Set, span::Matches, text::View};

/// Cells of a list that are looked at for the one that stands in the place of the name.
const MOST_CELLS: usize = 16;

impl Reader<'_, '_> {
    /// The cells below a name of an AsciiDoc table, whose header `start..over` stands behind `|===`;
    /// cells may stand in a row or each on a line.
    pub(super) fn heads_asciidoc(&self, start: usize, over: usize, found: &mut Matches) -> bool {
        const OPEN: &[u8] = b"|===";
        let view = self.view;
        let line = view.line_start(start);
        let above = view.text[view.floor..line].trim_ascii_end();
        if !above.ends_with(OPEN) {
            return false;
        }
        let bars = |from: usize, to: usize| memchr::memchr_iter(b'|', &view.text[from..to]).count();
        let (column, columns) = (bars(start, self.key.start), bars(start, over));
        let text = &view.text[over..view.limit];
        let text = &text[..memchr::memmem::find(text, OPEN).unwrap_or(text.len())];
        let cells = memchr::memchr_iter(b'|', text).enumerate();
        for (index, bar) in cells.take(MOST_ROWS * columns) {
            if index % columns + 1 == column {
                let rest = &text[bar + 1..];
                let len = memchr::memchr2(b'|', b'\n', rest).unwrap_or(rest.len());
                let from = over + bar + 1;
                self.cell(
                    from,
                    from + rest[..len].trim_ascii_end().len(),
                    false,
                    found,
                );
            }
        }
        true
    }

    /// The cells below a name in the header of a wiki's table: `! User !! Password`, one in a line
    /// or several.
    pub(super) fn heads_wiki(&self, found: &mut Matches) -> bool {
        let view = self.view;
        let line = view.line_start(self.key.start);
        let start = self.row_start(line);
        if view.byte(start) != b'!' || view.byte(start + 1) == b'[' {
            return false;
        }
        let headers = |text: &[u8]| memchr::memmem::find_iter(text, b"!!").count();
        let mut column = headers(&view.text[start..self.key.start]);
        let mut above = line;
        while above > view.floor {
            let before = view.line_start(above - 1);
            let first = self.row_start(before);
            if view.byte(first) != b'!' || before >= above {
                break;
            }
            column += 1 + headers(&view.text[first.min(above)..above]);
            above = before;
        }
        let (mut end, mut index) = (view.line_over(self.key.start), 0);
        for _ in 0..MOST_ROWS {
            let next = self.row_start(end + view.line_end(end));
            if next >= view.limit || view.ends_line(next) || view.has(next, b"|}") {
                break;
            }
            end = view.line_over(next);
            if view.has(next, b"|-") {
                index = 0;
            } else if view.byte(next) == b'|' {
                let mut from = next + 1;
                while from <= end {
                    let len = memchr::memmem::find(&view.text[from..end], b"||");
                    let to = len.map_or(end, |len| from + len);
                    if index == column {
                        self.cell(from, to, false, found);
                    }
                    index += 1;
                    from = to + 2;
                }
            }
        }
        true
    }

    /// The item in the place of the name in every row of a `list-table`: `* - bob`, `  - x1y2z3`.
    pub(super) fn heads_list(&self, at: usize, found: &mut Matches) -> bool {
        let view = self.view;
        let Some(place) = item(view, self.key.start, at) else {
            return false;
        };
        let (mut end, mut index) = (view.line_over(at), place);
        for _ in 0..MOST_CELLS * 2 {
            let next = view.skip_blanks(end + view.line_end(end));
            if next >= view.limit {
                break;
            }
            end = view.line_over(next);
            let cell = if view.has(next, b"* - ") {
                index = 0;
                next + 4
            } else if view.has(next, b"- ") {
                index += 1;
                next + 2
            } else {
                break;
            };
            if index == place {
                self.cell(cell, end, false, found);
            }
        }
        true
    }

    /// The generated word that begins in the column of the name on the next lines.
    pub(super) fn heads_aligned(&self, found: &mut Matches) -> bool {
        const RULE: Set = Set::new("= +-");
        let view = self.view;
        if !is_aligned(view, self.key.start, self.key.end) {
            return false;
        }
        let line = view.line_start(self.key.start);
        let offset = self.key.start - line;
        let mut end = view.line_over(self.key.end);
        let before = found.len();
        let mut is_ruled = false;
        for _ in 0..MOST_ROWS {
            let next = end + view.line_end(end);
            if next == end || next >= view.limit {
                break;
            }
            end = view.line_over(next);
            let start = next + offset;
            if RULE.run(view.text, next, end) == end {
                is_ruled |= view.text[next..end].contains(&b' ');
                continue;
            }
            if start >= end || view.before(start) != b' ' {
                break;
            }
            let stop = const { Set::new(" \t\r\n") }.run_until(view.text, start, end);
            if is_ruled || Profile::of(&view.text[start..stop]).is_random() {
                self.cell(start, stop, false, found);
            }
        }
        found.len() > before
    }
}

/// Whether the name with a word at `at` may head a column of a table without bars; its line goes on
/// at `end`.
pub(super) fn heads_column(view: &View<'_>, at: usize, end: usize) -> bool {
    if !is_set_off(view, end) {
        return false;
    }
    let start = NAME.run_back(
        view.text,
        at,
        view.floor.max(at.saturating_sub(LONGEST_NAME)),
    );
    let line = view.skip_blanks(view.line_start(start));
    let sign = usize::from(matches!(view.byte(line), b'+' | b'-'));
    view.byte(view.skip_blanks(line + sign)) == b'!'
        || item(view, start, end).is_some()
        || is_aligned(view, start, end)
}

/// Whether the line, or the cell of a table without bars, ends at `end`: most names do not.
pub(super) fn is_set_off(view: &View<'_>, end: usize) -> bool {
    let next = view.byte(end + 1);
    match view.byte(end) {
        b' ' => matches!(next, b' ' | b'!') || view.ends_line(end + 1),
        _ => view.ends_line(end),
    }
}

/// The place of the name at `start` among the items of the first row of a `list-table`, when its
/// line ends at `end`.
fn item(view: &View<'_>, start: usize, end: usize) -> Option<usize> {
    if view.before(start) != b' ' || view.before(start - 1) != b'-' || !view.ends_line(end) {
        return None;
    }
    let mut line = view.line_start(start);
    for place in 0..MOST_CELLS {
        let first = view.skip_blanks(line);
        if view.has(first, b"* - ") {
            return (place > 0 || view.next_line(end).is_some()).then_some(place);
        }
        if !view.has(first, b"- ") || line <= view.floor {
            return None;
        }
        line = view.line_start(line - 1);
    }
    None
}

/// Whether blanks on both sides set the name at `start..end` off as the head of a column.
fn is_aligned(view: &View<'_>, start: usize, end: usize) -> bool {
    let line = view.line_start(start);
    let is_first = line == start;
    let before = is_first || view.before(start) == b' ' && view.before(start - 1) == b' ';
    let ends = view.ends_line(end);
    let after = ends || view.byte(end) == b' ' && view.byte(end + 1) == b' ';
    // A heading alone is none, nor an indented word.
    before
        && after
        && !(is_first && ends)
        && (is_first || view.skip_blanks(line) < start)
        && view.language.is_unknown()
}
