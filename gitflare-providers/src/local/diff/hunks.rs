//! Unified hunks of two texts as Git writes them: Myers with Git's heuristics, three lines of
//! context, the enclosing function's line behind the second `@@`.

use std::ops::Range;

use gix::diff::blob::{
    Algorithm, Hunk, InternedInput, diff_with_slider_heuristics, sources::byte_lines,
};

const CONTEXT: u32 = 3;
/// What two texts may differ in, on each side, to be compared line by line.
const MAX_MIDDLE_BYTES: usize = 1024 * 1024;
const MAX_MIDDLE_LINES: u32 = 100_000;
/// The longest function line that Git shows, in bytes.
const MAX_HEADING: usize = 80;

/// The difference of two texts.
pub(super) struct Lines {
    pub(super) additions: u64,
    pub(super) deletions: u64,
    /// The hunks, when they were wanted.
    pub(super) patch: Option<Vec<u8>>,
}

/// The difference of two texts; `None` when finding it would take too long.
pub(super) fn compare(old: &[u8], new: &[u8], with_patch: bool) -> Option<Lines> {
    let hunks = if old.is_empty() || new.is_empty() {
        whole(count_lines(old), count_lines(new))
    } else if is_workable(old, new) {
        let input = InternedInput::new(byte_lines(old), byte_lines(new));
        diff_with_slider_heuristics(Algorithm::Myers, &input)
            .hunks()
            .collect()
    } else {
        return None;
    };
    let sum =
        |side: fn(&Hunk) -> &Range<u32>| hunks.iter().map(|hunk| side(hunk).len() as u64).sum();
    Some(Lines {
        additions: sum(|hunk| &hunk.after),
        deletions: sum(|hunk| &hunk.before),
        patch: with_patch.then(|| Printer::new(old, new).print(&hunks)),
    })
}

/// All of one side gone, all of the other come.
fn whole(old: u32, new: u32) -> Vec<Hunk> {
    let (before, after) = (0..old, 0..new);
    if old == 0 && new == 0 {
        return Vec::new();
    }
    vec![Hunk { before, after }]
}

fn count_lines(text: &[u8]) -> u32 {
    let ends = text.iter().filter(|byte| **byte == b'\n').count();
    let open_end = text.last().is_some_and(|byte| *byte != b'\n');
    // Contents are bounded far below 2^32 bytes.
    (ends + usize::from(open_end)) as u32
}

/// The cost grows with what lies between the equal beginning and the equal end, in the worst case
/// with its square.
fn is_workable(old: &[u8], new: &[u8]) -> bool {
    let equal = |(a, b): &(&u8, &u8)| a == b;
    let start = old.iter().zip(new).take_while(equal).count();
    let (old, new) = (&old[start..], &new[start..]);
    let end = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(equal)
        .count();
    [&old[..old.len() - end], &new[..new.len() - end]]
        .iter()
        .all(|middle| middle.len() <= MAX_MIDDLE_BYTES && count_lines(middle) <= MAX_MIDDLE_LINES)
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
    fn new(old: &'a [u8], new: &'a [u8]) -> Self {
        let lines = |text: &'a [u8]| text.split_inclusive(|byte| *byte == b'\n').collect();
        Self {
            old: lines(old),
            new: lines(new),
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
