//! Whole unified diffs: where a file's section begins and ends is decided by its headers and by the
//! counts of its hunks, never by the first characters of a line alone, for a deleted `-- x` prints
//! as `--- x`. A section whose any name is blocked vanishes; everything else passes the redactor,
//! a file's section with the language of its path, the text between sections as prose.

mod hunk;
mod names;

use hunk::Hunk;
use names::Names;

use gitflare_core::filter::KnownSecrets;

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
    let mut known = KnownSecrets::default();
    let mut at = 0;
    let mut prose = 0;
    while at < text.len() {
        let Some(section) = Section::at(text, at) else {
            at = line_over(text, at);
            continue;
        };
        pass(&text[prose..at], redactor, &mut known, &mut filtered);
        if section.names.unreadable || section.names.any(blocks) {
            filtered.blocked_files += 1;
        } else {
            let redactor = redactor.for_path(section.names.path());
            pass(&text[at..section.end], &redactor, &mut known, &mut filtered);
        }
        at = section.end;
        prose = at;
    }
    pass(&text[prose..], redactor, &mut known, &mut filtered);
    // One file's secret may be mentioned in another, before it or behind.
    let mentions = redactor.redact_mentions(&filtered.bytes, &known);
    if mentions.redactions > 0 {
        filtered.redactions += mentions.redactions;
        filtered.bytes = mentions.bytes.into_owned();
    }
    filtered
}

fn pass(text: &[u8], redactor: &Redactor, known: &mut KnownSecrets, filtered: &mut FilteredDiff) {
    filtered.redactions += redactor.redact_into(text, known, &mut filtered.bytes);
}

/// One file of a diff.
struct Section {
    names: Names,
    /// Whether a binary patch stands in the place of hunks.
    is_binary: bool,
    end: usize,
}

impl Section {
    /// The section that begins with the line at `at`.
    fn at(text: &[u8], at: usize) -> Option<Self> {
        if !matches!(text[at], b'd' | b'-') {
            return None;
        }
        let mut section = Self {
            names: Names::default(),
            is_binary: false,
            end: at,
        };
        let first = line(text, at);
        if let Some(names) = first.strip_prefix(b"diff --git ") {
            section.names.add_both(names);
        } else if let Some(name) = first
            .strip_prefix(b"diff --cc ")
            .or_else(|| first.strip_prefix(b"diff --combined "))
        {
            section.names.add_one(name);
        } else if !(begins_plain(text, at)
            || first.starts_with(b"diff -") && begins_plain(text, line_over(text, at)))
        {
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
                self.is_binary = true;
                break;
            }
            let after = |keys: &[&[u8]]| keys.iter().find_map(|key| header.strip_prefix(*key));
            if let Some(name) = after(&[b"--- ", b"+++ "]) {
                self.names.add_one(name);
            } else if let Some(name) =
                after(&[b"rename from ", b"rename to ", b"copy from ", b"copy to "])
            {
                self.names.add_bare(name);
            } else if !first && !is_header(header) {
                break;
            }
            first = false;
            at = line_over(text, at);
        }
        self.end = at;
    }

    /// The hunks. What stands behind them in disorder (a header without counts, more or fewer
    /// lines than it says, an unknown header) may be this file's, so it shares its fate.
    fn hunks(&mut self, text: &[u8]) {
        let mut at = self.end;
        let mut is_whole = true;
        while at < text.len() && text[at..].starts_with(b"@@") {
            let Some(hunk) = Hunk::at(text, at) else {
                is_whole = false;
                break;
            };
            at = hunk.end;
            is_whole = hunk.is_whole;
            if !is_whole && let Some(start) = swallowed_section(text, self.end, at) {
                self.end = start;
                return;
            }
        }
        let is_signature = text[at..].starts_with(b"-- \n") || text[at..].starts_with(b"-- \r\n");
        let goes_on = if at > self.end {
            matches!(text.get(at), Some(b'+' | b'-' | b' ' | b'\\')) && !is_signature
        } else {
            // Headers that nobody knows yet.
            !self.is_binary && !line(text, at).is_empty() && !is_signature
        };
        if !is_whole || goes_on {
            while at < text.len() && !begins_other(text, at) {
                at = line_over(text, at);
            }
        }
        self.end = at;
    }
}

/// Where the two lines before `at` are the names of another file, which a hunk with fewer lines
/// than it says has taken for its own.
fn swallowed_section(text: &[u8], from: usize, at: usize) -> Option<usize> {
    let line_before = |at: usize| {
        let end = at.checked_sub(1).filter(|end| *end > from)?;
        Some(from + memchr::memrchr(b'\n', &text[from..end])? + 1)
    };
    let start = line_before(line_before(at)?)?;
    begins_plain(text, start).then_some(start)
}

/// Whether another file, commit or mail begins at `at`.
fn begins_other(text: &[u8], at: usize) -> bool {
    let line = line(text, at);
    let names_commit = |prefix: &[u8]| {
        line.strip_prefix(prefix).is_some_and(|rest| {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit());
            digits.count() >= 7
        })
    };
    line.starts_with(b"diff -")
        || names_commit(b"commit ")
        || names_commit(b"From ")
        || begins_plain(text, at)
}

/// `--- x`, `+++ y`, `@@`: a section without a `diff` line.
fn begins_plain(text: &[u8], at: usize) -> bool {
    if !text[at.min(text.len())..].starts_with(b"--- ") {
        return false;
    }
    let second = line_over(text, at);
    let third = line_over(text, second);
    text[second..].starts_with(b"+++ ") && text[third..].starts_with(b"@@")
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

/// After the parts of a binary patch, forward and back: `literal n` or `delta n`, encoded lines, an
/// empty line.
fn binary_over(text: &[u8], at: usize) -> usize {
    let mut at = at;
    while text[at..].starts_with(b"literal ") || text[at..].starts_with(b"delta ") {
        at = line_over(text, at);
        while at < text.len() && !line(text, at).contains(&b' ') {
            let is_last = line(text, at).is_empty();
            at = line_over(text, at);
            if is_last {
                break;
            }
        }
    }
    at
}

/// The line at `at` without its end.
fn line(text: &[u8], at: usize) -> &[u8] {
    let rest = &text[at.min(text.len())..];
    let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[inline]
fn line_over(text: &[u8], at: usize) -> usize {
    let at = at.min(text.len());
    memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |index| at + index + 1)
}

#[cfg(test)]
mod tests;
