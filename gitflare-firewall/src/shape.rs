//! Shapes of tokens: sequences of character sets with counts, written like the small part of
//! regular expressions that needs no backtracking (`[A-Za-z0-9]{36,}`, `\w`, `\d`, `.` literal).
//! A shape is always anchored and reads every byte at most once.

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set([u64; 4]);

impl Set {
    /// The bytes of `spec`, with `a-z` ranges, `\w`, `\d` and `\x`.
    pub(crate) const fn new(spec: &str) -> Self {
        let bytes = spec.as_bytes();
        let mut set = Self([0; 4]);
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at] == b'\\' && at + 1 < bytes.len() {
                match bytes[at + 1] {
                    b'w' => {
                        set.add(b'0', b'9');
                        set.add(b'A', b'Z');
                        set.add(b'a', b'z');
                        set.add(b'_', b'_');
                    }
                    b'd' => set.add(b'0', b'9'),
                    b'x' => {
                        set.add(b'0', b'9');
                        set.add(b'A', b'F');
                        set.add(b'a', b'f');
                    }
                    other => set.add(other, other),
                }
                at += 2;
            } else if at + 2 < bytes.len() && bytes[at + 1] == b'-' {
                set.add(bytes[at], bytes[at + 2]);
                at += 3;
            } else {
                set.add(bytes[at], bytes[at]);
                at += 1;
            }
        }
        set
    }

    /// The same set with the bytes of letters beyond ASCII, less those that begin punctuation.
    pub(crate) const fn with_letters(mut self) -> Self {
        self.add(0x80, 0xBF);
        self.add(0xC3, 0xDF);
        self.add(0xE3, 0xED);
        self
    }

    /// The same set with one more byte.
    pub(crate) const fn with(mut self, byte: u8) -> Self {
        self.add(byte, byte);
        self
    }

    const fn add(&mut self, from: u8, to: u8) {
        let mut byte = from;
        loop {
            self.0[(byte >> 6) as usize] |= 1 << (byte & 63);
            if byte == to {
                break;
            }
            byte += 1;
        }
    }

    #[inline(always)]
    pub(crate) const fn has(&self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] >> (byte & 63) & 1 == 1
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0[0] | self.0[1] | self.0[2] | self.0[3] == 0
    }

    /// Every byte of the set.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        (0..=u8::MAX).filter(|byte| self.has(*byte)).collect()
    }

    /// The end of the run of these bytes that begins at `at`, at most `limit`.
    #[inline]
    pub(crate) fn run(&self, text: &[u8], at: usize, limit: usize) -> usize {
        let limit = limit.min(text.len());
        let mut end = at;
        while end < limit && self.has(text[end]) {
            end += 1;
        }
        end
    }

    /// Where the first of these bytes stands from `at` on, at most `limit`.
    #[inline]
    pub(crate) fn run_until(&self, text: &[u8], at: usize, limit: usize) -> usize {
        let limit = limit.min(text.len());
        let mut end = at;
        while end < limit && !self.has(text[end]) {
            end += 1;
        }
        end
    }

    /// The start of the run of these bytes that ends at `at`, at least `floor`.
    #[inline]
    pub(crate) fn run_back(&self, text: &[u8], at: usize, floor: usize) -> usize {
        let mut start = at;
        while start > floor && self.has(text[start - 1]) {
            start -= 1;
        }
        start
    }
}

#[derive(Clone, Copy, Debug)]
struct Item {
    set: Set,
    min: usize,
    max: usize,
}

/// A sequence of sets with counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape(Vec<Item>);

impl Shape {
    /// Compiles a shape of our own tables.
    pub(crate) fn new(spec: &str) -> Self {
        let bytes = spec.as_bytes();
        let mut items = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let set;
            match bytes[at] {
                b'[' => {
                    let end = at + spec[at..].find(']').unwrap_or(spec.len() - at);
                    set = Set::new(&spec[at + 1..end]);
                    at = end + 1;
                }
                b'\\' => {
                    set = Set::new(&spec[at..at + 2]);
                    at += 2;
                }
                _ => {
                    set = Set::new(&spec[at..=at]);
                    at += 1;
                }
            }
            let (mut min, mut max) = (1, 1);
            match bytes.get(at) {
                Some(b'?') => {
                    min = 0;
                    at += 1;
                }
                Some(b'{') => {
                    let end = at + spec[at..].find('}').unwrap_or(0);
                    let (low, high) = match spec[at + 1..end].split_once(',') {
                        Some((low, high)) => (low, high.parse().unwrap_or(usize::MAX)),
                        None => (&spec[at + 1..end], 0),
                    };
                    min = low.parse().unwrap_or(0);
                    max = if high == 0 { min } else { high };
                    at = end + 1;
                }
                _ => {}
            }
            items.push(Item { set, min, max });
        }
        Self(items)
    }

    /// Where a text of this shape that begins at `at` ends.
    pub(crate) fn end(&self, text: &[u8], at: usize, limit: usize) -> Option<usize> {
        let mut end = at;
        for item in &self.0 {
            let stop = item
                .set
                .run(text, end, end.saturating_add(item.max).min(limit));
            if stop - end < item.min {
                return None;
            }
            end = stop;
        }
        Some(end)
    }

    /// A text of this shape, for tests; `random` picks below its bound.
    #[cfg(test)]
    pub(crate) fn sample(&self, random: &mut dyn FnMut(usize) -> usize) -> String {
        let mut text = String::new();
        for item in &self.0 {
            let bytes = item.set.bytes();
            for _ in 0..item.min {
                text.push(char::from(bytes[random(bytes.len())]));
            }
        }
        text
    }

    /// Where a text of this shape that ends at `at` begins.
    pub(crate) fn start(&self, text: &[u8], at: usize, floor: usize) -> Option<usize> {
        let mut start = at;
        for item in self.0.iter().rev() {
            let stop = item
                .set
                .run_back(text, start, start.saturating_sub(item.max).max(floor));
            if start - stop < item.min {
                return None;
            }
            start = stop;
        }
        Some(start)
    }

    /// How often the first item repeats its set at least.
    pub(crate) fn first_run(&self) -> usize {
        self.0.first().map_or(0, |item| item.min)
    }

    /// The set that the first item repeats.
    pub(crate) fn first_set(&self) -> Set {
        let mut first = Set::default();
        for item in &self.0 {
            for (all, these) in first.0.iter_mut().zip(item.set.0) {
                *all |= these;
            }
            if item.min > 0 {
                return first;
            }
        }
        // Nothing need follow.
        Set::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_read_the_longest_run() {
        for (shape, text, end) in [
            ("[A-Za-z0-9]{4,}", "ab12cd-", Some(6)),
            ("[A-Za-z0-9]{8,}", "ab12cd-", None),
            (r"[\w-]{3}\.\d{2}", "a-b.12345", Some(6)),
            (r"[\x]{2}g?x", "0agx", Some(4)),
            (r"[\x]{2}g?x", "0ax", Some(3)),
            ("a{2,3}", "aaaa", Some(3)),
        ] {
            assert_eq!(
                Shape::new(shape).end(text.as_bytes(), 0, text.len()),
                end,
                "{shape}"
            );
        }
    }

    #[test]
    fn shapes_read_backwards() {
        let shape = Shape::new("[A-Za-z0-9]{4}");
        assert_eq!(shape.start(b"xab12.", 5, 0), Some(1));
        assert_eq!(shape.start(b"-b12.", 4, 0), None);
    }
}
