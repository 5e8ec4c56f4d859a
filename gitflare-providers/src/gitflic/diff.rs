//! Changed files. GitFlic sends no patches but the lines of which one is made, with their numbers on
//! both sides; hunks stand apart by a line that says so. Whether a line's text has its sign in it is
//! not documented, so that both are read.

use std::fmt::Write;

use gitflare_core::{
    Limit, PageRequest, Result,
    model::{DiffFile, FileStatus},
    provider::{Call, CommitId},
};
use serde::{Deserialize, de::DeserializeOwned};

use super::client::Client;
use crate::{
    listing::{Api, List},
    upstream_answer::Answer,
    wire::{Rows, Word},
};

/// How many pages of changed files are read of one diff.
const MAX_PAGES: usize = 5;

/// Walks the pages of a list of changed files. Gives whether there are more of them, and what stood
/// around the first.
pub(super) async fn walk<W: DeserializeOwned>(
    client: &Client,
    call: &Call,
    list: List<'_>,
    mut each: impl FnMut(W) + Send,
) -> Result<(bool, Option<Answer>)> {
    let mut head = None;
    let mut request = PageRequest::first(Limit::MAX);
    for _ in 0..MAX_PAGES {
        let listing = client.listing(call, &list, &request, &mut each).await?;
        head = head.or(listing.answer);
        match listing.page.next {
            Some(next) => request.position = Some(next),
            None => return Ok((false, head)),
        }
    }
    Ok((true, head))
}

/// A changed file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireFile {
    file_path: Option<String>,
    new_path: Option<String>,
    old_path: Option<String>,
    new_mode: Option<String>,
    old_mode: Option<String>,
    last_commit: Option<WireCommit>,
    added_lines_count: Option<u64>,
    removed_lines_count: Option<u64>,
    is_img: Option<bool>,
    is_binary: Option<bool>,
    is_collapsed: Option<bool>,
    is_large: Option<bool>,
    change_type: Option<String>,
    lines: Option<Rows<WireLine>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCommit {
    hash: Option<String>,
    parent_commit_ids: Option<Vec<Option<String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLine {
    body: Option<String>,
    add_line_number: Option<u64>,
    remove_line_number: Option<u64>,
    op: Option<Word>,
    #[serde(rename = "type")]
    kind: Option<Word>,
}

impl WireFile {
    /// The path on the newer side, on the older one of a file that was removed.
    pub(super) fn path(&self) -> Option<&str> {
        let side = |path: &'_ Option<String>| path.as_deref().and_then(side).is_some();
        let paths = [&self.file_path, &self.new_path, &self.old_path];
        let path = paths.into_iter().find(|path| side(path))?;
        path.as_deref()
    }

    /// The first parent of that commit, where the file names it.
    pub(super) fn parent_of(&self, commit: &CommitId) -> Option<String> {
        let last = self.last_commit.as_ref()?;
        let is_it = last.hash.as_ref()?.eq_ignore_ascii_case(commit.as_str());
        let parents = last.parent_commit_ids.as_ref().filter(|_| is_it)?;
        parents.first().cloned().flatten()
    }

    /// Takes the lines of the same file where they were asked for.
    pub(super) fn take_lines(&mut self, whole: Self) {
        self.lines = whole.lines;
    }

    /// Whether there are lines that did not come, though nothing says that they are too many.
    pub(super) fn lost_its_lines(&self) -> bool {
        let has_none = self.lines.as_ref().is_none_or(|lines| lines.0.is_empty());
        has_none && self.is_counted() && !self.is_limited() && !self.is_binary()
    }

    fn is_counted(&self) -> bool {
        self.added_lines_count.unwrap_or(0) > 0 || self.removed_lines_count.unwrap_or(0) > 0
    }

    /// Whether GitFlic finds it too large to show.
    fn is_limited(&self) -> bool {
        self.is_collapsed == Some(true) || self.is_large == Some(true)
    }

    fn is_binary(&self) -> bool {
        self.is_binary == Some(true) || self.is_img == Some(true)
    }

    fn status(&self) -> FileStatus {
        let word = self.change_type.as_deref().unwrap_or_default();
        let old = self.old_path.as_deref().and_then(side);
        let new = self.new_path.as_deref().and_then(side);
        match word.to_ascii_uppercase().as_str() {
            "ADD" => FileStatus::Added,
            "DELETE" => FileStatus::Removed,
            "RENAME" => FileStatus::Renamed,
            "COPY" => FileStatus::Copied,
            "MODIFY" if old.zip(new).is_some_and(|(old, new)| old != new) => FileStatus::Renamed,
            "MODIFY" if self.changes_type() => FileStatus::TypeChanged,
            "MODIFY" => FileStatus::Modified,
            _ => match (old, new) {
                (None, Some(_)) => FileStatus::Added,
                (Some(_), None) => FileStatus::Removed,
                (Some(old), Some(new)) if old != new => FileStatus::Renamed,
                _ => FileStatus::Modified,
            },
        }
    }

    fn changes_type(&self) -> bool {
        kind(&self.old_mode)
            .zip(kind(&self.new_mode))
            .is_some_and(|(old, new)| old != new)
    }

    /// Whether the older and the newer side are links.
    fn links(&self) -> [bool; 2] {
        [&self.old_mode, &self.new_mode].map(|mode| kind(mode) == Some("120"))
    }
}

/// The first three digits of a mode are the kind of entry.
fn kind(mode: &Option<String>) -> Option<&str> {
    mode.as_ref()?.get(..3)
}

/// A side of a change; nothing, and the null device, stand for none.
fn side(path: &str) -> Option<&str> {
    (!path.is_empty() && path != "/dev/null").then_some(path)
}

impl From<WireFile> for DiffFile {
    fn from(wire: WireFile) -> Self {
        let (status, is_binary) = (wire.status(), wire.is_binary());
        let path = wire.path().unwrap_or_default().to_owned();
        let has_text = wire.is_counted() || wire.is_limited();
        let links = wire.links();
        let lines = wire.lines.unwrap_or_default().0;
        let patch = match lines.is_empty() || is_binary {
            true => None,
            false => patch(&lines, links),
        };
        Self {
            // Whatever the change is called: lines of both sides leave, and the firewall looks at both.
            previous_path: wire
                .old_path
                .filter(|old| side(old).is_some_and(|old| old != path)),
            path,
            status,
            additions: wire.added_lines_count,
            deletions: wire.removed_lines_count,
            binary: match (wire.is_binary, wire.is_img) {
                (None, None) => None,
                _ => Some(is_binary),
            },
            patch_truncated: !is_binary && patch.is_none() && (has_text || !lines.is_empty()),
            patch,
        }
    }
}

/// What a line does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Op {
    Keep,
    Add,
    Remove,
}

impl Op {
    const fn sign(self) -> char {
        match self {
            Self::Keep => ' ',
            Self::Add => '+',
            Self::Remove => '-',
        }
    }
}

impl WireLine {
    fn op(&self) -> Option<Op> {
        Some(match self.op.as_ref()?.as_str() {
            "none" => Op::Keep,
            "add" => Op::Add,
            "remove" => Op::Remove,
            _ => return None,
        })
    }

    fn is_separator(&self) -> bool {
        self.kind
            .as_ref()
            .is_some_and(|kind| kind.as_str() == "separator")
    }
}

/// A line that can be written: what it does, its text, its numbers.
type Line<'a> = (Op, &'a str, &'a WireLine);

/// The patch that the lines make; `None` where one of them cannot be read. That a file has no newline
/// at its end is not told; the text of a link never has one, and without that it reads as a file's.
fn patch(lines: &[WireLine], [old_is_link, new_is_link]: [bool; 2]) -> Option<String> {
    let mut hunks: Vec<Vec<Line<'_>>> = Vec::new();
    for part in lines.split(WireLine::is_separator) {
        let lines = part.iter();
        let hunk =
            lines.map(|line| Some((line.op()?, line.body.as_deref().unwrap_or_default(), line)));
        hunks.push(hunk.collect::<Option<_>>()?);
    }
    hunks.retain(|hunk| !hunk.is_empty());
    let is_signed = is_signed(hunks.iter().flatten().map(|(op, body, _)| (*op, *body)));
    let mut text = String::new();
    for hunk in &hunks {
        header(hunk, &mut text)?;
        for (op, body, _) in hunk {
            let sign = op.sign();
            let body = body
                .strip_prefix(sign)
                .filter(|_| is_signed)
                .unwrap_or(body);
            text.push(sign);
            text.push_str(body);
            text.push('\n');
            let is_link = match op {
                Op::Keep => false,
                Op::Add => new_is_link,
                Op::Remove => old_is_link,
            };
            if is_link {
                text.push_str("\\ No newline at end of file\n");
            }
        }
    }
    (!text.is_empty()).then_some(text)
}

/// The line in front of a hunk; `None` where its place is not told.
fn header(hunk: &[Line<'_>], text: &mut String) -> Option<()> {
    let range = |other: Op, number: fn(&WireLine) -> Option<u64>| {
        let count = hunk.iter().filter(|(op, ..)| *op != other).count();
        let start = hunk.iter().find_map(|(.., line)| number(line));
        Some(match count {
            // A side without lines stands before the first.
            0 => "0,0".to_owned(),
            1 => start?.to_string(),
            _ => format!("{},{count}", start?),
        })
    };
    let old = range(Op::Add, |line| line.remove_line_number)?;
    let new = range(Op::Remove, |line| line.add_line_number)?;
    let _ = writeln!(text, "@@ -{old} +{new} @@");
    Some(())
}

/// Whether the texts have their signs in them. All lines that were added or removed begin with their
/// own then; where there is but one kind of these, all others begin with a space.
fn is_signed<'a>(lines: impl Iterator<Item = (Op, &'a str)>) -> bool {
    let (mut all, mut with) = ([0_usize; 3], [0_usize; 3]);
    for (op, body) in lines {
        all[op as usize] += 1;
        with[op as usize] += usize::from(body.starts_with(op.sign()));
    }
    let [kept, added, removed] = all;
    let are_changes = with[1..] == all[1..];
    are_changes && (added > 0 && removed > 0 || added + removed > 0 && kept > 0 && with[0] == kept)
}
