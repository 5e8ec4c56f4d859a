//! Values of Robot Framework, whose columns two blanks or a tab part: variables that a table or a
//! keyword sets, and what a step types into a field. It reads one line and no variable.

use super::{Reader, form::Form, strength::Strength};
use crate::{shape::Set, span::Matches, text::View};

/// How a step begins that types something into a field.
const STEPS: [&[u8]; 4] = [b"Input ", b"Fill ", b"Type ", b"Press "];
/// Sets a variable to the column behind it.
const SETS: &[u8] = b"Set Variable";

impl Reader<'_, '_> {
    /// Reads the column that holds the value of the name; false when none does.
    pub(super) fn in_columns(&self, found: &mut Matches) -> bool {
        let view = self.view;
        let (start, end) = (self.key.start, self.key.end);
        let typed = || {
            (self.key.strength == Strength::Password)
                .then(|| typed(view, start, end))
                .flatten()
        };
        let Some(value) = variable(view, start, end).or_else(typed) else {
            return false;
        };
        self.propose(value, column_end(view, value), Form::Literal, found);
        true
    }
}

/// The column behind `${...}` whose name holds `start..end`: `${PASSWORD}    x1y2z3`,
/// `${password} =    Set Variable    x1y2z3`.
pub(super) fn variable(view: &View<'_>, start: usize, end: usize) -> Option<usize> {
    const NAME: Set = Set::new(r"\w .-");
    if view.byte(end) != b'}' {
        return None;
    }
    let brace = NAME.run_back(view.text, start, view.floor.max(start.saturating_sub(64)));
    let sign = brace.checked_sub(2).filter(|sign| *sign >= view.floor)?;
    if view.text[brace - 1] != b'{' || !matches!(view.text[sign], b'$' | b'@' | b'&') {
        return None;
    }
    let line = view.text[view.line_start(sign)..sign].trim_ascii();
    if !line.is_empty() && !matches!(line, b"+" | b"-") && !line.ends_with(b"Variable") {
        return None;
    }
    let over = end + 1;
    let over = over + usize::from(view.has(over, b" =")) * 2 + usize::from(view.byte(over) == b'=');
    let column = next_column(view, over)?;
    if view.has(column, SETS) {
        return next_column(view, column + SETS.len());
    }
    Some(column)
}

/// The last column of a step that types into the field that the name at `start..end` stands for:
/// `Input Password    id=pw    x1y2z3`, `Input Text    id=password    x1y2z3`.
fn typed(view: &View<'_>, start: usize, end: usize) -> Option<usize> {
    let next = next_column(view, end)?;
    let line = view.line_start(start);
    let step =
        line + (view.text[line..start].len() - view.text[line..start].trim_ascii_start().len());
    if !STEPS.iter().any(|word| view.has(step, word)) {
        return None;
    }
    if column_end(view, step) < start {
        return Some(next);
    }
    next_column(view, column_end(view, next))
}

/// Where the column behind the blanks at `at` begins; `None` when they part no columns.
fn next_column(view: &View<'_>, at: usize) -> Option<usize> {
    let next = view.skip_blanks(at);
    let parts = next >= at + 2 || next > at && view.text[at] == b'\t';
    (parts && !view.ends_line(next)).then_some(next)
}

/// Where the column at `at` ends: before two blanks, a tab or the end of its line.
fn column_end(view: &View<'_>, at: usize) -> usize {
    let mut end = at;
    while end < view.limit {
        end = const { Set::new(" \t\r\n\\\\") }.run_until(view.text, end, view.limit);
        let parts = view.byte(end) == b'\t' || matches!(view.byte(end + 1), b' ' | b'\t');
        if parts || view.byte(end) != b' ' && view.ends_line(end) {
            break;
        }
        end += 1;
    }
    end.min(view.limit)
}
