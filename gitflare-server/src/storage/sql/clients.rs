//! Clients and the hashes of their secrets.

use gitflare_core::{
    ClientId, CredentialHash, Scopes, SecretId, TenantId, Timestamp, UserId,
    storage::{AppProfile, Client, ClientFilter, ClientSecret, ClientStatus, ListRange, NewClient},
};

use super::{
    Columns, Conditions, Statement, flag, hash, id, list as list_of, maybe_bytes, maybe_id,
    maybe_text, maybe_time, number, page, parsed, saturated, text, time, to_list, values,
};

const SELECT: &str = "SELECT id, tenant_id, owner_user_id, name, description, redirect_uris,
    permissions, require_pkce, require_signed_customer_ref, embed_origins, status, created_at,
    updated_at, public_id FROM clients";

/// How many secrets a client can have at a time: one in use, one being rolled out.
pub(in crate::storage) const MAX_SECRETS: usize = 2;

/// A client without its secrets.
pub(in crate::storage) fn bare<R: Columns>(row: &R) -> Result<Client, R::Error> {
    Ok(Client {
        id: id!(row, 0, ClientId)?,
        tenant_id: id!(row, 1, TenantId)?,
        owner_user_id: maybe_id!(row, 2, UserId)?,
        name: text(row, 3)?,
        description: maybe_text(row, 4)?,
        public_id: maybe_text(row, 13)?,
        allowed_redirect_uris: list_of(row, 5)?,
        default_permissions: Scopes::from_bits(number(row, 6)?),
        require_pkce: flag(row, 7)?,
        require_signed_customer_ref: flag(row, 8)?,
        allowed_embed_origins: list_of(row, 9)?,
        secrets: Vec::new(),
        status: parsed(row, 10, ClientStatus::parse)?,
        created_at: time(row, 11)?,
        updated_at: time(row, 12)?,
    })
}

pub(in crate::storage) fn secret<R: Columns>(row: &R) -> Result<ClientSecret, R::Error> {
    Ok(ClientSecret {
        id: id!(row, 0, SecretId)?,
        created_at: time(row, 1)?,
        last_used_at: maybe_time(row, 2)?,
    })
}

pub(in crate::storage) fn secret_hash<R: Columns>(
    row: &R,
) -> Result<(SecretId, CredentialHash), R::Error> {
    Ok((id!(row, 0, SecretId)?, hash(row, 1)?))
}

/// How many live clients a tenant has.
pub(in crate::storage) fn count_live(tenant: &TenantId) -> Statement<'_> {
    Statement::new(
        "SELECT count(*) FROM clients WHERE tenant_id = ?1 AND status = 'active'",
        values![tenant.as_str()],
    )
}

pub(in crate::storage) fn insert(new: &NewClient) -> Statement<'_> {
    let client = &new.client;
    Statement::new(
        "INSERT INTO clients (id, tenant_id, owner_user_id, name, description,
           redirect_uris, permissions, require_pkce, require_signed_customer_ref,
           embed_origins, embed_secret, status, created_at, updated_at, public_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        values![
            client.id.as_str(),
            client.tenant_id.as_str(),
            client.owner_user_id.as_ref().map(UserId::as_str),
            &client.name,
            &client.description,
            to_list(&client.allowed_redirect_uris),
            client.default_permissions,
            client.require_pkce,
            client.require_signed_customer_ref,
            to_list(&client.allowed_embed_origins),
            &new.sealed_embed_secret,
            client.status.as_str(),
            client.created_at,
            client.updated_at,
            &client.public_id,
        ],
    )
}

/// Stores a public client or what it says of itself now, unless it was deleted.
pub(in crate::storage) fn register(new: &NewClient) -> Statement<'_> {
    let mut statement = insert(new);
    statement.text.to_mut().push_str(
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name,
           redirect_uris = excluded.redirect_uris, permissions = excluded.permissions,
           updated_at = excluded.updated_at
         WHERE clients.status = 'active' AND clients.public_id = excluded.public_id",
    );
    statement
}

pub(in crate::storage) fn unused(
    before: Timestamp,
    now: Timestamp,
    limit: usize,
) -> Statement<'static> {
    Statement::new(
        format!(
            "{SELECT} c WHERE public_id IS NOT NULL AND updated_at < ?1 AND NOT EXISTS (
               SELECT 1 FROM refresh_families f WHERE f.client_id = c.id AND f.expires_at > ?2)
             ORDER BY updated_at LIMIT ?3"
        ),
        values![before, now, limit],
    )
}

/// Deletes a public client that nothing refers to.
pub(in crate::storage) fn forget(id: &ClientId) -> Statement<'_> {
    /// What can refer to a client. A subscription stands on an authorization.
    const HOLDERS: [&str; 6] = [
        "customers",
        "sessions",
        "authorizations",
        "codes",
        "refresh_families",
        "requests",
    ];
    let held = HOLDERS.map(|table| format!("SELECT 1 FROM {table} WHERE client_id = ?1"));
    let held = held.join(" UNION ALL ");
    Statement::new(
        format!(
            "DELETE FROM clients WHERE id = ?1 AND public_id IS NOT NULL AND NOT EXISTS ({held}
               UNION ALL SELECT 1 FROM tokens WHERE client_number = clients.number)"
        ),
        values![id.as_str()],
    )
}

/// Notes that a public client was looked at.
pub(in crate::storage) fn postpone(id: &ClientId, at: Timestamp) -> Statement<'_> {
    Statement::new(
        "UPDATE clients SET updated_at = ?2 WHERE id = ?1 AND public_id IS NOT NULL",
        values![id.as_str(), at],
    )
}

pub(in crate::storage) fn insert_secret<'a>(
    client: &'a ClientId,
    secret: &'a ClientSecret,
    hash: &'a CredentialHash,
) -> Statement<'a> {
    Statement::new(
        "INSERT INTO client_secrets (id, client_id, hash, created_at) VALUES (?1, ?2, ?3, ?4)",
        values![secret.id.as_str(), client.as_str(), hash, secret.created_at,],
    )
}

pub(in crate::storage) fn find(id: &ClientId) -> Statement<'_> {
    Statement::new(format!("{SELECT} WHERE id = ?1"), values![id.as_str()])
}

pub(in crate::storage) fn list(filter: &ClientFilter, range: ListRange<'_>) -> Statement<'static> {
    let mut conditions = Conditions::new("status = 'active'");
    conditions.equal("tenant_id", filter.tenant.as_ref().map(TenantId::as_str));
    conditions.equal(
        "owner_user_id",
        filter.owner_user.as_ref().map(UserId::as_str),
    );
    page(SELECT, conditions, "id", range)
}

pub(in crate::storage) fn ids_of_person(user: &UserId, limit: usize) -> Statement<'_> {
    Statement::new(
        "SELECT c.id FROM memberships m
           JOIN clients c ON c.tenant_id = m.tenant_id AND c.status = 'active'
         WHERE m.user_id = ?1 ORDER BY m.tenant_id, c.id LIMIT ?2",
        values![user.as_str(), saturated(limit as u64)],
    )
}

/// Finds a client that lives.
#[cfg(feature = "sqlite")]
pub(in crate::storage) fn is_live(id: &ClientId) -> Statement<'_> {
    Statement::new(
        "SELECT id FROM clients WHERE id = ?1 AND status = 'active'",
        values![id.as_str()],
    )
}

pub(in crate::storage) fn secrets(id: &ClientId) -> Statement<'_> {
    Statement::new(
        "SELECT id, created_at, last_used_at FROM client_secrets WHERE client_id = ?1 ORDER BY id",
        values![id.as_str()],
    )
}

pub(in crate::storage) fn secret_hashes(id: &ClientId) -> Statement<'_> {
    Statement::new(
        "SELECT s.id, s.hash FROM client_secrets s JOIN clients c ON c.id = s.client_id
         WHERE s.client_id = ?1 AND c.status = 'active' ORDER BY s.id",
        values![id.as_str()],
    )
}

pub(in crate::storage) fn find_profile(id: &ClientId) -> Statement<'_> {
    Statement::new(
        "SELECT about, logo FROM client_profiles WHERE client_id = ?1",
        values![id.as_str()],
    )
}

pub(in crate::storage) fn profile<R: Columns>(row: &R) -> Result<AppProfile, R::Error> {
    let about: AppProfile = parsed(row, 0, |text| serde_json::from_str(text).ok())?;
    Ok(AppProfile {
        logo: maybe_bytes(row, 1)?,
        ..about
    })
}

pub(in crate::storage) fn set_profile<'a>(
    id: &'a ClientId,
    profile: &'a AppProfile,
) -> Statement<'a> {
    // Texts by text: there is nothing in it that cannot be written.
    let about = serde_json::to_string(profile).unwrap_or_default();
    Statement::new(
        "INSERT INTO client_profiles (client_id, about, logo) VALUES (?1, ?2, ?3)
         ON CONFLICT (client_id) DO UPDATE SET about = excluded.about, logo = excluded.logo",
        values![id.as_str(), about, &profile.logo],
    )
}

pub(in crate::storage) fn delete_profile(id: &ClientId) -> Statement<'_> {
    Statement::new(
        "DELETE FROM client_profiles WHERE client_id = ?1",
        values![id.as_str()],
    )
}

pub(in crate::storage) fn sealed_embed_secret(id: &ClientId) -> Statement<'_> {
    Statement::new(
        "SELECT embed_secret FROM clients WHERE id = ?1",
        values![id.as_str()],
    )
}

pub(in crate::storage) fn update(client: &Client) -> Statement<'_> {
    Statement::new(
        "UPDATE clients SET name = ?2, description = ?3, redirect_uris = ?4,
           permissions = ?5, require_pkce = ?6, require_signed_customer_ref = ?7,
           embed_origins = ?8, updated_at = ?9
         WHERE id = ?1 AND status = 'active'",
        values![
            client.id.as_str(),
            &client.name,
            &client.description,
            to_list(&client.allowed_redirect_uris),
            client.default_permissions,
            client.require_pkce,
            client.require_signed_customer_ref,
            to_list(&client.allowed_embed_origins),
            client.updated_at,
        ],
    )
}

pub(in crate::storage) fn delete_secret<'a>(
    id: &'a ClientId,
    secret: &'a SecretId,
) -> Statement<'a> {
    Statement::new(
        "DELETE FROM client_secrets WHERE id = ?2 AND client_id = ?1
           AND EXISTS (SELECT 1 FROM clients WHERE id = ?1 AND status = 'active')",
        values![id.as_str(), secret.as_str()],
    )
}

/// Ends a client that lives. What stands on it ends by the client's status, wherever it is read, and
/// is purged when its time is over.
pub(in crate::storage) fn end(id: &ClientId, at: Timestamp) -> Statement<'_> {
    Statement::new(
        "UPDATE clients SET status = 'deleted', updated_at = ?2
         WHERE id = ?1 AND status = 'active'",
        values![id.as_str(), at],
    )
}

pub(in crate::storage) fn delete_secrets(id: &ClientId) -> Statement<'_> {
    Statement::new(
        "DELETE FROM client_secrets WHERE client_id = ?1",
        values![id.as_str()],
    )
}
