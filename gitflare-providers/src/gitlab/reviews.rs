//! What people think of a merge request as it stands: first those who approve, then the reviewers who
//! have said something else. GitLab keeps no history of it, and when a reviewer changed their mind is
//! not told.
//! <https://docs.gitlab.com/api/merge_requests/#list-all-reviewers-for-a-merge-request>

use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Actor, Comment, CommentKind, EventAction, Review, ReviewState},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    profile::WireUser,
};
use crate::{
    listing::{Api, Paging, present},
    phases::{self, Phase},
    wire::{self, Id, Word},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
    page: PageRequest,
) -> Result<Page<Review>> {
    let iid = number.to_string();
    let (phase, mut page) = phases::turn(&page)?;
    let mut missing = Vec::new();
    if phase == Phase::First {
        let path = ["merge_requests", &*iid, "approvals"];
        let list = below(Endpoint::Reviews, repo, &path)
            .paged(&Paging::Slices)
            .rows_in("approved_by");
        let into = |wire: WireApproval| wire.into_review(number);
        let rows = client.rows(call, list, page.clone(), into).await?;
        match phases::first(&page, rows) {
            Ok(page) => return Ok(page),
            Err(errors) => (missing, page) = (errors, PageRequest::first(page.limit)),
        }
    }
    let list = below(
        Endpoint::Reviews,
        repo,
        &["merge_requests", &*iid, "reviewers"],
    );
    let into = |wire: WireReviewer| wire.into_review(number);
    let rows = client.rows(call, list, page, into).await?;
    Ok(phases::second(present(rows), missing))
}

/// Whose approval an event tells of.
pub(super) enum Reviewer {
    /// That person's, where one is named.
    One(Option<WireUser>),
    /// Those of everybody who had approved this merge request; who they are is not told.
    Everybody(Option<Id>),
}

/// An approval, given or taken back, as an event tells it: one a person, whose id is its own.
pub(super) fn told(action: Option<EventAction>, by: Reviewer) -> Option<Comment> {
    let state = match action? {
        EventAction::Approved => ReviewState::Approved,
        EventAction::Dismissed => ReviewState::Dismissed,
        _ => return None,
    };
    let (id, author) = match by {
        Reviewer::One(user) => {
            let author = Actor::from(user?);
            (format!("review:{}", author.id.as_deref()?), Some(author))
        }
        Reviewer::Everybody(of) => (format!("reviews:{}", of?.number()), None),
    };
    Some(Comment {
        state: Some(state),
        author,
        ..Comment::new(id, CommentKind::General)
    })
}

#[derive(Debug, Deserialize)]
struct WireApproval {
    #[serde(deserialize_with = "wire::identified::<_, WireUser>")]
    user: Actor,
    /// Newer releases.
    #[serde(default, deserialize_with = "wire::moment")]
    approved_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct WireReviewer {
    #[serde(deserialize_with = "wire::identified::<_, WireUser>")]
    user: Actor,
    state: Option<Word>,
}

impl WireApproval {
    fn into_review(self, number: u64) -> Review {
        Review {
            created_at: self.approved_at,
            ..of(self.user, ReviewState::Approved, number)
        }
    }
}

impl WireReviewer {
    /// `None` for those who have said nothing yet, and for those who approve: they come first.
    fn into_review(self, number: u64) -> Option<Review> {
        let state = match self.state.as_ref()?.as_str() {
            "requested_changes" => ReviewState::ChangesRequested,
            "reviewed" => ReviewState::Commented,
            _ => return None,
        };
        Some(of(self.user, state, number))
    }
}

/// The vote of a person, whose id is the review's.
fn of(author: Actor, state: ReviewState, number: u64) -> Review {
    Review {
        id: author.id.clone(),
        pull_request_number: number,
        state,
        body: None,
        author: Some(author),
        commit_sha: None,
        web_url: None,
        created_at: None,
        updated_at: None,
    }
}
