//! Project hooks at GitLab: made and deleted for maintainers, proved by a token that comes along,
//! and told in the unified words.
//! <https://docs.gitlab.com/user/project/integrations/webhook_events/>

use async_trait::async_trait;
use gitflare_core::{
    Code, Result, Secret, Timestamp,
    model::{
        Actor, Asset, Check, Comment, CommentKind, Commit, Deployment, EventAction, EventData,
        EventName, PullRequest, PullRequestState, PushEvent, RefEvent, Release, Signature,
    },
    provider::{Call, HookCall, HookEvent, HookEvents, NewHook, ProviderHooks, RepoRef},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use super::{
    Gitlab,
    checks::outcome,
    comments::WirePosition,
    deployments,
    profile::WireUser,
    pull_requests,
    reviews::{self, Reviewer},
};
use crate::{
    hooks::{action, body_hash, by_state, by_word, invalid, known_sha},
    lenient,
    upstream_error::recode,
    wire::{self, Id, Rows},
};

/// What can be delivered: GitLab tells of a project's own settings to its administrators alone.
const DELIVERED: &[EventName] = &[
    EventName::Push,
    EventName::BranchCreated,
    EventName::BranchDeleted,
    EventName::TagCreated,
    EventName::TagDeleted,
    EventName::PullRequest,
    EventName::Comment,
    EventName::Release,
    EventName::Check,
    EventName::Deployment,
];

/// Every switch of a hook, and what it is on for. All are sent: one of them is on by default.
const SWITCHES: &[(&str, &[EventName])] = &[
    (
        "push_events",
        &[
            EventName::Push,
            EventName::BranchCreated,
            EventName::BranchDeleted,
        ],
    ),
    (
        "tag_push_events",
        &[
            EventName::Push,
            EventName::TagCreated,
            EventName::TagDeleted,
        ],
    ),
    // Approvals come with it, which are reviews without words.
    (
        "merge_requests_events",
        &[EventName::PullRequest, EventName::Comment],
    ),
    ("note_events", &[EventName::Comment]),
    ("releases_events", &[EventName::Release]),
    ("job_events", &[EventName::Check]),
    ("deployment_events", &[EventName::Deployment]),
    ("pipeline_events", &[]),
    ("issues_events", &[]),
    ("confidential_issues_events", &[]),
    ("confidential_note_events", &[]),
    ("wiki_page_events", &[]),
];

#[async_trait]
impl ProviderHooks for Gitlab {
    fn events(&self) -> &'static [EventName] {
        DELIVERED
    }

    async fn create(&self, call: &Call, repo: &RepoRef, hook: &NewHook<'_>) -> Result<String> {
        let mut body: Map<String, Value> = SWITCHES
            .iter()
            .map(|(switch, names)| {
                let on = names.iter().any(|name| hook.events.contains(name));
                ((*switch).to_owned(), on.into())
            })
            .collect();
        body.insert("url".to_owned(), hook.url.into());
        body.insert("token".to_owned(), hook.secret.expose().as_str().into());
        body.insert("enable_ssl_verification".to_owned(), true.into());
        let path = ["projects", &repo.id, "hooks"];
        let asked = self
            .client
            .upstream
            .post(call, &path, Value::Object(body).to_string())
            .await;
        // Policies, and what stands in front of GitLab, have been told apart.
        let answer = asked.map_err(|error| match error.code() {
            Code::InsufficientScope | Code::ResourceNotFound => recode(
                &error,
                Code::InsufficientScope,
                "Hooks at GitLab need a maintainer of the project, and a connection with the scope `api`.",
            ),
            _ => error,
        })?;
        Ok(answer.json::<WireHook>()?.id.into())
    }

    async fn delete(&self, call: &Call, repo: &RepoRef, hook_id: &str) -> Result<()> {
        let path = ["projects", &repo.id, "hooks", hook_id];
        match self.client.upstream.delete(call, &path).await {
            Err(error) if matches!(error.upstream_status(), Some(404 | 410)) => Ok(()),
            asked => asked.map(drop),
        }
    }

    fn verify(&self, call: &HookCall<'_>, secret: &Secret<String>) -> bool {
        let token = call.header("x-gitlab-token").unwrap_or_default();
        token.as_bytes().ct_eq(secret.expose().as_bytes()).into()
    }

    fn read(&self, call: &HookCall<'_>) -> Result<HookEvents> {
        let concerned: WireConcerned = parse(call.body)?;
        let (id, full_name) = match concerned.project {
            Some(project) => (project.id, project.path_with_namespace),
            None => (None, None),
        };
        Ok(HookEvents {
            delivery_id: Some(delivery_id(call)),
            repository_id: id.or(concerned.project_id).map(Into::into),
            full_name,
            events: match concerned.object_kind.as_deref() {
                // What nobody asked for may look like anything.
                Some(kind) if KINDS.contains(&kind) => {
                    let wire: WireEvent = parse(call.body)?;
                    // Of nothing that is known nothing was pushed.
                    if matches!(kind, "push" | "tag_push") && wire.git_ref.is_none() {
                        return Err(invalid());
                    }
                    wire.into_events(kind)
                }
                _ => Vec::new(),
            },
        })
    }
}

/// GitLab 17.4 and newer name a delivery. Before, an event has an id that a chain of hooks which
/// cause each other shares, and the oldest releases send none: the body tells two events apart.
fn delivery_id(call: &HookCall<'_>) -> String {
    match call.header("idempotency-key") {
        Some(key) => key.to_owned(),
        None => {
            let event = call.header("x-gitlab-event-uuid").unwrap_or_default();
            let event: String = event.chars().take(MAX_EVENT_ID).collect();
            format!("{event} {}", body_hash(call.body))
        }
    }
}

/// What is kept of an event's id before the hash of the body.
const MAX_EVENT_ID: usize = 64;

/// What GitLab calls the events that are told.
const KINDS: &[&str] = &[
    "push",
    "tag_push",
    "merge_request",
    "note",
    "release",
    "build",
    "deployment",
];

/// What GitLab's words for what happened mean; what stands in none of the tables is a change.
const MERGE_REQUEST: &[(&str, EventAction)] = &[
    ("open", EventAction::Created),
    ("close", EventAction::Closed),
    ("reopen", EventAction::Reopened),
    ("merge", EventAction::Merged),
    ("approved", EventAction::Approved),
    ("approval", EventAction::Approved),
    ("unapproved", EventAction::Dismissed),
    ("unapproval", EventAction::Dismissed),
];
const NOTE: &[(&str, EventAction)] = &[("create", EventAction::Created)];
const RELEASE: &[(&str, EventAction)] = &[
    ("create", EventAction::Created),
    ("delete", EventAction::Deleted),
];

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    lenient::read(body).map_err(|_| invalid())
}

#[derive(Debug, Deserialize)]
struct WireHook {
    id: Id,
}

/// What every event says.
#[derive(Debug, Deserialize)]
struct WireConcerned {
    object_kind: Option<String>,
    project: Option<WireProject>,
    project_id: Option<Id>,
}

#[derive(Debug, Deserialize)]
struct WireProject {
    id: Option<Id>,
    path_with_namespace: Option<String>,
}

/// All kinds of payload at once: GitLab spreads an event over the body and one object in it.
#[derive(Debug, Deserialize)]
struct WireEvent {
    object_attributes: Option<WireAttributes>,
    labels: Option<Rows<WireLabel>>,
    user: Option<WireUser>,
    merge_request: Option<WireNumbered>,
    commit: Option<WireCommit>,
    // A push.
    #[serde(rename = "ref")]
    git_ref: Option<String>,
    before: Option<String>,
    after: Option<String>,
    /// The commit that stands in the work tree: where `after` names the object of an annotated tag,
    /// what it leads to.
    checkout_sha: Option<String>,
    commits: Option<Rows<WireCommit>>,
    // A job.
    sha: Option<String>,
    build_id: Option<Id>,
    build_name: Option<String>,
    build_status: Option<String>,
    build_allow_failure: Option<bool>,
    #[serde(default, deserialize_with = "wire::moment")]
    build_created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    build_started_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    build_finished_at: Option<Timestamp>,
    // A deployment.
    deployment_id: Option<Id>,
    environment: Option<WireText>,
    status: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    status_changed_at: Option<Timestamp>,
    // A release.
    action: Option<String>,
    tag: Option<WireText>,
    name: Option<String>,
    description: Option<String>,
    url: Option<String>,
    assets: Option<WireAssets>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    released_at: Option<Timestamp>,
}

/// A text in the events that mean it, something else in others.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum WireText {
    Text(String),
    Other(serde::de::IgnoredAny),
}

impl WireText {
    fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) => None,
        }
    }
}

#[derive(Debug, Deserialize)]
struct WireNumbered {
    iid: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct WireLabel {
    title: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireAssets {
    links: Option<Rows<WireLink>>,
}

#[derive(Debug, Deserialize)]
struct WireLink {
    name: Option<String>,
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireCommit {
    /// A number, of its pipeline, in the events of jobs.
    id: Option<WireText>,
    title: Option<String>,
    message: Option<String>,
    url: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    timestamp: Option<Timestamp>,
    author: Option<WirePerson>,
}

#[derive(Debug, Deserialize)]
struct WirePerson {
    name: Option<String>,
    email: Option<String>,
}

/// What stands in `object_attributes`.
#[derive(Debug, Deserialize)]
struct WireAttributes {
    id: Option<Id>,
    iid: Option<u64>,
    title: Option<String>,
    description: Option<String>,
    note: Option<String>,
    state: Option<String>,
    draft: Option<bool>,
    work_in_progress: Option<bool>,
    /// Whether GitLab did it by itself: a push takes the approvals back.
    system: Option<bool>,
    source_branch: Option<String>,
    target_branch: Option<String>,
    last_commit: Option<WireCommit>,
    merge_commit_sha: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    commit_id: Option<String>,
    /// Of notes on lines.
    position: Option<WirePosition>,
    action: Option<String>,
    author_id: Option<Id>,
    url: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_at: Option<Timestamp>,
}

impl WireEvent {
    fn into_events(self, kind: &str) -> Vec<HookEvent> {
        let acted = self.object_attributes.as_ref();
        let number = acted.and_then(|attributes| attributes.iid);
        let changed = acted.and_then(|attributes| attributes.updated_at);
        let acted = acted.and_then(|attributes| attributes.action.clone());
        match kind {
            "push" => self.into_push("refs/heads/"),
            "tag_push" => self.into_push("refs/tags/"),
            "merge_request" => {
                let deed = action(MERGE_REQUEST, acted.as_deref());
                let review = reviews::told(deed, self.reviewer()).map(|review| Comment {
                    pull_request_number: number,
                    // When it was given or taken back: the request changed then.
                    updated_at: changed,
                    ..review
                });
                let review = review.map(Box::new).map(EventData::Comment);
                let data = self.into_pull_request().map(Box::new);
                let data = data.map(EventData::PullRequest);
                let name = EventName::PullRequest;
                let mut told = by_word(name, data, MERGE_REQUEST, acted.clone());
                told.extend(by_word(EventName::Comment, review, MERGE_REQUEST, acted));
                told
            }
            "note" => {
                let data = self.into_comment().map(Box::new).map(EventData::Comment);
                by_word(EventName::Comment, data, NOTE, acted)
            }
            "release" => {
                let word = self.action.clone();
                let data = EventData::Release(Box::new(self.into_release()));
                by_word(EventName::Release, Some(data), RELEASE, word)
            }
            "build" => {
                // One that waits has no other time.
                let (word, made) = (self.build_status.clone(), self.build_created_at);
                let data = self.into_check().map(Box::new).map(EventData::Check);
                by_state(EventName::Check, data, word, made)
            }
            "deployment" => {
                let (word, at) = (self.status.clone(), self.status_changed_at);
                let data = self.into_deployment().map(Box::new);
                let data = data.map(EventData::Deployment);
                by_state(EventName::Deployment, data, word, at)
            }
            _ => Vec::new(),
        }
    }

    /// Whose review a merge request's event tells of.
    fn reviewer(&self) -> Reviewer {
        let acted = self.object_attributes.as_ref();
        match acted.filter(|acted| acted.system == Some(true)) {
            // Who is named has pushed.
            Some(acted) => Reviewer::Everybody(acted.id),
            None => Reviewer::One(self.user.clone()),
        }
    }

    /// A push, and the ref that it made or deleted.
    fn into_push(self, prefix: &str) -> Vec<HookEvent> {
        let Some(git_ref) = self.git_ref else {
            return Vec::new();
        };
        let is_tag = prefix == "refs/tags/";
        let (before, after) = (known_sha(self.before), known_sha(self.after));
        let moved = match (&before, &after, is_tag) {
            (None, Some(_), false) => Some(EventName::BranchCreated),
            (Some(_), None, false) => Some(EventName::BranchDeleted),
            (None, Some(_), true) => Some(EventName::TagCreated),
            (Some(_), None, true) => Some(EventName::TagDeleted),
            _ => None,
        };
        let name = git_ref.strip_prefix(prefix).unwrap_or(&git_ref).to_owned();
        let commit_sha = match is_tag {
            true => known_sha(self.checkout_sha).filter(|_| after.is_some()),
            false => after.clone().or_else(|| before.clone()),
        };
        let commits = self.commits.unwrap_or_default().into_iter();
        let push = EventData::Push(PushEvent {
            git_ref,
            before,
            after,
            commits: commits.filter_map(WireCommit::into_commit).collect(),
        });
        let moved = moved.map(|event| (event, EventData::Ref(RefEvent { name, commit_sha })));
        let push = std::iter::once((EventName::Push, push));
        push.chain(moved).map(HookEvent::from).collect()
    }

    fn into_pull_request(self) -> Option<PullRequest> {
        let wire = self.object_attributes?;
        let state = wire.state.as_deref().and_then(pull_requests::state);
        let labels = self.labels.unwrap_or_default();
        Some(PullRequest {
            id: wire.id?.into(),
            number: wire.iid?,
            title: wire.title,
            description: wire.description,
            state: state.unwrap_or(PullRequestState::Open),
            draft: wire.draft.or(wire.work_in_progress),
            // `user` beside it is who acted.
            author: wire.author_id.map(|id| Actor {
                id: Some(id.into()),
                ..Actor::default()
            }),
            merged_by: None,
            requested_reviewers: None,
            source_branch: wire.source_branch,
            target_branch: wire.target_branch,
            head_sha: wire.last_commit.and_then(WireCommit::into_sha),
            base_sha: None,
            merge_commit_sha: wire::known(wire.merge_commit_sha),
            labels: labels.into_iter().filter_map(|label| label.title).collect(),
            stats: None,
            web_url: wire.url,
            created_at: wire.created_at,
            updated_at: wire.updated_at,
            closed_at: None,
            merged_at: None,
        })
    }

    fn into_comment(self) -> Option<Comment> {
        let wire = self.object_attributes?;
        let comment = Comment {
            body: wire.note,
            author: self.user.map(Into::into),
            pull_request_number: self.merge_request.and_then(|request| request.iid),
            commit_sha: self
                .commit
                .and_then(WireCommit::into_sha)
                .or(wire.commit_id),
            web_url: wire.url,
            created_at: wire.created_at,
            updated_at: wire.updated_at,
            ..Comment::new(wire.id?.into(), CommentKind::General)
        };
        Some(match wire.position {
            Some(position) => position.place(comment),
            None => comment,
        })
    }

    fn into_release(self) -> Release {
        let links = self.assets.and_then(|assets| assets.links);
        let tag = self.tag.and_then(WireText::into_text);
        Release {
            id: tag.clone(),
            tag_name: tag,
            name: self.name,
            description: self.description,
            draft: None,
            prerelease: None,
            author: None,
            assets: links
                .unwrap_or_default()
                .into_iter()
                .map(|link| Asset {
                    name: link.name,
                    size: None,
                    content_type: None,
                    download_url: link.url,
                })
                .collect(),
            web_url: self.url,
            created_at: self.created_at,
            published_at: self.released_at,
        }
    }

    fn into_check(self) -> Option<Check> {
        let word = self.build_status.unwrap_or_default();
        let (status, conclusion) = outcome(&word, self.build_allow_failure == Some(true));
        Some(Check {
            id: self.build_id?.into(),
            name: self.build_name,
            description: None,
            status,
            conclusion,
            commit_sha: wire::known(self.sha),
            git_ref: self.git_ref,
            web_url: None,
            started_at: self.build_started_at,
            completed_at: self.build_finished_at,
        })
    }

    fn into_deployment(self) -> Option<Deployment> {
        Some(Deployment {
            id: self.deployment_id?.into(),
            environment: self.environment.and_then(WireText::into_text),
            state: self.status.as_deref().and_then(deployments::state),
            git_ref: self.git_ref,
            // Only the short form is sent.
            commit_sha: None,
            description: None,
            creator: self.user.map(Into::into),
            web_url: None,
            created_at: None,
            updated_at: None,
        })
    }
}

impl WireCommit {
    fn into_sha(self) -> Option<String> {
        wire::known(self.id.and_then(WireText::into_text))
    }

    fn into_commit(self) -> Option<Commit> {
        let first_line = |message: &String| message.lines().next().map(str::to_owned);
        Some(Commit {
            sha: self.id.and_then(WireText::into_text)?,
            title: self
                .title
                .or_else(|| self.message.as_ref().and_then(first_line)),
            message: self.message,
            author: self.author.map(|who| Signature {
                name: who.name,
                email: who.email,
                ..Signature::default()
            }),
            // The one moment that is sent is the commit's own.
            committer: self.timestamp.map(|date| Signature {
                date: Some(date),
                ..Signature::default()
            }),
            parents: None,
            stats: None,
            web_url: self.url,
        })
    }
}
