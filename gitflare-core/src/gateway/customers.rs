//! The customers of an app, for its developer: who has approved it and what, which account has to be
//! connected again, and the end of an approval. It shows nothing of other apps of the same customer.

use serde::Serialize;

use super::{AuditContext, Gateway, ListQuery, Listing, listing::List, workspace::is_unnamed};
use crate::{
    AuthorizationId, ClientId, Error, Result, Scopes, TenantId, Timestamp, UserId,
    storage::{
        AuditAction, Authorization, AuthorizationStatus, Client, Connection, ConnectionStatus,
        Grant, ListRange,
    },
};

/// The longest search, in characters, and the most customers that one may mean.
const MAX_SEARCH: usize = 200;
const MAX_FOUND: usize = 1000;

/// A customer's approval of an app, as its developer sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CustomerAuthorization {
    /// The id of the authorization.
    pub id: AuthorizationId,
    /// The app that was approved.
    pub client_id: ClientId,
    /// Whose approval it is.
    pub customer: AppCustomer,
    /// Pending, active or revoked.
    pub status: AuthorizationStatus,
    /// The scopes that were approved, over all accounts together.
    pub permissions: Scopes,
    /// The accounts that are shared.
    pub connections: Vec<Connection>,
    /// Whether one of them has to be connected again.
    pub needs_reconnect: bool,
    /// When the approval was begun.
    pub created_at: Timestamp,
    /// When the app last read through one of the accounts; `None` when it has not, or when nothing is shared.
    pub last_used_at: Option<Timestamp>,
    /// When the first of the shares ends; `None` when none does.
    pub expires_at: Option<Timestamp>,
}

/// A customer, as an app knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AppCustomer {
    /// The customer's tenant.
    pub tenant_id: TenantId,
    /// The name that people see; `None` when the tenant is gone.
    pub name: Option<String>,
    /// The app's own id of the customer; `None` when the app gave none.
    pub customer_ref: Option<String>,
}

/// A customer's approval with what is shared, account by account.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CustomerDetails {
    /// The approval.
    pub authorization: CustomerAuthorization,
    /// Its shares that count now: permissions and repositories of each account.
    pub grants: Vec<Grant>,
}

impl Gateway {
    /// The approvals of an app by its customers, ended ones included; of a search, by those whose name or
    /// `customer_ref` begins so, or whose tenant has that id.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` when there is no such app of theirs; `INVALID_REQUEST` naming `search` when
    /// it is malformed or fits too many; the cursor's.
    pub async fn list_customers(
        &self,
        user: &UserId,
        client: &str,
        search: Option<&str>,
        query: &ListQuery,
    ) -> Result<Listing<CustomerAuthorization>> {
        let client = self.live_app(user, client).await?;
        let search = search.map(str::trim).filter(|text| !text.is_empty());
        let tenants = match search {
            Some(start) => Some(self.customers_beginning(&client.id, start).await?),
            None => None,
        };
        let filters = [("client", Some(client.id.as_str())), ("search", search)];
        let list = List {
            route: "developer.authorizations",
            filters: &filters,
        };
        let rows = async |range: ListRange<'_>| {
            let store = self.storage.authorizations();
            let found = match &tenants {
                Some(tenants) => store.list_of(&client.id, tenants, range).await?,
                None => store.list(&client.id, range).await?,
            };
            let mut rows = Vec::with_capacity(found.len());
            for authorization in found {
                let grants = self.active_grants(&authorization.id).await?;
                rows.push(self.describe_customer(authorization, &grants).await?);
            }
            Ok(rows)
        };
        self.page_of(list, query, rows, |row| row.id.as_str()).await
    }

    /// The tenants of a client that a search means.
    async fn customers_beginning(&self, client: &ClientId, start: &str) -> Result<Vec<TenantId>> {
        if start.chars().count() > MAX_SEARCH || start.chars().any(char::is_control) {
            return Err(Error::invalid_request(format!(
                "`search` must have at most {MAX_SEARCH} characters and no control characters."
            )));
        }
        if let Ok(tenant) = TenantId::parse(start) {
            return Ok(vec![tenant]);
        }
        let store = self.storage.tenants();
        let found = store.customers_beginning(client, start, MAX_FOUND + 1);
        let found = found.await?;
        if found.len() > MAX_FOUND {
            return Err(Error::invalid_request(format!(
                "`search` fits more than {MAX_FOUND} customers: write more of it."
            )));
        }
        Ok(found)
    }

    /// One approval with what is shared.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` when there is no such app of theirs, or no such approval of the app.
    pub async fn find_customer(
        &self,
        user: &UserId,
        client: &str,
        id: &str,
    ) -> Result<CustomerDetails> {
        let (_, authorization) = self.own_customer(user, client, id).await?;
        let grants = self.active_grants(&authorization.id).await?;
        Ok(CustomerDetails {
            authorization: self.describe_customer(authorization, &grants).await?,
            grants,
        })
    }

    /// Ends an approval with its tokens and subscriptions (CA-1). Ending it again succeeds.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` as for [`Gateway::find_customer`].
    pub async fn end_customer(
        &self,
        user: &UserId,
        client: &str,
        id: &str,
        act: &AuditContext<'_>,
    ) -> Result<()> {
        let (_, authorization) = self.own_customer(user, client, id).await?;
        let audit = self.audit_success(act, AuditAction::AuthorizationRevoke, &authorization.id);
        let store = self.storage.authorizations();
        store
            .revoke(&authorization.id, self.clock.now(), audit)
            .await?;
        Ok(())
    }

    /// An approval of a person's own app.
    pub(super) async fn own_customer(
        &self,
        user: &UserId,
        client: &str,
        id: &str,
    ) -> Result<(Client, Authorization)> {
        let client = self.live_app(user, client).await?;
        let unknown = || Error::not_found("approval of this app");
        let id = AuthorizationId::parse(id).map_err(|_| unknown())?;
        let found = self.storage.authorizations().find(&id).await?;
        let own = found.filter(|authorization| authorization.client_id == client.id);
        Ok((client, own.ok_or_else(unknown)?))
    }

    pub(super) async fn customer_ref(
        &self,
        authorization: &Authorization,
    ) -> Result<Option<String>> {
        let (client, tenant) = (&authorization.client_id, &authorization.tenant_id);
        self.given_ref(client, tenant).await
    }

    /// The name that a client has given a customer.
    async fn given_ref(&self, client: &ClientId, tenant: &TenantId) -> Result<Option<String>> {
        let name = self.storage.tenants().customer_ref(client, tenant).await?;
        Ok(name.filter(|name| !is_unnamed(name)))
    }

    /// A tenant, as a client knows it.
    pub(super) async fn app_customer(
        &self,
        client: &ClientId,
        tenant: &TenantId,
    ) -> Result<AppCustomer> {
        let customer_ref = self.given_ref(client, tenant).await?;
        let found = self.storage.tenants().find(tenant).await?;
        Ok(AppCustomer {
            tenant_id: tenant.clone(),
            name: found.map(|tenant| tenant.name),
            customer_ref,
        })
    }

    async fn describe_customer(
        &self,
        authorization: Authorization,
        grants: &[Grant],
    ) -> Result<CustomerAuthorization> {
        let (client, tenant) = (&authorization.client_id, &authorization.tenant_id);
        let customer = self.app_customer(client, tenant).await?;
        let mut connections = Vec::with_capacity(grants.len());
        for grant in grants {
            connections.extend(
                self.storage
                    .connections()
                    .find(&grant.connection_id)
                    .await?,
            );
        }
        let is_over = |it: &Connection| it.status == ConnectionStatus::NeedsReconnect;
        Ok(CustomerAuthorization {
            customer,
            id: authorization.id,
            client_id: authorization.client_id,
            status: authorization.status,
            permissions: authorization.permissions,
            needs_reconnect: connections.iter().any(is_over),
            created_at: authorization.created_at,
            last_used_at: connections.iter().filter_map(|it| it.last_used_at).max(),
            expires_at: grants.iter().filter_map(|grant| grant.expires_at).min(),
            connections,
        })
    }
}
