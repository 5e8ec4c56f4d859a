//! People in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    AuthorizationId, ClientId, Result, TenantId, Timestamp, UserId,
    storage::{AuditEntry, Membership, NewUser, PasswordHash, Role, User, UserStore},
};
use rusqlite::Connection;

use super::{
    SqliteStorage, authorizations, clients, failed,
    rows::{audit, every, exists, run},
};
use crate::storage::sql::{id, tenants, users};

/// Ends what a person has let public clients read.
pub(super) fn end_own_workspaces(
    connection: &Connection,
    id: &UserId,
    at: Timestamp,
) -> Result<()> {
    let own = every(connection, &users::own_authorizations(id), |row| {
        id!(row, 0, AuthorizationId)
    });
    for authorization in own.map_err(|error| failed(&error))? {
        authorizations::revoke(connection, &authorization, at)?;
    }
    Ok(())
}

#[async_trait]
impl UserStore for SqliteStorage {
    async fn insert(&self, new: NewUser, entry: AuditEntry) -> Result<bool> {
        self.write(move |connection| {
            let NewUser {
                user,
                password,
                tenant,
            } = &new;
            if run(connection, &users::insert(user, password))? == 0 {
                return Ok(false);
            }
            run(connection, &tenants::insert(tenant))?;
            let owner = users::insert_membership(&user.id, &tenant.id, Role::Owner);
            run(connection, &owner)?;
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn find(&self, id: &UserId) -> Result<Option<User>> {
        self.one(users::find(id), |row| users::user(row))
    }

    async fn find_by_email(&self, email: &str) -> Result<Option<(User, PasswordHash)>> {
        self.one(users::find_by_email(email), |row| {
            users::user_and_password(row)
        })
    }

    async fn is_empty(&self) -> Result<bool> {
        Ok(!self.finds(users::any())?)
    }

    async fn memberships(&self, id: &UserId) -> Result<Vec<Membership>> {
        self.all(users::memberships(id), |row| users::membership(row))
    }

    async fn insert_membership(
        &self,
        id: &UserId,
        tenant: &TenantId,
        role: Role,
        entry: AuditEntry,
    ) -> Result<bool> {
        let (id, tenant) = (id.clone(), tenant.clone());
        self.write(move |connection| {
            let inserted = users::insert_membership(&id, &tenant, role);
            let inserted = run(connection, &inserted)? == 1;
            if inserted {
                audit(connection, &entry)?;
            }
            Ok(inserted)
        })
        .await
    }

    async fn set_password(
        &self,
        id: &UserId,
        password: PasswordHash,
        entry: AuditEntry,
    ) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            if run(connection, &users::set_password(&id, &password))? == 0 {
                return Ok(false);
            }
            run(connection, &users::end_sessions(&id))?;
            end_own_workspaces(connection, &id, entry.at)?;
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn rehash_password(
        &self,
        id: &UserId,
        old: &PasswordHash,
        new: PasswordHash,
    ) -> Result<()> {
        let (id, old) = (id.clone(), old.clone());
        self.write(move |connection| {
            run(connection, &users::rehash_password(&id, &old, &new)).map(|_| ())
        })
        .await
    }

    async fn own_authorizations(&self, id: &UserId) -> Result<Vec<AuthorizationId>> {
        self.read(|connection| {
            every(connection, &users::own_authorizations(id), |row| {
                id!(row, 0, AuthorizationId)
            })
        })
    }

    async fn delete(&self, id: &UserId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            if !exists(connection, &users::find(&id))? {
                return Ok(false);
            }
            run(connection, &tenants::abandon_own(&id, at))?;
            run(connection, &users::delete(&id))?;
            let owned = users::owned_clients(&id);
            let owned = every(connection, &owned, |row| id!(row, 0, ClientId));
            for client in owned.map_err(|error| failed(&error))? {
                clients::end(connection, &client, at)?;
            }
            end_own_workspaces(connection, &id, at)?;
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }
}
