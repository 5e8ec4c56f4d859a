//! Changing a subscription: what the app hears about, where, and whether it does. More events need
//! another hook at the provider, which is made before the old one goes. What is changed meanwhile by
//! somebody else is read again, so that neither change is lost, nor a hook.

use serde::Deserialize;

use super::{AuditContext, CallbackRules, Gateway, cells, hooks::MadeHook, subscribe::events};
use crate::{
    Error, Result,
    model::Subscription,
    provider::{NewHook, Provider, ProviderHooks, RepoRef},
    storage::{AccessToken, AuditAction, Connection, StoredSubscription},
};

/// How often a change begins anew because another one came between.
const MAX_TRIES: usize = 16;

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

/// A hook that was made for a change, with the secret that it proves itself by.
struct Replacement<'a> {
    hook: MadeHook<'a>,
    connection: Connection,
    sealed_secret: Vec<u8>,
}

/// What a change is made with.
struct Changing<'a> {
    token: &'a AccessToken,
    id: &'a str,
    change: &'a SubscriptionChange,
    rules: &'a dyn CallbackRules,
    hook_base: &'a str,
    act: &'a AuditContext<'a>,
}

impl Gateway {
    /// Changes a subscription of the token's client, through one of the token's connections. Of two
    /// changes at once each changes what it names.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` for a subscription that is not the token's; `REPOSITORY_NOT_APPROVED` when
    /// the customer no longer shares its events; `INVALID_REQUEST` for a URL or an event that cannot
    /// be delivered to or by, and while others change it without end; what the provider says to
    /// another hook.
    pub async fn update_subscription(
        &self,
        token: &AccessToken,
        id: &str,
        change: SubscriptionChange,
        rules: &dyn CallbackRules,
        hook_base: &str,
        act: &AuditContext<'_>,
    ) -> Result<Subscription> {
        let changing = Changing {
            token,
            id,
            change: &change,
            rules,
            hook_base,
            act,
        };
        let mut made = None;
        let changed = self.change(&changing, &mut made).await;
        if let Some(unneeded) = made {
            self.give_up_hook(unneeded.hook).await;
        }
        changed
    }

    /// Changes it, from what it is now; a hook that is not used in the end is left in `made`.
    async fn change<'a>(
        &'a self,
        changing: &Changing<'_>,
        made: &mut Option<Replacement<'a>>,
    ) -> Result<Subscription> {
        for _ in 0..MAX_TRIES {
            let old = self.own_subscription(changing.token, changing.id).await?;
            self.require_approved(&old).await?;
            let mut new = old.clone();
            if self.apply(changing, &mut new)? && made.is_none() {
                *made = Some(self.replacement(&new, changing.hook_base).await?);
            }
            let mut unused = None;
            if let Some(made) = &*made {
                new.hook_id = Some(made.hook.id.clone());
                new.sealed_hook_secret = Some(made.sealed_secret.clone());
                unused = match &old.hook_id {
                    Some(id) => Some(self.removal_of(&old, &made.connection, id)?),
                    None => None,
                };
            }
            let id = &new.subscription.id;
            let audit = self.audit_success(changing.act, AuditAction::SubscriptionUpdate, id);
            let store = self.storage.subscriptions();
            if store.update(&old, &new, unused, audit).await? {
                *made = None;
                return Ok(new.subscription);
            }
        }
        Err(Error::invalid_request(
            "The subscription is being changed by others at the same time: send the change again.",
        ))
    }

    /// Writes what is to change into a row; whether that needs another hook.
    fn apply(&self, changing: &Changing<'_>, stored: &mut StoredSubscription) -> Result<bool> {
        let change = changing.change;
        if let Some(url) = &change.callback_url {
            changing.rules.check(url)?;
            stored.subscription.callback_url.clone_from(url);
        }
        if let Some(active) = change.active {
            stored.subscription.active = active;
        }
        let Some(names) = &change.events else {
            return Ok(false);
        };
        let provider = self.provider_of_hook(stored)?;
        let wanted = events(names, hooks_of(provider)?, provider)?;
        let known = &stored.subscription.events;
        let is_more = wanted.iter().any(|event| !known.contains(event));
        stored.subscription.events = wanted;
        Ok(is_more)
    }

    fn provider_of_hook(&self, stored: &StoredSubscription) -> Result<&dyn Provider> {
        let provider = self.providers.find(stored.subscription.provider);
        provider
            .map(|provider| &**provider)
            .ok_or_else(|| Error::internal("the provider that has the hook is disabled"))
    }

    /// Makes a hook for the events of a subscription, with a secret of its own.
    async fn replacement(
        &self,
        stored: &StoredSubscription,
        hook_base: &str,
    ) -> Result<Replacement<'_>> {
        let connections = self.storage.connections();
        let linked = connections.find_with_tokens(&stored.connection_id).await?;
        let (connection, tokens) = linked.ok_or_else(|| Error::not_found("connection"))?;
        let deadline = self.upstream_deadline();
        let provider = self.provider_of_hook(stored)?;
        let hooks = hooks_of(provider)?;
        let known = stored.hook_id.as_deref();
        let call = self.call_for(&connection, &tokens, deadline).await?;
        let repo = RepoRef {
            id: stored.subscription.repository_id.clone(),
            full_name: known.and_then(|id| hooks.repository_of(id)),
        };
        let (id, tenant) = (&stored.subscription.id, &stored.tenant_id);
        let secret = self.new_webhook_secret();
        let new = NewHook {
            // Hooks of one address are one hook at GitHub, and the old one is still there; so may be
            // that of another change.
            url: &format!(
                "{hook_base}/v1/hooks/{}/{id}?since={}",
                stored.subscription.provider,
                self.new_hook_mark()
            ),
            secret: &secret,
            events: &stored.subscription.events,
        };
        let sealed_secret = self.vault.seal(
            cells::hook_secret(id, tenant),
            secret.expose(),
            &*self.random,
        )?;
        let made = hooks.create(&call, &repo, &new).await?;
        Ok(Replacement {
            hook: MadeHook {
                removal: self.removal_of(stored, &connection, &made)?,
                id: made,
                hooks,
                call,
                repo,
            },
            connection,
            sealed_secret,
        })
    }

    /// Tells the hooks of one subscription apart.
    fn new_hook_mark(&self) -> String {
        let mut bits = [0; 4];
        self.random.fill(&mut bits);
        format!("{}-{}", self.clock.now().as_millis(), hex::encode(bits))
    }
}

fn hooks_of(provider: &dyn Provider) -> Result<&dyn ProviderHooks> {
    let endpoint = crate::provider::Endpoint::EventsSubscribe;
    provider
        .hooks()
        .ok_or_else(|| Error::unsupported(provider.id(), endpoint))
}
