//! People in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    ClientId, Result, TenantId, Timestamp, UserId,
    storage::{AuditEntry, Membership, NewUser, PasswordHash, Role, User, UserStore},
};
use rusqlite::{Connection, Row};

use super::{
    SqliteStorage, clients, failed,
    rows::{audit, execute, exists, id, one, parsed, time},
    tenants,
};

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: id!(row, 0, UserId)?,
        email: row.get(1)?,
        name: row.get(2)?,
        created_at: time(row, 3)?,
    })
}

fn insert_membership(
    connection: &Connection,
    user: &UserId,
    tenant: &TenantId,
    role: Role,
) -> Result<usize> {
    execute(
        connection,
        "INSERT INTO memberships (user_id, tenant_id, role)
         SELECT u.id, t.id, ?3 FROM users u, tenants t WHERE u.id = ?1 AND t.id = ?2
         ON CONFLICT DO NOTHING",
        (user.as_str(), tenant.as_str(), role.as_str()),
    )
}

fn owned_clients(connection: &Connection, user: &UserId) -> rusqlite::Result<Vec<ClientId>> {
    connection
        .prepare_cached("SELECT id FROM clients WHERE owner_user_id = ?1")?
        .query_map([user.as_str()], |row| id!(row, 0, ClientId))?
        .collect()
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
            let taken = "SELECT 1 FROM users WHERE email = ?1";
            if exists(connection, taken, [&user.email])? {
                return Ok(false);
            }
            execute(
                connection,
                "INSERT INTO users (id, email, name, password, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                (
                    user.id.as_str(),
                    &user.email,
                    &user.name,
                    password.as_str(),
                    user.created_at.as_millis(),
                ),
            )?;
            tenants::insert(connection, tenant)?;
            insert_membership(connection, &user.id, &tenant.id, Role::Owner)?;
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn find(&self, id: &UserId) -> Result<Option<User>> {
        self.read(|connection| {
            one(
                connection,
                "SELECT id, email, name, created_at FROM users WHERE id = ?1",
                [id.as_str()],
                user,
            )
        })
    }

    async fn find_by_email(&self, email: &str) -> Result<Option<(User, PasswordHash)>> {
        self.read(|connection| {
            one(
                connection,
                "SELECT id, email, name, created_at, password FROM users WHERE email = ?1",
                [email],
                |row| Ok((user(row)?, PasswordHash::new(row.get::<_, String>(4)?))),
            )
        })
    }

    async fn is_empty(&self) -> Result<bool> {
        self.read(|connection| {
            connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM users)", [], |row| {
                row.get(0)
            })
        })
    }

    async fn memberships(&self, id: &UserId) -> Result<Vec<Membership>> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT t.id, t.name, t.kind, t.created_at, m.role FROM memberships m
                     JOIN tenants t ON t.id = m.tenant_id WHERE m.user_id = ?1 ORDER BY m.tenant_id",
                )?
                .query_map([id.as_str()], |row| {
                    Ok(Membership {
                        tenant: tenants::tenant(row, 0)?,
                        role: parsed(row, 4, Role::parse)?,
                    })
                })?
                .collect()
        })
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
            let inserted = insert_membership(connection, &id, &tenant, role)?;
            if inserted == 1 {
                audit(connection, &entry)?;
            }
            Ok(inserted == 1)
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
            let changed = execute(
                connection,
                "UPDATE users SET password = ?2 WHERE id = ?1",
                (id.as_str(), password.as_str()),
            )?;
            if changed == 0 {
                return Ok(false);
            }
            execute(
                connection,
                "DELETE FROM sessions WHERE user_id = ?1",
                [id.as_str()],
            )?;
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
            execute(
                connection,
                "UPDATE users SET password = ?3 WHERE id = ?1 AND password = ?2",
                (id.as_str(), old.as_str(), new.as_str()),
            )?;
            Ok(())
        })
        .await
    }

    async fn delete(&self, id: &UserId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            // Sessions and memberships go with the row.
            let deleted = execute(connection, "DELETE FROM users WHERE id = ?1", [id.as_str()])?;
            if deleted == 0 {
                return Ok(false);
            }
            for client in owned_clients(connection, &id).map_err(|error| failed(&error))? {
                clients::end(connection, &client, at)?;
            }
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }
}
