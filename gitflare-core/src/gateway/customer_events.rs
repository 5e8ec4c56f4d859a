//! The events of an app's customer, for the app's developer: what the app subscribed to, what became
//! of each delivery, and a second try. The app itself asks by its token (`subscriptions.rs`).

use super::{Gateway, ListQuery, Listing, listing::List};
use crate::{
    Error, Result, SubscriptionId, Timestamp, UserId,
    model::Subscription,
    storage::{Authorization, CustomerRepository, DeliveryRecord, ListRange},
};

/// A subscription with the name of its repository, for people.
#[derive(Clone, Debug)]
pub struct NamedSubscription {
    /// The subscription.
    pub subscription: Subscription,
    /// The repository's name as last seen; `None` where all of an account's are approved together.
    pub repository_name: Option<String>,
}

impl Gateway {
    /// The live subscriptions of an app that stand on a customer's approval.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` as for [`Gateway::find_customer`]; the cursor's.
    pub async fn customer_subscriptions(
        &self,
        user: &UserId,
        client: &str,
        authorization: &str,
        query: &ListQuery,
    ) -> Result<Listing<NamedSubscription>> {
        let (_, standing) = self.own_customer(user, client, authorization).await?;
        let filters = [("authorization", Some(standing.id.as_str()))];
        let list = List {
            route: "developer.subscriptions",
            filters: &filters,
        };
        let rows = async |range: ListRange<'_>| {
            let store = self.storage.subscriptions();
            let (tenant, client) = (&standing.tenant_id, &standing.client_id);
            let rows = store.list(tenant, client, None, range).await?;
            let subscriptions = rows.into_iter().map(|row| row.subscription).collect();
            self.named(&standing, subscriptions).await
        };
        self.page_of(list, query, rows, |row| row.subscription.id.as_str())
            .await
    }

    /// Subscriptions of one approval with the names of their repositories.
    async fn named(
        &self,
        standing: &Authorization,
        subscriptions: Vec<Subscription>,
    ) -> Result<Vec<NamedSubscription>> {
        let asked = subscriptions.iter().map(|it| repository_of(standing, it));
        let asked: Vec<_> = asked.collect();
        let names = self.storage.authorizations().repository_names(&asked);
        let named = subscriptions.into_iter().zip(names.await?);
        let named = named.map(|(subscription, repository_name)| NamedSubscription {
            repository_name,
            subscription,
        });
        Ok(named.collect())
    }

    /// One of them with its deliveries of the last seven days, by arrival, and until when all
    /// deliveries to the app pause because it refused so many in a row; `None` when they go out.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` as for [`Gateway::find_customer`], and when the subscription does not
    /// live or is another customer's; the cursor's.
    pub async fn customer_deliveries(
        &self,
        user: &UserId,
        client: &str,
        authorization: &str,
        subscription: &str,
        query: &ListQuery,
    ) -> Result<(
        NamedSubscription,
        Listing<DeliveryRecord>,
        Option<Timestamp>,
    )> {
        let (_, standing) = self.own_customer(user, client, authorization).await?;
        let found = self.subscription_under(&standing, subscription).await?;
        let filters = [("subscription", Some(found.id.as_str()))];
        let list = List {
            route: "latest-deliveries",
            filters: &filters,
        };
        let rows =
            async |range: ListRange<'_>| self.storage.deliveries().latest(&found.id, range).await;
        let deliveries = self.page_of(list, query, rows, |delivery| delivery.id.as_str());
        let deliveries = deliveries.await?;
        let queue = self.storage.deliveries();
        let paused_until = queue.paused_until(&standing.client_id).await?;
        let paused_until = paused_until.filter(|until| *until > self.clock.now());
        let store = self.storage.authorizations();
        let about = [repository_of(&standing, &found)];
        let names = store.repository_names(&about);
        let named = NamedSubscription {
            repository_name: names.await?.pop().flatten(),
            subscription: found,
        };
        Ok((named, deliveries, paused_until))
    }

    /// Queues a delivery of one of them again, as [`Gateway::replay_delivery`] does.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` as for [`Gateway::customer_deliveries`], or when there is no such
    /// delivery; `RATE_LIMITED` as for [`Gateway::replay_delivery`].
    pub async fn replay_customer_delivery(
        &self,
        user: &UserId,
        client: &str,
        authorization: &str,
        subscription: &str,
        delivery: &str,
    ) -> Result<()> {
        let (_, standing) = self.own_customer(user, client, authorization).await?;
        let found = self.subscription_under(&standing, subscription).await?;
        self.replay(&found.id, delivery).await
    }

    /// The live subscription of that id, if it stands on that approval.
    async fn subscription_under(&self, standing: &Authorization, id: &str) -> Result<Subscription> {
        let unknown = || Error::not_found("subscription");
        let id = SubscriptionId::parse(id).map_err(|_| unknown())?;
        let store = self.storage.subscriptions();
        let found = store.find(&standing.tenant_id, &id).await?;
        found
            .filter(|row| row.authorization_id == standing.id)
            .map(|row| row.subscription)
            .ok_or_else(unknown)
    }
}

fn repository_of(standing: &Authorization, subscription: &Subscription) -> CustomerRepository {
    CustomerRepository {
        client: standing.client_id.clone(),
        tenant: standing.tenant_id.clone(),
        provider: subscription.provider,
        repository: subscription.repository_id.clone(),
    }
}
