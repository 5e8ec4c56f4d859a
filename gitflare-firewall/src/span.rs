//! What the matchers report: spans of a text that must not leave, and where a matcher had to stop
//! although its secret continues. It joins no spans and writes no tags; that is `redact`.

/// Half-open range of bytes that must not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Continues a secret that has its tag already: removed without a replacement.
    pub(crate) erase: bool,
}

/// Everything found in a text so far.
#[derive(Debug, Default)]
pub(crate) struct Matches {
    pub(crate) spans: Vec<Span>,
    /// Offsets at which a matcher ran out of window inside a secret.
    truncated_at: Vec<usize>,
    /// The text was decoded from base64: nothing in it is decoded again.
    pub(crate) is_decoded: bool,
    /// End of the last value that began in no other, and how many bytes of it and of the values
    /// inside it were judged.
    budget: (usize, usize),
}

impl Matches {
    /// For a text that was decoded from base64.
    pub(crate) fn decoded() -> Self {
        Self {
            is_decoded: true,
            ..Self::default()
        }
    }

    /// Adds a secret; an empty range is ignored.
    pub(crate) fn secret(&mut self, start: usize, end: usize) {
        if start < end {
            self.spans.push(Span {
                start,
                end,
                erase: false,
            });
        }
    }

    /// Adds the rest of a secret whose beginning was added before.
    pub(crate) fn erase(&mut self, start: usize, end: usize) {
        if start < end {
            self.spans.push(Span {
                start,
                end,
                erase: true,
            });
        }
    }

    /// What was found so far, for [`Self::rollback`].
    pub(crate) fn checkpoint(&self) -> (usize, usize) {
        (self.spans.len(), self.truncated_at.len())
    }

    /// Forgets what was found after `checkpoint`.
    pub(crate) fn rollback(&mut self, (spans, truncated): (usize, usize)) {
        self.spans.truncate(spans);
        self.truncated_at.truncate(truncated);
    }

    /// Records that a secret continues at `at`, beyond the matcher's window.
    pub(crate) fn mark_truncated(&mut self, at: usize) {
        self.truncated_at.push(at);
    }

    /// The first offset before `to` at which a truncated secret continues.
    pub(crate) fn next_truncated(&self, to: usize) -> Option<usize> {
        self.truncated_at
            .iter()
            .copied()
            .min()
            .filter(|at| *at < to)
    }

    /// Forgets the truncation marks in `from..=to`.
    pub(crate) fn resolve_truncated(&mut self, from: usize, to: usize) {
        self.truncated_at.retain(|at| !(from..=to).contains(at));
    }

    /// Charges `cost` bytes for judging the value `start..end`; false once the budget is used up.
    /// Values may begin inside each other, as in `a=b=c`; the budget keeps such texts linear.
    pub(crate) fn spend(&mut self, start: usize, end: usize, cost: usize) -> bool {
        if start >= self.budget.0 {
            self.budget = (end, 0);
        }
        self.budget.1 += cost;
        !self.is_exhausted(start)
    }

    /// Whether no value that begins at `start` may be judged any more.
    pub(crate) fn is_exhausted(&self, start: usize) -> bool {
        start < self.budget.0 && self.budget.1 > MOST_JUDGED
    }

    /// Shifts all offsets after the first `count` bytes of the text were dropped.
    pub(crate) fn drop_front(&mut self, count: usize) {
        self.budget.0 = self.budget.0.saturating_sub(count);
        for span in &mut self.spans {
            span.start -= count;
            span.end -= count;
        }
        for at in &mut self.truncated_at {
            *at -= count;
        }
    }

    /// Number of spans.
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }
}

/// Bytes of values inside one another that are judged.
const MOST_JUDGED: usize = 8 * 1024;
