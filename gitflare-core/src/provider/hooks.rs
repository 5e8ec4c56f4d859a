//! Events at a provider: the hook that it calls the gateway by, how it proves itself, and what its
//! payloads say in the unified words. Who may subscribe, and what is delivered, is the gateway's.

use async_trait::async_trait;

use super::{Call, RepoRef};
use crate::{
    ConnectionId, Result, Secret, Timestamp,
    model::{EventAction, EventData, EventName},
};

/// A webhook to register at the provider.
#[derive(Debug)]
pub struct NewHook<'a> {
    /// URL that the provider calls: the gateway's, never the app's own (SR-10).
    pub url: &'a str,
    /// Secret with which the provider signs its calls.
    pub secret: &'a Secret<String>,
    /// The events to subscribe to, each once.
    pub events: &'a [EventName],
}

/// A call that claims to come from the provider.
#[derive(Clone, Copy, Debug)]
pub struct HookCall<'a> {
    /// The headers, names in lower case.
    pub headers: &'a [(String, String)],
    /// The body, byte for byte; the signature is over these bytes.
    pub body: &'a [u8],
    /// The connection whose hook it is; goes into the resources that name one.
    pub connection_id: &'a ConnectionId,
    /// The id of the repository that the hook was made for.
    pub repository_id: &'a str,
}

impl<'a> HookCall<'a> {
    /// The value of a header, by its name in lower case; `None` when it was not sent, or sent empty.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        let value = found.map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }
}

/// Content of a verified call.
#[derive(Debug)]
pub struct HookEvents {
    /// The provider's own id of its delivery, the same when it is sent again; `None` where it has
    /// none, so that every call counts as a new one.
    pub delivery_id: Option<String>,
    /// The repository's id; `None` in calls that concern none.
    pub repository_id: Option<String>,
    /// The repository's full name now; `None` when the call does not say.
    pub full_name: Option<String>,
    /// Events of the call: none, one or several.
    pub events: Vec<HookEvent>,
}

/// One thing that happened.
#[derive(Debug)]
pub struct HookEvent {
    /// The kind of event.
    pub name: EventName,
    /// What it is about.
    pub data: EventData,
    /// What happened to it; `None` when the upstream does not tell.
    pub action: Option<EventAction>,
    /// The upstream's own word for that.
    pub upstream_action: Option<String>,
    /// When, by the upstream's payload; `None` when it has no time.
    pub occurred_at: Option<Timestamp>,
}

impl HookEvent {
    /// What happened, at the time that the data tells.
    #[must_use]
    pub fn new(name: EventName, data: EventData, action: Option<EventAction>) -> Self {
        Self {
            name,
            occurred_at: data.time_of(action),
            data,
            action,
            upstream_action: None,
        }
    }

    /// What happened to what is told by its state alone: it was made, has ended, or has changed.
    #[must_use]
    pub fn by_state(name: EventName, data: EventData, is_new: bool) -> Self {
        let action = match is_new {
            true => EventAction::Created,
            false => data.action_by_state().unwrap_or(EventAction::Updated),
        };
        Self::new(name, data, Some(action))
    }

    /// The same in the upstream's own word.
    #[must_use]
    pub fn told_as(mut self, word: Option<String>) -> Self {
        self.upstream_action = word;
        self
    }

    /// The same at another time, where the payload has one.
    #[must_use]
    pub fn at(mut self, time: Option<Timestamp>) -> Self {
        self.occurred_at = time.or(self.occurred_at);
        self
    }
}

impl From<(EventName, EventData)> for HookEvent {
    /// What its name or its state tells.
    fn from((name, data): (EventName, EventData)) -> Self {
        let action = match name {
            EventName::BranchCreated | EventName::TagCreated => Some(EventAction::Created),
            EventName::BranchDeleted | EventName::TagDeleted => Some(EventAction::Deleted),
            _ => data.action_by_state(),
        };
        Self::new(name, data, action)
    }
}

/// Hooks at one provider.
#[async_trait]
pub trait ProviderHooks: Send + Sync {
    /// Events that this provider can deliver.
    fn events(&self) -> &'static [EventName];

    /// Makes a hook; the answer is the provider's id of it.
    ///
    /// # Errors
    /// `INSUFFICIENT_SCOPE` when the connection lacks the rights; what else the provider says.
    async fn create(&self, call: &Call, repo: &RepoRef, hook: &NewHook<'_>) -> Result<String>;

    /// The full name of the repository that a hook's id tells, of a provider that finds repositories by
    /// their names alone; `None` elsewhere.
    fn repository_of(&self, _hook_id: &str) -> Option<String> {
        None
    }

    /// Deletes a hook. One that is gone already is a success.
    async fn delete(&self, call: &Call, repo: &RepoRef, hook_id: &str) -> Result<()>;

    /// Verifies the webhook's signature or token in constant time.
    fn verify(&self, call: &HookCall<'_>, secret: &Secret<String>) -> bool;

    /// What a verified call says. An event that cannot be told in the unified words is left out.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when it is not the provider's payload.
    fn read(&self, call: &HookCall<'_>) -> Result<HookEvents>;
}
