//! Service hooks at Azure DevOps: one subscription for each kind of event, made and deleted for
//! administrators of the project. They are not signed: the secret is the password of HTTP Basic. A vote
//! is told by the same event as any other change of a pull request, so that votes have a subscription,
//! and a user name, of their own. What the payloads say is the business of `events.rs`.
//! <https://learn.microsoft.com/en-us/azure/devops/service-hooks/events>

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::{StreamExt, stream};
use gitflare_core::{
    Code, Result, Secret,
    model::EventName,
    provider::{Call, HookCall, HookEvents, NewHook, ProviderHooks, RepoRef},
};
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::{
    Azure,
    client::parts,
    events::{self, BUILT, COMMENTED, CREATED, DELETED, MERGED, PUSH, RENAMED, STATUS, UPDATED},
    refusals::no_repository,
};
use crate::{
    hooks::{PUSHED, WITHOUT_RELEASES, invalid},
    upstream_error::recode,
};

/// A kind of event at Azure.
struct Kind {
    name: &'static str,
    /// The version of its payload.
    version: &'static str,
    /// Which changes of a pull request; the others have no sorts.
    sort: Option<&'static str>,
    /// Whether it can be asked for one repository; else those of the whole project come.
    of_repository: bool,
    told: &'static [EventName],
}

/// What happens in one repository.
const fn inside(
    name: &'static str,
    version: &'static str,
    sort: Option<&'static str>,
    told: &'static [EventName],
) -> Kind {
    Kind {
        name,
        version,
        sort,
        of_repository: true,
        told,
    }
}

/// What happens in a project.
const fn around(name: &'static str, version: &'static str, told: &'static [EventName]) -> Kind {
    Kind {
        name,
        version,
        sort: None,
        of_repository: false,
        told,
    }
}

const PULL_REQUEST: &[EventName] = &[EventName::PullRequest];
const COMMENT: &[EventName] = &[EventName::Comment];
const REPOSITORY: &[EventName] = &[EventName::Repository];

const VOTES: &str = "ReviewerVoteNotification";

const KINDS: &[Kind] = &[
    inside(PUSH, "1.0", None, PUSHED),
    inside(CREATED, "1.0", None, PULL_REQUEST),
    inside(UPDATED, "1.0", Some("PushNotification"), PULL_REQUEST),
    inside(
        UPDATED,
        "1.0",
        Some("ReviewersUpdateNotification"),
        PULL_REQUEST,
    ),
    inside(
        UPDATED,
        "1.0",
        Some("StatusUpdateNotification"),
        PULL_REQUEST,
    ),
    inside(UPDATED, "1.0", Some(VOTES), COMMENT),
    inside(MERGED, "1.0", None, PULL_REQUEST),
    inside(COMMENTED, "2.0", None, COMMENT),
    around(BUILT, "2.0", &[EventName::Check]),
    around(RENAMED, "1.0-preview.1", REPOSITORY),
    around(STATUS, "1.0-preview.1", REPOSITORY),
    around(DELETED, "1.0-preview.1", REPOSITORY),
];

/// The user name that a subscription calls back with.
const USER: &str = "gitflare";
/// That of the subscription to votes.
const VOTES_USER: &str = "gitflare-votes";

/// Subscriptions that are made at the same time.
const AT_ONCE: usize = 4;

const NO_RIGHT: &str = "Service hooks at Azure DevOps need the right to edit subscriptions of the project, and a connection that may make them.";

impl Kind {
    fn user(&self) -> &'static str {
        match self.sort {
            Some(VOTES) => VOTES_USER,
            _ => USER,
        }
    }

    /// The subscription to make.
    fn subscription(&self, hook: &NewHook<'_>, project: &str, repository: &str) -> Value {
        let mut inputs = json!({ "projectId": project });
        if self.of_repository {
            inputs["repository"] = json!(repository);
        }
        if let Some(sort) = self.sort {
            inputs["notificationType"] = json!(sort);
        }
        json!({
            "publisherId": "tfs",
            "eventType": self.name,
            "resourceVersion": self.version,
            "consumerId": "webHooks",
            "consumerActionId": "httpRequest",
            "publisherInputs": inputs,
            "consumerInputs": {
                "url": hook.url,
                "basicAuthUsername": self.user(),
                "basicAuthPassword": hook.secret.expose(),
                "resourceDetailsToSend": "all",
                // It begins with the name of who voted.
                "messagesToSend": "text",
                "detailedMessagesToSend": "none",
            },
        })
    }
}

impl Azure {
    /// Makes one subscription, and gives its id.
    async fn subscribe(&self, call: &Call, organization: &str, body: Value) -> Result<String> {
        let path = [organization, "_apis", "hooks", "subscriptions"];
        let asked = self.client.upstream.post(call, &path, body.to_string());
        let answer = asked.await.map_err(|error| match error.code() {
            Code::InsufficientScope => recode(&error, Code::InsufficientScope, NO_RIGHT),
            _ => error,
        })?;
        Ok(answer.json::<WireSubscription>()?.id)
    }
}

#[async_trait]
impl ProviderHooks for Azure {
    fn events(&self) -> &'static [EventName] {
        WITHOUT_RELEASES
    }

    /// Makes all subscriptions or none; their ids together are the one id.
    async fn create(&self, call: &Call, repo: &RepoRef, hook: &NewHook<'_>) -> Result<String> {
        let [organization, project, repository] = parts(&repo.id).ok_or_else(no_repository)?;
        let is_wanted = |kind: &&Kind| kind.told.iter().any(|name| hook.events.contains(name));
        let mut bodies = KINDS
            .iter()
            .filter(is_wanted)
            .map(|kind| kind.subscription(hook, project, repository));
        // Whoever lacks the right is refused once.
        let first = bodies.next().ok_or_else(invalid)?;
        let mut made = vec![self.subscribe(call, organization, first).await?];
        let rest = bodies.map(|body| self.subscribe(call, organization, body));
        let rest = stream::iter(rest.collect::<Vec<_>>()).buffered(AT_ONCE);
        let mut failed = None;
        for asked in rest.collect::<Vec<_>>().await {
            match asked {
                Ok(id) => made.push(id),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let made = made.join(",");
        let Some(error) = failed else {
            return Ok(made);
        };
        // What is left behind, if this fails too, is refused when it calls.
        let _ = self.delete(call, repo, &made).await;
        Err(error)
    }

    async fn delete(&self, call: &Call, repo: &RepoRef, hook_id: &str) -> Result<()> {
        let [organization, ..] = parts(&repo.id).ok_or_else(no_repository)?;
        let mut failed = None;
        for id in hook_id.split(',').filter(|id| !id.is_empty()) {
            let path = [organization, "_apis", "hooks", "subscriptions", id];
            match self.client.upstream.delete(call, &path).await {
                Err(error) if !matches!(error.upstream_status(), Some(404 | 410)) => {
                    failed = Some(error);
                }
                _ => {}
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn verify(&self, call: &HookCall<'_>, secret: &Secret<String>) -> bool {
        let given = call.header("authorization").unwrap_or_default().as_bytes();
        let is_of = |user| bool::from(given.ct_eq(credential(user, secret).as_bytes()));
        is_of(USER) | is_of(VOTES_USER)
    }

    fn read(&self, call: &HookCall<'_>) -> Result<HookEvents> {
        events::read(call, is_vote(call))
    }
}

fn credential(user: &str, secret: &Secret<String>) -> String {
    let pair = format!("{user}:{}", secret.expose());
    format!("Basic {}", BASE64_STANDARD.encode(pair))
}

/// Whether the subscription to votes calls. The call has been verified: its user is one of two.
fn is_vote(call: &HookCall<'_>) -> bool {
    let given = call.header("authorization").unwrap_or_default();
    let pair = given
        .strip_prefix("Basic ")
        .and_then(|text| BASE64_STANDARD.decode(text).ok());
    pair.is_some_and(|pair| pair.starts_with(format!("{VOTES_USER}:").as_bytes()))
}

#[derive(Debug, Deserialize)]
struct WireSubscription {
    id: String,
}
