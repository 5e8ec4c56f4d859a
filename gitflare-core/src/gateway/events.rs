//! Events: subscribing to a repository's, and what providers send to our hooks. Delivering is the
//! business of `deliveries.rs`.

use std::time::Instant;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

use super::{
    Act, Gateway, ListQuery, Listing, ReadRequest, cells,
    deliveries::payload,
    listing::List,
    parameters::check_repository,
    read::{Credentials, Trace},
};
use crate::{
    Code, Error, EventId, Result, Secret, SubscriptionId,
    filter::Filtered,
    model::{EventName, Subscription},
    policy::{self, Approved, Facts, Named},
    provider::{Endpoint, HookCall, NewHook, ProviderHooks, ProviderId, RepoRef},
    storage::{Actor, AuditAction, Delivery, RepositoryKey, StoredSubscription},
};

/// The longest name of a delivery at a provider that is remembered.
const MAX_SOURCE: usize = 200;

/// Where events may be sent.
pub trait CallbackRules: Send + Sync {
    /// Judges a callback URL (SR-1).
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming `callbackUrl`.
    fn check(&self, url: &str) -> Result<()>;
}

/// A subscription to make.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct NewSubscription {
    /// The address that events are delivered to.
    pub callback_url: String,
    /// The names of the events to deliver, at least one.
    #[cfg_attr(feature = "schemars", schemars(with = "Vec<EventName>"))]
    pub events: Vec<String>,
    /// `false` makes a subscription under which nothing is delivered; `true` when left out.
    pub active: Option<bool>,
    /// The secret that deliveries are signed with (`whsec_...`); one is made when left out.
    pub secret: Option<Secret<String>>,
}

/// A subscription that was made, with the secret that is shown once.
#[derive(Debug)]
pub struct CreatedSubscription {
    /// The subscription.
    pub subscription: Subscription,
    /// What deliveries are signed with.
    pub secret: Secret<String>,
}

impl Gateway {
    /// Subscribes an app to a repository's events: makes the hook at the provider. `wish` is read
    /// after the checks that come first in the contract's order.
    ///
    /// # Errors
    /// The code of the first check that fails, as for a read; `INVALID_REQUEST` for an event that
    /// the provider cannot deliver; what the provider says.
    pub async fn subscribe(
        &self,
        request: ReadRequest,
        wish: impl FnOnce() -> Result<NewSubscription>,
        rules: &dyn CallbackRules,
        hook_base: &str,
    ) -> Result<CreatedSubscription> {
        let (at, started) = (self.clock.now(), Instant::now());
        let mut trace = Trace::default();
        let result = self
            .make_subscription(&request, wish, rules, hook_base, &mut trace)
            .await;
        let outcome = match &result {
            Ok(_) => Ok((1, Default::default())),
            Err(error) => Err(error.code()),
        };
        self.record(&request, at, started, trace, outcome).await?;
        result
    }

    async fn make_subscription(
        &self,
        request: &ReadRequest,
        wish: impl FnOnce() -> Result<NewSubscription>,
        rules: &dyn CallbackRules,
        hook_base: &str,
        trace: &mut Trace,
    ) -> Result<CreatedSubscription> {
        let now = self.clock.now();
        let named = self.named(request);
        let repository = request.repository.as_deref();
        let key = match (named, repository) {
            (Named::Provider(provider, _), Some(key)) => Some(RepositoryKey { provider, key }),
            _ => None,
        };
        trace.repository = request.repository.clone();
        let credentials = self.credential(&request.credential, key).await?;
        if let Named::Provider(provider, _) = named {
            trace.provider = Some(provider);
        }
        if let Some(access) = credentials.access() {
            let token = &access.token;
            trace.token = Some((
                token.tenant_id.clone(),
                token.client_id.clone(),
                token.id.clone(),
            ));
            self.admission.admit(&token.id, &token.client_id)?;
        }
        let permit = policy::decide(&Facts {
            endpoint: Endpoint::EventsSubscribe,
            presented: credentials.presented(),
            provider: named,
            connection: request.query.peek("connectionId"),
            repository,
            path_is_blocked: false,
            now,
        })?;
        let (Credentials::Token(access), Some(approved)) = (&credentials, &permit.repository)
        else {
            return Err(Error::new(
                Code::AuthRequired,
                "Events are delivered to apps: send an access token.",
            ));
        };
        let Some(authorization_id) = access.token.authorization_id.clone() else {
            return Err(Error::internal(
                "a token without authorization was permitted",
            ));
        };
        request.query.value("connectionId")?;
        if let Some(repository) = repository {
            check_repository(repository)?;
        }
        let share = permit.shares[0];
        let provider = self.provider_of(share)?;
        let hooks = provider
            .hooks()
            .ok_or_else(|| Error::unsupported(provider.id(), Endpoint::EventsSubscribe))?;
        let wish = wish()?;
        let events = events(&wish.events, hooks, provider.id())?;
        if wish.callback_url.is_empty() {
            return Err(Error::invalid_request("`callbackUrl` must not be empty."));
        }
        rules.check(&wish.callback_url)?;
        let secret = match wish.secret {
            Some(secret) => checked(secret)?,
            None => new_secret(self),
        };

        let deadline = self.upstream_deadline();
        let call = self
            .call_for(&share.connection, &share.tokens, deadline)
            .await?;
        let repo = match approved {
            Approved::Listed(repo) => repo.clone(),
            Approved::Unlisted(id) if provider.is_repository_id(id) => RepoRef {
                id: (*id).to_owned(),
                full_name: None,
            },
            Approved::Unlisted(name) => {
                let found = provider.find_repository(&call, name).await?;
                RepoRef {
                    id: found.id,
                    full_name: Some(found.full_name),
                }
            }
        };
        let id = SubscriptionId::generate(&*self.clock, &*self.random);
        let subscription = Subscription {
            id: id.clone(),
            provider: provider.id(),
            repository_id: repo.id.clone(),
            events,
            callback_url: wish.callback_url,
            active: wish.active.unwrap_or(true),
            created_at: now,
        };
        let hook_secret = new_secret(self);
        let url = format!("{hook_base}/v1/hooks/{}/{id}", provider.id());
        let hook = NewHook {
            url: &url,
            secret: &hook_secret,
            events: &subscription.events,
        };
        let hook_id = hooks.create(&call, &repo, &hook).await?;
        let tenant = &access.token.tenant_id;
        let seal =
            |cell, text: &Secret<String>| self.vault.seal(cell, text.expose(), &*self.random);
        let stored = StoredSubscription {
            sealed_hook_secret: Some(seal(cells::hook_secret(&id, tenant), &hook_secret)?),
            sealed_secret: seal(cells::delivery_secret(&id, tenant), &secret)?,
            subscription: subscription.clone(),
            tenant_id: tenant.clone(),
            client_id: access.token.client_id.clone(),
            authorization_id,
            connection_id: share.connection.id.clone(),
            hook_id: Some(hook_id.clone()),
        };
        let actor = Actor::Client(access.token.client_id.clone());
        let act = Act {
            actor: &actor,
            request_id: &request.request_id,
        };
        let audit = self.done(&act, AuditAction::SubscriptionCreate, &id);
        if let Err(error) = self.storage.subscriptions().insert(stored, audit).await {
            // Nobody would ever remove it.
            let _ = hooks.delete(&call, &repo, &hook_id).await;
            return Err(error);
        }
        Ok(CreatedSubscription {
            subscription,
            secret,
        })
    }

    /// A client's subscriptions for one customer.
    ///
    /// # Errors
    /// The cursor's.
    pub async fn list_subscriptions(
        &self,
        token: &crate::storage::AccessToken,
        query: &ListQuery,
    ) -> Result<Listing<Subscription>> {
        let filters = [
            ("tenant", Some(token.tenant_id.as_str())),
            ("client", Some(token.client_id.as_str())),
        ];
        let list = List {
            route: "subscriptions",
            filters: &filters,
        };
        self.page_of(
            list,
            query,
            async |range| {
                let store = self.storage.subscriptions();
                let rows = store
                    .list(&token.tenant_id, &token.client_id, range)
                    .await?;
                Ok(rows.into_iter().map(|row| row.subscription).collect())
            },
            |subscription| subscription.id.as_str(),
        )
        .await
    }

    /// Ends a subscription of the token's client. Doing it again, or to what is not there, changes
    /// nothing and succeeds.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn unsubscribe(
        &self,
        token: &crate::storage::AccessToken,
        id: &str,
        act: &Act<'_>,
    ) -> Result<()> {
        let Ok(id) = SubscriptionId::parse(id) else {
            return Ok(());
        };
        let store = self.storage.subscriptions();
        let found = store.find(&token.tenant_id, &id).await?;
        if found.is_none_or(|row| row.client_id != token.client_id) {
            return Ok(());
        }
        let audit = self.done(act, AuditAction::SubscriptionDelete, &id);
        store
            .delete(&token.tenant_id, &id, self.clock.now(), audit)
            .await?;
        Ok(())
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
        };
        if !hooks.verify(&call, &secret) {
            return Err(nobody());
        }
        let sent = hooks.read(&call)?;
        let is_other = sent
            .repository_id
            .as_ref()
            .is_some_and(|repository| *repository != subscription.repository_id);
        if is_other || !subscription.active || !self.is_approved(&stored).await? {
            return Ok(0);
        }
        let now = self.clock.now();
        let mut queued = 0;
        for (name, data) in sent.events {
            if !subscription.events.contains(&name) {
                continue;
            }
            let data = Filtered::through(&*self.filter, &stored.tenant_id, data)?;
            let event = EventId::generate(&*self.clock, &*self.random);
            let source: String = sent.delivery_id.chars().take(MAX_SOURCE).collect();
            let delivery = Delivery {
                payload: payload(
                    &event,
                    name,
                    subscription,
                    sent.full_name.as_deref(),
                    now,
                    &data,
                )?,
                id: event,
                subscription_id: id.clone(),
                source: format!("{source} {}", name.as_str()),
                attempts: 0,
                next_attempt_at: now,
                created_at: now,
            };
            queued += usize::from(self.storage.deliveries().enqueue(delivery).await?);
        }
        Ok(queued)
    }

    /// Whether the customer still shares the repository with the app (SR-10).
    pub(super) async fn is_approved(&self, stored: &StoredSubscription) -> Result<bool> {
        let store = self.storage.authorizations();
        let grants = store
            .active_grants(&stored.authorization_id, self.clock.now())
            .await?;
        let Some(grant) = grants
            .iter()
            .find(|grant| grant.connection_id == stored.connection_id)
        else {
            return Ok(false);
        };
        if grant.repositories == crate::storage::Repositories::All {
            return Ok(true);
        }
        let ids = [stored.subscription.repository_id.as_str()];
        let approved = store.approved_among(&grant.id, &ids).await?;
        Ok(approved == [true])
    }

    /// Removes the hook of an ended subscription at the provider, then the row.
    pub(super) async fn delete_hook(&self, job: &crate::storage::CleanupJob) -> Result<()> {
        let id = SubscriptionId::parse(&job.subject)?;
        let store = self.storage.subscriptions();
        let Some(stored) = store.find_ended(&id).await? else {
            return Ok(());
        };
        let hooks = self
            .providers
            .find(job.provider)
            .and_then(|provider| provider.hooks())
            .ok_or_else(|| Error::internal("the provider that has the hook is disabled"))?;
        if let Some(hook_id) = &stored.hook_id {
            let Some(call) = self.call_for_cleanup(job).await? else {
                return Err(Error::internal(
                    "no credential is left to delete the hook with",
                ));
            };
            let repo = RepoRef {
                id: stored.subscription.repository_id.clone(),
                full_name: None,
            };
            hooks.delete(&call, &repo, hook_id).await?;
        }
        store.forget(&id).await
    }
}

/// The events that are asked for.
fn events(
    names: &[String],
    hooks: &dyn ProviderHooks,
    provider: ProviderId,
) -> Result<Vec<EventName>> {
    let mut events = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let known = EventName::parse(name).filter(|name| hooks.events().contains(name));
        let Some(event) = known else {
            let words: Vec<_> = hooks.events().iter().map(|event| event.as_str()).collect();
            return Err(Error::invalid_request(format!(
                "`events[{at}]` is not an event that {} delivers; it must be one of: {}.",
                provider.name(),
                words.join(", ")
            )));
        };
        if !events.contains(&event) {
            events.push(event);
        }
    }
    if events.is_empty() {
        return Err(Error::invalid_request(
            "`events` must name at least one event.",
        ));
    }
    Ok(events)
}

/// A secret in the form of Standard Webhooks.
fn new_secret(gateway: &Gateway) -> Secret<String> {
    let mut bytes = [0u8; 32];
    gateway.random.fill(&mut bytes);
    Secret::new(format!("whsec_{}", STANDARD.encode(bytes)))
}

/// A secret that an app chose: its own text, or the form of Standard Webhooks.
fn checked(secret: Secret<String>) -> Result<Secret<String>> {
    let refusal = |rule: &str| Err(Error::invalid_request(format!("`secret` {rule}.")));
    let text = secret.expose();
    if let Some(encoded) = text.strip_prefix("whsec_") {
        return match STANDARD.decode(encoded) {
            Ok(bytes) if (24..=64).contains(&bytes.len()) => Ok(secret),
            _ => refusal("must hold 24 to 64 bytes as base64 behind `whsec_`"),
        };
    }
    match text.len() {
        16..=256 => Ok(secret),
        _ => refusal("must have 16 to 256 bytes"),
    }
}
