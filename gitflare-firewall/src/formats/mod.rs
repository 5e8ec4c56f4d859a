//! Token formats that providers have published or that are known from use: a literal by which the
//! scanner finds them and a shape that confirms them.
//!
//! To add a format, add a row to the table of its kind: [`row`] when the token begins with the
//! literal, [`inner`] when something stands before it, [`link`] when it is a
//! link, [`mixed`] when the literal is short enough
//! to begin a word. Lengths are minimums, for providers lengthen tokens without notice; a run is
//! read to the end of its alphabet. Checksums are not looked at: a failed one must not let a token
//! through.

mod cloud;
mod messaging;
mod services;
mod software;

use crate::shape::{Set, Shape};

/// One row of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    before: &'static str,
    anchor: &'static str,
    after: &'static str,
    mixed: bool,
}

/// A token that begins with `anchor`.
const fn row(anchor: &'static str, after: &'static str) -> Row {
    Row {
        before: "",
        anchor,
        after,
        mixed: false,
    }
}

/// A token that begins with `anchor` and must look random, because words may begin so too.
const fn mixed(anchor: &'static str, after: &'static str) -> Row {
    Row {
        before: "",
        anchor,
        after,
        mixed: true,
    }
}

/// A token that has `anchor` inside.
const fn inner(before: &'static str, anchor: &'static str, after: &'static str) -> Row {
    Row {
        before,
        anchor,
        after,
        mixed: false,
    }
}

/// A link that is itself the secret, from its scheme on.
const fn link(anchor: &'static str, after: &'static str) -> Row {
    Row {
        before: LINK_HEAD,
        anchor,
        after,
        mixed: false,
    }
}

const LINK_HEAD: &str = "[a-z]{0,5}:?/{0,2}[A-Za-z0-9.-]{0,64}";

/// A compiled format.
#[derive(Debug)]
pub(crate) struct Format {
    /// The literal.
    pub(crate) anchor: &'static str,
    before: Option<Shape>,
    after: Shape,
    mixed: bool,
}

/// All formats.
pub(crate) fn all() -> Vec<Format> {
    [
        software::TOKENS,
        cloud::TOKENS,
        messaging::TOKENS,
        services::TOKENS,
    ]
    .concat()
    .into_iter()
    .map(|row| Format {
        anchor: row.anchor,
        before: (!row.before.is_empty()).then(|| Shape::new(row.before)),
        after: Shape::new(row.after),
        mixed: row.mixed,
    })
    .collect()
}

impl Format {
    /// The bytes that may follow the literal, for literals shorter than a window of the scanner.
    pub(crate) fn tail(&self) -> Set {
        self.after.first_set()
    }

    /// How many of them follow at least, as far as the scanner needs to know.
    pub(crate) fn run(&self) -> usize {
        self.after.first_run().min(MOST_RUN)
    }

    /// The token whose literal stands at `at`, within `floor..limit`.
    pub(crate) fn find(
        &self,
        text: &[u8],
        at: usize,
        floor: usize,
        limit: usize,
    ) -> Option<(usize, usize)> {
        let start = match &self.before {
            Some(before) => before.start(text, at, floor)?,
            None => at,
        };
        if text[at].is_ascii_alphanumeric() && self.before.is_none() && !begins_word(text, start) {
            return None;
        }
        // A run of base64 holds any few letters.
        if start > floor
            && matches!(text[start - 1], b'/' | b'+')
            && self.anchor.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && is_in_base64(&text[floor..start])
        {
            return None;
        }
        // Publishable keys are public by their providers' design.
        if text[floor..start].ends_with(b"pk_") {
            return None;
        }
        let body = at + self.anchor.len();
        // Longer runs go on by the engine's state; the bound keeps hostile texts cheap.
        let longest = if self.mixed { LONGEST_MIXED } else { LONGEST };
        let limit = limit.min(body + longest);
        let end = self.after.end(text, body, limit)?;
        // Types of SSH keys kept on a device are named like keys of OpenAI.
        let is_type = self.anchor == "sk-"
            && [&b"ssh-"[..], b"ecdsa-"]
                .iter()
                .any(|name| text[body..].starts_with(name));
        if is_type || self.mixed && !looks_generated(&text[body..end]) {
            return None;
        }
        Some((start, end))
    }

    /// Whether a token from `at` to `end` was cut short by the bound.
    pub(crate) fn is_cut(&self, at: usize, end: usize) -> bool {
        let longest = if self.mixed { LONGEST_MIXED } else { LONGEST };
        end >= at + self.anchor.len() + longest
    }
}

/// More than that no word has in a row.
const MOST_RUN: usize = 12;
const LONGEST: usize = 2048;
const LONGEST_MIXED: usize = 512;

/// Whether no token character stands directly before `at`; `_` and `-` may, and so may the last
/// character of an escape.
pub(crate) fn begins_word(text: &[u8], at: usize) -> bool {
    if at == 0 || !text[at - 1].is_ascii_alphanumeric() {
        return true;
    }
    let before = &text[at.saturating_sub(6)..at];
    match before {
        [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f' | b'v'] => true,
        [b'\\', b'u', digits @ ..] if digits.len() == 4 => digits.iter().all(u8::is_ascii_hexdigit),
        [.., b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        _ => false,
    }
}

/// Whether a long run of base64 ends `before`.
fn is_in_base64(before: &[u8]) -> bool {
    const BASE64: Set = Set::new("A-Za-z0-9+/");
    before.len() - BASE64.run_back(before, before.len(), before.len().saturating_sub(64)) >= 40
}

fn looks_generated(body: &[u8]) -> bool {
    let profile = crate::chance::Profile::of(&body[..body.len().min(256)]);
    profile.distinct >= 6 && (profile.digits > 0 || !profile.reads_like_words())
}

#[cfg(test)]
mod tests;
