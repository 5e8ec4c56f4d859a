//! Repository hooks at Bitbucket: made and deleted for administrators, proved by a MAC over the body,
//! and told in the unified words.
//! <https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/>

use async_trait::async_trait;
use gitflare_core::{
    Code, Result, Secret, Timestamp,
    model::{Comment, EventData, EventName, PushEvent, RefEvent},
    provider::{Call, HookCall, HookEvents, NewHook, ProviderHooks, RepoRef},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    Bitbucket,
    checks::WireStatus,
    client::{WireLinks, braced, href},
    commits::WireCommit,
    profile::WireUser,
    pull_requests::WirePullRequest,
    repositories::WireRepository,
};
use crate::{
    hooks::{invalid, is_signed, upstream_names},
    upstream_error::recode,
    wire::{self, Id, Rows, Word},
};

/// What can be delivered, and what Bitbucket calls it. It has no releases, and tells of no deployment.
const EVENTS: &[(EventName, &[&str])] = &[
    (EventName::Push, &["repo:push"]),
    (EventName::BranchCreated, &["repo:push"]),
    (EventName::BranchDeleted, &["repo:push"]),
    (EventName::TagCreated, &["repo:push"]),
    (EventName::TagDeleted, &["repo:push"]),
    (
        EventName::PullRequest,
        &[
            "pullrequest:created",
            "pullrequest:updated",
            "pullrequest:fulfilled",
            "pullrequest:rejected",
        ],
    ),
    (
        EventName::Comment,
        &[
            "pullrequest:comment_created",
            "pullrequest:comment_updated",
            "pullrequest:comment_deleted",
            "repo:commit_comment_created",
        ],
    ),
    (
        EventName::Check,
        &["repo:commit_status_created", "repo:commit_status_updated"],
    ),
    (EventName::Repository, &["repo:updated"]),
];

const DELIVERED: &[EventName] = &[
    EventName::Push,
    EventName::BranchCreated,
    EventName::BranchDeleted,
    EventName::TagCreated,
    EventName::TagDeleted,
    EventName::PullRequest,
    EventName::Comment,
    EventName::Check,
    EventName::Repository,
];

const NO_RIGHT: &str = "Hooks at Bitbucket need an administrator of the repository, and a connection that may make them.";

#[async_trait]
impl ProviderHooks for Bitbucket {
    fn events(&self) -> &'static [EventName] {
        DELIVERED
    }

    async fn create(&self, call: &Call, repo: &RepoRef, hook: &NewHook<'_>) -> Result<String> {
        let events = upstream_names(EVENTS, hook.events);
        let body = json!({
            "description": "GitFlare",
            "url": hook.url,
            "active": true,
            "secret": hook.secret.expose(),
            "events": events,
        });
        let id = braced(&repo.id);
        let path = ["repositories", "{}", &*id, "hooks"];
        let asked = self.client.upstream.post(call, &path, body.to_string());
        let answer = asked.await.map_err(|error| match error.code() {
            Code::InsufficientScope | Code::ResourceNotFound => {
                recode(&error, Code::InsufficientScope, NO_RIGHT)
            }
            _ => error,
        })?;
        Ok(answer.json::<WireHook>()?.uuid)
    }

    async fn delete(&self, call: &Call, repo: &RepoRef, hook_id: &str) -> Result<()> {
        let id = braced(&repo.id);
        let path = ["repositories", "{}", &*id, "hooks", hook_id];
        match self.client.upstream.delete(call, &path).await {
            Err(error) if matches!(error.upstream_status(), Some(404 | 410)) => Ok(()),
            asked => asked.map(drop),
        }
    }

    fn verify(&self, call: &HookCall<'_>, secret: &Secret<String>) -> bool {
        is_signed(call, "x-hub-signature", secret)
    }

    fn read(&self, call: &HookCall<'_>) -> Result<HookEvents> {
        let event = call.header("x-event-key").ok_or_else(invalid)?;
        // Every attempt of one delivery carries the same.
        let delivery_id = call.header("x-request-uuid").ok_or_else(invalid)?;
        let wire: WireEvent = serde_json::from_slice(call.body).map_err(|_| invalid())?;
        let repository = wire.repository.as_ref();
        Ok(HookEvents {
            delivery_id: Some(delivery_id.to_owned()),
            repository_id: repository.map(WireRepository::id),
            full_name: repository.map(WireRepository::full_name),
            events: wire.into_events(event, call)?,
        })
    }
}

#[derive(Debug, Deserialize)]
struct WireHook {
    uuid: String,
}

#[derive(Debug, Deserialize)]
struct WireEvent {
    repository: Option<WireRepository>,
    push: Option<WirePush>,
    pullrequest: Option<WirePullRequest>,
    comment: Option<WireComment>,
    commit_status: Option<WireStatus>,
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

#[derive(Debug, Deserialize)]
struct WireComment {
    id: Id,
    content: Option<WireContent>,
    user: Option<WireUser>,
    commit: Option<WireTarget>,
    links: Option<WireLinks>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_on: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_on: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct WireContent {
    #[serde(default, deserialize_with = "wire::filled")]
    raw: Option<String>,
}

impl WireComment {
    fn into_comment(self, pull_request_number: Option<u64>) -> Comment {
        Comment {
            id: self.id.into(),
            body: self.content.and_then(|content| content.raw),
            author: self.user.map(Into::into),
            pull_request_number,
            commit_sha: self.commit.and_then(|commit| commit.hash),
            web_url: href(self.links.unwrap_or_default().html),
            created_at: self.created_on,
            updated_at: self.updated_on,
        }
    }
}

impl WireChange {
    /// A ref that was made or deleted is a push, too.
    fn into_events(self) -> Vec<(EventName, EventData)> {
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
                commit_sha: after.clone(),
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
        std::iter::once(push).chain(moved).collect()
    }
}

impl WireEvent {
    fn into_events(self, event: &str, call: &HookCall<'_>) -> Result<Vec<(EventName, EventData)>> {
        let one = |name, data| Ok(vec![(name, data)]);
        match event {
            "repo:push" => {
                let changes = self.push.ok_or_else(invalid)?.changes.unwrap_or_default();
                Ok(changes
                    .into_iter()
                    .flat_map(WireChange::into_events)
                    .collect())
            }
            "pullrequest:created"
            | "pullrequest:updated"
            | "pullrequest:fulfilled"
            | "pullrequest:rejected" => {
                let pull_request = self.pullrequest.ok_or_else(invalid)?.into();
                one(
                    EventName::PullRequest,
                    EventData::PullRequest(Box::new(pull_request)),
                )
            }
            "pullrequest:comment_created"
            | "pullrequest:comment_updated"
            | "pullrequest:comment_deleted"
            | "repo:commit_comment_created" => {
                let number = self.pullrequest.map(|pull_request| pull_request.number());
                let comment = self.comment.ok_or_else(invalid)?.into_comment(number);
                one(EventName::Comment, EventData::Comment(Box::new(comment)))
            }
            "repo:commit_status_created" | "repo:commit_status_updated" => {
                let check = self.commit_status.ok_or_else(invalid)?.into();
                one(EventName::Check, EventData::Check(Box::new(check)))
            }
            "repo:updated" => {
                let repository = self.repository.ok_or_else(invalid)?;
                let repository = repository.seen_by(call.connection_id);
                one(
                    EventName::Repository,
                    EventData::Repository(Box::new(repository)),
                )
            }
            _ => Ok(Vec::new()),
        }
    }
}
