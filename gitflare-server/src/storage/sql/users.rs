//! People who sign in and their memberships.

use gitflare_core::{
    TenantId, UserId,
    storage::{Membership, PasswordHash, Role, User},
};

use super::{Columns, Statement, id, maybe_text, parsed, tenants::tenant, text, time, values};

pub(in crate::storage) fn user<R: Columns>(row: &R) -> Result<User, R::Error> {
    Ok(User {
        id: id!(row, 0, UserId)?,
        email: text(row, 1)?,
        name: maybe_text(row, 2)?,
        created_at: time(row, 3)?,
    })
}

pub(in crate::storage) fn user_and_password<R: Columns>(
    row: &R,
) -> Result<(User, PasswordHash), R::Error> {
    Ok((user(row)?, PasswordHash::new(text(row, 4)?)))
}

pub(in crate::storage) fn membership<R: Columns>(row: &R) -> Result<Membership, R::Error> {
    Ok(Membership {
        tenant: tenant(row, 0)?,
        role: parsed(row, 4, Role::parse)?,
    })
}

/// Stores a person, unless the address is taken.
pub(in crate::storage) fn insert<'a>(user: &'a User, password: &'a PasswordHash) -> Statement<'a> {
    Statement::new(
        "INSERT INTO users (id, email, name, password, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (email) DO NOTHING",
        values![
            user.id.as_str(),
            &user.email,
            &user.name,
            password.as_str(),
            user.created_at,
        ],
    )
}

pub(in crate::storage) fn insert_membership<'a>(
    user: &'a UserId,
    tenant: &'a TenantId,
    role: Role,
) -> Statement<'a> {
    Statement::new(
        "INSERT INTO memberships (user_id, tenant_id, role)
         SELECT u.id, t.id, ?3 FROM users u, tenants t WHERE u.id = ?1 AND t.id = ?2
         ON CONFLICT DO NOTHING",
        values![user.as_str(), tenant.as_str(), role.as_str()],
    )
}

pub(in crate::storage) fn find(id: &UserId) -> Statement<'_> {
    Statement::new(
        "SELECT id, email, name, created_at FROM users WHERE id = ?1",
        values![id.as_str()],
    )
}

pub(in crate::storage) fn find_by_email(email: &str) -> Statement<'_> {
    Statement::new(
        "SELECT id, email, name, created_at, password FROM users WHERE email = ?1",
        values![email],
    )
}

/// Everybody, by address.
#[cfg(feature = "server")]
pub(in crate::storage) fn list() -> Statement<'static> {
    Statement::new(
        "SELECT id, email, name, created_at, password FROM users ORDER BY email",
        values![],
    )
}

pub(in crate::storage) fn any() -> Statement<'static> {
    Statement::new("SELECT id FROM users LIMIT 1", values![])
}

pub(in crate::storage) fn memberships(id: &UserId) -> Statement<'_> {
    Statement::new(
        "SELECT t.id, t.name, t.kind, t.created_at, m.role FROM memberships m
         JOIN tenants t ON t.id = m.tenant_id WHERE m.user_id = ?1 ORDER BY m.tenant_id",
        values![id.as_str()],
    )
}

pub(in crate::storage) fn set_password<'a>(
    id: &'a UserId,
    password: &'a PasswordHash,
) -> Statement<'a> {
    Statement::new(
        "UPDATE users SET password = ?2 WHERE id = ?1",
        values![id.as_str(), password.as_str()],
    )
}

pub(in crate::storage) fn rehash_password<'a>(
    id: &'a UserId,
    old: &'a PasswordHash,
    new: &'a PasswordHash,
) -> Statement<'a> {
    Statement::new(
        "UPDATE users SET password = ?3 WHERE id = ?1 AND password = ?2",
        values![id.as_str(), old.as_str(), new.as_str()],
    )
}

pub(in crate::storage) fn end_sessions(id: &UserId) -> Statement<'_> {
    Statement::new(
        "DELETE FROM sessions WHERE user_id = ?1",
        values![id.as_str()],
    )
}

/// Sessions and memberships go with the row.
pub(in crate::storage) fn delete(id: &UserId) -> Statement<'_> {
    Statement::new("DELETE FROM users WHERE id = ?1", values![id.as_str()])
}

/// The authorizations that stand in a person's own workspaces: those of public clients, who know the
/// person by this id. An app's customer of such a name is somebody else.
pub(in crate::storage) fn own_authorizations(id: &UserId) -> Statement<'_> {
    Statement::new(
        "SELECT a.id FROM customers c
         JOIN clients l ON l.id = c.client_id AND l.public_id IS NOT NULL
         JOIN authorizations a ON a.client_id = c.client_id AND a.tenant_id = c.tenant_id
         WHERE c.customer_ref = ?1 AND a.status <> 'revoked' ORDER BY a.id",
        values![id.as_str()],
    )
}

pub(in crate::storage) fn owned_clients(id: &UserId) -> Statement<'_> {
    Statement::new(
        "SELECT id FROM clients WHERE owner_user_id = ?1",
        values![id.as_str()],
    )
}
