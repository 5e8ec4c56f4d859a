//! Whole unified diffs: where a file's section begins and ends is decided by its headers and by the
//! counts of its hunks, never by the first characters of a line alone, for a deleted `-- x` prints
//! as `--- x`. A section whose any name is blocked vanishes; everything else passes the redactor,
//! a file's section with the language of its path, the text between sections as prose.

use crate::redact::Redactor;

/// A diff after the firewall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilteredDiff {
    /// The text that may leave.
    pub bytes: Vec<u8>,
    /// How many secrets were replaced.
    pub redactions: u64,
    /// How many files were stripped.
    pub blocked_files: u64,
}

impl FilteredDiff {
    pub(crate) fn unchanged(text: &[u8]) -> Self {
        Self {
            bytes: text.to_vec(),
            redactions: 0,
            blocked_files: 0,
        }
    }
}

/// Filters a diff; `blocks` judges paths.
pub(crate) fn filter(
    text: &[u8],
    redactor: &Redactor,
    blocks: &dyn Fn(&str) -> bool,
) -> FilteredDiff {
    let mut filtered = FilteredDiff {
        bytes: Vec::with_capacity(text.len()),
        redactions: 0,
        blocked_files: 0,
    };
    let mut at = 0;
    let mut prose = 0;
    while at < text.len() {
        let Some(section) = Section::at(text, at) else {
            at = line_over(text, at);
            continue;
        };
        pass(&text[prose..at], redactor, &mut filtered);
        if section.names.iter().any(|name| blocks_any(name, blocks)) {
            filtered.blocked_files += 1;
        } else {
            let path = section.names.last().map_or("", String::as_str);
            pass(
                &text[at..section.end],
                &redactor.for_path(path),
                &mut filtered,
            );
        }
        at = section.end;
        prose = at;
    }
    pass(&text[prose..], redactor, &mut filtered);
    filtered
}

fn pass(text: &[u8], redactor: &Redactor, filtered: &mut FilteredDiff) {
    let redacted = redactor.redact(text);
    filtered.bytes.extend_from_slice(&redacted.bytes);
    filtered.redactions += redacted.redactions;
}

/// A name as the diff spells it, and without the prefix that `git diff` puts before it.
fn blocks_any(name: &str, blocks: &dyn Fn(&str) -> bool) -> bool {
    blocks(name) || without_prefix(name).is_some_and(blocks)
}

fn without_prefix(name: &str) -> Option<&str> {
    let (prefix, rest) = name.split_once('/')?;
    matches!(prefix, "a" | "b" | "c" | "i" | "o" | "w" | "1" | "2").then_some(rest)
}

/// One file of a diff.
struct Section {
    names: Vec<String>,
    end: usize,
}

impl Section {
    /// The section that begins with the line at `at`.
    fn at(text: &[u8], at: usize) -> Option<Self> {
        let mut section = Self {
            names: Vec::new(),
            end: at,
        };
        let first = line(text, at);
        if let Some(names) = first.strip_prefix(b"diff --git ") {
            section.git_names(names);
        } else if let Some(name) = first
            .strip_prefix(b"diff --cc ")
            .or_else(|| first.strip_prefix(b"diff --combined "))
        {
            section.name(name);
        } else if !begins_plain(text, at) {
            return None;
        }
        section.headers(text, at);
        section.hunks(text);
        Some(section)
    }

    /// The header lines, up to the first hunk or whatever is no header.
    fn headers(&mut self, text: &[u8], at: usize) {
        let mut at = at;
        let mut first = true;
        while at < text.len() {
            let header = line(text, at);
            if header.starts_with(b"@@") || (!first && header.starts_with(b"diff ")) {
                break;
            }
            if header.starts_with(b"GIT binary patch") {
                at = binary_over(text, line_over(text, at));
                break;
            }
            if let Some(name) = header
                .strip_prefix(b"--- ")
                .or(header.strip_prefix(b"+++ "))
            {
                self.name(name);
            } else if let Some(name) = [
                &b"rename from "[..],
                b"rename to ",
                b"copy from ",
                b"copy to ",
            ]
            .iter()
            .find_map(|key| header.strip_prefix(*key))
            {
                self.name(name);
            } else if !first && !is_header(header) {
                break;
            }
            first = false;
            at = line_over(text, at);
        }
        self.end = at;
    }

    fn hunks(&mut self, text: &[u8]) {
        let mut at = self.end;
        while at < text.len() {
            let Some(mut counts) = Counts::of(line(text, at)) else {
                break;
            };
            at = line_over(text, at);
            while at < text.len() && counts.take(line(text, at)) {
                at = line_over(text, at);
            }
            while text[at..].starts_with(b"\\ ") {
                at = line_over(text, at);
            }
        }
        self.end = at;
    }

    /// Both names of `a/x b/x`; with spaces in them, the split that makes them equal.
    fn git_names(&mut self, names: &[u8]) {
        if names.starts_with(b"\"") || names.ends_with(b"\"") {
            if let Some((first, rest)) = take_name(names) {
                self.push(first);
                if let Some((second, _)) = take_name(rest.trim_ascii_start()) {
                    self.push(second);
                }
            }
            return;
        }
        let names = String::from_utf8_lossy(names);
        for (index, _) in names.match_indices(' ') {
            let (left, right) = (&names[..index], &names[index + 1..]);
            let same = left == right
                || without_prefix(left).is_some_and(|left| Some(left) == without_prefix(right));
            if same {
                self.push(left.to_owned());
                self.push(right.to_owned());
                return;
            }
        }
        // Different names: the rename lines tell them apart; until then every split counts.
        for (index, _) in names.match_indices(' ').take(8) {
            self.push(names[..index].to_owned());
            self.push(names[index + 1..].to_owned());
        }
    }

    fn name(&mut self, spelled: &[u8]) {
        let name = match take_name(spelled) {
            Some((name, _)) if spelled.starts_with(b"\"") => name,
            _ => {
                // A timestamp follows a tab.
                let end = memchr::memchr(b'\t', spelled).unwrap_or(spelled.len());
                String::from_utf8_lossy(&spelled[..end]).into_owned()
            }
        };
        if name != "/dev/null" {
            self.push(name);
        }
    }

    fn push(&mut self, name: String) {
        if !name.is_empty() {
            self.names.push(name);
        }
    }
}

/// A quoted name with its escapes undone, or a plain one up to the next space; and what follows.
fn take_name(text: &[u8]) -> Option<(String, &[u8])> {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        let end = memchr::memchr(b' ', text).unwrap_or(text.len());
        let name = String::from_utf8_lossy(&text[..end]).into_owned();
        return Some((name, &text[end..]));
    };
    let mut name = Vec::new();
    loop {
        match rest {
            [b'"', tail @ ..] => {
                return Some((String::from_utf8_lossy(&name).into_owned(), tail));
            }
            [
                b'\\',
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                tail @ ..,
            ] => {
                name.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = tail;
            }
            [b'\\', escape, tail @ ..] => {
                name.push(match escape {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'a' => 7,
                    b'b' => 8,
                    b'f' => 12,
                    b'v' => 11,
                    other => *other,
                });
                rest = tail;
            }
            [byte, tail @ ..] => {
                name.push(*byte);
                rest = tail;
            }
            [] => return None,
        }
    }
}

/// `--- x`, `+++ y`, `@@`: a section without a `diff` line.
fn begins_plain(text: &[u8], at: usize) -> bool {
    let second = line_over(text, at);
    let third = line_over(text, second);
    line(text, at).starts_with(b"--- ")
        && line(text, second).starts_with(b"+++ ")
        && Counts::of(line(text, third)).is_some()
}

fn is_header(header: &[u8]) -> bool {
    const HEADERS: &[&[u8]] = &[
        b"index ",
        b"old mode ",
        b"new mode ",
        b"deleted file mode ",
        b"new file mode ",
        b"similarity index ",
        b"dissimilarity index ",
        b"mode ",
        b"Binary files ",
        b"Submodule ",
    ];
    HEADERS.iter().any(|start| header.starts_with(start))
}

/// After the lines of a binary patch: `literal n` or `delta n`, encoded lines, an empty line; twice.
fn binary_over(text: &[u8], at: usize) -> usize {
    let mut at = at;
    while at < text.len() {
        let data = line(text, at);
        let encoded = data.first().is_some_and(u8::is_ascii_alphabetic) && !data.contains(&b' ')
            || data.starts_with(b"literal ")
            || data.starts_with(b"delta ");
        if !(encoded || data.is_empty()) {
            break;
        }
        at = line_over(text, at);
    }
    at
}

/// What a hunk still has to hold: per parent the old lines, and the new ones.
struct Counts {
    old: Vec<u64>,
    new: u64,
}

impl Counts {
    /// Reads `@@ -1,2 +3,4 @@`, or with more signs that of a combined diff.
    fn of(header: &[u8]) -> Option<Self> {
        let parents = header.iter().take_while(|byte| **byte == b'@').count();
        if !(2..=64).contains(&parents) {
            return None;
        }
        let mut counts = Self {
            old: Vec::new(),
            new: 0,
        };
        let mut ranges = header[parents..]
            .split(|byte| *byte == b' ')
            .filter(|range| !range.is_empty());
        for _ in 1..parents {
            counts.old.push(count(ranges.next()?, b'-')?);
        }
        counts.new = count(ranges.next()?, b'+')?;
        ranges
            .next()
            .is_some_and(|end| end.starts_with(&header[..parents]))
            .then_some(counts)
    }

    /// Counts a line of the hunk; false when the hunk is complete or the line is none of its.
    fn take(&mut self, line: &[u8]) -> bool {
        if self.new == 0 && self.old.iter().all(|left| *left == 0) {
            return false;
        }
        if line.first() == Some(&b'\\') {
            return true;
        }
        let parents = self.old.len();
        let signs = &line[..line.len().min(parents)];
        if !signs
            .iter()
            .all(|sign| matches!(sign, b' ' | b'+' | b'-' | b'\r' | b'\t'))
        {
            return false;
        }
        let removed = signs.contains(&b'-');
        for (index, left) in self.old.iter_mut().enumerate() {
            let sign = signs.get(index).copied().unwrap_or(b' ');
            // In a combined diff a minus stands in the columns of the parents that had the line.
            if sign == b'-' || sign != b'+' && !removed {
                *left = left.saturating_sub(1);
            }
        }
        if !removed {
            self.new = self.new.saturating_sub(1);
        }
        true
    }
}

/// `-12,3` or `-12`.
fn count(range: &[u8], sign: u8) -> Option<u64> {
    let range = std::str::from_utf8(range.strip_prefix(&[sign])?).ok()?;
    let (start, count) = range.split_once(',').unwrap_or((range, "1"));
    start.parse::<u64>().ok()?;
    count.parse().ok()
}

/// The line at `at` without its end.
fn line(text: &[u8], at: usize) -> &[u8] {
    let rest = &text[at.min(text.len())..];
    let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn line_over(text: &[u8], at: usize) -> usize {
    let at = at.min(text.len());
    memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |index| at + index + 1)
}

#[cfg(test)]
mod tests;
