//! Comments on a pull request: on the whole, on lines, and answers, in one list. What was deleted, and
//! what is not submitted yet, is left out.
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/>

use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Comment, CommentKind, CommentSide},
    provider::{Call, Endpoint, RepoRef},
};
use serde::{Deserialize, de::IgnoredAny};

use super::{
    client::{Client, WireLinks, WireText, below, href},
    profile::WireUser,
};
use crate::{
    listing::{Api, present},
    wire::{self, Id},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
    page: PageRequest,
) -> Result<Page<Comment>> {
    let id = number.to_string();
    let list = below(
        Endpoint::Comments,
        repo,
        &["pullrequests", &*id, "comments"],
    )
    .query("sort", "created_on");
    let into = |wire: WireComment| wire.listed(number);
    client.rows(call, list, page, into).await.map(present)
}

#[derive(Debug, Deserialize)]
pub(super) struct WireComment {
    id: Id,
    content: Option<WireText>,
    user: Option<WireUser>,
    deleted: Option<bool>,
    pending: Option<bool>,
    inline: Option<WireInline>,
    parent: Option<WireParent>,
    /// An object once the thread is settled.
    resolution: Option<IgnoredAny>,
    commit: Option<WireTarget>,
    links: Option<WireLinks>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_on: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_on: Option<Timestamp>,
}

/// A place in a diff: lines of the new side, or else of the old one.
#[derive(Debug, Deserialize)]
struct WireInline {
    path: Option<String>,
    from: Option<u64>,
    to: Option<u64>,
    start_from: Option<u64>,
    start_to: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct WireParent {
    id: Option<Id>,
}

#[derive(Debug, Deserialize)]
struct WireTarget {
    hash: Option<String>,
}

impl WireComment {
    /// The comment of a list; `None` for what is gone or not yet said.
    fn listed(self, number: u64) -> Option<Comment> {
        let is_hidden = self.deleted == Some(true) || self.pending == Some(true);
        (!is_hidden).then(|| self.into_comment(Some(number)))
    }

    pub(super) fn into_comment(self, pull_request_number: Option<u64>) -> Comment {
        let kind = match self.inline {
            Some(_) => CommentKind::Inline,
            None => CommentKind::General,
        };
        // Threads are those of pull requests, and their first comments say how they stand.
        let begins_thread = pull_request_number.is_some() && self.parent.is_none();
        let comment = Comment {
            body: self.content.and_then(|content| content.raw),
            author: self.user.map(Into::into),
            pull_request_number,
            resolved: begins_thread.then_some(self.resolution.is_some()),
            commit_sha: self.commit.and_then(|commit| commit.hash),
            in_reply_to_id: self.parent.and_then(|parent| parent.id).map(Into::into),
            web_url: href(self.links.unwrap_or_default().html),
            created_at: self.created_on,
            updated_at: self.updated_on,
            ..Comment::new(self.id.into(), kind)
        };
        let Some(place) = self.inline else {
            return comment;
        };
        let (side, start_line, line) = match (place.to, place.from) {
            (Some(line), _) => (Some(CommentSide::New), place.start_to, Some(line)),
            (None, Some(line)) => (Some(CommentSide::Old), place.start_from, Some(line)),
            (None, None) => (None, None, None),
        };
        Comment {
            path: place.path,
            side,
            start_line: start_line.filter(|start| Some(*start) != line),
            line,
            ..comment
        }
    }
}
