//! What people think of a pull request as it stands: its participants. What they thought before stands
//! in the activity of a pull request, among its changes, and is not read.

use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Actor, Review, ReviewState},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    profile::WireUser,
};
use crate::{
    listing::{Api, Paging, present},
    wire::{self, Word},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
    page: PageRequest,
) -> Result<Page<Review>> {
    let id = number.to_string();
    let list = below(Endpoint::Reviews, repo, &["pullrequests", &*id])
        .rows_in("participants")
        .optional()
        .paged(&Paging::Slices);
    let into = |wire: WireParticipant| wire.into_review(number);
    client.rows(call, list, page, into).await.map(present)
}

#[derive(Debug, Deserialize)]
pub(super) struct WireParticipant {
    /// `null` for an account that was deleted.
    user: Option<WireUser>,
    /// Not in older answers.
    #[serde(default, deserialize_with = "wire::sent")]
    state: Option<Option<Word>>,
    approved: Option<bool>,
    #[serde(default, deserialize_with = "wire::moment")]
    participated_on: Option<Timestamp>,
}

impl WireParticipant {
    /// The id of who has voted; `None` without a vote.
    pub(super) fn voter(self) -> Option<String> {
        self.into_review(0)?.author?.id
    }

    /// The vote of a person, whose id is the review's; `None` without a vote. That of an account that was
    /// deleted counts all the same, and has no id.
    fn into_review(self, pull_request_number: u64) -> Option<Review> {
        let state = match &self.state {
            None if self.approved == Some(true) => ReviewState::Approved,
            state => match state.as_ref()?.as_ref()?.as_str() {
                "approved" => ReviewState::Approved,
                "changes_requested" => ReviewState::ChangesRequested,
                _ => return None,
            },
        };
        let author: Option<Actor> = self.user.map(Into::into);
        Some(Review {
            id: author.as_ref().and_then(|author| author.id.clone()),
            pull_request_number,
            state,
            body: None,
            author,
            commit_sha: None,
            web_url: None,
            created_at: self.participated_on,
            updated_at: None,
        })
    }
}
