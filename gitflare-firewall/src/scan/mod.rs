//! Finds every occurrence of a set of anchor literals in one pass, at memory speed. A filter over
//! four-byte windows names the places worth a look ([`simd`], or [`portable`] on machines without
//! a vector unit), hash tables throw most of them out, and a comparison of the whole literal
//! decides. It knows nothing of secrets; what an anchor means is the caller's business.

mod candidates;
mod plan;
mod portable;
mod sieve;
mod simd;
mod table;

pub(crate) use sieve::{Sieve, rarity};

use candidates::{Candidates, FEW, MANY};
use plan::{Filter, Plan};
use portable::Portable;
use simd::Unit;
use table::Table;

use crate::shape::Set;

/// Bytes in a window, the unit that the filter looks at.
pub(crate) const WINDOW: usize = 4;
/// Bytes of text that are filtered before the candidates are compared.
const STRETCH: usize = 16 * 1024;
/// A text of at most so many bytes is short.
const SHORT: usize = 512;

/// What the scanner looks for: a literal, then bytes of a set.
#[derive(Clone, Debug)]
pub(crate) struct Literal {
    /// The bytes themselves, lower case when `fold`.
    pub(crate) text: &'static [u8],
    /// What must follow: a literal that is shorter than a window is filled up with these bytes,
    /// others have one behind them, unless the set is empty.
    pub(crate) tail: Set,
    /// How many bytes of the tail follow at least; few words that begin like a token go on so.
    pub(crate) run: usize,
    /// Whether ASCII case is ignored.
    pub(crate) fold: bool,
}

impl Literal {
    fn len(&self) -> usize {
        self.text.len().max(WINDOW)
    }

    /// Whether a byte of the tail stands behind the literal.
    const fn has_next(&self) -> bool {
        self.text.len() >= WINDOW && !self.tail.is_empty()
    }

    /// Whether more must follow than its window and the byte behind it.
    const fn goes_on(&self) -> bool {
        self.has_next() || self.run > 0 && self.text.len() + self.run > WINDOW
    }

    /// The bytes that may stand at `index`.
    fn accepts(&self, index: usize) -> Vec<u8> {
        match self.text.get(index) {
            Some(&byte) if self.fold && byte.is_ascii_alphabetic() => {
                vec![byte.to_ascii_lowercase(), byte.to_ascii_uppercase()]
            }
            Some(&byte) => vec![byte],
            None => self.tail.bytes(),
        }
    }

    fn matches(&self, text: &[u8], at: usize) -> bool {
        let Some(found) = text.get(at..at + self.len()) else {
            return false;
        };
        let (head, tail) = found.split_at(self.text.len());
        let next = text.get(at + self.len());
        if self.has_next() && !next.is_some_and(|byte| self.tail.has(*byte)) {
            return false;
        }
        let same = |(found, byte): (&u8, &u8)| {
            found == byte || self.fold && found.to_ascii_lowercase() == *byte
        };
        let over = at + self.text.len();
        head.iter().zip(self.text).all(same)
            && tail.iter().all(|byte| self.tail.has(*byte))
            && self.tail.run(text, over, over + self.run) == over + self.run
    }
}

/// Where a literal was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Offset of the literal's first byte.
    pub(crate) at: usize,
    /// Index into the literals that the scanner was made of.
    pub(crate) literal: u16,
}

/// A compiled set of literals.
pub(crate) struct Scanner {
    literals: Vec<Literal>,
    table: Table,
    finder: Finder,
}

/// What names the candidates; every one leads to the same hits.
enum Finder {
    Vector(Unit, Filter),
    Portable(Portable),
}

impl Scanner {
    /// Compiles `literals`; the vector unit is used where the machine has one.
    pub(crate) fn new(literals: Vec<Literal>) -> Self {
        Self::with(literals, simd::units().first().copied())
    }

    fn with(literals: Vec<Literal>, unit: Option<Unit>) -> Self {
        let plan = Plan::new(&literals, unit.map(Unit::precision));
        Self {
            table: Table::new(&literals, &plan),
            finder: match unit {
                Some(unit) => Finder::Vector(unit, plan.filter),
                None => Finder::Portable(Portable::new(&literals, &plan)),
            },
            literals,
        }
    }

    /// The same scanner without a vector unit, and with each that there is, to compare them.
    #[cfg(test)]
    pub(crate) fn every_way(&self) -> impl Iterator<Item = Self> {
        let units = simd::units().iter().copied().map(Some);
        let units = std::iter::once(None).chain(units);
        units.map(|unit| Self::with(self.literals.clone(), unit))
    }

    /// Calls `found` for every literal whose window lies in `from..to`, in the order of the
    /// windows. `found` answers where to go on: everything before that offset is skipped.
    pub(crate) fn each(
        &self,
        text: &[u8],
        from: usize,
        to: usize,
        found: impl FnMut(Hit) -> usize,
    ) {
        if to - from.min(to) <= SHORT {
            self.each_of::<FEW>(text, from, to, found);
        } else {
            self.each_of::<MANY>(text, from, to, found);
        }
    }

    fn each_of<const N: usize>(
        &self,
        text: &[u8],
        from: usize,
        to: usize,
        mut found: impl FnMut(Hit) -> usize,
    ) {
        let mut candidates = Candidates::<N>::new();
        let mut sifted = Candidates::<N>::new();
        let last = text.len().saturating_sub(WINDOW - 1).min(to);
        let mut at = from;
        let mut skip = 0;
        while at < last {
            let base = at;
            candidates.clear();
            at = self.candidates(text, base, last.min(base + STRETCH), &mut candidates);
            let rest = &text[base..];
            candidates.sift(&mut sifted, |place| self.table.has(rest, place));
            sifted.sift(&mut candidates, |place| self.table.fits(rest, place));
            for place in candidates.iter() {
                let place = base + place;
                if place < skip {
                    continue;
                }
                for entry in self.table.entries(text, place) {
                    let literal = &self.literals[usize::from(entry.literal)];
                    if let Some(at) = place.checked_sub(usize::from(entry.offset))
                        && (entry.is_whole || literal.matches(text, at))
                    {
                        let literal = entry.literal;
                        skip = skip.max(found(Hit { at, literal }));
                    }
                }
            }
            at = at.max(skip);
        }
    }

    /// Collects places of `from..to`, relative to `from`, and answers where it stopped.
    fn candidates<const N: usize>(
        &self,
        text: &[u8],
        from: usize,
        to: usize,
        out: &mut Candidates<N>,
    ) -> usize {
        match &self.finder {
            Finder::Vector(unit, filter) => simd::candidates(*unit, filter, text, from, to, out),
            Finder::Portable(portable) => portable.candidates(text, from, to, out),
        }
    }
}

impl std::fmt::Debug for Scanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scanner")
            .field("literals", &self.literals.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    fn literals() -> Vec<Literal> {
        let exact = |text| Literal {
            text,
            tail: Set::default(),
            run: 0,
            fold: false,
        };
        let word = |text, tail| Literal {
            text,
            tail: Set::new(tail),
            run: 0,
            fold: true,
        };
        let token = |text, tail, run| Literal {
            run,
            fold: false,
            ..word(text, tail)
        };
        vec![
            exact(b"ghp_"),
            exact(b"AKIA"),
            exact(b"xoxb-"),
            token(b"pat", "a-z", 6),
            token(b"live_", "a-z", 3),
            word(b"passw", ""),
            word(b"key", "=: \"'"),
            word(b"secret", ""),
            exact("парол".as_bytes()),
        ]
    }

    static SCANNERS: LazyLock<Vec<Scanner>> =
        LazyLock::new(|| Scanner::new(literals()).every_way().collect());

    fn hits(scanner: &Scanner, text: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        scanner.each(text, 0, text.len(), |hit| {
            hits.push(hit);
            0
        });
        hits
    }

    fn naive(text: &[u8]) -> Vec<(usize, u16)> {
        let literals = literals();
        let mut hits = Vec::new();
        for at in 0..text.len() {
            for (index, literal) in literals.iter().enumerate() {
                if literal.matches(text, at) {
                    hits.push((at, index as u16));
                }
            }
        }
        hits
    }

    fn check(text: &[u8]) {
        let naive = naive(text);
        let mut first = None;
        for scanner in &*SCANNERS {
            let hits = hits(scanner, text);
            let mut sorted: Vec<_> = hits.iter().map(|hit| (hit.at, hit.literal)).collect();
            sorted.sort_unstable();
            assert_eq!(sorted, naive);
            assert_eq!(first.get_or_insert_with(|| hits.clone()), &hits);
        }
    }

    #[test]
    fn literals_at_every_place_of_a_block_are_found() {
        for pad in 0..80 {
            for tail in 0..5 {
                let text = format!("{}PassWord{}", "-".repeat(pad), "x".repeat(tail));
                check(text.as_bytes());
                check(format!("{}ghp_", "g".repeat(pad)).as_bytes());
            }
        }
    }

    proptest! {
        #[test]
        fn every_unit_equals_the_naive_search(
            parts in prop::collection::vec(
                prop_oneof![
                    "[ -~]{0,40}",
                    Just("ghp_".to_owned()), Just("AKIA".to_owned()), Just("PASSWd".to_owned()),
                    Just("patter".to_owned()), Just("live_".to_owned()), Just("abcd".to_owned()),
                    Just("key=".to_owned()), Just("Key\"".to_owned()), Just("парол".to_owned()),
                ],
                0..40,
            )
        ) {
            check(parts.concat().as_bytes());
        }
    }
}
