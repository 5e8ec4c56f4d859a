//! Subscriptions that exist: listing and ending them, and whether the customer still shares what they
//! are about. A token rules over those through its own connections alone. Making one is the business
//! of `subscribe.rs`, the hooks that of `hooks.rs`.

use super::{Audience, AuditContext, Gateway, ListQuery, Listing, listing::List};
use crate::{
    Code, Error, EventId, Result, Scope, SubscriptionId, Timestamp,
    model::Subscription,
    storage::{AccessToken, Approval, AuditAction, DeliveryRecord, StoredSubscription},
};

/// How long a delivery can be asked for again, whatever became of it.
const REPLAYABLE_MILLIS: i64 = 7 * 24 * 3600 * 1000;

impl Gateway {
    /// The live token of a request about subscriptions, which counts like a read.
    ///
    /// # Errors
    /// As [`Gateway::token_context`]; `RATE_LIMITED` when the token asks too often;
    /// `INSUFFICIENT_SCOPE` without `events:subscribe`.
    pub async fn subscriber(&self, bearer: Option<&str>) -> Result<AccessToken> {
        let token = self.live_access(bearer, Some(Audience::Api)).await?.token;
        self.admission.admit(&token.id, &token.client_id)?;
        if token.permissions.contains(Scope::EventsSubscribe) {
            return Ok(token);
        }
        Err(Error::new(
            Code::InsufficientScope,
            "The access token lacks the scope `events:subscribe`.",
        ))
    }

    /// A client's subscriptions for one customer, through the connections of the token.
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
                    .list(
                        &token.tenant_id,
                        &token.client_id,
                        Some(&token.connection_ids),
                        range,
                    )
                    .await?;
                Ok(rows.into_iter().map(|row| row.subscription).collect())
            },
            |subscription| subscription.id.as_str(),
        )
        .await
    }

    /// Ends a subscription of the token's client through one of the token's connections. Doing it
    /// again, or to what is not there, changes nothing and succeeds.
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
        if !found.is_some_and(|row| is_of(&row, token)) {
            return Ok(());
        }
        let audit = self.audit_success(act, AuditAction::SubscriptionDelete, &id);
        store
            .delete(&token.tenant_id, &id, self.clock.now(), audit)
            .await?;
        Ok(())
    }

    /// The live subscription of that id, if it is of the token's client and customer, through one of
    /// the token's connections.
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
            .filter(|row| is_of(row, token))
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

    /// Queues a delivery of the last seven days again, whatever became of it; one that still waits is
    /// due at once.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` for a subscription or delivery that is not the token's;
    /// `REPOSITORY_NOT_APPROVED` when the customer no longer shares the repository's events;
    /// `RATE_LIMITED` when the subscription's deliveries are asked for again too often.
    pub async fn replay_delivery(
        &self,
        token: &AccessToken,
        id: &str,
        delivery: &str,
    ) -> Result<()> {
        let stored = self.own_subscription(token, id).await?;
        self.require_approved(&stored).await?;
        self.replay(&stored.subscription.id, delivery).await
    }

    /// Queues a delivery of a subscription again, whoever's it is.
    pub(super) async fn replay(&self, id: &SubscriptionId, delivery: &str) -> Result<()> {
        self.admission.admit_replay(id)?;
        let is_queued = match EventId::parse(delivery) {
            Ok(delivery) => {
                let queue = self.storage.deliveries();
                let now = self.clock.now();
                let since = Timestamp::from_millis(now.as_millis() - REPLAYABLE_MILLIS);
                queue.replay(id, &delivery, since, now).await?
            }
            Err(_) => false,
        };
        match is_queued {
            true => Ok(()),
            false => Err(Error::not_found("delivery")),
        }
    }

    /// The approval by which the customer still shares the repository's events with the app (SR-10).
    pub(super) async fn approval(&self, stored: &StoredSubscription) -> Result<Option<Approval>> {
        let subscription = &stored.subscription;
        self.storage
            .authorizations()
            .find_approval(
                &stored.authorization_id,
                &stored.connection_id,
                Scope::EventsSubscribe,
                &subscription.repository_id,
                self.clock.now(),
            )
            .await
    }

    /// Refuses what is to be done with a subscription whose events the customer no longer shares.
    pub(super) async fn require_approved(&self, stored: &StoredSubscription) -> Result<()> {
        match self.approval(stored).await? {
            Some(_) => Ok(()),
            None => Err(Error::new(
                Code::RepositoryNotApproved,
                "The customer has not approved this repository for the app.",
            )),
        }
    }
}

/// Whether a subscription is one of the token's client, through one of the token's connections: a
/// token that was limited to one share rules over no other.
fn is_of(stored: &StoredSubscription, token: &AccessToken) -> bool {
    stored.client_id == token.client_id && token.connection_ids.contains(&stored.connection_id)
}
