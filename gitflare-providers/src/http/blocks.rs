//! Finds quotes, brackets and commas of JSON in blocks of 64 bytes, a bit for each byte, and which bytes
//! stand in strings: "Parsing Gigabytes of JSON per Second" (Langdale, Lemire), section 3.1. What is
//! found means nothing here.

use wide::u8x16;

/// Bytes that are compared at once.
const LANES: usize = 16;
/// Bytes of a block.
pub(super) const BLOCK: usize = 64;

/// What stands where in a block: the lowest bit is its first byte.
pub(super) struct Block {
    quotes: u64,
    backslashes: u64,
    /// Of all four kinds.
    pub(super) brackets: u64,
    pub(super) commas: u64,
}

/// Where a text stands between two blocks.
#[derive(Clone, Copy)]
pub(super) struct Strings {
    pub(super) inside: bool,
    /// Whether the next byte follows a backslash that counts.
    pub(super) escaped: bool,
}

impl Strings {
    /// Moves behind a block; its bytes that stand in strings, closing quotes not among them.
    pub(super) fn next(&mut self, block: &Block) -> u64 {
        let quotes = block.quotes & !self.escaped(block.backslashes);
        // Each bit becomes the parity of the quotes up to it.
        let mut inside = quotes;
        for shift in [1, 2, 4, 8, 16, 32] {
            inside ^= inside << shift;
        }
        if self.inside {
            inside = !inside;
        }
        self.inside = inside >> (BLOCK - 1) == 1;
        inside
    }

    /// The bytes that follow a backslash that counts. Every second one of a run does not.
    fn escaped(&mut self, mut backslashes: u64) -> u64 {
        let mut escaped = u64::from(self.escaped);
        backslashes &= !escaped;
        self.escaped = false;
        while backslashes != 0 {
            let first = backslashes & backslashes.wrapping_neg();
            self.escaped = first >> (BLOCK - 1) == 1;
            escaped |= first << 1;
            backslashes &= !(first | first << 1);
        }
        escaped
    }
}

impl Block {
    /// Looks at a block.
    pub(super) fn of(bytes: &[u8; BLOCK]) -> Self {
        let mut block = Self::EMPTY;
        for (at, part) in bytes.as_chunks::<LANES>().0.iter().enumerate() {
            let text = u8x16::new(*part);
            // `[` and `{`, `]` and `}` differ by that bit, which no other character turns into them.
            let folded = text | u8x16::splat(0x20);
            let is = |text: u8x16, byte: u8| text.simd_eq(u8x16::splat(byte));
            let bits = |found: u8x16| u64::from(found.to_bitmask()) << (LANES * at);
            block.quotes |= bits(is(text, b'"'));
            block.backslashes |= bits(is(text, b'\\'));
            block.brackets |= bits(is(folded, b'{') | is(folded, b'}'));
            block.commas |= bits(is(text, b','));
        }
        block
    }

    const EMPTY: Self = Self {
        quotes: 0,
        backslashes: 0,
        brackets: 0,
        commas: 0,
    };

    #[cfg(test)]
    fn one_by_one(bytes: &[u8; BLOCK]) -> Self {
        let mut block = Self::EMPTY;
        for (at, byte) in bytes.iter().enumerate() {
            let bits = match byte {
                b'"' => &mut block.quotes,
                b'\\' => &mut block.backslashes,
                b'[' | b'{' | b']' | b'}' => &mut block.brackets,
                b',' => &mut block.commas,
                _ => continue,
            };
            *bits |= 1 << at;
        }
        block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_known_at_every_place() {
        for byte in 0..=u8::MAX {
            for at in 0..BLOCK {
                let mut bytes = [b'x'; BLOCK];
                bytes[at] = byte;
                let (one, all) = (Block::one_by_one(&bytes), Block::of(&bytes));
                assert_eq!(one.quotes, all.quotes, "{byte} {at}");
                assert_eq!(one.backslashes, all.backslashes, "{byte} {at}");
                assert_eq!(one.brackets, all.brackets, "{byte} {at}");
                assert_eq!(one.commas, all.commas, "{byte} {at}");
            }
        }
    }

    #[test]
    fn strings_are_followed_across_blocks() {
        for text in [
            r#"{"a":"b\\","c":"\"","d":"\\\"\\"}"#,
            r#"["\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\"","\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\"]"#,
        ] {
            for shift in 0..2 * BLOCK {
                let mut bytes = vec![b' '; shift];
                bytes.extend_from_slice(text.as_bytes());
                bytes.resize(bytes.len().next_multiple_of(BLOCK), b' ');
                let (mut inside, mut escaped) = (false, false);
                let mut strings = Strings { inside, escaped };
                for block in bytes.as_chunks::<BLOCK>().0 {
                    let found = strings.next(&Block::of(block));
                    for (at, byte) in block.iter().enumerate() {
                        let ends = *byte == b'"' && !escaped;
                        inside ^= ends;
                        escaped = *byte == b'\\' && !escaped;
                        assert_eq!(found >> at & 1 == 1, inside, "{shift} {at} {text}");
                    }
                }
            }
        }
    }
}
