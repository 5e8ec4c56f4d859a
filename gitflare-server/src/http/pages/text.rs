//! Text and links from outside, made fit to be shown (TN-6, CS-8). Escaping is the templates';
//! what is cut here is what would stay hostile inside text: direction, control, length.

use std::fmt;

use gitflare_core::storage::User;

/// The most characters of a name or description on a page.
const MAX_CHARACTERS: usize = 200;
/// The most characters of a host: a name has 253 at most, a port six.
const MAX_HOST: usize = 259;

/// Display text: at most 200 characters, without control and direction-changing ones. Never a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct SafeText(String);

impl SafeText {
    /// How a signed-in person is called on their pages: by name, else by e-mail address.
    pub(crate) fn person(user: &User) -> Self {
        Self::new(user.name.as_ref().unwrap_or(&user.email))
    }

    /// The text as it may be shown.
    pub(crate) fn new(text: &str) -> Self {
        let mut shown = String::with_capacity(text.len().min(MAX_CHARACTERS));
        let mut rest = text.chars().filter(|c| !is_hostile(*c));
        for character in rest.by_ref().take(MAX_CHARACTERS) {
            // Line breaks and tabs count as the space that HTML makes of them.
            shown.push(if character.is_whitespace() {
                ' '
            } else {
                character
            });
        }
        if rest.next().is_some() {
            shown.pop();
            shown.push('…');
        }
        Self(shown.trim().to_owned())
    }

    /// A host, with a port where it has one. The end of a name says whose it is: where one is too long
    /// to be one, its beginning is left out.
    pub(crate) fn of_host(host: &str) -> Self {
        let plain = || {
            host.chars()
                .filter(|c| !is_hostile(*c) && !c.is_whitespace())
        };
        let over = plain().count().saturating_sub(MAX_HOST);
        let end = plain().skip(over);
        Self(match over {
            0 => end.collect(),
            _ => std::iter::once('…').chain(end).collect(),
        })
    }

    /// Hosts, each once.
    pub(crate) fn of_hosts<'h>(hosts: impl Iterator<Item = &'h str>) -> Self {
        let mut shown: Vec<String> = Vec::new();
        for Self(host) in hosts.map(Self::of_host) {
            if !shown.contains(&host) {
                shown.push(host);
            }
        }
        Self(shown.join(", "))
    }

    /// The text, not escaped.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The first letter or digit, for a monogram.
    pub(crate) fn initial(&self) -> char {
        let first = self.0.chars().find(|c| c.is_alphanumeric());
        first.and_then(|c| c.to_uppercase().next()).unwrap_or('?')
    }
}

/// Control characters, and those that turn, hide or join what stands beside them.
const fn is_hostile(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}'
    )
}

impl From<&str> for SafeText {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for SafeText {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address that a link may lead to: `http` or `https`, or a path of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link(String);

impl Link {
    /// The link, unless it leads anywhere else (`javascript:`, `data:`, `//host` ...).
    pub(crate) fn new(text: &str) -> Option<Self> {
        let is_plain = text.chars().all(|c| c.is_ascii_graphic() && c != '\\');
        let is_path = text.starts_with('/') && !text.starts_with("//");
        let is_web = || {
            url::Url::parse(text)
                .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        };
        (is_plain && (is_path || is_web())).then(|| Self(text.to_owned()))
    }
}

impl Link {
    /// The start page.
    pub(crate) fn home() -> Self {
        Self("/".to_owned())
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_shown_inert() {
        // sec: TN-6
        for (text, shown) in [
            ("Acme", "Acme"),
            ("  Acme\n\tInc ", "Acme  Inc"),
            ("abc\u{202e}gpj.exe", "abcgpj.exe"),
            ("a\u{200d}b\u{200b}c\u{feff}", "abc"),
            ("a\0b\u{1b}[31mc", "ab[31mc"),
            ("\u{2066}x\u{2069}", "x"),
            ("\u{e0041}tag", "tag"),
            ("Ünïcode 漢字", "Ünïcode 漢字"),
            ("\u{202e}\u{200b}", ""),
        ] {
            assert_eq!(SafeText::new(text).as_str(), shown, "{text:?}");
        }
        let long = SafeText::new(&"x".repeat(10_000));
        assert_eq!(long.as_str().chars().count(), MAX_CHARACTERS);
        assert!(long.as_str().ends_with('…'));
        assert_eq!(SafeText::new("  é1").initial(), 'É');
        assert_eq!(SafeText::new("!").initial(), '?');
    }

    #[test]
    fn the_end_of_a_host_is_always_shown() {
        // sec: MC-4
        let long = format!("bank.example.{}.evil.example:8443", "a".repeat(210));
        assert_eq!(SafeText::of_host(&long).as_str(), long);
        let none = format!("bank.example.{}.evil.example", "a".repeat(400));
        let shown = SafeText::of_host(&none);
        assert!(shown.as_str().starts_with("…a"), "{shown}");
        assert!(shown.as_str().ends_with("a.evil.example"), "{shown}");
        assert_eq!(SafeText::of_host("a\u{202e}b").as_str(), "ab");
        let several = ["good.example", "evil.example", "good.example"];
        let several = SafeText::of_hosts(several.into_iter());
        assert_eq!(several.as_str(), "good.example, evil.example");
    }

    #[test]
    fn links_lead_to_the_web_or_to_our_own_paths() {
        // sec: CS-8
        for text in [
            "https://a.example/x?y#z",
            "http://127.0.0.1:80/",
            "/docs",
            "/app/x?y=1",
        ] {
            assert!(Link::new(text).is_some(), "{text}");
        }
        for text in [
            "",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            " javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https:\\evil.example",
            "https://a b",
            "mailto:a@b",
            "file:///x",
            "relative",
        ] {
            assert!(Link::new(text).is_none(), "{text}");
        }
    }
}
