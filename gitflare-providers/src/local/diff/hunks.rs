//! Unified hunks of two texts as Git writes them: Myers with Git's heuristics, three lines of
//! context, the enclosing function's line behind the second `@@`.

use std::ops::Range;

use gix::diff::blob::{
    Algorithm, Hunk, InternedInput, diff_with_slider_heuristics, sources::byte_lines,
};

const CONTEXT: u32 = 3;
/// The longest function line that Git shows, in bytes.
const MAX_HEADING: usize = 80;

/// The difference of two texts.
pub(super) struct Lines {
    pub(super) additions: u64,
    pub(super) deletions: u64,
    /// The hunks, when they were wanted.
    pub(super) patch: Option<Vec<u8>>,
}

pub(super) fn compare(old: &[u8], new: &[u8], with_patch: bool) -> Lines {
    let input = InternedInput::new(byte_lines(old), byte_lines(new));
    let diff = diff_with_slider_heuristics(Algorithm::Myers, &input);
    let patch = with_patch.then(|| {
        let hunks: Vec<_> = diff.hunks().collect();
        Printer::new(&input).print(&hunks)
    });
    Lines {
        additions: diff.count_additions().into(),
        deletions: diff.count_removals().into(),
        patch,
    }
}

struct Printer<'a> {
    old: Vec<&'a [u8]>,
    new: Vec<&'a [u8]>,
    out: Vec<u8>,
    /// The line that the last hunk's heading may have come from at the latest, exclusive.
    searched: Option<u32>,
    heading: Vec<u8>,
}

impl<'a> Printer<'a> {
    fn new(input: &InternedInput<&'a [u8]>) -> Self {
        let lines = |tokens: &[_]| tokens.iter().map(|token| input.interner[*token]).collect();
        Self {
            old: lines(&input.before),
            new: lines(&input.after),
            out: Vec::new(),
            searched: None,
            heading: Vec::new(),
        }
    }

    fn print(mut self, hunks: &[Hunk]) -> Vec<u8> {
        let near = |a: &Hunk, b: &Hunk| b.before.start - a.before.end <= 2 * CONTEXT;
        for group in hunks.chunk_by(near) {
            self.group(group);
        }
        self.out
    }

    /// Changes near enough to share their context.
    fn group(&mut self, hunks: &[Hunk]) {
        let (Some(first), Some(last)) = (hunks.first(), hunks.last()) else {
            return;
        };
        let old_len = self.old.len() as u32;
        let new_len = self.new.len() as u32;
        let after = CONTEXT
            .min(old_len - last.before.end)
            .min(new_len - last.after.end);
        let old = first.before.start.saturating_sub(CONTEXT)..last.before.end + after;
        let new = first.after.start.saturating_sub(CONTEXT)..last.after.end + after;
        self.header(&old, &new);
        let mut at = old.start;
        for hunk in hunks {
            self.lines(b' ', at..hunk.before.start);
            self.lines(b'-', hunk.before.clone());
            for line in hunk.after.clone() {
                self.line(b'+', self.new[line as usize]);
            }
            at = hunk.before.end;
        }
        self.lines(b' ', at..old.end);
    }

    fn header(&mut self, old: &Range<u32>, new: &Range<u32>) {
        self.find_heading(old.start);
        let ranges = format!("@@ -{} +{} @@", Span(old), Span(new));
        self.out.extend_from_slice(ranges.as_bytes());
        if !self.heading.is_empty() {
            self.out.push(b' ');
            self.out.extend_from_slice(&self.heading);
        }
        self.out.push(b'\n');
    }

    /// The nearest line above that looks like a definition; the last hunk's when there is no newer.
    fn find_heading(&mut self, start: u32) {
        let from = self.searched.replace(start).unwrap_or(0);
        let above = &self.old[from.min(start) as usize..start as usize];
        let found = above.iter().rev().find(|line| {
            matches!(line.first(), Some(byte) if byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$'))
        });
        if let Some(line) = found {
            let cut = &line[..line.len().min(MAX_HEADING)];
            let whole = match str::from_utf8(cut) {
                Ok(_) => cut,
                Err(error) => &cut[..error.valid_up_to()],
            };
            self.heading = whole.trim_ascii_end().to_vec();
        }
    }

    fn lines(&mut self, sign: u8, range: Range<u32>) {
        for line in range {
            self.line(sign, self.old[line as usize]);
        }
    }

    fn line(&mut self, sign: u8, line: &[u8]) {
        self.out.push(sign);
        self.out.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            self.out
                .extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}

/// A range as hunk headers write it: from 1, the length only when it is not 1, and an empty range
/// by the line before it.
struct Span<'a>(&'a Range<u32>);

impl std::fmt::Display for Span<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.len() {
            0 => write!(f, "{},0", self.0.start),
            1 => write!(f, "{}", self.0.start + 1),
            len => write!(f, "{},{len}", self.0.start + 1),
        }
    }
}
