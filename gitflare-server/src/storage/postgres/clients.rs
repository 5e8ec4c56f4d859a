//! Clients in PostgreSQL.

use async_trait::async_trait;
use gitflare_core::{
    ClientId, CredentialHash, Result, SecretId, Timestamp, UserId,
    storage::{
        AppProfile, AuditEntry, Client, ClientFilter, ClientSecret, ClientStore, ListRange,
        MAX_CLIENTS, NewClient, Tenant, too_many_clients,
    },
};

use super::{
    PostgresStorage, locks,
    session::{Failure, Session, transaction},
    subscriptions::end_later,
    touches::Used,
};
use crate::storage::sql::{
    Statement, bytes, clients, id, number, subscriptions::Ending, tenants, text, values,
};

/// Ends a client; `false` when it was not alive. Its cost does not grow with what stands on it.
pub(super) async fn end(
    transaction: &Session,
    id: &ClientId,
    at: Timestamp,
) -> Result<bool, Failure> {
    if transaction.run(clients::end(id, at)).await? == 0 {
        return Ok(false);
    }
    transaction.run(clients::delete_secrets(id)).await?;
    transaction.run(clients::delete_profile(id)).await?;
    end_later(transaction, Ending::Client(id), at).await?;
    transaction.run(tenants::abandon_customers(id, at)).await?;
    Ok(true)
}

/// Locks a client that lives; whether it does.
async fn lock_live(transaction: &Session, id: &ClientId) -> Result<bool, Failure> {
    let lock = "SELECT id FROM clients WHERE id = ?1 AND status = 'active' FOR NO KEY UPDATE";
    transaction
        .finds(Statement::new(lock, values![id.as_str()]))
        .await
}

/// Ends what was to be sent where a client may no longer be answered.
async fn end_strays(transaction: &Session, client: &Client) -> Result<(), Failure> {
    for text in [
        "DELETE FROM codes WHERE client_id = $1 AND NOT is_spent
           AND registered_uri <> ALL($2)",
        "DELETE FROM requests WHERE client_id = $1 AND registered_uri <> ALL($2)",
    ] {
        let id = client.id.as_str();
        let allowed = &client.allowed_redirect_uris;
        transaction.execute(text, &[&id, allowed]).await?;
    }
    Ok(())
}

impl PostgresStorage {
    /// Adds their secrets to clients, with one statement for all of them.
    async fn with_secrets(&self, mut found: Vec<Client>) -> Result<Vec<Client>> {
        if found.is_empty() {
            return Ok(found);
        }
        let ids: Vec<_> = found.iter().map(|client| client.id.as_str()).collect();
        let session = self.database.session().await?;
        let of_all = "SELECT id, created_at, last_used_at, client_id FROM client_secrets
             WHERE client_id = ANY($1) ORDER BY id";
        let rows = session.query(of_all, &[&ids]).await?;
        for row in rows {
            let owner = text(&row, 3)?;
            let secret = clients::secret(&row)?;
            let owner = found.iter_mut().find(|client| client.id.as_str() == owner);
            if let Some(client) = owner {
                client.secrets.push(secret);
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl ClientStore for PostgresStorage {
    async fn insert(&self, new: NewClient, entry: AuditEntry) -> Result<()> {
        let client = &new.client;
        transaction!(self.database, |transaction| {
            // What is counted stays so until the row is there.
            locks::tenant(transaction, &client.tenant_id).await?;
            let standing = clients::count_live(&client.tenant_id);
            let standing = transaction.one(standing, |row| number(row, 0)).await?;
            if standing.unwrap_or(0) >= MAX_CLIENTS {
                return Err(too_many_clients().into());
            }
            transaction.run(clients::insert(&new)).await?;
            for secret in &client.secrets {
                let secret = clients::insert_secret(&client.id, secret, &new.secret_hash);
                transaction.run(secret).await?;
            }
            transaction.audit(&entry).await
        })
    }

    async fn register(&self, new: NewClient, tenant: Tenant, entry: AuditEntry) -> Result<bool> {
        transaction!(self.database, |transaction| {
            transaction.run(tenants::ensure(&tenant)).await?;
            if transaction.run(clients::register(&new)).await? == 0 {
                return Ok(false);
            }
            end_strays(transaction, &new.client).await?;
            transaction.audit(&entry).await?;
            Ok(true)
        })
    }

    async fn list_unused(
        &self,
        before: Timestamp,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Client>> {
        self.all(clients::unused(before, now, limit), clients::bare)
            .await
    }

    async fn forget(&self, id: &ClientId, at: Timestamp) -> Result<bool> {
        transaction!(self.database, |transaction| {
            let gone = transaction.run(clients::forget(id)).await? == 1;
            if !gone {
                transaction.run(clients::postpone(id, at)).await?;
            }
            Ok(gone)
        })
    }

    async fn find(&self, id: &ClientId) -> Result<Option<Client>> {
        let Some(mut client) = self.one(clients::find(id), clients::bare).await? else {
            return Ok(None);
        };
        client.secrets = self.all(clients::secrets(id), clients::secret).await?;
        Ok(Some(client))
    }

    async fn list(&self, filter: &ClientFilter, range: ListRange<'_>) -> Result<Vec<Client>> {
        let found = self
            .all(clients::list(filter, range), clients::bare)
            .await?;
        self.with_secrets(found).await
    }

    async fn ids_of_person(&self, user: &UserId, limit: usize) -> Result<Vec<ClientId>> {
        self.all(clients::ids_of_person(user, limit), |row| {
            id!(row, 0, ClientId)
        })
        .await
    }

    async fn secret_hashes(&self, id: &ClientId) -> Result<Vec<(SecretId, CredentialHash)>> {
        self.all(clients::secret_hashes(id), clients::secret_hash)
            .await
    }

    async fn touch_secret(&self, id: &SecretId, at: Timestamp) -> Result<()> {
        self.touches.note(Used::Secret, id.as_str(), at);
        Ok(())
    }

    async fn profile(&self, id: &ClientId) -> Result<AppProfile> {
        let found = self
            .one(clients::find_profile(id), clients::profile)
            .await?;
        Ok(found.unwrap_or_default())
    }

    async fn set_profile(
        &self,
        id: &ClientId,
        profile: AppProfile,
        entry: AuditEntry,
    ) -> Result<bool> {
        transaction!(self.database, |transaction| {
            if !lock_live(transaction, id).await? {
                return Ok(false);
            }
            let set = clients::set_profile(id, &profile);
            transaction.run(set).await?;
            transaction.audit(&entry).await?;
            Ok(true)
        })
    }

    async fn sealed_embed_secret(&self, id: &ClientId) -> Result<Option<Vec<u8>>> {
        self.one(clients::sealed_embed_secret(id), |row| bytes(row, 0))
            .await
    }

    async fn update(&self, client: &Client, entry: AuditEntry) -> Result<bool> {
        transaction!(self.database, |transaction| {
            if transaction.run(clients::update(client)).await? == 0 {
                return Ok(false);
            }
            end_strays(transaction, client).await?;
            transaction.audit(&entry).await?;
            Ok(true)
        })
    }

    async fn insert_secret(
        &self,
        id: &ClientId,
        secret: ClientSecret,
        hash: CredentialHash,
        entry: AuditEntry,
    ) -> Result<bool> {
        transaction!(self.database, |transaction| {
            if !lock_live(transaction, id).await? {
                return Ok(false);
            }
            let live = transaction.rows(&clients::secrets(id)).await?.len();
            if live >= clients::MAX_SECRETS {
                return Ok(false);
            }
            let secret = clients::insert_secret(id, &secret, &hash);
            transaction.run(secret).await?;
            transaction.audit(&entry).await?;
            Ok(true)
        })
    }

    async fn delete_secret(
        &self,
        id: &ClientId,
        secret: &SecretId,
        entry: AuditEntry,
    ) -> Result<bool> {
        transaction!(self.database, |transaction| {
            let deleted = transaction.run(clients::delete_secret(id, secret)).await? == 1;
            if deleted {
                transaction.audit(&entry).await?;
            }
            Ok(deleted)
        })
    }

    async fn delete(&self, id: &ClientId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        transaction!(self.database, |transaction| {
            let ended = end(transaction, id, at).await?;
            if ended {
                transaction.audit(&entry).await?;
            }
            Ok(ended)
        })
    }
}
