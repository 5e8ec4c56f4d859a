//! Changing a subscription: what the app hears about, where, and whether it does. More events need
//! another hook at the provider, which is made before the old one goes.

use serde::Deserialize;

use super::{AuditContext, CallbackRules, Gateway, cells, subscribe::events};
use crate::{
    Code, Error, Result,
    model::Subscription,
    provider::{Call, NewHook, Provider, ProviderHooks, RepoRef},
    storage::{AccessToken, AuditAction, StoredSubscription},
};

/// What to change of a subscription; what is left out stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SubscriptionChange {
    /// The address that events are delivered to.
    pub callback_url: Option<String>,
    /// The names of the events to deliver, at least one.
    #[cfg_attr(
        feature = "schemars",
        schemars(with = "Option<Vec<crate::model::EventName>>")
    )]
    pub events: Option<Vec<String>>,
    /// Whether anything is delivered.
    pub active: Option<bool>,
}

/// The hook of a subscription at its provider.
struct Hook<'a> {
    hooks: &'a dyn ProviderHooks,
    call: Call,
    repo: RepoRef,
}

impl Gateway {
    /// Changes a subscription of the token's client.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` for a subscription that is not the token's; `INVALID_REQUEST` for a URL
    /// or an event that cannot be delivered to or by; what the provider says to another hook.
    pub async fn update_subscription(
        &self,
        token: &AccessToken,
        id: &str,
        change: SubscriptionChange,
        rules: &dyn CallbackRules,
        hook_base: &str,
        act: &AuditContext<'_>,
    ) -> Result<Subscription> {
        let mut stored = self.own_subscription(token, id).await?;
        if let Some(url) = change.callback_url {
            rules.check(&url)?;
            stored.subscription.callback_url = url;
        }
        if let Some(active) = change.active {
            stored.subscription.active = active;
        }
        let mut replaced = None;
        if let Some(names) = &change.events {
            let provider = self.provider_of_hook(&stored)?;
            let wanted = events(names, hooks_of(provider)?, provider)?;
            let known = &stored.subscription.events;
            let is_more = wanted.iter().any(|event| !known.contains(event));
            stored.subscription.events = wanted;
            if is_more {
                replaced = Some(self.replace_hook(&mut stored, hook_base).await?);
            }
        }
        let audit = self.audit_success(
            act,
            AuditAction::SubscriptionUpdate,
            &stored.subscription.id,
        );
        let updated = self.storage.subscriptions().update(&stored, audit).await;
        if let Some((hook, old)) = replaced {
            let unused = match updated {
                Ok(true) => old,
                Ok(false) | Err(_) => stored.hook_id.clone(),
            };
            // One that is left proves nothing to us any more: its calls are refused.
            if let Some(id) = unused
                && let Err(error) = hook.hooks.delete(&hook.call, &hook.repo, &id).await
            {
                tracing::warn!(error = ?error, "a hook that was replaced could not be deleted");
            }
        }
        match updated? {
            true => Ok(stored.subscription),
            false => Err(Error::not_found("subscription")),
        }
    }

    fn provider_of_hook(&self, stored: &StoredSubscription) -> Result<&dyn Provider> {
        let provider = self.providers.find(stored.subscription.provider);
        provider
            .map(|provider| &**provider)
            .ok_or_else(|| Error::internal("the provider that has the hook is disabled"))
    }

    /// Makes a hook for the events of a subscription and writes it into the row, with a secret of its
    /// own; the hook's place, and the id of the one that it replaces.
    async fn replace_hook(
        &self,
        stored: &mut StoredSubscription,
        hook_base: &str,
    ) -> Result<(Hook<'_>, Option<String>)> {
        if !self.is_approved(stored).await? {
            return Err(Error::new(
                Code::RepositoryNotApproved,
                "The customer has not approved this repository for the app.",
            ));
        }
        let connections = self.storage.connections();
        let linked = connections.find_with_tokens(&stored.connection_id).await?;
        let (connection, tokens) = linked.ok_or_else(|| Error::not_found("connection"))?;
        let deadline = self.upstream_deadline();
        let provider = self.provider_of_hook(stored)?;
        let hooks = hooks_of(provider)?;
        let known = stored.hook_id.as_deref();
        let hook = Hook {
            hooks,
            call: self.call_for(&connection, &tokens, deadline).await?,
            repo: RepoRef {
                id: stored.subscription.repository_id.clone(),
                full_name: known.and_then(|id| hooks.repository_of(id)),
            },
        };
        let (id, tenant) = (&stored.subscription.id, &stored.tenant_id);
        let secret = self.new_webhook_secret();
        let new = NewHook {
            // Hooks of one address are one hook at GitHub, and the old one is still there.
            url: &format!(
                "{hook_base}/v1/hooks/{}/{id}?since={}",
                stored.subscription.provider,
                self.clock.now().as_millis()
            ),
            secret: &secret,
            events: &stored.subscription.events,
        };
        let sealed = self.vault.seal(
            cells::hook_secret(id, tenant),
            secret.expose(),
            &*self.random,
        )?;
        let made = hook.hooks.create(&hook.call, &hook.repo, &new).await?;
        stored.sealed_hook_secret = Some(sealed);
        Ok((hook, stored.hook_id.replace(made)))
    }
}

fn hooks_of(provider: &dyn Provider) -> Result<&dyn ProviderHooks> {
    let endpoint = crate::provider::Endpoint::EventsSubscribe;
    provider
        .hooks()
        .ok_or_else(|| Error::unsupported(provider.id(), endpoint))
}
