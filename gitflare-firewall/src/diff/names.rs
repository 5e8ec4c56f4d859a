//! The names in the headers of a diff, in all their spellings: plain, with prefixes of any kind,
//! quoted with C escapes, with a timestamp behind a tab. Whether a name is blocked is not decided
//! here.

/// Longer names than any file system has are not looked into: their file is withheld.
const LONGEST: usize = 8 * 1024;
/// Splits of a line with two different names that are tried.
const MOST_SPLITS: usize = 8;

/// The names of one file, each once.
#[derive(Debug, Default)]
pub(super) struct Names {
    names: Vec<String>,
    /// The name the file has after the change, as the headers spell it.
    last: usize,
    /// Some name could not be read.
    pub(super) unreadable: bool,
}

impl Names {
    /// Whether any name, with or without the prefix that a diff puts before it, is one of those.
    pub(super) fn any(&self, is_one: &dyn Fn(&str) -> bool) -> bool {
        self.names.iter().any(|name| is_one(name))
    }

    /// The path whose language the file is written in.
    pub(super) fn path(&self) -> &str {
        self.names.get(self.last).map_or("", String::as_str)
    }

    /// Both names of `a/x b/x`; with spaces in them, the split that makes them equal.
    pub(super) fn add_both(&mut self, spelled: &[u8]) {
        if spelled.len() > 2 * LONGEST {
            self.unreadable = true;
            return;
        }
        if spelled.starts_with(b"\"") || spelled.ends_with(b"\"") {
            let second = take(spelled).and_then(|(first, rest)| {
                self.add_prefixed(&first);
                take(rest.trim_ascii_start())
            });
            match second {
                Some((second, _)) => self.add_prefixed(&second),
                None => self.unreadable = true,
            }
            return;
        }
        let spelled = String::from_utf8_lossy(spelled);
        for (index, _) in spelled.match_indices(' ') {
            let (left, right) = (&spelled[..index], &spelled[index + 1..]);
            if left == right {
                return self.add_prefixed(left);
            }
            // Whatever the prefixes are, the file is what both have behind them.
            if let Some((_, name)) = left.split_once('/')
                && right
                    .strip_suffix(name)
                    .is_some_and(|prefix| prefix.find('/') == prefix.len().checked_sub(1))
            {
                self.add(left.to_owned());
                self.add(right.to_owned());
                return self.add(name.to_owned());
            }
        }
        // Different names: further headers tell them apart; until then every split counts.
        for (index, _) in spelled.match_indices(' ').take(MOST_SPLITS) {
            self.add_prefixed(&spelled[..index]);
            self.add_prefixed(&spelled[index + 1..]);
        }
    }

    /// The name that a header spells to the end of its line.
    pub(super) fn add_one(&mut self, spelled: &[u8]) {
        if spelled.len() > LONGEST {
            self.unreadable = true;
            return;
        }
        let name = if spelled.starts_with(b"\"") {
            take(spelled).map(|(name, _)| name)
        } else {
            // A timestamp follows a tab.
            let end = memchr::memchr(b'\t', spelled).unwrap_or(spelled.len());
            Some(String::from_utf8_lossy(&spelled[..end]).into_owned())
        };
        match name {
            Some(name) if name != "/dev/null" => self.add_prefixed(&name),
            Some(_) => {}
            None => self.unreadable = true,
        }
    }

    fn add_prefixed(&mut self, name: &str) {
        if let [
            b'a' | b'b' | b'c' | b'i' | b'o' | b'w' | b'1' | b'2',
            b'/',
            ..,
        ] = name.as_bytes()
        {
            self.add(name[2..].to_owned());
        }
        self.add(name.to_owned());
    }

    fn add(&mut self, name: String) {
        if name.is_empty() {
            return;
        }
        let place = self.names.iter().position(|known| *known == name);
        self.last = place.unwrap_or(self.names.len());
        if place.is_none() {
            self.names.push(name);
        }
    }
}

/// A quoted name with its escapes undone, or a plain one up to the next space; and what follows.
fn take(text: &[u8]) -> Option<(String, &[u8])> {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        let end = memchr::memchr(b' ', text).unwrap_or(text.len());
        let name = String::from_utf8_lossy(&text[..end]).into_owned();
        return Some((name, &text[end..]));
    };
    let mut name = Vec::new();
    loop {
        match rest {
            [b'"', tail @ ..] => {
                return Some((String::from_utf8_lossy(&name).into_owned(), tail));
            }
            [
                b'\\',
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                tail @ ..,
            ] => {
                name.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = tail;
            }
            [b'\\', escape, tail @ ..] => {
                name.push(match escape {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'a' => 7,
                    b'b' => 8,
                    b'f' => 12,
                    b'v' => 11,
                    other => *other,
                });
                rest = tail;
            }
            [byte, tail @ ..] => {
                name.push(*byte);
                rest = tail;
            }
            [] => return None,
        }
    }
}
