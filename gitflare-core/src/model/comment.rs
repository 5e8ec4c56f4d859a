//! A comment on a pull request, an issue or a commit: the same object in reads and in events.

use serde::{Deserialize, Serialize};

use super::{Actor, ReviewState, words};
use crate::{
    Result, Timestamp,
    filter::{Filterable, Screen},
};

/// What somebody said; in events a review, too.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    /// The provider's own id, unique among comments of the same kind.
    pub id: String,
    /// Whether it is about the whole or about a place in the code.
    pub kind: CommentKind,
    /// The text, Markdown as written; never rendered.
    pub body: Option<String>,
    /// Author of the comment.
    pub author: Option<Actor>,
    /// The pull request that it is about, if one.
    pub pull_request_number: Option<u64>,
    /// The commit that it is about, if one.
    pub commit_sha: Option<String>,
    /// The file that it is about, if one.
    pub path: Option<String>,
    /// The file's path on the other side of the change, where it has another one: the firewall judges
    /// both. Never written out.
    #[serde(skip)]
    pub other_path: Option<String>,
    /// The side of the diff that the lines are counted on.
    pub side: Option<CommentSide>,
    /// The first of several lines; `None` for one line.
    pub start_line: Option<u64>,
    /// The line, or the last of several; `None` for a whole file, and when the line is gone.
    pub line: Option<u64>,
    /// The comment that it answers.
    pub in_reply_to_id: Option<String>,
    /// The review that it belongs to.
    pub review_id: Option<String>,
    /// Whether its thread is settled; `None` where the provider does not say.
    pub resolved: Option<bool>,
    /// What a review says of the pull request, in events; `None` for what is no review.
    pub state: Option<ReviewState>,
    /// URL of the comment's page.
    pub web_url: Option<String>,
    /// Time of creation.
    pub created_at: Option<Timestamp>,
    /// Time of the last change.
    pub updated_at: Option<Timestamp>,
}

words! {
    /// What a comment is about.
    CommentKind(non_exhaustive) {
        /// The whole pull request, issue or commit.
        General = "general",
        /// A file, or lines of it.
        Inline = "inline",
    }
}

words! {
    /// A side of a diff.
    CommentSide {
        /// The side before the change.
        Old = "old",
        /// The side after it.
        New = "new",
    }
}

impl Comment {
    /// A comment of which no more than id and kind is known.
    #[must_use]
    pub const fn new(id: String, kind: CommentKind) -> Self {
        Self {
            id,
            kind,
            body: None,
            author: None,
            pull_request_number: None,
            commit_sha: None,
            path: None,
            other_path: None,
            side: None,
            start_line: None,
            line: None,
            in_reply_to_id: None,
            review_id: None,
            resolved: None,
            state: None,
            web_url: None,
            created_at: None,
            updated_at: None,
        }
    }
}

impl Filterable for Comment {
    fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        // What is said about a blocked file quotes it.
        let paths = [&self.path, &self.other_path];
        if screen.strips(paths.into_iter().flatten().map(String::as_str)) {
            return Ok(None);
        }
        screen.url(&mut self.web_url);
        if let Some(author) = &mut self.author {
            screen.url(&mut author.avatar_url);
        }
        screen.prose(&mut self.body)?;
        Ok(Some(self))
    }
}
