//! Percent-encoded text: query strings, form bodies, path segments. Each is decoded once; what is
//! not valid UTF-8 afterwards, or was never valid percent-encoding, is refused.

use std::borrow::Cow;

use gitflare_core::{Error, Result};
use percent_encoding::percent_decode_str;
use zeroize::Zeroize;

/// The most pairs of a query or form (HT-2).
const MAX_PAIRS: usize = 100;

/// The most pairs of a form that chooses repositories, a thousand per account.
const MAX_CHOICES: usize = 4000;

/// The fields of a form, decoded, in the order sent. They are zeroized when dropped.
#[derive(Debug)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Parses `application/x-www-form-urlencoded` text.
    pub(super) fn parse(text: &str) -> Result<Self> {
        pairs_up_to(MAX_CHOICES, text, "form").map(Self)
    }

    /// The fields of a form that was taken apart already.
    pub(super) fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// Every (name, value), in the order sent.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// A field that is sent at most once; one without a value counts as left out.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        let value = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            return Err(Error::invalid_request(format!(
                "`{name}` must be sent once."
            )));
        }
        Ok(value.filter(|value| !value.is_empty()))
    }

    /// The values of a field that can be sent several times.
    pub(super) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.as_str())
    }

    /// The session's token; empty without one, or with several.
    pub(super) fn csrf(&self) -> &str {
        self.text("csrf").ok().flatten().unwrap_or_default()
    }
}

impl Drop for Form {
    /// Forms carry passwords.
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            value.zeroize();
        }
    }
}

/// The pairs of `application/x-www-form-urlencoded` text, in order; `what` names it in errors.
pub(super) fn pairs(text: &str, what: &str) -> Result<Vec<(String, String)>> {
    pairs_up_to(MAX_PAIRS, text, what)
}

/// The same, of at most `max` pairs.
fn pairs_up_to(max: usize, text: &str, what: &str) -> Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == max {
            return Err(Error::invalid_request(format!(
                "The {what} must have at most {max} parameters."
            )));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((component(name, what)?, component(value, what)?));
    }
    Ok(pairs)
}

/// One name or value of a form, where `+` stands for a space.
pub(super) fn component(text: &str, what: &str) -> Result<String> {
    let spaced = if text.contains('+') {
        Cow::Owned(text.replace('+', " "))
    } else {
        Cow::Borrowed(text)
    };
    decode(&spaced, what)
}

/// One path segment, where `+` stands for itself.
pub(super) fn segment(text: &str) -> Result<String> {
    decode(text, "path")
}

fn decode(text: &str, what: &str) -> Result<String> {
    let malformed = || {
        Error::invalid_request(format!(
            "The {what} is not valid percent-encoded UTF-8 text."
        ))
    };
    let bytes = text.as_bytes();
    let whole = bytes.iter().enumerate().all(|(at, &byte)| {
        byte != b'%'
            || matches!(bytes.get(at + 1..at + 3), Some(hex) if hex.iter().all(u8::is_ascii_hexdigit))
    });
    if !whole {
        return Err(malformed());
    }
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err(malformed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_decoded_once() {
        for (sent, expected) in [
            ("a=1&b=2", vec![("a", "1"), ("b", "2")]),
            ("a", vec![("a", "")]),
            ("&&a=&", vec![("a", "")]),
            ("a=b=c", vec![("a", "b=c")]),
            ("a+b=c%2Bd+e", vec![("a b", "c+d e")]),
            ("path=%252e", vec![("path", "%2e")]),
            ("%61=%C3%A9", vec![("a", "é")]),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            assert_eq!(pairs(sent, "query").unwrap(), expected, "{sent}");
        }
        assert_eq!(segment("a+b%2Fc").unwrap(), "a+b/c");
    }

    #[test]
    fn what_is_not_percent_encoded_text_is_refused() {
        for sent in ["a=%", "a=%4", "a=%zz", "a=%ff", "%c3=1", "a=%+1"] {
            assert!(pairs(sent, "query").is_err(), "{sent}");
        }
    }

    #[test]
    fn a_query_has_at_most_a_hundred_pairs() {
        // sec: HT-2
        let of = |count: usize| vec!["a=1"; count].join("&");
        assert_eq!(pairs(&of(99), "query").unwrap().len(), 99);
        assert_eq!(pairs(&of(100), "query").unwrap().len(), 100);
        assert!(pairs(&of(101), "query").is_err());
    }
}
