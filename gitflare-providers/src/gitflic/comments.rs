//! Comments on a merge request. A page of GitFlic's holds threads, and a thread more than one comment: what
//! does not fit in a page of ours is left for the next one, which asks for the same threads again. Only
//! a published client shows the call, and older releases send comments without threads.

use gitflare_core::{
    Error, Page, PageRequest, Position, Result, Timestamp,
    model::{Comment, CommentKind, CommentSide},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::{
    api::User,
    client::{Client, Web, below, web},
    person::actor,
};
use crate::{
    listing::Api,
    wire::{self, Rows, known},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
    page: PageRequest,
) -> Result<Page<Comment>> {
    let limit = page.limit.get();
    let (threads, start) = match &page.position {
        Some(position) => read_position(position, limit)?,
        None => (0, 0),
    };
    let base = client.web(call)?;
    let id = number.to_string();
    let list = below(
        Endpoint::Comments,
        repo,
        &["merge-request", &*id, "discussions"],
    )?;
    let asked = PageRequest {
        limit: page.limit,
        position: (threads > 0).then(|| Position::new().number(threads)),
    };
    let into = |thread: WireNote| thread.into_comments(number, web(&base));
    let found = client.rows(call, list, asked, into).await?;
    let all: Vec<_> = found.items.into_iter().flatten().collect();
    let end = start.saturating_add(limit);
    let next = match (end < all.len(), &found.next) {
        (true, _) => Some(position(threads, end, limit)),
        (false, Some(next)) => Some(position(next.fields().number()?, 0, limit)),
        (false, None) => None,
    };
    let mut comments = Page::new(all.into_iter().skip(start).take(limit).collect(), next);
    comments.errors = found.errors;
    Ok(comments)
}

/// Which page of threads, how many of its comments came before, and how many threads a page has.
fn position(threads: u64, start: usize, limit: usize) -> Position {
    let position = Position::new().number(threads).number(start as u64);
    position.number(limit as u64)
}

fn read_position(position: &Position, limit: usize) -> Result<(u64, usize)> {
    let mut fields = position.fields();
    let (threads, start) = (fields.number()?, fields.number()?);
    let size = fields.number()?;
    fields.end()?;
    if size != limit as u64 {
        return Err(Error::invalid_cursor("pages of another size"));
    }
    Ok((threads, usize::try_from(start).unwrap_or(usize::MAX)))
}

/// A comment; or a thread, which is a comment by itself in older releases.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireNote {
    /// Of threads, as the next.
    root_note: Option<Box<Self>>,
    replies: Option<Rows<Self>>,
    uuid: Option<String>,
    /// As written; the next may be rendered.
    raw_message: Option<String>,
    message: Option<String>,
    author: Option<User>,
    resolved: Option<bool>,
    new_path: Option<String>,
    new_line: Option<u64>,
    old_path: Option<String>,
    old_line: Option<u64>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_at: Option<Timestamp>,
}

impl WireNote {
    fn into_comments(mut self, number: u64, web: Web<'_>) -> Vec<Comment> {
        let (root, replies) = (self.root_note.take(), self.replies.take());
        let root = root.map_or(self, |root| *root);
        // Replies outlive what they answer.
        let root = root.into_comment(number, web);
        let root_id = root.as_ref().map(|root| root.id.clone());
        let replies = replies.unwrap_or_default().into_iter();
        let replies = replies.filter_map(|note| note.into_comment(number, web));
        let replies = replies.map(|reply| Comment {
            in_reply_to_id: root_id.clone(),
            ..reply
        });
        root.into_iter().chain(replies).collect()
    }

    /// `None` for what has no id: that is no comment.
    fn into_comment(self, number: u64, web: Web<'_>) -> Option<Comment> {
        let (new_path, old_path) = (known(self.new_path), known(self.old_path));
        let (path, side, line) = match (self.new_line, self.old_line) {
            (Some(line), _) => (new_path.or(old_path), Some(CommentSide::New), Some(line)),
            (None, Some(line)) => (old_path.or(new_path), Some(CommentSide::Old), Some(line)),
            (None, None) => (new_path.or(old_path), None, None),
        };
        let kind = match path {
            Some(_) => CommentKind::Inline,
            None => CommentKind::General,
        };
        Some(Comment {
            body: known(self.raw_message).or_else(|| known(self.message)),
            author: self.author.map(|user| actor(user, web)),
            pull_request_number: Some(number),
            path,
            side,
            line,
            resolved: self.resolved,
            created_at: self.created_at,
            updated_at: self.updated_at,
            ..Comment::new(known(self.uuid)?, kind)
        })
    }
}
