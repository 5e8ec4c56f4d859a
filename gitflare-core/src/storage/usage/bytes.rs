//! How counts and rows of the usage log are written as bytes: numbers of seven bits a byte, lowest
//! first (LEB128), texts behind their length, ids of ours as their 128 bits.

use crate::ids;

/// The longest text that is read back.
const MAX_TEXT: u64 = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Output(pub(super) Vec<u8>);

impl Output {
    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub(super) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    /// A number of either sign; near zero is short.
    pub(super) fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    /// What stands behind the prefix of an id: 0 and 16 bytes for one that we made, else its text.
    pub(super) fn id_body(&mut self, body: &str) {
        match ids::to_bits(body) {
            Some(bits) => {
                self.byte(0);
                self.0.extend_from_slice(&bits.to_be_bytes());
            }
            None => self.text(body),
        }
    }
}

/// Bytes that are read from the front; `None` where they are not what was written.
#[derive(Clone, Debug)]
pub(super) struct Input<'a>(pub(super) &'a [u8]);

impl<'a> Input<'a> {
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// How many follow; never more than there are bytes left.
    pub(super) fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len()).then_some(count)
    }

    pub(super) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.number()?;
        self.text_of(length)
    }

    fn text_of(&mut self, length: u64) -> Option<&'a str> {
        if length > MAX_TEXT {
            return None;
        }
        std::str::from_utf8(self.take(length as usize)?).ok()
    }

    /// An id: its prefix and what [`Output::id_body`] has written.
    pub(super) fn id(&mut self, prefix: &str) -> Option<String> {
        let body = match self.number()? {
            0 => ids::from_bits(u128::from_be_bytes(self.take(16)?.try_into().ok()?)),
            length => self.text_of(length)?.to_owned(),
        };
        Some(format!("{prefix}{body}"))
    }

    /// Skips an id.
    pub(super) fn skip_id(&mut self) -> Option<()> {
        match self.number()? {
            0 => self.take(16)?,
            length => self.take(usize::try_from(length).ok()?)?,
        };
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_is_read_back(
            number: u64,
            signed: i64,
            text: String,
            own in "[0-7][0-9a-hjkmnp-tv-z]{25}",
            other in "[0-9A-Za-z]{1,64}",
        ) {
            let mut output = Output::default();
            output.number(number);
            output.signed(signed);
            output.text(&text);
            output.id_body(&own);
            output.id_body(&other);
            output.id_body(&own);
            let mut input = Input(&output.0);
            prop_assert_eq!(input.number(), Some(number));
            prop_assert_eq!(input.signed(), Some(signed));
            prop_assert_eq!(input.text(), Some(text.as_str()));
            prop_assert_eq!(input.id("log_"), Some(format!("log_{own}")));
            prop_assert_eq!(input.id("x_"), Some(format!("x_{other}")));
            prop_assert_eq!(input.skip_id(), Some(()));
            prop_assert!(input.0.is_empty());
        }

        #[test]
        fn no_bytes_are_too_strange_to_read(bytes: Vec<u8>) {
            let mut input = Input(&bytes);
            while input.number().is_some() && input.text().is_some() && input.id("").is_some() {}
        }
    }
}
