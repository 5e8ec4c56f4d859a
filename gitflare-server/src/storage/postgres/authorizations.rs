//! Authorizations, grants and approvals in PostgreSQL. Whatever makes or changes the sharing between
//! a customer and a client locks the customer first, and then what it stands on.

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

use super::{
    PostgresStorage, locks,
    session::{Failure, Session, transaction},
    subscriptions::{end, end_later},
};
use crate::storage::sql::{
    Statement, authorizations, id, maybe_text, number, subscriptions::Ending, text, values,
};

async fn live(
    transaction: &Session,
    like: &Authorization,
) -> Result<Option<Authorization>, Failure> {
    let live = authorizations::live(&like.client_id, &like.tenant_id);
    transaction.one(live, authorizations::authorization).await
}

/// Refuses a grant that has nothing to stand on. What it stands on does not end meanwhile.
async fn check_footing(transaction: &Session, grant: &Grant) -> Result<(), Failure> {
    let client = Statement::new(
        "SELECT id FROM clients WHERE id = ?1 AND status = 'active' FOR SHARE",
        values![grant.client_id.as_str()],
    );
    if !transaction.finds(client).await? {
        return Err(Error::invalid_request("`clientId` names no client.").into());
    }
    let linked = Statement::new(
        "SELECT id FROM connections WHERE id = ?1 AND tenant_id = ?2 AND status <> 'revoked'
         FOR SHARE",
        values![grant.connection_id.as_str(), grant.tenant_id.as_str()],
    );
    if !transaction.finds(linked).await? {
        let rule = "`connectionId` names no active connection of the tenant.";
        return Err(Error::invalid_request(rule).into());
    }
    Ok(())
}

/// Refuses a grant that has nothing to stand on, or stands there already.
async fn check(transaction: &Session, grant: &Grant) -> Result<(), Failure> {
    check_footing(transaction, grant).await?;
    if transaction.finds(authorizations::duplicate(grant)).await? {
        let rule = "`connectionId` has an active grant for this client already.";
        return Err(Error::invalid_request(rule).into());
    }
    Ok(())
}

async fn insert_grant_row(transaction: &Session, grant: &Grant) -> Result<(), Failure> {
    transaction.run(authorizations::insert_grant(grant)).await?;
    insert_approvals(transaction, grant).await
}

/// Stores a grant's repositories, with one statement for all of them.
async fn insert_approvals(transaction: &Session, grant: &Grant) -> Result<(), Failure> {
    let Repositories::Listed(list) = &grant.repositories else {
        return Ok(());
    };
    let holds_nul = |text: &str| text.contains('\0');
    if list
        .iter()
        .any(|one| holds_nul(&one.id) || holds_nul(&one.full_name))
    {
        let rule = "No repository's id or name may hold the character U+0000.";
        return Err(Error::invalid_request(rule).into());
    }
    let ids: Vec<_> = list.iter().map(|one| one.id.as_str()).collect();
    let names: Vec<_> = list.iter().map(|one| one.full_name.as_str()).collect();
    let nodes: Vec<_> = list.iter().map(|one| one.node_id.as_deref()).collect();
    let defaults: Vec<_> = list
        .iter()
        .map(|one| one.default_branch.as_deref())
        .collect();
    let statement = "INSERT INTO approvals
           (grant_number, repository_id, full_name, position, node_id, default_branch)
         SELECT (SELECT number FROM grants WHERE grants.id = $1), listed.id, name, number - 1, node, branch
         FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
           AS listed (id, name, node, branch, number)";
    let grant = grant.id.as_str();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
        [&grant, &ids, &names, &nodes, &defaults];
    transaction
        .execute(statement, &parameters)
        .await
        .map(|_| ())
}

/// Shares what a customer has chosen, within a transaction.
pub(super) async fn share(
    transaction: &Session,
    sharing: &Sharing,
) -> Result<Authorization, Failure> {
    locks::tenant(transaction, &sharing.authorization.tenant_id).await?;
    for grant in &sharing.grants {
        check_footing(transaction, grant).await?;
    }
    let found = live(transaction, &sharing.authorization).await?;
    let is_new = found.is_none();
    let mut used = found.unwrap_or_else(|| sharing.authorization.clone());
    used.status = AuthorizationStatus::Active;
    if is_new {
        transaction.run(authorizations::insert(&used)).await?;
    }
    for grant in &sharing.grants {
        let mut grant = grant.clone();
        grant.authorization_id = used.id.clone();
        let linked = grant.connection_id.clone();
        share_one(transaction, grant).await?;
        end(transaction, Ending::Narrowed(&used.id, &linked), sharing.at).await?;
    }
    for linked in &sharing.dropped {
        let dropped = authorizations::drop_connection(&used.id, linked, sharing.at);
        transaction.run(dropped).await?;
        end(transaction, Ending::Grant(&used.id, linked), sharing.at).await?;
    }
    let together = authorizations::active_permissions(&used.id);
    let together = transaction
        .all(together, |row| number(row, 0).map(Scopes::from_bits))
        .await?;
    used.permissions = together.into_iter().fold(Scopes::NONE, Scopes::union);
    let active = authorizations::activate(&used.id, used.permissions);
    transaction.run(active).await?;
    Ok(used)
}

/// Ends an authorization with its grants, codes, tokens and subscriptions; `false` when it had
/// ended, or its client has.
pub(super) async fn revoke(
    transaction: &Session,
    id: &AuthorizationId,
    at: Timestamp,
) -> Result<bool, Failure> {
    if transaction.run(authorizations::revoke(id, at)).await? == 0 {
        return Ok(false);
    }
    transaction
        .run_all(authorizations::end_under(id, at))
        .await?;
    end_later(transaction, Ending::Authorization(id), at).await?;
    Ok(true)
}

/// Brings the active grant of a connection up to date, or stores the first one.
async fn share_one(transaction: &Session, mut grant: Grant) -> Result<(), Failure> {
    let standing = authorizations::update_grant(&grant);
    match transaction
        .one(standing, |row| id!(row, 0, GrantId))
        .await?
    {
        Some(id) => {
            transaction
                .run(authorizations::delete_approvals(&id))
                .await?;
            grant.id = id;
            insert_approvals(transaction, &grant).await
        }
        None => insert_grant_row(transaction, &grant).await,
    }
}

impl PostgresStorage {
    /// Adds their repositories to grants that list them, with one statement for all of them.
    async fn with_repositories(&self, mut found: Vec<Grant>) -> Result<Vec<Grant>> {
        let listed = found
            .iter()
            .filter(|grant| grant.repositories != Repositories::All);
        let ids: Vec<_> = listed.map(|grant| grant.id.as_str()).collect();
        if ids.is_empty() {
            return Ok(found);
        }
        let session = self.database.session().await?;
        let of_all = "SELECT p.repository_id, p.full_name, p.node_id, p.default_branch, g.id
             FROM grants g JOIN approvals p ON p.grant_number = g.number
             WHERE g.id = ANY($1) ORDER BY g.number, p.position";
        let mut by_grant = std::collections::HashMap::<String, Vec<_>>::new();
        for row in session.query(of_all, &[&ids]).await? {
            let of = by_grant.entry(text(&row, 4)?).or_default();
            of.push(authorizations::approved(&row, 0)?);
        }
        for grant in &mut found {
            if let Repositories::Listed(list) = &mut grant.repositories {
                *list = by_grant.remove(grant.id.as_str()).unwrap_or_default();
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl AuthorizationStore for PostgresStorage {
    async fn insert_grant(
        &self,
        new: Authorization,
        grant: Grant,
        entry: AuditEntry,
    ) -> Result<(Authorization, Grant)> {
        transaction!(self.database, |transaction| {
            locks::tenant(transaction, &new.tenant_id).await?;
            let found = live(transaction, &new).await?;
            let is_new = found.is_none();
            let mut used = found.unwrap_or_else(|| new.clone());
            let mut grant = grant.clone();
            grant.authorization_id = used.id.clone();
            check(transaction, &grant).await?;
            used.status = AuthorizationStatus::Active;
            used.permissions = used.permissions.union(grant.permissions);
            let stored = match is_new {
                true => authorizations::insert(&used),
                false => authorizations::activate(&used.id, used.permissions),
            };
            transaction.run(stored).await?;
            insert_grant_row(transaction, &grant).await?;
            transaction.audit(&entry).await?;
            Ok((used, grant))
        })
    }

    async fn find_or_insert_pending(&self, new: Authorization) -> Result<Authorization> {
        transaction!(self.database, |transaction| {
            locks::tenant(transaction, &new.tenant_id).await?;
            if let Some(live) = live(transaction, &new).await? {
                return Ok(live);
            }
            transaction.run(authorizations::insert(&new)).await?;
            Ok(new.clone())
        })
    }

    async fn share(&self, sharing: Sharing, entry: AuditEntry) -> Result<Authorization> {
        transaction!(self.database, |transaction| {
            let used = share(transaction, &sharing).await?;
            transaction.audit(&entry).await?;
            Ok(used)
        })
    }

    async fn find_live(
        &self,
        client: &ClientId,
        tenant: &TenantId,
    ) -> Result<Option<Authorization>> {
        let statement = authorizations::live(client, tenant);
        self.one(statement, authorizations::authorization).await
    }

    async fn find(&self, id: &AuthorizationId) -> Result<Option<Authorization>> {
        self.one(authorizations::find(id), authorizations::authorization)
            .await
    }

    async fn list_live(&self, client: &ClientId, limit: usize) -> Result<Vec<Authorization>> {
        let mut live = Vec::new();
        for status in [AuthorizationStatus::Active, AuthorizationStatus::Pending] {
            let room = limit - live.len();
            let of_status = authorizations::list_live(client, status, room);
            live.extend(self.all(of_status, authorizations::authorization).await?);
        }
        Ok(live)
    }

    async fn list(&self, client: &ClientId, range: ListRange<'_>) -> Result<Vec<Authorization>> {
        let statement = authorizations::list(client, range);
        self.all(statement, authorizations::authorization).await
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
        self.all(statement, authorizations::authorization).await
    }

    async fn find_grant(&self, id: &GrantId) -> Result<Option<Grant>> {
        let found = self.all(authorizations::find_grant(id), authorizations::bare);
        Ok(self.with_repositories(found.await?).await?.pop())
    }

    async fn list_grants(&self, filter: &GrantFilter, range: ListRange<'_>) -> Result<Vec<Grant>> {
        let found = authorizations::list_grants(filter, range);
        let found = self.all(found, authorizations::bare).await?;
        self.with_repositories(found).await
    }

    async fn active_grants(&self, id: &AuthorizationId, now: Timestamp) -> Result<Vec<Grant>> {
        let found = authorizations::active_grants(id, now);
        let found = self.all(found, authorizations::bare).await?;
        self.with_repositories(found).await
    }

    async fn approved_among(&self, grant: &GrantId, ids: &[&str]) -> Result<Vec<bool>> {
        // No id with that character can have been stored.
        let asked: Vec<_> = ids.iter().filter(|id| !id.contains('\0')).collect();
        let grant = grant.as_str();
        let session = self.database.session().await?;
        let of_all = "SELECT NULL FROM grants WHERE id = $1 AND approves_all
             UNION ALL
             SELECT p.repository_id FROM grants g JOIN approvals p ON p.grant_number = g.number
             WHERE g.id = $1 AND p.repository_id = ANY($2)";
        let mut approved = std::collections::HashSet::new();
        for row in session.query(of_all, &[&grant, &asked]).await? {
            approved.insert(maybe_text(&row, 0)?);
        }
        let all = approved.contains(&None);
        let is_approved = |id: &&str| all || approved.contains(&Some((*id).to_owned()));
        Ok(ids.iter().map(is_approved).collect())
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
        self.one(found, authorizations::approval).await
    }

    async fn repository_names(&self, asked: &[CustomerRepository]) -> Result<Vec<Option<String>>> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let text = |of: fn(&CustomerRepository) -> &str| asked.iter().map(of).collect::<Vec<_>>();
        let clients = text(|it| it.client.as_str());
        let tenants = text(|it| it.tenant.as_str());
        let providers = text(|it| it.provider.as_str());
        let repositories = text(|it| &it.repository);
        let of_all = "SELECT (SELECT a.full_name FROM grants g
               JOIN connections c ON c.id = g.connection_id AND c.provider = asked.provider
               JOIN approvals a ON a.grant_number = g.number AND a.repository_id = asked.repository
             WHERE g.tenant_id = asked.tenant AND g.client_id = asked.client
             ORDER BY g.id DESC LIMIT 1)
           FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
             AS asked (client, tenant, provider, repository, place) ORDER BY place";
        let session = self.database.session().await?;
        let rows = session
            .query(of_all, &[&clients, &tenants, &providers, &repositories])
            .await?;
        rows.iter().map(|row| Ok(maybe_text(row, 0)?)).collect()
    }

    async fn note_seen(&self, grant: &GrantId, seen: Vec<ApprovedRepository>) -> Result<()> {
        let mut seen = seen;
        // In one order, so that no two nodes wait for each other.
        seen.sort_by(|a, b| a.id.cmp(&b.id));
        transaction!(self.database, |transaction| {
            for repository in &seen {
                let noted = authorizations::note_seen(grant, repository);
                transaction.run(noted).await?;
            }
            Ok(())
        })
    }

    async fn revoke_grant(&self, id: &GrantId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        transaction!(self.database, |transaction| {
            let revoked = authorizations::revoke_grant(id, at);
            let revoked = transaction.one(revoked, authorizations::revoked).await?;
            let Some((authorization, linked)) = revoked else {
                return Ok(false);
            };
            end(transaction, Ending::Grant(&authorization, &linked), at).await?;
            transaction.audit(&entry).await?;
            Ok(true)
        })
    }

    async fn revoke(&self, id: &AuthorizationId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        transaction!(self.database, |transaction| {
            let revoked = revoke(transaction, id, at).await?;
            if revoked {
                transaction.audit(&entry).await?;
            }
            Ok(revoked)
        })
    }
}
