//! The journal of the usage log: rows that were answered and are not in the database yet. A row is
//! one write to a file, which the operating system keeps when this process ends; it is not waited
//! for until it is on the disk. At the next start, what the database has not got is read back.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use gitflare_core::Result;

use super::super::files::{private_file, refused, told};

/// Bytes after which another file is begun, so that older ones can go.
const SEGMENT_BYTES: u64 = 4 << 20;
/// The longest body: a pack of one row.
const MAX_BODY: usize = 1 << 20;
/// The length of a body and its checksum stand before it.
const HEAD: usize = 8;
const PREFIX: &str = "usage-";
const SUFFIX: &str = ".journal";

/// A place in the journal: its file, and the bytes before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) segment: u64,
    pub(super) offset: u64,
}

/// The file that rows are appended to.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    file: File,
    end: Position,
    frame: Vec<u8>,
}

impl Journal {
    /// Begins a new file behind all others.
    pub(super) fn begin(folder: &Path, segment: u64) -> Result<Self> {
        Ok(Self {
            file: private_file(&path(folder, segment))?,
            folder: folder.to_owned(),
            end: Position { segment, offset: 0 },
            frame: Vec::new(),
        })
    }

    /// Where the next row begins.
    pub(super) const fn end(&self) -> Position {
        self.end
    }

    /// Appends a body. After a failure the next one takes its place.
    pub(super) fn append(&mut self, body: &[u8]) -> Result<()> {
        if self.end.offset >= SEGMENT_BYTES {
            let next = Self::begin(&self.folder, self.end.segment + 1)?;
            *self = next;
        }
        let path = || path(&self.folder, self.end.segment);
        let length = u32::try_from(body.len()).map_err(|error| told(&path(), error))?;
        self.frame.clear();
        self.frame.extend_from_slice(&length.to_le_bytes());
        self.frame
            .extend_from_slice(&crc32fast::hash(body).to_le_bytes());
        self.frame.extend_from_slice(body);
        self.file
            .write_all_at(&self.frame, self.end.offset)
            .map_err(|error| refused(&path(), "cannot write a usage row", &error))?;
        self.end.offset += self.frame.len() as u64;
        Ok(())
    }

    /// Whether there is room for a row: writes what is none, and takes it back.
    pub(super) fn probe(&mut self) -> io::Result<()> {
        let no_frame = [0xff; 4096];
        self.file.write_all_at(&no_frame, self.end.offset)?;
        self.file.set_len(self.end.offset)
    }
}

/// Reads what stands behind a position, oldest first; the number of the last file, 0 without one.
pub(super) fn replay(
    folder: &Path,
    from: Position,
    mut each: impl FnMut(&[u8]) -> Result<()>,
) -> Result<u64> {
    let segments = segments(folder)?;
    for segment in segments.iter().filter(|segment| **segment >= from.segment) {
        let path = path(folder, *segment);
        let bytes = fs::read(&path).map_err(|error| told(&path, error))?;
        let offset = if *segment == from.segment {
            from.offset
        } else {
            0
        };
        let offset = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let mut rest = &bytes[offset..];
        while let Some((body, next)) = frame(rest) {
            each(body)?;
            rest = next;
        }
        if !rest.is_empty() {
            // Begun when the process or the machine ended: its read was not answered.
            tracing::warn!(
                bytes = rest.len(),
                "the usage journal ends in an incomplete row"
            );
        }
    }
    Ok(segments.last().copied().unwrap_or(0))
}

/// Deletes the files before a segment.
pub(super) fn remove_before(folder: &Path, segment: u64) -> Result<()> {
    for old in segments(folder)?.into_iter().filter(|old| *old < segment) {
        let path = path(folder, old);
        fs::remove_file(&path).map_err(|error| told(&path, error))?;
    }
    Ok(())
}

fn path(folder: &Path, segment: u64) -> PathBuf {
    folder.join(format!("{PREFIX}{segment}{SUFFIX}"))
}

/// The numbers of the files that are there, in order.
fn segments(folder: &Path) -> Result<Vec<u64>> {
    let read = || -> io::Result<Vec<u64>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| {
                let number = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
                number.parse::<u64>().ok()
            });
            found.extend(number);
        }
        found.sort_unstable();
        Ok(found)
    };
    read().map_err(|error| told(folder, format!("cannot read this folder: {error}")))
}

/// The first body, and what is behind it; `None` where no whole one stands.
fn frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let number = |at: usize| Some(u32::from_le_bytes(head[at..at + 4].try_into().ok()?));
    let length = usize::try_from(number(0)?).ok()?;
    if length == 0 || length > MAX_BODY {
        return None;
    }
    let (body, rest) = rest.split_at_checked(length)?;
    (crc32fast::hash(body) == number(4)?).then_some((body, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(folder: &Path, from: Position) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        replay(folder, from, |body| {
            found.push(body.to_vec());
            Ok(())
        })
        .unwrap();
        found
    }

    #[test]
    fn a_full_disk_refuses_a_row_that_may_come_again() {
        // sec: DU-3
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::begin(folder.path(), 0).unwrap();
        let own = std::mem::replace(
            &mut journal.file,
            File::options().write(true).open("/dev/full").unwrap(),
        );
        let error = journal.append(b"row").unwrap_err();
        assert_eq!(error.code(), gitflare_core::Code::UpstreamUnavailable);
        assert_eq!(journal.end().offset, 0, "the next one takes its place");
        assert!(journal.probe().is_err());
        journal.file = own;
        journal.probe().unwrap();
        assert!(bodies(folder.path(), Position::default()).is_empty());
        journal.append(b"row").unwrap();
        let from = Position::default();
        assert_eq!(bodies(folder.path(), from), [b"row".to_vec()]);
    }

    #[test]
    fn what_was_appended_is_read_back_from_any_position() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::begin(folder.path(), 3).unwrap();
        let mut ends = vec![journal.end()];
        // Large enough to fill more than one file.
        let all: Vec<_> = (0..9u8).map(|number| vec![number; 700_000]).collect();
        for body in &all {
            journal.append(body).unwrap();
            ends.push(journal.end());
        }
        assert_eq!(segments(folder.path()).unwrap(), [3, 4]);
        for (number, end) in ends.into_iter().enumerate() {
            assert_eq!(bodies(folder.path(), end), all[number..]);
        }
        remove_before(folder.path(), 4).unwrap();
        assert_eq!(segments(folder.path()).unwrap(), [4]);
    }

    #[test]
    fn a_row_that_was_cut_off_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::begin(folder.path(), 0).unwrap();
        journal.append(b"first").unwrap();
        journal.append(b"second").unwrap();
        let whole = fs::read(path(folder.path(), 0)).unwrap();
        let first = vec![b"first".to_vec()];
        for end in HEAD + 5..whole.len() {
            fs::write(path(folder.path(), 0), &whole[..end]).unwrap();
            assert_eq!(bodies(folder.path(), Position::default()), first, "{end}");
        }
        let mut torn = whole.clone();
        *torn.last_mut().unwrap() ^= 1;
        fs::write(path(folder.path(), 0), torn).unwrap();
        assert_eq!(bodies(folder.path(), Position::default()), first);
    }
}
