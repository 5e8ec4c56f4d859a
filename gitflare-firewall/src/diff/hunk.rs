//! Hunks: how many lines one holds is said by its header, and nothing else ends it.

use super::{line, line_over};

/// What a hunk still has to hold: per parent the old lines, and the new ones.
struct Counts {
    old: Vec<u64>,
    new: u64,
}

/// Where the lines of a hunk end.
pub(super) struct Hunk {
    pub(super) end: usize,
    /// Whether the lines were as many as its header says.
    pub(super) is_whole: bool,
}

impl Hunk {
    /// The hunk whose header stands at `at`.
    pub(super) fn at(text: &[u8], at: usize) -> Option<Self> {
        let counts = Counts::of(line(text, at))?;
        let body = line_over(text, at);
        let mut hunk = if let [old] = counts.old[..] {
            Self::plain(text, body, old, counts.new)
        } else {
            Self::combined(text, body, counts)
        };
        while text[hunk.end..].starts_with(b"\\ ") {
            hunk.end = line_over(text, hunk.end);
        }
        Some(hunk)
    }

    fn plain(text: &[u8], body: usize, mut old: u64, mut new: u64) -> Self {
        let mut at = body;
        while at < text.len() && (old > 0 || new > 0) {
            match text[at] {
                b'+' => new = new.saturating_sub(1),
                b'-' => old = old.saturating_sub(1),
                // Some tools cut the blank of an empty line, or turn it into a tab.
                b' ' | b'\t' | b'\r' | b'\n' => {
                    old = old.saturating_sub(1);
                    new = new.saturating_sub(1);
                }
                b'\\' => {}
                _ => break,
            }
            at = line_over(text, at);
        }
        Self {
            end: at,
            is_whole: old == 0 && new == 0,
        }
    }

    fn combined(text: &[u8], body: usize, mut counts: Counts) -> Self {
        let mut at = body;
        while at < text.len() && !counts.are_met() && counts.take(line(text, at)) {
            at = line_over(text, at);
        }
        Self {
            end: at,
            is_whole: counts.are_met(),
        }
    }
}

impl Counts {
    /// Reads `@@ -1,2 +3,4 @@`, or with more signs that of a combined diff.
    fn of(header: &[u8]) -> Option<Self> {
        let parents = header.iter().take_while(|byte| **byte == b'@').count();
        if !(2..=64).contains(&parents) {
            return None;
        }
        let mut counts = Self {
            old: Vec::with_capacity(parents - 1),
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

    fn are_met(&self) -> bool {
        self.new == 0 && self.old.iter().all(|left| *left == 0)
    }

    /// Counts a line of a combined hunk; false when it is none.
    fn take(&mut self, line: &[u8]) -> bool {
        if line.first() == Some(&b'\\') {
            return true;
        }
        let signs = &line[..line.len().min(self.old.len())];
        if !signs
            .iter()
            .all(|sign| matches!(sign, b' ' | b'+' | b'-' | b'\r' | b'\t'))
        {
            return false;
        }
        let removed = signs.contains(&b'-');
        for (index, left) in self.old.iter_mut().enumerate() {
            let sign = signs.get(index).copied().unwrap_or(b' ');
            // A minus stands in the columns of the parents that had the line.
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
