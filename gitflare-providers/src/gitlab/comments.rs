//! Comments on a merge request, which GitLab calls notes. Threads would page threads and not notes: which
//! note answers which is not told. What the system notes down, and what is for members alone, is left
//! out.
//! <https://docs.gitlab.com/api/notes/#merge-requests>

use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Comment, CommentKind, CommentSide},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    profile::WireUser,
};
use crate::{
    listing::{Api, present},
    wire::{self, Id, Word},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
    page: PageRequest,
) -> Result<Page<Comment>> {
    let iid = number.to_string();
    // By default the newest come first, and the system's are among them.
    let list = below(
        Endpoint::Comments,
        repo,
        &["merge_requests", &*iid, "notes"],
    )
    .query("sort", "asc")
    .query("order_by", "created_at")
    .query("activity_filter", "only_comments");
    let into = |wire: WireNote| wire.into_comment(number);
    client.rows(call, list, page, into).await.map(present)
}

#[derive(Debug, Deserialize)]
struct WireNote {
    id: Id,
    #[serde(default, deserialize_with = "wire::filled")]
    body: Option<String>,
    author: Option<WireUser>,
    system: Option<bool>,
    internal: Option<bool>,
    /// What `internal` was called before.
    confidential: Option<bool>,
    #[serde(rename = "type")]
    kind: Option<Word>,
    position: Option<WirePosition>,
    #[serde(default, deserialize_with = "wire::filled")]
    commit_id: Option<String>,
    resolvable: Option<bool>,
    resolved: Option<bool>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_at: Option<Timestamp>,
}

/// A place in a diff.
#[derive(Debug, Default, Deserialize)]
pub(super) struct WirePosition {
    new_path: Option<String>,
    old_path: Option<String>,
    new_line: Option<u64>,
    old_line: Option<u64>,
    line_range: Option<WireRange>,
    head_sha: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireRange {
    start: Option<WireLine>,
}

#[derive(Debug, Deserialize)]
struct WireLine {
    new_line: Option<u64>,
    old_line: Option<u64>,
}

impl WirePosition {
    /// The comment, at this place.
    pub(super) fn place(self, comment: Comment) -> Comment {
        let (side, line) = match (self.new_line, self.old_line) {
            (Some(line), _) => (Some(CommentSide::New), Some(line)),
            (None, Some(line)) => (Some(CommentSide::Old), Some(line)),
            (None, None) => (None, None),
        };
        let start = self.line_range.and_then(|range| range.start);
        let start_line = start.and_then(|start| match side? {
            CommentSide::New => start.new_line,
            CommentSide::Old => start.old_line,
        });
        let (path, other) = match side {
            Some(CommentSide::Old) => (self.old_path, self.new_path),
            _ => (self.new_path, self.old_path),
        };
        let (path, other) = match path {
            None => (other, None),
            path => (path, other),
        };
        Comment {
            kind: CommentKind::Inline,
            other_path: other.filter(|other| path.as_ref() != Some(other)),
            path,
            side,
            // A range of one line is a line.
            start_line: start_line.filter(|start| Some(*start) != line),
            line,
            commit_sha: comment.commit_sha.or(self.head_sha),
            ..comment
        }
    }
}

impl WireNote {
    /// `None` for what is no comment of a person, or not for everybody.
    fn into_comment(self, pull_request_number: u64) -> Option<Comment> {
        let is_hidden = [self.system, self.internal, self.confidential];
        if is_hidden.contains(&Some(true)) {
            return None;
        }
        let is_inline = self.kind.as_ref().map(Word::as_str);
        let is_inline = matches!(is_inline, Some("DiffNote" | "LegacyDiffNote"));
        let comment = Comment {
            body: self.body,
            author: self.author.map(Into::into),
            pull_request_number: Some(pull_request_number),
            commit_sha: self.commit_id,
            resolved: self.resolved.filter(|_| self.resolvable == Some(true)),
            created_at: self.created_at,
            updated_at: self.updated_at,
            ..Comment::new(self.id.into(), CommentKind::General)
        };
        Some(match is_inline {
            true => self.position.unwrap_or_default().place(comment),
            false => comment,
        })
    }
}
