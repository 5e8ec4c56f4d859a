//! Comments on a pull request. Azure DevOps sends its threads all at once; they are laid out one after
//! the other by time, and pages are slices of that. Ids of comments begin anew in every thread.
//! <https://learn.microsoft.com/en-us/rest/api/azure/devops/git/pull-request-threads/list>

use gitflare_core::{
    Page, PageRequest, Position, Result, Timestamp,
    model::{Comment, CommentKind, CommentSide},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below, moment},
    pages::skipped,
    person::WireIdentity,
};
use crate::{
    listing::{Api, Paging},
    wire::{self, Rows, Word},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
    page: PageRequest,
) -> Result<Page<Comment>> {
    let start = usize::try_from(skipped(&page)?).unwrap_or(usize::MAX);
    let limit = page.limit.get();
    let number_text = number.to_string();
    let path = ["pullRequests", &*number_text, "threads"];
    let list = below(Endpoint::Comments, &Paging::Whole, repo, &path)?;
    let into = |thread: WireThread| thread.into_comments(number);
    let threads = client
        .rows(call, list, PageRequest::default(), into)
        .await?;
    let mut all: Vec<_> = threads.items.into_iter().flatten().collect();
    all.sort_by_key(|(at, place, _)| (*at, *place));
    let end = start.saturating_add(limit);
    let next = (end < all.len()).then(|| Position::new().number(end as u64));
    let comments = all.into_iter().map(|(_, _, comment)| comment);
    Ok(Page::new(comments.skip(start).take(limit).collect(), next))
}

/// When a comment was made, and which one of which thread it is.
type Ranked = (Option<Timestamp>, (u64, u64), Comment);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireThread {
    id: u64,
    comments: Option<Rows<WireComment>>,
    /// Absent for what is about the whole.
    thread_context: Option<WireContext>,
    status: Option<Word>,
    is_deleted: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireContext {
    /// With a slash in front.
    #[serde(default, deserialize_with = "wire::filled")]
    file_path: Option<String>,
    right_file_start: Option<WirePlace>,
    right_file_end: Option<WirePlace>,
    left_file_start: Option<WirePlace>,
    left_file_end: Option<WirePlace>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct WirePlace {
    line: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireComment {
    id: u64,
    /// 0 for the first of a thread.
    parent_comment_id: Option<u64>,
    author: Option<WireIdentity>,
    #[serde(default, deserialize_with = "wire::filled")]
    content: Option<String>,
    comment_type: Option<Word>,
    is_deleted: Option<bool>,
    #[serde(default, deserialize_with = "moment")]
    published_date: Option<Timestamp>,
    /// Not moved by a like, as the next is.
    #[serde(default, deserialize_with = "moment")]
    last_content_updated_date: Option<Timestamp>,
    #[serde(default, deserialize_with = "moment")]
    last_updated_date: Option<Timestamp>,
}

/// Whether a comment of that type is one of the host's own: a vote, a move of a branch. One that says
/// no type is somebody's.
pub(super) fn is_note(kind: Option<&Word>) -> bool {
    kind.is_some_and(|kind| !kind.is("text"))
}

impl WireThread {
    /// Whether it is settled; `None` where nobody has said.
    fn resolved(&self) -> Option<bool> {
        // Azure's words come in any letter case.
        match &*self.status.as_ref()?.as_str().to_ascii_lowercase() {
            "fixed" | "wontfix" | "closed" | "bydesign" => Some(true),
            "active" | "pending" => Some(false),
            _ => None,
        }
    }

    /// What people have said in it. Votes and moves of branches are comments of the system here.
    fn into_comments(self, number: u64) -> Vec<Ranked> {
        if self.is_deleted == Some(true) {
            return Vec::new();
        }
        let thread = self.id;
        let resolved = self.resolved();
        let mut frame = Comment {
            pull_request_number: Some(number),
            resolved,
            ..Comment::new(String::new(), CommentKind::General)
        };
        if let Some(context) = self.thread_context
            && let Some(path) = context.file_path.clone()
        {
            frame = context.place(&path, frame);
        }
        let comments = self.comments.unwrap_or_default().into_iter();
        let said = comments.filter(WireComment::is_said);
        said.map(|comment| comment.rank(thread, &frame)).collect()
    }
}

impl WireContext {
    fn place(self, path: &str, comment: Comment) -> Comment {
        let line = |place: Option<WirePlace>| place.and_then(|place| place.line);
        let (side, start, end) = match line(self.right_file_end).or(line(self.right_file_start)) {
            Some(end) => (
                Some(CommentSide::New),
                line(self.right_file_start),
                Some(end),
            ),
            None => match line(self.left_file_end).or(line(self.left_file_start)) {
                Some(end) => (
                    Some(CommentSide::Old),
                    line(self.left_file_start),
                    Some(end),
                ),
                None => (None, None, None),
            },
        };
        Comment {
            kind: CommentKind::Inline,
            path: Some(path.trim_start_matches('/').to_owned()),
            side,
            start_line: start.filter(|start| Some(*start) != end),
            line: end,
            ..comment
        }
    }
}

impl WireComment {
    fn is_said(&self) -> bool {
        !is_note(self.comment_type.as_ref()) && self.is_deleted != Some(true)
    }

    fn rank(self, thread: u64, frame: &Comment) -> Ranked {
        let parent = self.parent_comment_id.filter(|parent| *parent != 0);
        let comment = Comment {
            id: format!("{thread}.{}", self.id),
            body: self.content,
            author: self.author.map(Into::into),
            in_reply_to_id: parent.map(|parent| format!("{thread}.{parent}")),
            created_at: self.published_date,
            updated_at: self.last_content_updated_date.or(self.last_updated_date),
            ..frame.clone()
        };
        (self.published_date, (thread, self.id), comment)
    }
}
