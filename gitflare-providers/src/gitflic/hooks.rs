//! Project hooks at GitFlic: made and deleted for administrators, proved by a shared secret that is
//! sent in clear, and told in the unified words. Deliveries have no id, and two pushes to one branch
//! may have equal bodies: every call that is proved counts as a new one.
//! <https://docs.gitflic.ru/api/webhook/>

use async_trait::async_trait;
use gitflare_core::{
    Code, Result, Secret,
    model::{
        Actor, Check, CheckConclusion, CheckStatus, Comment, CommentKind, EventAction, EventData,
        EventName, PullRequest, PullRequestState, PushEvent, RefEvent, ReviewState,
    },
    provider::{Call, HookCall, HookEvent, HookEvents, NewHook, ProviderHooks, RepoRef},
};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq;

use super::{
    Gitflic,
    api::readable,
    checks::{digits, short_name},
    client::names,
};
use crate::{
    hooks::invalid,
    lenient,
    listing::Api,
    upstream_error::recode,
    wire::{Word, known},
};

/// What can be delivered, and what GitFlic calls it. It tells of no release, deployment or change of
/// the project.
const EVENTS: &[(EventName, &[&str])] = &[
    (EventName::Push, &["BRANCH_CREATE", "BRANCH_UPDATE"]),
    (EventName::BranchCreated, &["BRANCH_CREATE"]),
    (EventName::BranchDeleted, &["BRANCH_DELETE"]),
    (EventName::TagCreated, &["TAG_CREATE"]),
    (EventName::TagDeleted, &["TAG_DELETE"]),
    (
        EventName::PullRequest,
        &[
            "MERGE_REQUEST_CREATE",
            "MERGE_REQUEST_UPDATE",
            "MERGE_REQUEST_CLOSE",
            "MERGE_REQUEST_CANCEL",
            "MERGE",
        ],
    ),
    (
        EventName::Comment,
        &[
            // An approval; the merge is an event of its own.
            "MERGE_REQUEST_ACCEPT",
            "NEW_ISSUE_NOTE",
            "DISCUSSION_CREATE",
        ],
    ),
    (
        EventName::Check,
        &[
            "PIPELINE_NEW",
            "PIPELINE_SUCCESS",
            "PIPELINE_WARNING",
            "PIPELINE_FAIL",
        ],
    ),
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
];

const SECRET: &str = "gitflic-webhook-secret";

const NO_RIGHT: &str =
    "Hooks at GitFlic need an administrator of the project, and a connection that may change it.";

#[async_trait]
impl ProviderHooks for Gitflic {
    fn events(&self) -> &'static [EventName] {
        DELIVERED
    }

    async fn create(&self, call: &Call, repo: &RepoRef, hook: &NewHook<'_>) -> Result<String> {
        let wanted = EVENTS.iter().filter(|(name, _)| hook.events.contains(name));
        let words = wanted.flat_map(|(_, theirs)| theirs.iter());
        let events: Map<String, Value> = words
            .map(|word| ((*word).to_owned(), Value::Bool(true)))
            .collect();
        let names_sent = events.keys().cloned().collect::<Vec<_>>().join(", ");
        let body = json!({"url": hook.url, "secret": hook.secret.expose(), "events": events});
        let (owner, project) = names(repo)?;
        self.client.admit(call, repo).await?;
        let path = ["project", owner, project, "setting", "webhook"];
        let asked = self.client.upstream.post(call, &path, body.to_string());
        let answer = asked.await.map_err(|error| match error.code() {
            Code::InsufficientScope => recode(&error, Code::InsufficientScope, NO_RIGHT),
            // Older installations know fewer events, and do not say which.
            Code::InvalidRequest => recode(
                &error,
                Code::InvalidRequest,
                format!("GitFlic accepts no hook for these events: {names_sent}."),
            ),
            _ => error,
        })?;
        let made: WireHook = answer.json()?;
        let hook_id = format!("{owner}/{}/{}", path[2], made.id);
        let project = made.project_id.as_deref();
        if let Err(error) = self.client.check(call, repo, project) {
            let _ = self.delete(call, repo, &hook_id).await;
            return Err(error);
        }
        Ok(hook_id)
    }

    fn repository_of(&self, hook_id: &str) -> Option<String> {
        let (name, _) = hook_id.rsplit_once('/')?;
        Some(name.to_owned())
    }

    async fn delete(&self, call: &Call, repo: &RepoRef, hook_id: &str) -> Result<()> {
        // Its id says whose it is: GitFlic finds no project by its own.
        let told = hook_id.rsplit_once('/');
        let told = told.and_then(|(name, id)| Some((name.split_once('/')?, id)));
        let ((owner, project), id) = match told {
            Some(told) => told,
            None => (names(repo)?, hook_id),
        };
        let path = [
            "project", owner, project, "setting", "webhook", id, "delete",
        ];
        match self
            .client
            .upstream
            .post(call, &path, "{}".to_owned())
            .await
        {
            Err(error) if error.upstream_status() == Some(404) => Ok(()),
            asked => asked.map(drop),
        }
    }

    fn verify(&self, call: &HookCall<'_>, secret: &Secret<String>) -> bool {
        let sent = call.header(SECRET).unwrap_or_default();
        sent.as_bytes().ct_eq(secret.expose().as_bytes()).into()
    }

    fn read(&self, call: &HookCall<'_>) -> Result<HookEvents> {
        let wire: WireEvent = lenient::read(call.body).map_err(|_| invalid())?;
        let project = wire.project.as_ref();
        let name = project.and_then(|it| {
            Some(format!(
                "{}/{}",
                it.owner_alias.as_ref()?,
                it.alias.as_ref()?
            ))
        });
        let id = wire.project_id.clone();
        Ok(HookEvents {
            delivery_id: None,
            repository_id: id.or_else(|| project.and_then(|it| it.project_id.clone())),
            full_name: name,
            events: wire.into_events(),
        })
    }
}

/// The secret beside it is not read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireHook {
    id: String,
    project_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireEvent {
    action: Word,
    #[serde(default, deserialize_with = "text")]
    project_id: Option<String>,
    #[serde(default, deserialize_with = "readable")]
    project: Option<WireProject>,
    #[serde(default, deserialize_with = "readable")]
    push: Option<WireRef>,
    #[serde(default, deserialize_with = "readable")]
    merge_request: Option<WireMergeRequest>,
    #[serde(default, deserialize_with = "readable")]
    pipeline: Option<WirePipeline>,
    /// What somebody said, as the next three: which of these names it has is documented nowhere.
    #[serde(default, deserialize_with = "readable")]
    discussion: Option<WireNote>,
    #[serde(default, deserialize_with = "readable")]
    note: Option<WireNote>,
    #[serde(default, deserialize_with = "readable")]
    issue_note: Option<WireNote>,
    #[serde(default, deserialize_with = "readable")]
    comment: Option<WireNote>,
}

#[derive(Debug, Deserialize)]
struct WireProject {
    project_id: Option<String>,
    alias: Option<String>,
    owner_alias: Option<String>,
}

/// A ref by its whole name; where it stands, or stood, is not told.
#[derive(Debug, Deserialize)]
struct WireRef {
    #[serde(rename = "ref")]
    git_ref: String,
}

#[derive(Debug, Deserialize)]
struct WireMergeRequest {
    #[serde(default, deserialize_with = "text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "number")]
    local_id: Option<u64>,
    #[serde(default, deserialize_with = "text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "text")]
    description: Option<String>,
    #[serde(default, deserialize_with = "text")]
    source_branch: Option<String>,
    #[serde(default, deserialize_with = "text")]
    target_branch: Option<String>,
    #[serde(default, deserialize_with = "text")]
    user_alias: Option<String>,
}

/// A text; of anything else the name for people, for branches have the shape of a choice elsewhere. The
/// shape of these members is documented nowhere: one that is not understood is unknown.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => known(Some(text)),
        other => known(other["title"].as_str().map(str::to_owned)),
    })
}

/// A number, however it is written.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    })
}

#[derive(Debug, Deserialize)]
struct WirePipeline {
    #[serde(default, deserialize_with = "digits")]
    id: Option<String>,
    #[serde(default, deserialize_with = "digits")]
    local_id: Option<String>,
    #[serde(rename = "ref")]
    git_ref: Option<String>,
    commit_id: Option<String>,
    url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct WireNote {
    #[serde(default, deserialize_with = "text")]
    id: Option<String>,
    /// Where it is called so.
    #[serde(default, deserialize_with = "text")]
    uuid: Option<String>,
    #[serde(default, deserialize_with = "text")]
    message: Option<String>,
    /// Before it was made a page of.
    #[serde(default, deserialize_with = "text")]
    raw_message: Option<String>,
    #[serde(default, deserialize_with = "text")]
    user_alias: Option<String>,
}

impl WireEvent {
    /// What is told by this call: nothing where it lacks what the unified object cannot do without.
    fn into_events(self) -> Vec<HookEvent> {
        let action = self.action;
        let word = action.as_str();
        let note = self.discussion.or(self.note);
        let note = note.or(self.issue_note).or(self.comment);
        let name = self.push.map(|push| push.git_ref);
        let moved = |event| {
            let name = name.clone().map(short_name)?;
            let commit_sha = None;
            Some((event, EventData::Ref(RefEvent { name, commit_sha })))
        };
        let pushed = || {
            let push = PushEvent {
                git_ref: name.clone()?,
                before: None,
                after: None,
                commits: Vec::new(),
            };
            Some((EventName::Push, EventData::Push(push)))
        };
        let told = match word {
            "BRANCH_UPDATE" => vec![pushed()],
            "BRANCH_CREATE" => vec![pushed(), moved(EventName::BranchCreated)],
            "BRANCH_DELETE" => vec![moved(EventName::BranchDeleted)],
            "TAG_CREATE" => vec![moved(EventName::TagCreated)],
            "TAG_DELETE" => vec![moved(EventName::TagDeleted)],
            "MERGE_REQUEST_CREATE"
            | "MERGE_REQUEST_UPDATE"
            | "MERGE_REQUEST_CLOSE"
            | "MERGE_REQUEST_CANCEL"
            | "MERGE" => {
                vec![self.merge_request.and_then(|it| it.told(word))]
            }
            "PIPELINE_NEW" | "PIPELINE_SUCCESS" | "PIPELINE_WARNING" | "PIPELINE_FAIL" => {
                vec![self.pipeline.and_then(|it| it.told(word))]
            }
            "MERGE_REQUEST_ACCEPT" => vec![approval(self.merge_request, note)],
            "NEW_ISSUE_NOTE" | "DISCUSSION_CREATE" => {
                let number = self.merge_request.and_then(|it| it.local_id);
                vec![note.and_then(|it| it.told(number, None))]
            }
            _ => Vec::new(),
        };
        let told = told.into_iter().flatten().map(|(name, data)| {
            let told = match ACTIONS.iter().find(|(known, _)| *known == word) {
                Some((_, action)) => HookEvent::new(name, data, Some(*action)),
                // Its name, or its state, says the rest.
                None => HookEvent::from((name, data)),
            };
            told.told_as(Some(word.to_owned()))
        });
        told.collect()
    }
}

/// What GitFlic's words for what happened mean, beside those that name their event.
const ACTIONS: &[(&str, EventAction)] = &[
    ("MERGE_REQUEST_CREATE", EventAction::Created),
    ("MERGE_REQUEST_UPDATE", EventAction::Updated),
    ("MERGE_REQUEST_CLOSE", EventAction::Closed),
    ("MERGE_REQUEST_CANCEL", EventAction::Closed),
    ("MERGE", EventAction::Merged),
    ("MERGE_REQUEST_ACCEPT", EventAction::Approved),
    ("NEW_ISSUE_NOTE", EventAction::Created),
    ("DISCUSSION_CREATE", EventAction::Created),
    ("PIPELINE_NEW", EventAction::Created),
];

impl WireMergeRequest {
    fn told(self, action: &str) -> Option<(EventName, EventData)> {
        let pull_request = PullRequest {
            id: self.id?,
            number: self.local_id?,
            title: known(self.title),
            description: known(self.description),
            // An end has an action of its own.
            state: match action {
                "MERGE" => PullRequestState::Merged,
                "MERGE_REQUEST_CLOSE" | "MERGE_REQUEST_CANCEL" => PullRequestState::Closed,
                _ => PullRequestState::Open,
            },
            draft: None,
            author: account(self.user_alias),
            merged_by: None,
            requested_reviewers: None,
            source_branch: known(self.source_branch),
            target_branch: known(self.target_branch),
            head_sha: None,
            base_sha: None,
            merge_commit_sha: None,
            labels: Vec::new(),
            stats: None,
            web_url: None,
            created_at: None,
            updated_at: None,
            closed_at: None,
            merged_at: None,
        };
        let data = EventData::PullRequest(Box::new(pull_request));
        Some((EventName::PullRequest, data))
    }
}

impl WirePipeline {
    fn told(self, action: &str) -> Option<(EventName, EventData)> {
        let conclusion = match action {
            "PIPELINE_SUCCESS" => Some(CheckConclusion::Success),
            "PIPELINE_WARNING" => Some(CheckConclusion::Neutral),
            "PIPELINE_FAIL" => Some(CheckConclusion::Failure),
            _ => None,
        };
        let check = Check {
            id: self.id?,
            name: self.local_id.map(|id| format!("pipeline #{id}")),
            description: None,
            status: Some(match conclusion {
                Some(_) => CheckStatus::Completed,
                None => CheckStatus::Queued,
            }),
            conclusion,
            commit_sha: known(self.commit_id),
            git_ref: known(self.git_ref).map(short_name),
            web_url: known(self.url),
            started_at: None,
            completed_at: None,
        };
        Some((EventName::Check, EventData::Check(Box::new(check))))
    }
}

/// An approval, which mostly comes without words, and never with who gave it. Its id is then what it
/// is of.
fn approval(
    merge_request: Option<WireMergeRequest>,
    note: Option<WireNote>,
) -> Option<(EventName, EventData)> {
    let (of, number) = match merge_request {
        Some(it) => (it.id, it.local_id),
        None => (None, None),
    };
    let words = note.filter(|note| note.id.is_some() || note.uuid.is_some());
    let note = match words {
        Some(note) => note,
        None => WireNote {
            id: Some(format!("approval:{}", of?)),
            ..WireNote::default()
        },
    };
    note.told(number, Some(ReviewState::Approved))
}

impl WireNote {
    fn told(
        self,
        pull_request: Option<u64>,
        state: Option<ReviewState>,
    ) -> Option<(EventName, EventData)> {
        let comment = Comment {
            body: known(self.raw_message).or_else(|| known(self.message)),
            state,
            author: account(self.user_alias),
            pull_request_number: pull_request,
            ..Comment::new(self.id.or(self.uuid)?, CommentKind::General)
        };
        Some((EventName::Comment, EventData::Comment(Box::new(comment))))
    }
}

/// An account of which the login name alone is told.
fn account(login: Option<String>) -> Option<Actor> {
    known(login).map(|login| Actor {
        login: Some(login),
        ..Actor::default()
    })
}
