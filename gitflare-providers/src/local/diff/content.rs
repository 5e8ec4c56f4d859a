//! The two sides of a changed path compared: whether they are text, how many lines differ, and the
//! hunks. Bytes are compared as stored: no text conversion, no filter, no external program.

use gitflare_core::Result;

use super::{
    changes::{Change, Side},
    hunks::{self, Lines},
};
use crate::local::{
    entries::Mode,
    repo::{Blob, Repo},
};

/// The largest side that a patch is made of.
const MAX_PATCHED_BYTES: usize = 1024 * 1024;
/// How much of a blob Git looks at to call it binary.
const SNIFFED_BYTES: usize = 8000;

/// How much is wanted of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patches {
    Wanted,
    CountOnly,
    /// Not even the contents are read any more.
    OutOfTime,
}

/// What is known of a changed path's content.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) additions: Option<u64>,
    pub(super) deletions: Option<u64>,
    pub(super) binary: Option<bool>,
    pub(super) patch: Option<String>,
}

impl Comparison {
    /// Whether a limit hid how many lines differ.
    pub(super) fn is_unknown(&self) -> bool {
        self.additions.is_none() && self.binary != Some(true)
    }
}

pub(super) fn compare(repo: &Repo, change: &Change, patches: Patches) -> Result<Comparison> {
    if patches == Patches::OutOfTime {
        return Ok(Comparison::default());
    }
    let (Some(old), Some(new)) = (content(repo, change.old)?, content(repo, change.new)?) else {
        return Ok(Comparison::default());
    };
    if is_binary(&old) || is_binary(&new) {
        return Ok(Comparison {
            binary: Some(true),
            ..Comparison::default()
        });
    }
    let with_patch = patches == Patches::Wanted
        && old.len() <= MAX_PATCHED_BYTES
        && new.len() <= MAX_PATCHED_BYTES;
    let lines = lines(change, &old, &new, with_patch);
    Ok(Comparison {
        additions: lines.as_ref().map(|lines| lines.additions),
        deletions: lines.as_ref().map(|lines| lines.deletions),
        binary: Some(false),
        patch: lines.and_then(|lines| lines.patch).map(lossy_text),
    })
}

fn lines(change: &Change, old: &[u8], new: &[u8], with_patch: bool) -> Option<Lines> {
    let kind = |side: Option<Side>| side.map(|side| side.mode.kind());
    let mut lines = hunks::compare(old, new, with_patch)?;
    if let (Some(a), Some(b)) = (kind(change.old), kind(change.new))
        && a != b
        && with_patch
    {
        // Git shows another kind of entry as one that went and one that came.
        let mut patch = hunks::compare(old, b"", true)?.patch?;
        patch.extend(hunks::compare(b"", new, true)?.patch?);
        lines.patch = Some(patch);
    }
    Some(lines)
}

/// The bytes of one side, none of an absent one; `None` when they cannot be had.
fn content(repo: &Repo, side: Option<Side>) -> Result<Option<Vec<u8>>> {
    Ok(match side {
        None => Some(Vec::new()),
        Some(side) if side.mode == Mode::Submodule => {
            Some(format!("Subproject commit {}\n", side.id).into_bytes())
        }
        Some(side) => match repo.blob(side.id)? {
            Blob::Data(data) => Some(data),
            Blob::Unavailable => None,
        },
    })
}

fn lossy_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Git's own rule.
pub(super) fn is_binary(data: &[u8]) -> bool {
    data[..data.len().min(SNIFFED_BYTES)].contains(&0)
}
