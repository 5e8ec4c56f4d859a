//! Values of an SQL `INSERT`: the name stands in a list of columns, its values in the same place of
//! the lists behind `VALUES`. Statements inside literals of other languages are read alike.

use super::{Reader, form::Form, limits::MOST_ROWS};
use crate::{shape::Set, span::Matches, text::View};

/// How far the list of columns may go on either side of a name, in bytes.
const REACH: usize = 512;
/// Between names of columns.
const COLUMNS: Set = Set::new("\\w \t\r\n`\"'[],\\\\+");

/// Behind `VALUES` when the name at `start..end` is one of the columns of an `INSERT`.
pub(super) fn values(view: &View<'_>, end: usize) -> Option<usize> {
    const BEHIND: Set = Set::new(" \t\r\n\\\\vV");
    let limit = view.limit.min(end + REACH);
    let close = end + memchr::memchr(b')', view.text.get(end..limit)?)?;
    // Most names stand in a call, which something else follows.
    if !BEHIND.has(view.byte(close + 1)) {
        return None;
    }
    let word = space(view, close + 1);
    let over = word + b"values".len();
    (over < view.limit
        && view.text[word..over].eq_ignore_ascii_case(b"values")
        && COLUMNS.run(view.text, end, close) == close)
        .then(|| space(view, over))
}

impl Reader<'_, '_> {
    /// Reads the values of the column that the name stands for; false when it stands for none.
    pub(super) fn inserted(&self, at: usize, found: &mut Matches) -> bool {
        let view = self.view;
        let Some(mut row) = values(view, at) else {
            return false;
        };
        let floor = view.floor.max(self.key.start.saturating_sub(REACH));
        let open = COLUMNS.run_back(view.text, self.key.start, floor);
        if view.before(open) != b'(' {
            return false;
        }
        let column = memchr::memchr_iter(b',', &view.text[open..self.key.start]).count();
        for _ in 0..MOST_ROWS {
            if view.byte(row) != b'(' {
                break;
            }
            let mut at = row + 1;
            for index in 0.. {
                let field = space(view, at);
                at = self.field(field, index == column, found);
                if view.byte(at) != b',' {
                    break;
                }
                at += 1;
            }
            let comma = space(view, at + 1);
            if view.byte(at) != b')' || view.byte(comma) != b',' {
                break;
            }
            row = space(view, comma + 1);
        }
        true
    }

    /// Where the field at `at` ends, before its comma or the bracket that closes the row; proposes
    /// the literals in it when it is the column's.
    fn field(&self, at: usize, is_value: bool, found: &mut Matches) -> usize {
        let view = self.view;
        let mut at = at;
        let mut depth = 0usize;
        while at < view.limit {
            match view.byte(at) {
                b',' if depth == 0 => break,
                b')' if depth == 0 => break,
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {
                    if let Some(quote) = view.quote(at) {
                        let start = at + quote.len;
                        let (end, closed) = view.quoted_end(start, quote);
                        if !closed {
                            return view.limit;
                        }
                        if is_value {
                            self.propose(start, end, Form::Quoted, found);
                        }
                        at = end + quote.len;
                        continue;
                    }
                }
            }
            at += 1;
        }
        at
    }
}

/// After blanks and line ends, written or escaped, and the signs of a diff's lines.
fn space(view: &View<'_>, at: usize) -> usize {
    let mut at = view.skip_blanks(at);
    while let Some(next) = view.next_line(at).filter(|next| *next < view.limit) {
        at = next;
    }
    at
}
