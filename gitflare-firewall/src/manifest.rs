//! Kubernetes Secrets: every value below `data:` and `stringData:`, whatever its look and however
//! long the document is. YAML is read line by line with a state that outlives the window; JSON, and
//! what YAML has in braces, as far as the window goes. A document of another kind, and files inside `stringData:`, are left to
//! the other matchers.

mod flow;

use crate::{language::Language, link::is_secret, shape::Set, span::Matches, text::View};

/// Where in a document the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// Every line begins with the sign of a diff.
    signed: bool,
    /// Line ends are escaped: the document stands in a literal.
    escaped: bool,
    /// Indentation of the document's own members.
    indent: usize,
    section: Section,
    /// Indentation of the name whose block value is being read, and whether its lines are secret.
    block: Option<(usize, bool)>,
    /// The rest of the line belongs to a value that outgrew the window.
    skipping: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    None,
    /// Values in base64.
    Data,
    /// Values as they are, whole files among them.
    Strings,
}

/// A line without its sign, list dashes, indentation and trailing blanks.
struct Line<'t> {
    text: &'t [u8],
    start: usize,
    indent: usize,
    /// Where the next line begins; `None` when the view ends first.
    next: Option<usize>,
}

/// The document whose `kind: Secret` stands at `at`, with the literal's end at `end`; reading
/// begins with the next line.
pub(crate) fn after_kind(view: &View<'_>, at: usize, end: usize) -> Option<(usize, Manifest)> {
    // A member of braces is read from its data.
    let over = end + view.quote(end).map_or(0, |quote| quote.len);
    if view.byte(end).is_ascii_alphanumeric() || matches!(view.byte(over), b',' | b'}') {
        return None;
    }
    let manifest = Manifest::around(view, at);
    let line = manifest.line(view, view.line_start(at));
    let manifest = Manifest {
        indent: line.indent,
        ..manifest
    };
    (line.start <= at).then_some((line.next?, manifest))
}

/// What a `data:` at `at` begins.
pub(crate) enum Opened {
    /// A document in YAML, read from this line on.
    Lines(usize, Manifest),
    /// Nothing of a Secret, as far as was looked.
    Nothing(usize),
}

/// The document around the `data:` or `stringData:` that ends at `end`.
pub(crate) fn at_data(view: &View<'_>, at: usize, found: &mut Matches) -> Option<Opened> {
    // Most stand behind something else of their line, which the byte before tells.
    const BEFORE: Set = Set::new(" \t\r\ngnrt+\"'-");
    if !BEFORE.has(view.before(at)) {
        flow::read(view, at, found);
        return None;
    }
    let start = view.line_start(at);
    let mut manifest = Manifest::around(view, at);
    if view.has(start, b"@@ ") {
        return below_heading(view, start, at);
    }
    let line = manifest.line(view, start);
    let (name, value) = member(line.text);
    let is_strings = name == b"stringData";
    // Whether the name is all of its line, so that lines below hold the data.
    let begins = (is_strings || name == b"data")
        && (value.is_empty() || matches!(value[0], b'#' | b'\\'))
        && at < line.start + line.text.len() - value.len();
    if !begins {
        flow::read(view, at, found);
        return None;
    }
    manifest.indent = line.indent;
    let look = line.next?;
    if is_strings {
        return Some(Opened::Lines(start, manifest));
    }
    if view.language != Language::Unknown && !view.language.is_config() {
        return None;
    }
    Some(manifest.opened(view, start, (start, look)))
}

/// The document in the hunk at `start` whose heading is the `data:` or `stringData:` at `at`: Git
/// writes the last line there that begins in the first column.
fn below_heading(view: &View<'_>, start: usize, at: usize) -> Option<Opened> {
    let heading = &view.text[start..at];
    let is_strings = heading.ends_with(b"@@ string");
    if !is_strings && !heading.ends_with(b"@@ ") {
        return None;
    }
    let mut manifest = Manifest {
        signed: true,
        escaped: false,
        ..Manifest::around(view, at)
    };
    let next = manifest.line(view, start).next?;
    if is_strings {
        manifest.section = Section::Strings;
        return Some(Opened::Lines(next, manifest));
    }
    if !view.language.is_unknown() && !view.language.is_config() {
        return None;
    }
    manifest.section = Section::Data;
    Some(manifest.opened(view, start, (next, next)))
}

/// What the lines behind `data:` say of their document's kind.
enum Kind {
    Secret,
    Other,
    /// Nothing; whether a value is not in base64.
    Unknown {
        plain: bool,
    },
}

/// Whether the path or a `name:` before the data says that it is a Secret's, and no other kind.
fn names_secret(view: &View<'_>, start: usize) -> bool {
    let before = &view.text[view.floor..start];
    let document = memchr::memmem::rfind(before, b"\n---").unwrap_or(0);
    let before = before[document..].to_ascii_lowercase();
    let kinds = [&b"kind:"[..], b"kind\":", b"kind':"];
    let kind = kinds
        .iter()
        .filter_map(|kind| Some(memchr::memmem::rfind(&before, kind)? + kind.len()))
        .max();
    if let Some(kind) = kind {
        return names_kind(before[kind..].trim_ascii_start());
    }
    view.language == Language::Secrets || memchr::memmem::find(&before, b"secret").is_some()
}

/// The name of a member without its quotes, and what stands behind its colon; both are empty when
/// the line is none.
fn member(line: &[u8]) -> (&[u8], &[u8]) {
    let Some(colon) = memchr::memchr(b':', line) else {
        return (&[], &[]);
    };
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let name = match name {
        [b'"', name @ .., b'"'] | [b'\'', name @ .., b'\''] => name,
        _ => name,
    };
    (name, value.trim_ascii())
}

/// Whether what a member `kind` holds is `Secret`, quoted or not.
fn names_kind(kind: &[u8]) -> bool {
    let kind = kind
        .strip_prefix(b"\"")
        .or(kind.strip_prefix(b"'"))
        .unwrap_or(kind);
    kind.get(..6)
        .is_some_and(|kind| kind.eq_ignore_ascii_case(b"secret"))
        && !kind.get(6).is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether a line with the indentation of the document's own members can be one of its lines: a
/// member, or what templates, comments, hunks and conflicts put between members. Source code and
/// prose that merely name a Secret are left with the next statement.
fn belongs(line: &[u8]) -> bool {
    const SIGNS: Set = Set::new("#{}[]@<>=%?!&*\"'\\\\");
    const NAME: Set = Set::new(r"\w./$-");
    if line.first().is_some_and(|first| SIGNS.has(*first)) {
        return true;
    }
    let name = NAME.run(line, 0, line.len());
    let rest = line[name..].trim_ascii_start();
    name > 0
        && rest.first() == Some(&b':')
        && rest
            .get(1)
            .is_none_or(|next| next.is_ascii_whitespace() || *next == b'\\')
}

fn is_base64(value: &[u8]) -> bool {
    const BASE64: Set = Set::new(r"\w+/=");
    value.len() >= 4
        && value.len().is_multiple_of(4)
        && BASE64.run(value, 0, value.len()) == value.len()
}

impl Manifest {
    /// What the `data:` in the line at `start` begins, for its lines from the first of `read` and a
    /// kind that is looked for from the second.
    fn opened(self, view: &View<'_>, start: usize, read: (usize, usize)) -> Opened {
        let (kind, look) = self.kind_behind(view, read.1);
        let is_secret = match kind {
            Kind::Secret => true,
            Kind::Other => false,
            // A hunk or a window without the kind: the path and the look of every value tell.
            Kind::Unknown { plain } => !plain && names_secret(view, start),
        };
        if is_secret {
            Opened::Lines(read.0, self)
        } else {
            Opened::Nothing(look)
        }
    }

    fn around(view: &View<'_>, at: usize) -> Self {
        let start = view.line_start(at);
        let blanks = view.skip_blanks(start) - start;
        let list = view.byte(start + 1) == b' ' && view.byte(start + 2) != b' ';
        Self {
            signed: match view.byte(start) {
                b'+' => true,
                b'-' => !list,
                // Two blanks a level: an odd number has the sign of a hunk in front.
                b' ' => blanks % 2 == 1,
                _ => false,
            },
            escaped: view.text[view.line_over(at)..view.limit].starts_with(b"\\"),
            indent: 0,
            section: Section::None,
            block: None,
            skipping: false,
        }
    }

    fn line<'t>(&self, view: &View<'t>, at: usize) -> Line<'t> {
        let sign = usize::from(self.signed && matches!(view.byte(at), b'+' | b'-' | b' '));
        let mut start = view.skip_blanks(at + sign);
        let mut indent = start - at - sign;
        while view.has(start, b"- ") {
            start += 2;
            indent += 2;
        }
        let rest = view.text.get(start..view.limit).unwrap_or_default();
        let (end, next) = if self.escaped {
            let end = view.line_over(start);
            let over = view.line_end(end);
            (end, (over > 0).then_some(end + over))
        } else {
            match memchr::memchr(b'\n', rest) {
                Some(index) => (start + index, Some(start + index + 1)),
                None => (view.limit.max(start), None),
            }
        };
        Line {
            text: view.text[start.min(end)..end].trim_ascii_end(),
            start,
            indent,
            next,
        }
    }

    /// The kind that a document names behind its data, as exported ones do, and how far was looked
    /// from the line at `at` on.
    fn kind_behind(&self, view: &View<'_>, at: usize) -> (Kind, usize) {
        let mut look = at;
        let (mut base64, mut plain) = (0, 0);
        loop {
            let line = self.line(view, look);
            let (name, value) = member(line.text);
            if line.indent == self.indent && name == b"kind" {
                let kind = if names_kind(value) {
                    Kind::Secret
                } else {
                    Kind::Other
                };
                return (kind, look);
            }
            if line.indent > self.indent && !line.text.is_empty() {
                match memchr::memchr(b':', line.text) {
                    Some(colon) if is_base64(line.text[colon + 1..].trim_ascii()) => base64 += 1,
                    _ => plain += 1,
                }
            }
            let ends = !line.text.is_empty()
                && (line.indent < self.indent
                    || line.indent == self.indent && !belongs(line.text)
                    || line.text.starts_with(b"---"));
            match line.next {
                Some(next) if !ends && next < view.limit => look = next,
                _ => break,
            }
        }
        let plain = plain > 0 || base64 == 0;
        (Kind::Unknown { plain }, look)
    }

    /// Reads the line at `at`; returns where to go on, and nothing when the document is over.
    pub(crate) fn step(
        mut self,
        view: &View<'_>,
        at: usize,
        found: &mut Matches,
    ) -> Option<(usize, Self)> {
        if self.skipping {
            let end = memchr::memchr(b'\n', &view.text[at..view.limit]);
            self.skipping = end.is_none();
            return Some((end.map_or(view.limit, |index| at + index + 1), self));
        }
        let line = self.line(view, at);
        if line.text.starts_with(b"---") || line.text.starts_with(b"...") {
            return None;
        }
        if !line.text.is_empty() {
            if line.indent < self.indent {
                return None;
            }
            self.block = self.block.filter(|(indent, _)| line.indent > *indent);
            if let Some((_, is_secret)) = self.block {
                if is_secret {
                    found.secret(line.start, line.start + line.text.len());
                }
            } else if line.indent == self.indent {
                let (name, value) = member(line.text);
                let is_other = name == b"kind" && !names_kind(value);
                if is_other || !belongs(line.text) {
                    return None;
                }
                self.member(view, &line, found);
            } else if self.section != Section::None {
                self.entry(view, &line, found);
            }
        }
        let next = line.next.unwrap_or_else(|| {
            self.skipping = true;
            view.limit
        });
        if line.next.is_none()
            && found
                .spans
                .last()
                .is_some_and(|span| span.end == view.limit)
        {
            found.mark_truncated(view.limit);
        }
        Some((next, self))
    }

    /// A member of the document itself.
    fn member(&mut self, view: &View<'_>, line: &Line<'_>, found: &mut Matches) {
        let (name, value) = member(line.text);
        self.section = match name {
            b"data" => Section::Data,
            b"stringData" => Section::Strings,
            _ => Section::None,
        };
        if self.section != Section::None && value.starts_with(b"{") {
            flow::all(view, line.start + line.text.len() - value.len(), found);
            self.section = Section::None;
        }
    }

    /// An entry of the data.
    fn entry(&mut self, view: &View<'_>, line: &Line<'_>, found: &mut Matches) {
        if line.text.starts_with(b"{") {
            self.section = Section::None;
            return flow::all(view, line.start, found);
        }
        let colon = memchr::memchr_iter(b':', line.text)
            .find(|colon| line.text.get(colon + 1).is_none_or(u8::is_ascii_whitespace));
        let Some(colon) = colon else {
            return;
        };
        let end = line.start + line.text.len();
        let mut start = view.skip_blanks(line.start + colon + 1);
        if view.has(start, b"!!") {
            start = view.skip_blanks(Set::new(" \t\n").run_until(view.text, start, end));
        }
        if start >= end {
            return;
        }
        if matches!(view.byte(start), b'|' | b'>') {
            let is_secret = self.section == Section::Data || !self.holds_file(view, line);
            self.block = Some((line.indent, is_secret));
            return;
        }
        let mut stop = end;
        if let Some(quote) = view.quote(start) {
            start += quote.len;
            stop = quoted_end(view, start, quote.byte, end);
        } else if let Some(comment) = memchr::memmem::find(&view.text[start..end], b" #") {
            stop = start + view.text[start..start + comment].trim_ascii_end().len();
        }
        if start < stop && is_secret(&view.text[start..stop]) {
            found.secret(start, stop);
        }
    }

    /// Whether the block value below a line is a file: its first line is no bare word.
    fn holds_file(&self, view: &View<'_>, line: &Line<'_>) -> bool {
        let Some(next) = line.next else {
            return true;
        };
        let first = self.line(view, next).text;
        first.iter().any(|byte| b":={}[]<>#".contains(byte)) || first.starts_with(b"----")
    }
}

/// The closing quote of a value that ends at `end` at the latest.
fn quoted_end(view: &View<'_>, start: usize, quote: u8, end: usize) -> usize {
    let text = &view.text[start..end];
    let closing = memchr::memrchr(quote, text).unwrap_or(text.len());
    start
        + view.text[start..start + closing]
            .iter()
            .rposition(|byte| *byte != b'\\')
            .map_or(0, |at| at + 1)
}
