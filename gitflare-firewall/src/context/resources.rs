//! Secrets of Kubernetes as other tools declare them: every value is secret, whatever its name. The
//! generators of Kustomize and the resources of Terraform are read; manifests are another module's.

use crate::{link::is_secret, shape::Set, span::Matches, text::View};

/// The values below `literals:` at `at..end`, when the generator around it makes a Secret:
/// `- name=secret`, `["name=secret"]`.
pub(super) fn generator(view: &View<'_>, at: usize, end: usize, found: &mut Matches) {
    let before = &view.text[view.floor..at];
    let secret = memchr::memmem::rfind(before, b"secretGenerator");
    if secret.is_none() || memchr::memmem::rfind(before, b"configMapGenerator") > secret {
        return;
    }
    let value = view.skip_blanks(end);
    if view.byte(value) == b'[' {
        let mut place = value;
        while matches!(view.byte(place), b'[' | b',') {
            place = match pair(view, view.skip_blanks(place + 1), found) {
                Some(over) => view.skip_blanks(over),
                None => return,
            };
        }
        return;
    }
    let mut next = view.next_line(value);
    while let Some(line) = next {
        // The sign of a list may have been taken for that of a diff.
        let item = line + 2 * usize::from(view.has(line, b"- "));
        if view.byte(line) == b'#' {
            next = view.next_line(view.line_over(line));
            continue;
        }
        next = pair(view, view.skip_blanks(item), found)
            .and_then(|over| view.next_line(view.line_over(over)));
    }
}

/// Hashes the value of the `name=value` at `at`, quoted or not, and returns what is behind it.
fn pair(view: &View<'_>, at: usize, found: &mut Matches) -> Option<usize> {
    const END: Set = Set::new(",]\r\n\\\\");
    let quote = view.quote(at);
    let name = at + quote.map_or(0, |quote| quote.len);
    let sign = const { Set::new(r"\w.-") }.run(view.text, name, view.limit.min(name + 128));
    if sign == name || view.byte(sign) != b'=' {
        return None;
    }
    let start = sign + 1;
    let end = match quote {
        Some(quote) => view.quoted_end(start, quote).0,
        None => END.run_until(view.text, start, view.limit),
    };
    let stop = start + view.text[start..end].trim_ascii_end().len();
    if is_secret(&view.text[start..stop]) {
        found.secret(start, stop);
    }
    Some(end + quote.map_or(0, |quote| quote.len))
}

/// The values of the data in the resource whose kind stands at `at`.
pub(super) fn terraform(view: &View<'_>, at: usize, found: &mut Matches) {
    let quote = at - 1 - view.backslashes_before(at - 1);
    if view.quote(quote).is_none() || !view.text[view.floor..quote].ends_with(b"resource ") {
        return;
    }
    let Some(open) = memchr::memchr(b'{', &view.text[at..view.limit.min(at + 200)]) else {
        return;
    };
    let (mut place, mut depth, mut is_data) = (at + open + 1, 1, false);
    while depth > 0 && place < view.limit {
        if let Some(quote) = view.quote(place).filter(|quote| quote.byte == b'"') {
            let start = place + quote.len;
            let (end, closed) = view.quoted_end(start, quote);
            let before = view.text[view.floor..place].trim_ascii_end();
            let is_value = before.ends_with(b"=") || before.ends_with(b"base64encode(");
            if closed && is_data && is_value && is_secret(&view.text[start..end]) {
                found.secret(start, end);
            }
            place = end + quote.len;
            continue;
        }
        match view.text[place] {
            // The next one reads itself; this one was cut.
            b'r' if view.has(place, b"resource \"") => return,
            b'{' => {
                is_data |= depth == 1 && names_data(&view.text[view.floor..place]);
                depth += 1;
            }
            b'}' => {
                depth -= 1;
                is_data &= depth > 1;
            }
            _ => {}
        }
        place += 1;
    }
}

/// Whether `data =` or its kin ends `before`.
fn names_data(before: &[u8]) -> bool {
    let Some(name) = before.trim_ascii_end().strip_suffix(b"=") else {
        return false;
    };
    let name = name.trim_ascii_end();
    let word = &name[const { Set::new(r"\w") }.run_back(name, name.len(), 0)..];
    [
        &b"data"[..],
        b"string_data",
        b"binary_data",
        b"data_wo",
        b"binary_data_wo",
    ]
    .contains(&word)
}
