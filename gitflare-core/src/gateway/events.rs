//! Events that providers send to our hooks: verified, mapped, filtered and queued. Subscribing is the
//! business of `subscribe.rs`, delivering of `deliveries.rs`.

use super::{Gateway, cells};
use crate::{
    Code, Error, EventId, Result, SubscriptionId,
    filter::{Filterable, Filtered, Screen},
    model::{Envelope, EnvelopeRepository, EventData, EventName},
    provider::{HookCall, HookEvents},
    storage::{Approval, ApprovedRepository, NewDelivery, StoredSubscription},
};

/// The longest word of an upstream for what happened that is passed on, in bytes.
const MAX_WORD: usize = 200;
/// The longest name of a repository that is kept, in bytes.
const MAX_NAME: usize = 1024;
/// The longest delivery id of a provider that is remembered, in characters.
const MAX_SOURCE: usize = 200;

impl Gateway {
    /// Whether hooks of that provider are awaited under that id; to be asked before a body is read,
    /// which a stranger could make large.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` as [`Self::receive_hook`].
    pub async fn expect_hook(&self, provider: &str, id: &str) -> Result<()> {
        let nobody = || Error::not_found("hook");
        let id = SubscriptionId::parse(id).map_err(|_| nobody())?;
        let found = self.storage.subscriptions().find_live(&id).await?;
        let awaited = found.filter(|stored| stored.subscription.provider.as_str() == provider);
        awaited.map(|_| ()).ok_or_else(nobody)
    }

    /// Takes in what a provider sends: verifies it, maps it, filters it, and queues what the app
    /// asked for. Unknown subscriptions and wrong signatures are answered alike.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` when it is for nobody or proves nothing; `INVALID_REQUEST` when it is not
    /// the provider's payload; `INTERNAL_ERROR` when the firewall cannot decide.
    pub async fn receive_hook(
        &self,
        provider: &str,
        id: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<usize> {
        let nobody = || Error::not_found("hook");
        let id = SubscriptionId::parse(id).map_err(|_| nobody())?;
        let found = self.storage.subscriptions().find_live(&id).await?;
        let stored = found.ok_or_else(nobody)?;
        let subscription = &stored.subscription;
        let hooks = self
            .providers
            .find(subscription.provider)
            .filter(|known| known.id().as_str() == provider)
            .and_then(|known| known.hooks())
            .ok_or_else(nobody)?;
        let sealed = stored.sealed_hook_secret.as_deref().ok_or_else(nobody)?;
        let secret = self
            .vault
            .open(cells::hook_secret(&id, &stored.tenant_id), sealed)?;
        let call = HookCall {
            headers,
            body,
            connection_id: &stored.connection_id,
            repository_id: &subscription.repository_id,
        };
        if !hooks.verify(&call, &secret) {
            return Err(nobody());
        }
        let sent = hooks.read(&call)?;
        let repository = sent.repository_id.as_deref();
        let is_other = repository.is_some_and(|id| id != subscription.repository_id);
        if is_other || !subscription.active {
            return Ok(0);
        }
        let Some(approval) = self.approval(&stored).await? else {
            return Ok(0);
        };
        let named = repository.and(sent.full_name.clone());
        let queued = self.enqueue(&stored, sent).await?;
        // A call that came again may be older than the name.
        if queued > 0 {
            self.note_name(approval, named).await?;
        }
        Ok(queued)
    }

    /// Keeps the name by which an approved repository is asked for, where a call says another one: it was
    /// renamed or belongs to somebody else now.
    async fn note_name(&self, approval: Approval, named: Option<String>) -> Result<()> {
        let (Some(known), Some(full_name)) = (approval.repository, named) else {
            return Ok(());
        };
        if known.full_name == full_name || full_name.is_empty() || full_name.len() > MAX_NAME {
            return Ok(());
        }
        let seen = ApprovedRepository { full_name, ..known };
        let grants = self.storage.authorizations();
        grants.note_seen(&approval.grant_id, vec![seen]).await
    }

    /// Filters and queues the events of a hook's call that the subscription is about; returns how
    /// many were new.
    async fn enqueue(&self, stored: &StoredSubscription, sent: HookEvents) -> Result<usize> {
        let subscription = &stored.subscription;
        let source = sent.delivery_id.as_deref();
        let source: Option<String> = source.map(|id| id.chars().take(MAX_SOURCE).collect());
        let now = self.clock.now();
        // Before the texts are read: what changes meanwhile makes them pass again when they are sent.
        let firewall = self.firewall_settings().version;
        let mut queued = 0;
        let mut names = Vec::new();
        for told in sent.events {
            let name = told.name;
            // One push may move several branches: each is an event of the same call.
            let nth = names.iter().filter(|known| **known == name).count();
            names.push(name);
            if !subscription.events.contains(&name) {
                continue;
            }
            let (data, word) = (told.data, told.upstream_action.filter(|word| is_word(word)));
            let said = Told { data, word };
            let passed = Filtered::through(&*self.filter, &stored.tenant_id, said);
            let passed = match passed {
                Ok(passed) => passed,
                // What is about a blocked file alone is not told at all.
                Err(error) if error.code() == Code::AccessBlockedByPolicy => continue,
                Err(error) => return Err(error),
            };
            let event = EventId::generate(&*self.clock, &*self.random);
            let body = Envelope {
                id: &event,
                name,
                provider: subscription.provider,
                repository: EnvelopeRepository {
                    id: &subscription.repository_id,
                    full_name: sent.full_name.as_deref(),
                },
                subscription_id: &subscription.id,
                sequence: None,
                action: told.action,
                upstream_action: passed.value().word.as_deref(),
                occurred_at: told.occurred_at,
                received_at: now,
                data: &passed.value().data,
            };
            let delivery = NewDelivery {
                payload: payload(&body)?,
                // What the provider cannot tell apart is never taken for sent again.
                source: source_of(source.as_deref().unwrap_or(event.as_str()), name, nth),
                subscription_id: subscription.id.clone(),
                event: name,
                firewall,
                created_at: now,
                id: event,
            };
            queued += usize::from(self.storage.deliveries().enqueue(delivery).await?);
        }
        Ok(queued)
    }
}

/// What an event is known by when its call comes again: the call, and which of its events it is.
fn source_of(call: &str, name: EventName, nth: usize) -> String {
    match nth {
        0 => format!("{call} {}", name.as_str()),
        _ => format!("{call} {} {nth}", name.as_str()),
    }
}

/// What an event says, with the upstream's own word for what happened: a text like any other, that may
/// hold what must not leave.
pub(super) struct Told {
    pub(super) data: EventData,
    pub(super) word: Option<String>,
}

impl Filterable for Told {
    fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        screen.prose(&mut self.word)?;
        let (data, word) = (self.data.pass(screen)?, self.word);
        Ok(data.map(|data| Self { data, word }))
    }
}

/// Whether a text can be a word for what happened: some are two or three with spaces, none is longer than
/// a line.
fn is_word(text: &str) -> bool {
    (1..=MAX_WORD).contains(&text.len()) && !text.contains(char::is_control)
}

/// The body of a delivery without its sequence number.
pub(super) fn payload(body: &Envelope<'_>) -> Result<String> {
    serde_json::to_string(body)
        .map_err(|error| Error::internal(format!("a delivery could not be written: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_passed_on_as_sent() {
        for (text, expected) in [
            ("approvals_reset_on_push", true),
            ("pullrequest:fulfilled", true),
            ("in progress", true),
            ("\u{437}\u{430}\u{43a}\u{440}\u{44b}\u{442}", true),
            ("", false),
            ("two\nlines", false),
            (&"x".repeat(MAX_WORD + 1), false),
        ] {
            assert_eq!(is_word(text), expected, "{text:?}");
        }
    }
}
