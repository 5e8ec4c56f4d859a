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
    /// What stands before the two names of one file, once that is known.
    prefixes: Option<[String; 2]>,
    /// Some name could not be read.
    pub(super) unreadable: bool,
}

impl Names {
    /// Whether any name is one of those.
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
            let names = take_both(spelled);
            match names {
                Some((first, second)) if self.add_pair(&first, &second) => {}
                Some((first, second)) => {
                    self.add_prefixed(&first);
                    self.add_prefixed(&second);
                }
                None => self.unreadable = true,
            }
            return;
        }
        let spelled = String::from_utf8_lossy(spelled);
        let mut splits = spelled.match_indices(' ');
        if splits.any(|(index, _)| self.add_pair(&spelled[..index], &spelled[index + 1..])) {
            return;
        }
        // Different names: further headers tell them apart; until then every split counts.
        for (index, _) in spelled.match_indices(' ').take(MOST_SPLITS) {
            self.add_prefixed(&spelled[..index]);
            self.add_prefixed(&spelled[index + 1..]);
        }
    }

    /// Adds what is one file under both names: the same name, or with a different prefix each.
    fn add_pair(&mut self, first: &str, second: &str) -> bool {
        if first == second {
            self.add_prefixed(first);
            return true;
        }
        if let Some((before, name)) = first.split_once('/')
            && let Some(prefix) = second.strip_suffix(name)
            && prefix.find('/') == prefix.len().checked_sub(1)
        {
            // Prefixes of one's own choosing might be folders as well.
            if !(is_prefix(first) && is_prefix(second)) {
                self.add(first.to_owned());
                self.add(second.to_owned());
            }
            self.prefixes = Some([format!("{before}/"), prefix.to_owned()]);
            self.add(name.to_owned());
            return true;
        }
        false
    }

    /// The name that a header spells to the end of its line, with a prefix.
    pub(super) fn add_one(&mut self, spelled: &[u8]) {
        match self.read(spelled) {
            Some(name) if name != "/dev/null" => self.add_prefixed(&name),
            _ => {}
        }
    }

    /// The same of a header whose names have no prefix.
    pub(super) fn add_bare(&mut self, spelled: &[u8]) {
        if let Some(name) = self.read(spelled) {
            self.add(name);
        }
    }

    fn read(&mut self, spelled: &[u8]) -> Option<String> {
        if spelled.len() > LONGEST {
            self.unreadable = true;
            return None;
        }
        let name = if spelled.starts_with(b"\"") {
            take(spelled).map(|(name, _)| name)
        } else {
            // A timestamp follows a tab.
            let end = memchr::memchr(b'\t', spelled).unwrap_or(spelled.len());
            Some(String::from_utf8_lossy(&spelled[..end]).into_owned())
        };
        self.unreadable |= name.is_none();
        name
    }

    /// Adds a name without its prefix; where that may be a folder, with it as well.
    fn add_prefixed(&mut self, name: &str) {
        let known = self.prefixes.iter().flatten();
        if let Some(rest) = known.filter_map(|prefix| name.strip_prefix(prefix)).next() {
            return self.add(rest.to_owned());
        }
        if is_prefix(name) {
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

/// Whether a name begins as `git diff` lets names begin, with one letter for each side.
fn is_prefix(name: &str) -> bool {
    matches!(
        name.as_bytes(),
        [
            b'a' | b'b' | b'c' | b'i' | b'o' | b'w' | b'1' | b'2',
            b'/',
            ..
        ]
    )
}

/// Two names of which one at least is quoted.
fn take_both(text: &[u8]) -> Option<(String, String)> {
    let (first, rest) = if text.starts_with(b"\"") {
        take(text)?
    } else {
        let end = memchr::memmem::find(text, b" \"")?;
        (
            String::from_utf8_lossy(&text[..end]).into_owned(),
            &text[end..],
        )
    };
    let rest = rest.trim_ascii_start();
    let second = if rest.starts_with(b"\"") {
        take(rest)?.0
    } else {
        String::from_utf8_lossy(rest).into_owned()
    };
    Some((first, second))
}

/// A quoted name with its escapes undone, and what follows.
fn take(text: &[u8]) -> Option<(String, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
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
