//! Authorizations, grants and approvals in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    AuthorizationId, ClientId, ConnectionId, Error, GrantId, Result, Scopes, TenantId, Timestamp,
    storage::{
        ApprovedRepository, AuditEntry, Authorization, AuthorizationStatus, AuthorizationStore,
        Grant, GrantFilter, GrantStatus, ListRange, Repositories, Sharing,
    },
};
use rusqlite::{Connection, Row};

use super::{
    SqliteStorage, failed,
    rows::{
        Conditions, Page, audit, execute, exists, id, maybe_time, one, parsed, saturated, time,
    },
    subscriptions::{self, Ending},
};

/// Whether the row's client lives. With it ends all that stands on it, without being rewritten.
const CLIENT_LIVES: &str =
    "EXISTS (SELECT 1 FROM clients l WHERE l.id = client_id AND l.status = 'active')";
const AUTHORIZATION: &str = "id, tenant_id, client_id,
    CASE WHEN EXISTS (SELECT 1 FROM clients l WHERE l.id = client_id AND l.status = 'deleted')
      THEN 'revoked' ELSE status END, permissions, created_at";
const GRANT: &str = "id, authorization_id, tenant_id, client_id, connection_id, permissions,
    approves_all, CASE WHEN status = 'active' AND EXISTS (
      SELECT 1 FROM clients l WHERE l.id = client_id AND l.status = 'deleted')
      THEN 'revoked' ELSE status END, created_at,
    coalesce(revoked_at, (SELECT l.updated_at FROM clients l
      WHERE l.id = client_id AND l.status = 'deleted')), expires_at";

fn authorization(row: &Row<'_>) -> rusqlite::Result<Authorization> {
    Ok(Authorization {
        id: id!(row, 0, AuthorizationId)?,
        tenant_id: id!(row, 1, TenantId)?,
        client_id: id!(row, 2, ClientId)?,
        status: parsed(row, 3, AuthorizationStatus::parse)?,
        permissions: Scopes::from_bits(row.get(4)?),
        created_at: time(row, 5)?,
    })
}

/// A grant; the repositories of one that does not approve all are read by [`with_repositories`].
fn bare(row: &Row<'_>) -> rusqlite::Result<Grant> {
    Ok(Grant {
        id: id!(row, 0, GrantId)?,
        authorization_id: id!(row, 1, AuthorizationId)?,
        tenant_id: id!(row, 2, TenantId)?,
        client_id: id!(row, 3, ClientId)?,
        connection_id: id!(row, 4, ConnectionId)?,
        permissions: Scopes::from_bits(row.get(5)?),
        repositories: match row.get(6)? {
            true => Repositories::All,
            false => Repositories::Listed(Vec::new()),
        },
        status: parsed(row, 7, GrantStatus::parse)?,
        created_at: time(row, 8)?,
        revoked_at: maybe_time(row, 9)?,
        expires_at: maybe_time(row, 10)?,
    })
}

fn with_repositories(connection: &Connection, mut grant: Grant) -> rusqlite::Result<Grant> {
    if let Repositories::Listed(list) = &mut grant.repositories {
        *list = connection
            .prepare_cached(
                "SELECT repository_id, full_name, node_id FROM approvals
                 WHERE grant_id = ?1 ORDER BY position",
            )?
            .query_map([grant.id.as_str()], |row| {
                Ok(ApprovedRepository {
                    id: row.get(0)?,
                    full_name: row.get(1)?,
                    node_id: row.get(2)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
    }
    Ok(grant)
}

fn insert(connection: &Connection, row: &Authorization) -> Result<()> {
    execute(
        connection,
        "INSERT INTO authorizations (id, tenant_id, client_id, status, permissions, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            row.id.as_str(),
            row.tenant_id.as_str(),
            row.client_id.as_str(),
            row.status.as_str(),
            row.permissions.bits(),
            row.created_at.as_millis(),
        ),
    )?;
    Ok(())
}

fn live(connection: &Connection, like: &Authorization) -> Result<Option<Authorization>> {
    one(
        connection,
        &format!(
            "SELECT {AUTHORIZATION} FROM authorizations
             WHERE client_id = ?1 AND tenant_id = ?2 AND status <> 'revoked' AND {CLIENT_LIVES}"
        ),
        (like.client_id.as_str(), like.tenant_id.as_str()),
        authorization,
    )
    .map_err(|error| failed(&error))
}

/// Refuses a grant that has nothing to stand on.
fn check_footing(connection: &Connection, grant: &Grant) -> Result<()> {
    let client = "SELECT 1 FROM clients WHERE id = ?1 AND status = 'active'";
    if !exists(connection, client, [grant.client_id.as_str()])? {
        return Err(Error::invalid_request("`clientId` names no client."));
    }
    let linked = "SELECT 1 FROM connections WHERE id = ?1 AND tenant_id = ?2
                  AND status <> 'revoked'";
    let key = (grant.connection_id.as_str(), grant.tenant_id.as_str());
    if !exists(connection, linked, key)? {
        return Err(Error::invalid_request(
            "`connectionId` names no active connection of the tenant.",
        ));
    }
    Ok(())
}

/// Refuses a grant that has nothing to stand on, or stands there already.
fn check(connection: &Connection, grant: &Grant) -> Result<()> {
    check_footing(connection, grant)?;
    let duplicate = "SELECT 1 FROM grants WHERE authorization_id = ?1 AND connection_id = ?2
                     AND status = 'active' AND (expires_at IS NULL OR expires_at > ?3)";
    let key = (
        grant.authorization_id.as_str(),
        grant.connection_id.as_str(),
        grant.created_at.as_millis(),
    );
    if exists(connection, duplicate, key)? {
        return Err(Error::invalid_request(
            "`connectionId` has an active grant for this client already.",
        ));
    }
    Ok(())
}

fn insert_grant_row(connection: &Connection, grant: &Grant) -> Result<()> {
    execute(
        connection,
        "INSERT INTO grants (id, authorization_id, tenant_id, client_id, connection_id,
           permissions, approves_all, status, created_at, revoked_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        (
            grant.id.as_str(),
            grant.authorization_id.as_str(),
            grant.tenant_id.as_str(),
            grant.client_id.as_str(),
            grant.connection_id.as_str(),
            grant.permissions.bits(),
            grant.repositories == Repositories::All,
            grant.status.as_str(),
            grant.created_at.as_millis(),
            grant.revoked_at.map(Timestamp::as_millis),
            grant.expires_at.map(Timestamp::as_millis),
        ),
    )?;
    insert_approvals(connection, grant)
}

fn insert_approvals(connection: &Connection, grant: &Grant) -> Result<()> {
    let Repositories::Listed(list) = &grant.repositories else {
        return Ok(());
    };
    for (position, repository) in list.iter().enumerate() {
        execute(
            connection,
            "INSERT INTO approvals (grant_id, repository_id, full_name, position, node_id)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (
                grant.id.as_str(),
                &repository.id,
                &repository.full_name,
                saturated(position as u64),
                repository.node_id.as_deref(),
            ),
        )?;
    }
    Ok(())
}

/// Shares what a customer has chosen, within a transaction.
pub(super) fn share(connection: &Connection, sharing: Sharing) -> Result<Authorization> {
    for grant in &sharing.grants {
        check_footing(connection, grant)?;
    }
    let found = live(connection, &sharing.authorization)?;
    let is_new = found.is_none();
    let mut used = found.unwrap_or(sharing.authorization);
    used.status = AuthorizationStatus::Active;
    if is_new {
        insert(connection, &used)?;
    }
    for mut grant in sharing.grants {
        grant.authorization_id = used.id.clone();
        share_one(connection, grant)?;
    }
    for linked in &sharing.dropped {
        execute(
            connection,
            "UPDATE grants SET status = 'revoked', revoked_at = ?3
             WHERE authorization_id = ?1 AND connection_id = ?2 AND status = 'active'",
            (used.id.as_str(), linked.as_str(), sharing.at.as_millis()),
        )?;
        subscriptions::end(connection, Ending::Grant(&used.id, linked), sharing.at)?;
    }
    let together: Vec<u16> = connection
        .prepare_cached(
            "SELECT permissions FROM grants WHERE authorization_id = ?1 AND status = 'active'",
        )
        .and_then(|mut statement| {
            statement
                .query_map([used.id.as_str()], |row| row.get(0))?
                .collect()
        })
        .map_err(|error| failed(&error))?;
    used.permissions = together
        .into_iter()
        .fold(Scopes::NONE, |all, bits| all.union(Scopes::from_bits(bits)));
    execute(
        connection,
        "UPDATE authorizations SET status = 'active', permissions = ?2 WHERE id = ?1",
        (used.id.as_str(), used.permissions.bits()),
    )?;
    Ok(used)
}

/// Brings the active grant of a connection up to date, or stores the first one.
fn share_one(connection: &Connection, mut grant: Grant) -> Result<()> {
    let standing = one(
        connection,
        "UPDATE grants SET permissions = ?3, approves_all = 0, expires_at = NULL
         WHERE authorization_id = ?1 AND connection_id = ?2 AND status = 'active' RETURNING id",
        (
            grant.authorization_id.as_str(),
            grant.connection_id.as_str(),
            grant.permissions.bits(),
        ),
        |row| id!(row, 0, GrantId),
    );
    match standing.map_err(|error| failed(&error))? {
        Some(id) => {
            let statement = "DELETE FROM approvals WHERE grant_id = ?1";
            execute(connection, statement, [id.as_str()])?;
            grant.id = id;
            insert_approvals(connection, &grant)
        }
        None => insert_grant_row(connection, &grant),
    }
}

#[async_trait]
impl AuthorizationStore for SqliteStorage {
    async fn insert_grant(
        &self,
        new: Authorization,
        mut grant: Grant,
        entry: AuditEntry,
    ) -> Result<(Authorization, Grant)> {
        self.write(move |connection| {
            let found = live(connection, &new)?;
            let is_new = found.is_none();
            let mut used = found.unwrap_or(new);
            grant.authorization_id = used.id.clone();
            check(connection, &grant)?;
            used.status = AuthorizationStatus::Active;
            used.permissions = used.permissions.union(grant.permissions);
            if is_new {
                insert(connection, &used)?;
            } else {
                execute(
                    connection,
                    "UPDATE authorizations SET status = 'active', permissions = ?2 WHERE id = ?1",
                    (used.id.as_str(), used.permissions.bits()),
                )?;
            }
            insert_grant_row(connection, &grant)?;
            audit(connection, &entry)?;
            Ok((used, grant))
        })
        .await
    }

    async fn find_or_insert_pending(&self, new: Authorization) -> Result<Authorization> {
        self.write(move |connection| match live(connection, &new)? {
            Some(live) => Ok(live),
            None => insert(connection, &new).map(|()| new),
        })
        .await
    }

    async fn share(&self, sharing: Sharing, entry: AuditEntry) -> Result<Authorization> {
        self.write(move |connection| {
            let used = share(connection, sharing)?;
            audit(connection, &entry)?;
            Ok(used)
        })
        .await
    }

    async fn find_live(
        &self,
        client: &ClientId,
        tenant: &TenantId,
    ) -> Result<Option<Authorization>> {
        self.read(|connection| {
            one(
                connection,
                &format!(
                    "SELECT {AUTHORIZATION} FROM authorizations
                     WHERE client_id = ?1 AND tenant_id = ?2 AND status <> 'revoked'
                       AND {CLIENT_LIVES}"
                ),
                (client.as_str(), tenant.as_str()),
                authorization,
            )
        })
    }

    async fn find(&self, id: &AuthorizationId) -> Result<Option<Authorization>> {
        let statement = format!("SELECT {AUTHORIZATION} FROM authorizations WHERE id = ?1");
        self.read(|connection| one(connection, &statement, [id.as_str()], authorization))
    }

    async fn list_live(&self, client: &ClientId, limit: usize) -> Result<Vec<Authorization>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {AUTHORIZATION} FROM authorizations
                 WHERE client_id = ?1 AND status = ?2 AND {CLIENT_LIVES} ORDER BY id LIMIT ?3"
            ))?;
            let mut live = Vec::new();
            for status in [AuthorizationStatus::Active, AuthorizationStatus::Pending] {
                let room = saturated((limit - live.len()) as u64);
                let of_status = (client.as_str(), status.as_str(), room);
                for row in statement.query_map(of_status, authorization)? {
                    live.push(row?);
                }
            }
            Ok(live)
        })
    }

    async fn list(&self, client: &ClientId, range: ListRange<'_>) -> Result<Vec<Authorization>> {
        let mut conditions = Conditions::new("1");
        conditions.equal("client_id", Some(client.as_str()));
        let select = format!("SELECT {AUTHORIZATION} FROM authorizations");
        let page = Page::new(&select, conditions, "id", range);
        self.walk(move |walk| page.read(walk.connection, authorization))
            .await
    }

    async fn find_grant(&self, id: &GrantId) -> Result<Option<Grant>> {
        let statement = format!("SELECT {GRANT} FROM grants WHERE id = ?1");
        self.read(|connection| {
            one(connection, &statement, [id.as_str()], bare)?
                .map(|grant| with_repositories(connection, grant))
                .transpose()
        })
    }

    async fn list_grants(&self, filter: &GrantFilter, range: ListRange<'_>) -> Result<Vec<Grant>> {
        let mut conditions = Conditions::new("1");
        let tenant = filter.tenant.as_ref().map(TenantId::as_str);
        let client = filter.client.as_ref().map(ClientId::as_str);
        match &filter.connection {
            None => {
                conditions.equal("tenant_id", tenant);
                conditions.equal("client_id", client);
            }
            // It has one tenant, and few grants.
            Some(linked) => {
                conditions.equal("connection_id", Some(linked.as_str()));
                conditions.also_equal("tenant_id", tenant);
                conditions.also_equal("client_id", client);
            }
        }
        let select = format!("SELECT {GRANT} FROM grants");
        let page = Page::new(&select, conditions, "id", range);
        self.walk(move |walk| {
            page.read(walk.connection, bare)?
                .into_iter()
                .map(|grant| with_repositories(walk.connection, grant))
                .collect()
        })
        .await
    }

    async fn active_grants(&self, id: &AuthorizationId, now: Timestamp) -> Result<Vec<Grant>> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {GRANT} FROM grants WHERE authorization_id = ?1 AND status = 'active'
                     AND (expires_at IS NULL OR expires_at > ?2) AND {CLIENT_LIVES}
                     ORDER BY connection_id"
                ))?
                .query_map((id.as_str(), now.as_millis()), bare)?
                .map(|grant| with_repositories(connection, grant?))
                .collect()
        })
    }

    async fn approved_among(&self, grant: &GrantId, ids: &[&str]) -> Result<Vec<bool>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT 1 FROM grants WHERE id = ?1 AND approves_all
                 UNION ALL SELECT 1 FROM approvals WHERE grant_id = ?1 AND repository_id = ?2",
            )?;
            ids.iter()
                .map(|id| statement.exists((grant.as_str(), id)))
                .collect()
        })
    }

    async fn approves(
        &self,
        id: &AuthorizationId,
        connection: &ConnectionId,
        repository: &str,
        now: Timestamp,
    ) -> Result<bool> {
        self.read(|reader| {
            reader
                .prepare_cached(&format!(
                    "SELECT 1 FROM grants g WHERE authorization_id = ?1 AND connection_id = ?2
                       AND status = 'active' AND (expires_at IS NULL OR expires_at > ?4)
                       AND {CLIENT_LIVES} AND (approves_all OR EXISTS (SELECT 1 FROM approvals
                         WHERE grant_id = g.id AND repository_id = ?3))"
                ))?
                .exists((
                    id.as_str(),
                    connection.as_str(),
                    repository,
                    now.as_millis(),
                ))
        })
    }

    async fn note_seen(&self, grant: &GrantId, seen: Vec<ApprovedRepository>) -> Result<()> {
        let grant = grant.clone();
        self.write(move |connection| {
            for repository in seen {
                execute(
                    connection,
                    "UPDATE approvals SET full_name = ?3, node_id = coalesce(?4, node_id)
                     WHERE grant_id = ?1 AND repository_id = ?2",
                    (
                        grant.as_str(),
                        &repository.id,
                        &repository.full_name,
                        repository.node_id.as_deref(),
                    ),
                )?;
            }
            Ok(())
        })
        .await
    }

    async fn revoke_grant(&self, id: &GrantId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let revoked = one(
                connection,
                &format!(
                    "UPDATE grants SET status = 'revoked', revoked_at = ?2
                     WHERE id = ?1 AND status = 'active' AND {CLIENT_LIVES}
                     RETURNING authorization_id, connection_id"
                ),
                (id.as_str(), at.as_millis()),
                |row| Ok((id!(row, 0, AuthorizationId)?, id!(row, 1, ConnectionId)?)),
            );
            let Some((authorization, linked)) = revoked.map_err(|error| failed(&error))? else {
                return Ok(false);
            };
            subscriptions::end(connection, Ending::Grant(&authorization, &linked), at)?;
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn revoke(&self, id: &AuthorizationId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let revoked = execute(
                connection,
                &format!(
                    "UPDATE authorizations SET status = 'revoked', ended_at = ?2
                     WHERE id = ?1 AND status <> 'revoked' AND {CLIENT_LIVES}"
                ),
                (id.as_str(), at.as_millis()),
            )?;
            if revoked == 0 {
                return Ok(false);
            }
            execute(
                connection,
                "DELETE FROM codes WHERE authorization_id = ?1",
                [id.as_str()],
            )?;
            // Its tokens end by the time of its own end.
            execute(
                connection,
                "UPDATE grants SET status = 'revoked', revoked_at = ?2
                 WHERE authorization_id = ?1 AND status = 'active'",
                (id.as_str(), at.as_millis()),
            )?;
            subscriptions::end_later(connection, Ending::Authorization(&id), at)?;
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }
}
