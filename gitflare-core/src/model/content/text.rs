//! Whether bytes are text, and which: UTF-8, or UTF-16 and UTF-32 by their byte-order mark. Nothing is
//! guessed: what is none of these is binary.

use super::SourceEncoding;

/// How much Git looks at to call a file binary.
const SNIFFED_BYTES: usize = 8000;

/// The text, without its byte-order mark; or the bytes again when they are none.
pub(super) fn decode(bytes: Vec<u8>) -> Result<(String, SourceEncoding), Vec<u8>> {
    // The mark of UTF-32 begins like that of UTF-16.
    let decoded = match &*bytes {
        [0xff, 0xfe, 0, 0, rest @ ..] => (utf32(rest, u32::from_le_bytes), SourceEncoding::Utf32Le),
        [0, 0, 0xfe, 0xff, rest @ ..] => (utf32(rest, u32::from_be_bytes), SourceEncoding::Utf32Be),
        [0xff, 0xfe, rest @ ..] => (utf16(rest, u16::from_le_bytes), SourceEncoding::Utf16Le),
        [0xfe, 0xff, rest @ ..] => (utf16(rest, u16::from_be_bytes), SourceEncoding::Utf16Be),
        _ => return utf8(bytes).map(|text| (text, SourceEncoding::Utf8)),
    };
    match decoded {
        (Some(text), encoding) => Ok((text, encoding)),
        (None, _) => Err(bytes),
    }
}

fn utf8(mut bytes: Vec<u8>) -> Result<String, Vec<u8>> {
    if bytes[..bytes.len().min(SNIFFED_BYTES)].contains(&0) {
        return Err(bytes);
    }
    if bytes.starts_with(b"\xef\xbb\xbf") && std::str::from_utf8(&bytes).is_ok() {
        bytes.drain(..3);
    }
    String::from_utf8(bytes).map_err(std::string::FromUtf8Error::into_bytes)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let units = units.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Option<String> {
    let (units, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return None;
    }
    units
        .iter()
        .map(|four| char::from_u32(unit(*four)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16_of(text: &str, mark: [u8; 2], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let units = text.encode_utf16().flat_map(bytes);
        mark.into_iter().chain(units).collect()
    }

    fn utf32_of(text: &str, mark: [u8; 4], bytes: fn(u32) -> [u8; 4]) -> Vec<u8> {
        let units = text.chars().flat_map(|c| bytes(c.into()));
        mark.into_iter().chain(units).collect()
    }

    #[test]
    fn a_text_is_known_by_its_mark_and_by_nothing_else() {
        use SourceEncoding::{Utf8, Utf16Be, Utf16Le, Utf32Be, Utf32Le};
        let text = "Stra\u{df}e \u{1f600}\r\nzwei\n";
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), Utf8),
            (marked, Utf8),
            (utf16_of(text, [0xff, 0xfe], u16::to_le_bytes), Utf16Le),
            (utf16_of(text, [0xfe, 0xff], u16::to_be_bytes), Utf16Be),
            (
                utf32_of(text, [0xff, 0xfe, 0, 0], u32::to_le_bytes),
                Utf32Le,
            ),
            (
                utf32_of(text, [0, 0, 0xfe, 0xff], u32::to_be_bytes),
                Utf32Be,
            ),
        ] {
            assert_eq!(decode(bytes), Ok((text.to_owned(), encoding)));
        }
        assert_eq!(decode(Vec::new()), Ok((String::new(), Utf8)));
    }

    #[test]
    fn what_is_no_text_comes_back_as_it_was() {
        let without_mark = utf16_of("password", [b'x', 0], u16::to_le_bytes);
        for bytes in [
            without_mark,
            b"\x00text".to_vec(),
            b"caf\xe9".to_vec(),
            b"\xff\xfea".to_vec(),
            // Half of a pair.
            b"\xff\xfe\x00\xd8a\x00".to_vec(),
            b"\xff\xfe\x00\x00\x00\x00\x11\x00".to_vec(),
            [&[b'a'; SNIFFED_BYTES - 1][..], &[0]].concat(),
        ] {
            assert_eq!(decode(bytes.clone()), Err(bytes));
        }
        let late = [&[b'a'; SNIFFED_BYTES][..], &[0]].concat();
        assert!(decode(late).is_ok(), "Git looks no further");
    }
}
