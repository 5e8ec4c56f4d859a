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

/// The bytes as units of `N` bytes that hold an ASCII character each, little-endian, from the first
/// byte on: UTF-16 and UTF-32.
pub(super) fn wide<const N: usize>(bytes: &[u8]) -> String {
    let (units, _) = bytes.as_chunks::<N>();
    let character = |unit: &[u8; N]| match unit.split_first() {
        Some((low, rest)) if rest.iter().all(|byte| *byte == 0) => char::from(visible(*low)),
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
        assert_eq!(super::wide::<2>(&wide), "key=v");
        let shifted = [&[7][..], &wide].concat();
        assert_eq!(super::wide::<2>(&shifted[1..]), "key=v");
        let big: Vec<u8> = "key=v".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(
            super::wide::<2>(&big[1..]),
            "key=",
            "big-endian, from the second byte on"
        );
        assert_eq!(super::wide::<2>(b"x"), "");
        let units = "key=v".chars().map(u32::from);
        let little: Vec<u8> = units.clone().flat_map(u32::to_le_bytes).collect();
        assert_eq!(super::wide::<4>(&little), "key=v");
        let big: Vec<u8> = units.flat_map(u32::to_be_bytes).collect();
        assert_eq!(super::wide::<4>(&big[3..]), "key=");
    }
}
