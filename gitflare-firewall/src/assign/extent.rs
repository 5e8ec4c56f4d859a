//! Where a bare value of a configuration file or a command line ends: before a comment, the next
//! pair or flag, the bracket that closes what the name stands in, prose and links.

use super::{
    Reader,
    limits::{LONGEST_BARE, NAME},
    value::{contains, is_names},
};
use crate::{chance::Profile, shape::Set};

impl Reader<'_, '_> {
    /// The end of the value at `at`, at most the end of its line.
    pub(super) fn config_end(&self, at: usize) -> usize {
        let view = self.view;
        let limit = view.limit.min(at + LONGEST_BARE);
        let first = view.before(self.key.start);
        let is_flag = first == b'-' || first == b'/' && view.byte(self.key.end) == b':';
        let closing = self.enclosing();
        // `helm --set a=x,b=y`
        let before = &view.text[view.line_start(self.key.start)..self.key.start];
        let is_set = contains(before, b"--set");
        let mut depth = 0usize;
        let mut end = at;
        while end < limit {
            let next = view.byte(end + 1);
            let ends_word = matches!(next, b' ' | b'\t' | b'\n' | b'\r');
            let ends = match view.text[end] {
                b'\n' | b'\r' | b'"' | b'\'' | b'`' => true,
                b' ' | b'\t' => {
                    is_flag || matches!(next, b'#' | b';' | b'/' | b'(') || self.has_pair(end + 1)
                }
                b'&' => next == b'&' || ends_word || self.has_pair(end + 1),
                b'|' | b'>' => ends_word || is_generated(&view.text[at..end]),
                b';' => ends_word || self.has_pair(end + 1) || view.has(end + 1, b"export "),
                b',' if is_set && view.byte(DOTTED.run(view.text, end + 1, limit)) == b'=' => true,
                // `-o username=bob,password=x1y2z3,uid=1`
                b',' if first == b','
                    && view.byte(DOTTED.run(view.text, end + 1, limit)) == b'=' =>
                {
                    true
                }
                b',' => {
                    depth == 0 && (closing.is_some() || next == b' ' && self.has_member(end + 2))
                }
                b'{' | b'(' | b'[' => {
                    depth += 1;
                    false
                }
                byte @ (b'}' | b')' | b']') => {
                    let closes = depth == 0 && closing == Some(byte);
                    depth = depth.saturating_sub(1);
                    closes
                }
                _ => false,
            };
            if ends {
                break;
            }
            end += 1;
        }
        self.without_prose(at, end)
    }

    /// The bracket that closes the innermost one open before the name on its line.
    fn enclosing(&self) -> Option<u8> {
        let view = self.view;
        let mut open = Vec::new();
        for byte in &view.text[view.line_start(self.key.start)..self.key.start] {
            match byte {
                b'{' => open.push(b'}'),
                b'(' => open.push(b')'),
                b'[' => open.push(b']'),
                b'}' | b')' | b']' => {
                    open.pop();
                }
                _ => {}
            }
        }
        open.pop()
    }

    /// The value at `at..end` less blanks and what only follows it: a link, or words behind a text
    /// that is plainly no word.
    fn without_prose(&self, at: usize, end: usize) -> usize {
        let text = self.view.text;
        let trim = |mut end: usize| {
            while end > at && matches!(text[end - 1], b' ' | b'\t' | b';' | b'\\') {
                end -= 1;
            }
            end
        };
        let end = trim(end);
        let Some(blank) = memchr::memchr2(b' ', b'\t', &text[at..end]) else {
            return end;
        };
        let (head, rest) = (&text[at..at + blank], &text[at + blank..end]);
        let is_word = |word: &[u8]| word.len() >= 2 && word.iter().all(u8::is_ascii_alphabetic);
        let words = rest
            .split(|byte| *byte == b' ')
            .filter(|word| is_word(word));
        let plain = Profile::of(head);
        let is_value =
            plain.digits > 0 && plain.letters() > 0 && head.len() >= 8 && !is_names(head);
        if contains(rest, b"://") || is_value && words.count() >= 2 {
            let mut end = at + blank;
            while end > at && matches!(text[end - 1], b',' | b';' | b')' | b'}') {
                end -= 1;
            }
            return end;
        }
        end
    }

    /// The value at `at..end` less what no value goes on with: a dash of prose, the escape that
    /// ends a colour, a path behind a generated text.
    pub(super) fn without_tail(&self, at: usize, end: usize) -> usize {
        const SIGNS: [&[u8]; 6] = [
            b"\xE2\x80\x93",
            b"\xE2\x80\x94",
            b"\\x1b[",
            b"\\033[",
            b"\\e[",
            b"^[[",
        ];
        const STARTS: Set = Set::new("\\\\^").with(0xE2).with(0x1B);
        let text = self.view.text;
        let mut stop = at;
        while stop < end {
            stop = STARTS.run_until(text, stop, end);
            if stop < end
                && (text[stop] == 0x1B || SIGNS.iter().any(|sign| text[stop..].starts_with(sign)))
            {
                break;
            }
            stop += 1;
        }
        let stop = stop.min(end);
        match memchr::memchr(b'/', &text[at..stop]) {
            Some(slash) if is_path_tail(&text[at..at + slash], &text[at + slash + 1..stop]) => {
                at + slash
            }
            _ => stop,
        }
    }

    /// Whether another `name=` or a flag begins at `at`, as in command lines.
    pub(super) fn has_pair(&self, at: usize) -> bool {
        let end = NAME.run(self.view.text, at, self.view.limit.min(at + 40));
        self.view.byte(at) == b'-'
            || end > at && self.view.byte(end) == b'='
            || matches!(self.view.byte(at), b'&' | b'|' | b'>' | b'\\')
            || self.view.byte(at).is_ascii_digit() && self.view.byte(at + 1) == b'>'
    }

    /// Whether another `name:` or `name=` begins at `at`, as in a list of members.
    fn has_member(&self, at: usize) -> bool {
        let end = NAME.run(self.view.text, at, self.view.limit.min(at + 40));
        end > at && matches!(self.view.byte(end), b'=' | b':')
    }
}

/// Characters of a name with the names that it belongs to.
const DOTTED: Set = Set::new(r"\w.-");

fn is_generated(value: &[u8]) -> bool {
    value.len() >= 12 && Profile::of(value).is_random()
}

/// Whether small words of a path stand behind a generated text; base64 has capitals and digits.
fn is_path_tail(head: &[u8], tail: &[u8]) -> bool {
    const WORDS: Set = Set::new("a-z._/-");
    let profile = Profile::of(head);
    profile.symbols == 0
        && head.len() >= 16
        && profile.is_random()
        && !tail.is_empty()
        && WORDS.run(tail, 0, tail.len()) == tail.len()
}
