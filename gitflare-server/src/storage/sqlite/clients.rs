//! Clients in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    ClientId, CredentialHash, Result, Scopes, SecretId, TenantId, Timestamp, UserId,
    storage::{
        AuditEntry, Client, ClientFilter, ClientSecret, ClientStatus, ClientStore, ListRange,
        NewClient,
    },
};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    SqliteStorage,
    authorizations::{Ended, end},
    failed,
    rows::{after, audit, execute, id, limit, list, maybe_id, maybe_time, parsed, time, to_list},
};

const COLUMNS: &str = "id, tenant_id, owner_user_id, name, description, redirect_uris, permissions,
    require_pkce, require_signed_customer_ref, embed_origins, status, created_at, updated_at";

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
    connection
        .prepare_cached("SELECT 1 FROM clients WHERE id = ?1 AND status = 'active'")
        .and_then(|mut statement| statement.exists([id.as_str()]))
        .map_err(|error| failed(&error))
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
        self.read(|connection| {
            connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM clients WHERE id = ?1"))?
                .query_row([id.as_str()], bare)
                .optional()?
                .map(|client| with_secrets(connection, client))
                .transpose()
        })
    }

    async fn list(&self, filter: &ClientFilter, range: ListRange<'_>) -> Result<Vec<Client>> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM clients WHERE id > ?1 AND status = 'active'
                     AND (?2 IS NULL OR tenant_id = ?2) AND (?3 IS NULL OR owner_user_id = ?3)
                     ORDER BY id LIMIT ?4"
                ))?
                .query_map(
                    (
                        after(&range),
                        filter.tenant.as_ref().map(TenantId::as_str),
                        filter.owner_user.as_ref().map(UserId::as_str),
                        limit(&range),
                    ),
                    bare,
                )?
                .map(|client| with_secrets(connection, client?))
                .collect()
        })
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
            connection
                .prepare_cached("SELECT embed_secret FROM clients WHERE id = ?1")?
                .query_row([id.as_str()], |row| row.get(0))
                .optional()
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
            if changed == 1 {
                audit(connection, &entry)?;
            }
            Ok(changed == 1)
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
                "DELETE FROM client_secrets WHERE id = ?2 AND client_id = ?1",
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
            let deleted = execute(
                connection,
                "UPDATE clients SET status = 'deleted', updated_at = ?2
                 WHERE id = ?1 AND status = 'active'",
                (id.as_str(), at.as_millis()),
            )?;
            if deleted == 0 {
                return Ok(false);
            }
            execute(
                connection,
                "DELETE FROM client_secrets WHERE client_id = ?1",
                [id.as_str()],
            )?;
            end(connection, Ended::Client(&id), at)?;
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }
}
