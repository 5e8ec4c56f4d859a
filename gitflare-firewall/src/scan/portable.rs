//! The filter for machines without a vector unit: aho-corasick over the windows of all literals.
//! It names the same candidates as the vector filters, so the hits are identical; a property test
//! compares them.

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

use super::{Candidates, Literal, WINDOW, plan::Plan};

/// The windows of all literals as one automaton.
pub(super) struct Portable(AhoCorasick);

impl Portable {
    pub(super) fn new(literals: &[Literal], plan: &Plan) -> Self {
        let windows = literals.iter().zip(&plan.offsets);
        let mut windows: Vec<Vec<u8>> = windows
            .flat_map(|(literal, offset)| spellings(literal, *offset))
            .collect();
        windows.sort_unstable();
        windows.dedup();
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .build(windows);
        // Fails beyond two billion states only; the windows are a table of this crate.
        Self(automaton.unwrap_or_else(|error| unreachable!("{error}")))
    }

    /// Collects the windows of `from..to`, relative to `from`; returns where it stopped.
    pub(super) fn candidates<const N: usize>(
        &self,
        text: &[u8],
        from: usize,
        to: usize,
        out: &mut Candidates<N>,
    ) -> usize {
        let to = to.min(from + out.room());
        let windows = Input::new(text).range(from..to + WINDOW - 1);
        for window in self.0.find_overlapping_iter(windows) {
            out.push_one(window.start() - from);
        }
        to
    }
}

/// Every window of the literal at `offset`, in lower case.
fn spellings(literal: &Literal, offset: usize) -> Vec<Vec<u8>> {
    (0..WINDOW).fold(vec![Vec::new()], |spellings, index| {
        let mut bytes = literal.accepts(offset + index);
        bytes.iter_mut().for_each(u8::make_ascii_lowercase);
        bytes.sort_unstable();
        bytes.dedup();
        spellings
            .iter()
            .flat_map(|head| bytes.iter().map(move |byte| [&head[..], &[*byte]].concat()))
            .collect()
    })
}
