//! Values in cells: Markdown and HTML tables, definition lists, the elements of property lists,
//! comma-separated columns. Headers and prose stand in cells too, so a value there must hold a
//! digit, unless its element says that it is one.

use super::{Reader, form::Form, limits::MOST_ROWS, strength::Strength, tables::is_set_off};
use crate::{chance::Profile, language::Language, shape::Set, span::Matches, text::View};

/// Bytes of an HTML table that are read below its header.
const LONGEST_TABLE: usize = 4 * 1024;
/// Tags between a name and its value.
const MOST_TAGS: usize = 5;
/// Elements that hold nothing but values.
const VALUES: &[&[u8]] = &[b"string", b"value"];

impl Reader<'_, '_> {
    /// Reads the cells beside or below the name whose cell goes on at `at`; false when it stands in
    /// none.
    pub(super) fn in_cells(&self, at: usize, found: &mut Matches) -> bool {
        let view = self.view;
        if matches!(
            self.key.strength,
            Strength::Provider | Strength::Weak | Strength::Auth
        ) {
            return false;
        }
        if is_set_off(view, self.key.end)
            && (self.heads_wiki(found) || self.heads_list(at, found) || self.heads_aligned(found))
        {
            return true;
        }
        let colon = view.skip_blanks(at + usize::from(view.byte(at) == b':'));
        if view.has(colon, b"</") {
            return self.element_beside(colon, found);
        }
        if view.byte(at) == b'|' && view.byte(at + 1) != b'|' && view.byte(at + 1) != b'='
            || view.ends_line(at) && is_row(view, self.key.start)
        {
            return self.row(at, found);
        }
        view.language == Language::Table && self.column(found)
    }

    /// The cells below a name that heads a column of an HTML table.
    fn html_column(&self, at: usize, found: &mut Matches) {
        let view = self.view;
        let before = &view.text[view.floor..self.key.start];
        let row = memchr::memmem::rfind(before, b"<tr").unwrap_or(0);
        let column = memchr::memmem::find_iter(&before[row..], b"<th").count();
        let text = &view.text[at..view.limit.min(at + LONGEST_TABLE)];
        let rows = memchr::memmem::find_iter(text, b"<tr").take(MOST_ROWS);
        for row in rows {
            let end = memchr::memmem::find(&text[row..], b"</tr").map_or(text.len(), |at| row + at);
            let cells = &text[row..end];
            let Some(cell) = memchr::memmem::find_iter(cells, b"<td").nth(column.max(1) - 1) else {
                continue;
            };
            let Some(open) = memchr::memchr(b'>', &cells[cell..]) else {
                continue;
            };
            let mut start = at + row + cell + open + 1;
            // `<code>` and the like around it.
            while view.byte(start) == b'<'
                && let Some(close) = memchr::memchr(b'>', &view.text[start..at + end])
            {
                start += close + 1;
            }
            let stop = memchr::memchr(b'<', &view.text[start..at + end])
                .map_or(at + end, |index| start + index);
            self.cell(start, stop, false, found);
        }
    }

    /// `<td>Password</td><td>x1y2z3</td>`, `<b>Password:</b> x1y2z3`
    fn element_beside(&self, at: usize, found: &mut Matches) -> bool {
        const SPACE: Set = Set::new(" \t\r\n:");
        let view = self.view;
        if view.has(at, b"</th") {
            let next = SPACE.run(view.text, at + b"</th>".len(), view.limit);
            if !view.has(next, b"<td") {
                self.html_column(at, found);
                return true;
            }
        }
        let limit = view.limit.min(at + 256);
        let mut at = at;
        let mut is_value = false;
        for _ in 0..MOST_TAGS {
            at = SPACE.run(view.text, at, limit);
            if view.byte(at) != b'<' || at >= limit {
                break;
            }
            let Some(close) = memchr::memchr(b'>', &view.text[at..limit]) else {
                return false;
            };
            is_value = VALUES.contains(&&view.text[at + 1..at + close]);
            at += close + 1;
        }
        let end = const { Set::new("<\r\n") }.run_until(view.text, at, view.limit.min(at + 512));
        if view.byte(end) == b'<' || view.ends_line(end) {
            self.cell(at, end, is_value, found);
        }
        true
    }

    /// `| Password | x1y2z3 |`, or the column below the name when a line of dashes follows.
    fn row(&self, at: usize, found: &mut Matches) -> bool {
        let view = self.view;
        let start = self.row_start(view.line_start(self.key.start));
        let over = view.line_over(at);
        let mut next = self.row_start(over + view.line_end(over));
        let rule = view.line_over(next);
        // Of Markdown, with or without bars at the ends, and of reStructuredText.
        let dashes = const { Set::new("|: +=-") };
        let is_ruled = rule > next + 2 && dashes.run(view.text, next, rule) == rule;
        if view.byte(start) != b'|' && !is_ruled {
            return false;
        }
        if self.heads_asciidoc(start, over, found) {
            return true;
        }
        let bars = |from: usize, to: usize| memchr::memchr_iter(b'|', &view.text[from..to]).count();
        let is_headed = !is_ruled
            && view.byte(next) == b'|'
            && bars(next, rule) == bars(start, over)
            && bars(start, over) >= 3;
        if is_ruled {
            let column = memchr::memchr_iter(b'|', &view.text[start..self.key.start]).count();
            let mut end = rule;
            for _ in 0..MOST_ROWS {
                next = self.row_start(end + view.line_end(end));
                if next >= view.limit || view.ends_line(next) {
                    break;
                }
                end = view.line_over(next);
                self.nth(next, end, column, b"|", found);
            }
        } else if at < over {
            let end =
                memchr::memchr(b'|', &view.text[at + 1..over]).map_or(over, |index| at + 1 + index);
            self.cell(at + 1, end, false, found);
        } else {
            return false;
        }
        if is_headed {
            // The first row names the columns, as in Gherkin.
            let column = bars(start, self.key.start);
            self.nth(next, rule, column, b"|", found);
        }
        true
    }

    /// The fields below a name in the first line of comma-separated values.
    fn column(&self, found: &mut Matches) -> bool {
        const DELIMITERS: &[u8] = b",;\t";
        let view = self.view;
        let start = self.row_start(view.line_start(self.key.start));
        let mut end = view.line_over(self.key.start);
        let header = &view.text[start..end];
        let is_header =
            const { Set::new("\\w \",;-") }.run(header, 0, header.len()) == header.len();
        let Some(delimiter) = DELIMITERS
            .iter()
            .find(|sign| header.contains(sign))
            .filter(|_| is_header)
        else {
            return false;
        };
        let column = memchr::memchr_iter(*delimiter, &view.text[start..self.key.start]).count();
        for _ in 0..MOST_ROWS {
            let next = self.row_start(end + view.line_end(end));
            if next >= view.limit || view.line_end(end) == 0 {
                break;
            }
            end = view.line_over(next);
            self.nth(next, end, column, &[*delimiter], found);
        }
        true
    }

    /// Reads the field with this number of delimiters before it.
    pub(super) fn nth(
        &self,
        start: usize,
        end: usize,
        column: usize,
        delimiter: &[u8],
        found: &mut Matches,
    ) {
        let text = &self.view.text[start..end];
        let from = match column.checked_sub(1) {
            None => 0,
            Some(index) => match memchr::memchr_iter(delimiter[0], text).nth(index) {
                Some(at) => at + 1,
                None => return,
            },
        };
        let to = memchr::memchr(delimiter[0], &text[from..]).map_or(text.len(), |at| from + at);
        self.cell(start + from, start + to, false, found);
    }

    /// The first byte of a row behind the sign of a diff, indentation and the sign of a comment.
    pub(super) fn row_start(&self, line: usize) -> usize {
        const COMMENT: Set = Set::new("#/*>;%");
        let sign = usize::from(matches!(self.view.byte(line), b'+' | b'-'));
        let start = self.view.skip_blanks(line + sign);
        let over = COMMENT.run(self.view.text, start, self.view.limit.min(start + 3));
        self.view.skip_blanks(over)
    }

    /// Proposes what a cell holds, less what sets it off.
    pub(super) fn cell(&self, start: usize, end: usize, is_value: bool, found: &mut Matches) {
        const AROUND: &[u8] = b" \t`*\"'";
        let text = self.view.text;
        let (mut start, mut end) = (start, end);
        while start < end && AROUND.contains(&text[start]) {
            start += 1;
        }
        while end > start && AROUND.contains(&text[end - 1]) {
            end -= 1;
        }
        let value = &text[start..end];
        let profile = Profile::of(value);
        let is_marked = profile.digits > 0 && value.len() >= 6 || profile.is_random();
        let is_code = value.iter().any(|byte| b"\"{}<>\\".contains(byte));
        if profile.spaces == 0 && !is_code && (is_value || is_marked) {
            self.propose(start, end, Form::Literal, found);
        }
    }

    /// The value of the element or the `CDATA` section that opens at `at`.
    pub(super) fn cdata(&self, at: usize, found: &mut Matches) -> bool {
        const OPEN: &[u8] = b"<![CDATA[";
        let view = self.view;
        if !view.has(at, OPEN) {
            return false;
        }
        let start = at + OPEN.len();
        let limit = view.limit.min(start + 1024);
        if let Some(index) = memchr::memmem::find(&view.text[start..limit], b"]]>") {
            self.propose(start, start + index, Form::Literal, found);
        }
        true
    }
}

/// Whether a bar stands before the name at `at` on its line, which the name ends.
pub(super) fn is_row(view: &View<'_>, at: usize) -> bool {
    memchr::memchr(b'|', &view.text[view.line_start(at)..at]).is_some()
}
