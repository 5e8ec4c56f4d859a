//! Subscriptions that exist: listing and ending them, and whether the customer still shares what they
//! are about. Making one is the business of `subscribe.rs`.

use super::{AuditContext, Gateway, ListQuery, Listing, listing::List};
use crate::{
    Code, Error, EventId, Result, Scope, SubscriptionId,
    model::Subscription,
    provider::RepoRef,
    storage::{AccessToken, AuditAction, CleanupJob, DeliveryRecord, StoredSubscription},
};

impl Gateway {
    /// The live token of a request about subscriptions.
    ///
    /// # Errors
    /// As [`Gateway::token_context`]; `INSUFFICIENT_SCOPE` without `events:subscribe`.
    pub async fn subscriber(&self, bearer: Option<&str>) -> Result<AccessToken> {
        let token = self.token_context(bearer).await?.token;
        if token.permissions.contains(Scope::EventsSubscribe) {
            return Ok(token);
        }
        Err(Error::new(
            Code::InsufficientScope,
            "The access token lacks the scope `events:subscribe`.",
        ))
    }

    /// A client's subscriptions for one customer.
    ///
    /// # Errors
    /// The cursor's.
    pub async fn list_subscriptions(
        &self,
        token: &AccessToken,
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
        token: &AccessToken,
        id: &str,
        act: &AuditContext<'_>,
    ) -> Result<()> {
        let Ok(id) = SubscriptionId::parse(id) else {
            return Ok(());
        };
        let store = self.storage.subscriptions();
        let found = store.find(&token.tenant_id, &id).await?;
        if found.is_none_or(|row| row.client_id != token.client_id) {
            return Ok(());
        }
        let audit = self.audit_success(act, AuditAction::SubscriptionDelete, &id);
        store
            .delete(&token.tenant_id, &id, self.clock.now(), audit)
            .await?;
        Ok(())
    }

    /// The live subscription of that id, if it is of the token's client and customer.
    pub(super) async fn own_subscription(
        &self,
        token: &AccessToken,
        id: &str,
    ) -> Result<StoredSubscription> {
        let found = match SubscriptionId::parse(id) {
            Ok(id) => {
                let store = self.storage.subscriptions();
                store.find(&token.tenant_id, &id).await?
            }
            Err(_) => None,
        };
        found
            .filter(|row| row.client_id == token.client_id)
            .ok_or_else(|| Error::not_found("subscription"))
    }

    /// The deliveries of a subscription of the last seven days, by arrival.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` for a subscription that is not the token's; the cursor's.
    pub async fn list_deliveries(
        &self,
        token: &AccessToken,
        id: &str,
        query: &ListQuery,
    ) -> Result<Listing<DeliveryRecord>> {
        let id = self.own_subscription(token, id).await?.subscription.id;
        self.deliveries_of(&id, query).await
    }

    /// The deliveries of a subscription that are kept, whoever's it is.
    pub(super) async fn deliveries_of(
        &self,
        id: &SubscriptionId,
        query: &ListQuery,
    ) -> Result<Listing<DeliveryRecord>> {
        let filters = [("subscription", Some(id.as_str()))];
        let list = List {
            route: "deliveries",
            filters: &filters,
        };
        self.page_of(
            list,
            query,
            async |range| self.storage.deliveries().list(id, range).await,
            |delivery| delivery.id.as_str(),
        )
        .await
    }

    /// Queues a delivery again, whatever became of it; one that still waits is due at once.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` for a subscription or delivery that is not the token's.
    pub async fn replay_delivery(
        &self,
        token: &AccessToken,
        id: &str,
        delivery: &str,
    ) -> Result<()> {
        let id = self.own_subscription(token, id).await?.subscription.id;
        self.replay(&id, delivery).await
    }

    /// Queues a delivery of a subscription again, whoever's it is.
    pub(super) async fn replay(&self, id: &SubscriptionId, delivery: &str) -> Result<()> {
        let is_queued = match EventId::parse(delivery) {
            Ok(delivery) => {
                let queue = self.storage.deliveries();
                queue.replay(id, &delivery, self.clock.now()).await?
            }
            Err(_) => false,
        };
        match is_queued {
            true => Ok(()),
            false => Err(Error::not_found("delivery")),
        }
    }

    /// Whether the customer still shares the repository's events with the app (SR-10).
    pub(super) async fn is_approved(&self, stored: &StoredSubscription) -> Result<bool> {
        let subscription = &stored.subscription;
        self.storage
            .authorizations()
            .approves(
                &stored.authorization_id,
                &stored.connection_id,
                Scope::EventsSubscribe,
                &subscription.repository_id,
                self.clock.now(),
            )
            .await
    }

    /// Removes the hook of an ended subscription at the provider, then the row.
    pub(super) async fn delete_hook(&self, job: &CleanupJob) -> Result<()> {
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
        while !store.forget(&id).await? {}
        Ok(())
    }
}
