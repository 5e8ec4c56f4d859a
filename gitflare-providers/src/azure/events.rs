//! What the payloads of Azure DevOps' service hooks say, in the unified words. Who may call is decided
//! in `hooks.rs`. Builds, and changes of repositories, are told of the whole project: what is about
//! another repository is marked as such, and what names none is nothing.
//! <https://learn.microsoft.com/en-us/azure/devops/service-hooks/events>

use gitflare_core::{
    Result, Timestamp,
    model::{Commit, EventAction, EventData, EventName, PullRequestState, PushEvent, RefEvent},
    provider::{HookCall, HookEvent, HookEvents},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    checks::WireBuild,
    client::{moment, parts},
    commits::WireCommit,
    discussion::{WireCommented, WireVotes},
    pull_requests::WirePullRequest,
    repositories::{WireProject, WireRepository},
};
use crate::{
    hooks::{invalid, known_sha},
    lenient,
    wire::{self, Rows},
};

pub(super) const PUSH: &str = "git.push";
pub(super) const CREATED: &str = "git.pullrequest.created";
pub(super) const UPDATED: &str = "git.pullrequest.updated";
/// A merge was tried, and may have failed.
pub(super) const MERGED: &str = "git.pullrequest.merged";
pub(super) const COMMENTED: &str = "ms.vss-code.git-pullrequest-comment-event";
pub(super) const BUILT: &str = "build.complete";
pub(super) const RENAMED: &str = "git.repo.renamed";
/// A repository was switched off or on.
pub(super) const STATUS: &str = "git.repo.statuschanged";
pub(super) const DELETED: &str = "git.repo.deleted";
/// What hooks are not made for, since it is about other repositories, or one that was away; an
/// organization's own hook may call with it.
const APPEARED: &[&str] = &["git.repo.created", "git.repo.forked", "git.repo.undeleted"];

/// Whether a call is about a repository, which it may name or not.
fn is_of_repository(kind: &str) -> bool {
    matches!(kind, RENAMED | STATUS | DELETED) || APPEARED.contains(&kind)
}

/// What a verified call says; `is_vote` where it is one of those that tell of votes.
pub(super) fn read(call: &HookCall<'_>, is_vote: bool) -> Result<HookEvents> {
    let wire: WireCall = lenient::read(call.body).map_err(|_| invalid())?;
    let resource = wire.resource.unwrap_or_default();
    let concerned = WireConcerned::deserialize(&resource);
    let concerned = concerned.or_else(|_| from(resource.clone()))?;
    let repository = concerned.repository();
    let kind = wire.event_type.as_str();
    let is_told = repository.is_some() || (kind != BUILT && !is_of_repository(kind));
    let events = match is_told {
        true => told(call, kind, resource, is_vote, wire.message)?,
        false => Vec::new(),
    };
    let events = events.into_iter().map(|event| {
        let event = event.told_as(Some(wire.event_type.clone()));
        event.at(wire.created_date)
    });
    Ok(HookEvents {
        delivery_id: wire.id,
        events: events.collect(),
        full_name: repository.as_ref().and_then(|it| it.full_name(call)),
        repository_id: repository.map(|it| it.id(call)),
    })
}

/// Which organization the hook belongs to. Payloads do not say it in a way that lasts.
fn organization<'a>(call: &HookCall<'a>) -> Result<&'a str> {
    let [organization, ..] = parts(call.repository_id).ok_or_else(invalid)?;
    Ok(organization)
}

fn from<T: DeserializeOwned>(resource: Value) -> Result<T> {
    lenient::of(resource).ok_or_else(invalid)
}

fn told(
    call: &HookCall<'_>,
    kind: &str,
    resource: Value,
    is_vote: bool,
    message: Option<WireMessage>,
) -> Result<Vec<HookEvent>> {
    let one = |name, data, action| Ok(vec![HookEvent::new(name, data, action)]);
    match kind {
        PUSH => Ok(from::<WirePush>(resource)?.into_events()),
        UPDATED if is_vote => {
            let message = message.and_then(|message| message.text);
            Ok(from::<WireVotes>(resource)?.into_events(&message.unwrap_or_default()))
        }
        CREATED | UPDATED | MERGED => {
            let wire: WirePullRequest = from(resource)?;
            let action = match (kind, wire.state()) {
                (CREATED, _) => EventAction::Created,
                (UPDATED, PullRequestState::Merged) => EventAction::Merged,
                (UPDATED, PullRequestState::Closed) => EventAction::Closed,
                _ => EventAction::Updated,
            };
            let data = EventData::PullRequest(Box::new(wire.into()));
            one(EventName::PullRequest, data, Some(action))
        }
        COMMENTED => {
            // An older version of the payload is the comment itself.
            let resource = match resource.get("comment") {
                Some(_) => resource,
                None => json!({ "comment": resource }),
            };
            let told = from::<WireCommented>(resource)?.into_event();
            Ok(told.into_iter().collect())
        }
        BUILT => {
            let data = EventData::Check(Box::new(from::<WireBuild>(resource)?.into()));
            one(EventName::Check, data, Some(EventAction::Completed))
        }
        kind if is_of_repository(kind) => {
            let wire: WireChanged = from(resource)?;
            let action = match (kind, wire.disabled) {
                (RENAMED, _) => EventAction::Renamed,
                (DELETED, _) => EventAction::Deleted,
                ("git.repo.created" | "git.repo.forked", _) => EventAction::Created,
                (STATUS, Some(true)) => EventAction::Archived,
                (STATUS, Some(false)) => EventAction::Unarchived,
                _ => EventAction::Updated,
            };
            let repository = wire.into_repository().ok_or_else(invalid)?;
            let seen = repository.seen_by(organization(call)?, call.connection_id);
            let data = EventData::Repository(Box::new(seen));
            one(EventName::Repository, data, Some(action))
        }
        _ => Ok(Vec::new()),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCall {
    id: Option<String>,
    event_type: String,
    message: Option<WireMessage>,
    resource: Option<Value>,
    #[serde(default, deserialize_with = "moment")]
    created_date: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct WireMessage {
    text: Option<String>,
}

/// What says which repository a call is about.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireConcerned {
    repository: Option<WirePlace>,
    /// Of a comment.
    pull_request: Option<Box<WireConcerned>>,
    /// Of a repository that is gone, as the next.
    repository_id: Option<String>,
    repository_name: Option<String>,
    /// Of a build, too, whose repository does not say it.
    project: Option<WireName>,
}

#[derive(Debug, Deserialize)]
struct WirePlace {
    id: Option<String>,
    name: Option<String>,
    project: Option<WireName>,
}

#[derive(Debug, Deserialize)]
struct WireName {
    #[serde(default, deserialize_with = "wire::filled")]
    name: Option<String>,
}

struct Place<'a> {
    id: &'a str,
    name: Option<&'a str>,
    project: Option<&'a str>,
}

impl WireConcerned {
    /// The repository; `None` where its id is not told.
    fn repository(&self) -> Option<Place<'_>> {
        let project = self.project.as_ref().and_then(|it| it.name.as_deref());
        if let Some(found) = &self.repository {
            let own = found.project.as_ref().and_then(|it| it.name.as_deref());
            return Some(Place {
                id: found.id.as_deref()?,
                name: found.name.as_deref(),
                project: own.or(project),
            });
        }
        match (&self.repository_id, &self.pull_request) {
            (Some(id), _) => Some(Place {
                id,
                name: self.repository_name.as_deref(),
                project,
            }),
            (None, Some(pull_request)) => pull_request.repository(),
            (None, None) => None,
        }
    }
}

impl Place<'_> {
    /// Its id is unique in the organization, which the hook has in its own.
    fn id(&self, call: &HookCall<'_>) -> String {
        match parts(call.repository_id) {
            Some([.., own]) if own.eq_ignore_ascii_case(self.id) => call.repository_id.to_owned(),
            _ => self.id.to_owned(),
        }
    }

    fn full_name(&self, call: &HookCall<'_>) -> Option<String> {
        let organization = organization(call).ok()?;
        Some(format!("{organization}/{}/{}", self.project?, self.name?))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireChanged {
    repository: Option<WireRepository>,
    disabled: Option<bool>,
    /// Of one that is gone, as the next two.
    repository_id: Option<String>,
    repository_name: Option<String>,
    project: Option<WireProject>,
}

impl WireChanged {
    fn into_repository(self) -> Option<WireRepository> {
        self.repository.or_else(|| {
            let (id, name) = (self.repository_id?, self.repository_name?);
            Some(WireRepository::known(id, name, self.project?))
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePush {
    ref_updates: Rows<WireRefUpdate>,
    /// The newest ones, the last one first.
    commits: Option<Rows<WireCommit>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRefUpdate {
    name: String,
    old_object_id: Option<String>,
    new_object_id: Option<String>,
}

impl WirePush {
    /// A ref that was made or deleted is a push, too. Of several refs nobody says whose the commits are.
    fn into_events(self) -> Vec<HookEvent> {
        let is_one = self.ref_updates.0.len() == 1;
        let mut commits = self.commits.filter(|_| is_one).unwrap_or_default().0;
        commits.reverse();
        let mut commits = commits.into_iter().map(Into::into).collect();
        let of_ref = |update: WireRefUpdate| update.into_events(std::mem::take(&mut commits));
        self.ref_updates.into_iter().flat_map(of_ref).collect()
    }
}

/// Whether an id is the one of nothing: of a ref before it was made, or after it was deleted.
fn is_nothing(id: Option<&String>) -> bool {
    id.is_some_and(|id| known_sha(Some(id.clone())).is_none())
}

impl WireRefUpdate {
    fn into_events(self, commits: Vec<Commit>) -> Vec<HookEvent> {
        let was_made = is_nothing(self.old_object_id.as_ref());
        let was_deleted = is_nothing(self.new_object_id.as_ref());
        let branch = self.name.strip_prefix("refs/heads/");
        let tag = self.name.strip_prefix("refs/tags/");
        let name = match (branch.is_some(), was_made, was_deleted) {
            (true, true, false) => Some(EventName::BranchCreated),
            (true, false, true) => Some(EventName::BranchDeleted),
            (false, true, false) => Some(EventName::TagCreated),
            (false, false, true) => Some(EventName::TagDeleted),
            _ => None,
        };
        let (before, after) = (known_sha(self.old_object_id), known_sha(self.new_object_id));
        let moved = name.zip(branch.or(tag)).map(|(name, short)| {
            let data = RefEvent {
                name: short.to_owned(),
                // Of a tag the id may be that of its own object, and nothing tells which it is.
                commit_sha: after
                    .clone()
                    .or(before.clone())
                    .filter(|_| branch.is_some()),
            };
            (name, EventData::Ref(data))
        });
        let push = PushEvent {
            git_ref: self.name.clone(),
            before,
            after: after.clone(),
            commits,
        };
        let push = (EventName::Push, EventData::Push(push));
        let told = std::iter::once(push).chain(moved);
        told.map(HookEvent::from).collect()
    }
}
