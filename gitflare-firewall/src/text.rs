//! What matchers look at: a bounded piece of a text around a hit, and the small questions they all
//! ask of it: quotes at any depth of escaping, line ends.

use crate::language::Language;

/// How far a matcher may look behind a hit.
pub(crate) const LOOKBACK: usize = 1024;
/// How far a matcher may look ahead of a hit.
pub(crate) const LOOKAHEAD: usize = 8 * 1024;
/// The longest value between quotes.
pub(crate) const LONGEST_VALUE: usize = 4 * 1024;

/// A piece of a text around a hit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'t> {
    /// The whole text as far as it is known; only `floor..limit` may be looked at.
    pub(crate) text: &'t [u8],
    pub(crate) floor: usize,
    pub(crate) limit: usize,
    pub(crate) language: Language,
}

/// Characters without a shape: zero-width space, joiners, word joiner, byte order mark, soft hyphen.
pub(crate) const INVISIBLE: [&str; 6] = [
    "\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}", "\u{feff}", "\u{ad}",
];

/// An opening quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quote {
    /// The byte that closes it; the last one of its spelling when it has several.
    pub(crate) byte: u8,
    /// How many backslashes escape it.
    pub(crate) escapes: usize,
    /// Bytes of its whole spelling.
    pub(crate) len: usize,
}

impl View<'_> {
    /// The byte at `at`, or a line end beyond the view.
    #[inline(always)]
    pub(crate) fn byte(&self, at: usize) -> u8 {
        if at < self.limit {
            self.text[at]
        } else {
            b'\n'
        }
    }

    /// Whether `word` stands at `at`.
    pub(crate) fn has(&self, at: usize, word: &[u8]) -> bool {
        self.text[..self.limit]
            .get(at..)
            .is_some_and(|rest| rest.starts_with(word))
    }

    /// The byte before `at`, or a line end before the view.
    #[inline(always)]
    pub(crate) fn before(&self, at: usize) -> u8 {
        if at > self.floor && at <= self.text.len() {
            self.text[at - 1]
        } else {
            b'\n'
        }
    }

    /// After spaces and tabs.
    #[inline(always)]
    pub(crate) fn skip_blanks(&self, at: usize) -> usize {
        // Most places have none.
        match self.byte(at) {
            b' ' | b'\t' | b'\\' => self.behind_blanks(at),
            _ => at,
        }
    }

    fn behind_blanks(&self, mut at: usize) -> usize {
        let start = at;
        while at < self.limit {
            match self.text[at] {
                b' ' | b'\t' => at += 1,
                b'\\' => match self.escaped_tab(start, at) {
                    Some(tab) => at = tab,
                    None => break,
                },
                _ => break,
            }
        }
        at
    }

    /// Behind the escaped tab at `at`: it stands beside other blanks or a sign, or it would be the
    /// beginning of a word.
    fn escaped_tab(&self, start: usize, at: usize) -> Option<usize> {
        let letter = at + self.backslashes(at);
        let beside = at > start
            || matches!(self.before(at), b'=' | b':')
            || !self.byte(letter + 1).is_ascii_alphanumeric();
        (beside && self.byte(letter) == b't').then_some(letter + 1)
    }

    /// After characters that show nothing, and those that only set the colour of a terminal.
    #[inline(always)]
    pub(crate) fn skip_invisible(&self, at: usize) -> usize {
        match self.byte(at) {
            0x1B | 0x80.. => self.behind_invisible(at),
            _ => at,
        }
    }

    fn behind_invisible(&self, mut at: usize) -> usize {
        const COLOUR: crate::shape::Set = crate::shape::Set::new("\\d;");
        loop {
            let byte = self.byte(at);
            if byte == 0x1B && self.byte(at + 1) == b'[' {
                let end = COLOUR.run(self.text, at + 2, self.limit.min(at + 20));
                if self.byte(end) != b'm' {
                    return at;
                }
                at = end + 1;
                continue;
            }
            if byte.is_ascii() {
                return at;
            }
            match INVISIBLE.iter().find(|sign| self.has(at, sign.as_bytes())) {
                Some(sign) => at += sign.len(),
                None => return at,
            }
        }
    }

    /// The bytes of a line end at `at`, written or escaped; 0 when there is none.
    #[inline(always)]
    pub(crate) fn line_end(&self, at: usize) -> usize {
        match self.byte(at) {
            b'\n' | b'\r' | b'\\' => self.spelled_line_end(at),
            _ => 0,
        }
    }

    fn spelled_line_end(&self, at: usize) -> usize {
        if at >= self.limit {
            return 0;
        }
        match self.text[at] {
            b'\n' => 1,
            b'\r' if self.byte(at + 1) == b'\n' => 2,
            b'\r' => 1,
            b'\\' => {
                let slashes = self.backslashes(at);
                match self.byte(at + slashes) {
                    b'n' => slashes + 1,
                    b'r' => {
                        let end = at + slashes + 1;
                        let more = self.backslashes(end);
                        if more > 0 && self.byte(end + more) == b'n' {
                            slashes + more + 2
                        } else {
                            slashes + 1
                        }
                    }
                    _ => 0,
                }
            }
            _ => 0,
        }
    }

    /// Whether the line, or the text, ends at `at`.
    pub(crate) fn ends_line(&self, at: usize) -> bool {
        at >= self.limit || self.line_end(at) > 0
    }

    /// Where the line of `at` ends, before its line end, written or escaped.
    pub(crate) fn line_over(&self, at: usize) -> usize {
        let mut at = at;
        while let Some(index) = self
            .text
            .get(at..self.limit)
            .and_then(|rest| memchr::memchr3(b'\n', b'\r', b'\\', rest))
        {
            at += index;
            if self.line_end(at) > 0 {
                return at;
            }
            at += 1;
        }
        self.limit.max(at)
    }

    /// Where an escaped line end or quote stands in `at..end`, else `end`.
    pub(crate) fn escape_in(&self, at: usize, end: usize) -> usize {
        let mut from = at;
        while let Some(index) = memchr::memchr(b'\\', &self.text[from..end]) {
            let slash = from + index;
            let slashes = self.backslashes(slash);
            if matches!(
                self.byte(slash + slashes),
                b'n' | b'r' | b't' | b'"' | b'\'' | b'u' | b'\n' | b'\r' | b' '
            ) {
                return slash;
            }
            from = slash + slashes;
            if from >= end {
                break;
            }
        }
        end
    }

    /// How many backslashes stand at `at`.
    pub(crate) fn backslashes(&self, at: usize) -> usize {
        let mut end = at;
        while end < self.limit && self.text[end] == b'\\' {
            end += 1;
        }
        end - at
    }

    /// How many backslashes stand before `at`.
    pub(crate) fn backslashes_before(&self, at: usize) -> usize {
        let mut start = at;
        while start > self.floor && self.text[start - 1] == b'\\' {
            start -= 1;
        }
        at - start
    }

    /// The quote that opens at `at`, whatever its spelling.
    #[inline(always)]
    pub(crate) fn quote(&self, at: usize) -> Option<Quote> {
        match self.byte(at) {
            byte @ (b'"' | b'\'' | b'`') => Some(Quote {
                byte,
                escapes: 0,
                len: 1,
            }),
            b'\\' | b'&' | b'%' | 0xE2 | 0xE3 | 0xC2 => self.spelled_quote(at),
            _ => None,
        }
    }

    /// A quote that is more than its byte.
    fn spelled_quote(&self, at: usize) -> Option<Quote> {
        let slashes = self.backslashes(at);
        let byte = self.byte(at + slashes);
        match byte {
            b'"' | b'\'' | b'`' => Some(Quote {
                byte,
                escapes: slashes,
                len: slashes + 1,
            }),
            b'u' if slashes > 0 => {
                let spelled = self.text.get(at + slashes + 1..at + slashes + 5)?;
                let byte = match spelled {
                    b"0022" => b'"',
                    b"0027" => b'\'',
                    _ => return None,
                };
                Some(Quote {
                    byte,
                    escapes: 0,
                    len: slashes + 5,
                })
                .filter(|quote| at + quote.len <= self.limit)
            }
            b'&' if slashes == 0 => [&b"&quot;"[..], b"&#34;", b"&#39;", b"&apos;", b"&#x27;"]
                .into_iter()
                .find(|spelling| self.has(at, spelling))
                .map(|spelling| Quote {
                    byte: b';',
                    escapes: 0,
                    len: spelling.len(),
                }),
            // Of a query, encoded once or twice.
            b'%' if slashes == 0 => [&b"%22"[..], b"%27", b"%2522"]
                .into_iter()
                .find(|spelling| self.has(at, spelling))
                .map(|spelling| Quote {
                    byte: b'%',
                    escapes: 0,
                    len: spelling.len(),
                }),
            0xE2 if slashes == 0 => ["“", "”", "‘", "’", "„"]
                .into_iter()
                .find(|spelling| self.has(at, spelling.as_bytes()))
                .map(|spelling| Quote {
                    byte: 0xE2,
                    escapes: 0,
                    len: spelling.len(),
                }),
            0xE3 if self.has(at, "「".as_bytes()) => Some(Quote {
                byte: 0xE3,
                escapes: 0,
                len: 3,
            }),
            0xC2 if self.has(at, "«".as_bytes()) => Some(Quote {
                byte: 0xC2,
                escapes: 0,
                len: 2,
            }),
            _ => None,
        }
    }

    /// Where the quoted text that begins at `at` ends: before the closing quote and whether there
    /// was one, else before the line end.
    pub(crate) fn quoted_end(&self, at: usize, quote: Quote) -> (usize, bool) {
        let limit = self.limit.min(at + LONGEST_VALUE);
        // Backslashes of a quote at this depth of escaping, and of a line end.
        let depth = (quote.escapes + 1).next_power_of_two();
        let mut end = at;
        let multiline = quote.byte == b'`';
        while end < limit {
            match self.text[end] {
                b'\n' | b'\r' if !multiline => return (end, false),
                b'\\' => {
                    let slashes = self.backslashes(end);
                    let next = self.byte(end + slashes);
                    let closes = next == quote.byte && slashes % (depth * 2) == quote.escapes;
                    if closes && end + slashes < limit {
                        return (end + slashes - quote.escapes, true);
                    }
                    if quote.escapes > 0
                        && matches!(next, b'n' | b'r')
                        && slashes % depth == depth / 2
                        && !multiline
                    {
                        return (end, false);
                    }
                    if quote.len > quote.escapes + 1
                        && next == b'u'
                        && self
                            .quote(end)
                            .is_some_and(|found| found.byte == quote.byte)
                    {
                        return (end, true);
                    }
                    end += slashes + 1;
                }
                byte if byte == quote.byte && quote.escapes == 0 => {
                    let closes = match byte {
                        b';' => false,
                        // Other signs are encoded so too.
                        b'%' => self.quote(end).is_some_and(|other| other.len == quote.len),
                        _ => true,
                    };
                    if closes {
                        return (end, true);
                    }
                    end += 1;
                }
                b'&' if quote.byte == b';' => {
                    if self.quote(end).is_some() {
                        return (end, true);
                    }
                    end += 1;
                }
                _ => end += 1,
            }
        }
        (limit.min(self.limit), false)
    }

    /// The start of the line that holds `at`, as far as the view goes; an escaped line end counts.
    pub(crate) fn line_start(&self, at: usize) -> usize {
        let from = self.floor.max(at.saturating_sub(512));
        let from =
            memchr::memrchr(b'\n', &self.text[from..at]).map_or(from, |index| from + index + 1);
        memchr::memrchr_iter(b'\\', &self.text[from..at])
            .map(|index| from + index + 1)
            .find(|letter| *letter < at && matches!(self.text[*letter], b'n' | b'r'))
            .map_or(from, |letter| letter + 1)
    }

    /// After a line end at `at`, the sign of a diff line and the indentation.
    pub(crate) fn next_line(&self, at: usize) -> Option<usize> {
        let end = self.line_end(at);
        if end == 0 {
            return None;
        }
        let mut start = at + end;
        if matches!(self.byte(start), b'+' | b'-') {
            start += 1;
        }
        loop {
            let next = self.skip_blanks(start);
            // An escaped tab is indentation too.
            let slashes = self.backslashes(next);
            if slashes > 0 && self.byte(next + slashes) == b't' {
                start = next + slashes + 1;
                continue;
            }
            return Some(next);
        }
    }
}
