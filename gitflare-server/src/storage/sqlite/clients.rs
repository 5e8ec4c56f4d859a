//! Clients in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    ClientId, CredentialHash, Result, Scopes, SecretId, TenantId, Timestamp, UserId,
    storage::{
        AuditEntry, Client, ClientFilter, ClientSecret, ClientStatus, ClientStore, ListRange,
        NewClient,
    },
};
use rusqlite::{Connection, Row};

use super::{
    SqliteStorage, failed,
    rows::{
        Conditions, Page, audit, execute, exists, id, list, maybe_id, maybe_time, one, parsed,
        time, to_list,
    },
    subscriptions::{Ending, end_later},
};

const SELECT: &str = "SELECT id, tenant_id, owner_user_id, name, description, redirect_uris,
    permissions, require_pkce, require_signed_customer_ref, embed_origins, status, created_at,
    updated_at FROM clients";

/// How many secrets a client can have at a time: one in use, one being rolled out.
const MAX_SECRETS: i64 = 2;

/// A client without its secrets.
fn bare(row: &Row<'_>) -> rusqlite::Result<Client> {
    Ok(Client {
        id: id!(row, 0, ClientId)?,
        tenant_id: id!(row, 1, TenantId)?,
        owner_user_id: maybe_id!(row, 2, UserId)?,
        name: row.get(3)?,
        description: row.get(4)?,
        allowed_redirect_uris: list(row, 5)?,
        default_permissions: Scopes::from_bits(row.get(6)?),
        require_pkce: row.get(7)?,
        require_signed_customer_ref: row.get(8)?,
        allowed_embed_origins: list(row, 9)?,
        secrets: Vec::new(),
        status: parsed(row, 10, ClientStatus::parse)?,
        created_at: time(row, 11)?,
        updated_at: time(row, 12)?,
    })
}

fn with_secrets(connection: &Connection, mut client: Client) -> rusqlite::Result<Client> {
    client.secrets = connection
        .prepare_cached(
            "SELECT id, created_at, last_used_at FROM client_secrets
             WHERE client_id = ?1 ORDER BY id",
        )?
        .query_map([client.id.as_str()], |row| {
            Ok(ClientSecret {
                id: id!(row, 0, SecretId)?,
                created_at: time(row, 1)?,
                last_used_at: maybe_time(row, 2)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(client)
}

fn is_live(connection: &Connection, id: &ClientId) -> Result<bool> {
    let statement = "SELECT 1 FROM clients WHERE id = ?1 AND status = 'active'";
    exists(connection, statement, [id.as_str()])
}

/// Ends a client; `false` when it was not alive. What stands on it ends by the client's status,
/// wherever it is read, and is purged when its time is over; only subscriptions, whose hooks have to
/// go, are ended one by one, later and a few at a time. So the cost does not grow with the client.
pub(super) fn end(connection: &Connection, id: &ClientId, at: Timestamp) -> Result<bool> {
    let ended = execute(
        connection,
        "UPDATE clients SET status = 'deleted', updated_at = ?2
         WHERE id = ?1 AND status = 'active'",
        (id.as_str(), at.as_millis()),
    )?;
    if ended == 0 {
        return Ok(false);
    }
    execute(
        connection,
        "DELETE FROM client_secrets WHERE client_id = ?1",
        [id.as_str()],
    )?;
    end_later(connection, Ending::Client(id), at)?;
    Ok(true)
}

fn insert_secret(
    connection: &Connection,
    client: &ClientId,
    secret: &ClientSecret,
    hash: &CredentialHash,
) -> Result<()> {
    execute(
        connection,
        "INSERT INTO client_secrets (id, client_id, hash, created_at) VALUES (?1, ?2, ?3, ?4)",
        (
            secret.id.as_str(),
            client.as_str(),
            hash.as_bytes(),
            secret.created_at.as_millis(),
        ),
    )?;
    Ok(())
}

#[async_trait]
impl ClientStore for SqliteStorage {
    async fn insert(&self, new: NewClient, entry: AuditEntry) -> Result<()> {
        self.write(move |connection| {
            let client = &new.client;
            execute(
                connection,
                "INSERT INTO clients (id, tenant_id, owner_user_id, name, description,
                   redirect_uris, permissions, require_pkce, require_signed_customer_ref,
                   embed_origins, embed_secret, status, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
                (
                    client.id.as_str(),
                    client.tenant_id.as_str(),
                    client.owner_user_id.as_ref().map(UserId::as_str),
                    &client.name,
                    &client.description,
                    to_list(&client.allowed_redirect_uris),
                    client.default_permissions.bits(),
                    client.require_pkce,
                    client.require_signed_customer_ref,
                    to_list(&client.allowed_embed_origins),
                    &new.sealed_embed_secret,
                    client.status.as_str(),
                    client.created_at.as_millis(),
                    client.updated_at.as_millis(),
                ),
            )?;
            for secret in &client.secrets {
                insert_secret(connection, &client.id, secret, &new.secret_hash)?;
            }
            audit(connection, &entry)
        })
        .await
    }

    async fn find(&self, id: &ClientId) -> Result<Option<Client>> {
        let statement = format!("{SELECT} WHERE id = ?1");
        self.read(|connection| {
            one(connection, &statement, [id.as_str()], bare)?
                .map(|client| with_secrets(connection, client))
                .transpose()
        })
    }

    async fn list(&self, filter: &ClientFilter, range: ListRange<'_>) -> Result<Vec<Client>> {
        let mut conditions = Conditions::new("status = 'active'");
        conditions.equal("tenant_id", filter.tenant.as_ref().map(TenantId::as_str));
        conditions.equal(
            "owner_user_id",
            filter.owner_user.as_ref().map(UserId::as_str),
        );
        let page = Page::new(SELECT, conditions, "id", range);
        self.walk(move |walk| {
            page.read(walk.connection, bare)?
                .into_iter()
                .map(|client| with_secrets(walk.connection, client))
                .collect()
        })
        .await
    }

    async fn secret_hashes(&self, id: &ClientId) -> Result<Vec<(SecretId, CredentialHash)>> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT s.id, s.hash FROM client_secrets s JOIN clients c ON c.id = s.client_id
                     WHERE s.client_id = ?1 AND c.status = 'active' ORDER BY s.id",
                )?
                .query_map([id.as_str()], |row| {
                    Ok((
                        id!(row, 0, SecretId)?,
                        CredentialHash::from_bytes(row.get(1)?),
                    ))
                })?
                .collect()
        })
    }

    async fn touch_secret(&self, id: &SecretId, at: Timestamp) -> Result<()> {
        let statement = "UPDATE client_secrets SET last_used_at = ?2 WHERE id = ?1";
        self.writer.touch(statement, id.as_str(), at);
        Ok(())
    }

    async fn sealed_embed_secret(&self, id: &ClientId) -> Result<Option<Vec<u8>>> {
        self.read(|connection| {
            one(
                connection,
                "SELECT embed_secret FROM clients WHERE id = ?1",
                [id.as_str()],
                |row| row.get(0),
            )
        })
    }

    async fn update(&self, client: &Client, entry: AuditEntry) -> Result<bool> {
        let client = client.clone();
        self.write(move |connection| {
            let changed = execute(
                connection,
                "UPDATE clients SET name = ?2, description = ?3, redirect_uris = ?4,
                   permissions = ?5, require_pkce = ?6, require_signed_customer_ref = ?7,
                   embed_origins = ?8, updated_at = ?9
                 WHERE id = ?1 AND status = 'active'",
                (
                    client.id.as_str(),
                    &client.name,
                    &client.description,
                    to_list(&client.allowed_redirect_uris),
                    client.default_permissions.bits(),
                    client.require_pkce,
                    client.require_signed_customer_ref,
                    to_list(&client.allowed_embed_origins),
                    client.updated_at.as_millis(),
                ),
            )?;
            if changed == 0 {
                return Ok(false);
            }
            for statement in [
                "DELETE FROM codes WHERE client_id = ?1 AND NOT is_spent
                   AND registered_uri NOT IN (SELECT value FROM json_each(?2))",
                "DELETE FROM requests WHERE client_id = ?1
                   AND registered_uri NOT IN (SELECT value FROM json_each(?2))",
            ] {
                let allowed = to_list(&client.allowed_redirect_uris);
                execute(connection, statement, (client.id.as_str(), allowed))?;
            }
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
            let live: i64 = connection
                .query_row(
                    "SELECT count(*) FROM client_secrets WHERE client_id = ?1",
                    [id.as_str()],
                    |row| row.get(0),
                )
                .map_err(|error| failed(&error))?;
            if live >= MAX_SECRETS || !is_live(connection, &id)? {
                return Ok(false);
            }
            insert_secret(connection, &id, &secret, &hash)?;
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
            let deleted = execute(
                connection,
                "DELETE FROM client_secrets WHERE id = ?2 AND client_id = ?1
                   AND EXISTS (SELECT 1 FROM clients WHERE id = ?1 AND status = 'active')",
                (id.as_str(), secret.as_str()),
            )?;
            if deleted == 1 {
                audit(connection, &entry)?;
            }
            Ok(deleted == 1)
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
