//! Subscriptions that exist: listing and ending them, and whether the customer still shares what they
//! are about. Making one is the business of `subscribe.rs`.

use super::{AuditContext, Gateway, ListQuery, Listing, listing::List};
use crate::{
    Code, Error, Result, Scope, SubscriptionId,
    model::Subscription,
    provider::RepoRef,
    storage::{AccessToken, AuditAction, CleanupJob, Repositories, StoredSubscription},
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
        if grant.repositories == Repositories::All {
            return Ok(true);
        }
        let ids = [stored.subscription.repository_id.as_str()];
        let approved = store.approved_among(&grant.id, &ids).await?;
        Ok(approved == [true])
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
        store.forget(&id).await
    }
}
