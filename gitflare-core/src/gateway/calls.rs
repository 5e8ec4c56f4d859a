//! The usage log for people: its rows with the names of repositories and customers. Whose rows
//! somebody may see is decided in `account_reads.rs`; a name that is not known stays `None`.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use serde::Serialize;

use super::{Gateway, workspace::is_unnamed};
use crate::{
    Result,
    storage::{CustomerRepository, UsageRow},
};

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

impl Gateway {
    /// Rows of the usage log with their names, which are asked for at once.
    pub(super) async fn name_calls(&self, rows: Vec<UsageRow>) -> Result<Vec<UsageCall>> {
        let of = |row: &UsageRow| (row.client_id.clone(), row.tenant_id.clone());
        let customers: Vec<_> = distinct(rows.iter().map(of));
        let repositories: Vec<_> = distinct(rows.iter().filter_map(repository));
        let names = self.storage.tenants().customer_names(&customers).await?;
        let store = self.storage.authorizations();
        let full_names = store.repository_names(&repositories).await?;
        let customers: HashMap<_, _> = customers.into_iter().zip(names).collect();
        let repositories: HashMap<_, _> = repositories.into_iter().zip(full_names).collect();
        let named = rows.into_iter().map(|row| {
            let customer = customers.get(&of(&row)).cloned().unwrap_or_default();
            let full_name = repository(&row).and_then(|it| repositories.get(&it));
            UsageCall {
                repository_name: full_name.cloned().flatten(),
                customer_name: customer.name,
                customer_ref: customer.customer_ref.filter(|name| !is_unnamed(name)),
                row,
            }
        });
        Ok(named.collect())
    }
}

/// The repository that a row is about.
fn repository(row: &UsageRow) -> Option<CustomerRepository> {
    Some(CustomerRepository {
        client: row.client_id.clone(),
        tenant: row.tenant_id.clone(),
        provider: row.provider?,
        repository: row.repository_id.clone()?,
    })
}

fn distinct<T: Eq + Hash>(all: impl Iterator<Item = T>) -> Vec<T> {
    all.collect::<HashSet<_>>().into_iter().collect()
}
