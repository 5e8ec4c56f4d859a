//! The usage log for people: its rows with the names of repositories and customers. Whose rows
//! somebody may see is decided in `account_reads.rs`; a name that is not known stays `None`.

use std::collections::HashMap;

use serde::Serialize;

use super::{Gateway, customers::AppCustomer};
use crate::{ClientId, Result, TenantId, provider::ProviderId, storage::UsageRow};

/// One unified read, with names.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UsageCall {
    /// The read.
    #[serde(flatten)]
    pub row: UsageRow,
    /// The full name of the repository, as last seen; `None` where none was read, where all of an
    /// account's repositories are approved together, and where it never was approved.
    pub repository_name: Option<String>,
    /// The name of the customer whose data was read; `None` when the customer is gone.
    pub customer_name: Option<String>,
    /// The app's own id of that customer; `None` where the app gave none.
    pub customer_ref: Option<String>,
}

/// The names that the rows of one page have, each looked up once.
#[derive(Default)]
struct Names {
    customers: HashMap<(ClientId, TenantId), AppCustomer>,
    repositories: HashMap<(ClientId, TenantId, ProviderId, String), Option<String>>,
}

impl Gateway {
    /// Rows of the usage log with their names.
    pub(super) async fn name_calls(&self, rows: Vec<UsageRow>) -> Result<Vec<UsageCall>> {
        let mut names = Names::default();
        let mut calls = Vec::with_capacity(rows.len());
        for row in rows {
            let customer = self.customer_name(&mut names, &row).await?;
            calls.push(UsageCall {
                repository_name: self.repository_name(&mut names, &row).await?,
                customer_name: customer.name,
                customer_ref: customer.customer_ref,
                row,
            });
        }
        Ok(calls)
    }

    async fn customer_name(&self, names: &mut Names, row: &UsageRow) -> Result<AppCustomer> {
        let key = (row.client_id.clone(), row.tenant_id.clone());
        if let Some(known) = names.customers.get(&key) {
            return Ok(known.clone());
        }
        let customer = self.app_customer(&row.client_id, &row.tenant_id).await?;
        names.customers.insert(key, customer.clone());
        Ok(customer)
    }

    async fn repository_name(&self, names: &mut Names, row: &UsageRow) -> Result<Option<String>> {
        let (Some(provider), Some(repository)) = (row.provider, &row.repository_id) else {
            return Ok(None);
        };
        let (client, tenant) = (&row.client_id, &row.tenant_id);
        let key = (client.clone(), tenant.clone(), provider, repository.clone());
        if let Some(known) = names.repositories.get(&key) {
            return Ok(known.clone());
        }
        let store = self.storage.authorizations();
        let name = store.repository_name(client, tenant, provider, repository);
        let name = name.await?;
        names.repositories.insert(key, name.clone());
        Ok(name)
    }
}
