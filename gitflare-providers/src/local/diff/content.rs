//! The two sides of a changed path compared: whether they are text, how many lines differ, and the
//! hunks. Bytes are compared as stored: no text conversion, no filter, no external program.

use gitflare_core::Result;

use super::{
    attributes::{Attributes, Taken},
    changes::{Change, Side},
    hunks,
};
use crate::local::{
    entries::Mode,
    repo::{Blob, Repo},
};

/// The largest side that a patch is made of.
pub(crate) const MAX_PATCHED_BYTES: usize = 1024 * 1024;
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
pub(crate) struct Comparison {
    pub(crate) additions: Option<u64>,
    pub(crate) deletions: Option<u64>,
    pub(crate) binary: Option<bool>,
    pub(crate) patch: Option<String>,
}

impl Comparison {
    fn binary() -> Self {
        Self {
            binary: Some(true),
            ..Self::default()
        }
    }

    /// Whether a limit hid how many lines differ.
    pub(super) fn is_unknown(&self) -> bool {
        self.additions.is_none() && self.binary != Some(true)
    }
}

pub(super) fn compare(
    repo: &Repo,
    attributes: &mut Attributes<'_>,
    change: &Change,
    patches: Patches,
) -> Result<Comparison> {
    if patches == Patches::OutOfTime {
        return Ok(Comparison::default());
    }
    let previous = change.previous_path.as_ref().unwrap_or(&change.path);
    let taken = [
        attributes.taken(previous, change.old)?,
        attributes.taken(&change.path, change.new)?,
    ];
    if taken.contains(&Taken::Binary) {
        return Ok(Comparison::binary());
    }
    let (Some(old), Some(new)) = (content(repo, change.old)?, content(repo, change.new)?) else {
        return Ok(Comparison::default());
    };
    let is_text = |taken: Taken, side: &[u8]| taken == Taken::Text || !is_binary(side);
    if !is_text(taken[0], &old) || !is_text(taken[1], &new) {
        return Ok(Comparison::binary());
    }
    let mut comparison = lines(&old, &new, patches == Patches::Wanted);
    let kind = |side: Option<Side>| side.map(|side| side.mode.kind());
    if let (Some(a), Some(b)) = (kind(change.old), kind(change.new))
        && a != b
        && comparison.patch.is_some()
    {
        // Git shows another kind of entry as one that went and one that came.
        let (went, came) = (lines(&old, b"", true), lines(b"", &new, true));
        comparison.patch = went.patch.zip(came.patch).map(|(went, came)| went + &came);
    }
    Ok(comparison)
}

/// What differs between two texts, each the whole content of a file. The patch is of sides of up to
/// 1 MiB each.
pub(crate) fn texts(old: &[u8], new: &[u8], with_patch: bool) -> Comparison {
    if is_binary(old) || is_binary(new) {
        return Comparison::binary();
    }
    lines(old, new, with_patch)
}

fn lines(old: &[u8], new: &[u8], with_patch: bool) -> Comparison {
    let is_small = old.len() <= MAX_PATCHED_BYTES && new.len() <= MAX_PATCHED_BYTES;
    let lines = hunks::compare(old, new, with_patch && is_small);
    Comparison {
        additions: lines.as_ref().map(|lines| lines.additions),
        deletions: lines.as_ref().map(|lines| lines.deletions),
        binary: Some(false),
        patch: lines.and_then(|lines| lines.patch).map(lossy_text),
    }
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
