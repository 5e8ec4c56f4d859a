//! Authorizations, grants and approvals in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    AuthorizationId, ClientId, ConnectionId, Error, GrantId, Result, Scope, Scopes, TenantId,
    Timestamp,
    storage::{
        Approval, ApprovedRepository, AuditEntry, Authorization, AuthorizationStatus,
        AuthorizationStore, CustomerRepository, Grant, GrantFilter, ListRange, Repositories,
        Sharing,
    },
};
use rusqlite::Connection;

use super::{
    SqliteStorage, failed,
    rows::{audit, every, exists, first, run, run_all, taken},
    subscriptions::{end, end_later},
};
use crate::storage::sql::{
    Statement, authorizations, clients, id, number, subscriptions::Ending, text, values,
};

fn with_repositories(connection: &Connection, mut grant: Grant) -> rusqlite::Result<Grant> {
    if let Repositories::Listed(list) = &mut grant.repositories {
        let listed = Statement::new(
            "SELECT repository_id, full_name, node_id, default_branch FROM approvals
             WHERE grant_number = (SELECT number FROM grants WHERE id = ?1) ORDER BY position",
            values![grant.id.as_str()],
        );
        *list = every(connection, &listed, |row| authorizations::approved(row, 0))?;
    }
    Ok(grant)
}

fn live(connection: &Connection, like: &Authorization) -> Result<Option<Authorization>> {
    let live = authorizations::live(&like.client_id, &like.tenant_id);
    taken(connection, &live, |row| authorizations::authorization(row))
}

/// Refuses a grant that has nothing to stand on.
fn check_footing(connection: &Connection, grant: &Grant) -> Result<()> {
    if !exists(connection, &clients::is_live(&grant.client_id))? {
        return Err(Error::invalid_request("`clientId` names no client."));
    }
    let linked = Statement::new(
        "SELECT id FROM connections WHERE id = ?1 AND tenant_id = ?2 AND status <> 'revoked'",
        values![grant.connection_id.as_str(), grant.tenant_id.as_str()],
    );
    if !exists(connection, &linked)? {
        return Err(Error::invalid_request(
            "`connectionId` names no active connection of the tenant.",
        ));
    }
    Ok(())
}

/// Refuses a grant that has nothing to stand on, or stands there already.
fn check(connection: &Connection, grant: &Grant) -> Result<()> {
    check_footing(connection, grant)?;
    if exists(connection, &authorizations::duplicate(grant))? {
        return Err(Error::invalid_request(
            "`connectionId` has an active grant for this client already.",
        ));
    }
    Ok(())
}

fn insert_grant_row(connection: &Connection, grant: &Grant) -> Result<()> {
    run(connection, &authorizations::insert_grant(grant))?;
    insert_approvals(connection, grant)
}

fn insert_approvals(connection: &Connection, grant: &Grant) -> Result<()> {
    let Repositories::Listed(list) = &grant.repositories else {
        return Ok(());
    };
    for (position, repository) in list.iter().enumerate() {
        let approval = Statement::new(
            "INSERT INTO approvals
               (grant_number, repository_id, full_name, position, node_id, default_branch)
             VALUES ((SELECT number FROM grants WHERE id = ?1), ?2, ?3, ?4, ?5, ?6)",
            values![
                grant.id.as_str(),
                &repository.id,
                &repository.full_name,
                position,
                &repository.node_id,
                &repository.default_branch,
            ],
        );
        run(connection, &approval)?;
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
        run(connection, &authorizations::insert(&used))?;
    }
    for mut grant in sharing.grants {
        grant.authorization_id = used.id.clone();
        let linked = grant.connection_id.clone();
        share_one(connection, grant)?;
        end(connection, Ending::Narrowed(&used.id, &linked), sharing.at)?;
    }
    for linked in &sharing.dropped {
        let dropped = authorizations::drop_connection(&used.id, linked, sharing.at);
        run(connection, &dropped)?;
        end(connection, Ending::Grant(&used.id, linked), sharing.at)?;
    }
    let together = authorizations::active_permissions(&used.id);
    let together = every(connection, &together, |row| {
        number(row, 0).map(Scopes::from_bits)
    })
    .map_err(|error| failed(&error))?;
    used.permissions = together.into_iter().fold(Scopes::NONE, Scopes::union);
    let active = authorizations::activate(&used.id, used.permissions);
    run(connection, &active)?;
    Ok(used)
}

/// Ends an authorization with its grants, codes, tokens and subscriptions; `false` when it had
/// ended, or its client has.
pub(super) fn revoke(connection: &Connection, id: &AuthorizationId, at: Timestamp) -> Result<bool> {
    if run(connection, &authorizations::revoke(id, at))? == 0 {
        return Ok(false);
    }
    run_all(connection, authorizations::end_under(id, at))?;
    end_later(connection, Ending::Authorization(id), at)?;
    Ok(true)
}

/// Brings the active grant of a connection up to date, or stores the first one.
fn share_one(connection: &Connection, mut grant: Grant) -> Result<()> {
    let standing = authorizations::update_grant(&grant);
    match taken(connection, &standing, |row| id!(row, 0, GrantId))? {
        Some(id) => {
            run(connection, &authorizations::delete_approvals(&id))?;
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
            let stored = match is_new {
                true => authorizations::insert(&used),
                false => authorizations::activate(&used.id, used.permissions),
            };
            run(connection, &stored)?;
            insert_grant_row(connection, &grant)?;
            audit(connection, &entry)?;
            Ok((used, grant))
        })
        .await
    }

    async fn find_or_insert_pending(&self, new: Authorization) -> Result<Authorization> {
        self.write(move |connection| match live(connection, &new)? {
            Some(live) => Ok(live),
            None => run(connection, &authorizations::insert(&new)).map(|_| new),
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
        let statement = authorizations::live(client, tenant);
        self.one(statement, |row| authorizations::authorization(row))
    }

    async fn find(&self, id: &AuthorizationId) -> Result<Option<Authorization>> {
        self.one(authorizations::find(id), |row| {
            authorizations::authorization(row)
        })
    }

    async fn list_live(&self, client: &ClientId, limit: usize) -> Result<Vec<Authorization>> {
        self.read(|connection| {
            let mut live = Vec::new();
            for status in [AuthorizationStatus::Active, AuthorizationStatus::Pending] {
                let of_status = authorizations::list_live(client, status, limit - live.len());
                live.extend(every(connection, &of_status, |row| {
                    authorizations::authorization(row)
                })?);
            }
            Ok(live)
        })
    }

    async fn list(&self, client: &ClientId, range: ListRange<'_>) -> Result<Vec<Authorization>> {
        let statement = authorizations::list(client, range);
        self.page(statement, |row| authorizations::authorization(row))
            .await
    }

    async fn list_of(
        &self,
        client: &ClientId,
        tenants: &[TenantId],
        range: ListRange<'_>,
    ) -> Result<Vec<Authorization>> {
        if tenants.is_empty() {
            return Ok(Vec::new());
        }
        let statement = authorizations::list_of(client, tenants, range);
        self.page(statement, |row| authorizations::authorization(row))
            .await
    }

    async fn find_grant(&self, id: &GrantId) -> Result<Option<Grant>> {
        self.read(|connection| {
            first(connection, &authorizations::find_grant(id), |row| {
                authorizations::bare(row)
            })?
            .map(|grant| with_repositories(connection, grant))
            .transpose()
        })
    }

    async fn list_grants(&self, filter: &GrantFilter, range: ListRange<'_>) -> Result<Vec<Grant>> {
        let page = authorizations::list_grants(filter, range);
        self.walk(move |walk| {
            every(walk.connection, &page, |row| authorizations::bare(row))?
                .into_iter()
                .map(|grant| with_repositories(walk.connection, grant))
                .collect()
        })
        .await
    }

    async fn active_grants(&self, id: &AuthorizationId, now: Timestamp) -> Result<Vec<Grant>> {
        let active = authorizations::active_grants(id, now);
        self.read(|connection| {
            every(connection, &active, |row| authorizations::bare(row))?
                .into_iter()
                .map(|grant| with_repositories(connection, grant))
                .collect()
        })
    }

    async fn approved_among(&self, grant: &GrantId, ids: &[&str]) -> Result<Vec<bool>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT 1 FROM grants g WHERE g.id = ?1 AND (g.approves_all OR EXISTS (
                   SELECT 1 FROM approvals WHERE grant_number = g.number AND repository_id = ?2))",
            )?;
            ids.iter()
                .map(|id| statement.exists((grant.as_str(), id)))
                .collect()
        })
    }

    async fn find_approval(
        &self,
        id: &AuthorizationId,
        connection: &ConnectionId,
        permission: Scope,
        repository: &str,
        now: Timestamp,
    ) -> Result<Option<Approval>> {
        let found = authorizations::find_approval(id, connection, permission, repository, now);
        self.one(found, |row| authorizations::approval(row))
    }

    async fn repository_names(&self, asked: &[CustomerRepository]) -> Result<Vec<Option<String>>> {
        let name = |asked: &CustomerRepository| {
            let name = Statement::new(
                "SELECT a.full_name FROM grants g
                   JOIN connections c ON c.id = g.connection_id AND c.provider = ?3
                   JOIN approvals a ON a.grant_number = g.number AND a.repository_id = ?4
                 WHERE g.tenant_id = ?1 AND g.client_id = ?2 ORDER BY g.id DESC LIMIT 1",
                values![
                    asked.tenant.as_str(),
                    asked.client.as_str(),
                    asked.provider.as_str(),
                    asked.repository.as_str(),
                ],
            );
            self.one(name, |row| text(row, 0))
        };
        asked.iter().map(name).collect()
    }

    async fn note_seen(&self, grant: &GrantId, seen: Vec<ApprovedRepository>) -> Result<()> {
        let grant = grant.clone();
        self.write(move |connection| {
            for repository in &seen {
                run(connection, &authorizations::note_seen(&grant, repository))?;
            }
            Ok(())
        })
        .await
    }

    async fn revoke_grant(&self, id: &GrantId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let revoked = authorizations::revoke_grant(&id, at);
            let revoked = taken(connection, &revoked, |row| authorizations::revoked(row))?;
            let Some((authorization, linked)) = revoked else {
                return Ok(false);
            };
            end(connection, Ending::Grant(&authorization, &linked), at)?;
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn revoke(&self, id: &AuthorizationId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let revoked = revoke(connection, &id, at)?;
            if revoked {
                audit(connection, &entry)?;
            }
            Ok(revoked)
        })
        .await
    }
}
