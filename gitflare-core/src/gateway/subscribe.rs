//! Subscribing an app to a repository's events. The checks before the body are those of a unified
//! read; the hook at the provider is made before the row, and removed again when the row fails.

use std::time::Instant;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

use super::{
    AuditContext, Gateway, ReadRequest, cells,
    checks::Permitted,
    hooks::MadeHook,
    parameters::common,
    record::{Served, UsageDraft},
};
use crate::{
    AuthorizationId, Error, Result, Secret, SubscriptionId, Timestamp,
    filter::FirewallReport,
    model::{EventName, Subscription},
    policy::Approved,
    provider::{Call, Endpoint, NewHook, Provider, ProviderHooks, RepoRef},
    storage::{
        AccessToken, Actor, AuditAction, MAX_SUBSCRIPTIONS, Share, StoredSubscription,
        too_many_subscriptions,
    },
};

/// Rules for the callback URLs of apps.
pub trait CallbackRules: Send + Sync {
    /// Checks a callback URL (SR-1).
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
    /// The subscription as stored.
    pub subscription: Subscription,
    /// The key that deliveries are signed with; not readable again.
    pub secret: Secret<String>,
}

/// A request body whose every member was checked.
struct CheckedSubscription {
    callback_url: String,
    events: Vec<EventName>,
    active: bool,
    secret: Secret<String>,
}

/// Client, connection and provider of a new subscription.
struct Subscriber<'a> {
    token: &'a AccessToken,
    authorization_id: &'a AuthorizationId,
    share: &'a Share,
    approved: &'a Approved<'a>,
    provider: &'a dyn Provider,
    hooks: &'a dyn ProviderHooks,
}

impl Gateway {
    /// Subscribes an app to a repository's events: makes the hook at the provider. `body` is parsed
    /// lazily: authorization errors come before body errors.
    ///
    /// # Errors
    /// The code of the first check that fails, as for a read; `INVALID_REQUEST` for an event that
    /// the provider cannot deliver; what the provider says.
    pub async fn subscribe(
        &self,
        request: ReadRequest,
        body: impl FnOnce() -> Result<NewSubscription>,
        rules: &dyn CallbackRules,
        hook_base: &str,
    ) -> Result<CreatedSubscription> {
        let request = self.spelt(request);
        let mut draft = self.draft(&request);
        let result = self
            .make_subscription(&request, body, rules, hook_base, &mut draft)
            .await;
        let outcome = match &result {
            Ok(_) => Ok(Served {
                status: 201,
                items: 1,
                report: FirewallReport::default(),
            }),
            Err(error) => Err(error.code()),
        };
        self.record(draft, outcome).await?;
        result
    }

    async fn make_subscription(
        &self,
        request: &ReadRequest,
        body: impl FnOnce() -> Result<NewSubscription>,
        rules: &dyn CallbackRules,
        hook_base: &str,
        draft: &mut UsageDraft<'_>,
    ) -> Result<CreatedSubscription> {
        let identified = self.identify(request, draft).await?;
        let permitted = self.permit(request, &identified, draft)?;
        let subscriber = self.subscriber_of(&permitted)?;
        common(request)?;
        let wanted = self.checked_subscription(body()?, &subscriber, rules)?;

        let asked = Instant::now();
        let made = self
            .make_hook(request, &subscriber, wanted, hook_base, draft.at)
            .await;
        draft.upstream = asked.elapsed();
        made
    }

    /// Makes the hook at the provider and stores the subscription.
    async fn make_hook(
        &self,
        request: &ReadRequest,
        subscriber: &Subscriber<'_>,
        wanted: CheckedSubscription,
        hook_base: &str,
        now: Timestamp,
    ) -> Result<CreatedSubscription> {
        let (connection, tokens) = (&subscriber.share.connection, &subscriber.share.tokens);
        let deadline = self.upstream_deadline();
        let call = self.call_for(connection, tokens, deadline).await?;
        let repo = resolve(&call, subscriber).await?;
        let id = SubscriptionId::generate(&*self.clock, &*self.random);
        let provider = subscriber.provider.id();
        let (tenant, client) = (&subscriber.token.tenant_id, &subscriber.token.client_id);
        let subscriptions = self.storage.subscriptions();
        let standing = subscriptions.count_live(tenant, client, provider, &repo.id);
        if standing.await? >= MAX_SUBSCRIPTIONS {
            return Err(too_many_subscriptions());
        }
        let hook_secret = self.new_webhook_secret();
        let hook = NewHook {
            url: &format!("{hook_base}/v1/hooks/{provider}/{id}"),
            secret: &hook_secret,
            events: &wanted.events,
        };
        let hook_id = subscriber.hooks.create(&call, &repo, &hook).await?;
        let mut stored = self.stored(id, subscriber, &repo, &wanted, &hook_secret, now)?;
        stored.hook_id = Some(hook_id.clone());
        let made = MadeHook {
            removal: self.removal_of(&stored, connection, &hook_id)?,
            id: hook_id,
            hooks: subscriber.hooks,
            call,
            repo,
        };
        let subscription = stored.subscription.clone();
        let actor = Actor::Client(subscriber.token.client_id.clone());
        let act = AuditContext {
            actor: &actor,
            request_id: &request.request_id,
        };
        let audit = self.audit_success(&act, AuditAction::SubscriptionCreate, &subscription.id);
        if let Err(error) = self.storage.subscriptions().insert(stored, audit).await {
            // Without its row nothing else would remove the hook.
            self.give_up_hook(made).await;
            return Err(error);
        }
        Ok(CreatedSubscription {
            subscription,
            secret: wanted.secret,
        })
    }

    /// The app behind a permitted request. Events go to apps: a connection's id does not subscribe.
    fn subscriber_of<'a>(&'a self, permitted: &'a Permitted<'a>) -> Result<Subscriber<'a>> {
        let (Some(access), Some(approved)) = (permitted.access, &permitted.permit.repository)
        else {
            return Err(Error::new(
                crate::Code::AuthRequired,
                "Events are delivered to apps: send an access token.",
            ));
        };
        let Some(authorization_id) = &access.token.authorization_id else {
            return Err(Error::internal(
                "a token without authorization was permitted",
            ));
        };
        let share = permitted.permit.shares[0];
        let provider = &**self.provider_of(share)?;
        let hooks = provider
            .hooks()
            .ok_or_else(|| Error::unsupported(provider.id(), Endpoint::EventsSubscribe))?;
        Ok(Subscriber {
            token: &access.token,
            authorization_id,
            share,
            approved,
            provider,
            hooks,
        })
    }

    fn checked_subscription(
        &self,
        body: NewSubscription,
        subscriber: &Subscriber<'_>,
        rules: &dyn CallbackRules,
    ) -> Result<CheckedSubscription> {
        let events = events(&body.events, subscriber.hooks, subscriber.provider)?;
        if body.callback_url.is_empty() {
            return Err(Error::invalid_request("`callbackUrl` must not be empty."));
        }
        rules.check(&body.callback_url)?;
        let secret = match body.secret {
            Some(secret) => checked(secret)?,
            None => self.new_webhook_secret(),
        };
        Ok(CheckedSubscription {
            callback_url: body.callback_url,
            events,
            active: body.active.unwrap_or(true),
            secret,
        })
    }

    /// The row of a new subscription, its secrets sealed, still without the provider's hook id.
    fn stored(
        &self,
        id: SubscriptionId,
        subscriber: &Subscriber<'_>,
        repo: &RepoRef,
        wanted: &CheckedSubscription,
        hook_secret: &Secret<String>,
        now: Timestamp,
    ) -> Result<StoredSubscription> {
        let tenant = &subscriber.token.tenant_id;
        let seal =
            |cell, text: &Secret<String>| self.vault.seal(cell, text.expose(), &*self.random);
        Ok(StoredSubscription {
            sealed_hook_secret: Some(seal(cells::hook_secret(&id, tenant), hook_secret)?),
            sealed_secret: seal(cells::delivery_secret(&id, tenant), &wanted.secret)?,
            subscription: Subscription {
                id,
                provider: subscriber.provider.id(),
                repository_id: repo.id.clone(),
                events: wanted.events.clone(),
                callback_url: wanted.callback_url.clone(),
                active: wanted.active,
                created_at: now,
            },
            tenant_id: tenant.clone(),
            client_id: subscriber.token.client_id.clone(),
            authorization_id: subscriber.authorization_id.clone(),
            connection_id: subscriber.share.connection.id.clone(),
            hook_id: None,
        })
    }

    /// A secret in the form of Standard Webhooks.
    pub(super) fn new_webhook_secret(&self) -> Secret<String> {
        let mut bytes = [0u8; 32];
        self.random.fill(&mut bytes);
        Secret::new(format!("whsec_{}", STANDARD.encode(bytes)))
    }
}

/// The repository by the provider's id; a name costs one resolving call.
async fn resolve(call: &Call, subscriber: &Subscriber<'_>) -> Result<RepoRef> {
    match subscriber.approved {
        Approved::Listed(repo) => Ok(repo.clone()),
        Approved::Unlisted(id) if subscriber.provider.is_repository_id(id) => Ok(RepoRef {
            id: (*id).to_owned(),
            full_name: None,
        }),
        Approved::Unlisted(name) => {
            let found = subscriber.provider.find_repository(call, name).await?;
            Ok(RepoRef {
                id: found.id,
                full_name: Some(found.full_name),
            })
        }
    }
}

/// The events that an app asked for by name, each once.
pub(super) fn events(
    names: &[String],
    hooks: &dyn ProviderHooks,
    provider: &dyn Provider,
) -> Result<Vec<EventName>> {
    let mut events = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let known = EventName::parse(name).filter(|name| hooks.events().contains(name));
        let Some(event) = known else {
            let words: Vec<_> = hooks.events().iter().map(|event| event.as_str()).collect();
            return Err(Error::invalid_request(format!(
                "`events[{at}]` is not an event that {} delivers; it must be one of: {}.",
                provider.id().name(),
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
