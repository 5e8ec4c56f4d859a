//! Bytes that are no text as texts that a filter can read: what is no visible character ends a line. It
//! judges nothing.

/// What a byte reads as in ASCII; a line end for what is no character.
const fn visible(byte: u8) -> u8 {
    match byte {
        b' '..=b'~' | b'\t' => byte,
        _ => b'\n',
    }
}

/// The bytes as ASCII.
pub(super) fn ascii(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| char::from(visible(*byte)))
        .collect()
}

/// The bytes as UTF-16 of ASCII characters, little-endian, from the first byte on.
pub(super) fn utf16(bytes: &[u8]) -> String {
    let (units, _) = bytes.as_chunks::<2>();
    let character = |unit: &[u8; 2]| match unit {
        [low, 0] => char::from(visible(*low)),
        _ => '\n',
    };
    units.iter().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_between_bytes_is_read_whole() {
        assert_eq!(ascii(b"\x00\x01key=v\xc3\xa4\x7f"), "\n\nkey=v\n\n\n");
        let wide: Vec<u8> = "key=v".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(utf16(&wide), "key=v");
        let shifted = [&[7][..], &wide].concat();
        assert_eq!(utf16(&shifted[1..]), "key=v");
        let big: Vec<u8> = "key=v".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(
            utf16(&big[1..]),
            "key=",
            "big-endian, from the second byte on"
        );
        assert_eq!(utf16(b"x"), "");
    }
}
