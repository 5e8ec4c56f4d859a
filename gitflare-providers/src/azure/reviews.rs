//! The votes on a pull request as they stand. Azure DevOps tells neither when they were given nor with
//! which words; groups are asked as well, and their members' votes are their own.

use gitflare_core::{
    Page, PageRequest, Result,
    model::{Actor, Review, ReviewState},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    person::WireIdentity,
};
use crate::listing::{Api, Paging, present};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
    page: PageRequest,
) -> Result<Page<Review>> {
    let id = number.to_string();
    let path = ["pullRequests", &*id, "reviewers"];
    let list = below(Endpoint::Reviews, &Paging::Slices, repo, &path)?;
    let into = |wire: WireReviewer| wire.into_review(number);
    client.rows(call, list, page, into).await.map(present)
}

/// Somebody who was asked for a review, or a group whose members may give one.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct WireReviewer {
    person: WireIdentity,
}

impl WireReviewer {
    /// Who was asked, and has neither voted nor declined to.
    pub(super) fn waited_for(self) -> Option<Actor> {
        let is_person =
            self.person.is_container != Some(true) && self.person.has_declined != Some(true);
        (is_person && self.person.vote == Some(0)).then(|| self.person.into())
    }

    /// The vote of a person, whose id is the review's; `None` without one. That of an account that was
    /// deleted counts all the same, and has no id.
    fn into_review(self, pull_request_number: u64) -> Option<Review> {
        let state = match self.person.vote? {
            _ if self.person.is_container == Some(true) => return None,
            1.. => ReviewState::Approved,
            ..=-1 => ReviewState::ChangesRequested,
            0 => return None,
        };
        let author = Actor::from(self.person);
        Some(Review {
            id: author.id.clone(),
            pull_request_number,
            state,
            body: None,
            author: Some(author),
            commit_sha: None,
            web_url: None,
            created_at: None,
            updated_at: None,
        })
    }
}
