//! Authorizations and grants in memory.

use async_trait::async_trait;

use super::{MemoryStorage, State, matches, page};
use crate::{
    AuthorizationId, ClientId, ConnectionId, Error, GrantId, Result, Scope, Scopes, TenantId,
    Timestamp,
    storage::{
        Approval, ApprovedRepository, AuditEntry, Authorization, AuthorizationStatus,
        AuthorizationStore, ClientStatus, ConnectionStatus, CustomerRepository, Grant, GrantFilter,
        GrantStatus, ListRange, Repositories, Sharing,
    },
};

impl State {
    /// Ends an authorization with its grants and tokens.
    pub(super) fn end_authorization(&mut self, id: &AuthorizationId, at: Timestamp) {
        if let Some(authorization) = self.authorizations.get_mut(id) {
            authorization.status = AuthorizationStatus::Revoked;
        }
        for grant in self.grants.values_mut() {
            if grant.authorization_id == *id && grant.status == GrantStatus::Active {
                grant.status = GrantStatus::Revoked;
                grant.revoked_at = Some(at);
            }
        }
        for token in self.tokens.values_mut() {
            if token.authorization_id.as_ref() == Some(id) {
                token.revoked_at.get_or_insert(at);
            }
        }
        self.codes
            .retain(|_, stored| stored.code.authorization_id != *id);
        self.end_subscriptions(at, |row| row.authorization_id == *id);
    }

    /// Refuses a grant that has nothing to stand on.
    fn check_footing(&self, grant: &Grant) -> Result<()> {
        let client = self.clients.get(&grant.client_id);
        if client.is_none_or(|client| client.status != ClientStatus::Active) {
            return Err(Error::invalid_request("`clientId` names no client."));
        }
        let connection = self.connections.get(&grant.connection_id);
        if connection.is_none_or(|(connection, _)| {
            connection.status == ConnectionStatus::Revoked
                || connection.tenant_id.as_ref() != Some(&grant.tenant_id)
        }) {
            return Err(Error::invalid_request(
                "`connectionId` names no active connection of the tenant.",
            ));
        }
        Ok(())
    }

    /// Shares what was chosen; nothing is changed when it cannot be.
    pub(super) fn share_chosen(&mut self, sharing: Sharing) -> Result<Authorization> {
        for grant in &sharing.grants {
            self.check_footing(grant)?;
        }
        let found = self.live_authorization(&sharing.authorization).cloned();
        let mut used = found.unwrap_or(sharing.authorization);
        for mut grant in sharing.grants {
            grant.authorization_id = used.id.clone();
            let standing = self.grants.values_mut().find(|row| {
                row.authorization_id == used.id
                    && row.connection_id == grant.connection_id
                    && row.status == GrantStatus::Active
            });
            match standing {
                Some(standing) => {
                    standing.permissions = grant.permissions;
                    standing.repositories = grant.repositories;
                    standing.expires_at = None;
                }
                None => {
                    self.grants.insert(grant.id.clone(), grant);
                }
            }
        }
        for grant in self.grants.values_mut() {
            if grant.authorization_id == used.id
                && grant.status == GrantStatus::Active
                && sharing.dropped.contains(&grant.connection_id)
            {
                grant.status = GrantStatus::Revoked;
                grant.revoked_at = Some(sharing.at);
            }
        }
        let active: Vec<_> = self
            .grants
            .values()
            .filter(|row| row.authorization_id == used.id && row.status == GrantStatus::Active)
            .cloned()
            .collect();
        self.end_subscriptions(sharing.at, |row| {
            let repository = &row.subscription.repository_id;
            let is_approved = active.iter().any(|grant| {
                grant.connection_id == row.connection_id
                    && approves(grant, Scope::EventsSubscribe, repository)
            });
            row.authorization_id == used.id && !is_approved
        });
        used.status = AuthorizationStatus::Active;
        used.permissions = self
            .grants
            .values()
            .filter(|row| row.authorization_id == used.id && row.status == GrantStatus::Active)
            .fold(Scopes::NONE, |all, row| all.union(row.permissions));
        self.authorizations.insert(used.id.clone(), used.clone());
        Ok(used)
    }

    fn live_authorization(&self, like: &Authorization) -> Option<&Authorization> {
        self.authorizations.values().find(|row| {
            row.tenant_id == like.tenant_id
                && row.client_id == like.client_id
                && row.status != AuthorizationStatus::Revoked
        })
    }
}

/// Whether a grant has the permission and approves the repository.
fn approves(grant: &Grant, permission: Scope, repository: &str) -> bool {
    let is_listed = match &grant.repositories {
        Repositories::All => true,
        Repositories::Listed(list) => list.iter().any(|listed| listed.id == repository),
    };
    grant.permissions.contains(permission) && is_listed
}

#[async_trait]
impl AuthorizationStore for MemoryStorage {
    async fn insert_grant(
        &self,
        authorization: Authorization,
        mut grant: Grant,
        audit: AuditEntry,
    ) -> Result<(Authorization, Grant)> {
        let mut state = self.state();
        state.check_footing(&grant)?;
        let mut used = state
            .live_authorization(&authorization)
            .cloned()
            .unwrap_or(authorization);
        let duplicate = state.grants.values().any(|row| {
            row.authorization_id == used.id
                && row.connection_id == grant.connection_id
                && (*row).clone().at(grant.created_at).status == GrantStatus::Active
        });
        if duplicate {
            return Err(Error::invalid_request(
                "`connectionId` has an active grant for this client already.",
            ));
        }
        used.status = AuthorizationStatus::Active;
        used.permissions = used.permissions.union(grant.permissions);
        grant.authorization_id = used.id.clone();
        state.authorizations.insert(used.id.clone(), used.clone());
        state.grants.insert(grant.id.clone(), grant.clone());
        state.audit.push(audit);
        Ok((used, grant))
    }

    async fn find_or_insert_pending(&self, authorization: Authorization) -> Result<Authorization> {
        let mut state = self.state();
        if let Some(live) = state.live_authorization(&authorization) {
            return Ok(live.clone());
        }
        state
            .authorizations
            .insert(authorization.id.clone(), authorization.clone());
        Ok(authorization)
    }

    async fn share(&self, sharing: Sharing, audit: AuditEntry) -> Result<Authorization> {
        let mut state = self.state();
        let used = state.share_chosen(sharing)?;
        state.audit.push(audit);
        Ok(used)
    }

    async fn find_live(
        &self,
        client: &ClientId,
        tenant: &TenantId,
    ) -> Result<Option<Authorization>> {
        let state = self.state();
        let found = state.authorizations.values().find(|row| {
            row.client_id == *client
                && row.tenant_id == *tenant
                && row.status != AuthorizationStatus::Revoked
        });
        Ok(found.cloned())
    }

    async fn find(&self, id: &AuthorizationId) -> Result<Option<Authorization>> {
        Ok(self.state().authorizations.get(id).cloned())
    }

    async fn list_live(&self, client: &ClientId, limit: usize) -> Result<Vec<Authorization>> {
        let state = self.state();
        let mut live: Vec<_> = state
            .authorizations
            .values()
            .filter(|row| row.client_id == *client && row.status != AuthorizationStatus::Revoked)
            .cloned()
            .collect();
        live.sort_by_key(|row| row.status != AuthorizationStatus::Active);
        live.truncate(limit);
        Ok(live)
    }

    async fn list(&self, client: &ClientId, range: ListRange<'_>) -> Result<Vec<Authorization>> {
        let state = self.state();
        let rows = state.authorizations.values();
        let rows = rows.filter(|row| row.client_id == *client);
        Ok(page(rows, range, |row| row.id.as_str()))
    }

    async fn list_of(
        &self,
        client: &ClientId,
        tenants: &[TenantId],
        range: ListRange<'_>,
    ) -> Result<Vec<Authorization>> {
        let state = self.state();
        let rows = state.authorizations.values();
        let rows = rows.filter(|row| row.client_id == *client && tenants.contains(&row.tenant_id));
        Ok(page(rows, range, |row| row.id.as_str()))
    }

    async fn find_grant(&self, id: &GrantId) -> Result<Option<Grant>> {
        Ok(self.state().grants.get(id).cloned())
    }

    async fn list_grants(&self, filter: &GrantFilter, range: ListRange<'_>) -> Result<Vec<Grant>> {
        let state = self.state();
        let rows = state.grants.values().filter(|grant| {
            matches(filter.tenant.as_ref(), &grant.tenant_id)
                && matches(filter.client.as_ref(), &grant.client_id)
                && matches(filter.connection.as_ref(), &grant.connection_id)
        });
        Ok(page(rows, range, |grant| grant.id.as_str()))
    }

    async fn active_grants(&self, id: &AuthorizationId, now: Timestamp) -> Result<Vec<Grant>> {
        let state = self.state();
        let mut active: Vec<_> = state
            .grants
            .values()
            .filter(|grant| grant.authorization_id == *id)
            .filter(|grant| (*grant).clone().at(now).status == GrantStatus::Active)
            .cloned()
            .collect();
        active.sort_by(|a, b| a.connection_id.cmp(&b.connection_id));
        Ok(active)
    }

    async fn approved_among(&self, grant: &GrantId, ids: &[&str]) -> Result<Vec<bool>> {
        let state = self.state();
        let repositories = state.grants.get(grant).map(|grant| &grant.repositories);
        let approves = |id: &str| match repositories {
            None => false,
            Some(Repositories::All) => true,
            Some(Repositories::Listed(list)) => list.iter().any(|repository| repository.id == id),
        };
        Ok(ids.iter().map(|id| approves(id)).collect())
    }

    async fn find_approval(
        &self,
        id: &AuthorizationId,
        connection: &ConnectionId,
        permission: Scope,
        repository: &str,
        now: Timestamp,
    ) -> Result<Option<Approval>> {
        let mut grants = self.active_grants(id, now).await?.into_iter();
        let grant = grants.find(|grant| {
            grant.connection_id == *connection && approves(grant, permission, repository)
        });
        Ok(grant.map(|grant| Approval {
            grant_id: grant.id,
            repository: match grant.repositories {
                Repositories::All => None,
                Repositories::Listed(list) => list.into_iter().find(|it| it.id == repository),
            },
        }))
    }

    async fn repository_names(&self, asked: &[CustomerRepository]) -> Result<Vec<Option<String>>> {
        let state = self.state();
        let name = |it: &CustomerRepository| {
            let is_there = |grant: &Grant| {
                let connection = state.connections.get(&grant.connection_id);
                connection.is_some_and(|(connection, _)| connection.provider == it.provider)
            };
            let mut grants = state.grants.values().rev().filter(|grant| {
                grant.client_id == it.client && grant.tenant_id == it.tenant && is_there(grant)
            });
            grants.find_map(|grant| match &grant.repositories {
                Repositories::All => None,
                Repositories::Listed(list) => {
                    let found = list.iter().find(|listed| listed.id == it.repository);
                    found.map(|listed| listed.full_name.clone())
                }
            })
        };
        Ok(asked.iter().map(name).collect())
    }

    async fn note_seen(&self, grant: &GrantId, seen: Vec<ApprovedRepository>) -> Result<()> {
        let mut state = self.state();
        let repositories = state
            .grants
            .get_mut(grant)
            .map(|grant| &mut grant.repositories);
        let Some(Repositories::Listed(list)) = repositories else {
            return Ok(());
        };
        for repository in seen {
            for known in list.iter_mut().filter(|known| known.id == repository.id) {
                known.full_name.clone_from(&repository.full_name);
                let news = [
                    (&repository.node_id, &mut known.node_id),
                    (&repository.default_branch, &mut known.default_branch),
                ];
                for (seen, known) in news.into_iter().filter(|(seen, _)| seen.is_some()) {
                    known.clone_from(seen);
                }
            }
        }
        Ok(())
    }

    async fn revoke_grant(&self, id: &GrantId, at: Timestamp, audit: AuditEntry) -> Result<bool> {
        let mut state = self.state();
        let grant = match state.grants.get_mut(id) {
            Some(grant) if grant.status == GrantStatus::Active => grant,
            _ => return Ok(false),
        };
        grant.status = GrantStatus::Revoked;
        grant.revoked_at = Some(at);
        let grant = grant.clone();
        state.end_subscriptions(at, |row| {
            row.authorization_id == grant.authorization_id
                && row.connection_id == grant.connection_id
        });
        state.audit.push(audit);
        Ok(true)
    }

    async fn revoke(&self, id: &AuthorizationId, at: Timestamp, audit: AuditEntry) -> Result<bool> {
        let mut state = self.state();
        let live = state
            .authorizations
            .get(id)
            .is_some_and(|row| row.status != AuthorizationStatus::Revoked);
        if live {
            state.end_authorization(id, at);
            state.audit.push(audit);
        }
        Ok(live)
    }
}
