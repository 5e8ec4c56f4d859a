//! Repository hooks at GitHub: made and deleted for those who administer the repository, proved by a
//! MAC over the body, and told in the unified words.
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads>

use async_trait::async_trait;
use gitflare_core::{
    Code, Result, Secret, Timestamp,
    model::{
        Comment, Commit, DeploymentState, EventAction, EventData, EventName, PullRequestState,
        PushEvent, RefEvent, ReviewState, Signature,
    },
    provider::{Call, Endpoint, HookCall, HookEvent, HookEvents, NewHook, ProviderHooks, RepoRef},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    Github,
    checks::{WireRun, WireStatus},
    comments::WireComment,
    deployments::{self, WireDeployment},
    pull_requests::WirePull,
    releases::WireRelease,
    repositories::WireRepository,
    reviews::WireReview,
};
use crate::{
    hooks::{action, invalid, is_signed, known_sha, short_name, upstream_names},
    lenient,
    listing::{About, Api},
    upstream_error::recode,
    wire::{self, Id, Rows},
};

/// Every unified event, and what GitHub calls it.
const EVENTS: &[(EventName, &[&str])] = &[
    (EventName::Push, &["push"]),
    (EventName::BranchCreated, &["create"]),
    (EventName::BranchDeleted, &["delete"]),
    (EventName::TagCreated, &["create"]),
    (EventName::TagDeleted, &["delete"]),
    (EventName::PullRequest, &["pull_request"]),
    (
        EventName::Comment,
        &[
            "issue_comment",
            "commit_comment",
            "pull_request_review",
            "pull_request_review_comment",
        ],
    ),
    (EventName::Release, &["release"]),
    (EventName::Check, &["check_run", "status"]),
    (EventName::Deployment, &["deployment", "deployment_status"]),
    (EventName::Repository, &["repository"]),
];

/// What GitHub's words for what happened mean; what stands in none of the tables is a change.
const PULL_REQUEST: &[(&str, EventAction)] = &[
    ("opened", EventAction::Created),
    ("closed", EventAction::Closed),
    ("reopened", EventAction::Reopened),
    ("review_requested", EventAction::Requested),
];
const COMMENT: &[(&str, EventAction)] = &[
    ("created", EventAction::Created),
    ("deleted", EventAction::Deleted),
];
const RELEASE: &[(&str, EventAction)] = &[
    ("created", EventAction::Created),
    ("published", EventAction::Published),
    ("unpublished", EventAction::Unpublished),
    ("deleted", EventAction::Deleted),
];
const CHECK: &[(&str, EventAction)] = &[
    ("created", EventAction::Created),
    ("completed", EventAction::Completed),
    ("rerequested", EventAction::Requested),
    ("requested_action", EventAction::Requested),
];
const REPOSITORY: &[(&str, EventAction)] = &[
    ("created", EventAction::Created),
    ("deleted", EventAction::Deleted),
    ("archived", EventAction::Archived),
    ("unarchived", EventAction::Unarchived),
    ("renamed", EventAction::Renamed),
    ("transferred", EventAction::Transferred),
    ("publicized", EventAction::VisibilityChanged),
    ("privatized", EventAction::VisibilityChanged),
];

const NO_RIGHT: &str =
    "Hooks at GitHub need an administrator of the repository, and a connection that may make them.";

#[async_trait]
impl ProviderHooks for Github {
    fn events(&self) -> &'static [EventName] {
        EventName::ALL
    }

    async fn create(&self, call: &Call, repo: &RepoRef, hook: &NewHook<'_>) -> Result<String> {
        let events = upstream_names(EVENTS, hook.events);
        let body = json!({
            "name": "web",
            "active": true,
            "events": events,
            "config": {
                "url": hook.url,
                "content_type": "json",
                "secret": hook.secret.expose(),
                "insecure_ssl": "0",
            },
        });
        let path = ["repositories", &repo.id, "hooks"];
        match self
            .client
            .upstream
            .post(call, &path, body.to_string())
            .await
        {
            Ok(answer) => Ok(answer.json::<WireHook>()?.id.into()),
            // Without the right GitHub acts as if there were no hooks.
            Err(error) if error.upstream_status() == Some(404) => {
                let about = About {
                    endpoint: Endpoint::EventsSubscribe,
                    repo: Some(repo),
                    position: None,
                };
                self.client
                    .settle(call, about, error.clone())
                    .await
                    .map_err(|settled| match settled.code() {
                        Code::ResourceNotFound => recode(&error, Code::InsufficientScope, NO_RIGHT),
                        _ => settled,
                    })?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn delete(&self, call: &Call, repo: &RepoRef, hook_id: &str) -> Result<()> {
        let path = ["repositories", &repo.id, "hooks", hook_id];
        match self.client.upstream.delete(call, &path).await {
            Err(error) if matches!(error.upstream_status(), Some(404 | 410)) => Ok(()),
            asked => asked.map(drop),
        }
    }

    fn verify(&self, call: &HookCall<'_>, secret: &Secret<String>) -> bool {
        is_signed(call, "x-hub-signature-256", secret)
    }

    fn read(&self, call: &HookCall<'_>) -> Result<HookEvents> {
        let event = call.header("x-github-event").ok_or_else(invalid)?;
        let delivery_id = call.header("x-github-delivery").ok_or_else(invalid)?;
        let concerned: WireConcerned = parse(call.body)?;
        let repository = concerned.repository;
        Ok(HookEvents {
            delivery_id: Some(delivery_id.to_owned()),
            full_name: repository.as_ref().and_then(|repo| repo.full_name.clone()),
            repository_id: repository.map(|repo| repo.id.into()),
            events: events(event, call)?,
        })
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    lenient::read(body).map_err(|_| invalid())
}

fn events(event: &str, call: &HookCall<'_>) -> Result<Vec<HookEvent>> {
    let told = match event {
        "push" => {
            let wire: WirePush = parse(call.body)?;
            let pushed_at = wire.repository.as_ref().and_then(|repo| repo.pushed_at);
            let data = EventData::Push(wire.into());
            HookEvent::from((EventName::Push, data)).at(pushed_at)
        }
        "create" | "delete" => match parse::<WireRef>(call.body)?.into_event(event) {
            Some(told) => told.into(),
            None => return Ok(Vec::new()),
        },
        "status" => {
            let status: WireStatus = parse(call.body)?;
            let WireOf { sha } = parse(call.body)?;
            let (updated_at, word) = (status.updated_at(), status.word());
            let data = EventData::Check(Box::new(status.into_check(&sha)));
            HookEvent::by_state(EventName::Check, data, false)
                .told_as(word)
                .at(updated_at)
        }
        "deployment" | "deployment_status" => deployed(event, call.body)?,
        _ => return acted(event, call),
    };
    Ok(vec![told])
}

/// The events whose payloads say by an `action` what happened.
fn acted(event: &str, call: &HookCall<'_>) -> Result<Vec<HookEvent>> {
    let body = call.body;
    let mut changed_at = None;
    let (name, data, words) = match event {
        "pull_request" => {
            let wire: WirePullRequest = parse(body)?;
            let data = EventData::PullRequest(Box::new(wire.pull_request.into()));
            (EventName::PullRequest, data, PULL_REQUEST)
        }
        "issue_comment"
        | "commit_comment"
        | "pull_request_review_comment"
        | "pull_request_review" => {
            let wire: WireCommented = parse(body)?;
            changed_at = wire.changed_at();
            let comment = wire.into_comment().ok_or_else(invalid)?;
            let data = EventData::Comment(Box::new(comment));
            (EventName::Comment, data, COMMENT)
        }
        "release" => {
            let wire: WireReleased = parse(body)?;
            let data = EventData::Release(Box::new(wire.release.into()));
            (EventName::Release, data, RELEASE)
        }
        "check_run" => {
            let wire: WireChecked = parse(body)?;
            let data = EventData::Check(Box::new(wire.check_run.into()));
            (EventName::Check, data, CHECK)
        }
        "repository" => {
            let wire: WireWhole = parse(body)?;
            let repository = wire.repository.into_repository(call.connection_id);
            let data = EventData::Repository(Box::new(repository));
            (EventName::Repository, data, REPOSITORY)
        }
        // A ping, or what nobody asked for.
        _ => return Ok(Vec::new()),
    };
    let word = parse::<WireAction>(body)?.action;
    let action =
        action(words, word.as_deref()).map(|action| settled(action, word.as_deref(), &data));
    let told = HookEvent::new(name, data, action);
    // A review tells when it was given, and of what became of it later the pull request does.
    let at = changed_at.filter(|_| told.occurred_at.is_none());
    Ok(vec![told.told_as(word).at(at)])
}

/// What a word alone does not tell: a merge is a way of closing, and a review that is submitted says
/// by its state what it does.
fn settled(action: EventAction, word: Option<&str>, data: &EventData) -> EventAction {
    match (data, word) {
        (EventData::PullRequest(pull_request), Some("closed"))
            if pull_request.state == PullRequestState::Merged =>
        {
            EventAction::Merged
        }
        (EventData::Comment(review), Some("submitted" | "dismissed")) => match review.state {
            Some(ReviewState::Approved) => EventAction::Approved,
            Some(ReviewState::ChangesRequested) => EventAction::ChangesRequested,
            Some(ReviewState::Dismissed) => EventAction::Dismissed,
            Some(_) => EventAction::Created,
            None => action,
        },
        _ => action,
    }
}

/// A deployment that was made, or one that has another state.
fn deployed(event: &str, body: &[u8]) -> Result<HookEvent> {
    let wire: WireDeployed = parse(body)?;
    let (state, at) = match wire.deployment_status {
        Some(status) => (status.state(), status.created_at),
        None => (Some(DeploymentState::Pending), None),
    };
    let deployment = wire.deployment.into_deployment(state);
    let data = EventData::Deployment(Box::new(deployment));
    let told = HookEvent::by_state(EventName::Deployment, data, event == "deployment");
    Ok(told.told_as(wire.action).at(at))
}

#[derive(Debug, Deserialize)]
struct WireHook {
    id: Id,
}

#[derive(Debug, Deserialize)]
struct WireConcerned {
    repository: Option<WireNamed>,
}

#[derive(Debug, Deserialize)]
struct WireNamed {
    id: Id,
    full_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WirePush {
    #[serde(rename = "ref")]
    git_ref: String,
    before: Option<String>,
    after: Option<String>,
    commits: Option<Rows<WirePushed>>,
    repository: Option<WirePushedTo>,
}

#[derive(Debug, Deserialize)]
struct WirePushed {
    id: String,
    message: Option<String>,
    url: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    timestamp: Option<Timestamp>,
    author: Option<WirePusher>,
    committer: Option<WirePusher>,
}

#[derive(Debug, Deserialize)]
struct WirePusher {
    name: Option<String>,
    email: Option<String>,
    username: Option<String>,
}

impl WirePusher {
    fn into_signature(self, date: Option<Timestamp>) -> Signature {
        Signature {
            name: self.name,
            email: self.email,
            date,
            login: self.username,
            avatar_url: None,
        }
    }
}

impl From<WirePush> for PushEvent {
    fn from(wire: WirePush) -> Self {
        let commits = wire.commits.unwrap_or_default().into_iter();
        Self {
            git_ref: wire.git_ref,
            before: known_sha(wire.before),
            after: known_sha(wire.after),
            commits: commits
                .map(|pushed| Commit {
                    title: pushed
                        .message
                        .as_ref()
                        .and_then(|message| message.lines().next().map(str::to_owned)),
                    sha: pushed.id,
                    message: pushed.message,
                    author: pushed.author.map(|who| who.into_signature(None)),
                    // The one moment that is sent is the commit's own.
                    committer: pushed
                        .committer
                        .map(|who| who.into_signature(pushed.timestamp)),
                    parents: None,
                    stats: None,
                    web_url: pushed.url,
                })
                .collect(),
        }
    }
}

/// The repository of a push, with the time of the push.
#[derive(Debug, Deserialize)]
struct WirePushedTo {
    #[serde(default, deserialize_with = "wire::moment")]
    pushed_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct WireAction {
    action: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireOf {
    /// The commit that a status belongs to.
    sha: String,
}

#[derive(Debug, Deserialize)]
struct WireRef {
    #[serde(rename = "ref", deserialize_with = "short_name")]
    name: String,
    ref_type: String,
}

impl WireRef {
    fn into_event(self, event: &str) -> Option<(EventName, EventData)> {
        let name = match (event, self.ref_type.as_str()) {
            ("create", "branch") => EventName::BranchCreated,
            ("create", "tag") => EventName::TagCreated,
            ("delete", "branch") => EventName::BranchDeleted,
            ("delete", "tag") => EventName::TagDeleted,
            _ => return None,
        };
        let data = RefEvent {
            name: self.name,
            commit_sha: None,
        };
        Some((name, EventData::Ref(data)))
    }
}

#[derive(Debug, Deserialize)]
struct WirePullRequest {
    pull_request: WirePull,
}

#[derive(Debug, Deserialize)]
struct WireReleased {
    release: WireRelease,
}

#[derive(Debug, Deserialize)]
struct WireChecked {
    check_run: WireRun,
}

#[derive(Debug, Deserialize)]
struct WireDeployed {
    action: Option<String>,
    deployment: WireDeployment,
    deployment_status: Option<deployments::WireStatus>,
}

#[derive(Debug, Deserialize)]
struct WireWhole {
    repository: WireRepository,
}

#[derive(Debug, Deserialize)]
struct WireCommented {
    comment: Option<WireComment>,
    /// A review is a comment on the whole.
    review: Option<WireReview>,
    issue: Option<WireNumbered>,
    pull_request: Option<WireNumbered>,
}

#[derive(Debug, Deserialize)]
struct WireNumbered {
    number: u64,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_at: Option<Timestamp>,
    /// Marks an issue that is a pull request.
    pull_request: Option<serde::de::IgnoredAny>,
}

impl WireCommented {
    /// When what a review belongs to was changed last.
    fn changed_at(&self) -> Option<Timestamp> {
        let of_review = self.pull_request.as_ref().filter(|_| self.review.is_some());
        of_review.and_then(|pull_request| pull_request.updated_at)
    }

    fn into_comment(self) -> Option<Comment> {
        let issue = self.issue.filter(|issue| issue.pull_request.is_some());
        let pull = self.pull_request.or(issue);
        let number = pull.map(|pull| pull.number);
        match (self.comment, self.review) {
            (Some(comment), _) => Some(comment.into_comment(number)),
            (None, review) => review.map(|review| review.into_comment(number)),
        }
    }
}
