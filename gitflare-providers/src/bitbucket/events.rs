//! What the payloads of Bitbucket's hooks say, in the unified words, and which of its events tell what.
//! Who may call is decided in `hooks.rs`.
//! <https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/>

use gitflare_core::{
    Result, Timestamp,
    model::{
        Actor, Comment, CommentKind, EventAction, EventData, EventName, PushEvent, RefEvent,
        ReviewState,
    },
    provider::{HookCall, HookEvent, HookEvents},
};
use serde::{Deserialize, de::IgnoredAny};

use super::{
    checks::WireStatus, comments::WireComment, commits::WireCommit, profile::WireUser,
    pull_requests::WirePullRequest, repositories::WireRepository,
};
use crate::{
    hooks::{PUSHED, invalid},
    lenient,
    wire::{self, Rows, Word},
};

/// What can be delivered, what Bitbucket calls it, and what has happened then. It has no releases, and
/// tells of no deployment.
pub(super) const EVENTS: &[(&str, &[EventName], Option<EventAction>)] = &[
    ("repo:push", PUSHED, None),
    (
        "pullrequest:created",
        PULL_REQUEST,
        Some(EventAction::Created),
    ),
    (
        "pullrequest:updated",
        PULL_REQUEST,
        Some(EventAction::Updated),
    ),
    ("pullrequest:push", PULL_REQUEST, Some(EventAction::Updated)),
    (
        "pullrequest:fulfilled",
        PULL_REQUEST,
        Some(EventAction::Merged),
    ),
    (
        "pullrequest:rejected",
        PULL_REQUEST,
        Some(EventAction::Closed),
    ),
    ("pullrequest:approved", COMMENT, Some(EventAction::Approved)),
    (
        "pullrequest:unapproved",
        COMMENT,
        Some(EventAction::Dismissed),
    ),
    (
        "pullrequest:changes_request_created",
        COMMENT,
        Some(EventAction::ChangesRequested),
    ),
    (
        "pullrequest:changes_request_removed",
        COMMENT,
        Some(EventAction::Dismissed),
    ),
    (
        "pullrequest:comment_created",
        COMMENT,
        Some(EventAction::Created),
    ),
    (
        "pullrequest:comment_updated",
        COMMENT,
        Some(EventAction::Updated),
    ),
    (
        "pullrequest:comment_deleted",
        COMMENT,
        Some(EventAction::Deleted),
    ),
    (
        "pullrequest:comment_resolved",
        COMMENT,
        Some(EventAction::Updated),
    ),
    (
        "pullrequest:comment_reopened",
        COMMENT,
        Some(EventAction::Updated),
    ),
    (
        "repo:commit_comment_created",
        COMMENT,
        Some(EventAction::Created),
    ),
    (
        "repo:commit_status_created",
        CHECK,
        Some(EventAction::Created),
    ),
    (
        "repo:commit_status_updated",
        CHECK,
        Some(EventAction::Updated),
    ),
    ("repo:updated", REPOSITORY, Some(EventAction::Updated)),
    // Of the one that was forked, which is as it was.
    ("repo:fork", REPOSITORY, Some(EventAction::Updated)),
    ("repo:transfer", REPOSITORY, Some(EventAction::Transferred)),
    ("repo:deleted", REPOSITORY, Some(EventAction::Deleted)),
];

/// What an organization's own hooks call with, and repositories' cannot ask for.
const APPEARED: &[&str] = &["repo:created", "repo:imported"];

const PULL_REQUEST: &[EventName] = &[EventName::PullRequest];
const COMMENT: &[EventName] = &[EventName::Comment];
const CHECK: &[EventName] = &[EventName::Check];
const REPOSITORY: &[EventName] = &[EventName::Repository];

/// What a verified call says.
pub(super) fn read(call: &HookCall<'_>) -> Result<HookEvents> {
    let event = call.header("x-event-key").ok_or_else(invalid)?;
    // Every attempt of one delivery carries the same.
    let delivery_id = call.header("x-request-uuid").ok_or_else(invalid)?;
    let wire: WireEvent = lenient::read(call.body).map_err(|_| invalid())?;
    let repository = wire.repository.as_ref();
    Ok(HookEvents {
        delivery_id: Some(delivery_id.to_owned()),
        repository_id: repository.map(WireRepository::id),
        full_name: repository.map(WireRepository::full_name),
        events: wire.into_events(event, call)?,
    })
}

#[derive(Debug, Deserialize)]
struct WireEvent {
    repository: Option<WireRepository>,
    push: Option<WirePush>,
    pullrequest: Option<WirePullRequest>,
    comment: Option<WireComment>,
    approval: Option<WireReview>,
    changes_request: Option<WireReview>,
    commit_status: Option<WireStatus>,
    /// What a comment on a commit is about; it stands beside the comment, or in it.
    commit: Option<WireTarget>,
    /// Of a repository: what it was before, by member.
    changes: Option<WireRenaming>,
}

#[derive(Debug, Deserialize)]
struct WireRenaming {
    name: Option<IgnoredAny>,
    full_name: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct WirePush {
    changes: Option<Rows<WireChange>>,
}

/// What happened to one ref: `old` is `null` for one that was made, `new` for one that was deleted.
#[derive(Debug, Deserialize)]
struct WireChange {
    old: Option<WireRef>,
    new: Option<WireRef>,
    /// The newest, the last one first.
    commits: Option<Rows<WireCommit>>,
}

#[derive(Debug, Deserialize)]
struct WireRef {
    #[serde(rename = "type")]
    kind: Word,
    name: String,
    target: Option<WireTarget>,
}

#[derive(Debug, Deserialize)]
struct WireTarget {
    hash: Option<String>,
}

impl WireRef {
    fn is_tag(&self) -> bool {
        self.kind.as_str() == "tag"
    }

    fn whole_name(&self) -> String {
        let folder = if self.is_tag() { "tags" } else { "heads" };
        format!("refs/{folder}/{}", self.name)
    }

    fn hash(&self) -> Option<String> {
        self.target.as_ref()?.hash.clone()
    }
}

/// What a person thinks of a pull request: one each, without an id or words.
#[derive(Debug, Deserialize)]
struct WireReview {
    user: Option<WireUser>,
    #[serde(default, deserialize_with = "wire::moment")]
    date: Option<Timestamp>,
}

fn review_state(action: EventAction) -> Option<ReviewState> {
    match action {
        EventAction::Approved => Some(ReviewState::Approved),
        EventAction::ChangesRequested => Some(ReviewState::ChangesRequested),
        EventAction::Dismissed => Some(ReviewState::Dismissed),
        _ => None,
    }
}

impl WireReview {
    /// Its id is whose it is: a person has one review of a pull request.
    fn into_comment(self, pull_request_number: Option<u64>, state: Option<ReviewState>) -> Comment {
        let author: Option<Actor> = self.user.map(Into::into);
        let whose = author.as_ref().and_then(|author| author.id.as_deref());
        let id = format!("review:{}", whose.unwrap_or_default());
        Comment {
            state,
            author,
            pull_request_number,
            created_at: self.date,
            ..Comment::new(id, CommentKind::General)
        }
    }
}

impl WireChange {
    /// A ref that was made or deleted is a push, too.
    fn into_events(self) -> Vec<HookEvent> {
        let Some(known) = self.new.as_ref().or(self.old.as_ref()) else {
            return Vec::new();
        };
        let before = self.old.as_ref().and_then(WireRef::hash);
        let after = self.new.as_ref().and_then(WireRef::hash);
        let name = match (&self.old, &self.new, known.is_tag()) {
            (None, _, false) => Some(EventName::BranchCreated),
            (_, None, false) => Some(EventName::BranchDeleted),
            (None, _, true) => Some(EventName::TagCreated),
            (_, None, true) => Some(EventName::TagDeleted),
            (Some(_), Some(_), _) => None,
        };
        let moved = name.map(|name| {
            let data = RefEvent {
                name: known.name.clone(),
                // A branch that is gone stood somewhere; a tag leads nowhere any more.
                commit_sha: after
                    .clone()
                    .or_else(|| before.clone().filter(|_| !known.is_tag())),
            };
            (name, EventData::Ref(data))
        });
        // Everybody else tells the oldest commit first.
        let commits = self.commits.unwrap_or_default().into_iter().rev();
        let commits = commits.map(Into::into).collect();
        let push = PushEvent {
            git_ref: known.whole_name(),
            before,
            after,
            commits,
        };
        let push = (EventName::Push, EventData::Push(push));
        let told = std::iter::once(push).chain(moved);
        told.map(HookEvent::from).collect()
    }
}

impl WireEvent {
    fn into_events(self, event: &str, call: &HookCall<'_>) -> Result<Vec<HookEvent>> {
        let is_renamed = event == "repo:updated"
            && self
                .changes
                .as_ref()
                .is_some_and(|changes| changes.name.is_some() || changes.full_name.is_some());
        let mut known = EVENTS.iter();
        let (names, action) = match known.find(|(key, ..)| *key == event) {
            Some((_, names, action)) => (*names, action),
            None if APPEARED.contains(&event) => (REPOSITORY, &Some(EventAction::Created)),
            // Whatever is new to us has happened all the same; its word goes along.
            None if event.starts_with("pullrequest:") && self.pullrequest.is_some() => {
                (PULL_REQUEST, &Some(EventAction::Updated))
            }
            None if event.starts_with("repo:") && self.repository.is_some() => {
                (REPOSITORY, &Some(EventAction::Updated))
            }
            None => return Ok(Vec::new()),
        };
        let name = names[0];
        let mut at = None;
        let data = match name {
            EventName::PullRequest => {
                let pull_request = self.pullrequest.ok_or_else(invalid)?.into();
                EventData::PullRequest(Box::new(pull_request))
            }
            EventName::Comment => {
                let number = self.pullrequest.map(|pull_request| pull_request.number());
                let beside = self.commit.and_then(|commit| commit.hash);
                let comment = match self.comment {
                    Some(comment) => {
                        let comment = comment.into_comment(number);
                        let commit_sha = comment.commit_sha.clone().or(beside);
                        // What has just been done holds, whatever the comment says yet.
                        let resolved = match event {
                            "pullrequest:comment_resolved" => Some(true),
                            "pullrequest:comment_reopened" => Some(false),
                            _ => comment.resolved,
                        };
                        Comment {
                            commit_sha,
                            resolved,
                            ..comment
                        }
                    }
                    None => {
                        let review = self.approval.or(self.changes_request);
                        let review = review.ok_or_else(invalid)?;
                        // Also of the end of an approval it is the time.
                        at = review.date;
                        review.into_comment(number, action.and_then(review_state))
                    }
                };
                EventData::Comment(Box::new(comment))
            }
            EventName::Check => {
                let check = self.commit_status.ok_or_else(invalid)?.into();
                EventData::Check(Box::new(check))
            }
            EventName::Repository => {
                let repository = self.repository.ok_or_else(invalid)?;
                EventData::Repository(Box::new(repository.seen_by(call.connection_id)))
            }
            _ => {
                let changes = self.push.ok_or_else(invalid)?.changes.unwrap_or_default();
                let told = changes.into_iter().flat_map(WireChange::into_events);
                return Ok(told.collect());
            }
        };
        // A status that is sent with its outcome has ended, whether it was told of before or not.
        let action = match is_renamed {
            true => Some(EventAction::Renamed),
            false => data.action_by_state().or(*action),
        };
        let told = HookEvent::new(name, data, action);
        Ok(vec![told.told_as(Some(event.to_owned())).at(at)])
    }
}
