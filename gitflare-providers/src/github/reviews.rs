//! Reviews of a pull request, in the order in which they were given. A dismissal overwrites what a
//! review said; one that was not submitted yet is shown to nobody but its author, and here not at all.
//! <https://docs.github.com/en/rest/pulls/reviews>

use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Comment, CommentKind, Review, ReviewState},
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
) -> Result<Page<Review>> {
    let id = number.to_string();
    let list = below(Endpoint::Reviews, repo, &["pulls", &*id, "reviews"]);
    let into = |wire: WireReview| wire.into_review(number);
    client.rows(call, list, page, into).await.map(present)
}

#[derive(Debug, Deserialize)]
pub(super) struct WireReview {
    id: Id,
    #[serde(default, deserialize_with = "wire::filled")]
    body: Option<String>,
    /// `null` once the account is deleted.
    user: Option<WireUser>,
    state: Option<Word>,
    commit_id: Option<String>,
    html_url: Option<String>,
    /// Absent while it is not submitted.
    #[serde(default, deserialize_with = "wire::moment")]
    submitted_at: Option<Timestamp>,
}

impl WireReview {
    /// The word, which events write in small letters.
    fn word(&self) -> String {
        let word = self.state.as_ref().map_or("", Word::as_str);
        word.to_ascii_lowercase()
    }

    /// `None` for a draft, and where none is told.
    fn state(&self) -> Option<ReviewState> {
        match &*self.word() {
            "pending" | "" => None,
            // What says neither yes nor no is a comment, whatever it is called.
            word => Some(ReviewState::parse(word).unwrap_or(ReviewState::Commented)),
        }
    }

    /// `None` for a draft.
    fn into_review(self, pull_request_number: u64) -> Option<Review> {
        (self.word() != "pending").then(|| Review {
            state: self.state().unwrap_or(ReviewState::Commented),
            id: Some(self.id.into()),
            pull_request_number,
            body: self.body,
            author: self.user.and_then(WireUser::into_actor),
            commit_sha: self.commit_id,
            web_url: self.html_url,
            created_at: self.submitted_at,
            updated_at: None,
        })
    }

    /// The review as events tell of it: a comment on the whole.
    pub(super) fn into_comment(self, pull_request_number: Option<u64>) -> Comment {
        Comment {
            state: self.state(),
            body: self.body,
            author: self.user.and_then(WireUser::into_actor),
            pull_request_number,
            commit_sha: self.commit_id,
            web_url: self.html_url,
            created_at: self.submitted_at,
            ..Comment::new(self.id.into(), CommentKind::General)
        }
    }
}
