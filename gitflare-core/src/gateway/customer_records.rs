//! What a customer keeps of an approval: the record of what was approved, and the log of what was
//! read. Both show what the session may see and nothing else (TN-4); how a record is signed is the
//! server's business.

use std::collections::HashMap;

use serde::Serialize;

use super::{ConsentContext, Gateway, customers::AppCustomer};
use crate::{
    AuthorizationId, ClientId, ConnectionId, Error, GrantId, LogId, Result, Scope, Secret,
    Timestamp,
    provider::ProviderId,
    storage::{
        Authorization, AuthorizationStatus, Grant, GrantFilter, ListRange, Repositories, UsageQuery,
    },
};

/// Most grants of one account that are looked at.
const MAX_GRANTS: usize = 1000;
/// Rows of the usage log that are fetched at a time, and looked at for one page.
const FETCHED: usize = 500;
const LOOKED_AT: u64 = 20_000;

/// What a customer has approved for an app, as it stood at one moment, or as it last stood before it
/// ended.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConsentRecord {
    /// The moment that it tells of.
    pub as_of: Timestamp,
    /// The id of the approval.
    pub authorization_id: AuthorizationId,
    /// When the customer began to decide.
    pub begun_at: Timestamp,
    /// When the approval ended; `None` while it stands.
    pub ended_at: Option<Timestamp>,
    /// For whom.
    pub app: RecordedApp,
    /// By whom: the customer, as the app knows it.
    pub customer: AppCustomer,
    /// Whether there are further accounts that this browser may not see, and that are left out.
    pub is_partial: bool,
    /// What is shared, account by account.
    pub shares: Vec<RecordedShare>,
}

/// The app of a record.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RecordedApp {
    /// Its id.
    pub client_id: ClientId,
    /// Its name.
    pub name: String,
    /// Who made it; `None` for a client that has registered itself.
    pub developer: Option<String>,
}

/// What is shared of one account.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RecordedShare {
    /// The id of the share.
    pub grant_id: GrantId,
    /// The provider of the account.
    pub provider: ProviderId,
    /// The provider's own id of the account.
    pub account_id: String,
    /// The account's login name, as last seen.
    pub login: Option<String>,
    /// Since when the account is shared.
    pub shared_since: Timestamp,
    /// When the share ends by itself; `None` when it does not.
    pub ends_at: Option<Timestamp>,
    /// When it was ended; `None` where nobody has.
    pub ended_at: Option<Timestamp>,
    /// What may be read.
    pub permissions: Vec<RecordedPermission>,
    /// Of which repositories.
    pub repositories: Repositories,
}

/// A permission of a record.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct RecordedPermission {
    /// The scope.
    pub scope: Scope,
    /// What it lets the app see.
    pub label: &'static str,
    /// Why the app asks for it, in its own words; `None` where it does not say.
    pub purpose: Option<String>,
}

/// One read of a customer's data, as the customer sees it.
#[derive(Clone, Debug)]
pub struct CustomerRead {
    /// The id of the row.
    pub id: LogId,
    /// When.
    pub at: Timestamp,
    /// The key of the operation, such as `commits.list`.
    pub endpoint_key: &'static str,
    /// The provider; `None` where all were read.
    pub provider: Option<ProviderId>,
    /// The repository's name as last seen, or its id; `None` where a list or a profile was read.
    pub repository: Option<String>,
    /// Number of resources that the app got.
    pub items: u64,
    /// Number of files that were withheld.
    pub blocked_files: u64,
    /// Number of secrets that were replaced.
    pub redacted_secrets: u64,
    /// The id of the request.
    pub request_id: String,
}

/// Some reads of a customer's data, newest first.
#[derive(Clone, Debug, Default)]
pub struct CustomerReads {
    /// The reads.
    pub reads: Vec<CustomerRead>,
    /// Where the list goes on; `None` at its end.
    pub next: Option<u64>,
}

/// The repositories that are, or were, shared through the accounts that a session sees.
#[derive(Default)]
struct Own {
    names: HashMap<(ProviderId, String), String>,
    /// Providers of which everything is shared.
    whole: Vec<ProviderId>,
    sees_all: bool,
}

impl Own {
    fn note(&mut self, provider: ProviderId, grant: Grant) {
        match grant.repositories {
            Repositories::All => self.whole.push(provider),
            Repositories::Listed(list) => {
                for repository in list {
                    let key = (provider, repository.id);
                    self.names.insert(key, repository.full_name);
                }
            }
        }
    }

    /// The name that a row's repository is shown by; `None` when the row is not shown.
    fn shown(&self, provider: Option<ProviderId>, id: Option<&str>) -> Option<Option<String>> {
        match (provider, id) {
            (Some(provider), Some(id)) => match self.names.get(&(provider, id.to_owned())) {
                Some(name) => Some(Some(name.clone())),
                None if self.sees_all && self.whole.contains(&provider) => {
                    Some(Some(id.to_owned()))
                }
                None => None,
            },
            // A list over accounts that the session may not see is not its own.
            _ => self.sees_all.then_some(None),
        }
    }
}

impl Gateway {
    /// The keys that records are signed with, as seeds of Ed25519 keys, each with the id of its master
    /// key; the primary one signs.
    #[must_use]
    pub fn record_seeds(&self) -> &[(u8, Secret<[u8; 32]>)] {
        &self.record_seeds
    }

    /// What the customer has approved, or had approved last, as far as the session sees it.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` when nothing was ever approved, or nothing of it may be seen.
    pub async fn consent_record(&self, context: &ConsentContext) -> Result<ConsentRecord> {
        let found = self.recorded(context).await?;
        let (authorization, grants) = found.ok_or_else(|| Error::not_found("approval"))?;
        let connection = |id: &ConnectionId| {
            let mut seen = context.visible.connections.iter();
            seen.find(|connection| connection.id == *id)
        };
        let is_over = authorization.status == AuthorizationStatus::Revoked;
        let ends = grants.iter().filter_map(|grant| grant.revoked_at);
        let ended_at = ends.max().filter(|_| is_over);
        let shares = grants.iter().filter_map(|grant| {
            let account = connection(&grant.connection_id)?;
            Some(RecordedShare {
                grant_id: grant.id.clone(),
                provider: account.provider,
                account_id: account.account_id.clone(),
                login: account.login.clone(),
                shared_since: grant.created_at,
                ends_at: grant.expires_at,
                ended_at: grant.revoked_at,
                permissions: grant
                    .permissions
                    .iter()
                    .map(|scope| RecordedPermission {
                        scope,
                        label: scope.label(),
                        purpose: context.profile.purposes.get(&scope).cloned(),
                    })
                    .collect(),
                repositories: grant.repositories.clone(),
            })
        });
        let client = &context.client;
        Ok(ConsentRecord {
            as_of: self.clock.now(),
            authorization_id: authorization.id,
            begun_at: authorization.created_at,
            ended_at,
            app: RecordedApp {
                client_id: client.id.clone(),
                name: client.name.clone(),
                developer: context.developer.clone(),
            },
            customer: self.app_customer(&client.id, &context.tenant.id).await?,
            is_partial: context.visible.is_partial,
            shares: shares.collect(),
        })
    }

    /// Whether there is something that [`Gateway::consent_record`] tells of.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn has_consent_record(&self, context: &ConsentContext) -> Result<bool> {
        Ok(self.recorded(context).await?.is_some())
    }

    /// The approval that stands, or else the last one that ended, with its shares over what the session
    /// sees.
    async fn recorded(
        &self,
        context: &ConsentContext,
    ) -> Result<Option<(Authorization, Vec<Grant>)>> {
        let live = context.authorization.as_ref();
        let active = live.filter(|it| it.status == AuthorizationStatus::Active);
        if let Some(active) = active
            && !context.grants.is_empty()
        {
            return Ok(Some((active.clone(), context.grants.clone())));
        }
        let mut ever = Vec::new();
        for connection in &context.visible.connections {
            ever.extend(self.grants_ever(context, &connection.id).await?);
        }
        let Some(last) = ever.iter().max_by_key(|grant| grant.created_at) else {
            return Ok(None);
        };
        let id = last.authorization_id.clone();
        ever.retain(|grant| grant.authorization_id == id);
        let found = self.storage.authorizations().find(&id).await?;
        Ok(found.map(|authorization| (authorization, ever)))
    }

    /// What the customer has shared with the app over a connection, now or before.
    async fn grants_ever(
        &self,
        context: &ConsentContext,
        connection: &ConnectionId,
    ) -> Result<Vec<Grant>> {
        let filter = GrantFilter {
            tenant: Some(context.tenant.id.clone()),
            client: Some(context.client.id.clone()),
            connection: Some(connection.clone()),
        };
        let all = ListRange {
            after: None,
            limit: MAX_GRANTS,
        };
        self.storage
            .authorizations()
            .list_grants(&filter, all)
            .await
    }

    /// What the app was answered of the customer's data, newest first: at most `limit` reads, from a
    /// place in the log on. Of reads through accounts that the session does not see, nothing.
    ///
    /// # Errors
    /// `ACCESS_BLOCKED_BY_POLICY` when the session sees no account; the storage's own.
    pub async fn customer_reads(
        &self,
        context: &ConsentContext,
        from: u64,
        limit: usize,
    ) -> Result<CustomerReads> {
        let own = self.own_repositories(context).await?;
        let query = UsageQuery {
            tenants: vec![context.tenant.id.clone()],
            clients: vec![context.client.id.clone()],
            statuses: Some(200..=399),
            ..UsageQuery::default()
        };
        let usage = self.storage.usage();
        usage.flush().await?;
        let mut told = CustomerReads::default();
        let mut at = from;
        while at < from.saturating_add(LOOKED_AT) {
            let (rows, total) = usage.list(&query, at, FETCHED).await?;
            if rows.is_empty() {
                return Ok(told);
            }
            for row in rows {
                if told.reads.len() == limit {
                    told.next = Some(at);
                    return Ok(told);
                }
                at += 1;
                let name = own.shown(row.provider, row.repository_id.as_deref());
                let Some(repository) = name else { continue };
                told.reads.push(CustomerRead {
                    id: row.id,
                    at: row.at,
                    endpoint_key: row.endpoint_key,
                    provider: row.provider,
                    repository,
                    items: row.items,
                    blocked_files: row.blocked_files,
                    redacted_secrets: row.redacted_secrets,
                    request_id: row.request_id.as_str().to_owned(),
                });
            }
            if at >= total {
                return Ok(told);
            }
        }
        told.next = Some(at);
        Ok(told)
    }

    async fn own_repositories(&self, context: &ConsentContext) -> Result<Own> {
        let visible = &context.visible;
        if visible.is_locked || visible.connections.is_empty() {
            return Err(Error::new(
                crate::Code::AccessBlockedByPolicy,
                "Connect one of the accounts that are shared here to see what was read.",
            ));
        }
        let mut own = Own {
            sees_all: !visible.is_partial,
            ..Own::default()
        };
        for connection in &visible.connections {
            for grant in self.grants_ever(context, &connection.id).await? {
                own.note(connection.provider, grant);
            }
        }
        Ok(own)
    }
}
