//! Archives and compressed files, told by the bytes that they begin with, and a zip by those that it ends
//! with. What is in them is not looked at.

/// Where a mark stands, and what it is.
type Mark = (usize, &'static [u8]);

/// The marks of formats that hold other files, or the same one in a form that no scanner reads.
const MARKS: &[Mark] = &[
    // Zip and all that is built on it: office documents, packages, jars; also empty and split ones.
    (0, b"PK\x03\x04"),
    (0, b"PK\x05\x06"),
    (0, b"PK\x07\x08"),
    (0, b"\x1f\x8b"),
    // The older `compress`, and `pack`.
    (0, b"\x1f\x9d"),
    (0, b"\x1f\xa0"),
    (0, b"BZh"),
    (0, b"\xfd7zXZ\x00"),
    // LZMA alone, with the properties that its own tool writes.
    (0, b"\x5d\x00\x00"),
    (0, b"LZIP"),
    (0, b"\x04\x22\x4d\x18"),
    (0, b"\x28\xb5\x2f\xfd"),
    (0, b"7z\xbc\xaf\x27\x1c"),
    (0, b"Rar!\x1a\x07"),
    // Tape archives, POSIX and GNU.
    (257, b"ustar"),
    // `ar`, and with it Debian packages and static libraries.
    (0, b"!<arch>\n"),
    (0, b"!<thin>\n"),
    // RPM packages hold a compressed `cpio`.
    (0, b"\xed\xab\xee\xdb"),
    (0, b"070701"),
    (0, b"070702"),
    (0, b"070707"),
    (0, b"\xc7\x71"),
    (0, b"\x71\xc7"),
    (0, b"MSCF"),
    (0, b"xar!"),
    // ISO 9660, in the first of its descriptors.
    (0x8001, b"CD001"),
    // Git's own.
    (0, b"PACK"),
    (0, b"# v2 git bundle\n"),
    (0, b"# v3 git bundle\n"),
];

/// Whether bytes are an archive or compressed.
pub(super) fn is_container(bytes: &[u8]) -> bool {
    let has = |(at, mark): &Mark| bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark));
    // A skippable frame in front of the first one that holds something.
    let is_skippable = matches!(bytes, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]);
    is_skippable || MARKS.iter().any(has) || ends_as_zip(bytes)
}

/// Whether bytes end in the directory of a zip: one that a program or a picture stands in front of is
/// opened by it alone. <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT> 4.3.16
fn ends_as_zip(bytes: &[u8]) -> bool {
    /// The end record without its comment, and the longest comment.
    const RECORD: usize = 22;
    const COMMENT: usize = 65_535;
    let tail = &bytes[bytes.len().saturating_sub(RECORD + COMMENT)..];
    let ends = tail.len().saturating_sub(RECORD - 4);
    tail[..ends].windows(4).any(|mark| mark == b"PK\x05\x06")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_one_where_it_stands_and_nowhere_else() {
        for (at, mark) in MARKS {
            let mut bytes = vec![0xee; *at];
            bytes.extend_from_slice(mark);
            assert!(is_container(&bytes), "{mark:?}");
            bytes.insert(0, 0xee);
            assert!(!is_container(&bytes), "{mark:?}");
        }
        assert!(is_container(b"\x5a\x2a\x4d\x18\x00"));
        let end = [&b"PK\x05\x06"[..], &[0; 18]].concat();
        let program = [&b"#!/usr/bin/env python3\n"[..], &[7; 300], &end].concat();
        assert!(is_container(&program));
        assert!(
            is_container(&[&program[..], &[b'c'; 65_535]].concat()),
            "a comment"
        );
        assert!(!is_container(&[&program[..], &[b'c'; 65_536]].concat()));
        assert!(!is_container(&program[..program.len() - 1]));
        for other in [&b"\x89PNG\r\n"[..], b"\x7fELF", b"%PDF-1.7", b"PK", b""] {
            assert!(!is_container(other), "{other:?}");
        }
    }
}
