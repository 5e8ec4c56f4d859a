//! Comments on a pull request: those on the whole, which GitHub keeps with issues, then those on lines.
//! The two have ids of their own. The hunks that GitHub quotes beside a comment are not read.
//! <https://docs.github.com/en/rest/pulls/comments>

use gitflare_core::{
    Code, Error, Page, PageRequest, Result, Timestamp,
    model::{Comment, CommentKind, CommentSide},
    provider::{Call, Endpoint, ProviderId, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    profile::WireUser,
};
use crate::{
    listing::Api,
    phases::{self, Phase},
    wire::{self, Id, Word},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
    page: PageRequest,
) -> Result<Page<Comment>> {
    let id = number.to_string();
    let into = |wire: WireComment| wire.into_comment(Some(number));
    let (phase, mut page) = phases::turn(&page)?;
    let mut missing = Vec::new();
    if phase == Phase::First {
        // Gone where the repository has no issues.
        let list = below(Endpoint::Comments, repo, &["issues", &*id, "comments"]).empty_on(GONE);
        let page_of_issue = format!("/issues/{number}#");
        let mut is_issue = false;
        let first = |wire: WireComment| {
            is_issue |= wire.is_at(&page_of_issue);
            into(wire)
        };
        let rows = client.rows(call, list, page.clone(), first).await?;
        // GitHub lists the comments of either under one address, and their pages tell which it is.
        if is_issue {
            return Err(Error::upstream(
                Code::ResourceNotFound,
                ProviderId::GITHUB,
                "GitHub has no such pull request: the number is that of an issue.",
            ));
        }
        match phases::first(&page, rows) {
            Ok(page) => return Ok(page),
            Err(errors) => (missing, page) = (errors, PageRequest::first(page.limit)),
        }
    }
    let list = below(Endpoint::Comments, repo, &["pulls", &*id, "comments"])
        .query("sort", "created")
        .query("direction", "asc");
    let rows = client.rows(call, list, page, into).await?;
    Ok(phases::second(rows, missing))
}

const GONE: &[u16] = &[410];

/// A comment on an issue, a commit or a line of a pull request.
#[derive(Debug, Deserialize)]
pub(super) struct WireComment {
    id: Id,
    #[serde(default, deserialize_with = "wire::filled")]
    body: Option<String>,
    user: Option<WireUser>,
    commit_id: Option<String>,
    /// Of comments on code, as all that follow but the last three.
    path: Option<String>,
    side: Option<Word>,
    start_line: Option<u64>,
    /// `null` once the line is gone; where it was then says nothing of what is there now.
    line: Option<u64>,
    in_reply_to_id: Option<Id>,
    pull_request_review_id: Option<Id>,
    html_url: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_at: Option<Timestamp>,
}

impl WireComment {
    /// Whether the address of its page has that in it.
    fn is_at(&self, part: &str) -> bool {
        let page = self.html_url.as_deref();
        page.is_some_and(|page| page.contains(part))
    }

    pub(super) fn into_comment(self, pull_request_number: Option<u64>) -> Comment {
        let kind = match self.path {
            Some(_) => CommentKind::Inline,
            None => CommentKind::General,
        };
        Comment {
            body: self.body,
            author: self.user.and_then(WireUser::into_actor),
            pull_request_number,
            commit_sha: self.commit_id,
            path: self.path,
            side: self.side.and_then(|side| match side.as_str() {
                "LEFT" => Some(CommentSide::Old),
                "RIGHT" => Some(CommentSide::New),
                _ => None,
            }),
            start_line: self.start_line,
            line: self.line,
            in_reply_to_id: self.in_reply_to_id.map(Into::into),
            review_id: self.pull_request_review_id.map(Into::into),
            web_url: self.html_url,
            created_at: self.created_at,
            updated_at: self.updated_at,
            ..Comment::new(self.id.into(), kind)
        }
    }
}
