//! The streaming form: bytes in as they come, filtered bytes out, the same result for every way of
//! cutting the input. A stretch of the input is held back so that every matcher sees as much
//! around its anchor as it would in the whole text. A mention of a secret that was written before
//! the secret was recognised stays; those after it go.

use gitflare_core::filter::KnownSecrets;

use crate::{
    engine::{Carry, engine},
    language::Language,
    mentions,
    redact::Redactor,
    span::Matches,
    text::{LOOKAHEAD, LOOKBACK},
};

/// Bytes that are judged at once; with what is held back, all that a stream keeps.
const STEP: usize = 64 * 1024;

/// A scanner's window may lie this far behind the first byte of its anchor.
const LONGEST_ANCHOR: usize = 64;
/// Spans are widened to whole characters before they are written.
const MARGIN: usize = 4;

/// A redaction in progress. Keeps less than 256 KiB, whatever the input.
#[derive(Debug)]
pub struct Stream {
    redactor: Redactor,
    language: Language,
    /// Input that is not written yet, and before it what matchers may look back at.
    buffer: Vec<u8>,
    /// Where in the buffer the unwritten part begins.
    written: usize,
    /// Where in the buffer the anchors begin that were not looked at.
    judged: usize,
    carry: Carry,
    found: Matches,
    known: KnownSecrets,
    redactions: u64,
}

impl Redactor {
    /// Begins a stream.
    #[must_use]
    pub fn stream(&self) -> Stream {
        Stream {
            redactor: self.clone(),
            language: self.language(),
            buffer: Vec::new(),
            written: 0,
            judged: 0,
            carry: Carry::default(),
            found: Matches::default(),
            known: KnownSecrets::default(),
            redactions: 0,
        }
    }
}

impl Stream {
    /// Takes input; appends to `out` what is decided by now.
    pub fn push(&mut self, mut input: &[u8], out: &mut Vec<u8>) {
        while !input.is_empty() {
            let room = self.judged + STEP + LOOKAHEAD - self.buffer.len();
            let (now, later) = input.split_at(room.min(input.len()));
            self.buffer.extend_from_slice(now);
            input = later;
            if self.buffer.len() == self.judged + STEP + LOOKAHEAD {
                let to = self.judged + STEP;
                self.step(to, out);
            }
        }
    }

    /// Ends the stream: appends the rest to `out` and answers how many secrets were replaced.
    pub fn finish(mut self, out: &mut Vec<u8>) -> u64 {
        let to = self.buffer.len();
        self.judge(to);
        self.write_to(to, out);
        self.redactions
    }

    fn judge(&mut self, to: usize) {
        engine().find(
            &self.buffer,
            self.judged,
            to,
            self.language,
            &mut self.carry,
            &mut self.found,
        );
        self.judged = to;
        mentions::learn(&self.buffer, &self.found.spans, &mut self.known);
        mentions::find(&self.buffer, self.written, to, &self.known, &mut self.found);
    }

    fn step(&mut self, to: usize, out: &mut Vec<u8>) {
        self.judge(to);
        // An anchor that comes next may find a secret that begins before it.
        let mut safe = to
            .saturating_sub(LOOKBACK + LONGEST_ANCHOR)
            .max(self.written);
        while let Some(span) = self
            .found
            .spans
            .iter()
            .find(|span| span.start < safe && span.end + MARGIN > safe)
        {
            safe = span.start.saturating_sub(MARGIN).max(self.written);
            if safe == self.written {
                break;
            }
        }
        self.write_to(safe, out);
        let keep = self.written.saturating_sub(LOOKBACK);
        self.buffer.drain(..keep);
        self.written -= keep;
        self.judged -= keep;
        self.carry.drop_front(keep);
        self.found.drop_front(keep);
    }

    fn write_to(&mut self, safe: usize, out: &mut Vec<u8>) {
        let (mut ready, rest): (Vec<_>, Vec<_>) = self
            .found
            .spans
            .drain(..)
            .partition(|span| span.end <= safe);
        self.found.spans = rest;
        self.redactions += self
            .redactor
            .write(&self.buffer, self.written..safe, &mut ready, out);
        self.written = safe;
    }
}
