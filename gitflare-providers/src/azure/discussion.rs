//! What people say of a pull request, as service hooks tell it: comments, and votes. A vote is a review
//! without words. Subscriptions, and which payload is which, are elsewhere.

use gitflare_core::{
    Timestamp,
    model::{Actor, Comment, CommentKind, EventAction, EventData, EventName, ReviewState},
    provider::HookEvent,
};
use serde::Deserialize;

use super::{
    client::moment, comments::is_note, person::WireIdentity, pull_requests::WirePullRequest,
};
use crate::wire::{self, Id, Rows, Word};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireVotes {
    pull_request_id: Id,
    reviewers: Option<Rows<WireReviewer>>,
}

#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct WireReviewer {
    who: WireIdentity,
}

impl WireReviewer {
    /// Its id is whose it is: a person has one vote on a pull request.
    fn into_event(self, pull_request: u64) -> HookEvent {
        let (state, action) = match self.who.vote {
            Some(5 | 10) => (Some(ReviewState::Approved), EventAction::Approved),
            Some(-5 | -10) => (
                Some(ReviewState::ChangesRequested),
                EventAction::ChangesRequested,
            ),
            Some(0) => (Some(ReviewState::Dismissed), EventAction::Dismissed),
            _ => (None, EventAction::Updated),
        };
        let author: Actor = self.who.into();
        let id = format!("review:{}", author.id.as_deref().unwrap_or_default());
        let comment = Comment {
            state,
            author: Some(author),
            pull_request_number: Some(pull_request),
            ..Comment::new(id, CommentKind::General)
        };
        let data = EventData::Comment(Box::new(comment));
        HookEvent::new(EventName::Comment, data, Some(action))
    }
}

impl WireVotes {
    /// All votes are sent, and the message begins with the name of who has just voted. Where it does
    /// not, every vote that was given is told as it stands. Groups do not vote themselves.
    pub(super) fn into_events(self, message: &str) -> Vec<HookEvent> {
        let mut reviewers = self.reviewers.unwrap_or_default().0;
        reviewers.retain(|reviewer| reviewer.who.is_container != Some(true));
        let named = |reviewer: &WireReviewer| {
            let name = reviewer
                .who
                .name()
                .filter(|name| message.starts_with(*name));
            name.map_or(0, str::len)
        };
        // Of `Ann` and `Ann Lee` the longer one is meant.
        let longest = reviewers.iter().map(named).max().unwrap_or_default();
        if longest > 0 {
            reviewers.retain(|reviewer| named(reviewer) == longest);
        } else if reviewers.len() > 1 {
            reviewers.retain(|reviewer| reviewer.who.vote != Some(0));
        }
        let number = self.pull_request_id.number();
        let reviewers = reviewers.into_iter();
        reviewers.map(|one| one.into_event(number)).collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireCommented {
    comment: WireComment,
    pull_request: Option<WirePullRequest>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireComment {
    id: Id,
    #[serde(default, deserialize_with = "wire::filled")]
    content: Option<String>,
    comment_type: Option<Word>,
    author: Option<WireIdentity>,
    is_deleted: Option<bool>,
    /// 0 for the first one of a thread.
    parent_comment_id: Option<u64>,
    #[serde(default, deserialize_with = "moment")]
    published_date: Option<Timestamp>,
    #[serde(default, deserialize_with = "moment")]
    last_content_updated_date: Option<Timestamp>,
    #[serde(rename = "_links")]
    links: Option<WireLinks>,
}

#[derive(Debug, Deserialize)]
struct WireLinks {
    threads: Option<WireHref>,
}

#[derive(Debug, Deserialize)]
struct WireHref {
    href: Option<String>,
}

impl WireComment {
    fn action(&self) -> Option<EventAction> {
        if self.is_deleted == Some(true) {
            return Some(EventAction::Deleted);
        }
        let (published, updated) = (self.published_date?, self.last_content_updated_date?);
        Some(match published == updated {
            true => EventAction::Created,
            false => EventAction::Updated,
        })
    }

    fn id(&self) -> String {
        self.in_thread(self.id.number())
    }

    /// Numbers begin anew in every thread.
    fn in_thread(&self, number: u64) -> String {
        let threads = self.links.as_ref().and_then(|links| links.threads.as_ref());
        let address = threads.and_then(|threads| threads.href.as_deref());
        let thread = address.and_then(|address| address.rsplit('/').next()?.parse::<u64>().ok());
        thread.map_or_else(|| number.to_string(), |thread| format!("{thread}.{number}"))
    }
}

impl WireCommented {
    /// `None` for the host's own notes, which come as comments too.
    pub(super) fn into_event(self) -> Option<HookEvent> {
        if is_note(self.comment.comment_type.as_ref()) {
            return None;
        }
        let action = self.comment.action();
        let data = EventData::Comment(Box::new(self.into_comment()));
        Some(HookEvent::new(EventName::Comment, data, action))
    }

    fn into_comment(self) -> Comment {
        let id = self.comment.id();
        let parent = self.comment.parent_comment_id.filter(|parent| *parent != 0);
        Comment {
            in_reply_to_id: parent.map(|parent| self.comment.in_thread(parent)),
            body: self.comment.content,
            author: self.comment.author.map(Into::into),
            pull_request_number: self.pull_request.as_ref().map(WirePullRequest::number),
            created_at: self.comment.published_date,
            updated_at: self.comment.last_content_updated_date,
            ..Comment::new(id, CommentKind::General)
        }
    }
}
