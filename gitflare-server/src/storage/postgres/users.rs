//! People in PostgreSQL.

use async_trait::async_trait;
use gitflare_core::{
    AuthorizationId, ClientId, Result, TenantId, Timestamp, UserId,
    storage::{AuditEntry, Membership, NewUser, PasswordHash, Role, User, UserStore},
};

use super::{
    PostgresStorage, authorizations, clients,
    session::{Failure, Session, transaction},
};
use crate::storage::sql::{id, tenants, users};

/// Ends what a person has let public clients read.
pub(super) async fn end_own_workspaces(
    transaction: &Session,
    id: &UserId,
    at: Timestamp,
) -> Result<(), Failure> {
    let own = users::own_authorizations(id);
    let own = transaction.all(own, |row| id!(row, 0, AuthorizationId));
    for authorization in own.await? {
        authorizations::revoke(transaction, &authorization, at).await?;
    }
    Ok(())
}

#[async_trait]
impl UserStore for PostgresStorage {
    async fn insert(&self, new: NewUser, entry: AuditEntry) -> Result<bool> {
        let NewUser {
            user,
            password,
            tenant,
        } = &new;
        transaction!(self.database, |transaction| {
            if transaction.run(users::insert(user, password)).await? == 0 {
                return Ok(false);
            }
            transaction.run(tenants::insert(tenant)).await?;
            let owner = users::insert_membership(&user.id, &tenant.id, Role::Owner);
            transaction.run(owner).await?;
            transaction.audit(&entry).await?;
            Ok(true)
        })
    }

    async fn find(&self, id: &UserId) -> Result<Option<User>> {
        self.one(users::find(id), users::user).await
    }

    async fn find_by_email(&self, email: &str) -> Result<Option<(User, PasswordHash)>> {
        self.one(users::find_by_email(email), users::user_and_password)
            .await
    }

    async fn is_empty(&self) -> Result<bool> {
        Ok(!self.finds(users::any()).await?)
    }

    async fn memberships(&self, id: &UserId) -> Result<Vec<Membership>> {
        self.all(users::memberships(id), users::membership).await
    }

    async fn insert_membership(
        &self,
        id: &UserId,
        tenant: &TenantId,
        role: Role,
        entry: AuditEntry,
    ) -> Result<bool> {
        transaction!(self.database, |transaction| {
            let inserted = transaction.run(users::insert_membership(id, tenant, role));
            let inserted = inserted.await? == 1;
            if inserted {
                transaction.audit(&entry).await?;
            }
            Ok(inserted)
        })
    }

    async fn set_password(
        &self,
        id: &UserId,
        password: PasswordHash,
        entry: AuditEntry,
    ) -> Result<bool> {
        transaction!(self.database, |transaction| {
            if transaction.run(users::set_password(id, &password)).await? == 0 {
                return Ok(false);
            }
            transaction.run(users::end_sessions(id)).await?;
            end_own_workspaces(transaction, id, entry.at).await?;
            transaction.audit(&entry).await?;
            Ok(true)
        })
    }

    async fn rehash_password(
        &self,
        id: &UserId,
        old: &PasswordHash,
        new: PasswordHash,
    ) -> Result<()> {
        let replaced = self.run(users::rehash_password(id, old, &new)).await;
        replaced.map(|_| ())
    }

    async fn own_authorizations(&self, id: &UserId) -> Result<Vec<AuthorizationId>> {
        let rows = self.database.read(&users::own_authorizations(id)).await?;
        let own = rows.iter().map(|row| id!(row, 0, AuthorizationId));
        Ok(own.collect::<std::result::Result<_, _>>()?)
    }

    async fn delete(&self, id: &UserId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        transaction!(self.database, |transaction| {
            if !transaction.finds(users::find(id)).await? {
                return Ok(false);
            }
            transaction.run(tenants::abandon_own(id, at)).await?;
            if transaction.run(users::delete(id)).await? == 0 {
                return Ok(false);
            }
            let owned = users::owned_clients(id);
            let owned = transaction.all(owned, |row| id!(row, 0, ClientId)).await?;
            for client in &owned {
                clients::end(transaction, client, at).await?;
            }
            end_own_workspaces(transaction, id, at).await?;
            transaction.audit(&entry).await?;
            Ok(true)
        })
    }
}
