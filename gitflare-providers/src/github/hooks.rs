//! Repository hooks at GitHub: made and deleted for those who administer the repository, proved by a
//! MAC over the body, and told in the unified words.
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads>

use async_trait::async_trait;
use gitflare_core::{
    Code, Result, Secret, Timestamp,
    model::{Comment, Commit, EventData, EventName, PushEvent, RefEvent, Signature},
    provider::{Call, Endpoint, HookCall, HookEvents, NewHook, ProviderHooks, RepoRef},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    Github, checks::WireRun, deployments::WireDeployment, profile::WireUser,
    pull_requests::WirePull, releases::WireRelease, repositories::WireRepository,
};
use crate::{
    hooks::{invalid, is_signed, known_sha, short_name, upstream_names},
    listing::{About, Api},
    upstream_error::recode,
    wire::{self, Id, Rows, Word},
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
    (EventName::Check, &["check_run"]),
    (EventName::Deployment, &["deployment", "deployment_status"]),
    (EventName::Repository, &["repository"]),
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

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|_| invalid())
}

fn events(event: &str, call: &HookCall<'_>) -> Result<Vec<(EventName, EventData)>> {
    let body = call.body;
    let told = match event {
        "push" => (
            EventName::Push,
            EventData::Push(parse::<WirePush>(body)?.into()),
        ),
        "create" | "delete" => {
            let wire: WireRef = parse(body)?;
            let name = match (event, wire.ref_type.as_str()) {
                ("create", "branch") => EventName::BranchCreated,
                ("create", "tag") => EventName::TagCreated,
                ("delete", "branch") => EventName::BranchDeleted,
                ("delete", "tag") => EventName::TagDeleted,
                _ => return Ok(Vec::new()),
            };
            let data = RefEvent {
                name: wire.name,
                commit_sha: None,
            };
            (name, EventData::Ref(data))
        }
        "pull_request" => {
            let wire: WirePullRequest = parse(body)?;
            let data = EventData::PullRequest(Box::new(wire.pull_request.into()));
            (EventName::PullRequest, data)
        }
        "issue_comment"
        | "commit_comment"
        | "pull_request_review_comment"
        | "pull_request_review" => {
            let wire: WireCommented = parse(body)?;
            let comment = wire.into_comment().ok_or_else(invalid)?;
            if event == "pull_request_review" && comment.body.is_none() {
                // An approval without words is no comment.
                return Ok(Vec::new());
            }
            (EventName::Comment, EventData::Comment(Box::new(comment)))
        }
        "release" => {
            let wire: WireReleased = parse(body)?;
            (
                EventName::Release,
                EventData::Release(Box::new(wire.release.into())),
            )
        }
        "check_run" => {
            let wire: WireChecked = parse(body)?;
            (
                EventName::Check,
                EventData::Check(Box::new(wire.check_run.into())),
            )
        }
        "deployment" | "deployment_status" => {
            let wire: WireDeployed = parse(body)?;
            let state = wire.deployment_status.and_then(|status| status.state);
            let deployment = wire.deployment.into_deployment(state);
            (
                EventName::Deployment,
                EventData::Deployment(Box::new(deployment)),
            )
        }
        "repository" => {
            let wire: WireWhole = parse(body)?;
            let repository = wire.repository.into_repository(call.connection_id);
            (
                EventName::Repository,
                EventData::Repository(Box::new(repository)),
            )
        }
        // A ping, or what nobody asked for.
        _ => return Ok(Vec::new()),
    };
    Ok(vec![told])
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
                    web_url: pushed.url,
                })
                .collect(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct WireRef {
    #[serde(rename = "ref", deserialize_with = "short_name")]
    name: String,
    ref_type: String,
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
    deployment: WireDeployment,
    deployment_status: Option<WireState>,
}

#[derive(Debug, Deserialize)]
struct WireState {
    state: Option<Word>,
}

#[derive(Debug, Deserialize)]
struct WireWhole {
    repository: WireRepository,
}

#[derive(Debug, Deserialize)]
struct WireCommented {
    comment: Option<WireComment>,
    /// A review is a comment on the whole.
    review: Option<WireComment>,
    issue: Option<WireNumbered>,
    pull_request: Option<WireNumbered>,
}

#[derive(Debug, Deserialize)]
struct WireNumbered {
    number: u64,
    /// Marks an issue that is a pull request.
    pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct WireComment {
    id: Id,
    #[serde(default, deserialize_with = "wire::filled")]
    body: Option<String>,
    user: Option<WireUser>,
    commit_id: Option<String>,
    html_url: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    submitted_at: Option<Timestamp>,
}

impl WireCommented {
    fn into_comment(self) -> Option<Comment> {
        let issue = self.issue.filter(|issue| issue.pull_request.is_some());
        let pull = self.pull_request.or(issue);
        let comment = self.comment.or(self.review)?;
        Some(Comment {
            id: comment.id.into(),
            body: comment.body,
            author: comment.user.and_then(WireUser::into_actor),
            pull_request_number: pull.map(|pull| pull.number),
            commit_sha: comment.commit_id,
            web_url: comment.html_url,
            created_at: comment.created_at.or(comment.submitted_at),
            updated_at: comment.updated_at,
        })
    }
}
