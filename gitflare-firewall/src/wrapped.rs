//! Texts wrapped in base64: a run that begins like JSON or a token, or that holds the base64 of a
//! telling word, is decoded once and judged by what it holds; lines wrapped at 60 to 76 characters
//! go together. What is wrapped twice is not unwrapped again.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::{shape::Set, text::View};

/// Beginnings of wrapped JSON and of wrapped tokens of common forms, and telling words at each of the three places where a word can
/// stand in base64: `password`, `PASSWORD`, `secret`, `SECRET`, `PRIVATE KEY`.
pub(crate) const MARKS: &[&str] = &[
    "eyJ",
    "ewog",
    "ewoJ",
    "eyAi",
    "W3si",
    "Z2hwX",
    "Z2hzX",
    "Z2l0aHViX3BhdF",
    "Z2xwYXQt",
    "QUtJQ",
    "eG94Y",
    "eG94c",
    "c2stYW50",
    "c2tfbGl2ZV",
    "cGFzc3dvcm",
    "Bhc3N3b3Jk",
    "wYXNzd29yZ",
    "c2VjcmV0",
    "NlY3Jld",
    "zZWNyZX",
    "UEFTU1dPUk",
    "BBU1NXT1JE",
    "QQVNTV09SR",
    "U0VDUkVU",
    "NFQ1JFV",
    "TRUNSRV",
    "UFJJVkFURSBLRV",
    "BSSVZBVEUgS0VZ",
    "QUklWQVRFIEtFW",
];

/// How many of them are the beginning of a text.
const BEGINNINGS: usize = 14;
/// How far into its run a mark may stand.
const DEEPEST: usize = 256;
/// A run shorter than this holds no secret worth unwrapping.
const SHORTEST: usize = 32;
const STANDARD: Set = Set::new("A-Za-z0-9+/");
const URL_SAFE: Set = Set::new(r"\w-");

/// The run of base64 around the mark at `at` and the text that it holds.
pub(crate) fn text(view: &View<'_>, at: usize) -> Option<(usize, usize, Vec<u8>)> {
    let mark = MARKS
        .iter()
        .position(|mark| view.has(at, mark.as_bytes()))?;
    [
        (STANDARD, &alphabet::STANDARD),
        (URL_SAFE, &alphabet::URL_SAFE),
    ]
    .into_iter()
    .find_map(|(set, alphabet)| decode(view, at, mark, set, alphabet))
}

/// The other lines of base64 around the one at `start..end`, which is wrapped like them at 60 to 76
/// characters.
pub(crate) fn lines_around(view: &View<'_>, start: usize, end: usize) -> Vec<(usize, usize)> {
    let len = end - start;
    let mut lines = Vec::new();
    if !(60..=76).contains(&len) {
        return lines;
    }
    let mut line = view.line_start(start);
    while lines.len() < MOST_LINES && line > view.floor && view.before(line) == b'\n' {
        let stop = line - 1 - usize::from(view.before(line - 1) == b'\r');
        let from = STANDARD.run_back(view.text, stop, view.floor);
        if stop - from != len {
            break;
        }
        lines.push((from, stop));
        line = view.line_start(from);
    }
    let mut at = end;
    while let Some(next) = view.next_line(at).filter(|_| lines.len() < MOST_LINES) {
        let run = STANDARD.run(view.text, next, view.limit);
        let stop = Set::new("=").run(view.text, run, view.limit.min(run + 2));
        if run == next || run - next > len || !view.ends_line(stop) {
            break;
        }
        lines.push((next, stop));
        if run - next < len {
            break;
        }
        at = stop;
    }
    lines
}

/// Wrapped lines that go with one that holds a secret.
const MOST_LINES: usize = 64;

fn decode(
    view: &View<'_>,
    at: usize,
    mark: usize,
    set: Set,
    alphabet: &alphabet::Alphabet,
) -> Option<(usize, usize, Vec<u8>)> {
    if mark < BEGINNINGS && at > 0 && set.has(view.text[at - 1]) {
        return None;
    }
    let floor = view.floor.max(at.saturating_sub(DEEPEST));
    let start = set.run_back(view.text, at, floor);
    // Where the run begins further back, nobody can tell its groups of four; and each run is
    // unwrapped once for each mark, not for each place where the mark stands.
    if start == floor && start > 0
        || memchr::memmem::find(&view.text[start..at], MARKS[mark].as_bytes()).is_some()
    {
        return None;
    }
    let end = set.run(view.text, at, view.limit);
    if end - start < SHORTEST {
        return None;
    }
    let groups = (end - start) / 4 * 4;
    let whole = if (end - start) % 4 == 1 {
        start + groups
    } else {
        end
    };
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let text = GeneralPurpose::new(alphabet, config)
        .decode(&view.text[start..whole])
        .ok()?;
    let readable = text
        .iter()
        .all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0x80..));
    let stop = end + Set::new("=").run(view.text, end, view.limit.min(end + 2)) - end;
    readable.then_some((start, stop, text))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;
    use crate::Redactor;

    fn redact(text: &str) -> String {
        let redacted = Redactor::new(&[7; 32]).redact(text.as_bytes()).bytes;
        String::from_utf8(redacted.into_owned()).unwrap()
    }

    #[test]
    fn what_is_wrapped_is_judged_by_what_it_holds() {
        for (text, secret) in [
            (r#"{"user":"bob","password":"hunter22"}"#, true),
            (r#"[{"k":1,"secret":"k3J9sX0qPz7LmN2v"}]"#, true),
            ("user=bob\ndb_password=Zx9!kLm2q\nhost=localhost", true),
            ("# for tests\nDB_PASSWORD=Zx9kLm2q\nDB_HOST=db", true),
            (
                "ab: |\n -----BEGIN PRIVATE KEY-----\n MIIEvgIBADANBgkqhkiG9w0",
                true,
            ),
            (
                r#"{"a":1,"b":[1,2,3],"title":"Hello, this is fine"}"#,
                false,
            ),
            ("the password is required here, friend of mine", false),
        ] {
            for wrapped in [STANDARD.encode(text), URL_SAFE_NO_PAD.encode(text)] {
                let line = format!("data({wrapped})");
                let redacted = redact(&line);
                if secret {
                    assert!(
                        redacted.starts_with("data(gf_sha256:") && redacted.len() == 32,
                        "{text}: {redacted}"
                    );
                } else {
                    assert_eq!(redacted, line, "{text}");
                }
                // One level only.
                let twice = format!("data({})", STANDARD.encode(format!("x {wrapped}")));
                assert_eq!(redact(&twice), twice, "{text}");
            }
        }
    }

    #[test]
    fn lines_of_wrapped_base64_go_together() {
        let text = format!(
            "{}\nuser=bob\npassword=k3J9sX0qPz7LmN2v\n{}",
            "a: b\n".repeat(27),
            "c: d\n".repeat(30)
        );
        let encoded = STANDARD.encode(text);
        for width in [60, 64, 76] {
            let lines: Vec<_> = encoded.as_bytes().chunks(width).collect();
            let wrapped = lines.join(&b"\n  "[..]);
            let redacted = redact(&format!(
                "x: |\n  {}\ny: z",
                String::from_utf8(wrapped).unwrap()
            ));
            for line in lines {
                let line = std::str::from_utf8(line).unwrap();
                assert!(!redacted.contains(line), "{width}: {line} in {redacted}");
            }
            assert!(redacted.starts_with("x: |\n") && redacted.ends_with("\ny: z"));
        }
    }

    #[test]
    fn a_run_that_holds_no_text_stays() {
        let bytes: Vec<u8> = (0..=255).collect();
        let line = format!(
            "\"{}cGFzc3dvcmQ{}\"",
            STANDARD.encode(&bytes[..96]),
            STANDARD.encode(&bytes)
        );
        assert_eq!(redact(&line), line);
    }
}
