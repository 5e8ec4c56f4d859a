//! Clients in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    ClientId, CredentialHash, Result, SecretId, Timestamp, UserId,
    storage::{
        AppProfile, AuditEntry, Client, ClientFilter, ClientSecret, ClientStore, ListRange,
        MAX_CLIENTS, NewClient, Tenant, too_many_clients,
    },
};
use rusqlite::Connection;

use super::{
    SqliteStorage, failed,
    rows::{audit, every, execute, exists, first, run, taken},
    subscriptions::end_later,
};
use crate::storage::sql::{bytes, clients, id, number, subscriptions::Ending, tenants, to_list};

fn with_secrets(connection: &Connection, mut client: Client) -> rusqlite::Result<Client> {
    client.secrets = every(connection, &clients::secrets(&client.id), |row| {
        clients::secret(row)
    })?;
    Ok(client)
}

/// Ends a client; `false` when it was not alive. Only subscriptions, whose hooks have to go, are
/// ended one by one, later and a few at a time. So the cost does not grow with the client.
pub(super) fn end(connection: &Connection, id: &ClientId, at: Timestamp) -> Result<bool> {
    if run(connection, &clients::end(id, at))? == 0 {
        return Ok(false);
    }
    run(connection, &clients::delete_secrets(id))?;
    run(connection, &clients::delete_profile(id))?;
    end_later(connection, Ending::Client(id), at)?;
    run(connection, &tenants::abandon_customers(id, at))?;
    Ok(true)
}

/// Ends what was to be sent where a client may no longer be answered.
fn end_strays(connection: &Connection, client: &Client) -> Result<()> {
    for statement in [
        "DELETE FROM codes WHERE client_id = ?1 AND NOT is_spent
           AND registered_uri NOT IN (SELECT value FROM json_each(?2))",
        "DELETE FROM requests WHERE client_id = ?1
           AND registered_uri NOT IN (SELECT value FROM json_each(?2))",
    ] {
        let allowed = to_list(&client.allowed_redirect_uris);
        execute(connection, statement, (client.id.as_str(), allowed))?;
    }
    Ok(())
}

#[async_trait]
impl ClientStore for SqliteStorage {
    async fn insert(&self, new: NewClient, entry: AuditEntry) -> Result<()> {
        self.write(move |connection| {
            let client = &new.client;
            let standing = clients::count_live(&client.tenant_id);
            let standing = taken(connection, &standing, |row| number(row, 0))?;
            if standing.unwrap_or(0) >= MAX_CLIENTS {
                return Err(too_many_clients());
            }
            run(connection, &clients::insert(&new))?;
            for secret in &client.secrets {
                let secret = clients::insert_secret(&client.id, secret, &new.secret_hash);
                run(connection, &secret)?;
            }
            audit(connection, &entry)
        })
        .await
    }

    async fn register(&self, new: NewClient, tenant: Tenant, entry: AuditEntry) -> Result<bool> {
        self.write(move |connection| {
            run(connection, &tenants::ensure(&tenant))?;
            if run(connection, &clients::register(&new))? == 0 {
                return Ok(false);
            }
            end_strays(connection, &new.client)?;
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn list_unused(
        &self,
        before: Timestamp,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Client>> {
        self.page(clients::unused(before, now, limit), |row| {
            clients::bare(row)
        })
        .await
    }

    async fn forget(&self, id: &ClientId, at: Timestamp) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let gone = run(connection, &clients::forget(&id))? == 1;
            if !gone {
                run(connection, &clients::postpone(&id, at))?;
            }
            Ok(gone)
        })
        .await
    }

    async fn find(&self, id: &ClientId) -> Result<Option<Client>> {
        self.read(|connection| {
            first(connection, &clients::find(id), |row| clients::bare(row))?
                .map(|client| with_secrets(connection, client))
                .transpose()
        })
    }

    async fn list(&self, filter: &ClientFilter, range: ListRange<'_>) -> Result<Vec<Client>> {
        let page = clients::list(filter, range);
        self.walk(move |walk| {
            every(walk.connection, &page, |row| clients::bare(row))?
                .into_iter()
                .map(|client| with_secrets(walk.connection, client))
                .collect()
        })
        .await
    }

    async fn ids_of_person(&self, user: &UserId, limit: usize) -> Result<Vec<ClientId>> {
        self.all(clients::ids_of_person(user, limit), |row| {
            id!(row, 0, ClientId)
        })
    }

    async fn secret_hashes(&self, id: &ClientId) -> Result<Vec<(SecretId, CredentialHash)>> {
        self.all(clients::secret_hashes(id), |row| clients::secret_hash(row))
    }

    async fn touch_secret(&self, id: &SecretId, at: Timestamp) -> Result<()> {
        let statement = "UPDATE client_secrets SET last_used_at = ?2 WHERE id = ?1";
        self.writer.touch(statement, id.as_str(), at);
        Ok(())
    }

    async fn profile(&self, id: &ClientId) -> Result<AppProfile> {
        let found = self.one(clients::find_profile(id), |row| clients::profile(row))?;
        Ok(found.unwrap_or_default())
    }

    async fn set_profile(
        &self,
        id: &ClientId,
        profile: AppProfile,
        entry: AuditEntry,
    ) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            if !exists(connection, &clients::is_live(&id))? {
                return Ok(false);
            }
            run(connection, &clients::set_profile(&id, &profile))?;
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn sealed_embed_secret(&self, id: &ClientId) -> Result<Option<Vec<u8>>> {
        self.one(clients::sealed_embed_secret(id), |row| bytes(row, 0))
    }

    async fn update(&self, client: &Client, entry: AuditEntry) -> Result<bool> {
        let client = client.clone();
        self.write(move |connection| {
            if run(connection, &clients::update(&client))? == 0 {
                return Ok(false);
            }
            end_strays(connection, &client)?;
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn insert_secret(
        &self,
        id: &ClientId,
        secret: ClientSecret,
        hash: CredentialHash,
        entry: AuditEntry,
    ) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let live = every(connection, &clients::secrets(&id), |row| {
                clients::secret(row)
            });
            let live = live.map_err(|error| failed(&error))?.len();
            if live >= clients::MAX_SECRETS || !exists(connection, &clients::is_live(&id))? {
                return Ok(false);
            }
            run(connection, &clients::insert_secret(&id, &secret, &hash))?;
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn delete_secret(
        &self,
        id: &ClientId,
        secret: &SecretId,
        entry: AuditEntry,
    ) -> Result<bool> {
        let (id, secret) = (id.clone(), secret.clone());
        self.write(move |connection| {
            let deleted = run(connection, &clients::delete_secret(&id, &secret))? == 1;
            if deleted {
                audit(connection, &entry)?;
            }
            Ok(deleted)
        })
        .await
    }

    async fn delete(&self, id: &ClientId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let ended = end(connection, &id, at)?;
            if ended {
                audit(connection, &entry)?;
            }
            Ok(ended)
        })
        .await
    }
}
