//! Takes commits, annotated tags and identities apart, as forgivingly as Git does: a line that
//! cannot be understood makes a field unknown, not the object unreadable.

use std::borrow::Cow;

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS, UTF_16BE, UTF_16LE};
use gitflare_core::{
    Timestamp,
    model::{Signature, Tagger},
};
use gix::ObjectId;

/// A commit object.
#[derive(Debug)]
pub(super) struct RawCommit {
    data: Vec<u8>,
    pub(super) tree: ObjectId,
    pub(super) parents: Vec<ObjectId>,
}

impl RawCommit {
    pub(super) fn parse(data: Vec<u8>, hash: gix::hash::Kind) -> Option<Self> {
        let mut rest = &data[..];
        let tree = take_id(&mut rest, b"tree ", hash)?;
        let mut parents = Vec::new();
        while rest.starts_with(b"parent ") {
            parents.push(take_id(&mut rest, b"parent ", hash)?);
        }
        Some(Self {
            tree,
            parents,
            data,
        })
    }

    /// Drops everything but the ids.
    pub(super) fn forget_texts(&mut self) {
        self.data = Vec::new();
    }

    pub(super) fn author(&self) -> Option<Signature> {
        self.header(b"author ").map(|line| self.signature(line))
    }

    pub(super) fn committer(&self) -> Option<Signature> {
        self.header(b"committer ").map(|line| self.signature(line))
    }

    /// The whole message without white space at its end.
    pub(super) fn message(&self) -> String {
        self.text(message_of(&self.data))
            .trim_ascii_end()
            .to_owned()
    }

    /// The time that orders histories, as Git reads it: 0 when it cannot be read, and a negative
    /// number wraps around to a far future.
    pub(super) fn order_time(&self) -> u64 {
        let Some(line) = self.header(b"committer ") else {
            return 0;
        };
        let after_mail = line.iter().rposition(|byte| *byte == b'>');
        let Some(date) = after_mail.map(|at| line[at + 1..].trim_ascii_start()) else {
            return 0;
        };
        let (negative, digits) = match date.split_first() {
            Some((b'-', rest)) => (true, rest),
            _ => (false, date),
        };
        let number =
            digits
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .fold(0u64, |number, digit| {
                    number
                        .saturating_mul(10)
                        .saturating_add(u64::from(digit - b'0'))
                });
        if negative && number != u64::MAX {
            number.wrapping_neg()
        } else {
            number
        }
    }

    fn header(&self, name: &[u8]) -> Option<&[u8]> {
        header_of(&self.data, name)
    }

    fn text<'a>(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        decode(bytes, self.header(b"encoding "))
    }

    fn signature(&self, line: &[u8]) -> Signature {
        let ident = Ident::parse(line);
        let known = |bytes: Option<&[u8]>| {
            bytes
                .filter(|bytes| !bytes.is_empty())
                .map(|bytes| self.text(bytes).into_owned())
        };
        Signature {
            name: known(ident.name),
            email: known(ident.email),
            date: ident.date,
            login: None,
            avatar_url: None,
        }
    }
}

/// The first paragraph of a message on one line, as Git shows a commit's subject.
pub(super) fn title_of(message: &str) -> String {
    let lines = message.lines().map(str::trim_ascii_end);
    let paragraph: Vec<_> = lines
        .skip_while(|line| line.is_empty())
        .take_while(|line| !line.is_empty())
        .collect();
    paragraph.join(" ")
}

/// An annotated tag.
#[derive(Debug)]
pub(super) struct RawTag {
    data: Vec<u8>,
    pub(super) target: ObjectId,
}

impl RawTag {
    pub(super) fn parse(data: Vec<u8>, hash: gix::hash::Kind) -> Option<Self> {
        let target = take_id(&mut &data[..], b"object ", hash)?;
        Some(Self { data, target })
    }

    pub(super) fn message(&self) -> String {
        self.text(message_of(&self.data))
            .trim_ascii_end()
            .to_owned()
    }

    pub(super) fn tagger(&self) -> Option<Tagger> {
        let ident = Ident::parse(header_of(&self.data, b"tagger ")?);
        let known = |bytes: Option<&[u8]>| {
            bytes
                .filter(|bytes| !bytes.is_empty())
                .map(|bytes| self.text(bytes).into_owned())
        };
        Some(Tagger {
            name: known(ident.name),
            email: known(ident.email),
            date: ident.date,
        })
    }

    fn text<'a>(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        decode(bytes, header_of(&self.data, b"encoding "))
    }
}

/// `Name <mail> seconds zone`, taken apart from the outside in.
struct Ident<'a> {
    name: Option<&'a [u8]>,
    email: Option<&'a [u8]>,
    date: Option<Timestamp>,
}

impl<'a> Ident<'a> {
    fn parse(line: &'a [u8]) -> Self {
        let unknown = Self {
            name: None,
            email: None,
            date: None,
        };
        let Some(open) = line.iter().position(|byte| *byte == b'<') else {
            return unknown;
        };
        let mail = &line[open + 1..];
        let Some(close) = mail.iter().position(|byte| *byte == b'>') else {
            return unknown;
        };
        // A stray `>` in the mail must not hide the date.
        let last = mail.iter().rposition(|byte| *byte == b'>').unwrap_or(close);
        Self {
            name: Some(line[..open].trim_ascii_end()),
            email: Some(&mail[..close]),
            date: parse_date(mail[last + 1..].trim_ascii_start()),
        }
    }
}

/// `seconds zone`; without a zone it is not a date to Git.
fn parse_date(text: &[u8]) -> Option<Timestamp> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (seconds, zone) = text.split_at(digits);
    let seconds = str::from_utf8(seconds).ok()?.parse().ok()?;
    match zone.trim_ascii_start() {
        [b'+' | b'-', digit, ..] if digit.is_ascii_digit() => Timestamp::from_seconds(seconds),
        _ => None,
    }
}

fn take_id(rest: &mut &[u8], name: &[u8], hash: gix::hash::Kind) -> Option<ObjectId> {
    let line = rest.strip_prefix(name)?;
    let (hex, after) = line.split_at_checked(hash.len_in_hex())?;
    *rest = after.strip_prefix(b"\n")?;
    ObjectId::from_hex(hex).ok()
}

/// The value of the first header line of that name; continuation lines are not needed by any.
fn header_of<'a>(data: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    data.split(|byte| *byte == b'\n')
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.strip_prefix(name))
}

fn message_of(data: &[u8]) -> &[u8] {
    data.windows(2)
        .position(|pair| pair == b"\n\n")
        .map_or(&[], |at| &data[at + 2..])
}

/// Text in the encoding that the object names, UTF-8 when it names none or one nobody knows.
/// Bytes that do not fit become U+FFFD.
fn decode<'a>(bytes: &'a [u8], label: Option<&[u8]>) -> Cow<'a, str> {
    match label {
        None => String::from_utf8_lossy(bytes),
        // The encoding that browsers mean by this label has other characters from 0x80 to 0x9f.
        Some(label) if is_latin_1(label) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        Some(label) => match encoding_of(label) {
            Some(encoding) => encoding.decode_without_bom_handling(bytes).0,
            None => String::from_utf8_lossy(bytes),
        },
    }
}

/// The encoding of that name; `None` for one that nobody knows, or that the text of an object cannot have
/// or need not: Git shows such bytes as they are.
fn encoding_of(label: &[u8]) -> Option<&'static Encoding> {
    /// Names that Git's tools write and browsers do not know.
    const OTHERS: [(&str, &Encoding); 7] = [
        ("cp932", SHIFT_JIS),
        ("eucjp", EUC_JP),
        ("euckr", EUC_KR),
        ("cp936", GBK),
        ("cp949", EUC_KR),
        ("uhc", EUC_KR),
        ("cp950", BIG5),
    ];
    // Browsers read this as Windows' Western encoding.
    const ASCII: [&str; 3] = ["ascii", "us-ascii", "ansi_x3.4-1968"];
    let is = |name: &str| label.eq_ignore_ascii_case(name.as_bytes());
    if ASCII.into_iter().any(is) {
        return None;
    }
    let other = OTHERS.iter().find(|(name, _)| is(name));
    let found = other.map(|(_, encoding)| *encoding);
    // Some labels stand for encodings that browsers refuse to decode at all.
    let found = found.or_else(|| Encoding::for_label_no_replacement(label));
    found.filter(|encoding| *encoding != UTF_16LE && *encoding != UTF_16BE)
}

fn is_latin_1(label: &[u8]) -> bool {
    [
        &b"iso-8859-1"[..],
        b"iso8859-1",
        b"iso_8859-1",
        b"latin1",
        b"latin-1",
    ]
    .iter()
    .any(|name| label.eq_ignore_ascii_case(name))
}

/// A text that Git keeps as bytes: a path or a name of a ref.
pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_in_the_encoding_that_it_names() {
        for (label, bytes, expected) in [
            ("", &b"\xc3\xa9"[..], "\u{e9}"),
            ("latin1", b"\xe9\x80", "\u{e9}\u{80}"),
            ("windows-1252", b"\x80", "\u{20ac}"),
            ("KOI8-R", b"\xc1", "\u{430}"),
            ("SHIFT_JIS", b"\x93\xfa", "\u{65e5}"),
            ("cp932", b"\x93\xfa\x5c", "\u{65e5}\\"),
            ("EUC-JP", b"\xc6\xfc", "\u{65e5}"),
            ("eucJP", b"\xc6\xfc", "\u{65e5}"),
            ("cp936", b"\xc8\xd5", "\u{65e5}"),
            ("cp949", b"\xec\xed", "\u{65e5}"),
            ("eucKR", b"\xec\xed", "\u{65e5}"),
            ("cp950", b"\xa4\xe9", "\u{65e5}"),
            // As Git shows what it cannot convert.
            ("UTF-16", b"plain", "plain"),
            ("utf-16le", b"plain", "plain"),
            ("US-ASCII", b"caf\xe9", "caf\u{fffd}"),
            ("no-such", b"\xc3\xa9", "\u{e9}"),
        ] {
            let named = Some(label.as_bytes()).filter(|label| !label.is_empty());
            assert_eq!(decode(bytes, named), expected, "{label}");
        }
    }
}
